"""Writing of Dataverse (web-apis.md, section 4)."""

from __future__ import annotations

from typing import Any

import pytest

from syncadmin.sandbox.ids import BASE_CURRENCY_ID, SOMEONE_USER_ID
from syncadmin.sandbox.server import Sandbox
from tests.sandbox.client import SALES, Client
from tests.sandbox.conftest import Control

ID = "11111111-2222-3333-4444-555555555555"


def test_posting_answers_with_the_address_or_the_row(sales: Client) -> None:
    plain = sales.call("POST", "accounts", {"name": "Adatum"})
    assert (plain.status_code, plain.content) == (204, b"")
    assert plain.headers["OData-EntityId"].startswith(sales.root + "accounts(")
    shown = sales.call("POST", "accounts?$select=name", {"name": "Nod"}, Prefer="return=representation")
    assert (shown.status_code, shown.headers["Preference-Applied"]) == (201, "return=representation")
    assert "OData-EntityId" not in shown.headers
    assert set(shown.json()) == {"@odata.context", "@odata.etag", "accountid", "name"}


def test_the_caller_may_choose_the_key(sales: Client) -> None:
    assert sales.add("accounts", {"accountid": ID, "name": "Adatum"})["accountid"] == ID
    assert sales.refusal("POST", "accounts", {"accountid": ID.upper(), "name": "Other"}) == (412, "0x80040237")


def test_patch_creates_what_is_missing(sales: Client) -> None:
    assert sales.call("PATCH", f"accounts({ID})", {"name": "Adatum"}).status_code == 204
    assert sales.get(f"accounts({ID})").json()["name"] == "Adatum"
    shown = sales.call("PATCH", f"accounts({ID})", {"name": "Nod"}, Prefer="return=representation")
    assert (shown.status_code, shown.json()["name"]) == (200, "Nod")


def test_if_match_star_only_updates_and_if_none_match_star_only_creates(sales: Client) -> None:
    path, body = f"accounts({ID})", {"name": "Adatum"}
    assert sales.refusal("PATCH", path, body, If_Match="*") == (404, "0x80040217")
    assert sales.call("PATCH", path, body, If_None_Match="*").status_code == 204
    assert sales.refusal("PATCH", path, body, If_None_Match="*") == (412, "0x80040237")
    assert sales.call("PATCH", path, body, If_Match="*").status_code == 204


def test_a_stale_etag_is_412(sales: Client) -> None:
    row = sales.add("accounts", {"name": "Adatum"})
    path = f"accounts({row['accountid']})"
    assert sales.call("PATCH", path, {"name": "Nod"}, If_Match=row["@odata.etag"]).status_code == 204
    assert sales.refusal("PATCH", path, {"name": "Nod"}, If_Match=row["@odata.etag"]) == (412, "0x80060882")
    assert sales.refusal("DELETE", path, If_Match=row["@odata.etag"]) == (412, "0x80060882")
    assert sales.refusal("PATCH", path, {"name": "Nod"}, If_Match="nonsense") == (400, "0x80060883")


def test_each_save_raises_the_version_also_one_without_change(sales: Client) -> None:
    row = sales.add("accounts", {"name": "Adatum"})
    again = sales.call("PATCH", f"accounts({row['accountid']})", {"name": "Adatum"}, Prefer="return=representation").json()
    assert again["versionnumber"] > row["versionnumber"]


def test_deleting_twice(sales: Client) -> None:
    key = sales.add("accounts", {"name": "Adatum"})["accountid"]
    assert sales.call("DELETE", f"accounts({key})").status_code == 204
    assert sales.refusal("DELETE", f"accounts({key})") == (404, "0x80040217")


def test_collections_take_no_changes(sales: Client) -> None:
    assert sales.call("PATCH", "accounts", {}).status_code == 405
    assert sales.call("DELETE", "accounts").status_code == 405


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"nonsense": 1}, "0x80048d19"),
        ({"Name": "x"}, "0x80048d19"),
        ({"name": 1}, "0x80048d19"),
        ({"name": "x" * 161}, "0x80044331"),
        ({"customertypecode": 99}, "0x8004431A"),
        ({"customertypecode": "3"}, "0x80048d19"),
        ({"creditlimit": "1"}, "0x80048d19"),
        ({"creditonhold": 1}, "0x80048d19"),
        ({"_primarycontactid_value": ID}, "0x80048d19"),
        ({"primarycontactid": ID}, "0x80048d19"),
        ({"nonsense@odata.bind": None}, "0x80048d19"),
        ({"PrimaryContactId@odata.bind": None}, "0x80048d19"),
        ({"primarycontactid@odata.bind": f"/accounts({ID})"}, "0x80048d19"),
        ({"primarycontactid@odata.bind": "nonsense"}, "0x80060888"),
        ({"statuscode": 2}, "0x80048408"),
        ({"accountid": "nonsense"}, "0x80048d19"),
    ],
)
def test_bodies_that_are_refused(sales: Client, body: dict[str, Any], code: str) -> None:
    assert sales.refusal("POST", "accounts", body) == (400, code)
    assert sales.rows("accounts") == []


def test_a_lookup_to_a_row_that_is_not_there_is_404(sales: Client) -> None:
    body = {"name": "Adatum", "primarycontactid@odata.bind": f"/contacts({ID})"}
    assert sales.refusal("POST", "accounts", body) == (404, "0x80040217")


def test_lookups_are_bound_in_three_forms_and_cleared(sales: Client) -> None:
    contact = sales.add("contacts", {"lastname": "Byron"})["contactid"]
    key = sales.add("accounts", {"name": "Adatum"})["accountid"]
    for bound in (f"/contacts({contact})", f"contacts({contact})", f"{sales.root}contacts({contact})"):
        sales.call("PATCH", f"accounts({key})", {"primarycontactid@odata.bind": bound})
        assert sales.get(f"accounts({key})").json()["_primarycontactid_value"] == contact
        cleared = {"primarycontactid@odata.bind": None} if bound.startswith("/") else {"primarycontactid": None}
        sales.call("PATCH", f"accounts({key})", cleared)
        assert sales.get(f"accounts({key})").json()["_primarycontactid_value"] is None


def test_what_an_operation_cannot_set_is_left_out(sales: Client) -> None:
    body = {"name": "Adatum", "statecode": 1, "modifiedon": "2020-01-01T00:00:00Z", "creditlimit_base": 7, "versionnumber": 1}
    row = sales.add("accounts", body)
    assert (row["statecode"], row["creditlimit_base"]) == (0, None)
    assert row["modifiedon"] > "2026"


def test_required_columns(sales: Client) -> None:
    body = {"name": "Retail"}
    assert sales.refusal("POST", "pricelevels", body) == (400, "0x80040203")
    row = sales.add("pricelevels", {**body, "transactioncurrencyid@odata.bind": f"/transactioncurrencies({BASE_CURRENCY_ID})"})
    assert sales.refusal("PATCH", f"pricelevels({row['pricelevelid']})", {"name": None}) == (400, "0x80040203")


def test_unique_columns_ignore_letter_case(sales: Client) -> None:
    sales.add("uomschedules", {"name": "NAV PCS", "baseuomname": "PCS"})
    assert sales.refusal("POST", "uomschedules", {"name": "nav pcs", "baseuomname": "PCS"}) == (412, "0x80040237")
    other = sales.add("uomschedules", {"name": "NAV BOX", "baseuomname": "BOX"})
    assert sales.refusal("PATCH", f"uomschedules({other['uomscheduleid']})", {"name": "NAV PCS"}) == (412, "0x80040237")


def test_rows_are_inserted_together_with_their_children(sales: Client) -> None:
    body = {
        "name": "Adatum",
        "primarycontactid": {"lastname": "Byron"},
        "contact_customer_accounts": [{"lastname": "A"}, {"lastname": "B"}],
    }
    row = sales.add("accounts", body)
    assert row["_primarycontactid_value"]
    assert len(sales.rows(f"accounts({row['accountid']})/contact_customer_accounts")) == 2
    assert sales.refusal("POST", "accounts", {"name": "Nod", "contact_customer_accounts": [{"nonsense": 1}]})[0] == 400
    assert len(sales.rows("accounts")) == 1


def test_single_properties_and_references(sales: Client) -> None:
    contact = sales.add("contacts", {"lastname": "Byron"})["contactid"]
    path = f"accounts({sales.add('accounts', {'name': 'Adatum'})['accountid']})"
    assert sales.call("PUT", f"{path}/telephone1", {"value": "77"}).status_code == 204
    assert sales.call("PUT", f"{path}/primarycontactid/$ref", {"@odata.id": f"{sales.root}contacts({contact})"}).status_code == 204
    row = sales.get(path).json()
    assert (row["telephone1"], row["_primarycontactid_value"]) == ("77", contact)
    assert sales.call("DELETE", f"{path}/telephone1").status_code == 204
    assert sales.call("DELETE", f"{path}/primarycontactid/$ref").status_code == 204
    row = sales.get(path).json()
    assert (row["telephone1"], row["_primarycontactid_value"]) == (None, None)


def test_users_cannot_be_made(sales: Client) -> None:
    assert sales.refusal("POST", "systemusers", {"lastname": "x"}) == (403, "0x80040220")


def test_rows_know_who_saved_them(sandbox: Sandbox, sales: Client) -> None:
    row = sales.add("accounts", {"name": "Adatum"})
    someone = Client(sandbox, SALES, client_id="someone")
    changed = someone.call("PATCH", f"accounts({row['accountid']})", {"name": "Nod"}, Prefer="return=representation").json()
    assert (changed["_createdby_value"], changed["_modifiedby_value"]) == (row["_modifiedby_value"], SOMEONE_USER_ID)


def test_acting_for_another_user(sales: Client) -> None:
    answer = sales.call("POST", "accounts", {"name": "Adatum"}, MSCRMCallerID=SOMEONE_USER_ID, Prefer="return=representation")
    assert answer.json()["_ownerid_value"] == SOMEONE_USER_ID
    assert sales.refusal("POST", "accounts", {"name": "Nod"}, MSCRMCallerID=ID) == (403, "0x80040220")


def test_alternate_keys_where_they_are_defined(sales: Client, control: Control) -> None:
    path = "accounts(accountnumber='A1')"
    assert sales.refusal("GET", path) == (400, "0x80060888")
    control.post("keys", {"table": "account", "attributes": ["accountnumber"]})
    assert sales.refusal("GET", path) == (404, "0x80060891")
    assert sales.call("PATCH", path, {"name": "Adatum"}).status_code == 204
    assert sales.call("PATCH", path, {"name": "Nod", "accountnumber": "B2"}).status_code == 204
    row = sales.get(path).json()
    assert (row["name"], row["accountnumber"]) == ("Nod", "A1")
    contact = sales.add("contacts", {"lastname": "Byron", "parentcustomerid_account@odata.bind": f"/{path}"})
    assert contact["_parentcustomerid_value"] == row["accountid"]


def test_a_plug_in_changes_the_row_right_after_it(sales: Client, control: Control) -> None:
    control.post("settings", {"plug_in_tables": ["accounts"]})
    key = sales.call("POST", "accounts", {"name": "Adatum"}).headers["OData-EntityId"].rpartition("/")[2]
    assert sales.get(key).json()["_modifiedby_value"] == SOMEONE_USER_ID
