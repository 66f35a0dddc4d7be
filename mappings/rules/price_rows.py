"""Rows of price lists: one per product in the default list, and those that invoice lines need (rules default-price and price-list-row)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from mappings.models import IntegrationTableMapping
from mappings.rules.related import related_table
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Insert, Modify, Outcome, Record, Side, WriteResult
from syncadmin.sync.tables import Table

_CURRENCY_AMOUNT = 1  # pricingmethodcode
_PLACE = ("pricelevelid", "productid", "uomid")

Place = tuple[str, str, str]
"""Keys of price list, product and unit: together they name one row."""


@dataclass(frozen=True)
class Price:
    """What the row of a product shall say; ``amount`` is in the local currency."""

    product: str
    group: str
    unit: str
    amount: Decimal


@dataclass(frozen=True)
class PriceRows:
    """Rows of all price lists, read and written for whole pages."""

    mapping: IntegrationTableMapping
    sales: Connector

    def set_prices(self, price_list: str, prices: Sequence[Price]) -> dict[str, WriteResult]:
        """Creates and corrects the rows of these products in the list; the answers that are not good, by product."""
        present = {str(row.values["productid"]): row for row in self._rows(price.product for price in prices) if _of(row, price_list)}
        new = [price for price in prices if price.product not in present]
        other = [price for price in prices if price.product in present and _differs(price, present[price.product].values)]
        inserts = [Insert(str(uuid.uuid4()), _values(price_list, price)) for price in new]
        modifies = [Modify(present[price.product].key, present[price.product].etag or "*", _changing(price)) for price in other]
        answers = [
            *(self.sales.insert(self._table, inserts) if inserts else ()),
            *(self.sales.modify(self._table, modifies) if modifies else ()),
        ]
        told = zip([*new, *other], answers, strict=True)
        return {price.product: answer for price, answer in told if answer.outcome is not Outcome.DONE}

    def missing(self, wanted: Sequence[tuple[Place, Any]]) -> dict[Place, Insert]:
        """The places with a price that have no row yet, with the row for it: the first price of each, if it is positive."""
        prices = {place: amount for place, amount in reversed(wanted) if all(place) and amount > 0}
        rows = self._rows(product for _, product, _ in prices) if prices else []
        known = {tuple(str(row.values.get(name) or "") for name in _PLACE) for row in rows}
        return {
            place: Insert(str(uuid.uuid4()), {**dict(zip(_PLACE, place, strict=True)), "amount": amount})
            for place, amount in prices.items()
            if place not in known
        }

    def create(self, rows: Mapping[Place, Insert]) -> dict[Place, WriteResult]:
        """The answers that are not good, by place."""
        answers = self.sales.insert(self._table, list(rows.values())) if rows else []
        return {place: answer for place, answer in zip(rows, answers, strict=True) if answer.outcome is not Outcome.DONE}

    def _rows(self, products: Iterable[str]) -> list[Record]:
        return self.sales.find_records(self._table, "productid", list(dict.fromkeys(products)), [*_PLACE, "amount"])

    @property
    def _table(self) -> Table:
        return related_table(self.mapping, Side.SALES, "productpricelevels")


def _of(row: Record, price_list: str) -> bool:
    return row.values.get("pricelevelid") == price_list


def _values(price_list: str, price: Price) -> Mapping[str, Any]:
    return {"pricelevelid": price_list, "productid": price.product, "pricingmethodcode": _CURRENCY_AMOUNT, **_changing(price)}


def _changing(price: Price) -> Mapping[str, Any]:
    return {"uomid": price.unit, "uomscheduleid": price.group, "amount": price.amount}


def _differs(price: Price, row: Mapping[str, Any]) -> bool:
    return row.get("uomid") != price.unit or Decimal(str(row.get("amount") or 0)) != price.amount
