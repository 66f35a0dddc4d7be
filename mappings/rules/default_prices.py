"""The default price list of Sales and one price row per product in it (rules default-price-list and default-price)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from mappings.models import IntegrationTableMapping
from mappings.rules.related import related_table
from syncadmin.sync.errors import RunError
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Insert, Modify, Outcome, Record, Side, WriteResult

_PRODUCT = "Business Central"
_CURRENCY_AMOUNT = 1  # pricingmethodcode


@dataclass(frozen=True)
class Price:
    """What the row of a product shall say; ``amount`` is in the local currency."""

    product: str
    group: str
    unit: str
    amount: Decimal


@dataclass
class DefaultPriceList:
    """The list that all products of all companies with this local currency share; ``currency`` is the key of that currency in Sales."""

    mapping: IntegrationTableMapping
    sales: Connector
    currency: str
    _there: bool = False

    @cached_property
    def key(self) -> str:
        """The key of the list; for a list that does not exist yet the key that :meth:`create` gives it."""
        table = related_table(self.mapping, Side.SALES, "pricelevels")
        rows = self.sales.find_records(table, "name", list(self._names), ["name", "transactioncurrencyid"])
        own = {_name(row): row.key for row in rows if row.values.get("transactioncurrencyid") == self.currency}
        found = next((own[name.casefold()] for name in self._names if name.casefold() in own), None)
        self._there = found is not None
        # The key follows from the name, so that two runs at once cannot create two lists.
        self._taken = {_name(row) for row in rows}
        return found or str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.mapping.sales.address}/{self.currency}/{self._free_name}"))

    def create(self) -> None:
        """Creates the list where it is missing; raises RunError with the system's reason."""
        key = self.key
        if self._there:
            return
        table = related_table(self.mapping, Side.SALES, "pricelevels")
        values = {"name": self._free_name, "transactioncurrencyid": self.currency}
        answer = self.sales.insert(table, [Insert(key, values)])[0]
        if answer.outcome not in (Outcome.DONE, Outcome.EXISTS):
            text = answer.text or "the system did not answer"
            raise RunError("default-price-list", f"The price list {self._free_name} could not be created in Dynamics 365 Sales: {text}")
        self._there = True

    def set_prices(self, prices: Sequence[Price]) -> dict[str, WriteResult]:
        """Creates and corrects the rows of these products, in batches; the answers that are not good, by product."""
        table = related_table(self.mapping, Side.SALES, "productpricelevels")
        present = self._rows([price.product for price in prices])
        new = [price for price in prices if price.product not in present]
        other = [price for price in prices if price.product in present and _differs(price, present[price.product].values)]
        inserts = [Insert(str(uuid.uuid4()), self._values(price)) for price in new]
        modifies = [Modify(present[price.product].key, present[price.product].etag or "*", _changing(price)) for price in other]
        answers = [*(self.sales.insert(table, inserts) if inserts else ()), *(self.sales.modify(table, modifies) if modifies else ())]
        told = zip([*new, *other], answers, strict=True)
        return {price.product: answer for price, answer in told if answer.outcome is not Outcome.DONE}

    @property
    def _names(self) -> tuple[str, str]:
        local = self.mapping.business_central.local_currency
        return f"{_PRODUCT} Default Price List", f"{_PRODUCT} {local} Default Price List"

    @property
    def _free_name(self) -> str:
        plain, with_code = self._names
        return with_code if plain.casefold() in self._taken else plain

    def _rows(self, products: Iterable[str]) -> dict[str, Record]:
        table = related_table(self.mapping, Side.SALES, "productpricelevels")
        fields = ["pricelevelid", "productid", "uomid", "amount", "pricingmethodcode"]
        found = self.sales.find_records(table, "productid", list(dict.fromkeys(products)), fields)
        return {str(row.values["productid"]): row for row in found if row.values.get("pricelevelid") == self.key}

    def _values(self, price: Price) -> Mapping[str, Any]:
        return {"pricelevelid": self.key, "productid": price.product, "pricingmethodcode": _CURRENCY_AMOUNT, **_changing(price)}


def _changing(price: Price) -> Mapping[str, Any]:
    return {"uomid": price.unit, "uomscheduleid": price.group, "amount": price.amount}


def _differs(price: Price, row: Mapping[str, Any]) -> bool:
    return row.get("uomid") != price.unit or Decimal(str(row.get("amount") or 0)) != price.amount


def _name(row: Record) -> str:
    return str(row.values.get("name") or "").casefold()
