"""Demo data of Sales: the contacts, most of them the same people as in Business Central."""

from __future__ import annotations

from typing import Any

from syncadmin.sandbox.demo_business_central import phone_number
from syncadmin.sandbox.demo_contacts import mail_name, person_name
from syncadmin.sandbox.demo_rows import Row, Rows, chance, company, sales_row, stamps
from syncadmin.sandbox.demo_sales import account_id, owned_by
from syncadmin.sandbox.ids import BASE_CURRENCY_ID, BCBI_COMPANY_ID, SOMEONE_USER_ID, fixed_id

_PER_MATCHED_ACCOUNT = 3
_NEW_AT_MATCHED_ACCOUNTS = 12
_NEW_AT_OTHER_ACCOUNTS = 5
_WITHOUT_ACCOUNT = 3
# Far enough from the picks of the persons of Business Central that no new person has the mail address of one of them.
_FIRST_NEW_NAME = 300


def sales_contact_rows(persons: Rows, accounts: Rows) -> Rows:
    """The contacts. The accounts get their primary contact and its name.

    ``persons``: the contacts of Business Central that ``matched_persons`` gave.
    """
    by_id = {account["accountid"]: account for account in accounts}
    contacts = [_matched_contact(person, by_id) for person in persons]
    return contacts + _new_contacts(accounts) + [_lone_contact(place) for place in range(_WITHOUT_ACCOUNT)]


def matched_persons(contacts: Rows) -> Rows:
    """The persons of Business Central that Sales has too: the first three of each matched customer."""
    matched, taken = set(company()["matched_customers"]), dict[str, int]()
    chosen = []
    for contact in contacts:
        number = contact["customerNumber"]
        if contact["type"] == "Person" and number in matched and taken.get(number, 0) < _PER_MATCHED_ACCOUNT:
            taken[number] = taken.get(number, 0) + 1
            chosen.append(contact)
    return chosen


def sales_contact_id(number: str) -> str:
    """The id of the contact in Sales that is this person of Business Central."""
    return fixed_id("sales contacts", number)


def _matched_contact(person: Row, accounts: dict[str, Row]) -> Row:
    account = accounts[account_id(person["customerNumber"])]
    agreed = {
        "firstname": person["firstName"],
        "middlename": person["middleName"] or None,
        "lastname": person["surname"],
        "jobtitle": person["jobTitle"],
        "emailaddress1": person["email"],
        "telephone1": person["phoneNumber"],
        "mobilephone": person["mobilePhoneNumber"] or None,
        "websiteurl": person["website"] or None,
        "address1_line1": person["addressLine1"],
        "address1_line2": person["addressLine2"] or None,
        "address1_city": person["city"],
        "address1_stateorprovince": person["state"] or None,
        "address1_postalcode": person["postalCode"],
        "address1_country": person["country"],
    }
    contact = _contact(sales_contact_id(person["number"]), account, **agreed | _typed_differently(person))
    if account["_primarycontactid_value"] is None:
        account["_primarycontactid_value"] = contact["contactid"]
        account["address1_primarycontactname"] = contact["fullname"]
    return contact


def _typed_differently(person: Row) -> Row:
    """What people wrote in their own way; by contact number, all of them known failures (``demo_failures``)."""
    changes: dict[str, Row] = {
        "CT000009": {"emailaddress1": person["email"].title()},
        "CT000021": {"telephone1": person["phoneNumber"].removeprefix("+").replace(" ", "-")},
        "CT000046": {
            "address1_line1": None,
            "address1_line2": None,
            "address1_city": None,
            "address1_stateorprovince": None,
            "address1_postalcode": None,
            "address1_country": None,
        },
    }
    return changes.get(person["number"], {})


def _new_contacts(accounts: Rows) -> Rows:
    failing = company()["customer_exceptions"].keys()
    matched = [account_id(number) for number in company()["matched_customers"] if number not in failing][:_NEW_AT_MATCHED_ACCOUNTS]
    others = [account_id(entry["slug"]) for entry in company()["accounts_only_in_sales"][:_NEW_AT_OTHER_ACCOUNTS]]
    by_id = {account["accountid"]: account for account in accounts}
    return [_new_contact(place, by_id[identifier]) for place, identifier in enumerate(matched + others)]


def _new_contact(place: int, account: Row) -> Row:
    country = account["address1_country"]
    first, last = person_name(country, _FIRST_NEW_NAME + place)
    luck = chance(f"new contact {place}")
    domain = account["emailaddress1"].lower().partition("@")[2]
    return _contact(
        fixed_id("sales contacts", f"new {place}"),
        account,
        firstname=first,
        lastname=last,
        emailaddress1=f"{mail_name(first)}.{mail_name(last)}@{domain}",
        jobtitle=luck.choice(company()["job_titles"]),
        telephone1=phone_number(luck, country),
        address1_country=country,
    )


def _lone_contact(place: int) -> Row:
    first, last = person_name("US", _FIRST_NEW_NAME + 90 + place)
    return _contact(
        fixed_id("sales contacts", f"lone {place}"), None, firstname=first, lastname=last, emailaddress1=f"{mail_name(first)}@mail.example"
    )


def _contact(identifier: str, account: Row | None, **values: Any) -> Row:
    luck = chance(f"sales contact {identifier}")
    owner = {name: account[name] for name in owned_by("")} if account else owned_by("")
    names = (values["firstname"], values.get("middlename"), values["lastname"])
    return sales_row(
        "contacts",
        contactid=identifier,
        fullname=" ".join(name for name in names if name),
        _parentcustomerid_value=account["accountid"] if account else None,
        _bcbi_companyid_value=BCBI_COMPANY_ID if luck.random() < 0.4 else None,
        _transactioncurrencyid_value=account["_transactioncurrencyid_value"] if account else BASE_CURRENCY_ID,
        exchangerate=account["exchangerate"] if account else 1,
        _createdby_value=SOMEONE_USER_ID,
        _modifiedby_value=SOMEONE_USER_ID,
        **owner,
        **stamps(luck),
        **values,
    )
