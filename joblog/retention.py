"""Deletes what is old of the log, in small batches (engine.md section 11).

Each batch is a transaction of its own of at most ``BATCH`` entries, found by an index, so that runs and pages never wait for long. What is
In Process stays, and so does what explains a skipped coupling. A job with more entries than a batch is marked, then emptied, then deleted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from joblog.causes import forget_issues
from joblog.claims import Claim
from joblog.models import (
    IssueRemark,
    JobLine,
    JobQueueEntry,
    JobQueueLogEntry,
    JobStatus,
    JobType,
    Kept,
    LogStatus,
    QueueStatus,
    RetentionRule,
    RunKind,
    SynchEntry,
    SynchJob,
    Trigger,
)
from joblog.queue import ring
from mappings.changes import Person
from mappings.models import Coupling
from syncadmin.ui.formatting import count

BATCH = 5_000  # entries
_JOBS = 500
DAILY = 24 * 60 * 60  # seconds
MOST_DAYS = 36_500
DEFAULT_DAYS: Mapping[Kept, int | None] = {Kept.WELL: 30, Kept.FAILED: 90, Kept.PREVIEWS: 7, Kept.RUNS_WELL: 30, Kept.RUNS_FAILED: 90}
_PREVIEW = Q(type=JobType.PREVIEW)
_JOBS_OF: Mapping[Kept, Q] = {
    Kept.WELL: ~_PREVIEW & Q(status=JobStatus.FINISHED, failed=0),
    Kept.FAILED: ~_PREVIEW & (Q(failed__gt=0) | ~Q(status=JobStatus.FINISHED)),
    Kept.PREVIEWS: _PREVIEW,
}
_RUNS_OF: Mapping[Kept, Q] = {Kept.RUNS_WELL: Q(status=LogStatus.SUCCESS), Kept.RUNS_FAILED: ~Q(status=LogStatus.SUCCESS)}
JOBS, RUNS = "jobs", "runs"  # what a person deletes by age: the synchronization log, or the log of the job queue


def days_kept() -> dict[Kept, int | None]:
    """Days of each kind; None keeps for ever."""
    own = {Kept(row.kept): row.days for row in RetentionRule.objects.all()}
    return {kept: own.get(kept, DEFAULT_DAYS[kept]) for kept in Kept}


def retention_entry(
    *, older_than: int | None = None, what: str = JOBS, user: Person = None, trigger: str = Trigger.PERSON
) -> JobQueueEntry:
    """An entry that deletes once, not saved yet: ``what`` is older than so many days, or by the rules where no number is given."""
    named = {JOBS: "synchronization log", RUNS: "job queue log"}[what]
    aged = "entries" if not older_than else f"entries older than {older_than} days"
    text = "Delete old log entries" if older_than is None else f"Delete {aged} of the {named}"
    person = user if user is not None and user.is_authenticated else None
    return JobQueueEntry(
        description=text,
        run_kind=RunKind.RETENTION,
        parameters={} if older_than is None else {"older_than": older_than, "what": what},
        category="LOG",
        user_id=person.pk if person else None,
        trigger=trigger,
        status=QueueStatus.READY,
        earliest_start=timezone.now(),
    )


def enqueue(entry: JobQueueEntry) -> None:
    entry.save()
    ring(entry.pk)


def delete_daily() -> None:
    """The periodic duty: lets a worker delete by the rules, unless that waits already."""
    if not JobQueueEntry.objects.filter(run_kind=RunKind.RETENTION).exists():
        enqueue(retention_entry(trigger=Trigger.SCHEDULE))


@dataclass
class Removed:
    """What a run has deleted so far, and how long its longest transaction took."""

    jobs: int = 0
    entries: int = 0
    runs: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        told = f"Deleted {count(self.jobs)} jobs with {count(self.entries)} entries, and {count(self.runs)} job queue log entries."
        return f"{told} The longest transaction took {self.seconds:.2f} seconds."


def remove_old(entry: JobQueueEntry, execution: JobQueueLogEntry, claim: Claim, pause: Callable[[], bool]) -> bool:
    """Deletes what the entry asks for, as of its first slice; False when ``pause`` stopped it in between. The execution tells how much."""
    plan = dict(entry.parameters)
    plan.setdefault("as_of", timezone.now().isoformat())
    work = _Work(claim, pause, Removed(**plan.get("removed", {})))
    done = all(work.delete_jobs(rows) for rows in _job_lists(plan)) and all(work.delete_runs(rows) for rows in _run_lists(plan))
    done = done and work.delete_remarks()
    plan["removed"] = asdict(work.removed)
    with transaction.atomic():
        claim.hold()
        JobQueueEntry.objects.filter(pk=entry.pk).update(parameters=plan)
        JobQueueLogEntry.objects.filter(pk=execution.pk).update(notes=str(work.removed), parameters=plan)
    return done


def _job_lists(plan: Mapping[str, Any]) -> Iterator[QuerySet[SynchJob]]:
    rows = SynchJob.objects.exclude(status=JobStatus.IN_PROCESS)
    for condition, before in _conditions(plan, JOBS, _JOBS_OF):
        # started_at is what the index knows; no job ends before it starts
        yield rows.filter(condition, started_at__lte=before, finished_at__lte=before)


def _run_lists(plan: Mapping[str, Any]) -> Iterator[QuerySet[JobQueueLogEntry]]:
    """By the rules, executions stay as long as a job of theirs; a person who deletes them all by age means it."""
    rows = JobQueueLogEntry.objects.exclude(status=LogStatus.IN_PROCESS)
    rows = rows if "older_than" in plan else rows.filter(jobs=None)
    for condition, before in _conditions(plan, RUNS, _RUNS_OF):
        yield rows.filter(condition, started_at__lte=before, ended_at__lte=before)


def _conditions(plan: Mapping[str, Any], what: str, rules: Mapping[Kept, Q]) -> Iterator[tuple[Q, datetime]]:
    now = parse_datetime(plan["as_of"]) or timezone.now()
    if "older_than" in plan:
        if plan.get("what") == what:
            yield Q(), now - timedelta(days=plan["older_than"])
        return
    for kept, days in days_kept().items():
        if kept in rules and days is not None:
            yield rules[kept], now - timedelta(days=days)


@dataclass
class _Work:
    """One slice."""

    claim: Claim
    pause: Callable[[], bool]
    removed: Removed

    def delete_jobs(self, rows: QuerySet[SynchJob]) -> bool:
        """Oldest first; True when none of them is left but those that explain a skipped coupling."""
        needed = _explaining()
        for page in _pages(rows.only("id", "started_at", *SynchJob.COUNTERS)):
            for batch in _batches([job for job in page if job.pk not in needed]):
                if not (self._empty(batch) and self._drop_lines([job.pk for job in batch])):
                    return False
                self._delete_batch([job.pk for job in batch])
                if self.pause():
                    return False
        return True

    def delete_runs(self, rows: QuerySet[JobQueueLogEntry]) -> bool:
        for page in _pages(rows.only("id", "started_at")):
            with self._transaction():
                gone = JobQueueLogEntry.objects.filter(pk__in=[one.pk for one in page])
                SynchJob.objects.filter(log_entry__in=gone).update(log_entry=None)
                self.removed.runs += gone.delete()[1].get("joblog.JobQueueLogEntry", 0)
            if self.pause():
                return False
        return True

    def delete_remarks(self) -> bool:
        """What people said about errors of which no entry is left."""
        same_record = SynchEntry.objects.filter(source_key=OuterRef("source_key")).exclude(source_key="")
        gone = IssueRemark.objects.exclude(Exists(same_record)).exclude(Exists(SynchEntry.objects.filter(pk=OuterRef("entry_number"))))
        while ids := list(gone.order_by("pk").values_list("pk", flat=True)[:BATCH]):
            with self._transaction():
                IssueRemark.objects.filter(pk__in=ids).delete()
            if self.pause():
                return False
        return True

    def _delete_batch(self, ids: list[int]) -> None:
        with self._transaction():
            forget_issues(SynchEntry.objects.filter(job__in=ids))
            gone = SynchJob.objects.filter(pk__in=ids).only("id").delete()[1]
        self.removed.jobs += gone.get("joblog.SynchJob", 0)
        self.removed.entries += gone.get("joblog.SynchEntry", 0)

    def _empty(self, batch: list[SynchJob]) -> bool:
        """A job that is a batch by itself may have millions of entries: it is marked, so that its counts are no links any more."""
        if _size(batch[0]) <= BATCH:
            return True
        with self._transaction():
            SynchJob.objects.filter(pk=batch[0].pk).update(emptied_at=timezone.now())
        own = SynchEntry.objects.filter(job=batch[0])
        while ids := list(own.order_by("-pk").values_list("pk", flat=True)[:BATCH]):
            with self._transaction():
                part = SynchEntry.objects.filter(pk__in=ids)
                forget_issues(part)
                self.removed.entries += part.delete()[0]
            if self.pause():
                return False
        return True

    def _drop_lines(self, jobs: list[int]) -> bool:
        """Log lines that are more than a batch go before their jobs."""
        own = JobLine.objects.filter(job__in=jobs).order_by().values_list("pk", flat=True)
        while len(part := list(own[:BATCH])) == BATCH:
            with self._transaction():
                JobLine.objects.filter(pk__in=part).delete()
            if self.pause():
                return False
        return True

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Holds the claim, and is timed."""
        began = time.perf_counter()
        with transaction.atomic():
            self.claim.hold()
            yield
        self.removed.seconds = max(self.removed.seconds, time.perf_counter() - began)


def _explaining() -> set[int]:
    """The last jobs, either way, of couplings that are skipped now."""
    skipped = Coupling.objects.filter(skipped=True).order_by()
    return {pk for name in ("to_job_id", "from_job_id") for pk in skipped.values_list(name, flat=True).distinct() if pk}


def _pages(rows: QuerySet[Any]) -> Iterator[list[Any]]:
    """Oldest first, by the index on the start; what was left of a page is not looked at again."""
    after = Q()
    while page := list(rows.filter(after).order_by("started_at", "id")[:_JOBS]):
        yield page
        last = page[-1]
        after = Q(started_at__gte=last.started_at) & (Q(started_at__gt=last.started_at) | Q(id__gt=last.pk))


def _batches(jobs: list[SynchJob]) -> Iterator[list[SynchJob]]:
    """Jobs that together have no more entries than a batch; one that has more stands alone."""
    batch: list[SynchJob] = []
    for job in jobs:
        if batch and sum(map(_size, batch)) + _size(job) > BATCH:
            yield batch
            batch = []
        batch.append(job)
    if batch:
        yield batch


def _size(job: SynchJob) -> int:
    return sum(getattr(job, name) for name in SynchJob.COUNTERS if name != "unchanged")
