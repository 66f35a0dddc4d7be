"""What a system's refusal means: for one written row (WriteResult), and for a whole read (RunError). Sources: web-apis.md section 9."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from syncadmin.connectors.http import BUSY
from syncadmin.connectors.odata import Fault
from syncadmin.sync.errors import RetryLater, RunError, SyncError
from syncadmin.sync.records import Outcome, Value, WriteResult
from syncadmin.sync.tables import Field, FieldType, Table

_KEY_TAKEN = {"0x80040237", "0x80060892", "Internal_EntityWithSameKeyExists"}
_STALE = {"0x80060882", "Request_EntityChanged"}
_SQL_TROUBLE = {"-2147204784", "-2147204783"}
_NO_TABLE = {"0x8006088a", "BadRequest_ResourceNotFound"}
_EXPIRED = "0x80044352"  # change-tracking token (section 3)
_NO_COMPANY = {"Internal_CompanyNotFound"}

_CODES = {
    "0x80044331": "too-long",
    "Application_StringExceededLength": "too-long",
    "0x8004431a": "unknown-option",
    "BadRequest_InvalidOperation": "read-only",
    "BadRequest_RequiredParamNotProvided": "required",
    "Application_FieldValidationException": "required",
    "Internal_InvalidTableRelation": "not-found-reference",
    "0x80040217": "not-found-reference",
    "0x80060891": "not-found-reference",
    "0x80040333": "duplicate",
    "0x80040220": "permission",
    "0x80048306": "permission",
    "0x80072560": "permission",
}
_LENGTH_WORDS = re.compile(r"maximum (?:allowed )?length|less than or equal to \d+ characters", re.IGNORECASE)

_ADVICE = {
    "too-long": "The text is longer than the field: shorten it, or let the field mapping cut it off.",
    "unknown-option": "The option does not exist there: map it, or add it there.",
    "read-only": "The field cannot be written there: change the field mapping's direction or disable it.",
    "required": "A value is needed there: fill it in, or give a constant value in the field mapping or a template.",
    "unknown-field": "The field does not exist there any more: remove the field mapping, or refresh the tables of the system.",
    "not-found-reference": "It refers to a record that does not exist there.",
    "duplicate": "Another record there has the same key.",
    "permission": "The integration user lacks a permission there: extend its role.",
    "busy": "It will be tried again.",
}


def refused_write(fault: Fault, table: Table, key: str, values: Mapping[str, Value], *, system: str, new: bool) -> WriteResult:
    """The result of one row that was answered with an error; ``values`` are those that were sent, ``new`` says whether as an insert."""
    taken = fault.code in _KEY_TAKEN
    if taken and new:
        return _result(Outcome.EXISTS, "duplicate", fault, table, key, values, system)
    kept = "" if new else key
    if taken:
        return _result(Outcome.REFUSED, "duplicate", fault, table, kept, values, system)
    if not new and (fault.code in _STALE or fault.status in {409, 412}) and fault.code not in _CODES:
        return _result(Outcome.STALE, "changed", fault, table, kept, values, system)
    if not new and _is_about(fault, key):
        return _result(Outcome.GONE, "deleted", fault, table, kept, values, system)
    if fault.status in BUSY or fault.code in _SQL_TROUBLE or fault.code in _STALE:
        return _result(Outcome.REFUSED, "busy", fault, table, kept, values, system, passing=True)
    return _result(Outcome.REFUSED, _code(fault, table), fault, table, kept, values, system)


def _is_about(fault: Fault, key: str) -> bool:
    # Dataverse says 404 for the row itself and for a row that a lookup shall be bound to, and names the one it means.
    named = re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", fault.words.lower())
    return no_such_row(fault) and (not named or key.lower() in named)


def no_such_row(fault: Fault) -> bool:
    """Whether a request for one key says that this row does not exist (rather than its table or company)."""
    return fault.status == 404 and fault.code not in _NO_TABLE | _NO_COMPANY


def rolled_back(fault: Fault) -> bool:
    """Whether a failure (5xx) says that its transaction was undone as a whole: deadlock or time-out of the database."""
    return fault.code in _SQL_TROUBLE


def _code(fault: Fault, table: Table) -> str:
    if fault.code.lower() in _CODES or fault.code in _CODES:
        return _CODES.get(fault.code) or _CODES[fault.code.lower()]
    if fault.code.startswith("Authorization_") or fault.status == 403:
        return "permission"
    if fault.unknown_property:
        return "unknown-field"
    if _LENGTH_WORDS.search(fault.words):
        return "too-long"
    if fault.code == "Unknown" and any(field.type is FieldType.OPTION for field in _named_fields(fault, table)):
        return "unknown-option"
    return "refused"


def _result(
    outcome: Outcome,
    code: str,
    fault: Fault,
    table: Table,
    key: str,
    values: Mapping[str, Value],
    system: str,
    *,
    passing: bool = False,
) -> WriteResult:
    advice = _ADVICE.get(code, "")
    text = f"{system} refused the {table.label} record: {_sentence(fault.words)} {advice}".rstrip()
    fields = (
        tuple(field.name for field in _named_fields(fault, table)) or _too_long(code, table, values) or _mentioned(fault, table, values)
    )
    named = f"HTTP {fault.status}, {fault.code}" if fault.code else f"HTTP {fault.status}"
    answer = named if fault.words == f"HTTP {fault.status}" else f"{named}: {fault.words}"
    return WriteResult(outcome, key=key, code=code, text=text, fields=fields, passing=passing, answer=answer)


def _named_fields(fault: Fault, table: Table) -> list[Field]:
    by_wire = {name: field for field in table.fields.values() for name in (field.name, field.property_name, field.label)}
    return list({by_wire[name].name: by_wire[name] for name in fault.quoted if name in by_wire}.values())


def _mentioned(fault: Fault, table: Table, values: Mapping[str, Value]) -> tuple[str, ...]:
    """Those written fields that the words call by a name that is no everyday word (``salespersonCode``, Salesperson Code)."""
    sent = [table.fields[name] for name in values if name in table.fields]
    calls = [(field.name, (field.name, field.label)) for field in sent]
    return tuple(name for name, called in calls if any(_is_coined(one) and one in fault.words for one in called))


def _is_coined(name: str) -> bool:
    return " " in name or "_" in name or (name != name.lower() and name != name.capitalize())


def _sentence(words: str) -> str:
    return words if words.endswith((".", "!", "?")) else f"{words}."


def _too_long(code: str, table: Table, values: Mapping[str, Value]) -> tuple[str, ...]:
    if code != "too-long":
        return ()
    return tuple(name for name, value in values.items() if name in table.fields and _exceeds(table.fields[name], value))


def _exceeds(field: Field, value: Value) -> bool:
    return field.max_length is not None and isinstance(value, str) and len(value) > field.max_length


def refused_read(fault: Fault, *, system: str, table: Table | None = None, fields: Iterable[Field] = (), condition: str = "") -> SyncError:
    """The error that ends a read: RetryLater for what passes, else RunError with what a person has to change."""
    if fault.status in BUSY:
        return RetryLater(f"{system} is busy (HTTP {fault.status}).", seconds=fault.retry_after)
    return _refused_place(fault, system, table) or _refused_query(fault, system, table, fields, condition)


def _refused_place(fault: Fault, system: str, table: Table | None) -> RunError | None:
    if fault.status == 401:
        return RunError("sign-in", f"{system} does not accept the sign-in: {fault.words} Check the application's registration there.")
    if fault.status == 403:
        return RunError(
            "permission", f"{system} denies access{_about(' to', table)}: {fault.words} Extend the role of the integration user."
        )
    if fault.code in _NO_COMPANY:
        text = f"{system} does not know the company: {fault.words} Choose the company in the system's settings."
        return RunError("unknown-company", text)
    if fault.status == 404 and table is None:
        text = f"{system} has nothing at its address: {fault.words} Correct address, tenant and environment of the system."
        return RunError("address", text)
    if fault.status == 404:
        text = f"{system} does not have the table{_about('', table)}: {fault.words} Choose another table, or restore it there."
        return RunError("unknown-table", text)
    return None


def _refused_query(fault: Fault, system: str, table: Table | None, fields: Iterable[Field], condition: str) -> RunError:
    if fault.code == _EXPIRED:
        return RunError("expired", f"{system} does not know any more what has changed since the last time: {fault.words}")
    wire = {field.property_name: field for field in fields}
    if table and fault.unknown_property in wire:
        return _unknown_field(wire[fault.unknown_property].name, table, system)
    if condition:
        text = f"{system} refuses the filter{_about(' of', table)}: {fault.words} The filter is: {condition}. Correct it in the mapping."
        return RunError("bad-filter", text)
    if table and fault.unknown_property:
        return _unknown_field(fault.unknown_property, table, system)
    return RunError("refused", f"{system} refuses the request{_about(' for', table)}: {fault.words}")


def _unknown_field(name: str, table: Table, system: str) -> RunError:
    return RunError(
        "unknown-field",
        f"{system} does not have the field {name} in {table.label} ({table.name}) any more. "
        "Remove it from the field mappings, or restore it there, then refresh the tables of the system.",
    )


def _about(word: str, table: Table | None) -> str:
    return f"{word} {table.label} ({table.name})" if table else ""
