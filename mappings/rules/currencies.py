"""Currencies become transaction currencies with a computed exchange rate (engine.md section 19; special rules of CURRENCY)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import ClassVar

from mappings.models import IntegrationTableMapping, System
from mappings.rules.exchange_rates import ExchangeRates, sales_organization
from mappings.rules.related import related_table
from mappings.rules.table_rules import TO, MappingRules, Tables, computed, refused, texts, with_values
from syncadmin.sync.errors import RunError
from syncadmin.sync.plan import FieldRule, TablePlan
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Direction, Insert, Outcome, Record, Side
from syncadmin.sync.tables import FieldType


class CurrencyRules(MappingRules):
    also_read: ClassVar[Mapping[Side, tuple[str, ...]]] = {Side.BUSINESS_CENTRAL: ("code", "symbol")}
    also_watched: ClassVar[Mapping[Side, tuple[str, ...]]] = {Side.BUSINESS_CENTRAL: ("currencyExchangeRates",)}

    @classmethod
    def field_rules(cls, mapping: IntegrationTableMapping, tables: Tables) -> list[FieldRule]:
        sales = tables[Side.SALES].fields
        rate = computed("rate", FieldType.DECIMAL, "Exchange Rate")
        precision = computed("precision", FieldType.INTEGER, "Currency Precision")
        return [
            *super().field_rules(mapping, tables),
            FieldRule(bc=rate, sales=sales["exchangerate"], direction=TO),
            FieldRule(bc=precision, sales=sales["currencyprecision"], direction=TO, insert_only=True),
        ]

    def since(self, direction: Direction, start: datetime | None) -> datetime | None:
        """A new rate does not change the row of its currency, so every run looks at all of them; they are few."""
        return None if direction is Direction.TO_INTEGRATION else start

    def prepare(self, direction: Direction, records: Sequence[Record]) -> Sequence[Record]:
        if direction is not Direction.TO_INTEGRATION or not records:
            return records
        self.rates.load(_code(record) for record in records)
        return [self._rated(record) for record in records]

    def find_uncoupled(self, direction: Direction, records: Sequence[Record]) -> dict[str, str]:
        if direction is not Direction.TO_INTEGRATION:
            return {}
        table, codes = self.plan.table(Side.SALES), texts(_code(record) for record in records)
        found = self.connectors[Side.SALES].find_records(table, "isocurrencycode", codes, ["isocurrencycode"]) if codes else []
        keys = {str(row.values["isocurrencycode"]).strip().upper(): row.key for row in found}
        return {record.key: keys[_code(record)] for record in records if _code(record) in keys}

    @cached_property
    def organization(self) -> tuple[int, str]:
        return sales_organization(self.mapping, self.connectors[Side.SALES])

    @cached_property
    def rates(self) -> ExchangeRates:
        return ExchangeRates(self.mapping, self.connectors[Side.BUSINESS_CENTRAL], self.organization[1])

    def _rated(self, record: Record) -> Record:
        """Without etag: it says nothing of the rate."""
        code = _code(record)
        rate = self.rates.rate(code)
        if not rate:
            return refused(record, "no-exchange-rate", _no_rate(code, self.rates), "code")
        symbol = str(record.values.get("symbol") or "").strip() or code
        named = replace(record, values={**record.values, "symbol": symbol}, etag="")
        return with_values(named, rate=rate, precision=self.organization[0])


def with_local_currency(plan: TablePlan, mapping: IntegrationTableMapping, connectors: Mapping[Side, Connector]) -> TablePlan:
    """The plan with the row of the local currency in Sales, found or created where a blank currency needs it (rule local-currency).

    Raises RunError ``no-exchange-rate`` or the code of a refusal where it can be neither.
    """
    if plan.local_currency_key or not any(rule.local_currency for rule in plan.rules):
        return plan
    system, sales = mapping.business_central, connectors[Side.SALES]
    table = related_table(mapping, Side.SALES, "transactioncurrencies")
    found = sales.find_records(table, "isocurrencycode", [system.local_currency], ["isocurrencycode"])
    key = found[0].key if found else _create_local(mapping, connectors)
    System.objects.filter(pk=system.pk).update(sales_currency_id=key)
    system.sales_currency_id = key
    return replace(plan, local_currency_key=key)


def _create_local(mapping: IntegrationTableMapping, connectors: Mapping[Side, Connector]) -> str:
    sales, code = connectors[Side.SALES], mapping.business_central.local_currency
    precision, base = sales_organization(mapping, sales)
    rates = ExchangeRates(mapping, connectors[Side.BUSINESS_CENTRAL], base)
    rates.load([])
    rate = rates.rate(code)
    if not rate:
        raise RunError("no-exchange-rate", _no_rate(code, rates))
    values = {"isocurrencycode": code, "currencyname": code, "currencysymbol": code, "currencyprecision": precision, "exchangerate": rate}
    answer = sales.insert(related_table(mapping, Side.SALES, "transactioncurrencies"), [Insert(str(uuid.uuid4()), values)])[0]
    if answer.outcome is not Outcome.DONE:
        text = f"The local currency {code} could not be created in Dynamics 365 Sales: {answer.text or answer.outcome.value}"
        raise RunError(answer.code or "refused", text)
    return answer.key


def _no_rate(code: str, rates: ExchangeRates) -> str:
    """Names the currency that lacks the rate: the base currency of Sales may be the one."""
    lacking = code if code != rates.local and rates.base in ("", rates.local, *rates.newest) else rates.base
    return (
        f"The currency {code} cannot be created or updated in Dynamics 365 Sales: Business Central has no exchange rate of {lacking} "
        f"that is valid on {rates.today}. Enter one, then retry."
    )


def _code(record: Record) -> str:
    return str(record.values.get("code") or "").strip().upper()
