"""The demo company in both systems: CRONUS International, a dealer in bicycles, furniture and office equipment, in Business Central, and
the CRM of its salespeople in Sales, where half of the customers exist already. Always the same rows; they come on top of the base rows.
What is wrong on purpose is told in ``demo_failures``.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache

from syncadmin.sandbox.demo_business_central import customer_rows, monthly_rate, setup_rows
from syncadmin.sandbox.demo_contacts import contact_rows
from syncadmin.sandbox.demo_documents import Assortment, invoice_rows
from syncadmin.sandbox.demo_failures import failing
from syncadmin.sandbox.demo_items import item_rows, resource_rows, sales_price_rows
from syncadmin.sandbox.demo_products import matched_items, matched_resources, product_id, product_rows
from syncadmin.sandbox.demo_rows import BLANK_OPTION, DEMO_DATE, Row, Rows, company
from syncadmin.sandbox.demo_sales import (
    account_id,
    account_rows,
    currency_rows,
    sales_currency_id,
    unit_group_id,
    unit_rows,
    user_of,
    user_rows,
)
from syncadmin.sandbox.demo_sales_contacts import matched_persons, sales_contact_id, sales_contact_rows
from syncadmin.sandbox.demo_statistics import statistics_rows
from syncadmin.sandbox.ids import fixed_id

# The countries and regions that the company has set up; Business Central refuses any other value in a country field.
COUNTRY_CODES: frozenset[str] = frozenset(company()["countries"])


def business_central_rows() -> dict[str, Rows]:
    """Entity set -> rows with every property of ``entities.json``; new lists and rows at each call."""
    return _copied(_business_central())


@cache
def _business_central() -> dict[str, Rows]:
    customers, items, resources = customer_rows(), item_rows(), resource_rows()
    contacts = contact_rows(customers)
    solid = [customer for customer in customers if _synchronizes(customer)]
    documents = invoice_rows(Assortment(customers=solid, items=items, resources=resources, rates=_rates()))
    prices = sales_price_rows(items, solid, rates={code: _rates()[code, DEMO_DATE.year, DEMO_DATE.month] for code in _foreign_currencies()})
    return {
        **setup_rows(),
        "customers": customers,
        **contacts,
        "items": items,
        "resources": resources,
        "salesPrices": prices,
        **documents,
        **statistics_rows(customers, documents["salesInvoices"]),
    }


def _synchronizes(customer: Row) -> bool:
    return customer["blocked"] == BLANK_OPTION and customer["number"] not in failing("CUSTOMER")


def _foreign_currencies() -> dict[str, str]:
    return {code: rate for code, _name, _symbol, rate, _in_sales in company()["currencies"]}


def _rates() -> dict[tuple[str, int, int], Decimal]:
    months = [(DEMO_DATE.year, month) for month in range(1, 12)] + [(DEMO_DATE.year - 1, month) for month in (11, 12)]
    return {
        (code, year, month): (100 / monthly_rate(code, Decimal(rate), date(year, month, 1))).quantize(Decimal("0.0000000001"))
        for code, rate in _foreign_currencies().items()
        for year, month in months
    }


def sales_rows() -> dict[str, Rows]:
    """Entity set -> rows with every attribute of ``entities.json`` but ``versionnumber``; new lists and rows at each call."""
    return _copied(_sales())


@cache
def _sales() -> dict[str, Rows]:
    customers = customer_rows()
    persons = matched_persons(contact_rows(customers)["contacts"])
    accounts = account_rows(customers)
    return {
        "systemusers": user_rows(),
        "transactioncurrencies": currency_rows(),
        **unit_rows(),
        "accounts": accounts,
        "contacts": sales_contact_rows(persons, accounts),
        **product_rows(matched_items(item_rows()), matched_resources(resource_rows())),
    }


def _copied(rows: dict[str, Rows]) -> dict[str, Rows]:
    return {name: [dict(row) for row in listed] for name, listed in rows.items()}


def coupled_pairs() -> list[tuple[str, str, str]]:
    """(mapping name, Business Central id, Sales id) of the rows that are the same thing in reality, so that no row comes before one it
    refers to. Some differ in what both sides may change (``demo_failures``): without a winner of the first synchronization those are
    conflicts."""
    persons = matched_persons(contact_rows(customer_rows())["contacts"])
    salespeople = [(fixed_id("salespeoplePurchasers", code), user_of(code)) for code, *_, has_user in company()["salespeople"] if has_user]
    currencies = [(fixed_id("currencies", code), sales_currency_id(code)) for code, *_, in_sales in company()["currencies"] if in_sales]
    units = [(fixed_id("unitsOfMeasure", code), unit_group_id(f"NAV {code}")) for code, *_, in_sales in company()["units"] if in_sales]
    pairs = {
        "SALESPEOPLE": salespeople,
        "CURRENCY": currencies,
        "UNIT OF MEASURE": units,
        "CUSTOMER": [(fixed_id("customers", number), account_id(number)) for number in company()["matched_customers"]],
        "CONTACT": [(person["id"], sales_contact_id(person["number"])) for person in persons],
        "ITEM-PRODUCT": [(item["id"], product_id(item["number"])) for item in matched_items(item_rows())],
        "RESOURCE-PRODUCT": [(resource["id"], product_id(resource["number"])) for resource in matched_resources(resource_rows())],
    }
    return [(mapping, *ids) for mapping, coupled in pairs.items() for ids in coupled]
