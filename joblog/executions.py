"""How an execution of an entry begins and ends: the log entry, the jobs, and what becomes of the entry."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Least
from django.utils import timezone

from joblog import full_lines, job_story
from joblog.claims import Claim, note_loss, worker_name
from joblog.job_lines import kept_lines
from joblog.link_jobs import keep
from joblog.models import (
    EntryAction,
    JobQueueEntry,
    JobQueueLogEntry,
    JobStatus,
    LogStatus,
    QueueStatus,
    RunKind,
    Stop,
    SynchEntry,
    SynchJob,
)
from joblog.opening import open_unstarted
from joblog.outcomes import after_cancel, after_failure, after_success
from joblog.pauses import open_pause
from joblog.turns import ring_next
from joblog.wake_up import changed_meanwhile
from mappings.models import IntegrationTableMapping
from syncadmin.sync.errors import ClaimLost, RetryLater, RunError

_LONGEST_WAIT = 30 * 60  # seconds
_DOUBLED, _COUNTED = 10, 10_000  # times: a system may stay away for months
_UNKNOWN = "The job stopped before this record was answered. The next run looks whether it arrived."
_MOST_LOST = 10
_ORPHANS = 100
ORPHAN_SECONDS = 60


def begin(entry: JobQueueEntry, claim: Claim) -> JobQueueLogEntry:
    """The execution to go on with: the one under way, after a slice, a put-off or a lost worker; else a new one.

    Raises ClaimLost before anything is written for an entry that somebody else has taken over by now.
    """
    if entry.current_log is not None:
        claim.hold()
        return _go_on(entry.current_log)
    with transaction.atomic():
        claim.hold()
        execution = _new_execution(entry, entry=entry)
        JobQueueEntry.objects.filter(pk=entry.pk).update(current_log=execution, error_message="", changed_at=None)
        entry.current_log = execution
        full_lines.begun(entry, execution)
        if claim.lost:
            note_loss(execution.pk, claim.lost)
    return execution


def _go_on(execution: JobQueueLogEntry) -> JobQueueLogEntry:
    """Raises RunError where it has cost too many workers already."""
    if execution.lost_workers >= _MOST_LOST:
        text = f"{_MOST_LOST} workers were lost while they ran this job. Look for the reason in their logs before it is started again."
        raise RunError("workers-lost", text)
    if execution.worker_name != worker_name():
        execution.worker_name = worker_name()
        execution.save(update_fields=["worker_name"])
    for job in SynchJob.objects.filter(log_entry=execution, status=JobStatus.IN_PROCESS, phase__in=("paused", "waiting")).only("cursor"):
        SynchJob.objects.filter(pk=job.pk).update(phase=(job.cursor or {}).get("phase", ""), message="")
    return execution


def succeed(entry: JobQueueEntry, execution: JobQueueLogEntry, claim: Claim) -> None:
    """A recurring entry is ready for its next run, one that runs once is done and goes (engine.md section 21.1)."""
    with transaction.atomic():
        _see_stop(entry)
        _end(execution, LogStatus.SUCCESS, "")
        note_on_mapping(entry, execution)
        _recover(execution)
        full_lines.succeeded(entry, execution)
        _leave(entry, claim, after_success(entry, execution, changed=changed_meanwhile(entry)))
    ring_next(entry)


def interrupt(entry: JobQueueEntry, execution: JobQueueLogEntry, claim: Claim) -> bool:
    """Ends a run that has stopped between two pages, where a person asked for that; False where it is to go on."""
    with transaction.atomic():
        _see_stop(entry)
        if not entry.stop_requested:
            claim.release()
            if open_pause() is not None:
                SynchJob.objects.filter(log_entry=execution, status=JobStatus.IN_PROCESS).update(phase="paused")
            return False
        _stop_run(entry, execution, claim)
    ring_next(entry)
    return True


def put_off(entry: JobQueueEntry, claim: Claim, error: RetryLater) -> None:
    """The same job goes on later, longer each time; no attempt is used up (architecture.md section 5)."""
    seconds = min(max(error.seconds, 5) * 2 ** min(entry.put_off, _DOUBLED), _LONGEST_WAIT)
    start = timezone.now() + timedelta(seconds=seconds)
    text = f"{error.text} Will be tried again at {start:%H:%M:%S} UTC."
    with suppress(ClaimLost):
        with transaction.atomic():
            _see_stop(entry)
            if entry.stop_requested and entry.current_log is not None:
                _stop_run(entry, entry.current_log, claim)
            else:
                claim.release(status=QueueStatus.READY, earliest_start=start, put_off=Least(F("put_off") + 1, _COUNTED), error_message=text)
                SynchJob.objects.filter(log_entry=entry.current_log_id, status=JobStatus.IN_PROCESS).update(message=text, phase="waiting")
        ring_next(entry)


def fail(entry: JobQueueEntry, claim: Claim, code: str, text: str, call_stack: str = "") -> None:
    """Uses up an attempt: ready again after the rerun delay, or Error when none is left (engine.md section 21.4)."""
    with suppress(ClaimLost):
        with transaction.atomic():
            _see_stop(entry)
            after = after_failure(entry, text)
            claim.release(**after)
            execution = entry.current_log
            if execution is not None:
                if not execution.jobs.exists():
                    open_unstarted(entry, execution)
                _end(execution, LogStatus.ERROR, text, call_stack)
                _end_jobs(execution, JobStatus.ERROR, code, text, call_stack)
                note_on_mapping(entry, execution)
                if after["status"] != QueueStatus.READY:
                    full_lines.failed(entry, execution, code, text)
        ring_next(entry)


def refuse(entry: JobQueueEntry, code: str, text: str) -> SynchJob:
    """The job of a run that cannot even be queued, such as one of a record that nobody has: in Error, with the reason (engine.md A18).

    ``entry`` is not saved, and stays so.
    """
    with transaction.atomic():
        execution = _new_execution(entry, entry=None)
        job = open_unstarted(entry, execution)
        _end(execution, LogStatus.ERROR, text)
        _end_jobs(execution, JobStatus.ERROR, code, text)
        note_on_mapping(entry, execution)
    job.refresh_from_db()
    return job


@kept_lines()
def abandon(entry: JobQueueEntry, text: str) -> None:
    """Deletes an entry whose run nobody waits for any more; what it had begun ends in Error with this text."""
    with transaction.atomic():
        execution = entry.current_log
        entry.delete()
        if execution is not None:
            _end(execution, LogStatus.ERROR, text)
            _end_jobs(execution, JobStatus.ERROR, "abandoned", text)


def cancel_run(entry: JobQueueEntry, execution: JobQueueLogEntry, text: str) -> None:
    """The execution and its jobs are Canceled, with the counts they have; the entry itself is left to the caller."""
    _end(execution, LogStatus.CANCELED, text)
    _end_jobs(execution, JobStatus.CANCELED, "canceled", text)
    note_on_mapping(entry, execution)
    full_lines.failed(entry, execution, "canceled", text)


@kept_lines()
def mark_as_error(execution: JobQueueLogEntry, user_name: str) -> bool:
    """Ends an execution that is In Process on the log; its entry goes to Error and its worker loses the claim (engine.md section 21.7).

    False where it has ended already.
    """
    text = f"Marked as error by {user_name}."
    with transaction.atomic():
        # The entry first, as a worker does that ends the run at this moment.
        entry = JobQueueEntry.objects.select_for_update().filter(current_log=execution).first()
        if not _end(execution, LogStatus.ERROR, text):
            return False
        _end_jobs(execution, JobStatus.ERROR, "marked", text)
        if entry is not None:
            note_on_mapping(entry, execution)
            full_lines.failed(entry, execution, "marked", text)
            values: dict[str, Any] = {"status": QueueStatus.ERROR, "error_message": text, "claim_token": "", "worker": None}
            JobQueueEntry.objects.filter(pk=entry.pk).update(**values, current_log=None, stop_requested="", stop_by="", put_off=0)
    if entry is not None:
        ring_next(entry)
    return True


@kept_lines()
def end_orphans() -> int:
    """Ends in Error what is In Process on the log and nobody's any more, as when an entry went with its mapping; how many executions.

    The periodic duty for what sections 21.7 and 11 call vanished sessions.
    """
    text = "The job queue entry of this run is gone, so nobody goes on with it."
    before = timezone.now() - timedelta(seconds=settings.STALE_SECONDS)
    own = Exists(JobQueueEntry.objects.filter(current_log=OuterRef("pk")))
    orphans = list(JobQueueLogEntry.objects.filter(~own, status=LogStatus.IN_PROCESS, started_at__lt=before).order_by("pk")[:_ORPHANS])
    for execution in orphans:
        with transaction.atomic():
            if _end(execution, LogStatus.ERROR, text):
                _end_jobs(execution, JobStatus.ERROR, "abandoned", text)
    left = SynchJob.objects.filter(status=JobStatus.IN_PROCESS, started_at__lt=before).exclude(log_entry__status=LogStatus.IN_PROCESS)
    for job in left.order_by("pk")[:_ORPHANS]:
        with transaction.atomic():
            _end_job(job, JobStatus.ERROR, "abandoned", "The run that this job belonged to has ended without it.")
    return len(orphans)


def stopped_text(stop: Stop, by: str) -> str:
    done = "Canceled" if stop == Stop.CANCEL else "Set on hold"
    return f"{done} by {by}." if by else f"{done}."


def note_on_mapping(entry: JobQueueEntry, execution: JobQueueLogEntry) -> None:
    """What lists show of the last run, on the mapping's own row; a preview leaves it alone (A11)."""
    if entry.mapping_id is None or entry.run_kind == RunKind.PREVIEW:
        return
    for mapping_id in set(SynchJob.objects.filter(log_entry=execution).exclude(mapping=None).values_list("mapping_id", flat=True)):
        _note(mapping_id, execution)


def _note(mapping_id: int, execution: JobQueueLogEntry) -> None:
    jobs = list(SynchJob.objects.filter(log_entry=execution, mapping=mapping_id).order_by("id"))
    total = {name: sum(getattr(job, name) for job in jobs) for name in SynchJob.COUNTERS}
    told = ", ".join(f"{count} {name}" for name, count in total.items() if count and name != "unchanged")
    failed = next((job for job in jobs if job.status in (JobStatus.ERROR, JobStatus.CANCELED)), None)
    IntegrationTableMapping.objects.filter(pk=mapping_id).update(
        last_run_at=execution.started_at,
        last_run_seconds=((execution.ended_at or timezone.now()) - execution.started_at).total_seconds(),
        last_run_status=failed.status if failed else jobs[-1].status,
        last_run_message=failed.message if failed else "",
        last_run_summary=told or "nothing to do",
        last_job_id=jobs[-1].pk,
    )


def _recover(execution: JobQueueLogEntry) -> None:
    """Earlier jobs that ended in Error need nobody's attention any more where the same went well now."""
    streams = ("mapping", "mapping_name", "direction", "type")
    well = Q()
    for stream in SynchJob.objects.filter(log_entry=execution, status=JobStatus.FINISHED).values_list(*streams):
        well |= Q(**dict(zip(streams, stream, strict=True)))
    if well:
        SynchJob.objects.filter(well, status=JobStatus.ERROR, recovered_at__isnull=True).update(recovered_at=timezone.now())


def _new_execution(of: JobQueueEntry, *, entry: JobQueueEntry | None) -> JobQueueLogEntry:
    return JobQueueLogEntry.objects.create(
        entry=entry,
        description=of.description,
        run_kind=of.run_kind,
        mapping_name=of.mapping.name if of.mapping else "",
        parameters=of.parameters,
        user_name=of.user.get_username() if of.user else "",
        worker_name=worker_name(),
        started_at=timezone.now(),
    )


def _stop_run(entry: JobQueueEntry, execution: JobQueueLogEntry, claim: Claim) -> None:
    cancel_run(entry, execution, stopped_text(Stop(entry.stop_requested), entry.stop_by))
    _leave(entry, claim, after_cancel(entry))


def _leave(entry: JobQueueEntry, claim: Claim, values: dict[str, Any] | None) -> None:
    """Gives the entry back as it is to be, or deletes it where it is done."""
    if values is not None:
        claim.release(**values)
    else:
        claim.hold()
        entry.delete()


def _see_stop(entry: JobQueueEntry) -> None:
    """What a person has asked for since the entry was read; nobody can ask between this and the end of the transaction."""
    row = JobQueueEntry.objects.select_for_update().filter(pk=entry.pk).values_list("stop_requested", "stop_by").first()
    entry.stop_requested, entry.stop_by = row or ("", "")


def _end(execution: JobQueueLogEntry, status: str, message: str, call_stack: str = "") -> bool:
    """False, and nothing is changed, where it has ended already."""
    execution.status, execution.message, execution.call_stack, execution.ended_at = status, message, call_stack, timezone.now()
    rows = JobQueueLogEntry.objects.filter(pk=execution.pk, status=LogStatus.IN_PROCESS)
    return bool(rows.update(status=status, message=message, call_stack=call_stack, ended_at=execution.ended_at))


def _end_jobs(execution: JobQueueLogEntry, status: str, code: str, text: str, call_stack: str = "") -> None:
    for job in SynchJob.objects.filter(log_entry=execution, status=JobStatus.IN_PROCESS):
        _end_job(job, status, code, text, call_stack)


def _end_job(job: SynchJob, status: str, code: str, text: str, call_stack: str = "") -> None:
    """A running job ends; records whose answer is unknown are counted Failed, the next run looks for them."""
    unknown = list(SynchEntry.objects.filter(job=job, action=EntryAction.SENDING))
    for one in unknown:
        one.action, one.intended, one.code, one.message = EntryAction.FAILED, "", "unknown-result", _UNKNOWN
    keep(job, unknown)
    ended = {"status": status, "code": code, "message": text, "call_stack": call_stack, "phase": ""}
    SynchJob.objects.filter(pk=job.pk).update(finished_at=timezone.now(), **ended)
    job_story.ended(job, status, text)
