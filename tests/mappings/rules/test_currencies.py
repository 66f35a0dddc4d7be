"""Currencies over HTTP: rates, defaults and the local currency (engine.md section 19, Currency; M23)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mappings.models import Coupling, IntegrationTableMapping, System, SystemKind
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def euro(company: People) -> People:
    """A company with the currency EUR, worth 1.25 of its local currency; new currencies are created in Sales."""
    IntegrationTableMapping.objects.filter(name="CURRENCY").update(synch_only_coupled=False)
    company.create_standard("currencies", code="EUR", displayName="Euro")
    company.control("POST", "rate", {"currency": "EUR", "rate": 1.25})
    return company


def in_sales(people: People, code: str) -> dict[str, Any]:
    (row,) = people.rows_sales("transactioncurrencies", f"isocurrencycode eq '{code}'")
    return row


@pytest.mark.rule("19.currency.symbol")
def test_a_new_currency_has_its_rate_precision_and_symbol(euro: People, command: Command) -> None:
    assert command("synchronize", "CURRENCY")[1]["jobs"][0]["inserted"] == 1
    row = in_sales(euro, "EUR")
    assert (row["currencyname"], row["exchangerate"], row["currencyprecision"], row["currencysymbol"]) == ("Euro", 0.8, 2, "EUR")


@pytest.mark.rule("19.currency.rate")
def test_a_new_rate_reaches_sales_although_the_currency_itself_is_unchanged(euro: People, command: Command) -> None:
    command("synchronize", "CURRENCY")
    euro.control("POST", "rate", {"currency": "EUR", "rate": 2})
    assert command("synchronize", "CURRENCY")[1]["jobs"][0]["modified"] == 1
    assert in_sales(euro, "EUR")["exchangerate"] == 0.5
    assert command("synchronize", "CURRENCY")[1]["jobs"][0]["unchanged"] == 1


@pytest.mark.rule("19.currency.no-rate")
def test_a_currency_without_rate_fails_and_creates_nothing(euro: People, command: Command) -> None:
    euro.create_standard("currencies", code="XAU", displayName="Gold")
    code, told = command("synchronize", "CURRENCY")
    assert (code, told["jobs"][0]["inserted"], told["jobs"][0]["failed"]) == (1, 1, 1)
    (failed,) = command("synchlog", "--errors", "--entries")[1]["entries"]
    assert failed["code"] == "no-exchange-rate"
    assert not euro.rows_sales("transactioncurrencies", "isocurrencycode eq 'XAU'")


@pytest.mark.rule("6.found", "19.currency.match")
def test_a_currency_that_sales_knows_is_coupled_by_its_iso_code(euro: People, command: Command) -> None:
    old = {"currencyname": "Old", "currencysymbol": "€", "currencyprecision": 4, "exchangerate": 7}
    there = euro.create_sales("transactioncurrencies", isocurrencycode="EUR", **old)
    assert command("synchronize", "CURRENCY")[1]["jobs"][0]["modified"] == 1
    assert Coupling.objects.get().sales_key == there["transactioncurrencyid"]
    assert (in_sales(euro, "EUR")["currencyname"], in_sales(euro, "EUR")["exchangerate"]) == ("Euro", 0.8)


@pytest.mark.rule("19.currency.cross")
def test_a_cross_rate_goes_over_the_local_currency(euro: People, command: Command) -> None:
    System.objects.filter(kind=SystemKind.BUSINESS_CENTRAL).update(local_currency="DKK")
    euro.create_standard("currencies", code="USD", displayName="Dollar")
    euro.control("POST", "rate", {"currency": "USD", "rate": 0.25})
    euro.control("POST", "rate", {"currency": "EUR", "rate": 1})
    assert command("synchronize", "CURRENCY")[0] == 0
    assert (in_sales(euro, "EUR")["exchangerate"], in_sales(euro, "USD")["exchangerate"]) == (0.25, 1)


@pytest.mark.rule("3.to-currency")
def test_the_local_currency_is_created_in_sales_when_a_blank_one_needs_it(euro: People, command: Command) -> None:
    System.objects.filter(kind=SystemKind.BUSINESS_CENTRAL).update(local_currency="DKK", sales_currency_id="")
    euro.create_standard("currencies", code="USD", displayName="Dollar")
    euro.control("POST", "rate", {"currency": "USD", "rate": 5})
    command("synchronize", "CURRENCY")
    IntegrationTableMapping.objects.filter(name="CUSTOMER").update(synch_only_coupled=False)
    euro.create_bc("customers", number="C1", displayName="Adatum")
    assert command("synchronize", "CUSTOMER", "--direction", "to")[0] == 0
    row = in_sales(euro, "DKK")
    assert (row["currencyname"], row["currencysymbol"], row["exchangerate"]) == ("DKK", "DKK", 5)
    assert System.objects.get(kind=SystemKind.BUSINESS_CENTRAL).sales_currency_id == row["transactioncurrencyid"]
