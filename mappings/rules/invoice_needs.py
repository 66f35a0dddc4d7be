"""What an invoice refers to and is not coupled yet is synchronized first (rules lines-ready and customer, engine.md section 19)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mappings.models import IntegrationTableMapping
from mappings.rules.invoice_goods import ITEMS, RESOURCES
from mappings.rules.references import coupled_keys, sibling
from mappings.rules.related import related_table
from mappings.rules.table_rules import texts
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Record, Side


@dataclass(frozen=True)
class Needs:
    """Looks at a page of new invoices with their lines."""

    mapping: IntegrationTableMapping
    business_central: Connector

    def uncoupled(self, invoices: Sequence[Record], lines: Sequence[Record]) -> list[tuple[str, list[str]]]:
        """(mapping name, keys in Business Central) of what passes its mapping's filter; in the order in which it has to run."""
        items = texts(line.values.get("itemId") for line in lines if line.values.get("lineType") == "Item")
        numbers = texts(line.values.get("lineObjectNumber") for line in lines if line.values.get("lineType") == "Resource")
        wanted = {
            "CURRENCY": [key for key in texts(one.values.get("currencyId") for one in invoices) if key.strip("0-")],
            "CUSTOMER": texts(one.values.get("customerId") for one in invoices),
            ITEMS: items,
            RESOURCES: self._keys_of_resources(numbers),
        }
        found = [(name, self._inside(name, keys)) for name, keys in wanted.items() if keys]
        return [(name, keys) for name, keys in found if keys]

    def _inside(self, name: str, keys: Sequence[str]) -> list[str]:
        owner = sibling(self.mapping, name)
        coupled = coupled_keys(self.mapping, name, keys)
        left = [key for key in keys if key not in coupled]
        if owner is None or not left or not owner.table_filter:
            return left if owner else []
        table = related_table(self.mapping, Side.BUSINESS_CENTRAL, owner.table)
        return list(self.business_central.read_records(table, left, [], condition=owner.table_filter))

    def _keys_of_resources(self, numbers: Sequence[str]) -> list[str]:
        coupled: Mapping[str, str] = coupled_keys(self.mapping, RESOURCES, numbers, by="bc_number")
        left = [number for number in numbers if number not in coupled]
        if not left:
            return []
        table = related_table(self.mapping, Side.BUSINESS_CENTRAL, "resources")
        return [record.key for record in self.business_central.find_records(table, "number", left, ["number"])]
