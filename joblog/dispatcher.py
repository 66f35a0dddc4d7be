"""Once a minute: rings for entries that are due, and for those whose worker is lost."""

from __future__ import annotations

from django.db.models import Q
from django.utils import timezone

from joblog import full_synchronization
from joblog.claims import RUNNABLE, stale_before
from joblog.models import JobQueueEntry, QueueStatus
from joblog.queue import ring


def dispatch() -> list[int]:
    """Rings for every entry that is due, by priority, and for every claimed one without a heartbeat; their ids.

    Starts waves of full synchronizations first that a lost worker has not started.
    """
    full_synchronization.next_waves()
    due = Q(status__in=RUNNABLE, earliest_start__lte=timezone.now()) & (Q(mapping=None) | Q(mapping__enabled=True))
    lost = Q(status=QueueStatus.IN_PROCESS, heartbeat_at__lt=stale_before())
    ids = list(JobQueueEntry.objects.filter(due | lost).order_by("priority", "earliest_start", "id").values_list("id", flat=True))
    for entry_id in ids:
        ring(entry_id)
    return ids
