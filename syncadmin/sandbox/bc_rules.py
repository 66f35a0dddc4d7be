"""What the tables of Business Central do by themselves: names of persons, the company contact of a customer, searching names, totals."""

from __future__ import annotations

from collections.abc import Callable

from .bc_dimensions import DEFAULT_DIMENSIONS, TRIGGERS, check_default_dimension
from .messages import ApiError
from .schema import BUSINESS_CENTRAL, Entity, entities
from .store import Row, Store

RULE = "Application_DialogException"
_NAME_PARTS = ("firstName", "middleName", "surname")
_NAME_PART_LENGTH = 30


def after_field(store: Store, entity: Entity, row: Row, name: str) -> None:
    """The field's own trigger; fields run in the order of the JSON body (web-apis.md, section 7)."""
    trigger = _TRIGGERS.get((entity.name, name))
    if trigger:
        trigger(store, row)


def check_row(store: Store, entity: Entity, row: Row, *, creating: bool) -> None:
    """Rules on the finished row; raises ApiError (Application_DialogException)."""
    if entity.name == "customers" and not row["displayName"]:
        raise ApiError(400, RULE, "The customer's display name must have a value: displayName is missing.")
    for name in entity.business_key:
        if name in ("code", "itemNumber") and not row[name]:
            raise ApiError(400, RULE, f"The {entity.type_name} needs a value in {name}.")
    if entity.name == "contacts":
        _finish_contact(store, row)
    if entity.name == "salesPrices":
        _check_price(store, row)
    if entity.name == DEFAULT_DIMENSIONS:
        check_default_dimension(row)
    if entity.name == "salesInvoices" and creating and row["customerNumber"] == "":
        raise ApiError(400, RULE, "A customerNumber or customerId must be provided.")


def split_name(name: str) -> tuple[str, str, str]:
    """First, middle and last name: the last word is the surname, the one before it, if there are three, the middle name."""
    words = name.split()
    surname = words.pop() if len(words) > 1 else ""
    middle = words.pop() if len(words) > 1 else ""
    return " ".join(words)[:_NAME_PART_LENGTH], middle[:_NAME_PART_LENGTH], surname[:_NAME_PART_LENGTH]


def _split(_: Store, row: Row) -> None:
    if row["type"] == "Person":
        row.update(zip(_NAME_PARTS, split_name(row["displayName"]), strict=True))
    row["searchName"] = row["displayName"].upper()


def _join(_: Store, row: Row) -> None:
    if row["type"] == "Person":
        row["displayName"] = " ".join(row[part] for part in _NAME_PARTS if row[part])[:100]
        row["searchName"] = row["displayName"].upper()


def _change_type(store: Store, row: Row) -> None:
    if row["type"] == "Person":
        _split(store, row)
        row["companyNumber"] = "" if row["companyNumber"] == row["number"] else row["companyNumber"]
    else:
        row.update(dict.fromkeys(_NAME_PARTS, ""))


def _finish_contact(store: Store, row: Row) -> None:
    """A company contact is its own company; a person has the name and the customer of the company contact behind it."""
    if row["type"] == "Company":
        row["companyNumber"], row["companyName"] = row["number"], row["displayName"]
        return
    contact = entities(BUSINESS_CENTRAL)["contacts"]
    company = store.first(contact, {"_company": row["_company"], "number": row["companyNumber"]}) if row["companyNumber"] else None
    if company and company["type"] != "Company":
        raise ApiError(400, RULE, f"The contact {row['companyNumber']} is a person and cannot be the company of a contact.")
    if company:
        row["companyName"] = company["displayName"]
        row["customerNumber"] = company["customerNumber"]
        row["contactBusinessRelation"] = company["contactBusinessRelation"]


def _leave_company(_: Store, row: Row) -> None:
    if not row["companyNumber"]:
        row.update(companyName="", customerNumber="", contactBusinessRelation="None")


def _primary_contact(store: Store, row: Row) -> None:
    """The contact must belong to the customer's company; its name goes into the customer's contact field."""
    number = row["primaryContactNumber"]
    if not number:
        row["contactName"] = ""
        return
    contact = store.first(entities(BUSINESS_CENTRAL)["contacts"], {"_company": row["_company"], "number": number})
    if contact and (not row["number"] or contact["customerNumber"] != row["number"]):
        text = f"Contact {number} {contact['displayName']} is related to a different company than customer {row['number']}."
        raise ApiError(400, RULE, text)
    row["contactName"] = contact["displayName"] if contact else ""


def _check_price(store: Store, row: Row) -> None:
    if row["salesType"] == "All_x0020_Customers":
        row["salesCode"] = ""
    elif not row["salesCode"]:
        raise ApiError(400, RULE, "Sales Code must have a value in Sales Price.")
    tables = {"Customer": ("customers", "number"), "Customer_x0020_Price_x0020_Group": ("customerPriceGroups", "code")}
    if row["salesType"] in tables:
        table, column = tables[row["salesType"]]
        wanted = {"_company": row["_company"], column: row["salesCode"]}
        if store.first(entities(BUSINESS_CENTRAL)[table], wanted) is None:
            text = (
                f"The field salesCode of table salesPrice contains a value ({row['salesCode']}) that cannot be found in the related table"
            )
            raise ApiError(400, "Internal_InvalidTableRelation", f"{text} ({table}).")
    if row["endingDate"] != "0001-01-01" and row["startingDate"] > row["endingDate"]:
        raise ApiError(400, RULE, "startingDate cannot be after endingDate.")


def _search_name(_: Store, row: Row) -> None:
    row["searchName"] = row["displayName"].upper()


_TRIGGERS: dict[tuple[str, str], Callable[[Store, Row], None]] = {
    ("contacts", "displayName"): _split,
    ("contacts", "type"): _change_type,
    ("contacts", "companyNumber"): _leave_company,
    **{("contacts", name): _join for name in _NAME_PARTS},
    ("customers", "primaryContactNumber"): _primary_contact,
    ("resources", "displayName"): _search_name,
    **TRIGGERS,
}
