"""Values of templates as people write them, and as templates keep them: what the new record's field holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mappings.filter_words import option_called
from syncadmin.sync.errors import RecordError
from syncadmin.sync.records import Side
from syncadmin.sync.tables import Field, FieldType, Table
from syncadmin.sync.values import canonical, length, to_json


def default_value(text: str, own: Field) -> Any:
    """The value for a new record as JSON keeps it; an option by its label or value. Raises ValueError with the reason."""
    name = own.label or own.name
    if not text.strip():
        raise ValueError(f"Give the value that {name} gets.")
    if not own.on_insert and not own.on_update:
        raise ValueError(f"{name} is read-only: no template can fill it.")
    if own.options and own.type is FieldType.OPTION:
        return _option(text.strip(), own)
    if own.max_length is not None and length(text.strip()) > own.max_length:
        raise ValueError(f"{name} holds {own.max_length} characters, this has {length(text.strip())}.")
    try:
        return to_json(canonical(text.strip(), own))
    except RecordError as error:
        raise ValueError(f"{name} is a {own.type.value}, and “{text.strip()}” is none.") from error


def condition_value(text: str, own: Field) -> Any:
    """The value that a condition compares with, "" for empty; an option by its label or value. Raises ValueError with the reason."""
    if not text.strip():
        return ""
    if own.options and own.type is FieldType.OPTION:
        return _option(text.strip(), own)
    try:
        return to_json(canonical(text.strip(), own))
    except RecordError as error:
        raise ValueError(f"{own.label or own.name} is a {own.type.value}, and “{text.strip()}” is none.") from error


def shown_default(value: Any, own: Field | None) -> str:
    """The value as :func:`default_value` takes it again."""
    if own is not None and own.type is FieldType.OPTION:
        return str(next((label or stored for stored, label in own.options if stored == value), value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def field_groups(tables: Mapping[Side, Table]) -> list[tuple[str, list[tuple[str, str]]]]:
    """The fields that a new record can be given, grouped by side: (``side:field``, label)."""
    return [(side.label, [(f"{side.value}:{name}", label) for name, label in writable_fields(table)]) for side, table in tables.items()]


def writable_fields(table: Table) -> list[tuple[str, str]]:
    """(name, label with name) of what a new record can be given, by label."""
    fields = [one for one in table.fields.values() if (one.on_insert or one.on_update) and one.name != table.key]
    return sorted(((one.name, f"{one.label or one.name} ({one.name})") for one in fields), key=lambda pair: pair[1].casefold())


def _option(text: str, own: Field) -> Any:
    found = option_called(text, own)
    if found is not None:
        return found[0]
    known = ", ".join(label or str(value) for value, label in own.options)
    raise ValueError(f"{own.label or own.name} has no option “{text}”. It has: {known}.")
