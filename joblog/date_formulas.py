"""Business Central's date formulas: ``1D+CM`` is the end of tomorrow's month (engine.md section 21.3)."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import date, timedelta

_TERM = re.compile(r"([+-]?)(?:(\d{1,4})(D|W|M|Q|Y)|C(D|W|M|Q|Y)|(WD|D)(\d{1,2}))")
_MONTHS = {"M": 1, "Q": 3, "Y": 12}

_Step = Callable[[date], date]


def calculate(formula: str, day: date) -> date:
    """The date that the formula gives for this one, its terms applied from left to right.

    ``30D`` ``2W`` ``1M`` ``1Q`` ``1Y`` go that far, ``CW`` ``CM`` ``CQ`` ``CY`` to the last day of the current week, month, quarter or year
    (with a minus to the first), ``D10`` to the next 10th of a month, ``WD1`` to the next Monday (with a minus to the last). A day that a
    month does not have is its last. Raises ValueError for what is no date formula and for a date that no calendar has.
    """
    try:
        for step in _steps(formula):
            day = step(day)
    except OverflowError as error:
        raise ValueError(f"{formula} leads out of the calendar.") from error
    return day


def _steps(formula: str) -> list[_Step]:
    text = formula.replace(" ", "").upper().removeprefix("<").removesuffix(">")
    steps, position = [], 0
    for term in _TERM.finditer(text):
        if term.start() != position or (position and not term[1]):
            break
        steps.append(_step(term))
        position = term.end()
    if not steps or position != len(text):
        raise ValueError(f"{formula or 'Nothing'} is no date formula. 1D+CM is the last day of tomorrow's month, WD1 the next Monday.")
    return steps


def _step(term: re.Match[str]) -> _Step:
    sign = -1 if term[1] == "-" else 1
    if term[3]:
        return lambda day: _moved(day, sign * int(term[2]), term[3])
    if term[4]:
        return lambda day: _edge(day, term[4], last=sign > 0)
    number = int(term[6])
    if not 1 <= number <= (7 if term[5] == "WD" else 31):
        raise ValueError(f"{term[0]} is no date formula: weekdays are WD1 (Monday) to WD7 (Sunday), days D1 to D31.")
    return (lambda day: _weekday(day, number, sign)) if term[5] == "WD" else (lambda day: _day_of_month(day, number, sign))


def _moved(day: date, number: int, unit: str) -> date:
    if unit in _MONTHS:
        return _months_on(day, number * _MONTHS[unit], day.day)
    return day + timedelta(days=number * (7 if unit == "W" else 1))


def _edge(day: date, unit: str, *, last: bool) -> date:
    if unit == "D":
        return day
    if unit == "W":
        return day + timedelta(days=6 - day.weekday() if last else -day.weekday())
    length = _MONTHS[unit]
    first = day.replace(month=(day.month - 1) // length * length + 1, day=1)
    return _months_on(first, length - 1, 31) if last else first


def _weekday(day: date, number: int, sign: int) -> date:
    away = (number - 1 - day.weekday()) % 7 if sign > 0 else (day.weekday() - number + 1) % 7
    return day + timedelta(days=sign * (away or 7))


def _day_of_month(day: date, number: int, sign: int) -> date:
    here = _months_on(day, 0, number)
    return here if (here > day if sign > 0 else here < day) else _months_on(day, sign, number)


def _months_on(day: date, months: int, wanted: int) -> date:
    """The wanted day of the month so many months away, its last day where it is shorter."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    if not date.min.year <= year <= date.max.year:
        raise OverflowError(year)
    return date(year, month + 1, min(wanted, calendar.monthrange(year, month + 1)[1]))
