"""Runs an entry in this process, for commands: after a run of the same mapping that is under way, and through short put-offs."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from joblog import executions
from joblog.claims import Claim, adopt, take
from joblog.models import JobQueueEntry, JobQueueLogEntry, LogStatus, QueueStatus, SynchJob
from joblog.pauses import open_pause
from joblog.runner import carry_out
from joblog.stops import nothing_may_start

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
            execution = execution or executions.begin(entry, claim)
            carry_out(claim, pause)
        left = JobQueueEntry.objects.filter(pk=entry.pk).first()
        if left is None or left.status in (QueueStatus.ERROR, QueueStatus.ON_HOLD):
            break
        if timezone.now() > deadline:
            return _jobs(execution), f"{left.error_message or _paused()} The job is left to the workers.".strip()
        time.sleep(_POLL)
        claim = take(entry.pk)
    return _jobs(execution), _clear(left, execution)


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
        message = entry.error_message
        entry.delete()
        return message
    ended = JobQueueLogEntry.objects.filter(pk=execution.pk, status=LogStatus.CANCELED).first() if execution else None
    return ended.message if ended else ""
