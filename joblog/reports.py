"""Jobs and entries as the commands print them (commands.md section 2)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from joblog.models import JobStatus, SynchEntry, SynchJob


def report(jobs: Sequence[Mapping[str, Any]], problems: Sequence[str] = (), **more: Any) -> str:
    """The object that a command prints with ``--json``; ``problems`` say why a job could not run (exit code 2)."""
    ended = {"status": JobStatus.ERROR, "message": " ".join(problems)} if problems else {}
    return json.dumps({"jobs": jobs} | more | ended)


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


def problems_of(jobs: Sequence[SynchJob], message: str) -> list[str]:
    """Why jobs could not run, or not to their end; empty where all are Finished."""
    if message:
        return [message]
    stopped = [job for job in jobs if job.status != JobStatus.FINISHED]
    return list(dict.fromkeys(job.message or f"{job.mapping_name} is {job.status}." for job in stopped))
