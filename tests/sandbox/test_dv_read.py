"""Reading of Dataverse: pages, counts, rows, annotations, expansions (web-apis.md, section 2)."""

from __future__ import annotations

from typing import Any

import pytest

from syncadmin.sandbox.ids import BASE_CURRENCY_ID
from tests.sandbox.client import Client
from tests.sandbox.conftest import Control


@pytest.fixture
def seven(sales: Client) -> Client:
    """Seven accounts in two cities."""
    for number in range(7):
        sales.add("accounts", {"name": f"Account {number}", "address1_city": "Ribe" if number < 4 else "Vejle"})
    return sales


def all_pages(client: Client, path: str, **headers: str) -> list[list[dict[str, Any]]]:
    pages = []
    while path:
        body = client.get(path, **headers).json()
        pages.append(body["value"])
        path = body.get("@odata.nextLink", "")
    return pages


def test_a_page_size_is_applied_and_all_rows_come_once(seven: Client) -> None:
    answer = seven.get("accounts?$select=name", Prefer="odata.maxpagesize=3")
    assert answer.headers["Preference-Applied"] == "odata.maxpagesize=3"
    pages = all_pages(seven, "accounts?$select=name&$filter=statecode eq 0", Prefer="odata.maxpagesize=3")
    assert [len(page) for page in pages] == [3, 3, 1]
    assert len({row["accountid"] for page in pages for row in page}) == 7


def test_pages_follow_the_order_with_the_key_behind_it(seven: Client) -> None:
    pages = all_pages(seven, "accounts?$orderby=address1_city desc,accountid&$select=address1_city", Prefer="odata.maxpagesize=2")
    cities = [row["address1_city"] for page in pages for row in page]
    assert cities == ["Vejle"] * 3 + ["Ribe"] * 4


def test_an_order_without_the_key_loses_equal_rows_between_pages(seven: Client) -> None:
    pages = all_pages(seven, "accounts?$orderby=address1_city&$select=address1_city", Prefer="odata.maxpagesize=2")
    assert sum(len(page) for page in pages) < 7


def test_nulls_come_first_and_no_row_is_lost_around_them(seven: Client) -> None:
    seven.add("accounts", {"name": "Nowhere"})
    for direction, first in (("asc", None), ("desc", "Vejle")):
        pages = all_pages(seven, f"accounts?$orderby=address1_city {direction},accountid", Prefer="odata.maxpagesize=1")
        assert len(pages) == 8
        assert pages[0][0]["address1_city"] == first


def test_the_largest_page_is_a_setting(seven: Client, control: Control) -> None:
    control.post("settings", {"page_size": {"sales": 2}})
    assert len(seven.rows("accounts")) == 2
    assert len(seven.rows("accounts", Prefer="odata.maxpagesize=5")) == 2


def test_top_is_forgotten_when_a_page_size_is_asked_for(seven: Client) -> None:
    assert len(seven.rows("accounts?$top=2")) == 2
    assert "@odata.nextLink" not in seven.get("accounts?$top=2").json()
    assert len(seven.rows("accounts?$top=2", Prefer="odata.maxpagesize=5")) == 5


def test_counts(seven: Client) -> None:
    assert seven.get("accounts?$count=true&$top=1").json()["@odata.count"] == 7
    assert seven.get("accounts/$count?$filter=address1_city eq 'Vejle'").text == "3"


@pytest.mark.parametrize("option", ["$skip=1", "$search=x", "$format=json", "$compute=x", "$Select=name", "$top=x", "$count=yes"])
def test_unsupported_options_are_refused(sales: Client, option: str) -> None:
    assert sales.refusal("GET", f"accounts?{option}") == (400, "0x80060888")


def test_select_adds_the_key_and_the_currency_of_money(seven: Client) -> None:
    row = seven.rows("accounts?$select=creditlimit&$top=1")[0]
    assert set(row) == {"@odata.etag", "accountid", "creditlimit", "_transactioncurrencyid_value"}


def test_unknown_columns_and_sets_are_named(sales: Client) -> None:
    answer = sales.get("accounts?$select=nonsense")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "0x0")
    assert "nonsense" in answer.json()["error"]["message"] and "account" in answer.json()["error"]["message"]
    assert sales.refusal("GET", "Accounts") == (404, "0x8006088a")


def test_values_on_the_wire(sales: Client) -> None:
    sales.add("accounts", {"name": "Adatum", "creditlimit": 5000000, "customertypecode": 3})
    answer = sales.get("accounts")
    row = answer.json()["value"][0]
    assert '"creditlimit":5000000.0000' in answer.text
    assert (row["customertypecode"], row["creditonhold"], row["telephone1"]) == (3, False, None)
    assert row["@odata.etag"] == f'W/"{row["versionnumber"]}"'
    assert len(row["modifiedon"]) == len("2016-09-28T23:14:00Z")
    assert answer.json()["@odata.context"] == f"{sales.root}$metadata#accounts"


def test_a_single_row_has_an_etag_header_and_answers_304(sales: Client) -> None:
    key = sales.add("accounts", {"name": "Adatum"})["accountid"]
    answer = sales.get(f"accounts({key.upper()})")
    assert answer.headers["ETag"] == answer.json()["@odata.etag"]
    assert sales.get(f"accounts({key})", If_None_Match=answer.headers["ETag"]).status_code == 304
    assert sales.get(f"accounts({key})", If_None_Match="null").status_code == 200


def test_an_absent_row_is_404(sales: Client) -> None:
    assert sales.refusal("GET", f"accounts({BASE_CURRENCY_ID})") == (404, "0x80040217")


def test_annotations_come_when_asked_for(sales: Client) -> None:
    sales.add("accounts", {"name": "Adatum", "customertypecode": 3})
    path = "accounts?$select=customertypecode,_ownerid_value,_primarycontactid_value"
    row = sales.rows(path, Prefer='odata.include-annotations="*"')[0]
    assert row["customertypecode@OData.Community.Display.V1.FormattedValue"] == "Customer"
    assert row["_ownerid_value@OData.Community.Display.V1.FormattedValue"] == "Sync Admin"
    assert row["_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"] == "systemuser"
    assert not [name for name in row if name.startswith("_primarycontactid_value@")]
    assert not [name for name in sales.rows(path)[0] if name.startswith("customertypecode@")]


def test_expanding_single_rows_and_collections(sales: Client) -> None:
    account = sales.add("accounts", {"name": "Adatum"})["accountid"]
    for name in ("Ada", "Bob", "Cy"):
        sales.add("contacts", {"lastname": name, "parentcustomerid_account@odata.bind": f"/accounts({account})"})
    nested = "contact_customer_accounts($select=lastname;$orderby=lastname desc;$top=2;$filter=lastname ne 'Bob')"
    row = sales.get(f"accounts({account})?$select=name&$expand=ownerid($select=fullname),primarycontactid,{nested}").json()
    assert row["ownerid"]["fullname"] == "Sync Admin"
    assert row["primarycontactid"] is None
    assert [child["lastname"] for child in row["contact_customer_accounts"]] == ["Cy", "Ada"]


def test_expanding_what_does_not_exist_is_refused(sales: Client) -> None:
    assert sales.refusal("GET", "accounts?$expand=nonsense") == (400, "0x0")
    assert sales.refusal("GET", "accounts?$expand=primarycontactid($top=1)") == (400, "0x80060888")


def test_a_lookup_is_sorted_by_the_name_of_its_row(sales: Client) -> None:
    for name in ("Zoe", "Adam"):
        contact = sales.add("contacts", {"lastname": name})["contactid"]
        sales.add("accounts", {"name": f"of {name}", "primarycontactid@odata.bind": f"/contacts({contact})"})
    rows = sales.rows("accounts?$orderby=_primarycontactid_value&$select=name")
    assert [row["name"] for row in rows] == ["of Adam", "of Zoe"]


def test_paths_below_a_row(sales: Client) -> None:
    contact = sales.add("contacts", {"lastname": "Byron"})["contactid"]
    account = sales.add("accounts", {"name": "Adatum", "primarycontactid@odata.bind": f"/contacts({contact})"})["accountid"]
    sales.call("PATCH", f"contacts({contact})", {"parentcustomerid_account@odata.bind": f"/accounts({account})"})
    assert sales.get(f"accounts({account})/primarycontactid").json()["contactid"] == contact
    assert len(sales.rows(f"accounts({account})/contact_customer_accounts")) == 1
    assert sales.get(f"accounts({account})/contact_customer_accounts/$count").text == "1"
    assert sales.get(f"accounts({account})/defaultpricelevelid").status_code == 204


def test_a_tampered_cookie_is_refused(seven: Client) -> None:
    assert seven.refusal("GET", "accounts?$skiptoken=nonsense") == (400, "0x80060888")
    cookie = '<cookie pagenumber="2" pagingcookie="nonsense" istracking="False" />'
    assert seven.refusal("GET", f"accounts?$skiptoken={cookie}") == (400, "0x80060888")
