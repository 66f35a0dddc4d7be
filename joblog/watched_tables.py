"""Which tables' changes concern which mappings (engine.md section 21.6): those that a mapping reads, on the side it reads from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from django.db.models import Q

from joblog.models import WatchedTable
from mappings.models import IntegrationTableMapping, System, SystemTable
from mappings.rules.registry import also_watched
from syncadmin.sync.records import Side
from syncadmin.sync.tables import Table


def mappings_by_table(system: System) -> dict[str, set[int]]:
    """Ids of the mappings that a change of each table of the system concerns. One statement.

    Rows that travel inside those of another mapping concern that one. A mapping that is switched off, or that does not want to be woken
    by changes, waits for none.
    """
    own = Q(business_central=system) | Q(sales=system)
    rows = list(IntegrationTableMapping.objects.filter(own, enabled=True))
    parents = {(row.business_central_id, row.name): row for row in rows}
    found: defaultdict[str, set[int]] = defaultdict(set)
    for row in rows:
        woken = parents.get((row.business_central_id, row.parent_name)) if row.parent_name else row
        if woken is not None and not woken.disable_event_reschedule:
            for table in _tables(row, system):
                found[table].add(woken.pk)
    return dict(found)


def watched_tables(system: System) -> list[WatchedTable]:
    """A row for each table of the system whose changes somebody waits for; those that are missing are made.

    Only tables with a stamp can be watched. Two statements where nothing is missing.
    """
    wanted = {name for name, concerned in mappings_by_table(system).items() if concerned}
    rows = {row.name: row for row in WatchedTable.objects.filter(system=system)}
    missing = wanted - rows.keys()
    for name, table in plain_tables(system, missing).items() if missing else ():
        if table.modified_on:
            values = {"label": table.label, "type_name": table.type_name}
            rows[name], _ = WatchedTable.objects.get_or_create(system=system, name=name, defaults=values)
    return [row for name, row in rows.items() if name in wanted]


def plain_tables(system: System, names: Collection[str]) -> dict[str, Table]:
    """What is known of tables beside their fields, by name. One statement, which leaves the fields in the database."""
    parts = ("label", "key", "modified_on", "route", "type_name")
    rows = SystemTable.objects.filter(system=system, name__in=names).values_list("name", *(f"metadata__{part}" for part in parts))
    return {name: Table(name=name, **dict(zip(parts, values, strict=True))) for name, *values in rows}


def _tables(row: IntegrationTableMapping, system: System) -> Iterator[str]:
    others: Mapping[Side, tuple[str, ...]] = also_watched(row)
    for side in {direction.source for direction in row.directions}:
        owner, name = (row.business_central_id, row.table) if side is Side.BUSINESS_CENTRAL else (row.sales_id, row.integration_table)
        if owner == system.pk:
            yield from (name, *others.get(side, ()))
