"""Errors about references that are not coupled name the records that are meant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from joblog.models import SynchError
from mappings.models import Coupling, IntegrationTableMapping
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


def test_a_record_of_sales_that_is_not_coupled_is_named_with_one_request_for_the_page(
    customer: IntegrationTableMapping, people: People, command: Command
) -> None:
    currency = people.create_sales(
        "transactioncurrencies", currencyname="Krone", isocurrencycode="DKK", currencysymbol="kr", exchangerate=7, currencyprecision=2
    )
    key = currency["transactioncurrencyid"]
    for number in range(3):
        values = {"transactioncurrencyid@odata.bind": f"/transactioncurrencies({key})"}
        people.create_sales("accounts", name=f"Account {number}", customertypecode=3, **values)
    people.control("POST", "stats/reset")
    command("synchronize", "CUSTOMER", "--direction", "from")
    error = SynchError.objects.filter(source_label="Account 1").get()
    assert f"Krone ({key}) is not coupled to a record in Business Central" in error.message
    assert error.detail["missing"] == [{"mapping": "CURRENCY", "value": key}]
    assert error.message in Coupling.objects.get(sales_key=error.source_key).last_error
    assert people.stats()["sales"]["requests"] == 2
