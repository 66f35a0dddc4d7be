"""The company that rows of Sales carry (``bcbi_companyid``): clearing it when a record is uncoupled (engine.md section 15)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mappings.models import Coupling, IntegrationTableMapping
from mappings.systems import table_of
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Direction, Modify, Outcome, Side, WriteResult
from syncadmin.sync.tables import Table

FIELD = "bcbi_companyid"


@dataclass(frozen=True)
class CompanyMarks:
    """The rows of one table of Sales that carry this company."""

    connector: Connector
    table: Table
    company: str
    mapping: IntegrationTableMapping

    @classmethod
    def of(cls, mapping: IntegrationTableMapping, connector: Connector) -> CompanyMarks | None:
        """None where rows of this mapping carry no company."""
        if not has_marks(mapping):
            return None
        return cls(connector, table_of(mapping, Side.SALES), mapping.business_central.sales_company_id, mapping)

    def carried(self, keys: Iterable[str]) -> list[str]:
        """Those of the rows that carry this company and that no other mapping of the company has coupled."""
        shared = self._coupled_elsewhere()
        wanted = [key for key in keys if key not in shared]
        rows = self.connector.read_records(self.table, wanted, [FIELD]) if wanted else {}
        return [key for key, row in rows.items() if str(row.values.get(FIELD) or "").lower() == self.company.lower()]

    def uncoupled(self) -> list[str]:
        """All rows that carry this company and are coupled by no mapping of it."""
        coupled = self._coupled_elsewhere() | set(
            Coupling.objects.filter(mapping=self.mapping).exclude(sales_key=None).values_list("sales_key", flat=True)
        )
        return [key for key in self._carrying() if key not in coupled]

    def clear(self, keys: Sequence[str]) -> dict[str, WriteResult]:
        """Empties the company of these rows, in as few requests as possible; the result of each."""
        rows = [Modify(key, "*", {FIELD: None}) for key in keys]
        results = dict(zip(keys, self.connector.modify(self.table, rows), strict=True)) if rows else {}
        doubtful = [key for key, result in results.items() if result.outcome is Outcome.UNKNOWN]
        arrived = set(doubtful) - set(self.carried(doubtful))
        return results | {key: WriteResult(Outcome.DONE, key) for key in arrived}

    def _carrying(self) -> Iterator[str]:
        condition, link = f"{self.table.fields[FIELD].property_name} eq {self.company}", ""
        while True:
            page = self.connector.read_changes(self.table, [], condition=condition, link=link, page_size=5000)
            yield from (record.key for record in page.records)
            link = page.next
            if not link:
                return

    def _coupled_elsewhere(self) -> set[str]:
        rows = Coupling.objects.filter(
            mapping__business_central=self.mapping.business_central_id, mapping__integration_table=self.mapping.integration_table
        )
        return {str(key) for key in rows.exclude(mapping=self.mapping).exclude(sales_key=None).values_list("sales_key", flat=True)}


def has_marks(mapping: IntegrationTableMapping) -> bool:
    """Whether the mapping sends records to a table whose rows carry their company."""
    company = mapping.business_central.sales_company_id
    return bool(company) and Direction.TO_INTEGRATION in mapping.directions and FIELD in table_of(mapping, Side.SALES).fields
