"""Canonical values: one form per value, so that two systems' ways of writing it compare as what they mean (engine.md A13)."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any

from syncadmin.sync.errors import RecordError
from syncadmin.sync.records import Value
from syncadmin.sync.tables import Field, FieldType

_ZERO_GUID = "00000000-0000-0000-0000-000000000000"
_NO_DATE = "0001-01-01"
_BLANK_OPTIONS = {"", " ", "_x0020_"}
_MOST_DIGITS = 40  # more than either system holds; a text such as 1e999999 is no number that anybody could work with
_ANY_NUMBER = Context(prec=2 * _MOST_DIGITS)
_NEVER_NULL = {FieldType.INTEGER, FieldType.DECIMAL, FieldType.BOOLEAN}


def canonical(raw: Any, field: Field) -> Value:
    """The canonical form of a value as JSON gave it (or as :func:`to_json` kept it).

    Everything that either system calls empty is None. Dates are ``YYYY-MM-DD``, moments ``YYYY-MM-DDTHH:MM:SS.mmmZ`` in UTC.
    Raises RecordError ``bad-value`` when the value is none of the field's type.
    """
    if raw is None:
        return None
    try:
        return _READERS[field.type](raw)
    except (ValueError, InvalidOperation, TypeError, OverflowError) as error:
        raise RecordError(
            "bad-value", f"{field.label or field.name} holds {raw!r}, which is no {field.type.value}.", fields=[field.name]
        ) from error


def same(one: Value, other: Value, field: Field, partner: Field | None = None) -> bool:
    """Whether two canonical values of ``field`` mean the same, to the precision that both fields can hold."""
    if one == other:
        return True
    kinds = {field.type, partner.type if partner else field.type}
    if one is None or other is None:
        # Business Central has no null for these: what is unset in Sales is 0 or false there (web-apis.md section 0).
        return kinds <= _NEVER_NULL and not one and not other
    if isinstance(one, Decimal | int) and isinstance(other, Decimal | int) and FieldType.DECIMAL in kinds:
        scale = _least(field.scale, partner.scale if partner else None)
        return rounded(Decimal(one), scale) == rounded(Decimal(other), scale)
    if FieldType.DATE in kinds and FieldType.MOMENT in kinds:
        return bool(str(one)[:10] == str(other)[:10])
    if kinds == {FieldType.MOMENT}:
        return bool(str(one)[:19] == str(other)[:19])
    if FieldType.CODE in kinds and isinstance(one, str) and isinstance(other, str):
        return one.rstrip().upper() == other.rstrip().upper()
    if field.type is FieldType.LOOKUP and isinstance(one, str) and isinstance(other, str):
        return one.rpartition("/")[2] == other.rpartition("/")[2]  # sent with the table it points to, read without
    return False


def rounded(number: Decimal, scale: int | None) -> Decimal:
    """The number at the scale (digits after the point), halves away from zero; unchanged for scale None."""
    if scale is None:
        return number
    return number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, _ANY_NUMBER)


def length(text: str) -> int:
    """In characters as both systems count them: a sign beyond the first 65,536 of Unicode, such as an emoji, takes two."""
    return len(text) + sum(sign > "\uffff" for sign in text)


def cut(text: str, most: int) -> str:
    """The beginning that fits into ``most`` characters as :func:`length` counts, without blanks at its end and without half a sign."""
    kept = text[:most]
    while length(kept) > most:
        kept = kept[:-1]
    return kept.rstrip()


def to_json(value: Value) -> Any:
    """A canonical value as JSON can keep it; :func:`canonical` reads it back."""
    return format(value.normalize(), "f") if isinstance(value, Decimal) else value


def display(value: Value) -> str:
    """A canonical value for people; "" for none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)


def moment(text: str) -> datetime:
    """The UTC moment of an ISO text such as the systems send it; raises ValueError."""
    parsed = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def _least(one: int | None, other: int | None) -> int | None:
    known = [scale for scale in (one, other) if scale is not None]
    return min(known) if known else None


def _text(raw: Any) -> Value:
    text = str(raw)
    return text if text.strip() else None


def _code(raw: Any) -> Value:
    return str(raw).strip().upper() or None


def _integer(raw: Any) -> Value:
    number = _number(raw)
    if number != number.to_integral_value():
        raise ValueError(raw)
    return int(number)


def _decimal(raw: Any) -> Value:
    number = _number(raw)
    return number.normalize() if number else Decimal(0)


def _number(raw: Any) -> Decimal:
    number = Decimal(str(raw))
    if not number.is_finite() or (number and abs(number.adjusted()) > _MOST_DIGITS):
        raise ValueError(raw)
    return number


def _boolean(raw: Any) -> Value:
    if isinstance(raw, bool):
        return raw
    known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if str(raw).strip().lower() not in known:
        raise ValueError(raw)
    return known[str(raw).strip().lower()]


def _date(raw: Any) -> Value:
    text = str(raw)
    if not text or text.startswith(_NO_DATE):
        return None
    return moment(text).date().isoformat()


def _moment(raw: Any) -> Value:
    text = str(raw)
    if not text or text.startswith(_NO_DATE):
        return None
    return moment(text).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _guid(raw: Any) -> Value:
    text = str(raw).strip().lower().strip("{}")
    return text if text and text != _ZERO_GUID else None


def _option(raw: Any) -> Value:
    if isinstance(raw, int | Decimal):
        return int(raw)
    return None if raw in _BLANK_OPTIONS else str(raw)


_READERS = {
    FieldType.TEXT: _text,
    FieldType.CODE: _code,
    FieldType.INTEGER: _integer,
    FieldType.DECIMAL: _decimal,
    FieldType.BOOLEAN: _boolean,
    FieldType.DATE: _date,
    FieldType.MOMENT: _moment,
    FieldType.GUID: _guid,
    FieldType.OPTION: _option,
    FieldType.LOOKUP: _guid,
}
