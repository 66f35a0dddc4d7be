"""The statistics rows of accounts (``nav_accountstatistics``): they go when their customer is uncoupled (engine.md section 15)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mappings.models import IntegrationTableMapping, SystemTable
from mappings.systems import table_of
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Delete, Outcome, Side, WriteResult
from syncadmin.sync.tables import Table

TABLE, LINK = "nav_accountstatisticses", "nav_accountstatisticsid"


@dataclass(frozen=True)
class AccountFigures:
    """The rows of one environment of Sales, as its accounts name them."""

    connector: Connector
    accounts: Table
    table: Table

    @classmethod
    def of(cls, mapping: IntegrationTableMapping, connector: Connector) -> AccountFigures | None:
        """None where records of this mapping have no such rows."""
        row = SystemTable.objects.filter(system=mapping.sales, name=TABLE).first() if has_figures(mapping) else None
        return cls(connector, table_of(mapping, Side.SALES), row.table()) if row else None

    def linked(self, accounts: Sequence[str]) -> list[str]:
        """The keys of the rows of these accounts."""
        found = self.connector.read_records(self.accounts, accounts, [LINK]) if accounts else {}
        return [str(key) for row in found.values() if (key := row.values.get(LINK))]

    def delete(self, keys: Sequence[str]) -> dict[str, WriteResult]:
        """The result of each; a row that was gone already counts as deleted."""
        rows = [Delete(key, "*") for key in keys]
        answers = dict(zip(keys, self.connector.delete(self.table, rows), strict=True)) if rows else {}
        doubtful = [key for key, answer in answers.items() if answer.outcome is Outcome.UNKNOWN]
        left = self.connector.read_records(self.table, doubtful, []) if doubtful else {}
        gone = {key for key, answer in answers.items() if answer.outcome is Outcome.GONE} | set(doubtful) - set(left)
        return answers | {key: WriteResult(Outcome.DONE, key) for key in gone}


def has_figures(mapping: IntegrationTableMapping) -> bool:
    """Whether the mapping is that of customers and accounts, and accounts have such rows."""
    if mapping.table != "customers":
        return False
    row = SystemTable.objects.filter(system=mapping.sales_id, name=mapping.integration_table).first()
    return row is not None and LINK in row.table().fields
