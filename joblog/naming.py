"""From what people type to mappings and records."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.core.management.base import CommandError

from mappings.models import Coupling, IntegrationTableMapping, System
from mappings.systems import both_connected, table_of
from syncadmin.sync.records import Side

_SHOWN = 5  # keys of records that have the same number
GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def find_mapping(name: str, company: str = "") -> IntegrationTableMapping:
    """The mapping of this name or alias, in any case.

    Raises CommandError for none, for one in each of several companies, and for a company that nobody has set up.
    """
    wanted, rows = name.strip().upper(), _of_company(company)
    found = [row for row in rows if wanted in (row.name.upper(), *(alias.upper() for alias in row.aliases))]
    if not found:
        known = ", ".join(sorted({row.name for row in rows}))
        raise CommandError(f"There is no mapping {name}. Known mappings: {known}.", returncode=2)
    if len(found) > 1:
        companies = ", ".join(sorted(row.business_central.company for row in found))
        raise CommandError(f"The mapping {name} exists in several companies ({companies}). Name one with --company.", returncode=2)
    return found[0]


def all_mappings(company: str = "") -> list[IntegrationTableMapping]:
    """All enabled mappings that run by themselves, in dependency order: what a mapping depends on comes before it.

    Raises CommandError where nothing is set up, or not this company.
    """
    rows = [row for row in _of_company(company) if row.enabled and not row.parent_name]
    done: list[IntegrationTableMapping] = []
    waiting = sorted(rows, key=lambda row: (row.business_central_id, row.order, row.name))
    while waiting:
        ready = next((row for row in waiting if not _blocked(row, waiting)), waiting[0])
        waiting.remove(ready)
        done.append(ready)
    return done


def companies(company: str = "") -> list[System]:
    """The Business Central systems that have mappings, or this one. Raises CommandError as :func:`all_mappings`."""
    return list(dict.fromkeys(row.business_central for row in _of_company(company)))


def find_records(mapping: IntegrationTableMapping, names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Business Central keys and Sales keys of records named by key or number of either side.

    Raises CommandError for a record that nobody has, or a number that several have; RunError and RetryLater when a system cannot be asked.

    Asks the couplings first and the systems for the rest.
    """
    bc: list[str] = []
    sales: list[str] = []
    for name in names:
        side, key = _coupled(mapping, name) or _asked(mapping, name)
        (bc if side is Side.BUSINESS_CENTRAL else sales).append(key)
    return tuple(bc), tuple(sales)


def find_record(mapping: IntegrationTableMapping, side: Side, name: str) -> str:
    """The key of a record of one side by key, number or name; raises CommandError when there is none, or several."""
    if _is_key(mapping, side, name):
        return name.lower()
    table = table_of(mapping, side)
    found = _search(mapping, side, name) or _search(mapping, side, name, by=table.caption)
    if not found:
        raise CommandError(f"{side.label} has no record {name} for the mapping {mapping.name}.", returncode=2)
    return _only(mapping, side, name, found)


def _of_company(company: str) -> list[IntegrationTableMapping]:
    rows = list(IntegrationTableMapping.objects.select_related("business_central", "sales"))
    if not rows:
        raise CommandError("No mapping is set up yet. Run setup default first.", returncode=2)
    found = [row for row in rows if not company or row.business_central.company.casefold() == company.strip().casefold()]
    if not found:
        known = ", ".join(sorted({row.business_central.company for row in rows}))
        raise CommandError(f"The company {company} is not set up. Companies: {known}.", returncode=2)
    return found


def _blocked(row: IntegrationTableMapping, waiting: Sequence[IntegrationTableMapping]) -> bool:
    return any(
        other.name in row.depends_on and other.business_central_id == row.business_central_id for other in waiting if other is not row
    )


def _is_key(mapping: IntegrationTableMapping, side: Side, name: str) -> bool:
    """The key of an option is its value (engine.md section 16)."""
    option = mapping.is_option_mapping and side is Side.SALES and name.removeprefix("-").isdecimal()
    return option or bool(GUID.fullmatch(name))


def _coupled(mapping: IntegrationTableMapping, name: str) -> tuple[Side, str] | None:
    rows = Coupling.objects.filter(mapping=mapping)
    for side, column in ((Side.BUSINESS_CENTRAL, "bc_key"), (Side.SALES, "sales_key")):
        if rows.filter(**{column: name.lower()}).exists():
            return side, name.lower()
    by_number = rows.filter(bc_number__in=[name, name.upper()]).exclude(bc_key=None).values_list("bc_key", flat=True)[:_SHOWN]
    if not by_number:
        return None
    return Side.BUSINESS_CENTRAL, _only(mapping, Side.BUSINESS_CENTRAL, name, [str(key) for key in by_number])


def _asked(mapping: IntegrationTableMapping, name: str) -> tuple[Side, str]:
    for side in Side:
        is_key = _is_key(mapping, side, name)
        found = [name.lower()] if is_key and _exists(mapping, side, name) else []
        found = found or ([] if GUID.fullmatch(name) else _search(mapping, side, name))
        if found:
            return side, _only(mapping, side, name, found)
    raise CommandError(f"No record {name} was found on either side of the mapping {mapping.name}.", returncode=2)


def _only(mapping: IntegrationTableMapping, side: Side, name: str, keys: Sequence[str]) -> str:
    """The one key; a person has to choose among several."""
    if len(keys) == 1:
        return keys[0]
    shown = ", ".join(keys[:_SHOWN])
    raise CommandError(
        f"{side.label} has several records {name} for the mapping {mapping.name}: {shown}. Name one by its key.", returncode=2
    )


def _exists(mapping: IntegrationTableMapping, side: Side, key: str) -> bool:
    with both_connected(mapping) as connectors:
        return bool(connectors[side].read_records(table_of(mapping, side), [key.lower()], []))


def _search(mapping: IntegrationTableMapping, side: Side, name: str, *, by: str = "") -> list[str]:
    """Keys of the records of that number, or by that field."""
    table = table_of(mapping, side)
    by = by or table.number
    if by not in table.fields:
        return []
    spellings = list(dict.fromkeys([name, name.upper()]))  # numbers of Business Central are capitals
    with both_connected(mapping) as connectors:
        return [record.key for record in connectors[side].find_records(table, by, spellings, [by])]
