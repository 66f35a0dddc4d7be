"""Reading of Business Central: addressing, pages, counts, rows, expansions (web-apis.md, section 5)."""

from __future__ import annotations

import base64
import re

import pytest
import requests

from syncadmin.sandbox.ids import COMPANY_ID
from syncadmin.sandbox.server import Sandbox
from tests.sandbox.client import BUSINESS_CENTRAL, CUSTOM, Client
from tests.sandbox.conftest import Control


@pytest.fixture
def five(standard: Client) -> Client:
    """Five units of measure, A to E."""
    for code in "ABCDE":
        standard.add("unitsOfMeasure", {"code": code, "displayName": "odd" if code in "ACE" else "even"})
    return standard


@pytest.fixture
def root(sandbox: Sandbox) -> Client:
    return Client(sandbox, BUSINESS_CENTRAL)


def test_the_companies_are_listed_at_both_roots(sandbox: Sandbox, root: Client) -> None:
    assert root.rows("companies")[0]["name"] == "CRONUS"
    assert Client(sandbox, CUSTOM).rows("companies")[0]["id"] == COMPANY_ID


@pytest.mark.parametrize("path", ["currencies?company=CRONUS", f"currencies?company={COMPANY_ID}", f"companies({COMPANY_ID})/currencies"])
def test_a_company_is_named_in_three_ways(root: Client, path: str) -> None:
    assert root.get(path).status_code == 200


def test_unknown_companies_sets_tenants_and_environments_are_404(sandbox: Sandbox, root: Client) -> None:
    assert root.refusal("GET", "currencies?company=Elsewhere") == (404, "Internal_CompanyNotFound")
    assert root.refusal("GET", "nonsense") == (404, "BadRequest_ResourceNotFound")
    assert Client(sandbox, "/v2.0/elsewhere/demo/api/v2.0/").get("companies").status_code == 404
    assert Client(sandbox, "/v2.0/sandbox/elsewhere/api/v2.0/").get("companies").status_code == 404


def test_the_tenant_may_be_left_out(sandbox: Sandbox) -> None:
    assert Client(sandbox, "/v2.0/demo/api/v2.0/").get("companies").status_code == 200


def test_without_custom_pages_their_route_is_404() -> None:
    with Sandbox(port=0, data="empty", custom_pages=False) as sandbox:
        assert Client(sandbox, CUSTOM).refusal("GET", "companies") == (404, "BadRequest_ResourceNotFound")
        assert Client(sandbox, BUSINESS_CENTRAL).get("companies").status_code == 200


def test_both_routes_show_the_same_row_each_with_its_own_properties(standard: Client, custom: Client) -> None:
    made = custom.add("customers", {"displayName": "Adatum", "faxNumber": "1"})
    shown = standard.rows("customers")[0]
    assert "faxNumber" not in shown
    assert all(made[name] == value for name, value in shown.items())


def test_a_set_lives_on_its_own_route_only(standard: Client, custom: Client) -> None:
    assert standard.refusal("GET", "resources") == (404, "BadRequest_ResourceNotFound")
    assert custom.refusal("GET", "currencies") == (404, "BadRequest_ResourceNotFound")


def test_pages_continue_by_key_with_absolute_links(five: Client) -> None:
    answer = five.get("unitsOfMeasure?$orderby=displayName&$select=code", Prefer="odata.maxpagesize=2").json()
    codes = [row["code"] for row in answer["value"]]
    assert re.search(r"\$skiptoken='[^']+'$", answer["@odata.nextLink"])
    while "@odata.nextLink" in answer:
        answer = five.get(answer["@odata.nextLink"], Prefer="odata.maxpagesize=2").json()
        codes += [row["code"] for row in answer["value"]]
    assert sorted(codes[:2]) == ["B", "D"] and sorted(codes) == list("ABCDE")


def test_top_and_skip_give_no_next_link(five: Client) -> None:
    answer = five.get("unitsOfMeasure?$top=2&$skip=1&$orderby=code").json()
    assert [row["code"] for row in answer["value"]] == ["B", "C"]
    assert "@odata.nextLink" not in answer


def test_the_page_size_is_a_setting(five: Client, control: Control) -> None:
    control.post("settings", {"page_size": {"business_central": 3}})
    assert len(five.rows("unitsOfMeasure")) == 3


def test_counts(five: Client) -> None:
    assert five.get("unitsOfMeasure?$count=true&$filter=displayName eq 'odd'").json()["@odata.count"] == 3
    assert five.get("unitsOfMeasure/$count").content == b"\xef\xbb\xbf5"


def test_a_row_is_read_by_its_id_in_two_ways(five: Client) -> None:
    row = five.rows("unitsOfMeasure?$top=1")[0]
    for key in (row["id"], f"id={row['id']}"):
        answer = five.get(f"unitsOfMeasure({key})")
        assert answer.json()["code"] == row["code"]
        assert answer.headers["ETag"] == row["@odata.etag"]


def test_keys_that_are_no_ids_and_absent_rows(standard: Client) -> None:
    assert standard.refusal("GET", "customers(10000)") == (400, "BadRequest_InvalidRequestUrl")
    assert standard.refusal("GET", f"customers({COMPANY_ID})") == (404, "Internal_RecordNotFound")


def test_values_on_the_wire(custom: Client) -> None:
    row = custom.add("customers", {"displayName": "Adatum"})
    assert (row["city"], row["creditLimit"], row["taxLiable"], row["blocked"]) == ("", 0, False, "_x0020_")
    assert row["taxAreaId"] == "00000000-0000-0000-0000-000000000000"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", row["lastModifiedDateTime"])
    inner = base64.b64decode(row["@odata.etag"].removeprefix('W/"').removesuffix('"')).decode()
    assert re.fullmatch(r"44;.{44}1;00;", inner)


def test_currency_shows_the_local_code_with_a_zero_id(standard: Client) -> None:
    row = standard.add("customers", {"displayName": "Adatum"})
    assert (row["currencyCode"], row["currencyId"]) == ("USD", "00000000-0000-0000-0000-000000000000")


def test_errors_end_with_the_correlation_id(standard: Client) -> None:
    text = standard.get("nonsense").json()["error"]["message"]
    assert re.search(r"  CorrelationId:  [0-9a-f-]{36}\.$", text)


def test_expanding(standard: Client) -> None:
    terms = standard.add("paymentTerms", {"code": "30D"})
    standard.add("customers", {"displayName": "Adatum", "paymentTermsId": terms["id"]})
    row = standard.rows("customers?$select=number&$expand=paymentTerm($select=code),currency,contactsInformation")[0]
    assert row["paymentTerm"]["code"] == "30D" and row["currency"] is None
    assert row["contactsInformation"][0]["contactName"] == "Adatum"
    assert standard.refusal("GET", "customers?$expand=nonsense") == (400, "BadRequest")


def test_unknown_options_and_properties_are_refused(standard: Client) -> None:
    for option in ("$search=x", "$select=nonsense", "$orderby=nonsense", "$select=faxNumber", "$top=x", "$skiptoken='nonsense'"):
        assert standard.refusal("GET", f"customers?{option}") == (400, "BadRequest")


def test_lines_need_their_document(standard: Client) -> None:
    assert standard.refusal("GET", "salesInvoiceLines") == (400, "Application_DialogException")
    assert standard.rows(f"salesInvoiceLines?$filter=documentId eq {COMPANY_ID}") == []


def test_another_company_has_its_own_rows(sandbox: Sandbox, standard: Client, control: Control) -> None:
    standard.add("unitsOfMeasure", {"code": "PCS"})
    made = control.post("companies", {"name": "Second"})
    other = Client(sandbox, f"{BUSINESS_CENTRAL}companies({made['id']})/")
    assert other.rows("unitsOfMeasure") == []
    assert other.add("unitsOfMeasure", {"code": "PCS"})["code"] == "PCS"
    row = standard.rows("unitsOfMeasure")[0]
    assert other.get(f"unitsOfMeasure({row['id']})").status_code == 404


def test_reading_intent_forbids_writing(standard: Client) -> None:
    assert standard.get("currencies", Data_Access_Intent="ReadOnly").status_code == 200
    assert standard.refusal("POST", "currencies", {"code": "X"}, Data_Access_Intent="ReadOnly") == (400, "BadRequest")


def test_service_documents_list_the_sets(sandbox: Sandbox, root: Client) -> None:
    assert "customers" in [row["name"] for row in root.rows("")]
    assert requests.get(f"{sandbox.url}/nonsense", timeout=10).status_code == 404
