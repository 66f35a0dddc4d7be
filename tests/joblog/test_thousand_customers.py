"""A thousand customers, from the first load to a conflict: how many requests, which records, which fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mappings.models import IntegrationTableMapping
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def loaded(customer: IntegrationTableMapping, people: People, command: Command) -> list[dict[str, Any]]:
    """1,000 customers that are synchronized; their rows in Business Central with the id of their account."""
    rows = [{"displayName": f"Customer {number:04}", "city": "Aarhus", "phoneNumber": "+45 8612 3456"} for number in range(1000)]
    people.create_many_bc("customers", rows)
    people.control("POST", "stats/reset")
    code, told = command("synchronize", "CUSTOMER")
    assert (code, total(told, "inserted"), total(told, "failed")) == (0, 1000, 0)
    accounts = {row["name"]: row["accountid"] for row in people.rows_sales("accounts")}
    return [row | {"account": accounts[row["displayName"]]} for row in people.rows_bc("customers")]


def test_the_first_load_takes_at_most_forty_requests(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    people.create_many_bc("customers", [{"displayName": f"Customer {number:04}"} for number in range(1000)])
    people.control("POST", "stats/reset")
    code, told = command("synchronize", "CUSTOMER")
    assert (code, total(told, "inserted"), total(told, "failed")) == (0, 1000, 0)
    assert requests_seen(people) == requests_told(told) <= 40


@pytest.mark.rule("6.no-duplicates")
def test_a_second_run_finds_nothing_to_do_in_at_most_six_requests(loaded: list[Any], people: People, command: Command) -> None:
    people.control("POST", "stats/reset")
    code, told = command("synchronize", "CUSTOMER")
    assert (code, total(told, "inserted"), total(told, "modified"), total(told, "failed")) == (0, 0, 0, 0)
    assert requests_seen(people) <= 6


@pytest.mark.rule("6.modified")
def test_ten_changes_on_each_side_are_ten_modifications_each_way(loaded: list[Any], people: People, command: Command) -> None:
    for row in loaded[:10]:
        people.change_bc("customers", row["id"], city="Odense")
    for row in loaded[10:20]:
        people.change_sales("accounts", row["account"], address1_city="Vejle")
    _, told = command("synchronize", "CUSTOMER")
    assert [job["modified"] for job in told["jobs"]] == [10, 10]
    cities = [row["city"] for row in people.rows_bc("customers")]
    assert (cities.count("Odense"), cities.count("Vejle"), cities.count("Aarhus")) == (10, 10, 980)


@pytest.mark.rule("A1.one-side")
def test_different_fields_of_one_pair_both_flow(loaded: list[Any], people: People, command: Command) -> None:
    row = loaded[7]
    people.change_bc("customers", row["id"], city="Ribe")
    people.change_sales("accounts", row["account"], telephone1="+45 7542 0000")
    code, told = command("synchronize", "CUSTOMER")
    assert (code, total(told, "failed"), total(told, "modified")) == (0, 0, 2)
    customer, account = pair(people, row)
    assert (customer["city"], customer["phoneNumber"]) == ("Ribe", "+45 7542 0000")
    assert (account["address1_city"], account["telephone1"]) == ("Ribe", "+45 7542 0000")


@pytest.mark.rule("A1.both-differ", "A1.others-flow", "A1.none", "A1.fails-once", "A1.failed-alone")
def test_the_same_field_changed_to_different_values_is_one_conflict(loaded: list[Any], people: People, command: Command) -> None:
    row = loaded[7]
    people.change_bc("customers", row["id"], city="Ribe", addressLine1="Torvet 1")
    people.change_sales("accounts", row["account"], address1_city="Esbjerg", fax="+45 7542 0001")
    code, told = command("synchronize", "CUSTOMER")
    assert (code, total(told, "failed")) == (1, 1)
    _, log = command("synchlog", "--errors", "--last", "2")
    (entry,) = log["entries"]
    assert (entry["code"], entry["fields"]) == ("conflict", ["city"])
    (conflict,) = entry["conflicts"]
    assert (conflict["baseline_bc"], conflict["bc"], conflict["sales"]) == ("Aarhus", "Ribe", "Esbjerg")
    assert all(word in entry["message"] for word in ("City", "Aarhus", "Ribe", "Esbjerg"))
    customer, account = pair(people, row)
    assert (customer["city"], account["address1_city"]) == ("Ribe", "Esbjerg")
    assert (account["address1_line1"], customer["faxNumber"]) == ("Torvet 1", "+45 7542 0001")


@pytest.mark.rule("A11.same", "A11.job")
def test_a_preview_writes_nothing_and_lists_what_the_run_then_does(loaded: list[Any], people: People, command: Command) -> None:
    people.change_bc("customers", loaded[0]["id"], city="Ribe")
    people.change_sales("accounts", loaded[1]["account"], address1_city="Vejle")
    people.change_bc("customers", loaded[2]["id"], city="Ribe")
    people.change_sales("accounts", loaded[2]["account"], address1_city="Vejle", fax="12")
    people.create_bc("customers", displayName="A new one")
    people.create_sales("accounts", name="Another new one", customertypecode=3)
    people.control("POST", "stats/reset")
    _, preview = command("synchronize", "CUSTOMER", "--preview")
    assert {system: writes(people, system) for system in ("business_central", "sales")} == {"business_central": 0, "sales": 0}
    _, run = command("synchronize", "CUSTOMER")
    assert listed(command, preview) == listed(command, run)
    assert [job["type"] for job in preview["jobs"]] == ["Preview", "Preview"]


def total(told: dict[str, Any], counter: str) -> int:
    return sum(job[counter] for job in told["jobs"])


def requests_told(told: dict[str, Any]) -> int:
    return sum(sum(job["requests"].values()) for job in told["jobs"])


def requests_seen(people: People) -> int:
    stats = people.stats()
    return int(stats["business_central"]["requests"] + stats["sales"]["requests"])


def writes(people: People, system: str) -> int:
    """Operations that change data; a $batch that only reads counts as what is inside it."""
    methods = people.stats()[system]["by_method"]
    return sum(methods.get(method, 0) for method in ("POST", "PATCH", "PUT", "DELETE"))


def pair(people: People, row: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    (customer,) = people.rows_bc("customers", f"id eq {row['id']}")
    (account,) = people.rows_sales("accounts", f"accountid eq {row['account']}")
    return customer, account


def listed(command: Command, told: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The entries of a run, without what only a run that writes can know: the key of a new record."""
    entries = [entry for job in told["jobs"] for entry in command("synchlog", "--job", str(job["id"]), "--entries")[1]["entries"]]
    return sorted((e["direction"], e["source"]["key"], e["action"], e["code"], str(e["changes"])) for e in entries)
