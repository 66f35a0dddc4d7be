"""What rules ask of tables beside their own: their description as it was last read, and all rows of a condition."""

from __future__ import annotations

from collections.abc import Iterable

from mappings.models import IntegrationTableMapping, SystemTable
from syncadmin.sync.errors import RunError
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Record, Side
from syncadmin.sync.tables import Table


def related_table(mapping: IntegrationTableMapping, side: Side, name: str) -> Table:
    """A table of one side beside the mapping's own; raises RunError ``unknown-table``."""
    found = table_if_known(mapping, side, name)
    if found is None:
        system = mapping.business_central if side is Side.BUSINESS_CENTRAL else mapping.sales
        raise RunError(
            "unknown-table", f"The mapping {mapping.name} needs the table {name} of {system.name}. Run the default set-up to read it."
        )
    return found


def table_if_known(mapping: IntegrationTableMapping, side: Side, name: str) -> Table | None:
    """The same, None where the system has no such table: some are there only with the custom API pages."""
    system = mapping.business_central if side is Side.BUSINESS_CENTRAL else mapping.sales
    row = SystemTable.objects.filter(system=system, name=name).first()
    return row.table() if row is not None else None


def read_all(connector: Connector, table: Table, fields: Iterable[str], condition: str = "") -> list[Record]:
    """All rows that the condition selects, page by page."""
    wanted = list(fields)
    page = connector.read_changes(table, wanted, condition=condition)
    records = list(page.records)
    while page.next:
        page = connector.read_changes(table, wanted, condition=condition, link=page.next)
        records += page.records
    return records
