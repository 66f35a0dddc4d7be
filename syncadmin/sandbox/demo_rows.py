"""What the builders of the demo data share: the word lists, complete rows, money and moments.

Rows follow ``entities.json``: a Business Central row has every property, blank where nothing was given (``""``, 0, all zeros,
``0001-01-01``; web-apis.md section 5); a Sales row has every attribute but ``versionnumber``, null where nothing was given (section 2).
"""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Rows = list[Row]

# No date or stamp of the demo lies after this day; ages, due dates and overdue amounts are reckoned from it.
DEMO_DATE = date(2026, 11, 1)

BLANK_ID = "00000000-0000-0000-0000-000000000000"
BLANK_DATE = "0001-01-01"
BLANK_OPTION = "_x0020_"

_HERE = Path(__file__).parent
_BLANKS: dict[str, Any] = {
    "Edm.String": "",
    "Edm.Guid": BLANK_ID,
    "Edm.Date": BLANK_DATE,
    "Edm.DateTimeOffset": "0001-01-01T00:00:00Z",
    "Edm.Decimal": 0,
    "Edm.Int32": 0,
    "Edm.Int64": 0,
    "Edm.Boolean": False,
}
_MINUTES_IN_A_YEAR = 364 * 24 * 60


@cache
def company() -> dict[str, Any]:
    """The tables of ``demo_company.json``; shared, so only to be read."""
    loaded: dict[str, Any] = json.loads((_HERE / "demo_company.json").read_text(encoding="utf-8"))
    return loaded


def business_central_row(entity_set: str, **values: Any) -> Row:
    """A complete row of the set. Decimals become JSON numbers. Raises ``KeyError`` for a property that the set does not have."""
    return _filled(_templates("business_central")[entity_set], entity_set, values)


def sales_row(entity_set: str, **values: Any) -> Row:
    """A complete row of the set. Decimals become JSON numbers. Raises ``KeyError`` for an attribute that the set does not have."""
    return _filled(_templates("sales")[entity_set], entity_set, values)


def _filled(template: Row, entity_set: str, values: Row) -> Row:
    unknown = values.keys() - template.keys()
    if unknown:
        raise KeyError(f"{entity_set} has no property {', '.join(sorted(unknown))}; see entities.json")
    row = dict(template)
    for name, value in values.items():
        row[name] = float(value) if isinstance(value, Decimal) else value
    return row


@cache
def _templates(system: str) -> dict[str, Row]:
    described = json.loads((_HERE / "entities.json").read_text(encoding="utf-8"))[system]["entities"]
    blank = _business_central_blank if system == "business_central" else _sales_blank
    return {
        entity["entity_set"]: {p["name"]: blank(p) for p in entity["properties"] if p["name"] != "versionnumber"} for entity in described
    }


def _business_central_blank(described: dict[str, Any]) -> Any:
    return described.get("default", _BLANKS[described["type"]])


def _sales_blank(described: dict[str, Any]) -> Any:
    return described.get("default")


def chance(subject: str) -> random.Random:
    """A generator that always gives the same numbers for the same subject, so that one table's length never moves another's values."""
    return random.Random(f"cronus {subject}")  # noqa: S311 - nothing secret is made from it


def cents(amount: Decimal | float | int | str) -> Decimal:
    """The amount rounded half up to two decimals; a float counts as its shortest decimal form."""
    return Decimal(str(amount)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def some_moment(luck: random.Random) -> datetime:
    """A moment of the year before ``DEMO_DATE``, UTC, with milliseconds."""
    begin = datetime.combine(DEMO_DATE, time(), UTC) - timedelta(minutes=_MINUTES_IN_A_YEAR)
    return begin + timedelta(minutes=luck.randrange(_MINUTES_IN_A_YEAR), milliseconds=luck.randrange(60_000))


def in_milliseconds(moment: datetime) -> str:
    """A stamp as Business Central writes it, for example ``2026-08-19T06:32:44.293Z``."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def in_seconds(moment: datetime) -> str:
    """A stamp as Sales writes it, for example ``2026-08-19T06:32:44Z``."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def stamps(luck: random.Random) -> dict[str, str]:
    """``createdon`` and a later ``modifiedon`` of a Sales row."""
    earlier, later = sorted((some_moment(luck), some_moment(luck)))
    return {"createdon": in_seconds(earlier), "modifiedon": in_seconds(later)}
