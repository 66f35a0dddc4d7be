"""Whose turn it is: one run per category and one per mapping at a time, the others wait (engine.md section 21.2)."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from joblog.models import JobQueueEntry, JobStatus, JobType, QueueStatus, RunKind, SynchJob
from joblog.queue import ring

ORDER = ("-forced", "priority", "earliest_start", "id")
_AT_ONCE = 50


def unblocked(entries: QuerySet[JobQueueEntry]) -> QuerySet[JobQueueEntry]:
    """Those whose category and mapping are free at this moment.

    A mapping is not free either while a run of another one has a job of it: what follows its records, or has to be there before them.
    """
    running = JobQueueEntry.objects.filter(status=QueueStatus.IN_PROCESS).exclude(pk=OuterRef("pk"))
    category = Exists(running.filter(category=OuterRef("category")))
    mapping = Exists(running.filter(mapping=OuterRef("mapping")).exclude(run_kind=RunKind.PREVIEW))
    parts = SynchJob.objects.filter(status=JobStatus.IN_PROCESS, mapping=OuterRef("mapping")).exclude(type=JobType.PREVIEW)
    elsewhere = Exists(parts.filter(log_entry__entry__status=QueueStatus.IN_PROCESS).exclude(log_entry__entry=OuterRef("pk")))
    return entries.filter(Q(category="") | ~category).filter(Q(run_kind=RunKind.PREVIEW) | (~mapping & ~elsewhere))


def is_blocked(entry_id: int) -> bool:
    return not unblocked(JobQueueEntry.objects.filter(pk=entry_id)).exists()


def ring_next(ended: JobQueueEntry) -> list[int]:
    """Rings for those that waited for this entry to end, the first of each category and mapping by priority; their ids."""
    freed = Q(mapping=ended.mapping_id) if ended.mapping_id else Q(pk=None)
    if ended.category:
        freed |= Q(category=ended.category)
    waiting = JobQueueEntry.objects.filter(freed, status=QueueStatus.WAITING, earliest_start__lte=timezone.now())
    ids = _first_of_each(unblocked(waiting).order_by(*ORDER)[:_AT_ONCE])
    if ids:
        JobQueueEntry.objects.filter(pk__in=ids).update(rung_at=timezone.now())
    for entry_id in ids:
        ring(entry_id)
    return ids


def _first_of_each(entries: Iterable[JobQueueEntry]) -> list[int]:
    taken: set[tuple[str, object]] = set()
    ids = []
    for entry in entries:
        wanted: set[tuple[str, object]] = {("category", entry.category)} if entry.category else set()
        if entry.mapping_id and entry.run_kind != RunKind.PREVIEW:
            wanted.add(("mapping", entry.mapping_id))
        if not wanted & taken:
            taken |= wanted
            ids.append(entry.pk)
    return ids
