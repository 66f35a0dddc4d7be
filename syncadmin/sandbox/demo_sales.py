"""Demo data of Sales: users, currencies, unit groups and accounts of a CRM that has been in use for years.

What exists in both systems agrees in what both sides may change, but for a few rows that were typed in differently; what Business Central
alone decides, such as credit limit and owner, is often out of date.
"""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from syncadmin.sandbox.demo_business_central import phone_number, salesperson_mail
from syncadmin.sandbox.demo_rows import Row, Rows, chance, company, sales_row, stamps
from syncadmin.sandbox.ids import (
    BASE_CURRENCY_ID,
    BCBI_COMPANY_ID,
    BUSINESS_UNIT_ID,
    LOCAL_CURRENCY,
    ORGANIZATION_ID,
    SOMEONE_USER_ID,
    fixed_id,
)

CUSTOMER_TYPE = 3

# The same pairs as the option maps of the default set-up; other codes have no choice in Sales.
_PAYMENT_TERMS = {"NET30": 1, "2%10NET30": 2, "NET45": 3, "NET60": 4}
_FREIGHT_TERMS = {"FOB": 1, "NOCHARGE": 2}
_SHIPPING_METHODS = {"AIRBORNE": 1, "DHL": 2, "FEDEX": 3, "UPS": 4, "POSTALMAIL": 5, "FULLLOAD": 6, "WILLCALL": 7}
_AUTHORS = {"_createdby_value": SOMEONE_USER_ID, "_modifiedby_value": SOMEONE_USER_ID}
_LIMIT_RAISED_EVERY, _HANDED_OVER_EVERY = 3, 5  # matched customers, since somebody has looked after their account
_FORMER_OWNER = "JO"


def user_rows() -> Rows:
    """The users: most of the salespeople, one who is no salesperson, one whose account is disabled."""
    users = [_salesperson_user(code, name, title) for code, name, title, has_user in company()["salespeople"] if has_user]
    return users + [_user(f"{login}@cronus.example", *rest) for login, *rest in company()["users_only_in_sales"]]


def _salesperson_user(code: str, name: str, title: str) -> Row:
    first, *_middle, last = name.split()
    return _user(salesperson_mail(name), first, last, title, False, user_id=user_of(code))


def _user(mail: str, first: str, last: str, title: str, disabled: bool, *, user_id: str = "") -> Row:
    luck = chance(f"user {mail}")
    return sales_row(
        "systemusers",
        systemuserid=user_id or fixed_id("systemusers", mail),
        firstname=first,
        lastname=last,
        fullname=f"{first} {last}",
        internalemailaddress=mail,
        domainname=mail,
        jobtitle=title,
        title=title,
        mobilephone=f"+1 (425) 555-01{luck.randrange(10, 99)}",
        isdisabled=disabled,
        islicensed=True,
        _businessunitid_value=BUSINESS_UNIT_ID,
        _transactioncurrencyid_value=BASE_CURRENCY_ID,
        **stamps(luck),
        **_AUTHORS,
    )


def user_of(salesperson_code: str) -> str:
    """The id of the salesperson's user; for a salesperson without one, or a blank code, that of the sales manager."""
    with_user = {code for code, _name, _title, has_user in company()["salespeople"] if has_user}
    return fixed_id("systemusers", salesperson_code if salesperson_code in with_user else "JO")


def currency_rows() -> Rows:
    """The currencies besides the base currency: most of Business Central's, at an older rate, and one that it does not know."""
    known = [(code, name, symbol, rate) for code, name, symbol, rate, in_sales in company()["currencies"] if in_sales]
    return [_currency(*entry) for entry in [*known, ("JPY", "Japanese yen", "¥", "0.66")]]


def _currency(code: str, name: str, symbol: str, rate: str) -> Row:
    older_rate = (100 / (Decimal(rate) * Decimal("0.98"))).quantize(Decimal("0.0000000001"))
    return sales_row(
        "transactioncurrencies",
        transactioncurrencyid=sales_currency_id(code),
        isocurrencycode=code,
        currencyname=name.title(),
        currencysymbol=symbol,
        currencyprecision=2,
        exchangerate=older_rate,
        _organizationid_value=ORGANIZATION_ID,
        **stamps(chance(f"transaction currency {code}")),
        **_AUTHORS,
    )


def sales_currency_id(code: str) -> str:
    """The id of the transaction currency with this ISO code, the base currency included."""
    return fixed_id("transactioncurrencies", code or LOCAL_CURRENCY)


def unit_rows() -> dict[str, Rows]:
    """``uomschedules`` and ``uoms``: a group ``NAV`` + code with its one base unit for most units, and two groups of Sales' own."""
    own: list[tuple[str, str, list[Any]]] = [
        (f"NAV {code}", code, []) for code, _name, _international, in_sales in company()["units"] if in_sales
    ]
    groups = [*own, *company()["unit_groups_only_in_sales"]]
    return {
        "uomschedules": [_unit_group(name, base) for name, base, _more in groups],
        "uoms": [unit for name, base, more in groups for unit in _units(name, base, more)],
    }


def _unit_group(name: str, base: str) -> Row:
    return sales_row(
        "uomschedules", uomscheduleid=unit_group_id(name), name=name, baseuomname=base, **stamps(chance(f"unit group {name}")), **_AUTHORS
    )


def _units(group: str, base: str, more: list[Any]) -> Rows:
    return [_unit(group, base, 1, None), *(_unit(group, name, quantity, unit_id(group, base)) for name, quantity in more)]


def _unit(group: str, name: str, quantity: int, base_id: str | None) -> Row:
    return sales_row(
        "uoms",
        uomid=unit_id(group, name),
        name=name,
        quantity=quantity,
        isschedulebaseuom=base_id is None,
        _baseuom_value=base_id,
        _uomscheduleid_value=unit_group_id(group),
        **stamps(chance(f"unit {group} {name}")),
        **_AUTHORS,
    )


def unit_group_id(name: str) -> str:
    """The id of the unit group with this name, for example ``NAV PCS``."""
    return fixed_id("uomschedules", name)


def unit_id(group: str, name: str) -> str:
    """The id of a unit in a unit group."""
    return fixed_id("uoms", group, name)


def account_rows(customers: Rows) -> Rows:
    """The accounts: those of the matched customers, then those that Business Central does not know."""
    by_number = {customer["number"]: customer for customer in customers}
    matched = [_matched_account(place, by_number[number]) for place, number in enumerate(company()["matched_customers"])]
    return matched + [_other_account(place, entry) for place, entry in enumerate(company()["accounts_only_in_sales"])]


def _matched_account(place: int, customer: Row) -> Row:
    luck = chance(f"account {customer['number']}")
    known_currency = customer["currencyCode"] in _currency_codes()
    agreed = {
        "name": customer["displayName"],
        "address1_line1": customer["addressLine1"],
        "address1_line2": customer["addressLine2"] or None,
        "address1_city": customer["city"],
        "address1_stateorprovince": customer["state"] or None,
        "telephone1": customer["phoneNumber"],
        "address1_postalcode": customer["postalCode"],
        "address1_country": customer["country"],
        "emailaddress1": customer["email"],
        "websiteurl": customer["website"],
        "fax": customer["faxNumber"] or None,
        "accountnumber": customer["number"] if place % 3 else None,
        "paymenttermscode": _PAYMENT_TERMS.get(customer["paymentTermsCode"]),
        "address1_freighttermscode": _FREIGHT_TERMS.get(customer["shipmentMethodCode"]),
        "address1_shippingmethodcode": _SHIPPING_METHODS.get(customer["shippingAgentCode"]),
    }
    return _account(
        account_id(customer["number"]),
        luck,
        _FORMER_OWNER if place % _HANDED_OVER_EVERY == 1 else customer["salespersonCode"],
        customer["currencyCode"] if known_currency else LOCAL_CURRENCY,
        **agreed | _typed_differently(customer, luck),
        creditlimit=_earlier_limit(place, customer["creditLimit"]),
        customertypecode=CUSTOMER_TYPE,
    )


def _earlier_limit(place: int, limit: float) -> float | None:
    return (limit / 2 if place % _LIMIT_RAISED_EVERY == 0 else limit) or None


def _currency_codes() -> set[str]:
    return {LOCAL_CURRENCY, *(code for code, _name, _symbol, _rate, in_sales in company()["currencies"] if in_sales)}


def _typed_differently(customer: Row, luck: random.Random) -> Row:
    """What people wrote in their own way; by customer number, all of them known failures (``demo_failures``)."""
    changes: dict[str, Row] = {
        "10000": {"name": customer["displayName"].upper(), "telephone1": _with_dots(customer["phoneNumber"])},
        "30000": {
            "telephone1": _with_dots(customer["phoneNumber"]),
            "address1_line1": f"{luck.randrange(2, 90)} Old Market",
        },
        "40000": {"name": customer["displayName"].lower(), "emailaddress1": customer["email"].replace("info@", "office@")},
        "50000": {"telephone1": None, "fax": phone_number(luck, customer["country"])},
        "01121212": {"websiteurl": customer["website"].removeprefix("https://www.")},
        "01509283": {"address1_city": customer["city"].upper(), "paymenttermscode": None},
    }
    return changes.get(customer["number"], {})


def _with_dots(phone: str) -> str:
    return phone.removeprefix("+").replace(" ", ".")


def _other_account(place: int, entry: dict[str, Any]) -> Row:
    slug, country = entry["slug"], entry["country"]
    luck = chance(f"account {slug}")
    return _account(
        account_id(slug),
        luck,
        luck.choice(["BC", "EH", "JO", "LT", "OF", "RB"]),
        entry.get("currency", LOCAL_CURRENCY),
        name=entry["name"],
        address1_line1=entry["line1"],
        address1_city=entry["city"],
        address1_stateorprovince=entry["state"] or None,
        address1_postalcode=entry["postal"],
        address1_country=country,
        emailaddress1=f"contact@{slug}.example",
        websiteurl=f"https://{slug}.example",
        telephone1=f"+1 206 555 01{10 + place}",
        paymenttermscode=luck.choice([1, 1, 3, None]),
        customertypecode=entry.get("type", CUSTOMER_TYPE),
        statecode=int("inactive" in entry),
        statuscode=1 + int("inactive" in entry),
    )


def _account(identifier: str, luck: random.Random, salesperson: str, currency: str, **values: Any) -> Row:
    rate = exchange_rate(currency)
    limit = values.get("creditlimit")
    return sales_row(
        "accounts",
        accountid=identifier,
        exchangerate=rate,
        creditlimit_base=round(limit / float(rate), 4) if limit else None,
        _transactioncurrencyid_value=sales_currency_id(currency),
        _bcbi_companyid_value=BCBI_COMPANY_ID if luck.random() < 0.5 else None,
        **owned_by(salesperson),
        **stamps(luck),
        **_AUTHORS,
        **values,
    )


def exchange_rate(currency: str) -> Decimal:
    """Units of the currency for one of the base currency, as the currency's row in Sales has it."""
    rates = {row["isocurrencycode"]: Decimal(str(row["exchangerate"])) for row in currency_rows()}
    return rates.get(currency, Decimal(1))


def owned_by(salesperson: str) -> Row:
    """The owner columns of a row that belongs to the salesperson's user."""
    owner = user_of(salesperson)
    return {"_ownerid_value": owner, "_owninguser_value": owner, "_owningbusinessunit_value": BUSINESS_UNIT_ID}


def account_id(key: str) -> str:
    """The id of the account of this customer number, or of the account with this short name that only Sales has."""
    return fixed_id("accounts", key)
