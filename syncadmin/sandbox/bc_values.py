"""JSON values of a Business Central body turned into what the fields hold; refusals of web-apis.md, section 9."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from .clock import moment_text, parse_moment
from .json_numbers import is_number, load_json
from .messages import ApiError
from .schema import BUSINESS_CENTRAL, Property
from .text import length

_GUID = re.compile(r"^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
_MOST_DIGITS = 15


def read_body(body: bytes) -> dict[str, Any]:
    """The JSON object of a request in the order of its properties; raises ApiError (400)."""
    try:
        document = load_json(body)
    except ValueError as error:
        raise ApiError(400, "BadRequest", f"The request body is not valid JSON: {error}") from error
    if not isinstance(document, dict):
        raise ApiError(400, "BadRequest", "Cannot create an instance of the entity: the request body must be an object.")
    return document


def stored_value(known: Property, value: Any) -> Any:
    """The field's value for a JSON value; raises ApiError (400) naming the property. Fields of type Code take upper case."""
    if value is None:
        raise ApiError(400, "BadRequest_RequiredParamNotProvided", f"The property '{known.name}' needs a value; null is not allowed.")
    return _READERS[known.type](known, value)


def _text(known: Property, value: Any) -> str:
    if not isinstance(value, str):
        raise _inconvertible(known, value)
    if known.options:
        return _member(known, value)
    text = value.strip().upper() if known.code else value
    if known.max_length and length(text) > known.max_length:
        message = f"The length of the string is {length(text)}, but it must be less than or equal to {known.max_length} characters."
        raise ApiError(400, "Application_StringExceededLength", f"{message} Value: {text}. Property: {known.name}.")
    return text


def _member(known: Property, value: str) -> str:
    if value not in {option.value for option in known.options}:
        raise ApiError(400, "Unknown", f"Invalid value '{value}' of '{known.name}': it is no member of '{known.enum_type}'.")
    return value


def _guid(known: Property, value: Any) -> str:
    if not isinstance(value, str) or not _GUID.match(value):
        raise ApiError(400, "Application_InvalidGUID", f"Invalid format of GUID string '{value}' for the property '{known.name}'.")
    return value.lower()


def _decimal(known: Property, value: Any) -> float:
    if not is_number(value):
        raise _inconvertible(known, value)
    if len(Decimal(value).normalize().as_tuple().digits) > _MOST_DIGITS:
        raise ApiError(400, "Application_EvaluateException", f"The value '{value}' of '{known.name}' has too many digits.")
    return float(value)


def _whole(known: Property, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _inconvertible(known, value)
    return value


def _boolean(known: Property, value: Any) -> int:
    if not isinstance(value, bool):
        raise _inconvertible(known, value)
    return int(value)


def _date(known: Property, value: Any) -> str:
    try:
        if not isinstance(value, str) or len(value) != 10:
            raise ValueError(value)
        return date.fromisoformat(value).isoformat()
    except ValueError as error:
        raise _inconvertible(known, value) from error


def _moment(known: Property, value: Any) -> str:
    try:
        if not isinstance(value, str):
            raise ValueError(value)
        return moment_text(parse_moment(value), BUSINESS_CENTRAL)
    except ValueError as error:
        raise _inconvertible(known, value) from error


def _inconvertible(known: Property, value: Any) -> ApiError:
    shown = float(value) if isinstance(value, Decimal) else value
    return ApiError(400, "BadRequest", f"Cannot convert the literal '{shown}' to the expected type '{known.type}' of '{known.name}'.")


_READERS: dict[str, Callable[[Property, Any], Any]] = {
    "Edm.String": _text,
    "Edm.Guid": _guid,
    "Edm.Decimal": _decimal,
    "Edm.Int32": _whole,
    "Edm.Int64": _whole,
    "Edm.Boolean": _boolean,
    "Edm.Date": _date,
    "Edm.DateTimeOffset": _moment,
}
