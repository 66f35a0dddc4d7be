"""Fixes at work, over HTTP: what was held up goes through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from joblog import runner
from joblog.models import ErrorCause, JobQueueEntry, SynchJob
from mappings.models import Coupling, IntegrationTableMapping
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def abroad(customer: IntegrationTableMapping, people: People, command: Command) -> People:
    """Two customers who pay in euros, and no euro in Sales."""
    people.create_standard("currencies", code="EUR", displayName="Euro")
    people.control("POST", "rate", {"currency": "EUR", "rate": 1.25})
    for name in ("Paris", "Rome"):
        people.create_bc("customers", displayName=name, currencyCode="EUR")
    command("synchronize", "CUSTOMER", "--direction", "to")
    assert open_records() == {"not-coupled": 2}
    return people


def open_records() -> dict[str, int]:
    return dict(ErrorCause.objects.filter(records__gt=0).values_list("code", "records"))


def press(client: Client, code: str, do: str) -> str:
    """Presses the button of a cause and runs what it has made; what the page said."""
    cause = ErrorCause.objects.get(code=code, records__gt=0)
    told = client.post(reverse("joblog:cause-fix", args=[cause.pk]), {"do": do}, follow=True).content.decode()
    for entry in JobQueueEntry.objects.filter(recurring=False):
        runner.run(entry.pk)
    return told


def jobs_since(pk: int) -> list[tuple[str, str, int, int]]:
    rows = SynchJob.objects.filter(pk__gt=pk).order_by("pk")
    return list(rows.values_list("mapping_name", "type", "inserted", "coupled"))


def test_a_missing_currency_is_created_and_its_records_go_through(abroad: People, operator: Client) -> None:
    before = SynchJob.objects.latest("pk").pk
    press(operator, "not-coupled", "couple")
    assert open_records() == {}
    assert sorted(row["name"] for row in abroad.rows_sales("accounts")) == ["Paris", "Rome"]
    assert [(name, inserted) for name, _, inserted, _ in jobs_since(before) if inserted] == [("CURRENCY", 1), ("CUSTOMER", 2)]


def test_a_missing_currency_that_sales_has_is_coupled_to_it(abroad: People, operator: Client) -> None:
    there = abroad.create_sales(
        "transactioncurrencies", isocurrencycode="EUR", currencyname="Euro", currencysymbol="€", currencyprecision=2, exchangerate=7
    )
    press(operator, "not-coupled", "couple")
    assert open_records() == {}
    assert Coupling.objects.get(mapping__name="CURRENCY").sales_key == there["transactioncurrencyid"]
    assert len(abroad.rows_sales("transactioncurrencies", "isocurrencycode eq 'EUR'")) == 1


def test_what_cannot_be_created_has_its_own_cause_and_the_records_wait(abroad: People, operator: Client, command: Command) -> None:
    abroad.create_standard("currencies", code="XAU", displayName="Gold")
    abroad.create_bc("customers", displayName="Fort Knox", currencyCode="XAU")
    command("synchronize", "CUSTOMER", "--direction", "to")
    press(operator, "not-coupled", "couple")
    assert open_records() == {"not-coupled": 1, "no-exchange-rate": 1}


def test_a_text_is_cut_once_the_field_mapping_may(
    customer: IntegrationTableMapping, people: People, command: Command, signed_in: Callable[[str], Client]
) -> None:
    people.create_sales("accounts", name="Long", address1_city="x" * 50, customertypecode=3)
    command("synchronize", "CUSTOMER")
    assert open_records() == {"too-long": 1}
    press(signed_in("Administrator"), "too-long", "truncate")
    assert open_records() == {}
    assert [row["city"] for row in people.rows_bc("customers")] == ["x" * 30]


def test_conflicts_of_many_records_are_decided_at_once(
    customer: IntegrationTableMapping, people: People, command: Command, operator: Client
) -> None:
    rows = [people.create_bc("customers", displayName=f"Customer {number}") for number in range(3)]
    command("synchronize", "CUSTOMER")
    for row in rows:
        people.change_bc("customers", row["id"], city="Graz")
        people.change_sales("accounts", str(Coupling.objects.get(bc_key=row["id"]).sales_key), address1_city="Linz")
    command("synchronize", "CUSTOMER")
    assert open_records() == {"conflict": 3}
    press(operator, "conflict", "keep-sales")
    assert open_records() == {}
    assert {row["city"] for row in people.rows_bc("customers")} == {"Linz"}


def test_deleted_records_are_restored_and_their_cause_closes(
    customer: IntegrationTableMapping, people: People, command: Command, operator: Client
) -> None:
    row = people.create_bc("customers", displayName="One")
    command("synchronize", "CUSTOMER")
    people.delete_sales("accounts", str(Coupling.objects.get().sales_key))
    people.change_bc("customers", row["id"], city="Graz")
    command("synchronize", "CUSTOMER")
    assert open_records() == {"deleted": 1}
    press(operator, "deleted", "restore")
    assert open_records() == {}
    assert [account["name"] for account in people.rows_sales("accounts")] == ["One"]


def test_an_interrupted_fix_goes_on_where_it_stopped(abroad: People, operator: Client, settings: Any) -> None:
    settings.SLICE_SECONDS = 0
    press(operator, "not-coupled", "couple")
    for _ in range(5):
        for entry in JobQueueEntry.objects.filter(recurring=False):
            runner.run(entry.pk)
    assert open_records() == {}
    assert len(abroad.rows_sales("accounts")) == 2
