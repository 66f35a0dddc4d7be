"""The invoices of the demo add up to the cent, and so do the figures reckoned from them."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from functools import cache
from typing import Any

from syncadmin.sandbox.demo_data import business_central_rows

Row = dict[str, Any]


@cache
def business_central() -> dict[str, list[Row]]:
    return business_central_rows()


def by(rows: list[Row], name: str) -> dict[Any, Row]:
    return {row[name]: row for row in rows}


def money(value: float) -> Decimal:
    return Decimal(str(value))


def test_lines_add_up_from_quantity_and_price_to_the_cent() -> None:
    for line in business_central()["salesInvoiceLines"]:
        net, tax, gross = (money(line[name]) for name in ("netAmount", "netTaxAmount", "netAmountIncludingTax"))
        assert net + tax == gross
        assert abs(tax - net * money(line["taxPercent"]) / 100) <= Decimal("0.01")
        assert money(line["amountExcludingTax"]) - money(line["invoiceDiscountAllocation"]) == net
        assert money(line["amountExcludingTax"]) + money(line["totalTaxAmount"]) == money(line["amountIncludingTax"])


def test_the_amount_of_a_line_is_quantity_times_price_less_discount() -> None:
    headers = by(business_central()["salesInvoices"], "id")
    for line in business_central()["salesInvoiceLines"]:
        amount = "amountIncludingTax" if headers[line["documentId"]]["pricesIncludeTax"] else "amountExcludingTax"
        whole = money(line["quantity"]) * money(line["unitPrice"])
        assert abs(whole - money(line["discountAmount"]) - money(line[amount])) <= Decimal("0.005")


def test_invoice_totals_are_the_sums_of_their_lines_to_the_cent() -> None:
    sums: dict[str, Counter[str]] = {}
    columns = {
        "netAmount": "totalAmountExcludingTax",
        "netTaxAmount": "totalTaxAmount",
        "netAmountIncludingTax": "totalAmountIncludingTax",
        "invoiceDiscountAllocation": "discountAmount",
    }
    for line in business_central()["salesInvoiceLines"]:
        for source, target in columns.items():
            sums.setdefault(line["documentId"], Counter())[target] += round(money(line[source]) * 100)
    for invoice in business_central()["salesInvoices"]:
        assert {name: round(money(invoice[name]) * 100) for name in columns.values()} == {
            name: sums[invoice["id"]][name] for name in columns.values()
        }


def test_what_remains_open_goes_with_the_status() -> None:
    for invoice in business_central()["salesInvoices"]:
        assert (invoice["remainingAmount"] > 0) == (invoice["status"] == "Open")
        assert invoice["remainingAmount"] <= invoice["totalAmountIncludingTax"]
    open_ones = [invoice for invoice in business_central()["salesInvoices"] if invoice["status"] == "Open"]
    assert any(invoice["remainingAmount"] < invoice["totalAmountIncludingTax"] for invoice in open_ones)


def test_invoices_come_in_every_kind() -> None:
    invoices, lines = business_central()["salesInvoices"], business_central()["salesInvoiceLines"]
    assert {invoice["status"] for invoice in invoices} == {"Open", "Paid", "Canceled", "Draft"}
    assert {line["lineType"] for line in lines} == {"Item", "Resource", "Account", "Comment"}
    assert {invoice["currencyCode"] for invoice in invoices} >= {"USD", "EUR", "CAD", "DKK", "SEK", "NOK"}
    assert any(invoice["pricesIncludeTax"] for invoice in invoices)
    assert any(invoice["discountAmount"] for invoice in invoices)


def test_the_balance_of_a_customer_is_what_its_invoices_leave_open() -> None:
    open_amounts: Counter[str] = Counter()
    for invoice in business_central()["salesInvoices"]:
        open_amounts[invoice["customerNumber"]] += round(money(invoice["remainingAmount"]) / (money(invoice["currencyFactor"]) or 1) * 100)
    details, statistics = (by(business_central()[name], "number") for name in ("customerFinancialDetails", "customerStatistics"))
    for customer in business_central()["customers"]:
        number = customer["number"]
        assert abs(round(money(details[number]["balance"]) * 100) - open_amounts[number]) <= 1
        assert statistics[number]["balance"] == details[number]["balance"]
        assert statistics[number]["id"] == details[number]["id"] == customer["id"]
        assert customer["balanceDue"] == details[number]["overdueAmount"] <= details[number]["balance"]


def test_the_total_of_the_statistics_is_the_sum_of_its_parts() -> None:
    parts = (
        "balance",
        "outstandingOrders",
        "shippedNotInvoiced",
        "outstandingInvoices",
        "outstandingServiceOrders",
        "serviceShippedNotInvoiced",
    )
    for row in business_central()["customerStatistics"]:
        assert sum(money(row[name]) for name in (*parts, "outstandingServiceInvoices")) == money(row["total"])


def test_currencies_have_a_rate_in_force() -> None:
    for currency in business_central()["currencies"]:
        rates = [rate for rate in business_central()["currencyExchangeRates"] if rate["currencyCode"] == currency["code"]]
        assert min(rate["startingDate"] for rate in rates) <= min(invoice["postingDate"] for invoice in business_central()["salesInvoices"])
        assert all(rate["relationalExchangeRateAmount"] > 0 for rate in rates)


def test_the_sales_of_a_customer_are_its_invoices_that_were_not_canceled() -> None:
    ever, this_year = Counter[str](), Counter[str]()
    for invoice in business_central()["salesInvoices"]:
        if invoice["status"] in ("Open", "Paid"):
            amount = round(money(invoice["totalAmountExcludingTax"]) / (money(invoice["currencyFactor"]) or 1) * 100)
            ever[invoice["customerNumber"]] += amount
            this_year[invoice["customerNumber"]] += amount if invoice["postingDate"] >= "2026-01-01" else 0
    for row in business_central()["customerStatistics"]:
        assert abs(round(money(row["totalSales"]) * 100) - this_year[row["number"]]) <= 5
    for row in business_central()["customerFinancialDetails"]:
        assert abs(round(money(row["totalSalesExcludingTax"]) * 100) - ever[row["number"]]) <= 5
