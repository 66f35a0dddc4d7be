"""A change wakes the entries that wait for it (engine.md section 21.6), whichever side it comes from."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from joblog.models import JobQueueEntry, QueueStatus, RunKind, Trigger
from joblog.pauses import open_pause
from joblog.watched_tables import mappings_by_table
from mappings.models import System


def wake(system: System, tables: Collection[str]) -> int:
    """Brings the next run of entries over these tables forward; how many.

    Woken are recurring entries in Ready or On Hold with Inactivity Timeout whose next run is further away than twice the offset; one that
    waits after a failure or a put-off keeps its time. An entry whose run is under way, put off or not, remembers that a change came and
    runs again after its end.
    While everything is paused nobody is woken; the light poll sees afterwards what came meanwhile. Waking twice does no harm. Four
    statements where there is nothing to wake.
    """
    if not system.enabled or open_pause() is not None:
        return 0
    by_table = mappings_by_table(system)
    concerned = set().union(*(by_table.get(table, set()) for table in tables))
    if not concerned:
        return 0
    entries = JobQueueEntry.objects.filter(_recurring(), mapping__in=concerned)
    running = entries.filter(Q(status=QueueStatus.IN_PROCESS) | Q(current_log__isnull=False), changed_at=None)
    if running.exists():
        # Before the others: a run that ends meanwhile either sees this mark, or is found resting by the next statement.
        running.update(changed_at=timezone.now())
    resting = entries.filter(_far_away(), mapping__business_central__enabled=True, mapping__sales__enabled=True)
    return _bring_forward(resting) if resting.exists() else 0


def waiting_mappings(system: System) -> set[int]:
    """Mappings of a system with an entry that a change would wake, and none that runs at this moment."""
    own = Q(mapping__business_central=system) | Q(mapping__sales=system)
    waiting = JobQueueEntry.objects.filter(own, _recurring(), _far_away()).values_list("mapping_id", flat=True)
    running = JobQueueEntry.objects.filter(own, status=QueueStatus.IN_PROCESS).exclude(run_kind=RunKind.PREVIEW)
    return {pk for pk in waiting if pk is not None} - set(running.values_list("mapping_id", flat=True))


def changed_meanwhile(entry: JobQueueEntry) -> bool:
    """Whether a change came while the entry was running. Call it in the transaction that ends the run: later changes find it resting."""
    row = JobQueueEntry.objects.select_for_update().filter(pk=entry.pk).values_list("changed_at", flat=True).first()
    return row is not None


def soon() -> timedelta:
    """How long after a change its run starts, so that what changes together is synchronized together."""
    return timedelta(seconds=settings.WAKE_SECONDS)


def _bring_forward(entries: QuerySet[JobQueueEntry]) -> int:
    return JobQueueEntry.objects.filter(_far_away(), pk__in=list(entries.values_list("pk", flat=True))).update(
        status=QueueStatus.READY, earliest_start=timezone.now() + soon(), trigger=Trigger.CHANGE
    )


def _recurring() -> Q:
    return Q(recurring=True, run_kind=RunKind.SYNCHRONIZE)


def _far_away() -> Q:
    rests = Q(status__in=[QueueStatus.READY, QueueStatus.INACTIVE], attempts=0, put_off=0)
    return rests & (Q(earliest_start__gt=timezone.now() + 2 * soon()) | Q(status=QueueStatus.INACTIVE, earliest_start=None))
