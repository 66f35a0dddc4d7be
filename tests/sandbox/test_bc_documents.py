"""Sales invoices of Business Central: drafts, posting, payment, cancelling."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.client import Client
from tests.sandbox.conftest import Control


@pytest.fixture
def draft(custom: Client, standard: Client) -> dict[str, Any]:
    """A draft of two bikes at 100 for Adatum in Ribe."""
    customer = custom.add("customers", {"displayName": "Adatum", "city": "Ribe"})
    item = standard.add("items", {"displayName": "Bike", "unitPrice": 100})
    lines = [{"itemId": item["id"], "quantity": 2}, {"lineType": "Comment", "description": "Thanks"}]
    made = standard.add("salesInvoices", {"customerId": customer["id"], "salesInvoiceLines": lines})
    return standard.get(f"salesInvoices({made['id']})").json()


def post(standard: Client, invoice: dict[str, Any]) -> dict[str, Any]:
    answer = standard.call("POST", f"salesInvoices({invoice['id']})/Microsoft.NAV.post")
    assert answer.status_code == 204, answer.text
    return standard.get(f"salesInvoices({invoice['id']})").json()


def test_a_draft_takes_the_customers_data_and_sums_up_its_lines(draft: dict[str, Any]) -> None:
    assert (draft["status"], draft["customerName"], draft["sellToCity"]) == ("Draft", "Adatum", "Ribe")
    assert draft["totalAmountIncludingTax"] == 200
    assert draft["currencyCode"] == "USD"


def test_lines_are_reached_in_two_ways(standard: Client, draft: dict[str, Any]) -> None:
    nested = standard.rows(f"salesInvoices({draft['id']})/salesInvoiceLines")
    filtered = standard.rows(f"salesInvoiceLines?$filter=documentId eq {draft['id']}&$orderby=sequence")
    assert sorted(row["id"] for row in nested) == sorted(row["id"] for row in filtered)
    assert [row["sequence"] for row in filtered] == [10000, 20000]
    assert [row["description"] for row in filtered] == ["Bike", "Thanks"]


def test_changing_a_line_changes_the_total(standard: Client, draft: dict[str, Any]) -> None:
    line = standard.rows(f"salesInvoiceLines?$filter=documentId eq {draft['id']} and lineType eq 'Item'")[0]
    standard.call("PATCH", f"salesInvoiceLines({line['id']})", {"quantity": 3, "discountPercent": 10}, If_Match="*")
    assert standard.get(f"salesInvoices({draft['id']})").json()["totalAmountIncludingTax"] == 270
    refused = standard.refusal("PATCH", f"salesInvoiceLines({line['id']})", {"sequence": 5}, If_Match="*")
    assert refused == (400, "Application_DialogException")


def test_posting_gives_a_number_and_closes_the_document(standard: Client, draft: dict[str, Any]) -> None:
    posted = post(standard, draft)
    assert (posted["number"], posted["status"], posted["remainingAmount"]) == ("103001", "Open", 200)
    path = f"salesInvoices({draft['id']})"
    assert standard.refusal("PATCH", path, {"email": "a@b.example"}, If_Match="*") == (400, "Application_DialogException")
    assert standard.refusal("DELETE", path, If_Match="*") == (400, "Application_DialogException")
    assert standard.refusal("POST", path + "/Microsoft.NAV.post") == (400, "Application_DialogException")
    assert standard.refusal("POST", path + "/salesInvoiceLines", {"quantity": 1}) == (400, "Application_DialogException")


def test_posting_moves_the_customers_figures(custom: Client, standard: Client, draft: dict[str, Any]) -> None:
    before = custom.get(f"customerStatistics({draft['customerId']})").json()
    post(standard, draft)
    after = custom.get(f"customerStatistics({draft['customerId']})").json()
    assert (before["balance"], after["balance"], after["totalSales"]) == (0, 200, 200)
    assert after["lastActivityDateTime"] > before["lastActivityDateTime"]


def test_a_part_payment_leaves_the_stamp_a_full_one_moves_it(standard: Client, draft: dict[str, Any], control: Control) -> None:
    posted = post(standard, draft)
    control.post("payment", {"invoice": posted["number"], "amount": 50})
    partly = standard.get(f"salesInvoices({draft['id']})").json()
    assert (partly["remainingAmount"], partly["status"], partly["@odata.etag"]) == (150, "Open", posted["@odata.etag"])
    control.post("payment", {"invoice": posted["number"], "amount": 150})
    paid = standard.get(f"salesInvoices({draft['id']})").json()
    assert (paid["remainingAmount"], paid["status"]) == (0, "Paid")
    assert paid["@odata.etag"] != posted["@odata.etag"]


@pytest.mark.parametrize("amount", [50, 200])
def test_an_unapplied_payment_opens_the_invoice_again(
    custom: Client, standard: Client, draft: dict[str, Any], control: Control, amount: float
) -> None:
    posted = post(standard, draft)
    control.post("payment", {"invoice": posted["number"], "amount": amount})
    control.post("payment", {"invoice": posted["number"], "unapply": True})
    row = standard.get(f"salesInvoices({draft['id']})").json()
    assert (row["remainingAmount"], row["status"]) == (200, "Open")
    assert custom.get(f"customerStatistics({draft['customerId']})").json()["balance"] == 200


def test_a_canceled_invoice_is_owed_no_more(custom: Client, standard: Client, draft: dict[str, Any]) -> None:
    post(standard, draft)
    assert standard.call("POST", f"salesInvoices({draft['id']})/Microsoft.NAV.cancel").status_code == 204
    assert standard.get(f"salesInvoices({draft['id']})").json()["status"] == "Canceled"
    assert custom.get(f"customerStatistics({draft['customerId']})").json()["balance"] == 0


def test_an_invoice_needs_a_customer_and_lines_an_invoice(standard: Client) -> None:
    assert standard.refusal("POST", "salesInvoices", {}) == (400, "Application_DialogException")
    assert standard.refusal("POST", "salesInvoiceLines", {"quantity": 1}) == (400, "Application_DialogException")
    assert standard.refusal("POST", "salesInvoices", {"number": "X"}) == (400, "BadRequest_InvalidOperation")


def test_deleting_a_draft_deletes_its_lines(standard: Client, draft: dict[str, Any]) -> None:
    assert standard.call("DELETE", f"salesInvoices({draft['id']})", If_Match="*").status_code == 204
    assert standard.rows(f"salesInvoiceLines?$filter=documentId eq {draft['id']}") == []


def test_a_refused_line_takes_the_new_document_back(standard: Client, custom: Client) -> None:
    customer = custom.add("customers", {"displayName": "Adatum"})
    body = {"customerId": customer["id"], "salesInvoiceLines": [{"nonsense": 1}]}
    assert standard.refusal("POST", "salesInvoices", body) == (400, "BadRequest")
    assert standard.rows("salesInvoices") == []
