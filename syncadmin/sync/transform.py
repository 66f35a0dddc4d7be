"""Transformation rules: one small function each, in a dictionary by name (engine.md section 22)."""

from __future__ import annotations

import re
from collections.abc import Callable

Rule = Callable[[str], str]


def transform(rule: str, text: str) -> str:
    """The text after the named rule; raises KeyError for a rule that does not exist."""
    return RULES[rule.upper()](text)


def _title_case(text: str) -> str:
    return " ".join(word[:1].upper() + word[1:].lower() for word in text.split(" "))


def _alphanumeric_only(text: str) -> str:
    return re.sub(r"[^0-9A-Za-z]", "", text)


RULES: dict[str, Rule] = {
    "UPPERCASE": str.upper,
    "LOWERCASE": str.lower,
    "TITLECASE": _title_case,
    "TRIM": str.strip,
    "FOURTH_TO_SIXTH_CHAR": lambda text: text[3:6],
    "ALPHANUMERIC_ONLY": _alphanumeric_only,
}
