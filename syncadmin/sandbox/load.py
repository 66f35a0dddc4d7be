"""Filling the store: base rows, demo rows on top of them, and what the systems would have made of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from . import demo_data
from .base_data import company_in_sales, company_rows, sales_rows
from .bc_customers import empty_row, new_company_contact, new_statistics
from .bc_series import next_number
from .ids import COMPANY_ID, INTEGRATION_USER_ID
from .schema import BUSINESS_CENTRAL, SALES, ZERO_GUID, ZERO_MOMENT, Entity, entities
from .store import Row, Store, etag_of, new_id

DATA_SETS = ("demo", "empty")


def fill(store: Store, data: str) -> None:
    """Loads ``demo`` or ``empty`` into an empty store. Raises ValueError for another name."""
    if data not in DATA_SETS:
        raise ValueError(f"There is no data set '{data}'; choose {' or '.join(DATA_SETS)}.")
    with store.transaction():
        load_business_central(store, company_rows())
        load_sales(store, sales_rows())
        if data == "demo":
            load_business_central(store, demo_data.business_central_rows())
            load_sales(store, demo_data.sales_rows())
            store.keep_setting("countries", json.dumps(sorted(demo_data.COUNTRY_CODES)))
            complete_customers(store, COMPANY_ID)


def is_empty(store: Store) -> bool:
    return not store.one("SELECT count(*) FROM bc_companies")[0]


def add_company(store: Store, name: str) -> str:
    """A further company with its set-up rows, and its row in Sales; gives its id. Raises ValueError for a name that is taken."""
    rows = company_rows(name)
    company = str(rows["companies"][0]["id"])
    with store.transaction():
        if store.get(entities(BUSINESS_CENTRAL)["companies"], company):
            raise ValueError(f"The company '{name}' exists already.")
        load_business_central(store, rows)
        load_sales(store, {"bcbi_companies": [company_in_sales(name)]})
    return company


def load_business_central(store: Store, rows: Mapping[str, list[dict[str, Any]]]) -> None:
    """Rows with wire names; what is missing stays blank. A row of the same id is replaced."""
    for name, listed in rows.items():
        entity = entities(BUSINESS_CENTRAL)[name]
        if name != "contactsInformation":
            for row in listed:
                _replace(store, entity, _business_central_row(store, entity, row))


def load_sales(store: Store, rows: Mapping[str, list[dict[str, Any]]]) -> None:
    for name, listed in rows.items():
        entity = entities(SALES)[name]
        for row in listed:
            _replace(store, entity, _sales_row(store, entity, row))
    for name in rows:
        _set_lookup_types(store, entities(SALES)[name])


def complete_customers(store: Store, company: str) -> None:
    """Gives each customer what Business Central makes for it: the company contact and the statistics rows."""
    contact, customers = entities(BUSINESS_CENTRAL)["contacts"], entities(BUSINESS_CENTRAL)["customers"]
    for customer in store.find(customers, {"_company": company}):
        if store.first(contact, {"_company": company, "customerNumber": customer["number"]}) is None:
            made = new_company_contact(customer, next_number(store, contact, company))
            _replace(store, contact, _business_central_row(store, contact, made))
        for entity, row in new_statistics(customer):
            if store.get(entity, customer["id"]) is None:
                _replace(store, entity, _business_central_row(store, entity, row))


def _business_central_row(store: Store, entity: Entity, given: Mapping[str, Any]) -> Row:
    version = store.next_version()
    row = {**empty_row(entity, str(given.get("_company", COMPANY_ID))), **_plain(given)}
    row |= {"_version": version, "_etag": etag_of(version)}
    row[entity.key] = row[entity.key] if row[entity.key] != ZERO_GUID else new_id()
    stamp = store.clock.stamp(BUSINESS_CENTRAL)
    for name in (entity.modified, "systemCreatedAt"):
        if row.get(name) == ZERO_MOMENT and name != "lastActivityDateTime":
            row[name] = stamp
    return row


def _sales_row(store: Store, entity: Entity, given: Mapping[str, Any]) -> Row:
    row: Row = {name: known.default for name, known in entity.properties.items()}
    row |= {known.type_column: None for known in entity.properties.values() if known.type_column}
    row |= _plain(given)
    row["versionnumber"] = store.next_version()
    row[entity.key] = row[entity.key] or new_id()
    row["modifiedon"] = row["modifiedon"] or store.clock.stamp(SALES)
    row["createdon"] = row["createdon"] or row["modifiedon"]
    for name in ("_createdby_value", "_modifiedby_value"):
        if name in row:
            row[name] = row[name] or INTEGRATION_USER_ID
    return _plain(row)


def _plain(row: Mapping[str, Any]) -> Row:
    return {name: int(value) if isinstance(value, bool) else value for name, value in row.items()}


def _replace(store: Store, entity: Entity, row: Row) -> None:
    store.run(f'DELETE FROM "{entity.table}" WHERE "{entity.key}" = ?', (row[entity.key],))  # noqa: S608
    store.insert(entity, row)


def _set_lookup_types(store: Store, entity: Entity) -> None:
    """Which table a polymorphic lookup points to is not among the wire properties; it is where the id is found."""
    for known in entity.properties.values():
        for name in known.targets if known.type_column else ():
            target = entities(SALES)[name]
            store.run(
                f"""UPDATE "{entity.table}" SET "{known.type_column}" = '{name}' WHERE "{known.type_column}" IS NULL
                    AND "{known.name}" IN (SELECT "{target.key}" FROM "{target.table}")"""  # noqa: S608
            )
