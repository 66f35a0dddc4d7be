"""Transformation rules about dates and times. Functions raise ValueError for a text that they cannot take."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from functools import lru_cache

from syncadmin.sync.cultures import CULTURES, Culture, culture
from syncadmin.sync.values import moment


class DatePart(StrEnum):
    DAY = "Day"
    DAY_OF_WEEK = "Day of Week"
    WEEK = "Week"
    MONTH = "Month"
    QUARTER = "Quarter"
    YEAR = "Year"


def iso_date(parameters: Mapping[str, str], text: str) -> str:
    """A date in the input format and culture (see :func:`_read`) as ``YYYY-MM-DD``."""
    return _read(parameters, text, _date_formats).date().isoformat()


def iso_moment(parameters: Mapping[str, str], text: str) -> str:
    """A date and time as ``YYYY-MM-DDTHH:MM:SS.mmmZ``; without a zone in the text it is UTC."""
    return _read(parameters, text, _moment_formats).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def part_of_date(parameters: Mapping[str, str], text: str) -> str:
    """A number: weeks are those of ISO 8601, Monday is the first day of the week."""
    day = _iso(text).date()
    return str(_PARTS[DatePart(parameters["part"])](day))


def unix_timestamp(text: str) -> str:
    """Whole seconds since 1970 of a date or date and time as systems write them."""
    return str((_iso(text) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1))


def check_format(parameters: Mapping[str, str]) -> dict[str, str]:
    if parameters.get("culture", "") not in CULTURES:
        return {"culture": f"Choose one of: {', '.join(filter(None, CULTURES))}."}
    if not parameters.get("format"):
        return {}
    tokens = [found for found in _TOKEN.findall(parameters["format"]) if found]
    missing = [word for word, sign in (("year (yyyy)", "y"), ("month (MM)", "M"), ("day (dd)", "d")) if not _has(tokens, sign)]
    if missing:
        return {"format": f"The format has no {' and no '.join(missing)}."}
    signs = [token[0] for token in tokens if token not in _WEEKDAYS]
    twice = [sign for sign in dict.fromkeys(signs) if signs.count(sign) > 1]
    return {"format": f"{twice[0]} stands in the format more than once."} if twice else {}


def check_part(parameters: Mapping[str, str]) -> dict[str, str]:
    return {} if parameters.get("part") in set(DatePart) else {"part": f"Choose one of: {', '.join(DatePart)}."}


_PARTS: dict[DatePart, Callable[[date], int]] = {
    DatePart.DAY: lambda day: day.day,
    DatePart.DAY_OF_WEEK: date.isoweekday,
    DatePart.WEEK: lambda day: day.isocalendar().week,
    DatePart.MONTH: lambda day: day.month,
    DatePart.QUARTER: lambda day: (day.month + 2) // 3,
    DatePart.YEAR: lambda day: day.year,
}

# The custom formats of .NET, as far as they say something about dates and times.
_TOKEN = re.compile(r"'[^']*'|\\.|(yyyy|yy|M{1,4}|d{1,4}|H{1,2}|h{1,2}|m{1,2}|s{1,2}|f{1,7}|tt|zzz|K)")
_WEEKDAYS = {"ddd", "dddd"}
_NUMBER = {1: r"\d{1,2}", 2: r"\d{2}"}


def _read(parameters: Mapping[str, str], text: str, usual: Callable[[Culture], list[str]]) -> datetime:
    """By the format, in .NET's words; without one by the usual formats of the culture, then as systems write it."""
    own = culture(parameters.get("culture", ""))
    wanted = parameters.get("format", "")
    for one in [wanted] if wanted else usual(own):
        found = _pattern(one, own.name).fullmatch(text.strip())
        if found:
            return _moment(found.groupdict(), own)
    if wanted:
        raise ValueError(f"it does not have the format {wanted}.")
    try:
        return _iso(text)
    except ValueError as error:
        raise ValueError(f"it is no date as {own.name or 'systems'} writes them, like {_date_formats(own)[0]}.") from error


def _iso(text: str) -> datetime:
    try:
        return moment(text.strip())
    except ValueError as error:
        raise ValueError("it is no date (expected YYYY-MM-DD, with or without a time).") from error


def _date_formats(own: Culture) -> list[str]:
    short = own.date.replace("dd", "d").replace("MM", "M")
    return [short, short.replace("yyyy", "yy")] if not own.date.startswith("yyyy") else [short]


def _moment_formats(own: Culture) -> list[str]:
    times = ("H:mm:ss", "H:mm", "h:mm:ss tt", "h:mm tt")
    return [f"{day} {time}" for day in _date_formats(own) for time in times] + _date_formats(own)


@lru_cache(maxsize=256)
def _pattern(wanted: str, name: str) -> re.Pattern[str]:
    own, parts, place = CULTURES[name], [], 0
    for found in _TOKEN.finditer(wanted):
        parts.append(_literal(wanted[place : found.start()], own))
        parts.append(_token(found[1]) if found[1] else re.escape(found[0].strip("'").removeprefix("\\")))
        place = found.end()
    return re.compile("".join([*parts, _literal(wanted[place:], own)]), re.IGNORECASE)


def _literal(text: str, own: Culture) -> str:
    """``/`` and ``:`` stand for what the culture puts between the parts of a date and a time."""
    signs = {"/": f"[/{re.escape(own.date_separator)}]", ":": f"[:{re.escape(own.time_separator)}]", " ": r"\s+"}
    return "".join(signs.get(sign, re.escape(sign)) for sign in text)


def _token(token: str) -> str:
    sign, size = token[0], len(token)
    if token in ("MMM", "MMMM"):
        return r"(?P<name>[^\W\d_]{3,}\.?)"
    if token in _WEEKDAYS:
        return r"[^\W\d_]+\.?"
    fixed = {
        "yyyy": r"(?P<y>\d{4})",
        "yy": r"(?P<y>\d{2})",
        "tt": r"(?P<t>[ap])\.?m\.?",
        "zzz": r"(?P<z>[+-]\d{2}:?\d{2})",
        "K": r"(?P<z>Z|[+-]\d{2}:\d{2})?",
    }
    return fixed.get(token) or (rf"(?P<f>\d{{{size}}})" if sign == "f" else rf"(?P<{sign}>{_NUMBER[size]})")


def _moment(found: Mapping[str, str | None], own: Culture) -> datetime:
    """Raises ValueError for what no calendar has."""
    year, hour = int(found["y"] or 0), int(found.get("H") or found.get("h") or 0)
    if len(found["y"] or "") == 2:
        year += 2000 if year < 50 else 1900  # as .NET reads two digits
    if found.get("h") and not found.get("H"):
        hour = hour % 12 + (12 if (found.get("t") or "").lower() == "p" else 0)
    micro = int((found.get("f") or "0").ljust(6, "0")[:6])
    try:
        month = int(found["M"]) if found.get("M") else _month(found.get("name") or "", own)  # type: ignore[arg-type]
        minute, second = int(found.get("m") or 0), int(found.get("s") or 0)
        return datetime(year, month, int(found["d"] or 0), hour, minute, second, micro, tzinfo=_zone(found.get("z")))
    except ValueError as error:
        raise ValueError(f"there is no such date ({error}).") from error


def _month(name: str, own: Culture) -> int:
    wanted = name.lower().rstrip(".")
    found = [number for number, one in enumerate(own.months, start=1) if one.startswith(wanted)]
    if len(found) != 1:
        raise ValueError(f"{name} is no month of {own.name or 'English'}")
    return found[0]


def _zone(text: str | None) -> timezone:
    if not text or text in "Zz":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    return timezone(timedelta(hours=hours, minutes=minutes) * (-1 if text[0] == "-" else 1))


def _has(tokens: list[str], sign: str) -> bool:
    return any(token[0] == sign and token not in _WEEKDAYS for token in tokens)
