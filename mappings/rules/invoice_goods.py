"""Items and resources on invoice lines: what must be coupled, and what must not be blocked (rules blocked-check and lines-ready)."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from mappings.models import IntegrationTableMapping
from mappings.rules.first import uncoupled_inside
from mappings.rules.references import coupled_keys, is_write_in
from mappings.rules.related import related_table, table_if_known
from mappings.rules.table_rules import texts
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Record, Side

ITEMS, RESOURCES = "ITEM-PRODUCT", "RESOURCE-PRODUCT"
Problem = tuple[str, str, str, tuple[str, str] | None]  # code, text, field, missing reference
_FIELDS = ("number", "blocked")


@dataclass(frozen=True)
class Goods:
    """Looks at all goods of a page of invoices in a handful of requests.

    ``coming`` are goods that a preview takes for coupled: mapping name, and the item's key or the resource's number.
    """

    mapping: IntegrationTableMapping
    connectors: Mapping[Side, Connector]
    coming: Container[tuple[str, str]] = ()

    def problems(self, invoices: Mapping[str, Sequence[Record]]) -> dict[str, Problem]:
        """Why an invoice cannot be created, by its key; ``invoices`` holds the lines of each."""
        items, numbers = self.named([line for own in invoices.values() for line in own])
        bad = self._item_problems(items) | self._resource_problems(numbers)
        found = {key: next((bad[name] for line in own if (name := good_of(line)) in bad), None) for key, own in invoices.items()}
        return {key: problem for key, problem in found.items() if problem is not None}

    def products(self, lines: Sequence[Record]) -> dict[tuple[str, str], str]:
        """Sales keys of coupled products by what :func:`good_of` calls them."""
        items, numbers = self.named(lines)
        by_item = coupled_keys(self.mapping, ITEMS, items)
        by_number = coupled_keys(self.mapping, RESOURCES, numbers, by="bc_number")
        return {("Item", own): key for own, key in by_item.items()} | {("Resource", own): key for own, key in by_number.items()}

    def named(self, lines: Sequence[Record]) -> tuple[list[str], list[str]]:
        """Keys of the items and numbers of the resources on these lines, without the write-in product (rule product)."""
        sold = [line for line in lines if not is_write_in(self.mapping, line.values.get("lineObjectNumber"))]
        items = texts(line.values.get("itemId") for line in sold if line.values.get("lineType") == "Item")
        return items, texts(line.values.get("lineObjectNumber") for line in sold if line.values.get("lineType") == "Resource")

    def _item_problems(self, keys: Sequence[str]) -> dict[tuple[str, str], Problem]:
        if not keys:
            return {}
        table, bc = related_table(self.mapping, Side.BUSINESS_CENTRAL, "items"), self.connectors[Side.BUSINESS_CENTRAL]
        items = bc.read_records(table, keys, _FIELDS)
        inside = uncoupled_inside(self.mapping, ITEMS, Side.BUSINESS_CENTRAL, bc, list(items))
        found = {}
        for key, item in items.items():
            number = str(item.values.get("number"))
            if item.values.get("blocked"):
                found["Item", key] = _blocked("item", number)
            elif key in inside and (ITEMS, key) not in self.coming:
                found["Item", key] = _uncoupled("item", number, ITEMS)
        return found

    def _resource_problems(self, numbers: Sequence[str]) -> dict[tuple[str, str], Problem]:
        if not numbers:
            return {}
        coupled = coupled_keys(self.mapping, RESOURCES, numbers, by="bc_number")
        table = table_if_known(self.mapping, Side.BUSINESS_CENTRAL, "resources")
        if table is None:
            return {("Resource", number): _no_page(number) for number in numbers if number not in coupled}
        resources = self.connectors[Side.BUSINESS_CENTRAL].find_records(table, "number", numbers, _FIELDS)
        blocked = {str(one.values.get("number")) for one in resources if one.values.get("blocked")}
        left = [number for number in numbers if number not in coupled and (RESOURCES, number) not in self.coming]
        found = {("Resource", number): _uncoupled("resource", number, RESOURCES) for number in left}
        return found | {("Resource", number): _blocked("resource", number) for number in blocked}


def good_of(line: Record) -> tuple[str, str]:
    """What a line sells: its type, and the item's key or the resource's number."""
    kind = str(line.values.get("lineType"))
    return kind, str(line.values.get("itemId" if kind == "Item" else "lineObjectNumber") or "")


def _blocked(kind: str, number: str) -> Problem:
    text = f"The invoice has a line for the {kind} {number}, which is blocked in Business Central. Unblock it, then retry."
    return "blocked", text, "lineObjectNumber", None


def _no_page(number: str) -> Problem:
    text = (
        f"The invoice has a line for the resource {number}, and Business Central has no page of resources here, so that it cannot become a "
        "product. Install the custom API pages and run the default set-up, then retry."
    )
    return "no-page", text, "lineObjectNumber", None


def _uncoupled(kind: str, number: str, mapping: str) -> Problem:
    text = f"The {kind} {number} of a line is not coupled to a product. Couple it in the mapping {mapping}, then retry."
    return "not-coupled", text, "lineObjectNumber", (mapping, number)
