"""From what people type to mappings and records."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.core.management.base import CommandError

from mappings.models import Coupling, IntegrationTableMapping
from mappings.systems import both_connected, table_of
from syncadmin.sync.records import Side

GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def find_mapping(name: str, company: str = "") -> IntegrationTableMapping:
    """The mapping of this name or alias, in any case. Raises CommandError for none, or for one in each of several companies."""
    wanted = name.strip().upper()
    found = [row for row in _of_company(company) if wanted in (row.name.upper(), *(alias.upper() for alias in row.aliases))]
    if not found:
        known = ", ".join(sorted({row.name for row in _of_company(company)})) or "none; run setup default first"
        raise CommandError(f"There is no mapping {name}. Known mappings: {known}.", returncode=2)
    if len(found) > 1:
        companies = ", ".join(row.business_central.company for row in found)
        raise CommandError(f"The mapping {name} exists in several companies ({companies}). Name one with --company.", returncode=2)
    return found[0]


def all_mappings(company: str = "") -> list[IntegrationTableMapping]:
    """All enabled mappings that run by themselves, in dependency order: what a mapping depends on comes before it."""
    rows = [row for row in _of_company(company) if row.enabled and not row.parent_name]
    done: list[IntegrationTableMapping] = []
    waiting = sorted(rows, key=lambda row: (row.business_central_id, row.order, row.name))
    while waiting:
        ready = next((row for row in waiting if not _blocked(row, waiting)), waiting[0])
        waiting.remove(ready)
        done.append(ready)
    return done


def find_records(mapping: IntegrationTableMapping, names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Business Central keys and Sales keys of records named by key or number of either side. Raises CommandError for one unknown.

    Asks the couplings first and the systems for the rest.
    """
    bc: list[str] = []
    sales: list[str] = []
    for name in names:
        side, key = _coupled(mapping, name) or _asked(mapping, name)
        (bc if side is Side.BUSINESS_CENTRAL else sales).append(key)
    return tuple(bc), tuple(sales)


def find_record(mapping: IntegrationTableMapping, side: Side, name: str) -> str:
    """The key of a record of one side by key or number; raises CommandError when there is none, or several."""
    if GUID.fullmatch(name):
        return name.lower()
    found = _search(mapping, side, name)
    if len(found) != 1:
        raise CommandError(
            f"{side.label} has {'no record' if not found else 'several records'} {name} for the mapping {mapping.name}.", returncode=2
        )
    return found[0]


def _of_company(company: str) -> list[IntegrationTableMapping]:
    rows = IntegrationTableMapping.objects.select_related("business_central", "sales")
    return list(rows.filter(business_central__company__iexact=company) if company else rows)


def _blocked(row: IntegrationTableMapping, waiting: Sequence[IntegrationTableMapping]) -> bool:
    return any(
        other.name in row.depends_on and other.business_central_id == row.business_central_id for other in waiting if other is not row
    )


def _coupled(mapping: IntegrationTableMapping, name: str) -> tuple[Side, str] | None:
    rows = Coupling.objects.filter(mapping=mapping)
    for side, column in ((Side.BUSINESS_CENTRAL, "bc_key"), (Side.SALES, "sales_key")):
        if rows.filter(**{column: name.lower()}).exists():
            return side, name.lower()
    by_number = rows.filter(bc_number=name).exclude(bc_key=None).values_list("bc_key", flat=True)[:2]
    return (Side.BUSINESS_CENTRAL, str(by_number[0])) if len(by_number) == 1 else None


def _asked(mapping: IntegrationTableMapping, name: str) -> tuple[Side, str]:
    for side in Side:
        found = [name.lower()] if GUID.fullmatch(name) and _exists(mapping, side, name) else []
        found = found or ([] if GUID.fullmatch(name) else _search(mapping, side, name))
        if len(found) == 1:
            return side, found[0]
    raise CommandError(f"No record {name} was found on either side of the mapping {mapping.name}.", returncode=2)


def _exists(mapping: IntegrationTableMapping, side: Side, key: str) -> bool:
    with both_connected(mapping) as connectors:
        return bool(connectors[side].read_records(table_of(mapping, side), [key.lower()], []))


def _search(mapping: IntegrationTableMapping, side: Side, name: str) -> list[str]:
    table = table_of(mapping, side)
    if table.number not in table.fields:
        return []
    with both_connected(mapping) as connectors:
        return [record.key for record in connectors[side].find_records(table, table.number, [name], [table.number])]
