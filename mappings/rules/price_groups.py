"""Customer price groups become price lists (engine.md section 19; special rules of CUSTPRCGRP-PRICE)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import ClassVar

from mappings.couplings import couplings_of
from mappings.models import IntegrationTableMapping
from mappings.rules.first import uncoupled_inside
from mappings.rules.sales_prices import CURRENCY, ITEM, PRICES, SalesPrices, text
from mappings.rules.table_rules import TO, MappingRules, Tables, computed, refused, with_values
from syncadmin.sync.errors import RecordError
from syncadmin.sync.plan import FieldRule
from syncadmin.sync.records import Direction, Record, Side
from syncadmin.sync.tables import FieldType
from syncadmin.sync.touched import Touched
from syncadmin.sync.transfer import References

_ITEMS, _CURRENCIES = "ITEM-PRODUCT", "CURRENCY"
_BC = Side.BUSINESS_CENTRAL
_NAMED = 5  # items that a message names


class PriceGroupRules(MappingRules):
    also_read: ClassVar[Mapping[Side, tuple[str, ...]]] = {Side.BUSINESS_CENTRAL: ("code", "description")}

    @classmethod
    def field_rules(cls, mapping: IntegrationTableMapping, tables: Tables) -> list[FieldRule]:
        bc, sales = tables[Side.BUSINESS_CENTRAL].fields, tables[Side.SALES].fields
        currency = computed("currency", FieldType.CODE, "Currency Code")
        local = mapping.business_central.local_currency
        return [
            *super().field_rules(mapping, tables),
            FieldRule(bc=bc["description"], sales=sales["description"], direction=TO, insert_only=True),
            FieldRule(bc=currency, sales=sales["transactioncurrencyid"], direction=TO, lookup=_CURRENCIES, local_currency=local),
        ]

    def prepare(self, direction: Direction, records: Sequence[Record]) -> Sequence[Record]:
        part = [] if direction is Direction.FROM_INTEGRATION else self.taking_part(records)
        self.page = {one.key: text(one, "code") for one in part}
        if not part:
            return records
        self.prices.load(self.page.values())
        self._load_references()
        self._items_first()
        lists = self._currencies_of_lists(part)
        return [self._prepared(one, lists.get(one.key, "")) if one.key in self.page else one for one in records]

    def follow_up(self, direction: Direction, touched: Sequence[Touched]) -> Sequence[tuple[str, Sequence[str]]]:
        """All prices of the groups, every time (rule lines)."""
        if direction is Direction.FROM_INTEGRATION:
            return ()
        codes = [self.page[item.source_key] for item in touched if item.source_key in self.page]
        return [(PRICES, [row.key for code in codes for row in self.prices.leading(code)])]

    @cached_property
    def page(self) -> dict[str, str]:
        """The codes of the groups of the page under way."""
        return {}

    @cached_property
    def coming(self) -> set[str]:
        """Numbers of items that a preview takes for coupled, because they are synchronized first."""
        return set()

    @cached_property
    def prices(self) -> SalesPrices:
        return SalesPrices(self.mapping, self.connectors)

    def _prepared(self, record: Record, list_currency: str) -> Record:
        """``list_currency`` is the currency key of the price list, "" for a group that has none yet."""
        prices = self.prices.of_group(text(record, "code"))
        currency = self._code(prices[0]) if prices else ""
        problem = self._problem(prices, currency)
        if problem is not None:
            return replace(record, problem=problem)
        expected = self.known.get((_CURRENCIES, currency), "") if currency else self.plan.local_currency_key
        if list_currency and expected and list_currency != expected:
            told = currency or self.mapping.business_central.local_currency
            text_ = (
                f"The prices of the group are in {told}, its price list in Dynamics 365 Sales is in another currency, which cannot change."
            )
            return refused(record, "price-list-currency", f"{text_} Couple the group to a price list in {told}.", "transactioncurrencyid")
        return with_values(record, currency=currency)

    def _problem(self, prices: Sequence[Record], currency: str) -> RecordError | None:
        local = self.mapping.business_central.local_currency
        others = sorted({self._code(one) or local for one in prices} - {currency or local})
        if others:
            told = f"All prices of the group must have one currency: the first has {currency or local}, others {', '.join(others)}."
            return RecordError("several-currencies", f"{told} Correct the sales prices, then retry.", fields=[CURRENCY])
        missing = sorted({number for one in prices if (_ITEMS, number := text(one, ITEM)) not in self.known} - self.coming)
        if missing:
            return _not_coupled(missing)
        return next((error for one in prices if (error := self._unit_problem(one)) is not None), None)

    def _items_first(self) -> None:
        """Items that are not coupled, and pass the filter of their mapping, are synchronized first (rule one-currency)."""
        keys = self.prices.item_keys(self._uncoupled_items())
        wanted = set(uncoupled_inside(self.mapping, _ITEMS, _BC, self.connectors[_BC], list(keys.values()))) if keys else set()
        if wanted and self.synchronize_first is not None:
            self.synchronize_first(_ITEMS, sorted(wanted))
            self._load_references()
        elif wanted:  # a preview takes that for done
            self.coming |= {number for number, key in keys.items() if key in wanted}

    def _uncoupled_items(self) -> set[str]:
        return {number for one in self._priced if (_ITEMS, number := text(one, ITEM)) not in self.known}

    @property
    def _priced(self) -> list[Record]:
        """The prices of all groups of the page."""
        return [row for code in self.page.values() for row in self.prices.of_group(code)]

    def _unit_problem(self, price: Record) -> RecordError | None:
        try:
            self.prices.base_unit(price)
        except RecordError as error:
            return error
        return None

    def _code(self, price: Record) -> str:
        """The currency of a price, "" for the local one (A13)."""
        code = text(price, CURRENCY).upper()
        return "" if code == self.mapping.business_central.local_currency else code

    def _load_references(self) -> None:
        prices = self._priced
        wanted = {(_ITEMS, text(row, ITEM)) for row in prices} | {(_CURRENCIES, self._code(row)) for row in prices}
        self.known: References = couplings_of(self.mapping).references(Direction.TO_INTEGRATION, wanted) if wanted else {}

    def _currencies_of_lists(self, records: Sequence[Record]) -> dict[str, str]:
        """The currency of the price list by the key of its group, for groups that have one."""
        states = couplings_of(self.mapping).for_records(Side.BUSINESS_CENTRAL, [one.key for one in records])
        keys = {key: state.sales.key for key, state in states.items() if state.sales.key and state.pending is None}
        table = self.plan.table(Side.SALES)
        found = self.connectors[Side.SALES].read_records(table, list(keys.values()), ["transactioncurrencyid"]) if keys else {}
        return {key: str(found[own].values.get("transactioncurrencyid") or "") for key, own in keys.items() if own in found}


def _not_coupled(numbers: Sequence[str]) -> RecordError:
    named = ", ".join(numbers[:_NAMED]) + (f" and {len(numbers) - _NAMED} more" if len(numbers) > _NAMED else "")
    told = f"Prices of the group are for items that are not coupled to a product in Dynamics 365 Sales: {named}."
    return RecordError(
        "not-coupled", f"{told} Couple them in the mapping {_ITEMS}, then retry.", fields=[ITEM], missing=(_ITEMS, numbers[0])
    )
