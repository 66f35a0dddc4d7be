"""Entries of option mappings whose direction was changed (engine.md section 1.2)."""

from __future__ import annotations

from typing import Any

from django.db.models import F

from joblog.models import JobQueueEntry, QueueStatus
from joblog.outcomes import idle
from mappings.models import MappingDirection


def rest_where_turned() -> int:
    """Puts the Ready entry of an option mapping that goes to Sales from now on On Hold with Inactivity Timeout; how many.

    A change of a code wakes it, so it need not look for one all the time. A run that was put off goes on first. Wherever a mapping is
    changed, by whatever page or command, the entry remembers the direction that it was last seen with. One statement where none was turned.
    """
    recurring = JobQueueEntry.objects.filter(recurring=True, mapping__integration_table__contains=".")
    turned = list(recurring.exclude(seen_direction=F("mapping__direction")).select_related("mapping"))
    return sum(_seen(entry) for entry in turned)


def _seen(entry: JobQueueEntry) -> int:
    direction = entry.mapping.direction if entry.mapping else ""
    own = JobQueueEntry.objects.filter(pk=entry.pk)
    rested = 0
    if entry.seen_direction and direction == MappingDirection.TO_INTEGRATION:
        rested = own.filter(status=QueueStatus.READY, forced=False, current_log=None).update(**_resting(entry))
    own.update(seen_direction=direction)
    return rested


def _resting(entry: JobQueueEntry) -> dict[str, Any]:
    kept = idle(entry)
    return {name: kept[name] for name in ("status", "earliest_start")}
