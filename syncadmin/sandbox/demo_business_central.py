"""Demo data of Business Central: the small set-up tables and the customers."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from syncadmin.sandbox.demo_rows import (
    BLANK_ID,
    BLANK_OPTION,
    DEMO_DATE,
    Row,
    Rows,
    business_central_row,
    chance,
    company,
    in_milliseconds,
    some_moment,
)
from syncadmin.sandbox.ids import LOCAL_CURRENCY, fixed_id

# Weighted by repetition; only codes that the option maps of the default set-up know. The others belong to known failures.
_PAYMENT_TERMS = ["NET30", "NET30", "NET30", "2%10NET30", "NET45", "NET60", ""]
_SHIPMENT_METHODS = ["FOB", "NOCHARGE", "NOCHARGE", ""]
_SHIPPING_AGENTS = ["AIRBORNE", "DHL", "DHL", "FEDEX", "UPS", "UPS", "POSTALMAIL", "FULLLOAD", "WILLCALL", ""]
_SALESPEOPLE = ["BC", "EH", "JO", "JO", "LT", "OF", "RB", ""]
_PRICE_GROUPS_BY_CURRENCY = {"": ["RETAIL", "DEALER", "SCHOOLS", ""], "EUR": ["EUROPE"]}
_CREDIT_LIMITS = [0, 0, 10_000, 25_000, 25_000, 50_000, 75_000, 120_000]


def setup_rows() -> dict[str, Rows]:
    """Entity set -> rows of the tables that other rows refer to by code: salespeople, currencies, units, terms, vendors and so on."""
    return {
        "salespeoplePurchasers": [_salesperson(*entry) for entry in company()["salespeople"]],
        "currencies": [_currency(*entry) for entry in company()["currencies"]],
        "currencyExchangeRates": [rate for entry in company()["currencies"] for rate in _exchange_rates(entry[0], entry[3])],
        "unitsOfMeasure": [_unit(*entry) for entry in company()["units"]],
        "paymentTerms": _coded("paymentTerms", "payment_terms"),
        "shipmentMethods": _coded("shipmentMethods", "shipment_methods"),
        "shippingAgents": _coded("shippingAgents", "shipping_agents"),
        "vendors": [_vendor(*entry) for entry in company()["vendors"]],
        "customerPriceGroups": [_price_group(*entry) for entry in company()["price_groups"]],
    }


def _stamped(entity_set: str, key: str, **values: Any) -> Row:
    moment = some_moment(chance(f"{entity_set} {key} changed"))
    return business_central_row(entity_set, id=fixed_id(entity_set, key), lastModifiedDateTime=in_milliseconds(moment), **values)


def _salesperson(code: str, name: str, title: str, has_user: bool) -> Row:
    luck = chance(f"salesperson {code}")
    return _stamped(
        "salespeoplePurchasers",
        code,
        code=code,
        displayName=name,
        email=salesperson_mail(name),
        jobTitle=title,
        phoneNo=f"+1 425 555 01{luck.randrange(10, 99)}" if has_user else "",
        commisionPercent=luck.choice([0, 3, 5]),
    )


def salesperson_mail(name: str) -> str:
    """The mail address of one of the company's people; the same in both systems: ``Mary A. Dempsey`` -> ``mary.dempsey@...``."""
    words = name.lower().split()
    return f"{words[0]}.{words[-1]}@cronus.example"


def _currency(code: str, name: str, symbol: str, _rate: str, _in_sales: bool) -> Row:
    return _stamped(
        "currencies", code, code=code, displayName=name, symbol=symbol, amountDecimalPlaces="2:2", amountRoundingPrecision=Decimal("0.01")
    )


def _exchange_rates(code: str, rate: str) -> Rows:
    months = [date(2025 + (10 + month) // 12, (10 + month) % 12 + 1, 1) for month in range(13)]
    return [_exchange_rate(code, day, monthly_rate(code, Decimal(rate), day)) for day in months]


@cache
def monthly_rate(code: str, latest: Decimal, day: date) -> Decimal:
    """Local currency units for 100 units of the currency, in force from the first of the month of ``day``; ``latest`` is this month's."""
    months_ago = (DEMO_DATE.year - day.year) * 12 + DEMO_DATE.month - day.month
    drift = sum(chance(f"rate {code} {month}").uniform(-0.012, 0.012) for month in range(1, months_ago + 1))
    return (latest * (1 + Decimal(str(round(drift, 6))))).quantize(Decimal("0.0001"))


def _exchange_rate(code: str, day: date, rate: Decimal) -> Row:
    return business_central_row(
        "currencyExchangeRates",
        id=fixed_id("currencyExchangeRates", code, day.isoformat()),
        currencyCode=code,
        startingDate=day.isoformat(),
        exchangeRateAmount=100,
        relationalExchangeRateAmount=rate,
        lastModifiedDateTime=f"{day.isoformat()}T00:05:00.000Z",
    )


def _unit(code: str, name: str, international: str, _in_sales: bool) -> Row:
    return _stamped("unitsOfMeasure", code, code=code, displayName=name, internationalStandardCode=international)


def _coded(entity_set: str, table: str) -> Rows:
    return [_stamped(entity_set, code, code=code, displayName=name) for code, name in company()[table]]


def _vendor(number: str, name: str) -> Row:
    return _stamped("vendors", number, number=number, displayName=name)


def _price_group(code: str, description: str, _currency_code: str, _factor: str) -> Row:
    return _stamped("customerPriceGroups", code, code=code, description=description, allowInvoiceDiscount=True, allowLineDiscount=True)


def customer_rows() -> Rows:
    """The customers, without contact names and balances, which contacts and invoices bring along."""
    return [_customer(entry) for entry in company()["customers"]]


def _customer(entry: list[str]) -> Row:
    number, name, street, city, state, postal_code, country, slug = entry
    luck = chance(f"customer {number}")
    terms = _terms(luck, country) | company()["customer_exceptions"].get(number, {})
    currency = terms.pop("currencyCode")
    return _stamped(
        "customers",
        number,
        number=number,
        displayName=name,
        type="Company",
        addressLine1=street,
        city=city,
        state=state,
        addressLine2=luck.choice(company()["streets_two"]) if luck.random() < 0.25 else "",
        country=country,
        postalCode=postal_code,
        phoneNumber=phone_number(luck, country),
        faxNumber=phone_number(luck, country) if luck.random() < 0.3 else "",
        email=f"info@{slug}.example",
        website=f"https://www.{slug}.example",
        taxLiable=country in ("US", "CA"),
        taxRegistrationNumber="" if country in ("US", "CA") else f"{country}{luck.randrange(10**8, 10**9)}",
        currencyId=currency_id(currency),
        currencyCode=currency or LOCAL_CURRENCY,
        creditLimit=luck.choice(_CREDIT_LIMITS),
        paymentTermsId=_id_of("paymentTerms", terms["paymentTermsCode"]),
        shipmentMethodId=_id_of("shipmentMethods", terms["shipmentMethodCode"]),
        **terms,
    )


def _terms(luck: random.Random, country: str) -> dict[str, str]:
    currency = company()["currency_of_country"][country]
    return {
        "salespersonCode": luck.choice(_SALESPEOPLE),
        "paymentTermsCode": luck.choice(_PAYMENT_TERMS),
        "shipmentMethodCode": luck.choice(_SHIPMENT_METHODS),
        "shippingAgentCode": luck.choice(_SHIPPING_AGENTS),
        "customerPriceGroupCode": luck.choice(_PRICE_GROUPS_BY_CURRENCY.get(currency, [""])),
        "currencyCode": currency,
        "blocked": BLANK_OPTION,
    }


def phone_number(luck: random.Random, country: str) -> str:
    """A number of the country's form that belongs to nobody."""
    form: str = company()["phone_of_country"][country]
    return form.format(area=luck.randrange(200, 990), two=luck.randrange(10, 99), other=luck.randrange(10, 99))


def currency_id(code: str) -> str:
    """The id of the currency row, all zeros for the local currency (blank code), which has no row (web-apis.md section 5)."""
    return _id_of("currencies", code)


def _id_of(entity_set: str, code: str) -> str:
    return fixed_id(entity_set, code) if code else BLANK_ID
