"""The customer's other rows: the company contact that Business Central makes for it, its statistics, its former name in other tables."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from .bc_relations import RELATIONS
from .bc_rules import RULE, split_name
from .messages import ApiError
from .schema import BUSINESS_CENTRAL, Entity, entities
from .store import Row, Store, new_id

Save = Callable[[Entity, Row, Row], None]
_SHARED = (
    "displayName addressLine1 addressLine2 city state country postalCode phoneNumber email website salespersonCode faxNumber".split()  # noqa: SIM905
)
_STATISTICS = ("customerStatistics", "customerFinancialDetails")


def empty_row(entity: Entity, company: str) -> Row:
    """A row in which nothing was entered yet."""
    return {**_empty_values(entity.name), "_company": company}


@cache
def _empty_values(name: str) -> Row:
    return {name: known.empty for name, known in entities(BUSINESS_CENTRAL)[name].properties.items()}


def new_company_contact(customer: Row, number: str) -> Row:
    """The contact for a new customer, with the relation to it."""
    row = empty_row(entities(BUSINESS_CENTRAL)["contacts"], customer["_company"])
    row.update({name: customer[name] for name in _SHARED}, id=new_id(), number=number, type=customer["type"])
    row.update(customerNumber=customer["number"], contactBusinessRelation="Customer", searchName=customer["displayName"].upper())
    if row["type"] == "Person":
        row.update(zip(("firstName", "middleName", "surname"), split_name(row["displayName"]), strict=True))
    else:
        row.update(companyNumber=number, companyName=row["displayName"])
    return row


def new_statistics(customer: Row) -> list[tuple[Entity, Row]]:
    """The statistics rows of a new customer, with nothing booked yet."""
    found = []
    for name in _STATISTICS:
        entity = entities(BUSINESS_CENTRAL)[name]
        row = empty_row(entity, customer["_company"])
        found.append((entity, {**row, **statistics_values(entity, customer), "id": customer["id"]}))
    return found


def statistics_values(entity: Entity, customer: Row) -> Row:
    """What a statistics row repeats of its customer."""
    return {name: customer[name] for name in ("number", "displayName", "creditLimit") if name in entity.properties}


def update_statistics(store: Store, customer: Row, save: Save) -> None:
    for name in _STATISTICS:
        entity = entities(BUSINESS_CENTRAL)[name]
        row = store.get(entity, customer["id"])
        if row:
            save(entity, row, {**row, **statistics_values(entity, customer)})
    # The financial details are another page on the customer's own row, so they have its stamp and etag.
    sql = """UPDATE "bc_customerFinancialDetails" SET "lastModifiedDateTime" = ?, _version = ?, _etag = ? WHERE id = ?"""
    store.run(sql, (customer["lastModifiedDateTime"], customer["_version"], customer["_etag"], customer["id"]))


def update_contact(store: Store, before: Row, customer: Row, save: Save) -> None:
    """What changed on the customer goes to its company contact."""
    contact = entities(BUSINESS_CENTRAL)["contacts"]
    changed = {name: customer[name] for name in _SHARED if customer[name] != before[name]}
    if not changed:
        return
    for row in _own_contacts(store, customer):
        new = {**row, **changed}
        if "displayName" in changed and row["type"] == "Company":
            new["companyName"] = changed["displayName"]
            new["searchName"] = changed["displayName"].upper()
        save(contact, row, new)


def update_customer(store: Store, before: Row, contact: Row, save: Save) -> None:
    """What changed on a company contact goes to its customer, and its name to its persons."""
    if contact["type"] != "Company":
        return
    changed = {name: contact[name] for name in _SHARED if contact[name] != before[name]}
    customers = entities(BUSINESS_CENTRAL)["customers"]
    customer = store.first(customers, {"_company": contact["_company"], "number": contact["customerNumber"]})
    if changed and customer and contact["customerNumber"]:
        save(customers, customer, {**customer, **changed})
    if "displayName" in changed:
        entity = entities(BUSINESS_CENTRAL)["contacts"]
        for person in store.find(entity, {"_company": contact["_company"], "companyNumber": contact["number"], "type": "Person"}):
            save(entity, person, {**person, "companyName": contact["displayName"]})


def rename(store: Store, entity: Entity, company: str, old: str, new: str, save: Save) -> None:
    """A changed business key is changed in every table that refers to it."""
    for child_name, relations in RELATIONS.items():
        child = entities(BUSINESS_CENTRAL)[child_name]
        for relation in relations:
            if relation.target == entity.name and relation.code_name in child.properties:
                for row in store.find(child, {"_company": company, relation.code_name: old}):
                    save(child, row, {**row, relation.code_name: new})
    if entity.name == "customers":
        store.run('UPDATE bc_contacts SET "customerNumber" = ? WHERE _company = ? AND "customerNumber" = ?', (new, company, old))


def check_customer_deletion(store: Store, customer: Row) -> None:
    """A customer with posted invoices stays; raises ApiError."""
    sql = """SELECT number FROM bc_salesInvoices WHERE _company = ? AND "customerId" = ? AND status NOT IN ('Draft', '_x0020_')"""
    found = store.one(sql, (customer["_company"], customer["id"]))
    if found:
        text = f"You cannot delete Customer {customer['number']} because there are ledger entries, the first of invoice {found[0]}."
        raise ApiError(400, RULE, text)


def forget_customer(store: Store, customer: Row) -> None:
    """After the deletion: the contacts lose the relation, the statistics go."""
    where = (customer["_company"], customer["number"])
    store.run(
        """UPDATE bc_contacts SET "customerNumber" = '', "contactBusinessRelation" = 'None' WHERE _company = ? AND "customerNumber" = ?""",
        where,
    )
    for name in _STATISTICS:
        store.run(f'DELETE FROM "bc_{name}" WHERE id = ?', (customer["id"],))  # noqa: S608


def forget_contact(store: Store, contact: Row, save: Save) -> None:
    """After the deletion: no customer names it as primary contact, its persons belong to no company."""
    customers, contacts = entities(BUSINESS_CENTRAL)["customers"], entities(BUSINESS_CENTRAL)["contacts"]
    for row in store.find(customers, {"_company": contact["_company"], "primaryContactNumber": contact["number"]}):
        save(customers, row, {**row, "primaryContactNumber": "", "contactName": ""})
    for row in store.find(contacts, {"_company": contact["_company"], "companyNumber": contact["number"], "type": "Person"}):
        blank = {"companyNumber": "", "companyName": "", "customerNumber": "", "contactBusinessRelation": "None"}
        save(contacts, row, {**row, **blank})


def _own_contacts(store: Store, customer: Row) -> list[Row]:
    contact = entities(BUSINESS_CENTRAL)["contacts"]
    found = store.find(contact, {"_company": customer["_company"], "customerNumber": customer["number"]})
    return [row for row in found if row["companyNumber"] in ("", row["number"])]
