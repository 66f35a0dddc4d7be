"""The schedule of a job queue entry in words."""

from __future__ import annotations

from joblog.models import JobQueueEntry

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def recurrence(entry: JobQueueEntry) -> str:
    """``Every 30 min``, ``Every 2 h, Mon, Tue, 08:00-18:00``; ``Once`` for an entry that does not recur."""
    if not entry.recurring:
        return "Once"
    parts = [entry.next_run_formula or _interval(entry.minutes_between_runs), _days(entry), _hours(entry)]
    return ", ".join(part for part in parts if part)


def _interval(minutes: int) -> str:
    if minutes and minutes % 1440 == 0:
        return "Every day" if minutes == 1440 else f"Every {minutes // 1440} days"
    if minutes and minutes % 60 == 0:
        return "Every hour" if minutes == 60 else f"Every {minutes // 60} h"
    return f"Every {minutes} min" if minutes else "Recurring"


def _days(entry: JobQueueEntry) -> str:
    chosen = [day for day in _WEEKDAYS if getattr(entry, f"run_on_{day}")]
    return "" if len(chosen) == len(_WEEKDAYS) else ", ".join(day[:3].capitalize() for day in chosen)


def _hours(entry: JobQueueEntry) -> str:
    if entry.starting_time is None and entry.ending_time is None:
        return ""
    start = f"{entry.starting_time:%H:%M}" if entry.starting_time else "00:00"
    end = f"{entry.ending_time:%H:%M}" if entry.ending_time else "24:00"
    return f"{start}-{end}"
