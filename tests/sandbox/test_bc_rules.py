"""What contacts and prices of Business Central do by themselves."""

from __future__ import annotations

from typing import Any

import pytest

from syncadmin.sandbox.bc_rules import split_name
from tests.sandbox.client import Client


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Ada", ("Ada", "", "")),
        ("Ada Byron", ("Ada", "", "Byron")),
        ("Ada King Byron", ("Ada", "King", "Byron")),
        ("Ada Augusta King Byron", ("Ada Augusta", "King", "Byron")),
        ("", ("", "", "")),
    ],
)
def test_names_are_split(name: str, parts: tuple[str, str, str]) -> None:
    assert split_name(name) == parts


def test_a_person_has_a_display_name_and_its_parts(custom: Client) -> None:
    row = custom.add("contacts", {"type": "Person", "displayName": "Ada King Byron"})
    assert (row["firstName"], row["middleName"], row["surname"]) == ("Ada", "King", "Byron")
    changed = custom.call("PATCH", f"contacts({row['id']})", {"middleName": "", "surname": "Lovelace"}, If_Match="*").json()
    assert (changed["displayName"], changed["searchName"]) == ("Ada Lovelace", "ADA LOVELACE")


def test_the_order_of_the_properties_decides(custom: Client) -> None:
    first = custom.add("contacts", {"type": "Person", "displayName": "Ada Byron", "surname": "Lovelace"})
    last = custom.add("contacts", {"type": "Person", "surname": "Lovelace", "displayName": "Ada Byron"})
    assert (first["displayName"], last["displayName"]) == ("Ada Lovelace", "Ada Byron")


def test_a_company_contact_is_its_own_company(custom: Client) -> None:
    row = custom.add("contacts", {"displayName": "Adatum"})
    assert (row["type"], row["companyNumber"], row["companyName"], row["firstName"]) == ("Company", row["number"], "Adatum", "")


def test_a_person_takes_the_name_of_its_company(custom: Client) -> None:
    company = custom.add("contacts", {"displayName": "Adatum"})
    person = custom.add("contacts", {"type": "Person", "displayName": "Ada", "companyNumber": company["number"]})
    assert person["companyName"] == "Adatum"
    custom.call("PATCH", f"contacts({company['id']})", {"displayName": "Nod"}, If_Match="*")
    assert custom.get(f"contacts({person['id']})").json()["companyName"] == "Nod"


def test_a_person_cannot_be_a_company(custom: Client) -> None:
    person = custom.add("contacts", {"type": "Person", "displayName": "Ada"})
    body = {"type": "Person", "displayName": "Bob", "companyNumber": person["number"]}
    assert custom.refusal("POST", "contacts", body) == (400, "Application_DialogException")


@pytest.fixture
def prices(custom: Client, standard: Client) -> dict[str, Any]:
    item = standard.add("items", {"displayName": "Bike"})["number"]
    custom.add("customerPriceGroups", {"code": "RETAIL"})
    return {"itemNumber": item, "salesType": "Customer_x0020_Price_x0020_Group", "salesCode": "RETAIL", "unitPrice": 10.5}


def test_prices_differ_by_their_whole_key(custom: Client, prices: dict[str, Any]) -> None:
    custom.add("salesPrices", prices)
    assert custom.refusal("POST", "salesPrices", prices) == (400, "Internal_EntityWithSameKeyExists")
    assert custom.add("salesPrices", {**prices, "minimumQuantity": 10})["startingDate"] == "0001-01-01"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"salesCode": "NOBODY"}, "Internal_InvalidTableRelation"),
        ({"salesCode": ""}, "Application_DialogException"),
        ({"itemNumber": "NOTHING"}, "Internal_InvalidTableRelation"),
        ({"itemNumber": ""}, "Application_DialogException"),
        ({"startingDate": "2026-02-01", "endingDate": "2026-01-01"}, "Application_DialogException"),
        ({"currencyCode": "XXX"}, "Internal_InvalidTableRelation"),
        ({"startingDate": "2026-13-01"}, "BadRequest"),
    ],
)
def test_prices_that_are_refused(custom: Client, prices: dict[str, Any], change: dict[str, Any], code: str) -> None:
    assert custom.refusal("POST", "salesPrices", {**prices, **change}) == (400, code)
