"""Assisted Setup: which steps are done, and which comes next."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from joblog.models import Worker
from mappings.models import IntegrationTableMapping, System
from tests.joblog.conftest import MakeJob

ADDRESS = "/assisted-setup/"


def done(client: Client) -> list[bool]:
    return [step.done for step in client.get(ADDRESS).context["steps"]]


def following(client: Client) -> tuple[str, str]:
    step = client.get(ADDRESS).context["following"]
    return step.title, step.url


def test_with_nothing_set_up_business_central_comes_first(reader: Client) -> None:
    assert done(reader) == [False] * 6
    assert following(reader) == ("Connect Business Central", "/connections/new/business_central/")


def test_a_system_that_was_never_tested_leads_to_its_test(reader: Client, mapping: IntegrationTableMapping) -> None:
    System.objects.filter(pk=mapping.business_central_id).update(last_test_message="Connected.")
    assert done(reader) == [True, True, False, True, False, False]
    assert following(reader) == ("Test the connections", f"/connections/{mapping.sales_id}/")


@pytest.mark.parametrize(("message", "expected"), [("Connected.", True), ("Not in order: Sign-in.", False), ("", False)])
def test_a_test_counts_when_everything_was_in_order(reader: Client, mapping: IntegrationTableMapping, message: str, expected: bool) -> None:
    System.objects.update(last_test_message=message)
    assert done(reader)[2] is expected


def test_a_lost_worker_is_no_worker(reader: Client, settings: Any) -> None:
    settings.STALE_SECONDS = 60
    long_ago = timezone.now() - timedelta(minutes=5)
    worker = Worker.objects.create(host="here", pid=1, started_at=long_ago, heartbeat_at=long_ago)
    assert done(reader)[4] is False
    Worker.objects.filter(pk=worker.pk).update(heartbeat_at=timezone.now())
    assert done(reader)[4] is True


def test_the_role_center_tells_of_it_until_all_is_done(reader: Client, mapping: IntegrationTableMapping, make_job: MakeJob) -> None:
    assert re.search(r'Next: <a href="/connections/\d+/">Test the connections</a>', reader.get("/home/").content.decode())
    System.objects.update(last_test_message="Connected.")
    Worker.objects.create(host="here", pid=1, started_at=timezone.now(), heartbeat_at=timezone.now())
    make_job()
    assert done(reader) == [True] * 6
    assert "Assisted Setup</a> are done" not in reader.get("/home/").content.decode()
