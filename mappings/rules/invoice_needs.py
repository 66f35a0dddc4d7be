"""What an invoice refers to and is not coupled yet is synchronized first (rules lines-ready and customer, engine.md section 19)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mappings.models import IntegrationTableMapping
from mappings.rules.first import uncoupled_inside
from mappings.rules.invoice_goods import ITEMS, RESOURCES, Goods
from mappings.rules.references import coupled_keys
from mappings.rules.related import table_if_known
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Record, Side

BC = Side.BUSINESS_CENTRAL


@dataclass(frozen=True)
class Needs:
    """Looks at a page of new invoices with their lines."""

    mapping: IntegrationTableMapping
    connectors: Mapping[Side, Connector]

    def uncoupled(self, invoices: Sequence[Record], lines: Sequence[Record]) -> list[tuple[str, dict[str, str]]]:
        """What passes its mapping's filter, in the order in which it has to run.

        (mapping name, what invoices and lines call the records, by their key): an item goes by its key, the others by number or code.
        """
        items, numbers = Goods(self.mapping, self.connectors).named(lines)
        wanted = {
            "CURRENCY": {key: code for key, code in _pairs(invoices, "currencyId", "currencyCode") if key.strip("0-")},
            "CUSTOMER": dict(_pairs(invoices, "customerId", "customerNumber")),
            ITEMS: {key: key for key in items},
            RESOURCES: self._keys_of_resources(numbers),
        }
        found = [(name, named, self._inside(name, list(named))) for name, named in wanted.items() if named]
        return [(name, {key: named[key] for key in keys}) for name, named, keys in found if keys]

    def _inside(self, name: str, keys: Sequence[str]) -> list[str]:
        return uncoupled_inside(self.mapping, name, BC, self.connectors[BC], keys)

    def _keys_of_resources(self, numbers: Sequence[str]) -> dict[str, str]:
        coupled = coupled_keys(self.mapping, RESOURCES, numbers, by="bc_number")
        left = [number for number in numbers if number not in coupled]
        table = table_if_known(self.mapping, BC, "resources") if left else None
        if table is None:
            return {}
        found = self.connectors[BC].find_records(table, "number", left, ["number"])
        return {record.key: str(record.values.get("number")) for record in found}


def _pairs(records: Iterable[Record], key: str, name: str) -> Iterator[tuple[str, str]]:
    return ((str(one.values[key]), str(one.values.get(name) or "")) for one in records if one.values.get(key))
