"""Watched Tables: whose changes wake entries, and what hinders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from joblog.models import SystemWatch, WatchedTable
from mappings.models import IntegrationTableMapping

ADDRESS = "/watched-tables/"


@pytest.fixture
def rows(mapping: IntegrationTableMapping) -> list[WatchedTable]:
    plain = {"looked_at": timezone.now(), "newest": timezone.now()}
    told = WatchedTable.objects.create(
        system=mapping.sales, name="accounts", label="Account", subscription="1", told_at=timezone.now(), **plain
    )
    looked = WatchedTable.objects.create(
        system=mapping.business_central, name="contacts", label="Contact", message="No <notifications>.", **plain
    )
    return [told, looked]


def test_the_list_says_how_changes_come_to_be_known(reader: Client, rows: list[WatchedTable]) -> None:
    page = reader.get(ADDRESS).content.decode()
    assert "webhook" in page and "light poll" in page and "No &lt;notifications&gt;." in page
    assert "SYNCADMIN_PUBLIC_URL" in page and "Compare Now" not in page
    assert "Account" not in reader.get(f"{ADDRESS}?refused=on").content.decode().partition('id="list"')[2]


def test_what_hinders_stands_above(reader: Client, mapping: IntegrationTableMapping, settings: Any) -> None:
    settings.PUBLIC_URL = "https://sync.example.com"
    SystemWatch.objects.create(system=mapping.sales, message="The integration user may not register webhooks.")
    page = reader.get(ADDRESS).content.decode()
    assert "may not register webhooks" in page and "SYNCADMIN_PUBLIC_URL" not in page


def test_comparing_now_ends_all_pauses(
    signed_in: Callable[[str], Client], rows: list[WatchedTable], mapping: IntegrationTableMapping
) -> None:
    SystemWatch.objects.create(system=mapping.sales, retry_at=timezone.now(), compared_at=timezone.now())
    WatchedTable.objects.update(retry_at=timezone.now())
    answer = signed_in("Administrator").post(f"{ADDRESS}compare/", {"do": "check"}, follow=True)
    assert "compared with both systems" in answer.content.decode()
    watch = SystemWatch.objects.get()
    assert watch.retry_at is None and watch.compared_at is None and not WatchedTable.objects.exclude(retry_at=None).exists()


def test_administrators_see_what_a_webhook_is_registered_with(
    signed_in: Callable[[str], Client], mapping: IntegrationTableMapping, settings: Any
) -> None:
    settings.PUBLIC_URL = "https://sync.example.com"
    page = signed_in("Administrator").post(f"{ADDRESS}compare/", {"do": "show"}, follow=True).content.decode()
    assert f"https://sync.example.com/changes/sales/{mapping.sales_id}/" in page
    assert SystemWatch.objects.get().secret in page
    assert signed_in("Operator").post(f"{ADDRESS}compare/", {"do": "show"}).status_code == 403


def test_the_list_costs_the_same_for_any_number_of_tables(
    reader: Client, rows: list[WatchedTable], mapping: IntegrationTableMapping, django_assert_num_queries: Callable[[int], Any]
) -> None:
    reader.get(ADDRESS)
    with django_assert_num_queries(10) as first:
        reader.get(ADDRESS)
    WatchedTable.objects.bulk_create(WatchedTable(system=mapping.sales, name=f"table{number}") for number in range(20))
    with django_assert_num_queries(len(first)):
        reader.get(ADDRESS)
