"""Numbers of a JSON body: read exactly, rounded as the databases do, kept as the columns hold them."""

from __future__ import annotations

import json
from decimal import ROUND_HALF_UP, Decimal
from typing import Any


def load_json(body: bytes) -> Any:
    """The document; fractions come as Decimal so that nothing is lost before rounding. Raises ValueError."""
    return json.loads(body, parse_float=Decimal)


def rounded(value: int | Decimal, digits: int) -> float:
    """To so many decimals, halves away from zero."""
    return float(Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))


def is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)
