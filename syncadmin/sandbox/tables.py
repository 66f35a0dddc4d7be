"""The tables of the store, built from the entities: one per entity set, with the indexes that its requests need."""

from __future__ import annotations

import sqlite3

from .schema import BUSINESS_CENTRAL, SALES, Entity, entities

EXTRA_BC_INDEXES = {
    "contacts": ("companyNumber", "customerNumber", "email", "displayName"),
    "customers": ("displayName", "email"),
    "salesInvoices": ("customerId",),
    "salesInvoiceLines": ("documentId",),
    "salesPrices": ("salesCode",),
    "defaultDimensions": ("parentId",),
    "dimensionValues": ("code",),
}
_FOLDED_DV_INDEXES = {"accountnumber", "productnumber", "emailaddress1", "isocurrencycode", "internalemailaddress", "nav_customerno"}
_VIEWS = {
    "contactsInformation": """
        SELECT c.id AS "contactId", c.number AS "contactNumber", c."displayName" AS "contactName", c.type AS "contactType",
               k.id AS "relatedId", 'Customer' AS "relatedType", c._company AS _company, c._version AS _version, c._etag AS _etag
        FROM bc_contacts c JOIN bc_customers k ON k._company = c._company AND k.number = c."customerNumber"
        WHERE c."customerNumber" <> ''"""
}
_OWN_TABLES = (
    "CREATE TABLE IF NOT EXISTS sandbox_deleted (entity TEXT, key TEXT, version INTEGER)",
    "CREATE INDEX IF NOT EXISTS sandbox_deleted_version ON sandbox_deleted (entity, version)",
    "CREATE TABLE IF NOT EXISTS sandbox_setting (name TEXT PRIMARY KEY, value TEXT)",
    """CREATE TABLE IF NOT EXISTS sandbox_series
       (company TEXT, name TEXT, prefix TEXT, width INTEGER, last INTEGER, PRIMARY KEY (company, name))""",
    """CREATE TABLE IF NOT EXISTS sandbox_subscription (id TEXT PRIMARY KEY, route TEXT, resource TEXT, url TEXT, client_state TEXT,
       user_id TEXT, created TEXT, modified TEXT, expires TEXT, etag TEXT)""",
    """CREATE TABLE IF NOT EXISTS sandbox_option (entity TEXT, attribute TEXT, draft INTEGER, place INTEGER, value INTEGER, label TEXT,
       PRIMARY KEY (entity, attribute, draft, place))""",
    "CREATE TABLE IF NOT EXISTS sandbox_webhook (id TEXT PRIMARY KEY, entity TEXT, url TEXT, secret TEXT)",
    "CREATE TABLE IF NOT EXISTS sandbox_endpoint (id TEXT PRIMARY KEY, row TEXT)",
    "CREATE TABLE IF NOT EXISTS sandbox_step (id TEXT PRIMARY KEY, row TEXT)",
)


def create_tables(db: sqlite3.Connection) -> None:
    """Creates what is missing; existing tables and rows stay."""
    for statement in _OWN_TABLES:
        db.execute(statement)
    for system in (BUSINESS_CENTRAL, SALES):
        for entity in entities(system).values():
            if entity.name not in _VIEWS:
                _create_table(db, entity)
    for name, select in _VIEWS.items():
        db.execute(f'CREATE VIEW IF NOT EXISTS "bc_{name}" AS {select}')


def _create_table(db: sqlite3.Connection, entity: Entity) -> None:
    columns = [f'"{item.name}" {item.sql_type}{" PRIMARY KEY" if item.key else ""}' for item in entity.properties.values()]
    columns += [f'"{item.type_column}" TEXT' for item in entity.properties.values() if item.type_column]
    if entity.system == BUSINESS_CENTRAL:
        columns += ["_company TEXT NOT NULL", "_version INTEGER NOT NULL", "_etag TEXT NOT NULL"]
    db.execute(f'CREATE TABLE IF NOT EXISTS "{entity.table}" ({", ".join(columns)})')
    found = {row[1] for row in db.execute(f'PRAGMA table_info("{entity.table}")')}
    for column in columns:
        if column.split(" ", 1)[0].strip('"') not in found:
            raise sqlite3.DatabaseError(f"it was made by another version: {entity.name} lacks {column}")
    for number, expression in enumerate(_bc_indexes(entity) if entity.system == BUSINESS_CENTRAL else _dv_indexes(entity)):
        db.execute(f'CREATE INDEX IF NOT EXISTS "{entity.table}_{number}" ON "{entity.table}" ({expression})')


def _bc_indexes(entity: Entity) -> list[str]:
    keys = [f'_company, "{entity.key}"']
    if entity.modified:
        keys.append(f'_company, "{entity.modified}", "{entity.key}"')
    if entity.business_key:
        keys.append("_company, " + ", ".join(f'"{name}"' for name in entity.business_key))
    return keys + [f'_company, "{name}"' for name in EXTRA_BC_INDEXES.get(entity.name, ())]


def _dv_indexes(entity: Entity) -> list[str]:
    keys = [f'"modifiedon", "{entity.key}"', '"versionnumber"']
    ignored = {"createdby", "modifiedby", "owningbusinessunit", "owninguser", "owningteam"}
    keys += [f'"{item.name}"' for item in entity.properties.values() if item.attribute and item.attribute not in ignored]
    names = {name for columns in entity.unique for name in columns} | {entity.primary_name} | _FOLDED_DV_INDEXES
    texts = (item for item in entity.properties.values() if item.type == "Edm.String")
    return keys + [f'fold("{item.name}")' for item in texts if item.name in names]
