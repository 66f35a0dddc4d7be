"""The schedule of a job queue entry: as a rule that calculates, and in words."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from joblog.models import JobQueueEntry, QueueStatus
from joblog.models.job_queue_entry import WEEKDAYS
from joblog.recurrence import NoNextRun, Recurrence

PLANNED = (QueueStatus.READY, QueueStatus.WAITING, QueueStatus.INACTIVE)  # the statuses that have a next run
RESTING = (QueueStatus.ON_HOLD, QueueStatus.ERROR)  # those that have none before somebody sets the entry to Ready


def rule_of(entry: JobQueueEntry) -> Recurrence:
    """Raises NoNextRun for a time zone that nobody knows."""
    try:
        zone = ZoneInfo(entry.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise NoNextRun(f"There is no time zone {entry.time_zone}.") from error
    return Recurrence(
        zone=zone,
        weekdays=entry.weekdays,
        minutes=entry.minutes_between_runs,
        starting=entry.starting_time,
        ending=entry.ending_time,
        formula=entry.next_run_formula,
    )


def next_runs(entry: JobQueueEntry, now: datetime, count: int = 5) -> list[datetime]:
    """The next runs of an entry that may run, until it expires. Raises NoNextRun."""
    return _runs(entry, now, count) if entry.status in PLANNED and entry.earliest_start is not None else []


def runs_once_ready(entry: JobQueueEntry, now: datetime, count: int = 5) -> list[datetime]:
    """The runs that a resting entry would have if it were set to Ready now. Raises NoNextRun."""
    return _runs(entry, now, count) if entry.status in RESTING else []


def _runs(entry: JobQueueEntry, now: datetime, count: int) -> list[datetime]:
    first = max(entry.earliest_start or now, now)
    if not entry.recurring:
        return [first] if entry.expiration is None or first <= entry.expiration else []
    return rule_of(entry).upcoming(first, count, entry.expiration)


def recurrence(entry: JobQueueEntry) -> str:
    """``Every 30 min``, ``Every 2 h, Mon, Tue, 08:00-18:00``; ``Once`` for an entry that does not recur."""
    if not entry.recurring:
        return "Once"
    days = "" if entry.next_run_formula else _days(entry)
    parts = [entry.next_run_formula or _interval(entry.minutes_between_runs), days, _hours(entry)]
    return ", ".join(part for part in parts if part)


def _interval(minutes: int) -> str:
    if minutes and minutes % 1440 == 0:
        return "Every day" if minutes == 1440 else f"Every {minutes // 1440} days"
    if minutes and minutes % 60 == 0:
        return "Every hour" if minutes == 60 else f"Every {minutes // 60} h"
    return f"Every {minutes} min" if minutes else "Once a day"


def _days(entry: JobQueueEntry) -> str:
    chosen = [day for day in WEEKDAYS if getattr(entry, f"run_on_{day}")]
    return "" if len(chosen) == len(WEEKDAYS) else ", ".join(day[:3].capitalize() for day in chosen)


def _hours(entry: JobQueueEntry) -> str:
    if entry.starting_time is None and entry.ending_time is None:
        return ""
    start = f"{entry.starting_time:%H:%M}" if entry.starting_time else "00:00"
    end = f"{entry.ending_time:%H:%M}" if entry.ending_time else "24:00"
    return f"{start}-{end}"
