"""Transformation rules with regular expressions, in Python's syntax with the groups and replacements of .NET."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from syncadmin.sync.pattern_guard import guard

LONGEST_INPUT = 500
_REFERENCE = re.compile(r"\$(?:\$|(\d+)|\{(\w+)\})")


def matched(parameters: Mapping[str, str], text: str) -> str:
    """The first match, "" where there is none; raises ValueError for a text that is too long."""
    found = _compiled(parameters["pattern"]).search(_bounded(text))
    return found[0] if found else ""


def replaced(parameters: Mapping[str, str], text: str) -> str:
    """Every match replaced; ``$1`` and ``${name}`` stand for groups, ``$$`` for ``$``. Raises ValueError for a text that is too long."""
    return _compiled(parameters["pattern"]).sub(_replacement(parameters.get("replace", "")), _bounded(text))


def check_matched(parameters: Mapping[str, str]) -> dict[str, str]:
    pattern = parameters.get("pattern", "")
    if not pattern:
        return {"pattern": "Give a regular expression."}
    try:
        _compiled(pattern)
        guard(pattern)
    except ValueError as error:
        return {"pattern": str(error)}
    return {}


def check_replaced(parameters: Mapping[str, str]) -> dict[str, str]:
    wrong = check_matched(parameters)
    if wrong:
        return wrong
    pattern = _compiled(parameters["pattern"])
    for number, name in _REFERENCE.findall(parameters.get("replace", "")):
        if (number and int(number) > pattern.groups) or (name and name not in pattern.groupindex):
            return {"replace": f"The pattern has no group {number or name}."}
    return {}


def _bounded(text: str) -> str:
    if len(text) > LONGEST_INPUT:
        raise ValueError(f"it has {len(text)} characters, and a regular expression takes at most {LONGEST_INPUT}.")
    return text


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    """Raises ValueError for what is no regular expression."""
    try:
        return re.compile(re.sub(r"\(\?<(?![=!])", "(?P<", pattern))
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"This is no regular expression: {error}.") from error


@lru_cache(maxsize=256)
def _replacement(text: str) -> str:
    def reference(found: re.Match[str]) -> str:
        return f"\\g<{found[1] or found[2]}>" if found[1] or found[2] else "$"

    return _REFERENCE.sub(reference, text.replace("\\", "\\\\"))
