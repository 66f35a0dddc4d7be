"""Rings for entries that are due, and for those whose worker is lost."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Exists, F, Q, QuerySet
from django.utils import timezone

from joblog.claims import RUNNABLE, stale_before
from joblog.models import JobQueueEntry, QueuePause, QueueStatus
from joblog.queue import ring
from joblog.turns import ORDER, unblocked

_AGAIN = timedelta(seconds=30)  # a ring that nobody has answered by then was lost, or everybody is busy
_AT_ONCE = 100


def ring_for_due() -> list[int]:
    """Rings once for every entry that has become due and may have its turn; their ids. One statement where nothing is due."""
    due = Q(status__in=RUNNABLE, earliest_start__lte=timezone.now()) & (Q(mapping=None) | Q(mapping__enabled=True))
    return _ring(unblocked(JobQueueEntry.objects.filter(due)))


def ring_for_lost() -> list[int]:
    """Rings for every entry in process without a heartbeat, or that nobody has taken up again after a slice or a pause; their ids."""
    left = Q(heartbeat_at__lt=stale_before()) | Q(claim_token="")
    return _ring(JobQueueEntry.objects.filter(left, status=QueueStatus.IN_PROCESS))


def _ring(entries: QuerySet[JobQueueEntry]) -> list[int]:
    """Those that were not rung for since they became due, and again after a while; nobody while everything is paused."""
    unheard = Q(rung_at=None) | Q(rung_at__lt=F("earliest_start")) | Q(rung_at__lt=timezone.now() - _AGAIN)
    rows = entries.filter(unheard).filter(~Exists(QueuePause.objects.filter(open=True))).order_by(*ORDER)
    ids = list(rows.values_list("id", flat=True)[:_AT_ONCE])
    if ids:
        JobQueueEntry.objects.filter(pk__in=ids).update(rung_at=timezone.now())
    for entry_id in ids:
        ring(entry_id)
    return ids
