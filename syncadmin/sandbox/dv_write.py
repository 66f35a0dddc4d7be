"""Creating and changing rows of Dataverse (web-apis.md, section 4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .clock import Clock
from .dv_payload import Payload, read_payload, set_lookup, target_entity
from .dv_rules import fill_in, prices_computed, refuse_closed, settle_state
from .ids import SOMEONE_USER_ID
from .messages import ApiError, Caller
from .schema import SALES, Entity, Property, entities
from .settings import Settings
from .store import Row, Store, new_id
from .text import fold

EXISTS = "0x80040237"
_PLUG_IN = Caller("plug-in", SOMEONE_USER_ID)
_ETAG = re.compile(r'^(?:W/)?"(\d+)"$')
_TOTALS = {"totalamount", "totalamountlessfreight", "totallineitemamount", "totallineitemdiscountamount", "totaldiscountamount", "totaltax"}
_LINE_AMOUNTS = {"baseamount", "extendedamount"}


class DataverseWriter:
    """Every method runs inside the caller's transaction and raises ApiError with the refusals of section 9."""

    def __init__(self, store: Store, settings: Settings, clock: Clock) -> None:
        self.store = store
        self.settings = settings
        self.clock = clock

    def create(self, entity: Entity, body: Mapping[str, Any], caller: Caller, *, key: str = "") -> str:
        """Inserts a row, with the rows nested in it; gives its primary key."""
        if not entity.create or entity.name in self.settings.no_create_tables:
            raise ApiError(403, "0x80040220", f"Principal user (Id={caller.user_id}) is missing prvCreate privilege on {entity.type_name}.")
        payload = read_payload(self.store, entity, body, creating=True)
        key = key or payload.key or new_id()
        if self.store.one(f'SELECT 1 FROM "{entity.table}" WHERE "{entity.key}" = ?', (key,)):  # noqa: S608
            raise ApiError(412, EXISTS, "A record with matching key values already exists.")
        for name, children in payload.nested.items():
            if not entity.navigations[name].collection:
                target = target_entity(entity.navigations[name])
                child = self.create(target, children[0], caller)
                set_lookup(entity, entity.navigations[name], (target.name, child), payload.values)
        row = self._new_row(entity, key, payload, caller)
        self.store.insert(entity, row, user_id=caller.user_id)
        self._after_create(entity, row, caller)
        for name, children in payload.nested.items():
            self._create_children(entity, name, children, key, caller)
        self._run_plug_in(entity, key)
        return key

    def update(self, entity: Entity, key: str, body: Mapping[str, Any], caller: Caller, *, current: Row | None = None) -> None:
        """Changes a row; each save raises versionnumber and modifiedon, also one that changes nothing (section 4)."""
        before = current or self.store.get(entity, key)
        if before is None:
            raise ApiError(404, "0x80040217", f"Entity '{entity.type_name}' With Id = {key} Does Not Exist")
        if not entity.update:
            raise ApiError(403, "0x80040220", f"Principal user (Id={caller.user_id}) is missing prvWrite privilege on {entity.type_name}.")
        sent = self._writable(entity, read_payload(self.store, entity, body, creating=False).values)
        refuse_closed(self.store, entity, before, sent)
        row = {**before, **sent}
        _check_required(entity, sent)
        settle_state(entity, row, sent, creating=False)
        fill_in(self.store, entity, row, creating=False, caller=caller)
        if any(row[name] != before[name] for columns in entity.unique for name in columns):
            self._check_unique(entity, row)
        self._stamp(entity, row, caller)
        changed = {name: value for name, value in row.items() if value != before[name]}
        self.store.update(entity, key, changed, user_id=caller.user_id)
        self._sum_up(entity, row, caller)
        self._run_plug_in(entity, key)

    def touch(self, entity: Entity, key: str, values: Mapping[str, Any], caller: Caller) -> None:
        """Saves columns that no client may write, with new stamps."""
        row: Row = dict(values)
        self._stamp(entity, row, caller)
        self.store.update(entity, key, row, user_id=caller.user_id)

    def _run_plug_in(self, entity: Entity, key: str) -> None:
        if entity.name in self.settings.plug_in_tables:
            self.touch(entity, key, {}, _PLUG_IN)

    def check_etag(self, row: Row, given: str) -> None:
        """Compares an If-Match header (not ``*``) with the row."""
        match = _ETAG.match(given)
        if not match:
            raise ApiError(400, "0x80060883", "The row version in If-Match is missing or malformed.")
        if int(match[1]) != row["versionnumber"]:
            raise ApiError(412, "0x80060882", "The version of the existing record doesn't match the RowVersion property provided.")

    def _new_row(self, entity: Entity, key: str, payload: Payload, caller: Caller) -> Row:
        row: Row = {name: _default(known) for name, known in entity.properties.items()}
        row |= {known.type_column: None for known in entity.properties.values() if known.type_column}
        sent = self._writable(entity, payload.values)
        row |= {**sent, entity.key: key}
        _check_required(entity, row)
        settle_state(entity, row, sent, creating=True)
        fill_in(self.store, entity, row, creating=True, caller=caller)
        self._check_unique(entity, row)
        self._stamp(entity, row, caller)
        row["createdon"] = row["modifiedon"]
        if "_createdby_value" in row:
            row["_createdby_value"] = caller.user_id
        if entity.name == "invoicedetails":
            refuse_closed(self.store, entity, row, sent)
        return row

    def _writable(self, entity: Entity, values: dict[str, Any]) -> dict[str, Any]:
        """With system pricing on, amounts that Sales computes are not taken from the client."""
        computed = {"invoices": _TOTALS, "invoicedetails": _LINE_AMOUNTS}.get(entity.name, set())
        if not computed or not prices_computed(self.store):
            return values
        return {name: value for name, value in values.items() if name not in computed}

    def _stamp(self, entity: Entity, row: Row, caller: Caller) -> None:
        row["modifiedon"] = self.clock.stamp(SALES)
        row["versionnumber"] = self.store.next_version()
        if "_modifiedby_value" in entity.properties:
            row["_modifiedby_value"] = caller.user_id

    def _check_unique(self, entity: Entity, row: Row) -> None:
        for columns in entity.unique:
            wanted = {name: fold(row[name]) if entity.properties[name].type == "Edm.String" else row[name] for name in columns}
            if None in wanted.values():
                continue
            found = self.store.first(entity, wanted)
            if found and found[entity.key] != row[entity.key]:
                named = ", ".join(f"{name} = {row[name]}" for name in columns)
                raise ApiError(412, EXISTS, f"A record with matching key values already exists: {entity.type_name} {named}.")

    def _after_create(self, entity: Entity, row: Row, caller: Caller) -> None:
        if entity.name == "uomschedules":
            unit = entities(SALES)["uoms"]
            body = {"name": row["baseuomname"], "quantity": 1, "uomscheduleid@odata.bind": f"uomschedules({row[entity.key]})"}
            base = self.create(unit, body, caller)
            self.store.update(unit, base, {"isschedulebaseuom": 1, "_baseuom_value": None})
        self._sum_up(entity, row, caller)

    def _create_children(self, entity: Entity, name: str, children: list[Mapping[str, Any]], key: str, caller: Caller) -> None:
        navigation = entity.navigations[name]
        if not navigation.collection:
            return
        target = target_entity(navigation)
        back = next(item for item in target.navigations.values() if item.attribute == navigation.inverse and entity.name in item.targets)
        for child in children:
            self.create(target, {**child, f"{back.name}@odata.bind": f"{entity.name}({key})"}, caller)

    def _sum_up(self, entity: Entity, row: Row, caller: Caller) -> None:
        """With system pricing on, an invoice's totals follow its lines."""
        if entity.name not in ("invoices", "invoicedetails") or not prices_computed(self.store):
            return
        invoice = row["invoiceid"] if entity.name == "invoices" else row["_invoiceid_value"]
        self.sum_up_invoice(invoice, caller)

    def sum_up_after_delete(self, invoice: str, caller: Caller) -> None:
        """What a deleted line changes in its invoice."""
        if prices_computed(self.store):
            self.sum_up_invoice(invoice, caller)

    def sum_up_invoice(self, invoice: str, caller: Caller) -> None:
        """Computes the totals of an invoice from its lines and saves them where they differ."""
        sql = """SELECT total(baseamount), total(manualdiscountamount) + total(volumediscountamount), total(tax)
                 FROM dv_invoicedetails WHERE _invoiceid_value = ?"""
        amount, discount, tax = self.store.one(sql, (invoice,))
        entity = entities(SALES)["invoices"]
        row = self.store.get(entity, invoice)
        if row is None:
            return
        lines, less = round(amount - discount, 2), row["discountamount"] or 0.0
        less += round(lines * (row["discountpercentage"] or 0.0) / 100, 2)
        values = {
            "totallineitemamount": lines,
            "totallineitemdiscountamount": round(discount, 2),
            "totaldiscountamount": round(discount + less, 2),
            "totaltax": round(tax, 2),
            "totalamountlessfreight": round(lines - less, 2),
            "totalamount": round(lines - less + (row["freightamount"] or 0.0) + tax, 2),
        }
        if any(row[name] != value for name, value in values.items()):
            rate = row["exchangerate"] or 1
            self.touch(entity, invoice, {**values, "totalamount_base": round(values["totalamount"] / rate, 4)}, caller)


def _default(known: Property) -> Any:
    return int(known.default) if isinstance(known.default, bool) else known.default


def _check_required(entity: Entity, values: Mapping[str, Any]) -> None:
    for name, known in entity.properties.items():
        if known.required and name in values and values[name] is None:
            raise ApiError(
                400, "0x80040203", f"A value for the required attribute '{known.attribute or name}' of {entity.type_name} is missing."
            )
