"""One invoice from its posting to its end (issue 3, done when 4; engine.md sections 19 and 20)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import pytest

from joblog.models import SynchEntry
from mappings.models import IntegrationTableMapping, System
from tests.mappings.rules.invoicing import Office
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]
NUMBER = "103290"  # in Canadian dollars, prices with tax, five items of which some have discounts, and a comment
BILLED, PARTLY_PAID, PAID, CANCELED = (0, 4), (2, 100002), (2, 100001), (3, 100003)


@pytest.mark.rule("19.invoices.totals", "19.invoices.foreign", "20.2.paid", "20.2.partial", "20.2.open", "20.2.canceled", "20.2.reopened")
def test_an_invoice_arrives_to_the_cent_and_its_status_follows_the_payments(demo_company: People, command: Command) -> None:
    office = Office(demo_company)
    demo_company.control("POST", "payment", {"invoice": NUMBER, "unapply": True})
    invoice = office.ready(office.invoice_where(f"number eq '{NUMBER}'", currencyCode="CAD", pricesIncludeTax=True))
    lines = office.lines_of(invoice)
    assert [line["lineType"] for line in lines] == ["Item"] * 5 + ["Comment"]
    System.objects.filter(kind="business_central").update(write_in_product=lines[2]["lineObjectNumber"])

    code, told = command("synchronize", "POSTEDSALESINV-INV", "--record", NUMBER)
    assert code == 0, list(SynchEntry.objects.values_list("source_label", "code", "message"))
    assert [(job["mapping"], job["inserted"]) for job in told["jobs"]] == [("POSTEDSALESINV-INV", 1), ("POSTEDSALESLINE-INV", 6)]
    sent = office.arrived(invoice)
    arrived = [line for line in office.products_of(sent) if line["productname"] != "Rounding"]
    assert [line["productdescription"] for line in arrived if line["isproductoverridden"]] == [
        f"{lines[2]['lineObjectNumber']} {lines[2]['description']}.", f"{lines[5]['description']}."
    ]  # fmt: skip
    _same_totals(invoice, sent)
    for line, product in zip(lines, arrived, strict=True):
        _same_amounts(line, product)
    # Price by price, with tax and discount, the lines of Sales come to the same sum: what rounding loses stands on a line of its own.
    assert round(sum(_worth(line) for line in office.products_of(sent)), 2) == _money(invoice["totalAmountIncludingTax"])
    currency = demo_company.rows_sales("transactioncurrencies", f"transactioncurrencyid eq {sent['_transactioncurrencyid_value']}")[0]
    prices = demo_company.rows_sales("pricelevels", f"pricelevelid eq {sent['_pricelevelid_value']}")[0]
    assert (currency["isocurrencycode"], prices["name"]) == ("CAD", "Price List in CAD")
    assert _state(sent) == BILLED

    IntegrationTableMapping.objects.filter(name="POSTEDSALESINV-INV").update(synch_only_coupled=True)  # the other invoices stay at home
    part = round(invoice["totalAmountIncludingTax"] / 3, 2)
    rest = round(invoice["totalAmountIncludingTax"] - part, 2)
    for what, expected in (
        ({"amount": part}, PARTLY_PAID), ({"amount": rest}, PAID), ({"unapply": True}, BILLED), ({"amount": part}, PARTLY_PAID),
        ({"unapply": True}, BILLED),
    ):  # fmt: skip
        demo_company.control("POST", "payment", {"invoice": NUMBER, **what})
        assert _run(command) == (1, 0)
        assert _state(office.arrived(invoice)) == expected
        assert _run(command) == (0, 1)
    demo_company.act_standard("salesInvoices", invoice["id"], "cancel")
    assert _run(command) == (1, 0)
    assert _state(office.arrived(invoice)) == CANCELED
    _same_totals(invoice, office.arrived(invoice))
    assert len(office.products_of(office.arrived(invoice))) >= 6


def _run(command: Command) -> tuple[int, int]:
    """How many invoices the statistics job modifies and finds unchanged; the mapping's own run leaves the closed ones alone."""
    assert command("synchronize", "POSTEDSALESINV-INV")[0] == 0
    code, told = command("synchronize", "INVOICE STATUS")
    job = next(job for job in told["jobs"] if job["mapping"] == "INVOICE STATUS")
    assert (code, job["failed"]) == (0, 0)
    return job["modified"], job["unchanged"]


def _same_totals(invoice: dict[str, Any], sent: dict[str, Any]) -> None:
    pairs = {
        "totalAmountExcludingTax": "totalamountlessfreight", "totalAmountIncludingTax": "totalamount", "totalTaxAmount": "totaltax",
        "discountAmount": "discountamount",
    }  # fmt: skip
    assert _named(sent, pairs.values()) == _named(invoice, pairs)


def _same_amounts(line: dict[str, Any], product: dict[str, Any]) -> None:
    net, gross, discount = (_money(line[name]) for name in ("netAmount", "netAmountIncludingTax", "discountAmount"))
    shown = {name: _money(product[name]) for name in ("tax", "manualdiscountamount", "baseamount", "extendedamount", "quantity")}
    assert shown == {
        "tax": gross - net,
        "manualdiscountamount": discount,
        "baseamount": net + discount,
        "extendedamount": gross,
        "quantity": _money(line["quantity"]),
    }


def _worth(line: dict[str, Any]) -> Decimal:
    return _money(line["priceperunit"]) * _money(line["quantity"]) + _money(line["tax"]) - _money(line["manualdiscountamount"])


def _named(row: dict[str, Any], names: Iterable[str]) -> list[Decimal]:
    return [_money(row[name]) for name in names]


def _money(value: float | None) -> Decimal:
    return Decimal(str(value or 0))


def _state(invoice: dict[str, Any]) -> tuple[int, int]:
    return invoice["statecode"], invoice["statuscode"]
