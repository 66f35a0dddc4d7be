"""What started a job, on every way there is; and errors that a later job has made good."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from joblog import runner
from joblog.entry_states import run_now, set_ready
from joblog.models import JobQueueEntry, JobStatus, QueueStatus, SynchJob
from mappings.models import IntegrationTableMapping
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def entry(customer: IntegrationTableMapping) -> JobQueueEntry:
    """The scheduled run of CUSTOMER, due now."""
    JobQueueEntry.objects.exclude(mapping=customer).delete()
    JobQueueEntry.objects.update(status=QueueStatus.READY, earliest_start=timezone.now(), trigger="schedule")
    return JobQueueEntry.objects.get()


def run(entry: JobQueueEntry) -> tuple[str, str]:
    """Trigger and status of the last job after a run."""
    JobQueueEntry.objects.filter(pk=entry.pk).update(earliest_start=timezone.now())
    runner.run(entry.pk)
    job = SynchJob.objects.latest("pk")
    return job.trigger, job.status


def test_the_schedule(entry: JobQueueEntry) -> None:
    assert run(entry) == ("schedule", "Finished")


def test_a_person_who_runs_a_scheduled_entry_now_and_the_schedule_again_after_that(entry: JobQueueEntry) -> None:
    run_now([entry.pk])
    assert run(entry) == ("person", "Finished")
    assert run(entry) == ("schedule", "Finished")


def test_a_person_who_runs_an_entry_on_hold(entry: JobQueueEntry) -> None:
    JobQueueEntry.objects.update(status=QueueStatus.ON_HOLD)
    run_now([entry.pk])
    assert run(entry) == ("person", "Finished")
    entry.refresh_from_db()
    assert (entry.status, entry.trigger) == (QueueStatus.ON_HOLD, "schedule")
    set_ready([entry.pk])
    assert run(entry) == ("schedule", "Finished")


def test_another_attempt_after_a_failure_is_a_retry(entry: JobQueueEntry, people: People) -> None:
    people.fault(system="sales", kind="status", status=403, method="GET", path="accounts", times=1)
    assert run(entry) == ("schedule", "Error")
    assert run(entry) == ("retry", "Finished")
    assert run(entry) == ("schedule", "Finished")


def test_buttons_and_commands(customer: IntegrationTableMapping, operator: Client, command: Command) -> None:
    JobQueueEntry.objects.all().delete()
    operator.post(reverse("joblog:synchronize"), {"mapping": customer.pk, "run": "synchronize"})
    runner.run(JobQueueEntry.objects.get().pk)
    job = SynchJob.objects.latest("pk")
    assert (job.trigger, job.user_name) == ("person", "operator@example.com")
    command("synchronize", "CUSTOMER")
    assert SynchJob.objects.latest("pk").trigger == "command"


def test_an_error_needs_no_attention_once_the_same_went_well(entry: JobQueueEntry, people: People) -> None:
    people.fault(system="sales", kind="status", status=403, method="GET", path="accounts", times=1)
    run(entry)
    (failed,) = SynchJob.objects.filter(status=JobStatus.ERROR)
    other = SynchJob.objects.create(
        mapping=entry.mapping, mapping_name="CUSTOMER", direction=failed.direction, type="Full", status="Error", started_at=timezone.now()
    )
    run(entry)
    assert [(job.pk, job.recovered_at is None) for job in SynchJob.objects.filter(status=JobStatus.ERROR)] == [
        (other.pk, True),
        (failed.pk, False),
    ]
