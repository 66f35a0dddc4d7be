"""The journal keeps counters equal to entries, in few statements per page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count
from django.test.utils import CaptureQueriesContext

from joblog.models import SynchEntry, SynchJob
from mappings.models import Coupling, IntegrationTableMapping
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


def statements(command: Command, *arguments: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert command(*arguments)[0] in (0, 1)
    return len(queries)


def test_statements_do_not_grow_with_the_records_of_a_page(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    people.create_many_bc("customers", [{"displayName": f"First {number}"} for number in range(3)])
    few = statements(command, "synchronize", "CUSTOMER")
    people.create_many_bc("customers", [{"displayName": f"Second {number}"} for number in range(30)])
    many = statements(command, "synchronize", "CUSTOMER")
    assert many <= few + 3  # the first run has no second page of rows to compare


@pytest.mark.rule("11.total")
def test_counters_equal_the_entries_of_every_action(demo_company: People, command: Command) -> None:
    IntegrationTableMapping.objects.filter(name="CUSTOMER").update(synch_only_coupled=False)
    command("synchronize", "CUSTOMER")
    for job in SynchJob.objects.all():
        counted = {row["action"].lower(): row["n"] for row in SynchEntry.objects.filter(job=job).values("action").annotate(n=Count("id"))}
        told = {name: getattr(job, name) for name in job.COUNTERS if name != "unchanged" and getattr(job, name)}
        assert counted == told
        assert job.read >= sum(told.values())


def test_an_error_closes_itself_when_the_record_succeeds(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    row = people.create_sales("accounts", name="Too long", address1_city="x" * 50, customertypecode=3)
    assert command("synchronize", "CUSTOMER")[0] == 1
    (error,) = SynchEntry.objects.filter(code="too-long")
    assert error.resolved_at is None
    people.change_sales("accounts", row["accountid"], address1_city="Short")
    assert command("synchronize", "CUSTOMER")[0] == 0
    error.refresh_from_db()
    assert error.resolved_at is not None


@pytest.mark.rule("9.1.second", "11.turned-skipped", "9.1.inserts")
def test_the_same_error_twice_makes_the_record_skipped(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    people.create_sales("accounts", name="Too long", address1_city="x" * 50, customertypecode=3)
    outcomes = [command("synchronize", "CUSTOMER")[1]["jobs"][1] for _ in range(3)]
    assert [(job["failed"], job["skipped"]) for job in outcomes[:2]] == [(1, 0), (0, 1)]
    assert outcomes[2]["failed"] == 0
    assert Coupling.objects.get().skipped


@pytest.mark.rule("A11.leaves")
def test_a_preview_leaves_no_trace_but_its_job(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    people.create_bc("customers", displayName="One")
    command("synchronize", "CUSTOMER", "--preview")
    customer.refresh_from_db()
    assert (Coupling.objects.count(), customer.bc_watermark, customer.last_run_at) == (0, None, None)
    assert SynchJob.objects.filter(type="Preview").count() == 2


@pytest.mark.rule("4.failure")
def test_a_failure_leaves_the_time_of_the_last_success(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    row = people.create_sales("accounts", name="One", customertypecode=3)
    command("synchronize", "CUSTOMER")
    before = Coupling.objects.get().last_synch_at
    people.change_sales("accounts", row["accountid"], address1_city="x" * 50)
    command("synchronize", "CUSTOMER")
    after = Coupling.objects.get()
    assert before is not None and after.last_synch_at is not None and after.last_synch_at >= before
    assert after.failed_at is not None and after.failed_at > before
