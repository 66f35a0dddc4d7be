"""Demo data of Business Central: posted sales invoices and drafts with their lines."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from syncadmin.sandbox.demo_items import is_sellable
from syncadmin.sandbox.demo_rows import (
    BLANK_DATE,
    BLANK_ID,
    DEMO_DATE,
    Row,
    Rows,
    business_central_row,
    cents,
    chance,
    company,
    in_milliseconds,
)
from syncadmin.sandbox.ids import LOCAL_CURRENCY, fixed_id

POSTED_INVOICES = 300
DRAFTS = 6

_FIRST_POSTED_NUMBER = 103001
_FIRST_DRAFT_NUMBER = 102201
_DAYS_COVERED = 360
_DAYS_TO_PAY = {"": 14, "NET30": 30, "2%10NET30": 30, "NET45": 45, "NET60": 60}
# A company taxed in the United States, in Canada and, by its warehouse there, in Germany; the rest is export without tax.
_TAX_PERCENT = {"US": 7, "CA": 5, "DE": 19}
_INVOICE_DISCOUNT = Decimal("0.025")
_LINE_STEP = 10_000


@dataclass(frozen=True, kw_only=True)
class Assortment:
    """What an invoice can be made of; rates are units of a currency for one local unit, by (currency, year, month)."""

    customers: Rows
    items: Rows
    resources: Rows
    rates: dict[tuple[str, int, int], Decimal]


@dataclass(frozen=True, kw_only=True)
class _Terms:
    day: date
    factor: Decimal
    tax_percent: int
    includes_tax: bool
    discounted: bool


def invoice_rows(assortment: Assortment) -> dict[str, Rows]:
    """``salesInvoices`` and ``salesInvoiceLines``: 300 posted invoices of the year before ``DEMO_DATE``, numbered by date, and six drafts.

    Customers and goods are taken as given: leave out what would make an invoice fail.
    """
    sellable = [item for item in assortment.items if is_sellable(item)]
    usable = [resource for resource in assortment.resources if not resource["blocked"]]
    assortment = Assortment(customers=assortment.customers, items=sellable, resources=usable, rates=assortment.rates)
    documents = [_posted(index, assortment) for index in range(POSTED_INVOICES)] + [_draft(index, assortment) for index in range(DRAFTS)]
    return {
        "salesInvoices": [header for header, _lines in documents],
        "salesInvoiceLines": [line for _header, lines in documents for line in lines],
    }


def _posted(index: int, assortment: Assortment) -> tuple[Row, Rows]:
    number = str(_FIRST_POSTED_NUMBER + index)
    day = DEMO_DATE - timedelta(days=_DAYS_COVERED - index * (_DAYS_COVERED - 2) // (POSTED_INVOICES - 1))
    luck = chance(f"invoice {number}")
    header, lines = _document(number, day, luck, assortment)
    _settle(header, day, luck)
    return header, lines


def _draft(index: int, assortment: Assortment) -> tuple[Row, Rows]:
    number = str(_FIRST_DRAFT_NUMBER + index)
    day = DEMO_DATE - timedelta(days=DRAFTS - index)
    header, lines = _document(number, day, chance(f"invoice {number}"), assortment)
    return header | {"status": "Draft", "lastModifiedDateTime": _stamp(day)}, lines


def _document(number: str, day: date, luck: random.Random, assortment: Assortment) -> tuple[Row, Rows]:
    customer = luck.choice(assortment.customers)
    terms = _terms_of(customer, day, luck, assortment)
    lines = _lines(number, terms, luck, assortment)
    return _header(number, customer, terms, lines, luck), lines


def _terms_of(customer: Row, day: date, luck: random.Random, assortment: Assortment) -> _Terms:
    currency = customer["currencyCode"]
    factor = Decimal(1) if currency == LOCAL_CURRENCY else assortment.rates[currency, day.year, day.month]
    tax = _TAX_PERCENT.get(customer["country"], 0)
    includes_tax = tax > 0 and luck.random() < 0.2
    discounted = not includes_tax and luck.random() < 0.12
    return _Terms(day=day, factor=factor, tax_percent=tax, includes_tax=includes_tax, discounted=discounted)


def _lines(number: str, terms: _Terms, luck: random.Random, assortment: Assortment) -> Rows:
    count = luck.choice([1, 1, 2, 2, 3, 3, 4, 5, 6])
    subjects = [_item_subject(item) for item in luck.sample(assortment.items, count)]
    if luck.random() < 0.25:
        subjects.append(_resource_subject(luck.choice(assortment.resources)))
    if luck.random() < 0.1:
        subjects.append(_freight_subject(luck))
    lines = [_line(number, place, subject, terms, luck) for place, subject in enumerate(subjects, start=1)]
    if luck.random() < 0.2:
        lines.append(_comment(number, len(lines) + 1, luck))
    return lines


def _item_subject(item: Row) -> Row:
    return {
        "lineType": "Item",
        "itemId": item["id"],
        "lineObjectNumber": item["number"],
        "description": item["displayName"],
        "price": item["unitPrice"],
        "unit": item["baseUnitOfMeasureCode"],
    }


def _resource_subject(resource: Row) -> Row:
    return {
        "lineType": "Resource",
        "lineObjectNumber": resource["number"],
        "description": resource["displayName2"],
        "price": resource["unitPrice"],
        "unit": resource["baseUnitOfMeasureCode"],
    }


def _freight_subject(luck: random.Random) -> Row:
    return {
        "lineType": "Account",
        "accountId": fixed_id("accounts", "40400"),
        "lineObjectNumber": "40400",
        "description": "Freight and packing",
        "price": luck.choice([25, 40, 65.5, 120]),
        "unit": "",
    }


def _line(number: str, place: int, subject: Row, terms: _Terms, luck: random.Random) -> Row:
    subject = dict(subject)
    list_price, unit = Decimal(str(subject.pop("price"))), subject.pop("unit")
    price = cents(list_price * terms.factor * (100 + terms.tax_percent if terms.includes_tax else 100) / 100)
    quantity = _quantity(subject["lineType"], luck)
    percent = luck.choice([0, 0, 0, 5, 10]) if subject["lineType"] == "Item" else 0
    return business_central_row(
        "salesInvoiceLines",
        id=_line_id(number, place),
        documentId=fixed_id("salesInvoices", number),
        sequence=place * _LINE_STEP,
        unitOfMeasureId=fixed_id("unitsOfMeasure", unit) if unit else BLANK_ID,
        unitOfMeasureCode=unit,
        quantity=quantity,
        unitPrice=price,
        discountPercent=percent,
        discountAppliedBeforeTax=True,
        taxCode="TAXABLE" if terms.tax_percent else "NONTAXABLE",
        taxPercent=terms.tax_percent,
        shipmentDate=terms.day.isoformat(),
        **_amounts(cents(price * quantity), percent, terms),
        **subject,
    )


def _quantity(line_type: str, luck: random.Random) -> Decimal:
    if line_type == "Resource":
        return Decimal(luck.choice(["0.5", "1.5", "2", "3.25", "8"]))
    return Decimal(1) if line_type == "Account" else Decimal(luck.choice([1, 1, 2, 3, 4, 6, 10, 12, 24]))


def _amounts(gross: Decimal, percent: int, terms: _Terms) -> dict[str, Decimal]:
    """The amounts of a line from quantity times price. As Business Central does: discounts first, each amount rounded to the cent,
    tax always the difference between the amounts with and without it."""
    discount = cents(gross * percent / 100)
    rate = Decimal(terms.tax_percent) / 100
    with_tax = gross - discount if terms.includes_tax else cents((gross - discount) * (1 + rate))
    without_tax = cents(with_tax / (1 + rate)) if terms.includes_tax else gross - discount
    share = cents(without_tax * _INVOICE_DISCOUNT) if terms.discounted else Decimal(0)
    net = without_tax - share
    net_with_tax = with_tax if terms.includes_tax else cents(net * (1 + rate))
    return {
        "discountAmount": discount,
        "amountExcludingTax": without_tax,
        "totalTaxAmount": with_tax - without_tax,
        "amountIncludingTax": with_tax,
        "invoiceDiscountAllocation": share,
        "netAmount": net,
        "netTaxAmount": net_with_tax - net,
        "netAmountIncludingTax": net_with_tax,
    }


def _comment(number: str, place: int, luck: random.Random) -> Row:
    text = luck.choice(
        ["Thank you for your order.", "Assembly instructions are in the parcel.", "Colours may differ slightly from the samples."]
    )
    return business_central_row(
        "salesInvoiceLines",
        id=_line_id(number, place),
        documentId=fixed_id("salesInvoices", number),
        sequence=place * _LINE_STEP,
        lineType="Comment",
        description=text,
    )


def _line_id(number: str, place: int) -> str:
    return fixed_id("salesInvoiceLines", number, str(place))


def _header(number: str, customer: Row, terms: _Terms, lines: Rows, luck: random.Random) -> Row:
    day = terms.day
    return business_central_row(
        "salesInvoices",
        id=fixed_id("salesInvoices", number),
        number=number,
        invoiceDate=day.isoformat(),
        postingDate=day.isoformat(),
        externalDocumentNumber=f"PO-{luck.randrange(1000, 99_999)}" if luck.random() < 0.7 else "",
        promisedPayDate=BLANK_DATE,
        dueDate=(day + timedelta(days=_DAYS_TO_PAY[customer["paymentTermsCode"]])).isoformat(),
        shipmentDate=day.isoformat(),
        salesperson=customer["salespersonCode"],
        pricesIncludeTax=terms.includes_tax,
        discountAppliedBeforeTax=True,
        currencyId=customer["currencyId"],
        currencyCode=customer["currencyCode"],
        currencyFactor=0 if customer["currencyCode"] == LOCAL_CURRENCY else terms.factor,
        workDescription=luck.choice(company()["work_descriptions"]) if luck.random() < 0.15 else "",
        **_customer_part(customer),
        **_totals(lines),
    )


def _customer_part(customer: Row) -> dict[str, Any]:
    address = {
        f"{role}{target}": customer[source]
        for role in ("sellTo", "billTo", "shipTo")
        for target, source in (
            ("AddressLine1", "addressLine1"),
            ("AddressLine2", "addressLine2"),
            ("City", "city"),
            ("State", "state"),
            ("Country", "country"),
            ("PostCode", "postalCode"),
        )
    }
    same = ("paymentTermsId", "paymentTermsCode", "shipmentMethodId", "shipmentMethodCode", "shippingAgentCode", "phoneNumber", "email")
    return (
        address
        | {name: customer[name] for name in same}
        | {
            "customerId": customer["id"],
            "customerNumber": customer["number"],
            "customerName": customer["displayName"],
            "billToCustomerId": customer["id"],
            "billToCustomerNumber": customer["number"],
            "billToName": customer["displayName"],
            "shipToName": customer["displayName"],
            "shipToContact": customer["contactName"],
        }
    )


def _totals(lines: Rows) -> dict[str, Decimal]:
    return {
        "discountAmount": summed(lines, "invoiceDiscountAllocation"),
        "totalAmountExcludingTax": summed(lines, "netAmount"),
        "totalTaxAmount": summed(lines, "netTaxAmount"),
        "totalAmountIncludingTax": summed(lines, "netAmountIncludingTax"),
    }


def summed(rows: Rows, name: str) -> Decimal:
    """The exact sum of one property, in cents."""
    return sum((cents(row[name]) for row in rows), Decimal("0.00"))


def _settle(header: Row, day: date, luck: random.Random) -> None:
    """Old invoices are mostly paid, young ones mostly open; a payment moves the stamp to its day."""
    age, roll = (DEMO_DATE - day).days, luck.random()
    if roll < 0.04:
        header["status"], last_day = "Canceled", day + timedelta(days=luck.randrange(1, 5))
    elif roll < (0.93 if age > 70 else 0.3):
        header["status"], last_day = "Paid", day + timedelta(days=luck.randrange(5, 70))
    else:
        header["status"], last_day = "Open", day
        header["remainingAmount"] = header["totalAmountIncludingTax"]
        if luck.random() < 0.25:
            header["remainingAmount"] = float(cents(Decimal(str(header["totalAmountIncludingTax"])) * luck.choice([25, 40, 60]) / 100))
            last_day = day + timedelta(days=luck.randrange(3, 25))
    header["lastModifiedDateTime"] = _stamp(min(last_day, DEMO_DATE - timedelta(days=1)), int(header["number"]))


def _stamp(day: date, spread: int = 0) -> str:
    return in_milliseconds(datetime.combine(day, time(8), UTC) + timedelta(seconds=spread % 1000 * 31, milliseconds=spread * 7 % 1000))
