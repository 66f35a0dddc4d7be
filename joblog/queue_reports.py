"""Job queue entries and workers as ``jobqueue`` prints them (commands.md section 2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from joblog.models import JobQueueEntry, Worker
from joblog.recurrence import NoNextRun
from joblog.schedule import next_runs, recurrence


def queue_entry_to_json(entry: JobQueueEntry, now: datetime) -> dict[str, Any]:
    """Needs ``entry.mapping.business_central`` at hand. ``next_runs`` are the next five that can be foreseen."""
    return {
        "id": entry.pk,
        "description": entry.description,
        "mapping": entry.mapping.name if entry.mapping else None,
        "company": entry.mapping.business_central.company if entry.mapping else None,
        "object_to_run": entry.run_kind,
        "status": entry.status,
        "category": entry.category,
        "priority": entry.priority,
        "recurring": entry.recurring,
        "recurrence": recurrence(entry),
        "time_zone": entry.time_zone,
        "earliest_start": _iso(entry.earliest_start),
        "expiration": _iso(entry.expiration),
        "next_runs": [run.isoformat() for run in _foreseen(entry, now)],
        "attempts": entry.attempts,
        "maximum_attempts": entry.maximum_attempts,
        "error_message": entry.error_message,
        "worker": entry.claimed_by if entry.claim_token else "",
    }


def queue_entry_line(entry: JobQueueEntry) -> str:
    planned = f"{entry.earliest_start:%Y-%m-%d %H:%M:%S} UTC" if entry.earliest_start else "-"
    told = f": {entry.error_message}" if entry.error_message else ""
    return f"{entry.pk:>6}  {entry.status:<30}  {planned:<23}  {recurrence(entry):<24}  {entry.description}{told}"


def worker_to_json(worker: Worker) -> dict[str, Any]:
    return {
        "id": worker.pk,
        "host": worker.host,
        "pid": worker.pid,
        "processes": worker.processes,
        "state": worker.state,
        "started_at": worker.started_at.isoformat(),
        "heartbeat_at": worker.heartbeat_at.isoformat(),
        "runs": [entry.pk for entry in worker.entries.all()],
    }


def _foreseen(entry: JobQueueEntry, now: datetime) -> list[datetime]:
    try:
        return next_runs(entry, now)
    except NoNextRun:
        return []


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
