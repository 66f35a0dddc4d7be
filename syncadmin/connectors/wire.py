"""Canonical values as each system wants to be sent them (web-apis.md sections 0, 2, 4 and 5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from syncadmin.sync.errors import RecordError
from syncadmin.sync.records import Value
from syncadmin.sync.tables import Field, FieldType, Table

ZERO_GUID = "00000000-0000-0000-0000-000000000000"

# Business Central knows no null: every type has its own way to be empty.
_EMPTY: Mapping[FieldType, Any] = {
    FieldType.TEXT: "",
    FieldType.CODE: "",
    FieldType.INTEGER: 0,
    FieldType.DECIMAL: 0,
    FieldType.BOOLEAN: False,
    FieldType.DATE: "0001-01-01",
    FieldType.MOMENT: "0001-01-01T00:00:00Z",
    FieldType.GUID: ZERO_GUID,
    FieldType.OPTION: "_x0020_",
    FieldType.LOOKUP: ZERO_GUID,
}


def business_central_body(table: Table, values: Mapping[str, Value]) -> dict[str, Any]:
    """The properties of a POST or PATCH, in the order given (the system validates in that order).

    Raises RecordError ``unknown-field`` for a name that the table does not have.
    """
    body = {}
    for name, value in values.items():
        field = known_field(table, name)
        body[field.property_name] = _EMPTY[field.type] if value is None else value
    return body


def dataverse_body(table: Table, values: Mapping[str, Value], *, new: bool) -> dict[str, Any]:
    """The properties of a POST or PATCH; lookups become ``navigation@odata.bind``.

    A lookup's value is the GUID of a row of its first target, or ``set/guid``; a new row leaves empty lookups out. Raises RecordError
    ``unknown-field`` for a name that the table does not have, ``read-only`` or ``not-found-reference`` for a lookup that cannot be bound.
    """
    body: dict[str, Any] = {}
    for name, value in values.items():
        field = known_field(table, name)
        if field.type is not FieldType.LOOKUP:
            body[field.name] = value
        elif value is not None or not new:
            navigation, target = _binding(table, field, value)
            body[f"{navigation}@odata.bind"] = target
    return body


def _binding(table: Table, field: Field, value: Value) -> tuple[str, str | None]:
    ways = dict(field.targets)
    if not ways:
        raise RecordError(
            "read-only", f"{field.label or field.name} of {table.label} refers to nothing that can be set.", fields=[field.name]
        )
    first = next(iter(ways))
    if value is None:
        return ways[first], None
    target, _, key = str(value).rpartition("/")
    target = target.strip("/") or first
    if target not in ways:
        wrong = f"{field.label or field.name} of {table.label} cannot refer to {target}, only to {', '.join(ways)}."
        raise RecordError("not-found-reference", wrong, fields=[field.name])
    return ways[target], f"/{target}({key})"


def known_field(table: Table, name: str) -> Field:
    """The field that mappings call ``name``; raises RecordError ``unknown-field``."""
    if name not in table.fields:
        text = f"{table.label} ({table.name}) has no field {name}. Remove it from the field mappings or refresh the tables of the system."
        raise RecordError("unknown-field", text, fields=[name])
    return table.fields[name]
