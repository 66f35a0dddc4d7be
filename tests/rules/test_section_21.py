"""Section 21, the job queue: what the default set-up schedules, what idle runs cost. States: tests/joblog/test_entry_states.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django_q.models import OrmQ

from joblog import runner
from joblog.models import JobQueueEntry, RunKind, SynchJob
from joblog.queue import enqueue
from mappings.models import IntegrationTableMapping
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]
MOST_REQUESTS = 8  # of a mapping that finds nothing to do
# Section 18, of the mappings that are set up by default.
TIMEOUTS = {
    "SALESPEOPLE": 1440, "CUSTOMER": 720, "CONTACT": 720, "CURRENCY": 720, "UNIT OF MEASURE": 720, "ITEM-PRODUCT": 1440,
    "RESOURCE-PRODUCT": 720, "CUSTPRCGRP-PRICE": 1440, "SALESPRC-PRODPRICE": 1440, "POSTEDSALESINV-INV": 1440, "PAYMENT TERMS": 1440,
    "SHIPMENT METHOD": 1440, "SHIPPING AGENT": 1440,
}  # fmt: skip


@pytest.mark.rule("21.5.defaults")
def test_the_default_entries_have_the_timeouts_of_the_reference(company: People) -> None:
    rows = JobQueueEntry.objects.exclude(mapping=None)
    assert {row.mapping.name: row.inactivity_minutes for row in rows if row.mapping} == TIMEOUTS
    assert set(rows.values_list("status", "minutes_between_runs")) == {("Ready", 30)}


@pytest.mark.rule("21.4.defaults", "21.2.enqueued")
def test_scheduled_entries_are_tried_ten_times_and_others_twice(company: People) -> None:
    scheduled = JobQueueEntry.objects.exclude(mapping=None).values_list("maximum_attempts", "rerun_delay_seconds")
    assert set(scheduled) == {(10, 30)}
    assert JobQueueEntry.objects.get(run_kind=RunKind.STATISTICS, recurring=True).maximum_attempts == 2
    asked = enqueue(mapping=IntegrationTableMapping.objects.get(name="CUSTOMER"), run_kind=RunKind.SYNCHRONIZE)
    assert (asked.status, asked.maximum_attempts, asked.rerun_delay_seconds) == ("Ready", 2, 30)
    assert [row.task["args"] for row in OrmQ.objects.all()] == [(asked.pk,)]


@pytest.mark.rule("21.5.cheap")
@pytest.mark.parametrize("name", ["SALESPEOPLE", "CURRENCY", "UNIT OF MEASURE", "PAYMENT TERMS", "CUSTOMER", "CONTACT", "ITEM-PRODUCT"])
def test_a_run_that_finds_nothing_to_do_costs_few_requests(demo_company: People, command: Command, name: str) -> None:
    entry = JobQueueEntry.objects.get(mapping__name=name, recurring=True)
    command("synchronize", name)
    command("synchronize", name)
    newest = SynchJob.objects.latest("pk").pk
    JobQueueEntry.objects.filter(pk=entry.pk).update(status="Ready", earliest_start=entry.earliest_start)
    runner.run(entry.pk)
    jobs = SynchJob.objects.filter(pk__gt=newest)
    assert {(job.inserted, job.modified, job.deleted, job.failed) for job in jobs} == {(0, 0, 0, 0)}
    assert sum(job.bc_requests + job.sales_requests for job in jobs) <= MOST_REQUESTS
    entry.refresh_from_db()
    assert entry.status == "On Hold with Inactivity Timeout"
