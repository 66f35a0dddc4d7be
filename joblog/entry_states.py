"""What a person does to job queue entries (engine.md sections 21.1 and 21.7): ready, on hold, run now, cancel, delete.

Each change is conditional, so a worker's claim always wins, and works on any number of entries. What is not allowed is refused with
a reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from joblog import executions
from joblog.job_lines import kept_lines
from joblog.models import JobQueueEntry, QueueStatus, Stop, Trigger
from joblog.outcomes import after_cancel
from joblog.queue import ring
from joblog.turns import ORDER, ring_next

_RESTARTED: dict[str, Any] = {"status": QueueStatus.READY, "attempts": 0, "put_off": 0, "error_message": ""}
_RUNNING = "it is running: cancel it, or set it on hold, first"


@dataclass(frozen=True)
class Outcome:
    """How many entries were changed, how many will stop at their next page, and why the others were left alone, by id."""

    changed: int = 0
    stopping: int = 0
    refused: dict[int, str] = field(default_factory=dict)

    @property
    def done(self) -> int:
        return self.changed + self.stopping


def set_ready(ids: Sequence[int]) -> Outcome:
    """Ready with all their attempts, at their next start or now."""
    now = timezone.now()
    with transaction.atomic():
        rows = _resting(ids)
        rows.filter(earliest_start=None).update(earliest_start=now)
        changed = rows.update(**_RESTARTED, last_ready_at=now)
    _ring_for_due(ids)
    return Outcome(changed, refused=_refusals(ids, _RUNNING))


def run_now(ids: Sequence[int]) -> Outcome:
    """Due at once and before all others, whatever their schedule; an entry on hold is on hold again after the run."""
    now = timezone.now()
    with transaction.atomic():
        rows = _resting(ids)
        rows.filter(status=QueueStatus.ON_HOLD, recurring=True).update(return_to=QueueStatus.ON_HOLD)
        changed = rows.update(**_RESTARTED, last_ready_at=now, earliest_start=now, forced=True)
        rows.filter(recurring=True).update(trigger=Trigger.PERSON)
    _ring_for_due(ids)
    return Outcome(changed, refused=_refusals(ids, _RUNNING))


def set_on_hold(ids: Sequence[int], by: str = "") -> Outcome:
    """On Hold until somebody sets them Ready; what runs stops at its next page. A run that waits to go on is canceled."""
    _cancel_unattended(ids, Stop.HOLD, by)
    stopping = _ask_to_stop(ids, Stop.HOLD, by)
    changed = _resting(ids).update(status=QueueStatus.ON_HOLD, forced=False, return_to="", put_off=0)
    return Outcome(changed, stopping, _refusals(ids))


def restart(ids: Sequence[int]) -> Outcome:
    """Failed entries are Ready again, with all their attempts."""
    failed = list(JobQueueEntry.objects.filter(pk__in=list(ids), status=QueueStatus.ERROR).values_list("pk", flat=True))
    others = [pk for pk in ids if pk not in failed]
    kept = dict.fromkeys(others, "it has not failed") | _refusals(others)
    restarted = set_ready(failed)
    return Outcome(restarted.changed, refused=kept | restarted.refused)


def cancel(ids: Sequence[int], by: str = "") -> Outcome:
    """Ends their runs: at the next page, or at once where they wait to go on. The schedule of a recurring entry stays.

    Of an entry that runs once and has not begun nothing is left.
    """
    changed = _cancel_unattended(ids, Stop.CANCEL, by)
    changed += _drop_queued(ids)
    stopping = _ask_to_stop(ids, Stop.CANCEL, by)
    untouched = JobQueueEntry.objects.filter(pk__in=ids, stop_requested="", current_log=None).exclude(pk__in=changed)
    refused = dict.fromkeys(untouched.values_list("pk", flat=True), "it does not run at this moment")
    return Outcome(len(changed), stopping, refused | _refusals([pk for pk in ids if pk not in changed]))


def remove(ids: Sequence[int]) -> Outcome:
    """Deletes entries; their log stays. What runs is left alone; a run that waits to go on is canceled."""
    _cancel_unattended(ids, Stop.CANCEL, "")
    with transaction.atomic():
        gone = [entry.pk for entry in _resting(ids).select_for_update()]
        _resting(gone).delete()
    return Outcome(len(gone), refused=_refusals([pk for pk in ids if pk not in gone], _RUNNING))


def remove_failed() -> Outcome:
    """Deletes the failed entries that run once. Failed recurring ones are the schedule, and stay."""
    failed = JobQueueEntry.objects.filter(status=QueueStatus.ERROR)
    kept = dict.fromkeys(failed.filter(recurring=True).values_list("pk", flat=True), "it is recurring: restart it instead")
    removed = remove(list(failed.filter(recurring=False).values_list("pk", flat=True)))
    return Outcome(removed.changed, refused=removed.refused | kept)


def _resting(ids: Iterable[int]) -> QuerySet[JobQueueEntry]:
    return JobQueueEntry.objects.filter(pk__in=list(ids)).exclude(status=QueueStatus.IN_PROCESS)


def _ask_to_stop(ids: Sequence[int], stop: Stop, by: str) -> int:
    running = JobQueueEntry.objects.filter(pk__in=list(ids), status=QueueStatus.IN_PROCESS)
    return running.update(stop_requested=stop, stop_by=by[:150])


@kept_lines()
def _cancel_unattended(ids: Sequence[int], stop: Stop, by: str) -> list[int]:
    """Ends the runs that nobody works on, because they were put off or everything is paused; their entries' ids, which may be gone."""
    unattended = JobQueueEntry.objects.exclude(current_log=None).filter(~Q(status=QueueStatus.IN_PROCESS) | Q(claim_token=""))
    ended = []
    for pk in list(unattended.filter(pk__in=list(ids)).values_list("pk", flat=True)):
        with transaction.atomic():
            entry = unattended.filter(pk=pk).select_for_update(of=("self",)).select_related("current_log").first()
            if entry is None or entry.current_log is None:
                continue
            executions.cancel_run(entry, entry.current_log, executions.stopped_text(stop, by))
            entry.stop_requested = stop
            values = after_cancel(entry)
            if values is None:
                entry.delete()
            else:
                JobQueueEntry.objects.filter(pk=pk).update(**values)
        ended.append(pk)
        ring_next(entry)
    return ended


def _drop_queued(ids: Sequence[int]) -> list[int]:
    queued = JobQueueEntry.objects.filter(pk__in=list(ids), recurring=False, current_log=None)
    with transaction.atomic():
        gone = list(queued.filter(status__in=(QueueStatus.READY, QueueStatus.WAITING)).select_for_update().values_list("pk", flat=True))
        JobQueueEntry.objects.filter(pk__in=gone).delete()
    return gone


def set_priority(ids: Sequence[int], priority: int) -> Outcome:
    """Whose turn comes first; a lower number goes before a higher one. Running entries keep what they have for this run."""
    changed = JobQueueEntry.objects.filter(pk__in=list(ids)).update(priority=priority)
    return Outcome(changed, refused=_refusals(ids))


def _refusals(ids: Sequence[int], running: str = "") -> dict[int, str]:
    """Why entries were left alone: running, where that matters, or gone."""
    status = dict(JobQueueEntry.objects.filter(pk__in=list(ids)).values_list("pk", "status"))
    gone = {pk: "it is gone by now" for pk in ids if pk not in status}
    return gone | {pk: running for pk, one in status.items() if running and one == QueueStatus.IN_PROCESS}


def _ring_for_due(ids: Sequence[int]) -> None:
    due = JobQueueEntry.objects.filter(pk__in=list(ids), status=QueueStatus.READY, earliest_start__lte=timezone.now())
    for pk in due.order_by(*ORDER).values_list("pk", flat=True):
        ring(pk)
    due.update(rung_at=timezone.now())
