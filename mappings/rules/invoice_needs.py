"""What an invoice refers to and is not coupled yet is synchronized first (rules lines-ready and customer, engine.md section 19)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mappings.models import IntegrationTableMapping
from mappings.rules.first import uncoupled_inside
from mappings.rules.invoice_goods import ITEMS, RESOURCES, Goods
from mappings.rules.references import coupled_keys
from mappings.rules.related import related_table
from mappings.rules.table_rules import texts
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Record, Side

BC = Side.BUSINESS_CENTRAL


@dataclass(frozen=True)
class Needs:
    """Looks at a page of new invoices with their lines."""

    mapping: IntegrationTableMapping
    connectors: Mapping[Side, Connector]

    def uncoupled(self, invoices: Sequence[Record], lines: Sequence[Record]) -> list[tuple[str, list[str]]]:
        """(mapping name, keys in Business Central) of what passes its mapping's filter; in the order in which it has to run."""
        items, numbers = Goods(self.mapping, self.connectors).named(lines)
        wanted = {
            "CURRENCY": [key for key in texts(one.values.get("currencyId") for one in invoices) if key.strip("0-")],
            "CUSTOMER": texts(one.values.get("customerId") for one in invoices),
            ITEMS: items,
            RESOURCES: self._keys_of_resources(numbers),
        }
        found = [(name, uncoupled_inside(self.mapping, name, BC, self.connectors[BC], keys)) for name, keys in wanted.items() if keys]
        return [(name, keys) for name, keys in found if keys]

    def _keys_of_resources(self, numbers: Sequence[str]) -> list[str]:
        coupled = coupled_keys(self.mapping, RESOURCES, numbers, by="bc_number")
        left = [number for number in numbers if number not in coupled]
        if not left:
            return []
        table = related_table(self.mapping, BC, "resources")
        return [record.key for record in self.connectors[BC].find_records(table, "number", left, ["number"])]
