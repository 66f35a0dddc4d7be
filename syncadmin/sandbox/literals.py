"""Literals of a filter turned into the values that the columns hold, per property type."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from .clock import moment_text, parse_moment
from .expression import Literal
from .schema import Entity, Property

_FRACTION = re.compile(r"\.(\d+)")


class LiteralError(Exception):
    """A literal that cannot be compared with the property."""


def column_value(entity: Entity, known: Property, literal: Literal) -> Any:
    """The stored form of the literal; None for null. Raises LiteralError where the types do not go together."""
    if literal.kind == "null":
        return None
    reader = _READERS.get(known.type)
    value = reader(entity, literal) if reader else None
    if value is None:
        raise LiteralError(
            f"A binary operator with incompatible types was detected. Found operand types '{known.type}' and "
            f"'{_EDM.get(literal.kind, 'Edm.String')}' for property '{known.name}'."
        )
    return value


def finer_than_stored(entity: Entity, literal: Literal) -> bool:
    """Whether a moment has parts of a second that the column cannot hold, so that it lies between two stored values."""
    match = _FRACTION.search(str(literal.value)) if literal.kind == "moment" else None
    return bool(match and match.group(1)[3 if entity.api else 0 :].strip("0"))


def _text(_: Entity, literal: Literal) -> str | None:
    return literal.value if literal.kind in ("string", "enum") else None


def _guid(_: Entity, literal: Literal) -> str | None:
    return literal.value if literal.kind == "guid" else None


def _number(_: Entity, literal: Literal) -> float | None:
    return float(literal.value) if literal.kind == "number" else None


def _whole(_: Entity, literal: Literal) -> int | float | None:
    if literal.kind != "number":
        return None
    value: Decimal = literal.value
    return int(value) if value == value.to_integral_value() else float(value)


def _boolean(_: Entity, literal: Literal) -> int | None:
    return int(literal.value) if literal.kind == "boolean" else None


def _moment(entity: Entity, literal: Literal) -> str | None:
    if literal.kind not in ("moment", "date"):
        return None
    text = literal.value if literal.kind == "moment" else f"{literal.value}T00:00:00Z"
    try:
        return moment_text(parse_moment(text), entity.system)
    except ValueError as error:
        raise LiteralError(f"'{literal.value}' is no date and time.") from error


def _date(_: Entity, literal: Literal) -> str | None:
    return str(literal.value)[:10] if literal.kind in ("moment", "date") else None


_READERS = {
    "Edm.String": _text,
    "Edm.Guid": _guid,
    "Edm.Decimal": _number,
    "Edm.Int32": _whole,
    "Edm.Int64": _whole,
    "Edm.Boolean": _boolean,
    "Edm.DateTimeOffset": _moment,
    "Edm.Date": _date,
}
_EDM = {
    "string": "Edm.String",
    "guid": "Edm.Guid",
    "number": "Edm.Decimal",
    "boolean": "Edm.Boolean",
    "moment": "Edm.DateTimeOffset",
    "date": "Edm.Date",
}
