"""Rings for entries that are due, and for those whose worker is lost."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, F, Q, QuerySet
from django.utils import timezone

from joblog.claims import RUNNABLE, silent
from joblog.models import JobQueueEntry, QueuePause, QueueStatus
from joblog.queue import ring
from joblog.turns import ORDER, unblocked

_AT_ONCE = 100


def again_after() -> timedelta:
    """A ring that nobody has answered by then was lost, or everybody is busy."""
    return timedelta(seconds=settings.STALE_SECONDS / 2)


def ring_for_due() -> list[int]:
    """Rings once for every entry that has become due and may have its turn; their ids. One statement where nothing is due."""
    return _ring(_due())


def ring_for_lost() -> list[int]:
    """Rings for every entry in process without a heartbeat, or that nobody has taken up again after a slice or a pause; their ids."""
    left = silent() | Q(claim_token="")
    return _ring(JobQueueEntry.objects.filter(left, status=QueueStatus.IN_PROCESS))


def waiting_to_be_heard() -> set[int]:
    """Entries that were rung for and that nobody has claimed so far. One statement."""
    return set(_not_paused(_due().exclude(rung_at=None)).values_list("id", flat=True)[:_AT_ONCE])


def _due() -> QuerySet[JobQueueEntry]:
    due = Q(status__in=RUNNABLE, earliest_start__lte=timezone.now()) & (Q(mapping=None) | Q(mapping__enabled=True))
    return unblocked(JobQueueEntry.objects.filter(due)).order_by(*ORDER)


def _not_paused(entries: QuerySet[JobQueueEntry]) -> QuerySet[JobQueueEntry]:
    return entries.filter(~Exists(QueuePause.objects.filter(open=True)))


def _ring(entries: QuerySet[JobQueueEntry]) -> list[int]:
    """Those that were not rung for since they became due, and again after a while; nobody while everything is paused."""
    unheard = Q(rung_at=None) | Q(rung_at__lt=F("earliest_start")) | Q(rung_at__lt=timezone.now() - again_after())
    rows = _not_paused(entries.filter(unheard)).order_by(*ORDER)
    ids = list(rows.values_list("id", flat=True)[:_AT_ONCE])
    if ids:
        JobQueueEntry.objects.filter(pk__in=ids).update(rung_at=timezone.now())
    for entry_id in ids:
        ring(entry_id)
    return ids
