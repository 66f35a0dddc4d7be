"""Everything that is known of one execution as plain text, for a mail or a ticket (Copy Details, page 674)."""

from __future__ import annotations

from collections.abc import Sequence

from joblog.models import JobQueueLogEntry, SynchJob
from joblog.queue_tables import parameters_in_words
from syncadmin.ui.formatting import duration, utc


def execution_text(execution: JobQueueLogEntry, jobs: Sequence[SynchJob]) -> str:
    """A line per fact; moments are in UTC, because whoever reads the text may sit elsewhere."""
    run = execution.get_run_kind_display()
    facts = {
        "ID": execution.pk,
        "Description": execution.description,
        "Status": execution.get_status_display(),
        "Object to Run": f"{run} · {execution.mapping_name}" if execution.mapping_name else run,
        "Parameter String": parameters_in_words(execution),
        "Start": utc(execution.started_at),
        "End": utc(execution.ended_at) if execution.ended_at else "",
        "Duration": duration(execution.seconds),
        "User ID": execution.user_name,
        "Worker": execution.worker_name,
        "Error Message" if execution.status == "Error" else "Message": execution.message,
    }
    parts = ["\n".join(f"{name}: {value}" for name, value in facts.items() if value)]
    parts += [f"{title}\n{text}" for title, text in _longer(execution, jobs) if text]
    return "\n\n".join(parts) + "\n"


def _longer(execution: JobQueueLogEntry, jobs: Sequence[SynchJob]) -> list[tuple[str, str]]:
    return [
        ("Workers that were lost:", execution.notes),
        ("Synch jobs:", "\n".join(_job(job) for job in jobs)),
        ("Call stack:", execution.call_stack),
    ]


def _job(job: SynchJob) -> str:
    counts = ("read", "inserted", "modified", "deleted", "unchanged", "skipped", "failed", "coupled", "uncoupled")
    told = ", ".join(f"{getattr(job, name)} {name}" for name in counts if getattr(job, name))
    facts = (f"{job.pk} {job.mapping_name} {job.direction}", job.get_type_display(), job.get_status_display(), told, job.message)
    return " · ".join(fact for fact in facts if fact)
