"""Writing of Business Central (web-apis.md, section 7)."""

from __future__ import annotations

from typing import Any

import pytest

from syncadmin.sandbox.ids import COMPANY_ID
from tests.sandbox.client import Client
from tests.sandbox.conftest import Control

ID = "11111111-2222-3333-4444-555555555555"


def test_posting_gives_the_row_and_where_it_is(standard: Client) -> None:
    answer = standard.call("POST", "unitsOfMeasure", {"code": "pcs", "displayName": "Piece"})
    assert answer.status_code == 201
    assert answer.json()["code"] == "PCS"
    assert answer.headers["Location"].endswith(f"unitsOfMeasure({answer.json()['id']})")


def test_custom_pages_keep_the_id_they_are_sent(standard: Client, custom: Client) -> None:
    assert custom.add("customers", {"id": ID, "displayName": "Adatum"})["id"] == ID
    assert custom.refusal("POST", "customers", {"id": ID, "displayName": "Other"}) == (400, "Internal_EntityWithSameKeyExists")
    assert standard.refusal("POST", "customers", {"id": ID, "displayName": "Other"}) == (400, "BadRequest_InvalidOperation")


def test_a_taken_business_key_is_refused(standard: Client, control: Control) -> None:
    standard.add("currencies", {"code": "EUR"})
    answer = standard.call("POST", "currencies", {"code": "eur"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "Internal_EntityWithSameKeyExists")
    assert "Identification fields and values: code='EUR'" in answer.json()["error"]["message"]
    control.post("settings", {"duplicate_status": 409})
    assert standard.call("POST", "currencies", {"code": "EUR"}).status_code == 409


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "Application_DialogException"),
        ({"displayName": ""}, "Application_DialogException"),
        ({"displayName": None}, "BadRequest_RequiredParamNotProvided"),
        ({"displayName": "x" * 101}, "Application_StringExceededLength"),
        ({"displayName": 1}, "BadRequest"),
        ({"displayName": "a", "nonsense": 1}, "BadRequest"),
        ({"displayName": "a", "DisplayName": "a"}, "BadRequest"),
        ({"displayName": "a", "balanceDue": 1}, "BadRequest_InvalidOperation"),
        ({"displayName": "a", "lastModifiedDateTime": "2026-01-01T00:00:00Z"}, "BadRequest_InvalidOperation"),
        ({"displayName": "a", "creditLimit": "1"}, "BadRequest"),
        ({"displayName": "a", "taxLiable": 1}, "BadRequest"),
        ({"displayName": "a", "blocked": "Nonsense"}, "Unknown"),
        ({"displayName": "a", "taxAreaId": "x"}, "Application_InvalidGUID"),
        ({"displayName": "a", "salespersonCode": "NOBODY"}, "Internal_InvalidTableRelation"),
        ({"displayName": "a", "currencyCode": "XXX"}, "Internal_InvalidTableRelation"),
        ({"displayName": "a", "paymentTermsId": ID}, "Internal_InvalidTableRelation"),
    ],
)
def test_bodies_that_are_refused(custom: Client, body: dict[str, Any], code: str) -> None:
    assert custom.refusal("POST", "customers", body) == (400, code)
    assert custom.rows("customers") == []


def test_broken_json_is_refused(standard: Client) -> None:
    answer = standard.session.post(standard.root + "customers", data=b"{", headers={"Content-Type": "application/json"}, timeout=10)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")


def test_changing_needs_an_etag(standard: Client) -> None:
    row = standard.add("currencies", {"code": "EUR"})
    path, body = f"currencies({row['id']})", {"displayName": "Euro"}
    assert standard.refusal("PATCH", path, body) == (400, "BadRequest_InvalidToken")
    assert standard.refusal("PATCH", path, body, If_Match="nonsense") == (400, "BadRequest_InvalidToken")
    changed = standard.call("PATCH", path, body, If_Match=row["@odata.etag"])
    assert (changed.status_code, changed.json()["displayName"]) == (200, "Euro")
    assert changed.json()["@odata.etag"] != row["@odata.etag"]
    assert standard.refusal("PATCH", path, body, If_Match=row["@odata.etag"]) == (409, "Request_EntityChanged")
    assert standard.call("PATCH", path, body, If_Match="*").status_code == 200


def test_an_absent_row_is_not_made_by_patch(standard: Client) -> None:
    assert standard.refusal("PATCH", f"currencies({ID})", {"code": "X"}, If_Match="*") == (404, "Internal_RecordNotFound")


def test_a_change_that_changes_nothing_leaves_stamp_and_etag(standard: Client) -> None:
    row = standard.add("currencies", {"code": "EUR", "displayName": "Euro"})
    again = standard.call("PATCH", f"currencies({row['id']})", {"displayName": "Euro", "code": "eur"}, If_Match="*").json()
    assert (again["@odata.etag"], again["lastModifiedDateTime"]) == (row["@odata.etag"], row["lastModifiedDateTime"])


def test_deleting_checks_an_etag_that_is_sent(standard: Client, control: Control) -> None:
    row = standard.add("currencies", {"code": "EUR"})
    path = f"currencies({row['id']})"
    assert standard.refusal("DELETE", path, If_Match='W/"b2xk"') == (409, "Request_EntityChanged")
    control.post("settings", {"delete_needs_etag": True})
    assert standard.refusal("DELETE", path) == (400, "BadRequest_InvalidToken")
    assert standard.call("DELETE", path, If_Match=row["@odata.etag"]).status_code == 204
    assert standard.refusal("DELETE", path, If_Match="*")[0] == 404


def test_sets_take_no_changes_and_read_only_sets_none_at_all(standard: Client) -> None:
    assert standard.refusal("PATCH", "currencies", {}) == (405, "BadRequest_MethodNotAllowed")
    assert standard.refusal("DELETE", "currencies") == (405, "BadRequest_MethodNotAllowed")
    assert standard.refusal("POST", "generalLedgerSetup", {}) == (405, "BadRequest_MethodNotAllowed")
    assert standard.refusal("POST", "currencyExchangeRates", {}) == (405, "BadRequest_MethodNotAllowed")


def test_currency_id_and_code_are_kept_in_step(standard: Client) -> None:
    euro = standard.add("currencies", {"code": "EUR"})
    row = standard.add("customers", {"displayName": "Adatum", "currencyCode": "EUR"})
    assert row["currencyId"] == euro["id"]
    back = standard.call("PATCH", f"customers({row['id']})", {"currencyCode": "USD"}, If_Match="*").json()
    assert (back["currencyCode"], back["currencyId"]) == ("USD", "00000000-0000-0000-0000-000000000000")
    by_id = standard.call("PATCH", f"customers({row['id']})", {"currencyId": euro["id"]}, If_Match="*").json()
    assert by_id["currencyCode"] == "EUR"


def test_a_pair_that_disagrees_is_refused(standard: Client) -> None:
    euro = standard.add("currencies", {"code": "EUR"})
    standard.add("currencies", {"code": "GBP"})
    body = {"displayName": "Adatum", "currencyId": euro["id"], "currencyCode": "GBP"}
    assert standard.refusal("POST", "customers", body) == (400, "Application_DialogException")


def test_countries_are_checked_where_they_are_set_up(custom: Client, control: Control) -> None:
    assert custom.call("POST", "customers", {"displayName": "a", "country": "Germany"}).status_code == 201
    control.post("reset", {"data": "demo"})
    assert custom.refusal("POST", "customers", {"displayName": "a", "country": "Germany"}) == (400, "Internal_InvalidTableRelation")
    assert custom.call("POST", "customers", {"displayName": "a", "country": "DE"}).status_code == 201


def test_inventory_is_changed_but_not_created_and_moves_no_stamp(standard: Client) -> None:
    assert standard.refusal("POST", "items", {"displayName": "Bike", "inventory": 5}) == (400, "BadRequest_InvalidOperation")
    row = standard.add("items", {"displayName": "Bike"})
    after = standard.call("PATCH", f"items({row['id']})", {"inventory": 5}, If_Match="*").json()
    assert (after["inventory"], after["lastModifiedDateTime"]) == (5, row["lastModifiedDateTime"])


def test_a_renamed_code_follows_in_other_tables(custom: Client, standard: Client) -> None:
    person = standard.add("salespeoplePurchasers", {"code": "JO"})
    customer = custom.add("customers", {"displayName": "Adatum", "salespersonCode": "JO"})
    standard.call("PATCH", f"salespeoplePurchasers({person['id']})", {"code": "JOHN"}, If_Match="*")
    assert custom.get(f"customers({customer['id']})").json()["salespersonCode"] == "JOHN"


def test_company_information_can_be_changed(standard: Client) -> None:
    row = standard.rows("companyInformation")[0]
    changed = standard.call("PATCH", f"companyInformation({row['id']})", {"displayName": "New"}, If_Match="*")
    assert changed.json()["displayName"] == "New"
    assert standard.call("DELETE", f"companyInformation({row['id']})").status_code == 405
    assert standard.get(f"customers({COMPANY_ID})").status_code == 404
