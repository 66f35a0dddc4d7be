"""Price lists that invoices name: the default one in local currency, one for each other currency (rules price-list and price-list-row)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from mappings.models import IntegrationTableMapping
from mappings.rules.references import coupled_keys, first_refusal
from mappings.rules.related import related_table
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Insert, Side

DEFAULT_PRICE_LIST = "Business Central Default Price List"


class PriceLists:
    """Looks up price lists by currency; one that is missing gets its key at once and is created before the first write."""

    def __init__(self, mapping: IntegrationTableMapping, sales: Connector) -> None:
        self._mapping, self._sales = mapping, sales
        self._table = related_table(mapping, Side.SALES, "pricelevels")
        self._keys: dict[str, str] = {}
        self._missing: dict[str, Insert] = {}

    def key_of(self, currency: str) -> str | None:
        """The price list of a currency code; None where the currency itself is not known in Sales."""
        return self._keys.get(self._shown(currency))

    def look_up(self, currencies: Iterable[str]) -> None:
        """Finds the lists of these currencies that are not known yet, in one request."""
        wanted = {self._name(code): code for one in currencies if (code := self._shown(one)) not in self._keys}
        if not wanted:
            return
        in_sales = self._currencies(wanted.values())
        found = self._sales.find_records(self._table, "name", list(wanted), ["name", "transactioncurrencyid"])
        for record in found:
            code = wanted.get(str(record.values.get("name")), "")
            if code and record.values.get("transactioncurrencyid") == in_sales.get(code):
                self._keys.setdefault(code, record.key)
        for name, code in wanted.items():
            if code not in self._keys and code in in_sales:
                self._plan(name, code, in_sales[code])

    def create_missing(self) -> None:
        """Raises RecordError where Sales refuses one."""
        rows, self._missing = list(self._missing.values()), {}
        problem = first_refusal(self._sales.insert(self._table, rows)) if rows else None
        if problem is not None:
            raise problem

    def _plan(self, name: str, code: str, currency: str) -> None:
        self._keys[code] = str(uuid.uuid4())
        company = self._mapping.business_central.sales_company_id
        values = {"name": name, "transactioncurrencyid": currency}
        if company and "bcbi_companyid" in self._table.fields:
            values["bcbi_companyid"] = company
        self._missing[code] = Insert(self._keys[code], values)

    def _currencies(self, codes: Iterable[str]) -> dict[str, str]:
        local = self._mapping.business_central
        others = coupled_keys(self._mapping, "CURRENCY", codes, by="bc_number")
        return others | ({local.local_currency: local.sales_currency_id} if local.sales_currency_id else {})

    def _shown(self, currency: str) -> str:
        return currency or self._mapping.business_central.local_currency

    def _name(self, code: str) -> str:
        return DEFAULT_PRICE_LIST if code == self._mapping.business_central.local_currency else f"Price List in {code}"


class PriceRows:
    """Rows of price lists that invoice lines need (rule price-list-row); raises RecordError where Sales refuses one."""

    def __init__(self, mapping: IntegrationTableMapping, sales: Connector) -> None:
        self._sales = sales
        self._table = related_table(mapping, Side.SALES, "productpricelevels")

    def missing(self, wanted: Sequence[tuple[str, str, str, Any]]) -> list[Insert]:
        """(price list, product, unit, price) that have no row yet, as new rows: the first price of each, if it is positive."""
        rows = {(one[0], one[1], one[2]): one[3] for one in reversed(wanted) if all(one[:3]) and one[3] > 0}
        if not rows:
            return []
        names = ("pricelevelid", "productid", "uomid")
        found = self._sales.find_records(self._table, "productid", sorted({product for _, product, _ in rows}), names)
        known = {tuple(record.values.get(name) for name in names) for record in found}
        return [
            Insert(str(uuid.uuid4()), {**dict(zip(names, one, strict=True)), "amount": price})
            for one, price in rows.items()
            if one not in known
        ]

    def create(self, rows: Sequence[Insert]) -> None:
        problem = first_refusal(self._sales.insert(self._table, rows)) if rows else None
        if problem is not None:
            raise problem
