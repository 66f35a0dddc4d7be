"""What a person does to job queue entries: ready, on hold, run now. Each change is conditional, so a worker's claim always wins."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from joblog.models import JobQueueEntry, QueueStatus
from joblog.queue import ring


def set_ready(ids: Sequence[int]) -> int:
    """Sets entries Ready with all their attempts, at their next start or now; how many. A running one is left alone."""
    now = timezone.now()
    with transaction.atomic():
        rows = _resting(ids)
        rows.filter(earliest_start=None).update(earliest_start=now)
        changed = rows.update(status=QueueStatus.READY, attempts=0, put_off=0, error_message="")
    _ring_for_due(ids)
    return changed


def set_on_hold(ids: Sequence[int]) -> int:
    """Sets entries On Hold until somebody sets them Ready; how many. A running one is left alone."""
    return _resting(ids).update(status=QueueStatus.ON_HOLD)


def run_now(ids: Sequence[int]) -> int:
    """Makes entries due at once, whatever their schedule; how many. A running one is left alone."""
    changed = _resting(ids).update(status=QueueStatus.READY, attempts=0, put_off=0, error_message="", earliest_start=timezone.now())
    _ring_for_due(ids)
    return changed


def _resting(ids: Sequence[int]) -> QuerySet[JobQueueEntry]:
    return JobQueueEntry.objects.filter(pk__in=list(ids)).exclude(status=QueueStatus.IN_PROCESS)


def _ring_for_due(ids: Sequence[int]) -> None:
    due = JobQueueEntry.objects.filter(pk__in=list(ids), status=QueueStatus.READY, earliest_start__lte=timezone.now())
    for pk in due.order_by("priority", "pk").values_list("pk", flat=True):
        ring(pk)
