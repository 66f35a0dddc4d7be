"""Transformation rules about numbers. Functions raise ValueError for a text that they cannot take."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Context, Decimal, InvalidOperation

from syncadmin.sync.cultures import CULTURES, culture

# Up and down are meant without the sign, as Business Central's Round does: -1.5 is rounded up to -2.
DIRECTIONS = {"=": ROUND_HALF_UP, "<": ROUND_DOWN, ">": ROUND_UP}
_PRECISE = Context(prec=90)


def plain_number(parameters: Mapping[str, str], text: str) -> str:
    """A number as people write it in the culture (``1.234,50`` in da-DK), as systems write it (``1234.50``)."""
    own = culture(parameters.get("culture", ""))
    groups = f"[{re.escape(own.groups)}]"
    point = re.escape(own.decimal)
    found = re.fullmatch(rf"([+-]?)(\d+|\d{{1,3}}(?:{groups}\d{{3}})+)(?:{point}(\d+))?", text.strip())
    if not found:
        raise ValueError(f"it is no number as {own.name or 'systems'} writes them, like {own.example}.")
    sign, whole, fraction = found.groups()
    return f"{'-' if sign == '-' else ''}{re.sub(groups, '', whole)}{'.' + fraction if fraction else ''}"


def rounded_number(parameters: Mapping[str, str], text: str) -> str:
    """The nearest multiple of the precision; direction ``=`` to the nearest, ``<`` towards zero, ``>`` away from it."""
    precision = Decimal(parameters["precision"])
    if not re.fullmatch(r"[+-]?\d{1,30}(?:\.\d{1,30})?", text.strip()):
        raise ValueError("it is no number.")
    times = _PRECISE.divide(Decimal(text.strip()), precision)
    whole = times.quantize(Decimal(1), rounding=DIRECTIONS[parameters["direction"]], context=_PRECISE)
    return format(_PRECISE.multiply(whole, precision), "f")


def check_plain_number(parameters: Mapping[str, str]) -> dict[str, str]:
    return {} if parameters.get("culture", "") in CULTURES else {"culture": f"Choose one of: {', '.join(filter(None, CULTURES))}."}


def check_rounded_number(parameters: Mapping[str, str]) -> dict[str, str]:
    wrong = {} if parameters.get("direction") in DIRECTIONS else {"direction": "Choose = (nearest), < (down) or > (up)."}
    try:
        precision = Decimal(parameters.get("precision", ""))
    except InvalidOperation:
        precision = Decimal(0)
    if not precision.is_finite() or not Decimal("1e-12") <= precision <= Decimal("1e12"):
        wrong["precision"] = "A number above zero with a decimal point, like 0.01."
    return wrong
