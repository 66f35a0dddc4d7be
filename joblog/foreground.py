"""Runs an entry in this process, for commands: after a run of the same mapping that is under way, and through short put-offs."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from django.db.models import Max, Q
from django.utils import timezone

from joblog import executions
from joblog.claims import Claim, adopt, take
from joblog.entry_states import run_now
from joblog.models import JobQueueEntry, JobQueueLogEntry, LogStatus, QueueStatus, SynchJob
from joblog.pauses import open_pause
from joblog.runner import carry_out
from joblog.stops import nothing_may_start
from syncadmin.sync.errors import ClaimLost, RunError

PATIENCE = timedelta(minutes=5)
_POLL = 0.3  # seconds


def run_in_foreground(entry: JobQueueEntry, *, tell: Callable[[], None] = lambda: None) -> tuple[list[SynchJob], str]:
    """Carries out an entry that is not saved yet; its jobs, and why it did not end well ("" when it did).

    Waits for a run of the same mapping that is under way. A run that the services put off, or that is kept back because everything is
    paused, waits up to five minutes and is left to the workers then (commands.md section 4). ``tell`` is called after every page.
    """
    entry.maximum_attempts = 0  # the person at the terminal decides about another attempt
    claim, execution = _first_claim(entry), None
    deadline = timezone.now() + PATIENCE

    def pause() -> bool:
        tell()
        return False

    while True:
        if claim is not None:
            execution = execution or _begun(entry, claim)
            carry_out(claim, pause)
        left = JobQueueEntry.objects.filter(pk=entry.pk).first()
        if left is None or left.status in (QueueStatus.ERROR, QueueStatus.ON_HOLD):
            break
        if timezone.now() > deadline:
            return _jobs(execution), f"{left.error_message or _paused()} The job is left to the workers.".strip()
        time.sleep(_POLL)
        claim = take(entry.pk)
    return _jobs(execution), _clear(left, execution)


def run_existing(entry: JobQueueEntry, *, tell: Callable[[], None] = lambda: None) -> tuple[list[SynchJob], str]:
    """Runs an entry of the queue once, whatever its schedule, here or in the worker that takes it first; as :func:`run_in_foreground`.

    The entry stays as after any run.
    """
    before = JobQueueLogEntry.objects.aggregate(newest=Max("pk"))["newest"] or 0
    before = entry.current_log_id - 1 if entry.current_log_id else before
    refused = run_now([entry.pk]).refused.get(entry.pk)
    if refused:
        return [], f"{entry.description} was left alone: {refused}."
    deadline = timezone.now() + PATIENCE

    def pause() -> bool:
        tell()
        return False

    while True:
        if claim := take(entry.pk):
            carry_out(claim, pause)
        execution = _execution_of(entry, after=before)
        if execution is not None and execution.status != LogStatus.IN_PROCESS:
            return _jobs(execution), execution.message
        left = JobQueueEntry.objects.filter(pk=entry.pk).first()
        if left is None and execution is None:
            return [], f"{entry.description} is gone: it has expired, or somebody has deleted it."
        if timezone.now() > deadline:
            return _jobs(execution), f"{(left and left.error_message) or _paused()} The job is left to the workers.".strip()
        time.sleep(_POLL)


def _execution_of(entry: JobQueueEntry, *, after: int) -> JobQueueLogEntry | None:
    """The first execution of this entry since; one that runs once leaves its log entry without the link."""
    own = Q(entry=entry.pk) | Q(entry=None, description=entry.description, run_kind=entry.run_kind)
    return JobQueueLogEntry.objects.filter(own, pk__gt=after).order_by("pk").first()


def _begun(entry: JobQueueEntry, claim: Claim) -> JobQueueLogEntry | None:
    """The execution, kept in hand because the entry is gone after it; None where it does not begin, for a reason that the run meets again.

    As it is by now: where the entry had to wait, a worker may have begun it and have been put off.
    """
    now = JobQueueEntry.objects.select_related("mapping", "user", "current_log").filter(pk=entry.pk).first()
    with suppress(ClaimLost, RunError):
        return executions.begin(now, claim) if now is not None else None
    return None


def _first_claim(entry: JobQueueEntry) -> Claim | None:
    """Saves the entry, claimed as soon as its mapping is free; not claimed while everything is paused."""
    while not nothing_may_start():
        if claim := adopt(entry):
            return claim
        time.sleep(_POLL)
    entry.status = QueueStatus.READY
    entry.save()
    return None


def _paused() -> str:
    pause = open_pause()
    return f"{pause}." if pause else ""


def _jobs(execution: JobQueueLogEntry | None) -> list[SynchJob]:
    return list(SynchJob.objects.filter(log_entry=execution).order_by("id")) if execution else []


def _clear(entry: JobQueueEntry | None, execution: JobQueueLogEntry | None) -> str:
    """Why the run did not end well. The failed entry of a command goes: its job stays in the log, and nobody waits for it in the queue."""
    if entry is not None:
        entry.delete()
        if entry.error_message:
            return entry.error_message
    ended = JobQueueLogEntry.objects.filter(pk=execution.pk, status=LogStatus.CANCELED).first() if execution else None
    return ended.message if ended else ""
