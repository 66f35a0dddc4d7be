"""Filters are checked by the only one who knows: the system they are for."""

from __future__ import annotations

from mappings.models import IntegrationTableMapping
from mappings.plans import filled_filter
from mappings.systems import connected, table_of
from syncadmin.sync.records import Side
from syncadmin.sync.tables import Table


def count_matching(mapping: IntegrationTableMapping, side: Side, condition: str) -> int:
    """How many records of that side's table the OData filter selects.

    Raises RunError ``bad-filter`` with the system's reason, RetryLater when the system cannot be asked.
    """
    system = mapping.business_central if side is Side.BUSINESS_CENTRAL else mapping.sales
    table = table_of(mapping, side)
    with connected(system) as connector:
        return connector.count(table, filled_filter(mapping, side, condition))


def inside_and_outside(mapping: IntegrationTableMapping, side: Side, condition: str) -> tuple[int, int]:
    """How many records of that side's table the filter selects, and how many it leaves out; two requests. Raises as above."""
    system = mapping.business_central if side is Side.BUSINESS_CENTRAL else mapping.sales
    table = table_of(mapping, side)
    with connected(system) as connector:
        inside = connector.count(table, filled_filter(mapping, side, condition))
        return inside, max(0, connector.count(table) - inside) if condition.strip() else 0


def count_of_unsaved(mapping: IntegrationTableMapping, side: Side, table: Table, condition: str) -> int:
    """How many records of the table a filter selects, for a mapping that is not saved yet. Raises as above."""
    system = mapping.business_central if side is Side.BUSINESS_CENTRAL else mapping.sales
    with connected(system) as connector:
        return connector.count(table, filled_filter(mapping, side, condition))


def full_run_size(mapping: IntegrationTableMapping) -> dict[Side, int]:
    """How many records a run that reads everything would read from each side, in the order of its jobs (engine.md A23).

    Raises as :func:`count_matching`.
    """
    sides = [direction.source for direction in mapping.directions]
    saved = {Side.BUSINESS_CENTRAL: mapping.table_filter, Side.SALES: mapping.integration_table_filter}
    return {side: count_matching(mapping, side, saved[side]) for side in sides}
