"""What becomes of an entry when a run of it ends (engine.md sections 21.1, 21.4 and 21.5): column values, or None where it is done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Sum
from django.utils import timezone

from joblog.models import JobQueueEntry, JobQueueLogEntry, JobType, QueueStatus, RunKind, Stop, SynchJob, Trigger
from joblog.recurrence import NoNextRun
from joblog.schedule import rule_of
from joblog.wake_up import soon

ACTIVITY = ("inserted", "modified", "deleted", "failed")
_SIX_HOURS = 6 * 60 * 60
_PATIENT_FROM = 8  # attempts
_FRESH: Mapping[str, Any] = {
    "attempts": 0, "put_off": 0, "error_message": "", "current_log": None, "forced": False, "return_to": "",
    "stop_requested": "", "stop_by": "",
}  # fmt: skip
_ON_HOLD: dict[str, Any] = {**_FRESH, "status": QueueStatus.ON_HOLD}


def after_success(entry: JobQueueEntry, execution: JobQueueLogEntry, *, changed: bool) -> dict[str, Any] | None:
    """Ready at the next run, soon where a change came meanwhile; On Hold with Inactivity Timeout where nothing happened.

    None for an entry that runs once.
    """
    if not entry.recurring:
        return None
    if entry.stop_requested == Stop.HOLD or entry.return_to:
        return {**_ON_HOLD, **_as_scheduled(entry)}
    if changed:
        return {**_FRESH, "status": QueueStatus.READY, "earliest_start": timezone.now() + soon(), "trigger": Trigger.CHANGE}
    return {**(_next(entry) if _active(execution) else idle(entry)), "trigger": Trigger.SCHEDULE}


def after_cancel(entry: JobQueueEntry) -> dict[str, Any] | None:
    """On Hold where that was asked for, else the next run as after any other; None for an entry that runs once and was canceled."""
    if entry.stop_requested == Stop.HOLD or entry.return_to:
        return {**_ON_HOLD, **_as_scheduled(entry)}
    return {**_next(entry), **_as_scheduled(entry)} if entry.recurring else None


def after_failure(entry: JobQueueEntry, text: str) -> dict[str, Any]:
    """Ready again after the rerun delay and a growing back-off; Error, recurring or not, when no attempt is left (section 21.4)."""
    failed = {**_FRESH, "error_message": text}
    if entry.stop_requested == Stop.HOLD:
        return {**failed, **_as_scheduled(entry), "status": QueueStatus.ON_HOLD}
    if entry.attempts >= entry.maximum_attempts or entry.stop_requested == Stop.CANCEL:
        return {**failed, **_as_scheduled(entry), "status": QueueStatus.ERROR, "attempts": entry.attempts, "earliest_start": None}
    attempt = entry.attempts + 1
    start = timezone.now() + timedelta(seconds=entry.rerun_delay_seconds + back_off(attempt))
    again = {
        "attempts": F("attempts") + 1,
        "earliest_start": start,
        "forced": entry.forced,
        "return_to": entry.return_to,
        "trigger": Trigger.RETRY,
    }
    return {**failed, "status": QueueStatus.READY, **again}


def _as_scheduled(entry: JobQueueEntry) -> dict[str, Any]:
    """Whatever started the run that has ended, the next one of a recurring entry is its schedule's again."""
    return {"trigger": Trigger.SCHEDULE} if entry.recurring else {}


def back_off(attempt: int) -> float:
    """Seconds to wait on top of the rerun delay before this attempt, the first retry being 1: 10ⁿ ms, from the eighth on six hours."""
    return _SIX_HOURS if attempt >= _PATIENT_FROM else 10**attempt / 1000


def _next(entry: JobQueueEntry) -> dict[str, Any]:
    try:
        start: datetime = rule_of(entry).next_run(timezone.now())
    except (NoNextRun, OverflowError) as error:
        return {**_FRESH, "status": QueueStatus.ON_HOLD, "error_message": f"The next run could not be scheduled: {error}"}
    return {**_FRESH, "status": QueueStatus.READY, "earliest_start": start, "last_ready_at": timezone.now()}


def idle(entry: JobQueueEntry) -> dict[str, Any]:
    """Without a timeout it rests until a change, or a person, wakes it; what no change ever wakes keeps its schedule."""
    minutes = entry.inactivity_minutes
    if not minutes and entry.run_kind != RunKind.SYNCHRONIZE:
        return _next(entry)
    start = timezone.now() + timedelta(minutes=minutes) if minutes else None
    return {**_FRESH, "status": QueueStatus.INACTIVE, "earliest_start": start}


def _active(execution: JobQueueLogEntry) -> bool:
    """Whether the jobs of this execution did something: Unchanged, Skipped, Coupled and Uncoupled do not count (section 21.5)."""
    jobs = SynchJob.objects.filter(log_entry=execution).exclude(type=JobType.PREVIEW)
    sums = jobs.aggregate(**{name: Sum(name) for name in ACTIVITY})
    return any(sums.values())
