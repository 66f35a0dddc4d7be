"""Sales prices of customer price groups as Business Central holds them, with the unit that each is for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from mappings.models import IntegrationTableMapping
from mappings.rules.references import sibling
from mappings.rules.related import read_all, related_table
from mappings.rules.table_rules import texts
from mappings.rules.units import BaseUnit, UnitGroups
from syncadmin.sync.errors import RecordError
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Record, Side

PRICES = "SALESPRC-PRODPRICE"
GROUP, ITEM, UNIT, CURRENCY = "salesCode", "itemNumber", "unitOfMeasureCode", "currencyCode"
_QUANTITY, _STARTING, _VARIANT = "minimumQuantity", "startingDate", "variantCode"
_FIELDS = (GROUP, ITEM, UNIT, CURRENCY, _QUANTITY, _STARTING, _VARIANT)
_BASE_UNIT = "baseUnitOfMeasureCode"
_CODES_AT_ONCE = 20  # an address of Business Central has its limits


@dataclass
class SalesPrices:
    """Prices inside the filter of the mapping SALESPRC-PRODPRICE, by group, each group read once; ``mapping`` is of the same company."""

    mapping: IntegrationTableMapping
    connectors: Mapping[Side, Connector]
    _groups: dict[str, list[Record]] = field(default_factory=dict)
    _base_units: dict[str, str] = field(default_factory=dict)
    _items: dict[str, str] = field(default_factory=dict)
    _units: UnitGroups = field(init=False)

    def __post_init__(self) -> None:
        self._units = UnitGroups(self.mapping, self.connectors[Side.SALES])

    def load(self, groups: Iterable[str]) -> None:
        """Reads the prices of these groups, the base units of their items, and the unit groups in Sales."""
        new = [code for code in texts(groups) if code not in self._groups]
        if not new:
            return
        found: defaultdict[str, list[Record]] = defaultdict(list)
        for start in range(0, len(new), _CODES_AT_ONCE):
            for row in self._read(new[start : start + _CODES_AT_ONCE]):
                found[text(row, GROUP)].append(row)
        self._groups.update({code: sorted(found[code], key=_order) for code in new})
        rows = [row for code in new for row in self._groups[code]]
        self._load_base_units(rows)
        self._units.load(self.unit_code(row) for row in rows)

    def of_group(self, code: str) -> list[Record]:
        """The prices of a loaded group in the order of their business key."""
        return self._groups[code]

    def item_keys(self, numbers: Iterable[str]) -> dict[str, str]:
        """Keys of the items of loaded prices by number, without those that do not exist."""
        return {number: self._items[number] for number in numbers if number in self._items}

    def unit_code(self, price: Record) -> str:
        """The unit of the price, or the item's base unit; "" where there is neither."""
        return text(price, UNIT) or self._base_units.get(text(price, ITEM), "")

    def base_unit(self, price: Record) -> BaseUnit:
        """The unit in Sales; raises RecordError with what is wrong with the item or its unit group."""
        code, item = self.unit_code(price), text(price, ITEM)
        if not code:
            what = "has no Base Unit of Measure" if item in self._base_units else "does not exist"
            raise RecordError(
                "unit-blank", f"The item {item} of the price {what} in Business Central. Correct it, then retry.", fields=[ITEM]
            )
        return self._units.base_unit(code)

    def leading(self, code: str) -> list[Record]:
        """Sales has one row per price list, product and unit: of the prices that meet in it the one that it shall show.

        That is the one of the lowest minimum quantity, of no variant, with the latest starting date.
        """
        best: dict[tuple[str, str], Record] = {}
        for row in self._groups[code]:
            place = (text(row, ITEM), self.unit_code(row))
            if place not in best or _rank(row) > _rank(best[place]):
                best[place] = row
        return list(best.values())

    def _read(self, codes: list[str]) -> list[Record]:
        own = sibling(self.mapping, PRICES)
        quoted = [code.replace("'", "''") for code in codes]
        conditions = [own.table_filter if own else "", " or ".join(f"{GROUP} eq '{code}'" for code in quoted)]
        table = related_table(self.mapping, Side.BUSINESS_CENTRAL, "salesPrices")
        condition = " and ".join(f"({one})" for one in conditions if one.strip())
        return read_all(self.connectors[Side.BUSINESS_CENTRAL], table, _FIELDS, condition)

    def _load_base_units(self, rows: Iterable[Record]) -> None:
        new = [number for number in texts(text(row, ITEM) for row in rows) if number not in self._base_units]
        if new:
            table = related_table(self.mapping, Side.BUSINESS_CENTRAL, "items")
            found = self.connectors[Side.BUSINESS_CENTRAL].find_records(table, "number", new, ["number", _BASE_UNIT])
            self._base_units.update({text(row, "number"): text(row, _BASE_UNIT) for row in found})
            self._items.update({text(row, "number"): row.key for row in found})


def text(record: Record, name: str) -> str:
    """A raw text without blanks around it; "" for none."""
    return str(record.values.get(name) or "").strip()


def _order(price: Record) -> tuple[Any, ...]:
    names = (ITEM, _STARTING, CURRENCY, _VARIANT, UNIT)
    return (*(text(price, name) for name in names), _quantity(price), price.key)


def _rank(price: Record) -> tuple[Any, ...]:
    return (-_quantity(price), not text(price, _VARIANT), text(price, _STARTING), price.key)


def _quantity(price: Record) -> Decimal:
    return Decimal(str(price.values.get(_QUANTITY) or 0))
