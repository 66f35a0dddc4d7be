"""Creating, changing and deleting rows of Business Central (web-apis.md, section 7)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .bc_customers import (
    check_customer_deletion,
    empty_row,
    forget_contact,
    forget_customer,
    new_company_contact,
    new_statistics,
    rename,
    update_contact,
    update_customer,
    update_statistics,
)
from .bc_dimensions import DEFAULT_DIMENSIONS, forget_default_dimensions, parent_of
from .bc_documents import Documents
from .bc_read import not_found, tied_values
from .bc_relations import Relations
from .bc_rules import RULE, after_field, check_row
from .bc_series import SERIES, next_number
from .bc_values import stored_value
from .clock import Clock
from .messages import ApiError, Caller
from .schema import BUSINESS_CENTRAL, ZERO_GUID, Entity, entities
from .settings import Settings
from .store import Row, Store, etag_of, new_id

# Figures that Business Central computes: they change without touching the row's stamp and etag.
_COMPUTED = {
    "items": {"inventory"},
    "customers": {"balanceDue"},
    "salesInvoices": {"remainingAmount"},
    "customerFinancialDetails": {"balance", "overdueAmount", "totalSalesExcludingTax"},
}
_ETAG = re.compile(r'^(?:W/)?"[^"]*"$')


@dataclass(frozen=True)
class Place:
    """Where a request works: the company, whether on a custom page, and for whom."""

    company: str
    custom: bool
    caller: Caller


class BusinessCentralWriter:
    """Every method runs inside the caller's transaction and raises ApiError with the refusals of section 9."""

    def __init__(self, store: Store, settings: Settings, clock: Clock) -> None:
        self.store = store
        self.settings = settings
        self.clock = clock
        self.documents = Documents(store, clock, self.save)

    def create(self, entity: Entity, body: Mapping[str, Any], place: Place) -> str:
        """Inserts a row, with the lines nested in it; gives its id."""
        if not entity.create:
            raise method_not_allowed(f"The entity {entity.type_name} does not support insert.")
        row = empty_row(entity, place.company)
        nested = {name: value for name, value in body.items() if name in entity.navigations and isinstance(value, list)}
        self.documents.prepare(entity, row, body)
        flat = {name: value for name, value in body.items() if name not in nested}
        sent = self._set_fields(entity, row, flat, custom=place.custom, creating=True)
        self._set_identity(entity, row, sent)
        check_row(self.store, entity, row, creating=True)
        self.documents.complete(entity, row, sent)
        self._check_business_key(entity, row)
        self._insert(entity, row, place.caller)
        self._after_create(entity, row, place.caller)
        for name, children in nested.items():
            target = entities(BUSINESS_CENTRAL)[entity.navigations[name].targets[0]]
            tied = tied_values(entity.navigations[name], row)
            for child in children:
                self.create(target, {**tied, **child, **tied}, place)
        return str(row[entity.key])

    def update(self, entity: Entity, key: str, body: Mapping[str, Any], place: Place, *, if_match: str) -> None:
        """PATCH: what changes nothing leaves stamp and etag alone (section 6, null update)."""
        before = self.existing(entity, key, place.company)
        if not entity.update:
            raise method_not_allowed(f"The entity {entity.type_name} does not support update.")
        check_match(before, if_match, required=True)
        self.documents.refuse_posted(entity, before)
        row = dict(before)
        sent = self._set_fields(entity, row, body, custom=place.custom, creating=False)
        check_row(self.store, entity, row, creating=False)
        self.documents.complete(entity, row, sent)
        if any(row[name] != before[name] for name in entity.business_key):
            self._check_business_key(entity, row)
        self.save(entity, before, row, place.caller)
        self._after_update(entity, before, row, place.caller)

    def delete(self, entity: Entity, key: str, place: Place, *, if_match: str) -> None:
        row = self.existing(entity, key, place.company)
        if not entity.delete:
            raise method_not_allowed(f"The entity {entity.type_name} does not support delete.")
        check_match(row, if_match, required=self.settings.delete_needs_etag)
        self.documents.refuse_posted(entity, row)
        if entity.name == "customers":
            check_customer_deletion(self.store, row)
        self.store.delete(entity, key, company=place.company, user_id=place.caller.user_id)
        if entity.name == "customers":
            forget_customer(self.store, row)
        elif entity.name == "contacts":
            forget_contact(self.store, row, self.save)
        elif entity.name == DEFAULT_DIMENSIONS:
            self._touch_parent(row, place.caller)
        forget_default_dimensions(self.store, row[entity.key])
        self.documents.after_delete(entity, row)

    def save(self, entity: Entity, before: Row, row: Row, caller: Caller | None = None) -> None:
        """Writes what differs, with a new stamp and etag; nothing where nothing differs."""
        changed = {name: value for name, value in row.items() if value != before[name]}
        if not changed:
            return
        if not set(changed) <= _COMPUTED.get(entity.name, set()):
            changed |= self._stamps(entity)
        row.update(changed)
        user_id = caller.user_id if caller else ""
        self.store.update(entity, row[entity.key], changed, company=row["_company"], user_id=user_id)

    def existing(self, entity: Entity, key: str, company: str) -> Row:
        """The row of the company; raises ApiError (404)."""
        row = self.store.get(entity, key)
        if row is None or (entity.company_scoped and row["_company"] != company):
            raise not_found(entity, key)
        return row

    def _set_fields(self, entity: Entity, row: Row, body: Mapping[str, Any], *, custom: bool, creating: bool) -> set[str]:
        """Runs the fields in the order of the body; gives the names of those that were set."""
        visible = entity.visible(custom=custom)
        relations = Relations(self.store, row["_company"])
        sent: set[str] = set()
        for name, value in body.items():
            if "@" in name:
                continue
            known = visible.get(name)
            if known is None:
                text = f"The property '{name}' does not exist on type 'Microsoft.NAV.{entity.type_name}'."
                raise ApiError(400, "BadRequest", f"{text} Make sure to only use property names that are defined by the type.")
            stored = stored_value(known, value)
            if known.key and custom and (creating or stored == row[name]):
                row[name] = stored
                continue
            if known.read_only or (creating and (entity.name, name) == ("items", "inventory")):
                raise ApiError(400, "BadRequest_InvalidOperation", f"The property '{name}' is read-only: Control '{name}' is read-only.")
            if not creating and (entity.name, name) == ("salesInvoiceLines", "sequence") and stored != row[name]:
                raise ApiError(400, RULE, "The sequence of a line cannot be changed.")
            row[name] = stored
            sent.add(name)
            relations.follow(entity, row, name, sent - {name})
            after_field(self.store, entity, row, name)
        if creating:
            self._show_local_currency(entity, row, relations)
        return sent

    def _show_local_currency(self, entity: Entity, row: Row, relations: Relations) -> None:
        """A blank currency shows the local currency's code where the page has the pair of id and code (section 7)."""
        if "currencyId" in entity.properties and row["currencyId"] == ZERO_GUID:
            row["currencyCode"] = relations.local_currency()

    def _set_identity(self, entity: Entity, row: Row, sent: set[str]) -> None:
        if row[entity.key] == ZERO_GUID:
            row[entity.key] = new_id()
        elif self.store.get(entity, row[entity.key]):
            raise self._duplicate(entity, f"id='{row[entity.key]}'")
        if entity.name in SERIES and not row["number"]:
            row["number"] = next_number(self.store, entity, row["_company"])
        elif entity.name in SERIES and "number" in sent and not self.settings.manual_numbers:
            raise ApiError(400, RULE, "You may not enter numbers manually. If you want to enter numbers manually, activate Manual Nos.")

    def _check_business_key(self, entity: Entity, row: Row) -> None:
        if not entity.business_key:
            return
        found = self.store.first(entity, {"_company": row["_company"], **{name: row[name] for name in entity.business_key}})
        if found and found[entity.key] != row[entity.key]:
            raise self._duplicate(entity, ",".join(f"{name}='{row[name]}'" for name in entity.business_key))

    def _duplicate(self, entity: Entity, fields: str) -> ApiError:
        text = f"The {entity.type_name} already exists. Identification fields and values: {fields}"
        return ApiError(self.settings.duplicate_status, "Internal_EntityWithSameKeyExists", text)

    def _insert(self, entity: Entity, row: Row, caller: Caller) -> None:
        row |= self._stamps(entity)
        self.store.insert(entity, row, user_id=caller.user_id)

    def _stamps(self, entity: Entity) -> Row:
        version = self.store.next_version()
        stamps: Row = {"_version": version, "_etag": etag_of(version)}
        if entity.modified == "lastModifiedDateTime":
            stamps["lastModifiedDateTime"] = self.clock.stamp(BUSINESS_CENTRAL)
        return stamps

    def _after_create(self, entity: Entity, row: Row, caller: Caller) -> None:
        if entity.name == "customers":
            contact = entities(BUSINESS_CENTRAL)["contacts"]
            created = new_company_contact(row, next_number(self.store, contact, row["_company"]))
            self._insert(contact, created, caller)
            for statistics, values in new_statistics(row):
                self._insert(statistics, values, caller)
            if created["type"] == "Person":
                self.save(entity, row, {**row, "primaryContactNumber": created["number"], "contactName": created["displayName"]})
            update_statistics(self.store, row, self.save)
        elif entity.name == DEFAULT_DIMENSIONS:
            self._touch_parent(row, caller)
        self.documents.after_save(entity, row)

    def _after_update(self, entity: Entity, before: Row, row: Row, caller: Caller) -> None:
        key = entity.business_key[0] if len(entity.business_key) == 1 else ""
        if key and row[key] != before[key]:
            rename(self.store, entity, row["_company"], before[key], row[key], self.save)
        if entity.name == "customers":
            update_contact(self.store, before, row, self.save)
            update_statistics(self.store, row, self.save)
        elif entity.name == "contacts":
            update_customer(self.store, before, row, self.save)
        elif entity.name == DEFAULT_DIMENSIONS and row != before:
            self._touch_parent(row, caller)
        self.documents.after_save(entity, row)

    def _touch_parent(self, row: Row, caller: Caller) -> None:
        """The value of a global dimension stands on the record itself, which no page of API v2.0 shows: its stamp and etag tell."""
        found = parent_of(self.store, row)
        if found:
            entity = entities(BUSINESS_CENTRAL)[found[0]]
            key, stamps = found[1][entity.key], self._stamps(entity)
            self.store.update(entity, key, stamps, company=row["_company"], user_id=caller.user_id)


def check_match(row: Row, if_match: str, *, required: bool) -> None:
    """400 for an etag that is missing or malformed, 409 for a stale one (section 7)."""
    if not if_match and not required:
        return
    if if_match == "*":
        return
    if not _ETAG.match(if_match):
        raise ApiError(400, "BadRequest_InvalidToken", "The If-Match header with the client concurrency token is missing or malformed.")
    if if_match.removeprefix("W/") != row["_etag"].removeprefix("W/"):
        text = "Another user has already changed the record."
        raise ApiError(409, "Request_EntityChanged", text)


def method_not_allowed(message: str) -> ApiError:
    return ApiError(405, "BadRequest_MethodNotAllowed", message)
