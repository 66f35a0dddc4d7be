"""Jobs and entries as the commands print them (commands.md section 2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from joblog.models import JobStatus, SynchEntry, SynchJob


def job_to_json(job: SynchJob) -> dict[str, Any]:
    return {
        "id": job.pk,
        "mapping": job.mapping_name,
        "company": job.company,
        "type": job.type,
        "direction": job.direction,
        "status": job.status,
        "read": job.read,
        **{name: getattr(job, name) for name in job.COUNTERS},
        "code": job.code,
        "message": job.message,
        "requests": {"business_central": job.bc_requests, "sales": job.sales_requests},
        "seconds": round(job.seconds, 2) if job.seconds is not None else None,
        "started_at": job.started_at.isoformat(),
        "finished_at": job.finished_at.isoformat() if job.finished_at else None,
    }


def entry_to_json(entry: SynchEntry) -> dict[str, Any]:
    """Needs ``entry.job`` at hand."""
    return {
        "job": entry.job_id,
        "mapping": entry.job.mapping_name,
        "direction": entry.job.direction,
        "action": entry.action,
        "source": {"key": entry.source_key, "label": entry.source_label},
        "destination": {"key": entry.destination_key, "label": entry.destination_label},
        "changes": [{name: one[name] for name in ("field", "old", "new")} for one in entry.changes],
        "code": entry.code,
        "fields": entry.fields,
        "message": entry.message,
        **{name: entry.detail[name] for name in ("conflicts", "candidates") if name in entry.detail},
    }


def job_line(job: SynchJob) -> str:
    """One line for a terminal; counters that are zero are left out."""
    counted = ", ".join(f"{getattr(job, name)} {name}" for name in job.COUNTERS if getattr(job, name)) or "nothing to do"
    told = f": {job.message}" if job.message else ""
    return f"{job.pk:>6}  {job.mapping_name} {job.arrow} {job.type} {job.status}: {counted}{told}"


def exit_code(jobs: Sequence[SynchJob], message: str) -> int:
    """0 all well, 1 some records failed, 2 a job could not run (commands.md section 2)."""
    if message or any(job.status != JobStatus.FINISHED for job in jobs):
        return 2
    return 1 if any(job.failed for job in jobs) else 0
