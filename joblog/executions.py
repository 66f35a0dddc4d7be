"""How an execution of an entry begins and ends: the log entry, the jobs, and what becomes of the entry."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from joblog import full_lines
from joblog.claims import Claim
from joblog.link_jobs import keep
from joblog.models import EntryAction, JobQueueEntry, JobQueueLogEntry, JobStatus, QueueStatus, RunKind, SynchEntry, SynchJob, Trigger
from joblog.opening import open_unstarted
from joblog.wake_up import changed_meanwhile, soon
from mappings.models import IntegrationTableMapping
from syncadmin.sync.errors import ClaimLost, RetryLater

_LONGEST_WAIT = 30 * 60  # seconds
_UNKNOWN = "The job stopped before this record was answered. The next run looks whether it arrived."


def begin(entry: JobQueueEntry) -> JobQueueLogEntry:
    """The execution to go on with: the one under way, after a slice, a put-off or a lost worker; else a new one."""
    if entry.current_log is not None:
        return entry.current_log
    with transaction.atomic():
        execution = _new_execution(entry, entry=entry)
        JobQueueEntry.objects.filter(pk=entry.pk).update(current_log=execution, error_message="", changed_at=None)
        entry.current_log = execution
        full_lines.begun(entry, execution)
    return execution


def succeed(entry: JobQueueEntry, execution: JobQueueLogEntry, claim: Claim) -> None:
    """A recurring entry is ready for its next run, one that runs once is done and goes (engine.md section 21.1)."""
    with transaction.atomic():
        _end(execution, "Success", "")
        note_on_mapping(entry, execution)
        full_lines.succeeded(entry, execution)
        if entry.recurring:
            changed = changed_meanwhile(entry)
            start = timezone.now() + (soon() if changed else timedelta(minutes=entry.minutes_between_runs))
            trigger = Trigger.CHANGE if changed else Trigger.SCHEDULE
            fresh = {"attempts": 0, "put_off": 0, "error_message": "", "current_log": None, "trigger": trigger}
            claim.release(status=QueueStatus.READY, earliest_start=start, **fresh)
        else:
            claim.hold()
            entry.delete()


def put_off(entry: JobQueueEntry, claim: Claim, error: RetryLater) -> None:
    """The same job goes on later, longer each time; no attempt is used up (architecture.md section 5)."""
    seconds = min(max(error.seconds, 5) * 2**entry.put_off, _LONGEST_WAIT)
    start = timezone.now() + timedelta(seconds=seconds)
    text = f"{error.text} Will be tried again at {start:%H:%M:%S} UTC."
    with suppress(ClaimLost), transaction.atomic():
        claim.release(status=QueueStatus.READY, earliest_start=start, put_off=F("put_off") + 1, error_message=text)
        SynchJob.objects.filter(log_entry=entry.current_log_id, status=JobStatus.IN_PROCESS).update(message=text, phase="waiting")


def fail(entry: JobQueueEntry, claim: Claim, code: str, text: str, call_stack: str = "") -> None:
    """Uses up an attempt: ready again after the rerun delay, or Error when none is left (engine.md section 21.4)."""
    left = entry.attempts + 1 < entry.maximum_attempts
    start = timezone.now() + timedelta(seconds=entry.rerun_delay_seconds)
    with suppress(ClaimLost), transaction.atomic():
        execution = entry.current_log
        claim.release(
            status=QueueStatus.READY if left else QueueStatus.ERROR,
            earliest_start=start if left else None,
            attempts=F("attempts") + 1,
            put_off=0,
            error_message=text,
            current_log=None,
        )
        if execution is not None:
            if not execution.jobs.exists():
                open_unstarted(entry, execution)
            _end(execution, "Error", text, call_stack)
            _fail_jobs(execution, code, text, call_stack)
            note_on_mapping(entry, execution)
            if not left:
                full_lines.failed(entry, execution, code, text)


def refuse(entry: JobQueueEntry, code: str, text: str) -> SynchJob:
    """The job of a run that cannot even be queued, such as one of a record that nobody has: in Error, with the reason (engine.md A18).

    ``entry`` is not saved, and stays so.
    """
    with transaction.atomic():
        execution = _new_execution(entry, entry=None)
        job = open_unstarted(entry, execution)
        _end(execution, "Error", text)
        _fail_jobs(execution, code, text, "")
        note_on_mapping(entry, execution)
    job.refresh_from_db()
    return job


def abandon(entry: JobQueueEntry, text: str) -> None:
    """Deletes an entry whose run nobody waits for any more; what it had begun ends in Error with this text."""
    with transaction.atomic():
        execution = entry.current_log
        entry.delete()
        if execution is not None:
            _end(execution, "Error", text)
            _fail_jobs(execution, "abandoned", text, "")


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
    failed = next((job for job in jobs if job.status == JobStatus.ERROR), None)
    IntegrationTableMapping.objects.filter(pk=mapping_id).update(
        last_run_at=execution.started_at,
        last_run_seconds=((execution.ended_at or timezone.now()) - execution.started_at).total_seconds(),
        last_run_status=failed.status if failed else jobs[-1].status,
        last_run_message=failed.message if failed else "",
        last_run_summary=told or "nothing to do",
        last_job_id=jobs[-1].pk,
    )


def _new_execution(of: JobQueueEntry, *, entry: JobQueueEntry | None) -> JobQueueLogEntry:
    return JobQueueLogEntry.objects.create(
        entry=entry,
        description=of.description,
        run_kind=of.run_kind,
        mapping_name=of.mapping.name if of.mapping else "",
        parameters=of.parameters,
        user_name=of.user.get_username() if of.user else "",
        started_at=timezone.now(),
    )


def _end(execution: JobQueueLogEntry, status: str, message: str, call_stack: str = "") -> None:
    execution.status, execution.message, execution.call_stack, execution.ended_at = status, message, call_stack, timezone.now()
    execution.save(update_fields=["status", "message", "call_stack", "ended_at"])


def _fail_jobs(execution: JobQueueLogEntry, code: str, text: str, call_stack: str) -> None:
    """Running jobs of the execution end in Error; records whose answer is unknown are counted Failed, the next run looks for them."""
    for job in SynchJob.objects.filter(log_entry=execution, status=JobStatus.IN_PROCESS):
        unknown = list(SynchEntry.objects.filter(job=job, action=EntryAction.SENDING))
        for one in unknown:
            one.action, one.intended, one.code, one.message = EntryAction.FAILED, "", "unknown-result", _UNKNOWN
        keep(job, unknown)
        SynchJob.objects.filter(pk=job.pk).update(
            status=JobStatus.ERROR,
            finished_at=timezone.now(),
            code=code,
            message=text,
            call_stack=call_stack,
            phase="",
        )
