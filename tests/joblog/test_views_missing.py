"""From an error to the record that has to be coupled first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from joblog.models import SynchEntry
from mappings.models import IntegrationTableMapping
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.mark.rule("3.to-uncoupled")
def test_a_missing_currency_leads_to_its_place_in_the_list(
    customer: IntegrationTableMapping, people: People, command: Command, signed_in: Callable[[str], Client]
) -> None:
    people.create_standard("currencies", code="EUR", displayName="Euro")
    people.create_bc("customers", displayName="One", currencyCode="EUR")
    command("synchronize", "CUSTOMER", "--direction", "to")
    (entry,) = SynchEntry.objects.filter(code="not-coupled")
    client = signed_in("Reader")
    assert "Find the record to couple in CURRENCY" in client.get(reverse("joblog:errors")).content.decode()
    answer = client.get(reverse("joblog:missing", args=[entry.pk, 0]))
    assert answer["Location"].endswith("records/?side=business_central&q=EUR")


@pytest.mark.rule("3.from-uncoupled")
def test_a_missing_record_of_sales_leads_to_its_own_page(
    customer: IntegrationTableMapping, people: People, command: Command, signed_in: Callable[[str], Client]
) -> None:
    yen = people.create_sales(
        "transactioncurrencies", isocurrencycode="JPY", currencyname="Yen", currencysymbol="Y", currencyprecision=0, exchangerate=150
    )
    bind = {"transactioncurrencyid@odata.bind": f"/transactioncurrencies({yen['transactioncurrencyid']})"}
    people.create_sales("accounts", name="Sakura", customertypecode=3, **bind)
    command("synchronize", "CUSTOMER")
    (entry,) = SynchEntry.objects.filter(code="not-coupled")
    answer = signed_in("Reader").get(reverse("joblog:missing", args=[entry.pk, 0]))
    assert answer["Location"].endswith(f"records/sales/{yen['transactioncurrencyid']}/")


def test_an_entry_that_misses_nothing_has_no_such_page(
    customer: IntegrationTableMapping, people: People, command: Command, signed_in: Callable[[str], Client]
) -> None:
    people.create_bc("customers", displayName="One")
    command("synchronize", "CUSTOMER")
    assert signed_in("Reader").get(reverse("joblog:missing", args=[SynchEntry.objects.get().pk, 0])).status_code == 404
