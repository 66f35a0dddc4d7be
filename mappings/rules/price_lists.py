"""Price lists of Sales that products and invoices name: one in local currency, one for each other currency (rules default-price-list and
price-list)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mappings.models import IntegrationTableMapping
from mappings.rules.references import coupled_keys
from mappings.rules.related import related_table
from syncadmin.sync.errors import RetryLater, RunError
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Insert, Outcome, Record, Side
from syncadmin.sync.tables import Table

_PRODUCT = "Business Central"
_PAUSE = 60.0


@dataclass
class PriceLists:
    """Finds lists by name and currency. One that is missing has its key at once and is created before the first write.

    All companies of a Sales environment share them, so they carry no company. ``local`` is the key of the local currency in Sales, "" where
    it has none yet.
    """

    mapping: IntegrationTableMapping
    sales: Connector
    local: str
    _keys: dict[str, str] = field(default_factory=dict)
    _missing: dict[str, Insert] = field(default_factory=dict)

    def key_of(self, currency: str = "") -> str | None:
        """The list of a currency that was looked up, "" for the local one; None where the currency itself is not known in Sales."""
        return self._keys.get(self._shown(currency))

    def look_up(self, currencies: Iterable[str] = ("",)) -> None:
        """Finds the lists of these currencies that are not known yet, in one request."""
        wanted = [code for code in dict.fromkeys(self._shown(one) for one in currencies) if code not in self._keys]
        in_sales = self._currencies(wanted)
        names = [name for code in in_sales for name in self._names(code)]
        rows = self.sales.find_records(self._table, "name", names, ["name", "transactioncurrencyid"]) if names else []
        for code, currency in in_sales.items():
            self._keys[code] = _named(rows, self._names(code), currency) or self._planned(code, currency, rows)

    def create_missing(self) -> None:
        """Creates the lists that were looked up in vain; raises RunError ``price-list`` with the system's reason, or RetryLater."""
        missing, self._missing = list(self._missing.values()), {}
        for row, answer in zip(missing, self.sales.insert(self._table, missing) if missing else (), strict=True):
            text = f"The price list {row.values['name']} could not be created in Dynamics 365 Sales: {answer.text or 'it did not answer'}"
            if answer.passing or answer.outcome is Outcome.UNKNOWN:
                raise RetryLater(text, seconds=_PAUSE)
            if answer.outcome not in (Outcome.DONE, Outcome.EXISTS):
                raise RunError("price-list", text)

    def _planned(self, code: str, currency: str, rows: Sequence[Record]) -> str:
        """The key follows from the name, so that two runs at once cannot create two lists."""
        taken = {_name(row) for row in rows}
        names = self._names(code)
        name = next((one for one in names if one.casefold() not in taken), names[-1])
        key = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.mapping.sales.address}/{currency}/{name}"))
        self._missing[code] = Insert(key, {"name": name, "transactioncurrencyid": currency})
        return key

    def _currencies(self, codes: Sequence[str]) -> dict[str, str]:
        """Keys of those of these currencies that Sales knows."""
        own = self._shown("")
        others = coupled_keys(self.mapping, "CURRENCY", [code for code in codes if code != own], by="bc_number")
        return others | ({own: self.local} if own in codes and self.local else {})

    def _names(self, code: str) -> tuple[str, ...]:
        """What the list may be called; the second name is for where the first is taken by a list in another currency."""
        if code != self._shown(""):
            return (f"Price List in {code}",)
        return f"{_PRODUCT} Default Price List", f"{_PRODUCT} {code} Default Price List"

    def _shown(self, currency: str) -> str:
        return currency or self.mapping.business_central.local_currency

    @property
    def _table(self) -> Table:
        return related_table(self.mapping, Side.SALES, "pricelevels")


def _named(rows: Iterable[Record], names: Iterable[str], currency: str) -> str | None:
    own = {_name(row): row.key for row in rows if row.values.get("transactioncurrencyid") == currency}
    return next((own[name.casefold()] for name in names if name.casefold() in own), None)


def _name(row: Record) -> Any:
    return str(row.values.get("name") or "").casefold()
