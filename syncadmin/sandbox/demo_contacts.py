"""Demo data of Business Central: company contacts of customers and vendors, their persons, and the relations between them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Any

from syncadmin.sandbox.demo_business_central import phone_number
from syncadmin.sandbox.demo_rows import BLANK_OPTION, Row, Rows, business_central_row, chance, company, in_milliseconds, some_moment
from syncadmin.sandbox.ids import LOCAL_CURRENCY, fixed_id

_VENDORS_WITH_CONTACTS = 4
_PRIVATE_PERSONS = 2
_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "ß": "ss", "ö": "oe", "ü": "ue", "ä": "ae", "å": "aa"})


def contact_rows(customers: Rows) -> dict[str, Rows]:
    """``contacts`` and ``contactsInformation``: one company contact per customer and for some vendors, about 150 persons of customers,
    a few of vendors and of no company. The customers get their primary contact and its name.

    Customers that fail to synchronize and blocked ones have no persons: those would fail with them.
    """
    numbers = (f"CT{number:06d}" for number in range(1, 1000))
    contacts, relations = [], []
    for customer in customers:
        related = _contacts_of_customer(customer, numbers)
        contacts += related
        relations += [_relation(contact, "Customer", customer["id"]) for contact in related]
    for number, name in company()["vendors"][:_VENDORS_WITH_CONTACTS]:
        related = _contacts_of_vendor(number, name, numbers)
        contacts += related
        relations += [_relation(contact, "Vendor", fixed_id("vendors", number)) for contact in related]
    contacts += [_person({"country": "US"}, None, index, next(numbers)) for index in range(_PRIVATE_PERSONS)]
    return {"contacts": contacts, "contactsInformation": relations}


def _contacts_of_customer(customer: Row, numbers: Iterator[str]) -> Rows:
    head = _company_contact(customer, next(numbers), "Customer", customer["number"])
    persons = [_person(customer, head, index, next(numbers)) for index in range(_persons_at(customer["number"]))]
    if persons:
        customer["primaryContactNumber"] = persons[0]["number"]
        customer["contactName"] = persons[0]["displayName"]
    return [head, *persons]


def _persons_at(number: str) -> int:
    if number in company()["customer_exceptions"] and number != "20312912":
        return 0
    matched = company()["matched_customers"]
    if number not in matched:
        return 2
    return 5 if matched.index(number) < 5 else 4


def _contacts_of_vendor(number: str, name: str, numbers: Iterator[str]) -> Rows:
    vendor = {"displayName": name, "country": "US", "number": number, "email": f"info@{_slug(name)}.example"}
    head = _company_contact(vendor, next(numbers), "Vendor", "")
    return [head, _person(vendor, head, 0, next(numbers))]


def _company_contact(owner: Row, number: str, relation: str, customer_number: str) -> Row:
    shared = {name: owner[name] for name in ("addressLine1", "addressLine2", "city", "state", "postalCode", "website") if name in owner}
    return _contact(
        number,
        type="Company",
        displayName=owner["displayName"],
        companyNumber=number,
        companyName=owner["displayName"],
        contactBusinessRelation=relation,
        country=owner["country"],
        phoneNumber=owner.get("phoneNumber", ""),
        email=owner["email"],
        searchName=owner["displayName"].upper(),
        salespersonCode=owner.get("salespersonCode", ""),
        currencyCode=_stored_currency(owner),
        customerNumber=customer_number,
        **shared,
    )


def _person(owner: Row, head: Row | None, index: int, number: str) -> Row:
    luck = chance(f"person {number}")
    first, last = person_name(owner["country"], int(number.removeprefix("CT")))
    middle = luck.choice(company()["middle_names"]) if luck.random() < 0.15 else ""
    display_name = " ".join(part for part in (first, middle, last) if part)
    domain = owner["email"].partition("@")[2] if head else "mail.example"
    shared = {name: head[name] for name in _INHERITED} if head else {}
    return _contact(
        number,
        type="Person",
        displayName=display_name,
        firstName=first,
        middleName=middle,
        surname=last,
        country=owner["country"],
        contactBusinessRelation="None",
        jobTitle=company()["job_titles"][index] if index else luck.choice(company()["job_titles"][:3]),
        phoneNumber=phone_number(luck, owner["country"]),
        mobilePhoneNumber=phone_number(luck, owner["country"]) if luck.random() < 0.6 else "",
        email=f"{mail_name(first)}.{mail_name(last)}@{domain}",
        searchName=display_name.upper(),
        **shared,
    )


_INHERITED = (
    "addressLine1",
    "addressLine2",
    "city",
    "state",
    "postalCode",
    "website",
    "companyNumber",
    "companyName",
    "salespersonCode",
    "currencyCode",
    "customerNumber",
)


def person_name(country: str, pick: int) -> tuple[str, str]:
    """First and last name in the manner of the country; neighbouring picks give different names."""
    names = _names(company()["name_list_of_country"][country])
    return names[pick % len(names)]


@cache
def _names(language: str) -> list[tuple[str, str]]:
    names = [(first, last) for first in company()["first_names"][language] for last in company()["last_names"][language]]
    chance(f"names {language}").shuffle(names)
    return names


def mail_name(name: str) -> str:
    """The name in the letters that go into a mail address: ``van den Berg`` -> ``vandenberg``, ``Søren`` -> ``soren``."""
    plain = unicodedata.normalize("NFKD", name.lower().translate(_LETTERS))
    return "".join(letter for letter in plain if letter.isascii() and letter.isalnum())


def _slug(name: str) -> str:
    return "".join(mail_name(word) for word in name.split()[:2])


def _stored_currency(owner: Row) -> str:
    code: str = owner.get("currencyCode", "")
    return "" if code == LOCAL_CURRENCY else code


def _contact(number: str, **values: Any) -> Row:
    moment = some_moment(chance(f"contact {number} changed"))
    return business_central_row(
        "contacts", id=fixed_id("contacts", number), number=number, lastModifiedDateTime=in_milliseconds(moment), **values
    )


def _relation(contact: Row, related_type: str, related_id: str) -> Row:
    return business_central_row(
        "contactsInformation",
        contactId=contact["id"],
        contactNumber=contact["number"],
        contactName=contact["displayName"],
        contactType=contact["type"],
        relatedId=related_id,
        relatedType=related_type or BLANK_OPTION,
    )
