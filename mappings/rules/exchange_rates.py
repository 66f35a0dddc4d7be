"""Exchange rates of Business Central in the terms of Dynamics 365 Sales: currency units per one unit of its base currency."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils import timezone

from mappings.models import IntegrationTableMapping
from mappings.rules.related import read_all, related_table
from mappings.systems import zone_of
from syncadmin.sync.errors import RunError
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Record, Side

_FIELDS = ("currencyCode", "startingDate", "exchangeRateAmount", "relationalCurrencyCode", "relationalExchangeRateAmount")
_RECENT = timedelta(days=45)
_DIGITS = Decimal("0.0000000001")


class ExchangeRates:
    """The rates of one company as of its today (engine.md section 19, Currency).

    Reads the rates of the last weeks at once, and the whole history only of currencies that have none in it.
    """

    def __init__(self, mapping: IntegrationTableMapping, bc: Connector, base: str) -> None:
        """``base`` is the ISO code of the base currency of Dynamics 365 Sales."""
        self.bc, self.base = bc, base
        self.local = mapping.business_central.local_currency
        self.table = related_table(mapping, Side.BUSINESS_CENTRAL, "currencyExchangeRates")
        self.today: date = timezone.now().astimezone(zone_of(mapping.business_central)).date()
        self.newest: dict[str, Record] = {}
        recent = f"startingDate ge {self.today - _RECENT} and startingDate le {self.today}"
        self._keep(read_all(bc, self.table, _FIELDS, recent))

    def load(self, codes: Iterable[str]) -> None:
        """Makes the rates of these currencies, and of those that they are quoted in, available."""
        wanted = {*codes, self.base} - {self.local, ""}
        while missing := sorted(wanted - self.newest.keys()):
            self._keep(self.bc.find_records(self.table, "currencyCode", missing, _FIELDS))
            quoted = {_text(self.newest[code], "relationalCurrencyCode") for code in wanted if code in self.newest}
            wanted = (wanted | quoted) - {self.local, "", *missing}

    def rate(self, code: str) -> Decimal | None:
        """Units of the currency per unit of the base currency, to 10 digits; None where a rate is missing or zero."""
        if code == self.base:
            return Decimal(1)
        own, base = self._per_local(code), self._per_local(self.base)
        return (own / base).quantize(_DIGITS, ROUND_HALF_UP) if own and base else None

    def _per_local(self, code: str, seen: frozenset[str] = frozenset()) -> Decimal | None:
        """Units of the currency per unit of the local one, over the currency that it is quoted in."""
        if code in ("", self.local):
            return Decimal(1)
        if code in seen or code not in self.newest:
            return None
        row = self.newest[code]
        amount, for_amount = _number(row, "exchangeRateAmount"), _number(row, "relationalExchangeRateAmount")
        quoted = self._per_local(_text(row, "relationalCurrencyCode"), seen | {code})
        return amount / for_amount * quoted if amount and for_amount and quoted else None

    def _keep(self, rows: Iterable[Record]) -> None:
        """The newest row of each currency that is in force today."""
        for row in rows:
            code, start = _text(row, "currencyCode"), str(row.values.get("startingDate") or "")
            known = self.newest.get(code)
            if start <= self.today.isoformat() and (known is None or str(known.values.get("startingDate") or "") <= start):
                self.newest[code] = row


def sales_organization(mapping: IntegrationTableMapping, sales: Connector) -> tuple[int, str]:
    """The currency precision and the ISO code of the base currency of Dynamics 365 Sales.

    Raises RunError ``no-base-currency`` where the organization names none.
    """
    table = related_table(mapping, Side.SALES, "organizations")
    rows = read_all(sales, table, ["currencydecimalprecision", "basecurrencyid"])
    values: dict[str, Any] = dict(rows[0].values) if rows else {}
    key = str(values.get("basecurrencyid") or "").lower()
    currencies = related_table(mapping, Side.SALES, "transactioncurrencies")
    found = sales.read_records(currencies, [key], ["isocurrencycode"]) if key else {}
    if key not in found:
        raise RunError(
            "no-base-currency", "The organization of Dynamics 365 Sales has no base currency that can be read. Check its rights."
        )
    return int(values.get("currencydecimalprecision") or 0), _text(found[key], "isocurrencycode")


def _text(row: Record, name: str) -> str:
    return str(row.values.get(name) or "").strip().upper()


def _number(row: Record, name: str) -> Decimal:
    return Decimal(str(row.values.get(name) or 0))
