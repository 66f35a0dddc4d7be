"""Templates for new records: which one is used, and what wins (engine.md section 10), over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from joblog.models import SynchEntry
from mappings.models import Coupling, IntegrationTableMapping
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]
IN_ULM, IN_BONN = [{"field": "city", "operator": "=", "value": "Ulm"}], [{"field": "city", "operator": "=", "value": "Bonn"}]


@pytest.fixture
def templates(customer: IntegrationTableMapping) -> Callable[..., None]:
    """Replaces the templates of a side by (code, priority, conditions, defaults)."""

    def make(side: str, *rows: tuple[str, int, list[dict[str, str]], dict[str, Any]]) -> None:
        customer.templates.filter(side=side).delete()
        for code, priority, conditions, defaults in rows:
            customer.templates.create(side=side, code=code, priority=priority, conditions=conditions, defaults=defaults)

    return make


def used(people: People) -> dict[str, str]:
    """The description of each account, by its city."""
    return {row["address1_city"]: row["description"] or "" for row in people.rows_sales("accounts")}


@pytest.mark.rule("10.priority", "10.filter", "10.one")
def test_the_first_template_that_fits_is_used_and_no_other(templates: Callable[..., None], people: People, command: Command) -> None:
    customer_type = {"customertypecode": 3}
    templates(
        "sales",
        ("LAST", 9, [], {"description": "last", **customer_type}),
        ("BONN", 5, IN_BONN, {"description": "bonn", "fax": "5", **customer_type}),
        ("ULM", 0, IN_ULM, {"description": "ulm", **customer_type}),
        ("BONN TOO", 7, IN_BONN, {"description": "bonn too", **customer_type}),
    )
    for city in ("Ulm", "Bonn", "Kiel"):
        people.create_bc("customers", displayName=city, city=city)
    assert command("synchronize", "CUSTOMER")[0] == 0
    assert used(people) == {"Ulm": "ulm", "Bonn": "bonn", "Kiel": "last"}
    assert {entry.detail["template"] for entry in SynchEntry.objects.filter(action="Inserted")} == {"ULM", "BONN", "LAST"}
    assert {row["address1_city"]: row["fax"] for row in people.rows_sales("accounts")} == {"Ulm": None, "Bonn": "5", "Kiel": None}


@pytest.mark.rule("10.one")
def test_where_none_fits_none_is_used(templates: Callable[..., None], people: People, command: Command) -> None:
    templates("sales", ("BONN", 0, IN_BONN, {"description": "bonn"}))
    people.create_bc("customers", displayName="Ulm", city="Ulm")
    assert command("synchronize", "CUSTOMER")[0] == 0
    assert used(people) == {"Ulm": ""}
    assert SynchEntry.objects.get(action="Inserted").detail == {}


@pytest.mark.rule("10.wins", "10.number")
def test_what_a_template_says_wins_on_both_sides(templates: Callable[..., None], people: People, command: Command) -> None:
    templates("sales", ("T", 0, [], {"address1_city": "By template", "customertypecode": 3}))
    templates("business_central", ("T", 0, [], {"city": "By template"}))
    people.create_bc("customers", number="C1", displayName="One", city="Ulm")
    people.create_sales("accounts", name="Two", address1_city="Bonn", customertypecode=3)
    assert command("synchronize", "CUSTOMER")[0] == 0
    assert {row["name"]: row["address1_city"] for row in people.rows_sales("accounts")} == {"One": "By template", "Two": "Bonn"}
    made = next(row for row in people.rows_bc("customers") if row["displayName"] == "Two")
    assert made["city"] == "By template"
    assert made["number"] not in ("", "C1")


@pytest.mark.rule("10.missing")
def test_a_template_that_cannot_be_used_fails_the_record_and_creates_nothing(
    templates: Callable[..., None], people: People, command: Command
) -> None:
    templates("sales", ("WRONG", 0, [{"field": "nowhere", "operator": "=", "value": "x"}], {}))
    people.create_bc("customers", displayName="One")
    for _ in range(2):
        command("synchronize", "CUSTOMER")
    assert not people.rows_sales("accounts")
    assert SynchEntry.objects.filter(code="template").count() == 2
    assert not Coupling.objects.filter(pending="").exists()


@pytest.mark.rule("10.chosen")
def test_chosen_records_are_created_with_the_templates_of_the_mapping(
    templates: Callable[..., None], people: People, command: Command
) -> None:
    templates("sales", ("T", 0, [], {"description": "by template", "customertypecode": 3}))
    people.create_bc("customers", number="C1", displayName="One", city="Ulm")
    assert command("synchronize", "CUSTOMER", "--record", "C1", "--create-new")[0] == 0
    assert used(people) == {"Ulm": "by template"}
