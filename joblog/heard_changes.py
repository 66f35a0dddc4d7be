"""What is done about changes that a system tells of: entries are woken, records that were deleted are looked for by their keys."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from joblog.models import JobQueueEntry, QueueStatus, RunKind, Trigger, WatchedTable
from joblog.queue import enqueue
from joblog.scope import Scope
from joblog.told_changes import Told
from joblog.wake_up import wake
from joblog.watched_tables import mappings_by_table
from mappings.models import Coupling, IntegrationTableMapping, System
from syncadmin.sync.records import Side

_A_MINUTE = timedelta(minutes=1)
_AT_ONCE = 1000  # keys in one search; where more are gone all records are compared


def hear(system: System, told: Told) -> None:
    """Notes that a system told of changes, and does what they ask for. Sends nothing to any system."""
    if not system.enabled or not told.tables:
        return
    stale = Q(told_at=None) | Q(told_at__lt=timezone.now() - _A_MINUTE)
    heard = WatchedTable.objects.filter(stale, system=system, name__in=told.tables)
    if heard.exists():
        heard.update(told_at=timezone.now())
    wake(system, told.tables)
    if told.deleted or told.unsure:
        _search_deleted(system, told)


def _search_deleted(system: System, told: Told) -> None:
    by_table = mappings_by_table(system)
    for table in {*told.deleted, *told.unsure}:
        for mapping in _mappings(by_table.get(table, set()), system, table):
            side = Side.BUSINESS_CENTRAL if mapping.business_central_id == system.pk else Side.SALES
            if table in told.unsure:
                _enqueue(mapping, Scope())
                continue
            key = "bc_key" if side is Side.BUSINESS_CENTRAL else "sales_key"
            coupled = Coupling.objects.filter(mapping=mapping, pending="", **{f"{key}__in": told.deleted[table]})
            keys = tuple(sorted(coupled.values_list(key, flat=True)))
            if keys:
                _enqueue(mapping, Scope(bc_keys=keys) if side is Side.BUSINESS_CENTRAL else Scope(sales_keys=keys))


def _mappings(ids: Iterable[int], system: System, table: str) -> list[IntegrationTableMapping]:
    """Those whose own table it is: rows of a table that is only watched along have no coupling."""
    own = Q(business_central=system, table=table) | Q(sales=system, integration_table=table)
    return list(IntegrationTableMapping.objects.filter(own, pk__in=list(ids)))


def _enqueue(mapping: IntegrationTableMapping, scope: Scope) -> None:
    """One search; added to the one that waits for its turn already, where there is one."""
    with transaction.atomic():
        waiting = JobQueueEntry.objects.select_for_update().filter(
            mapping=mapping, run_kind=RunKind.FIND_DELETED, trigger=Trigger.CHANGE, status=QueueStatus.READY, current_log=None
        )
        entry = waiting.first()
        if entry is None:
            enqueue(mapping=mapping, run_kind=RunKind.FIND_DELETED, scope=scope, trigger=Trigger.CHANGE)
            return
        together = _both(Scope.from_json(entry.parameters), scope)
        waiting.filter(pk=entry.pk).update(parameters=together.to_json())


def _both(one: Scope, other: Scope) -> Scope:
    """Everything, where one of them is about everything or they are too many."""
    bc_keys, sales_keys = (tuple(sorted({*getattr(one, name), *getattr(other, name)})) for name in ("bc_keys", "sales_keys"))
    if not one.explicit or not other.explicit or len(bc_keys) + len(sales_keys) > _AT_ONCE:
        return Scope()
    return Scope(bc_keys=bc_keys, sales_keys=sales_keys)
