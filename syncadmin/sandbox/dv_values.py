"""JSON values of a Dataverse body turned into what the columns hold; refusals of web-apis.md, section 9."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from .clock import moment_text, parse_moment
from .json_numbers import is_number, rounded
from .messages import ApiError
from .schema import SALES, Entity, Option, Property
from .text import length

PAYLOAD = "0x80048d19"
_GUID = re.compile(r"^\{?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\}?$")
_EARLIEST_YEAR = 1753
_LARGEST_INT = 2**31


def stored_value(entity: Entity, known: Property, value: Any, options: tuple[Option, ...] = ()) -> Any:
    """The column's value for a JSON value; raises ApiError (400) naming the attribute. ``options`` are the choices that it has now."""
    if value is None:
        return None
    stored = _READERS[known.type](entity, known, value)
    if options and stored not in {option.value for option in options}:
        text = f"A validation error occurred. The value {stored} of '{known.name}' on record of type '{entity.type_name}'"
        raise ApiError(400, "0x8004431A", f"{text} is outside the valid range. Accepted values: {_accepted(options)}.")
    _check_range(entity, known, stored)
    return stored


def _text(entity: Entity, known: Property, value: Any) -> str | None:
    if not isinstance(value, str):
        raise _inconvertible(known, value)
    if known.max_length and length(value) > known.max_length:
        text = f"A validation error occurred.  The length of the '{known.name}' attribute of the '{entity.type_name}' entity exceeded"
        raise ApiError(400, "0x80044331", f"{text} the maximum allowed length of '{known.max_length}'.")
    return value or None


def _guid(_: Entity, known: Property, value: Any) -> str:
    match = _GUID.match(value) if isinstance(value, str) else None
    if not match:
        raise _inconvertible(known, value)
    return match[1].lower()


def _whole(_: Entity, known: Property, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or (known.type == "Edm.Int32" and abs(value) >= _LARGEST_INT):
        raise _inconvertible(known, value)
    return value


def _decimal(_: Entity, known: Property, value: Any) -> float:
    if not is_number(value):
        raise _inconvertible(known, value)
    return rounded(value, known.precision if known.precision is not None else 10)


def _boolean(_: Entity, known: Property, value: Any) -> int:
    if not isinstance(value, bool):
        raise _inconvertible(known, value)
    return int(value)


def _date(_: Entity, known: Property, value: Any) -> str:
    try:
        if not isinstance(value, str) or len(value) != 10:
            raise ValueError(value)
        day = date.fromisoformat(value)
    except ValueError as error:
        raise _inconvertible(known, value) from error
    _check_year(known, day.year)
    return day.isoformat()


def _moment(_: Entity, known: Property, value: Any) -> str:
    try:
        if not isinstance(value, str):
            raise ValueError(value)
        moment = parse_moment(value)
    except ValueError as error:
        raise _inconvertible(known, value) from error
    _check_year(known, moment.year)
    return moment_text(moment, SALES)


def _check_year(known: Property, year: int) -> None:
    if year < _EARLIEST_YEAR:
        raise ApiError(400, "0x80040239", f"DateTime is less than minimum value supported by CrmDateTime, attribute '{known.name}'.")


def _check_range(entity: Entity, known: Property, stored: Any) -> None:
    if known.minimum is None and known.maximum is None:
        return
    if (known.minimum is not None and stored < known.minimum) or (known.maximum is not None and stored > known.maximum):
        text = (
            f"A validation error occurred. The value of '{known.name}' on record of type '{entity.type_name}' is outside the valid range."
        )
        raise ApiError(400, "0x80044330", text)


def _inconvertible(known: Property, value: Any) -> ApiError:
    shown = float(value) if isinstance(value, Decimal) else value
    return ApiError(400, PAYLOAD, f"Error identified in Payload: cannot convert the value '{shown}' of '{known.name}' to '{known.type}'.")


def _accepted(options: tuple[Option, ...]) -> str:
    return ",".join(str(option.value) for option in options)


_READERS: dict[str, Callable[[Entity, Property, Any], Any]] = {
    "Edm.String": _text,
    "Edm.Guid": _guid,
    "Edm.Int32": _whole,
    "Edm.Int64": _whole,
    "Edm.Decimal": _decimal,
    "Edm.Boolean": _boolean,
    "Edm.Date": _date,
    "Edm.DateTimeOffset": _moment,
}
