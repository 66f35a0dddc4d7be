"""Job queue entries for tests: made, started, ended without a run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from joblog import executions
from joblog.claims import Claim, take
from joblog.models import JobQueueEntry, JobQueueLogEntry, SynchJob

Make = Callable[..., JobQueueEntry]


def make_entry(status: str = "Ready", **values: Any) -> JobQueueEntry:
    """A recurring entry every half hour that is due since a moment ago."""
    due = timezone.now() - timedelta(seconds=1)
    plain = {"description": "CUSTOMER", "recurring": True, "minutes_between_runs": 30, "inactivity_minutes": 720, "earliest_start": due}
    return JobQueueEntry.objects.create(**(plain | {"status": status} | values))


def started(entry: JobQueueEntry) -> tuple[JobQueueEntry, JobQueueLogEntry, Claim]:
    claim = take(entry.pk)
    assert claim is not None
    running = JobQueueEntry.objects.get(pk=entry.pk)
    return running, executions.begin(running, claim), claim


def again(entry: JobQueueEntry) -> JobQueueEntry:
    return JobQueueEntry.objects.get(pk=entry.pk)


def gone(entry: JobQueueEntry) -> bool:
    return not JobQueueEntry.objects.filter(pk=entry.pk).exists()


def minutes_until(moment: datetime | None) -> float:
    assert moment is not None
    return round((moment - timezone.now()).total_seconds() / 60, 1)


def succeed(entry: JobQueueEntry, make_job: Callable[..., SynchJob] | None = None, **counts: int) -> JobQueueLogEntry:
    running, execution, claim = started(entry)
    if make_job:
        make_job(log_entry=execution, **counts)
    executions.succeed(running, execution, claim)
    return JobQueueLogEntry.objects.get(pk=execution.pk)


def fail(entry: JobQueueEntry, text: str = "No such table.") -> JobQueueLogEntry:
    JobQueueEntry.objects.filter(pk=entry.pk).update(earliest_start=timezone.now())
    running, execution, claim = started(entry)
    executions.fail(running, claim, "unknown-table", text, "Traceback ...")
    return JobQueueLogEntry.objects.get(pk=execution.pk)
