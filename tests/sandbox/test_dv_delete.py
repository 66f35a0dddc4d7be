"""Deleting rows of Dataverse: what goes along, what forbids it, what is cleared."""

from __future__ import annotations

from syncadmin.sandbox.ids import BASE_CURRENCY_ID
from tests.sandbox.client import Client


def test_the_contacts_of_an_account_go_along(sales: Client) -> None:
    account = sales.add("accounts", {"name": "Adatum"})["accountid"]
    sales.add("contacts", {"lastname": "A", "parentcustomerid_account@odata.bind": f"/accounts({account})"})
    sales.add("contacts", {"lastname": "B"})
    assert sales.call("DELETE", f"accounts({account})").status_code == 204
    assert [row["lastname"] for row in sales.rows("contacts")] == ["B"]


def test_other_lookups_are_cleared_and_their_rows_saved(sales: Client) -> None:
    contact = sales.add("contacts", {"lastname": "A"})["contactid"]
    account = sales.add("accounts", {"name": "Adatum", "primarycontactid@odata.bind": f"/contacts({contact})"})
    sales.call("DELETE", f"contacts({contact})")
    after = sales.get(f"accounts({account['accountid']})").json()
    assert after["_primarycontactid_value"] is None
    assert after["versionnumber"] > account["versionnumber"]


def test_rows_in_use_stay(sales: Client) -> None:
    sales.add("accounts", {"name": "Adatum"})
    assert sales.refusal("DELETE", f"transactioncurrencies({BASE_CURRENCY_ID})") == (405, "0x80040227")
    group = sales.add("uomschedules", {"name": "NAV PCS", "baseuomname": "PCS"})["uomscheduleid"]
    unit = sales.rows("uoms")[0]["uomid"]
    assert sales.refusal("DELETE", f"uoms({unit})") == (405, "0x80040227")
    assert sales.call("DELETE", f"uomschedules({group})").status_code == 204
    assert sales.rows("uoms") == []


def test_a_refused_deletion_changes_nothing(sales: Client) -> None:
    group = sales.add("uomschedules", {"name": "NAV PCS", "baseuomname": "PCS"})["uomscheduleid"]
    unit = sales.rows("uoms")[0]["uomid"]
    body = {"productnumber": "B", "name": "B", "quantitydecimal": 2}
    bound = {"defaultuomid@odata.bind": f"/uoms({unit})", "defaultuomscheduleid@odata.bind": f"/uomschedules({group})"}
    sales.add("products", body | bound)
    assert sales.refusal("DELETE", f"uomschedules({group})") == (405, "0x80040227")
    assert len(sales.rows("uoms")) == 1


def test_users_cannot_be_deleted(sales: Client) -> None:
    user = sales.rows("systemusers")[0]["systemuserid"]
    assert sales.refusal("DELETE", f"systemusers({user})")[0] in (403, 405)
