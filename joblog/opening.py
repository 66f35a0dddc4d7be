"""What every synch job knows of its mapping from the moment it is opened, because it outlives the mapping."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from joblog.models import JobQueueEntry, JobQueueLogEntry, JobType, RunKind, SynchJob
from joblog.scope import Scope
from mappings.models import IntegrationTableMapping
from syncadmin.sync.records import Direction, Side

_TYPES = {
    RunKind.PREVIEW: JobType.PREVIEW,
    RunKind.COUPLE: JobType.COUPLING,
    RunKind.MATCH: JobType.COUPLING,
    RunKind.UNCOUPLE: JobType.UNCOUPLING,
    RunKind.DELETE: JobType.UNCOUPLING,
    RunKind.FIND_DELETED: JobType.FIND_DELETED,
    RunKind.STATISTICS: JobType.STATISTICS,
}


def opening_values(mapping: IntegrationTableMapping, direction: Direction, *, trigger: str, user_name: str) -> dict[str, Any]:
    """Column values of a new SynchJob: names, version and labels of the mapping as it is now, and who started it."""
    labels = {
        Side.BUSINESS_CENTRAL: mapping.table_label or mapping.table,
        Side.SALES: mapping.integration_table_label or mapping.integration_table,
    }
    return {
        "mapping_name": mapping.name,
        "company": mapping.business_central.company,
        "mapping_version": mapping.version,
        "trigger": trigger,
        "user_name": user_name,
        "source_label": labels[direction.source],
        "destination_label": labels[direction.destination],
        "started_at": timezone.now(),
    }


def open_unstarted(entry: JobQueueEntry, execution: JobQueueLogEntry) -> SynchJob:
    """The job of an execution that ends before it has opened one: a run that cannot start leaves a job, too (engine.md A18)."""
    scope, mapping = _readable(entry), entry.mapping
    direction = next(iter(scope.directions or (mapping.directions if mapping else ())), Direction.TO_INTEGRATION)
    own: dict[str, Any] = {
        "mapping_name": entry.get_run_kind_display().upper()[:20],
        "trigger": entry.trigger,
        "user_name": execution.user_name,
        "started_at": execution.started_at,
    }
    if mapping is not None:
        own = {**opening_values(mapping, direction, trigger=entry.trigger, user_name=execution.user_name), "mapping": mapping}
    kind = _TYPES.get(RunKind(entry.run_kind), JobType.FULL if scope.full or scope.unconditional else JobType.SYNCHRONIZATION)
    return SynchJob.objects.create(log_entry=execution, type=kind, direction=direction.value, scope=entry.parameters, **own)


def _readable(entry: JobQueueEntry) -> Scope:
    """A plain run where the parameters are the very reason why the entry cannot start."""
    try:
        return Scope.from_json(entry.parameters)
    except ValueError:
        return Scope()
