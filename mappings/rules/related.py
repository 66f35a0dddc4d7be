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
    system = mapping.business_central if side is Side.BUSINESS_CENTRAL else mapping.sales
    row = SystemTable.objects.filter(system=system, name=name).first()
    if row is None:
        raise RunError(
            "unknown-table", f"The mapping {mapping.name} needs the table {name} of {system.name}. Run the default set-up to read it."
        )
    return row.table()


def read_all(connector: Connector, table: Table, fields: Iterable[str], condition: str = "") -> list[Record]:
    """All rows that the condition selects, page by page."""
    wanted = list(fields)
    page = connector.read_changes(table, wanted, condition=condition)
    records = list(page.records)
    while page.next:
        page = connector.read_changes(table, wanted, condition=condition, link=page.next)
        records += page.records
    return records
