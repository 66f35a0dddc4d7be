"""What the runs of a full synchronization leave on its lines (engine.md section 17)."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from joblog.models import FullSynchronizationLine, JobQueueEntry, JobQueueLogEntry, JobStatus, QueueStatus, SynchJob
from syncadmin.sync.records import Direction

# Without match fields no record can be coupled; in the reference one failed record (M20), which does not block other lines.
_NO_LINE_ERROR = {"no-match-fields"}


def begun(entry: JobQueueEntry, execution: JobQueueLogEntry) -> None:
    """Puts the mapping's recurring entries On Hold for the time of the run. Called in the transaction that begins the execution."""
    line = _line(entry)
    if line is None:
        return
    rows = JobQueueEntry.objects.filter(mapping=line.mapping_id, recurring=True).exclude(
        status__in=(QueueStatus.ON_HOLD, QueueStatus.ERROR)
    )
    former = {str(pk): status for pk, status in rows.values_list("pk", "status")}
    rows.update(status=QueueStatus.ON_HOLD)
    line.held = {**line.held, **former}
    line.status, line.execution, line.message = QueueStatus.READY, execution, ""
    line.save(update_fields=["held", "status", "execution", "message"])


def succeeded(entry: JobQueueEntry, execution: JobQueueLogEntry) -> None:
    """The line is Finished, whatever became of single records."""
    line = _line(entry)
    if line is not None:
        _end(line, execution, QueueStatus.FINISHED, "")


def failed(entry: JobQueueEntry, execution: JobQueueLogEntry, code: str, text: str) -> None:
    """The run has used up its attempts: the line is in Error and blocks those that depend on it."""
    line = _line(entry)
    if line is not None:
        _end(line, execution, QueueStatus.FINISHED if ends_line(code) else QueueStatus.ERROR, text)


def ends_line(code: str) -> bool:
    """Whether a run that stopped with this code leaves its line Finished all the same."""
    return code in _NO_LINE_ERROR


def release(line: FullSynchronizationLine) -> None:
    """Gives held entries their former status back, unless somebody has changed them since. Does not save the line."""
    for pk, status in line.held.items():
        JobQueueEntry.objects.filter(pk=int(pk), status=QueueStatus.ON_HOLD).update(status=status)
    line.held = {}


def direction_status(jobs: Sequence[SynchJob]) -> str:
    """In Process, Success, or Error where a job or one of its records failed; blank without jobs."""
    if not jobs:
        return ""
    if any(job.running for job in jobs):
        return "In Process"
    return "Error" if any(job.failed or job.status != JobStatus.FINISHED for job in jobs) else "Success"


def _line(entry: JobQueueEntry) -> FullSynchronizationLine | None:
    return FullSynchronizationLine.objects.filter(pk=entry.full_line_id).first() if entry.full_line_id else None


def _end(line: FullSynchronizationLine, execution: JobQueueLogEntry, status: str, message: str) -> None:
    jobs = list(SynchJob.objects.filter(log_entry=execution).order_by("id"))
    to_sales = [job for job in jobs if job.direction == Direction.TO_INTEGRATION.value]
    from_sales = [job for job in jobs if job.direction == Direction.FROM_INTEGRATION.value]
    line.to_job, line.to_status = to_sales[-1] if to_sales else None, direction_status(to_sales)
    line.from_job, line.from_status = from_sales[-1] if from_sales else None, direction_status(from_sales)
    line.status, line.message, line.finished_at, line.requested = status, message, timezone.now(), ""
    release(line)
    line.save()
