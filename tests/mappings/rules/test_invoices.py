"""POSTEDSALESINV-INV and POSTEDSALESLINE-INV against the sandbox (default_setup.json special_rules, engine.md section 19)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from joblog.models import SynchEntry
from mappings.models import Coupling, IntegrationTableMapping, System
from tests.mappings.rules.invoicing import Office
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]
SEND = ("synchronize", "POSTEDSALESINV-INV", "--record")


@pytest.fixture
def office(demo_company: People) -> Office:
    return Office(demo_company)


@pytest.mark.rule("19.invoices.lines", "19.invoices.totals")
def test_an_invoice_arrives_with_header_lines_and_totals(office: Office, command: Command) -> None:
    """Sections 18 and 19: name, customer, price list, lines, totals."""
    invoice = office.ready(office.invoice_where("status eq 'Open'", currencyCode="USD", pricesIncludeTax=False))
    code, told = command(*SEND, invoice["number"])
    assert code == 0, list(SynchEntry.objects.values_list("source_label", "code", "message"))
    assert [(job["mapping"], job["inserted"]) for job in told["jobs"]] == [
        ("POSTEDSALESINV-INV", 1), ("POSTEDSALESLINE-INV", len(office.lines_of(invoice)))
    ]  # fmt: skip
    sent = office.arrived(invoice)
    assert (sent["name"], sent["totalamount"], sent["totaltax"]) == (
        invoice["number"], invoice["totalAmountIncludingTax"], invoice["totalTaxAmount"]
    )  # fmt: skip
    assert sum(Decimal(str(line["extendedamount"])) for line in office.products_of(sent)) - Decimal(str(sent["discountamount"])) == Decimal(
        str(sent["totalamount"])
    )


@pytest.mark.rule("19.invoices.foreign", "19.invoices.totals")
def test_prices_with_tax_in_another_currency_arrive_to_the_cent(office: Office, command: Command) -> None:
    """Rules price-excl-tax, rounding-line and price-list: the lines of Sales come to the amounts of Business Central."""
    invoice = office.ready(office.invoice_where("pricesIncludeTax eq true", currencyCode="EUR"))
    code, _ = command(*SEND, invoice["number"])
    assert code == 0, list(SynchEntry.objects.values_list("source_label", "code", "message"))
    sent, lines = office.arrived(invoice), office.lines_of(invoice)
    arrived = office.products_of(sent)
    worth = sum(money(line["priceperunit"]) * money(line["quantity"]) + money(line["tax"]) - discount(line) for line in arrived)
    assert round(worth, 2) == sum(money(line["amountIncludingTax"]) for line in lines) == money(sent["totalamount"])
    assert sum(money(line["extendedamount"]) for line in arrived if line["productname"] != "Rounding") == money(sent["totalamount"])
    price_list = office.people.rows_sales("pricelevels", f"pricelevelid eq {sent['_pricelevelid_value']}")[0]
    assert (price_list["name"], price_list["_transactioncurrencyid_value"]) == ("Price List in EUR", sent["_transactioncurrencyid_value"])


@pytest.mark.rule("19.invoices.totals")
def test_invoices_and_products_name_one_list_also_where_its_name_is_taken(office: Office, command: Command) -> None:
    """Rules default-price-list and price-list."""
    invoice = office.ready(office.invoice_where("status eq 'Open'", currencyCode="USD"))
    office.couple_currency("EUR")
    euro = office.people.rows_sales("transactioncurrencies", "isocurrencycode eq 'EUR'")[0]["transactioncurrencyid"]
    bind = {"transactioncurrencyid@odata.bind": f"/transactioncurrencies({euro})"}
    office.people.create_sales("pricelevels", name="Business Central Default Price List", **bind)
    assert command(*SEND, invoice["number"])[0] == 0
    line = next(line for line in office.lines_of(invoice) if line["lineType"] == "Item")
    command("synchronize", "ITEM-PRODUCT", "--record", line["lineObjectNumber"])
    (used,) = office.people.rows_sales("pricelevels", "name eq 'Business Central USD Default Price List'")
    assert office.arrived(invoice)["_pricelevelid_value"] == used["pricelevelid"]
    (product,) = office.people.rows_sales("products", f"productnumber eq '{line['lineObjectNumber']}'")
    prices = f"_pricelevelid_value eq {used['pricelevelid']} and _productid_value eq {product['productid']}"
    assert len(office.people.rows_sales("productpricelevels", prices)) == 1


def test_a_line_whose_price_got_no_answer_fails_and_is_well_with_the_next_run(office: Office, command: Command) -> None:
    """Rule price-list-row: invoice and lines arrive all the same."""
    invoice, _ = office.invoice_with(lineType="Resource")
    office.ready(invoice)
    office.people.fault(system="sales", kind="apply-then-disconnect", method="POST", path="/productpricelevels", times=1)
    assert command(*SEND, invoice["number"])[0] == 1
    failed = SynchEntry.objects.filter(action="Failed")
    assert {entry.job.mapping_name for entry in failed} == {"POSTEDSALESLINE-INV"}
    assert all("price list" in entry.message for entry in failed)
    assert len(office.products_of(office.arrived(invoice))) == len(office.lines_of(invoice))
    rows = len(office.people.rows_sales("productpricelevels"))
    assert command(*SEND, invoice["number"])[0] == 0
    assert len(office.people.rows_sales("productpricelevels")) == rows


def test_a_line_without_product_becomes_a_write_in(office: Office, command: Command) -> None:
    """Rule product: number, a space, description, a full stop."""
    invoice, freight = office.invoice_with(lineObjectNumber="40400")
    office.ready(invoice)
    assert command(*SEND, invoice["number"])[0] == 0
    written = [line for line in office.products_of(office.arrived(invoice)) if line["isproductoverridden"]]
    assert written[0]["productdescription"] == "40400 Freight and packing."
    assert written[0]["extendedamount"] == freight["netAmountIncludingTax"] + freight["invoiceDiscountAllocation"]


def test_a_line_for_the_write_in_product_is_written_in(office: Office, command: Command) -> None:
    """Rule product: also where it happens to be blocked, and nothing is synchronized first for it."""
    invoice, line = office.invoice_with(lineType="Item")
    office.ready(invoice)
    Coupling.objects.filter(mapping__name="ITEM-PRODUCT", bc_key=line["itemId"]).delete()
    System.objects.filter(kind="business_central").update(write_in_product=line["lineObjectNumber"])
    office.people.change_bc("items", line["itemId"], blocked=True)
    code, told = command(*SEND, invoice["number"])
    assert (code, {job["mapping"] for job in told["jobs"]}) == (0, {"POSTEDSALESINV-INV", "POSTEDSALESLINE-INV"})
    text = f"{line['lineObjectNumber']} {line['description']}."
    assert text in {row["productdescription"] for row in office.products_of(office.arrived(invoice)) if row["isproductoverridden"]}


def test_status_follows_payment_on_arrival(office: Office, command: Command) -> None:
    """Rule status: Billed, Paid and Canceled invoices arrive as such, with all their lines."""
    states = {}
    found = [office.open_invoice(), *(office.invoice_where(f"status eq '{status}'") for status in ("Paid", "Canceled"))]
    for invoice in found:
        office.ready(invoice)
        assert command(*SEND, invoice["number"])[0] == 0
        states[invoice["status"]] = tuple(office.arrived(invoice)[name] for name in ("statecode", "statuscode"))
    assert states == {"Open": (0, 4), "Paid": (2, 100001), "Canceled": (3, 100003)}


def test_a_second_run_writes_nothing(office: Office, command: Command) -> None:
    """A4, and rule read-only for what is closed."""
    invoice = office.ready(office.open_invoice())
    command(*SEND, invoice["number"])
    before = office.arrived(invoice)["versionnumber"]
    code, told = command(*SEND, invoice["number"])
    assert (code, [job["unchanged"] for job in told["jobs"]]) == (0, [1])
    assert office.arrived(invoice)["versionnumber"] == before


@pytest.mark.rule("19.invoices.blocked")
def test_an_invoice_with_a_blocked_item_is_not_created(office: Office, command: Command) -> None:
    """Rule blocked-check."""
    invoice, line = office.invoice_with(lineType="Item")
    office.ready(invoice)
    office.people.change_bc("items", line["itemId"], blocked=True)
    assert command(*SEND, invoice["number"])[0] == 1
    assert SynchEntry.objects.get().code == "blocked"
    assert office.people.rows_sales("invoices", f"invoicenumber eq '{invoice['number']}'") == []


@pytest.mark.rule("19.invoices.blocked")
def test_an_invoice_with_a_blocked_resource_is_not_created(office: Office, command: Command) -> None:
    invoice, line = office.invoice_with(lineType="Resource")
    office.ready(invoice)
    (resource,) = office.people.rows_bc("resources", f"number eq '{line['lineObjectNumber']}'")
    office.people.change_bc("resources", resource["id"], blocked=True)
    assert command(*SEND, invoice["number"])[0] == 1
    assert (SynchEntry.objects.get().code, office.people.rows_sales("invoices", f"invoicenumber eq '{invoice['number']}'")) == (
        "blocked",
        [],
    )


@pytest.mark.rule("19.invoices.impossible")
def test_an_invoice_whose_customer_cannot_be_synchronized_fails_and_names_it(office: Office, command: Command) -> None:
    """M24: the customer is outside of the filter of its mapping."""
    invoice = office.ready(office.open_invoice())
    Coupling.objects.filter(mapping__name="CUSTOMER").delete()
    office.people.change_bc("customers", invoice["customerId"], blocked="All")
    assert command(*SEND, invoice["number"])[0] == 1
    entry = SynchEntry.objects.get(action="Failed")
    assert (entry.code, invoice["customerNumber"] in entry.message, "CUSTOMER" in entry.message) == ("not-coupled", True, True)
    assert office.people.rows_sales("invoices", f"invoicenumber eq '{invoice['number']}'") == []


@pytest.mark.rule("19.invoices.closed")
def test_an_invoice_that_is_closed_in_sales_is_left_alone_except_for_its_status(office: Office, command: Command) -> None:
    """Rule read-only: it is read, and counted nowhere; the statistics job opens it again where nothing is paid."""
    invoice = office.ready(office.open_invoice())
    command(*SEND, invoice["number"])
    key = office.arrived(invoice)["invoiceid"]
    office.people.change_sales("invoices", key, statecode=2, statuscode=100001)
    late = {"entity": "salesInvoices", "key": invoice["id"], "seconds": 0, "values": {"shipToName": "Somewhere else"}}
    office.people.control("POST", "commit-late", late)
    _, told = command(*SEND, invoice["number"])
    assert {name: told["jobs"][0][name] for name in ("read", "modified", "unchanged", "failed", "skipped")} == {
        "read": 1, "modified": 0, "unchanged": 0, "failed": 0, "skipped": 0,
    }  # fmt: skip
    command("synchronize", "INVOICE STATUS")
    assert (office.arrived(invoice)["statecode"], office.arrived(invoice)["shipto_name"]) == (0, invoice["shipToName"])
    command(*SEND, invoice["number"])
    assert office.arrived(invoice)["shipto_name"] == "Somewhere else"


@pytest.mark.rule("19.invoices.first")
def test_customer_and_goods_are_synchronized_first(office: Office, command: Command) -> None:
    """Rules customer and lines-ready: what passes the filter of its mapping comes first, in jobs of its own."""
    invoice = office.open_invoice()
    office.couple_salespeople(invoice)
    command("synchronize", "UNIT OF MEASURE")
    code, told = command(*SEND, invoice["number"])
    assert code == 0, list(SynchEntry.objects.filter(action="Failed").values_list("source_label", "code", "message"))
    inserted = {job["mapping"]: job["inserted"] for job in told["jobs"]}
    assert inserted["CUSTOMER"] == inserted["POSTEDSALESINV-INV"] == 1
    assert all(line["_productid_value"] for line in office.products_of(office.arrived(invoice)) if not line["isproductoverridden"])


def test_a_preview_takes_for_done_what_would_be_synchronized_first(office: Office, command: Command) -> None:
    """A11: the same decision, and nothing written."""
    invoice = office.open_invoice()
    office.couple_salespeople(invoice)
    accounts, products = (len(office.people.rows_sales(table)) for table in ("accounts", "products"))
    code, told = command(*SEND, invoice["number"], "--preview")
    assert (code, [(job["mapping"], job["inserted"]) for job in told["jobs"]]) == (0, [("POSTEDSALESINV-INV", 1)])
    assert [len(office.people.rows_sales(table)) for table in ("accounts", "products")] == [accounts, products]
    (change,) = (one for one in SynchEntry.objects.get().changes if one["field"] == "customerid")
    assert change["new"] == "created first"


def test_nothing_is_synchronized_first_for_invoices_that_nobody_creates(office: Office, command: Command) -> None:
    """Only coupled invoices take part: the others leave customers and items alone."""
    IntegrationTableMapping.objects.filter(name="POSTEDSALESINV-INV").update(synch_only_coupled=True)
    code, told = command("synchronize", "POSTEDSALESINV-INV")
    assert (code, {job["mapping"] for job in told["jobs"]}) == (0, {"POSTEDSALESINV-INV"})


def test_lines_that_failed_arrive_with_the_next_run(office: Office, command: Command) -> None:
    """The invoice is there, its lines follow; the status waits for them, because a closed invoice takes no line."""
    invoice = office.ready(office.invoice_where("status eq 'Paid'"))
    coupled = {row.pk: row.sales_key for row in Coupling.objects.filter(mapping__name="ITEM-PRODUCT")}
    for number in coupled:
        Coupling.objects.filter(pk=number).update(sales_key=str(uuid.uuid4()))  # as if the product were deleted
    assert command(*SEND, invoice["number"])[0] == 1
    command("synchronize", "INVOICE STATUS")
    assert office.arrived(invoice)["statecode"] == 0
    for number, key in coupled.items():
        Coupling.objects.filter(pk=number).update(sales_key=key)
    assert command(*SEND, invoice["number"])[0] == 0
    assert len(office.products_of(office.arrived(invoice))) == len(office.lines_of(invoice))
    assert office.arrived(invoice)["statuscode"] == 100001


def money(value: float | None) -> Decimal:
    return Decimal(str(value or 0))


def discount(line: dict[str, Any]) -> Decimal:
    return money(line["manualdiscountamount"])
