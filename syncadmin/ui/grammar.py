"""The filter grammar of Business Central: ``10..20|>50``, ``<>A*``, ``@*cannon*``, ``''``, ``today-7D..`` (screens.md section 2).

One text of a person becomes one condition (a ``Q``) on one field. Nothing in it is ever code or SQL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import reduce
from operator import and_, or_

from django.db.models import Q

LONGEST = 500  # characters of one filter
MOST_TERMS = 100
_LENGTHS = {1: timedelta(minutes=1), 2: timedelta(seconds=1)}  # by the colons of a time of day
_YES, _NO = {"yes", "true", "1", "on"}, {"no", "false", "0", "off"}
_OPERATORS = ("<>", ">=", "<=", ">", "<", "=")
_LOOKUPS = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}
_RELATIVE = re.compile(r"(?P<word>today|yesterday|tomorrow|t|w)?\s*(?P<steps>([+-]\d{1,4}[DWMQY])*)", re.IGNORECASE)
_STEP = re.compile(r"([+-]\d{1,4})([DWMQY])", re.IGNORECASE)
# A time of day as any language of ours shows it: 17:30:00, 17.30.00, 5:30:00 PM. What hovers over a moment ends in UTC.
_MOMENT = re.compile(
    r"(?P<day>\S+?)(?:[ T](?P<clock>\d{1,2}[:.]\d{2}(?:[:.]\d{2})?)(?:\s?(?P<half>[AP])M)?)?(?P<utc>Z|\s?UTC)?", re.IGNORECASE
)


class FilterError(ValueError):
    """What is wrong with a filter, in words for the person who typed it."""


class Kind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    MOMENT = "moment"
    DAY = "day"
    FLAG = "flag"
    CHOICE = "choice"


@dataclass(frozen=True, kw_only=True)
class FilterField:
    """What can be filtered: ``path`` is a lookup path of the query set, ``choices`` are (stored value, label) of a choice."""

    name: str
    label: str
    path: str
    kind: Kind
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a person writes: ``zone`` and ``today`` for dates, ``day`` and ``number`` read what is not ISO (raise ValueError), ``words``
    stand for values (``%me``)."""

    zone: tzinfo = UTC
    today: date = field(default_factory=lambda: datetime.now(UTC).date())
    day: Callable[[str], date] = date.fromisoformat
    number: Callable[[str], Decimal] = Decimal
    words: Mapping[str, str] = field(default_factory=dict)


def condition(text: str, on: FilterField, reading: Reading) -> Q:
    """The condition that a filter text puts on a field. Raises FilterError."""
    if len(text) > LONGEST:
        raise FilterError(f"A filter has at most {LONGEST} characters.")
    alternatives = _split(text, "|")
    if sum(len(_split(one, "&")) for one in alternatives) > MOST_TERMS:
        raise FilterError(f"A filter has at most {MOST_TERMS} values.")
    return reduce(or_, (reduce(and_, (_term(part, on, reading) for part in _split(one, "&"))) for one in alternatives))


def quoted(value: str) -> str:
    """A value as a filter text that selects exactly it."""
    special = any(sign in value for sign in "|&<>=*?@'.%") or value != value.strip() or not value
    return "'" + value.replace("'", "''") + "'" if special else value


def _split(text: str, sign: str) -> list[str]:
    """The parts between signs that stand outside of quotes."""
    parts, inside = [""], False
    for character in text:
        inside ^= character == "'"
        if character == sign and not inside:
            parts.append("")
        else:
            parts[-1] += character
    if inside:
        raise FilterError("A quotation mark is not closed.")
    return [part.strip() for part in parts]


def _term(text: str, on: FilterField, reading: Reading) -> Q:
    if not text:
        raise FilterError("A value is missing beside | or &. Write '' for empty.")
    operator = next((sign for sign in _OPERATORS if text.startswith(sign)), "")
    rest = text[len(operator) :].strip()
    if operator in _LOOKUPS:
        return _bounded(on, reading, operator, rest)
    found = _range(rest, on, reading) if _dots(rest) else _equal(rest, on, reading)
    return ~found if operator == "<>" else found


def _dots(text: str) -> bool:
    return any(".." in part for part in text.split("'")[::2])


def _range(text: str, on: FilterField, reading: Reading) -> Q:
    first, _, last = _outside(text).partition("\0")
    if on.kind is Kind.FLAG or (not first.strip() and not last.strip()):
        raise FilterError(f"“{text}” is no range of {on.label}.")
    lower = _bounded(on, reading, ">=", first.strip()) if first.strip() else Q()
    upper = _bounded(on, reading, "<=", last.strip()) if last.strip() else Q()
    return lower & upper


def _outside(text: str) -> str:
    """The first two dots outside of quotes as one character that nobody types."""
    pieces = text.split("'")
    for number in range(0, len(pieces), 2):
        if ".." in pieces[number]:
            pieces[number] = pieces[number].replace("..", "\0", 1)
            break
    return "'".join(pieces)


def _bounded(on: FilterField, reading: Reading, operator: str, text: str) -> Q:
    if on.kind is Kind.MOMENT:
        start, end = _span(text, on, reading)
        return Q(**{f"{on.path}__{_LOOKUPS[operator]}": start}) if operator in (">=", "<") else _after(on, operator, end)
    if on.kind is Kind.NUMBER:
        return Q(**{f"{on.path}__{_LOOKUPS[operator]}": _number(text, on, reading)})
    if on.kind is Kind.DAY:
        return Q(**{f"{on.path}__{_LOOKUPS[operator]}": _day(text, on, reading)})
    if on.kind is Kind.TEXT:
        return Q(**{f"{on.path}__{_LOOKUPS[operator]}": _plain(text, reading)})
    raise FilterError(f"{on.label} cannot be compared with {operator}.")


def _after(on: FilterField, operator: str, end: datetime) -> Q:
    """Past, or up to, the end of a day, minute or second: its end belongs to the next one."""
    return Q(**{f"{on.path}__{'gte' if operator == '>' else 'lt'}": end})


def _equal(text: str, on: FilterField, reading: Reading) -> Q:
    if text in ("", "''"):
        return _empty(on)
    if on.kind is Kind.TEXT:
        return _text(text, on, reading)
    if on.kind is Kind.CHOICE:
        return _choice(text, on, reading)
    if on.kind is Kind.FLAG:
        return Q(**{on.path: _flag(text, on)})
    if on.kind is Kind.MOMENT:
        start, end = _span(text, on, reading)
        return Q(**{f"{on.path}__gte": start, f"{on.path}__lt": end})
    return Q(**{on.path: _number(text, on, reading) if on.kind is Kind.NUMBER else _day(text, on, reading)})


def _empty(on: FilterField) -> Q:
    """Blank or unset; of numbers zero as well, which Business Central does not tell apart."""
    unset = Q(**{f"{on.path}__isnull": True})
    if on.kind in (Kind.TEXT, Kind.CHOICE):
        return unset | Q(**{on.path: ""})
    return unset | Q(**{on.path: 0}) if on.kind is Kind.NUMBER else unset


def _text(text: str, on: FilterField, reading: Reading) -> Q:
    blind = text.startswith("@")
    text = text[1:] if blind else text
    if text.startswith("'") or not set(text) & {"*", "?"}:
        return Q(**{f"{on.path}__{'iexact' if blind else 'exact'}": _plain(text, reading)})
    lookup, value = _wildcards(text)
    return Q(**{f"{on.path}__{'i' if blind else ''}{lookup}": value})


def _wildcards(text: str) -> tuple[str, str]:
    """A lookup that an index or the database can answer where the pattern allows it, else a regular expression."""
    inner = text.strip("*")
    if "*" not in inner and "?" not in inner:
        if text.startswith("*") and text.endswith("*"):
            return "contains", inner
        return ("endswith", inner) if text.startswith("*") else ("startswith", inner)
    pattern = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in text)
    return "regex", f"^{pattern}$"


def _choice(text: str, on: FilterField, reading: Reading) -> Q:
    """Stored values whose label or value fits, letter case aside."""
    wanted = _plain(text.removeprefix("@"), reading).casefold()
    pattern = re.compile("".join({"*": ".*", "?": "."}.get(one, re.escape(one)) for one in wanted)) if not text.startswith("'") else None
    fitting = [value for value, label in on.choices if _fits(wanted, pattern, (value.casefold(), label.casefold()))]
    if not fitting:
        known = ", ".join(label for _, label in on.choices)
        raise FilterError(f"{on.label} has no “{text}”. It has: {known}.")
    return Q(**{f"{on.path}__in": fitting})


def _fits(wanted: str, pattern: re.Pattern[str] | None, texts: Iterable[str]) -> bool:
    return any(one == wanted or (pattern is not None and pattern.fullmatch(one)) for one in texts)


def _plain(text: str, reading: Reading) -> str:
    """The value itself: without quotes, and words like %me replaced."""
    if text.startswith("'") and text.endswith("'") and len(text) > 1:
        return text[1:-1].replace("''", "'")
    if text.startswith("%"):
        if text.casefold() not in reading.words:
            raise FilterError(f"“{text}” stands for nothing. Known: {', '.join(reading.words) or 'no words'}.")
        return reading.words[text.casefold()]
    return text


def _flag(text: str, on: FilterField) -> bool:
    word = text.casefold()
    if word not in _YES | _NO:
        raise FilterError(f"{on.label} is yes or no, not “{text}”.")
    return word in _YES


def _number(text: str, on: FilterField, reading: Reading) -> Decimal:
    try:
        value = reading.number(text)
    except (ValueError, InvalidOperation):
        raise FilterError(f"{on.label} is a number, not “{text}”.") from None
    if not value.is_finite():
        raise FilterError(f"{on.label} is a number, not “{text}”.")
    return value


def _day(text: str, on: FilterField, reading: Reading) -> date:
    relative = _RELATIVE.fullmatch(text.strip())
    try:
        if relative and text.strip():
            return _stepped(_word(relative["word"], reading.today), relative["steps"])
        return _iso(text) or reading.day(text)
    except (ValueError, OverflowError):
        raise FilterError(f"“{text}” is no date. Write 2026-01-31, today, yesterday or today-7D for {on.label}.") from None


def _iso(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _word(word: str | None, today: date) -> date:
    return today + timedelta(days={"yesterday": -1, "tomorrow": 1}.get((word or "").casefold(), 0))


def _stepped(day: date, steps: str) -> date:
    for number, unit in _STEP.findall(steps):
        day = _step(day, int(number), unit.upper())
    return day


def _step(day: date, number: int, unit: str) -> date:
    if unit in "DW":
        return day + timedelta(days=number * (7 if unit == "W" else 1))
    months = day.year * 12 + day.month - 1 + number * {"M": 1, "Q": 3, "Y": 12}[unit]
    year, month = divmod(months, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def _span(text: str, on: FilterField, reading: Reading) -> tuple[datetime, datetime]:
    """From when to when (exclusive) a written day, minute or second goes, in the person's zone."""
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        raise FilterError(f"“{text}” is no date or time of {on.label}.")
    day, zone = _day(found["day"], on, reading), UTC if found["utc"] else reading.zone
    clock = _clock(found["clock"], found["half"] or "") if found["clock"] else time()
    try:
        # In UTC, as databases take them: the first and the last day of all calendars may have no such moment.
        start = datetime.combine(day, clock, zone)
        end = (
            start + _LENGTHS[len(re.findall(r"[:.]", found["clock"]))]
            if found["clock"]
            else datetime.combine(day + timedelta(days=1), clock, zone)
        )
        return start.astimezone(UTC), end.astimezone(UTC)
    except OverflowError:
        raise FilterError(f"“{text}” is no date or time of {on.label} that could be compared.") from None


def _clock(text: str, half: str) -> time:
    """The time of day; ``half`` is A or P where it was written with AM or PM."""
    try:
        clock = time.fromisoformat(text.replace(".", ":").rjust(8 if len(text) > 5 else 5, "0"))
        if half and not 1 <= clock.hour <= 12:
            raise ValueError(text)
        return clock.replace(hour=clock.hour % 12 + 12 * (half.upper() == "P")) if half else clock
    except ValueError:
        raise FilterError(f"“{text}{f' {half}M' if half else ''}” is no time of day.") from None
