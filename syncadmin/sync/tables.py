"""What a system says about its tables and fields, read from its metadata and kept between runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class FieldType(StrEnum):
    """How values of a field compare (engine.md A13)."""

    TEXT = "text"
    CODE = "code"  # compared without letter case and trailing blanks
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    MOMENT = "moment"
    GUID = "guid"
    OPTION = "option"
    LOOKUP = "lookup"


@dataclass(frozen=True, slots=True)
class Field:
    """One column as mappings name it.

    ``name`` is what mappings use (for a Dataverse lookup the attribute, ``transactioncurrencyid``), ``read_as`` the property that
    carries the value on the wire (``_transactioncurrencyid_value``). ``options`` pairs wire values with labels. ``targets`` pairs the
    table that a lookup points to with the navigation property that binds it.
    """

    name: str
    type: FieldType
    label: str = ""
    read_as: str = ""
    max_length: int | None = None
    scale: int | None = None
    on_insert: bool = True
    on_update: bool = True
    required: bool = False
    options: tuple[tuple[str | int, str], ...] = ()
    targets: tuple[tuple[str, str], ...] = ()

    @property
    def property_name(self) -> str:
        return self.read_as or self.name


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its set name on the wire, key, stamp and fields by name.

    ``number`` is the field that people know a record by (``number``, ``code``, ``accountnumber``) or "", ``caption`` the field that
    names it. ``chosen_keys`` says whether an insert may bring its own key. ``route`` is the connector's own word for where it is served.
    """

    name: str
    label: str
    key: str
    modified_on: str
    caption: str = ""
    number: str = ""
    chosen_keys: bool = False
    can_insert: bool = True
    can_update: bool = True
    route: str = ""
    type_name: str = ""
    fields: Mapping[str, Field] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """A plain structure that :meth:`from_json` turns back into an equal table."""
        plain = {name: getattr(self, name) for name in _PLAIN}
        return plain | {"fields": [_field_to_json(one) for one in self.fields.values()]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Table:
        """The table that :meth:`to_json` gave; raises KeyError when the structure is another one."""
        fields = [_field_from_json(one) for one in data["fields"]]
        return cls(**{name: data[name] for name in _PLAIN}, fields={one.name: one for one in fields})


_PLAIN = (
    "name",
    "label",
    "key",
    "modified_on",
    "caption",
    "number",
    "chosen_keys",
    "can_insert",
    "can_update",
    "route",
    "type_name",
)


def _field_to_json(one: Field) -> dict[str, Any]:
    return {
        "name": one.name,
        "type": one.type.value,
        "label": one.label,
        "read_as": one.read_as,
        "max_length": one.max_length,
        "scale": one.scale,
        "on_insert": one.on_insert,
        "on_update": one.on_update,
        "required": one.required,
        "options": [list(pair) for pair in one.options],
        "targets": [list(pair) for pair in one.targets],
    }


def _field_from_json(data: Mapping[str, Any]) -> Field:
    rest = {name: value for name, value in data.items() if name not in {"type", "options", "targets"}}
    return Field(
        type=FieldType(data["type"]),
        options=tuple((value, label) for value, label in data["options"]),
        targets=tuple((table, navigation) for table, navigation in data["targets"]),
        **rest,
    )
