"""The OData text of a filter as conditions that people can read and write, and back without loss.

What can be shown is an "and" of conditions, each of them alone or several joined by "or": what both systems take
(web-apis.md sections 2 and 5). Everything else stays text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

FUNCTIONS = ("contains", "startswith", "endswith")
COMPARISONS = ("eq", "ne", "gt", "ge", "lt", "le")

_TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<mark>[(),])|(?P<word>\{\w+\}|[^\s(),']+))")
_NAME = re.compile(r"[A-Za-z_][\w/.]*")


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison: the property as the text names it, an operator or function of OData, the literal as it stands there."""

    name: str
    operator: str
    literal: str

    @property
    def text(self) -> str:
        if self.operator in FUNCTIONS:
            return f"{self.operator}({self.name},{self.literal})"
        return f"{self.name} {self.operator} {self.literal}"


Clause = tuple[Condition, ...]
"""Conditions of which one must hold."""


class _Unreadable(ValueError):
    """The text has more than conditions can show."""


def clauses_of(text: str) -> tuple[Clause, ...] | None:
    """The clauses of a filter, all of which must hold; none for a filter that selects everything, None where it stays text."""
    if not text.strip():
        return ()
    try:
        return _Reader(_tokens(text)).filter()
    except _Unreadable:
        return None


def text_of(clauses: Sequence[Clause]) -> str:
    """The OData text; :func:`clauses_of` gives the same clauses of it again."""
    joined = [(" or ".join(one.text for one in clause), len(clause)) for clause in clauses if clause]
    return " and ".join(f"({text})" if length > 1 and len(joined) > 1 else text for text, length in joined)


def _tokens(text: str) -> list[str]:
    found, place = [], 0
    while text[place:].strip():
        token = _TOKEN.match(text, place)
        if token is None:
            raise _Unreadable(text)
        found.append(token[0].strip())
        place = token.end()
    return found


class _Reader:
    """Reads tokens from the left; every method takes what it understands and raises _Unreadable for the rest."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._place = 0

    def filter(self) -> tuple[Clause, ...]:
        clauses = self._either()
        if self._next():
            raise _Unreadable(self._next())
        return clauses

    def _either(self) -> tuple[Clause, ...]:
        """Parts joined by "or": one clause, where each of them is a condition or an "or" of its own."""
        parts = [self._all()]
        while self._next().lower() == "or":
            self._take()
            parts.append(self._all())
        if len(parts) == 1:
            return parts[0]
        if any(len(part) != 1 for part in parts):
            raise _Unreadable("or")
        return (tuple(condition for part in parts for condition in part[0]),)

    def _all(self) -> tuple[Clause, ...]:
        clauses = self._one()
        while self._next().lower() == "and":
            self._take()
            clauses += self._one()
        return clauses

    def _one(self) -> tuple[Clause, ...]:
        if self._next() == "(":
            self._take()
            inner = self._either()
            self._expect(")")
            return inner
        name = self._take()
        if name in FUNCTIONS:
            return ((self._function(name),),)
        operator = self._take().lower()
        if not _NAME.fullmatch(name) or operator not in COMPARISONS:
            raise _Unreadable(name)
        return ((Condition(name, operator, self._literal()),),)

    def _function(self, operator: str) -> Condition:
        self._expect("(")
        name = self._take()
        self._expect(",")
        literal = self._literal()
        self._expect(")")
        if not _NAME.fullmatch(name) or not literal.startswith("'") or self._next().lower() in COMPARISONS:
            raise _Unreadable(name)
        return Condition(name, operator, literal)

    def _literal(self) -> str:
        literal = self._take()
        if literal in {"(", ")", ","} or self._next() == "(":
            raise _Unreadable(literal)
        return literal

    def _next(self) -> str:
        return self._tokens[self._place] if self._place < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._next()
        if not token:
            raise _Unreadable("")
        self._place += 1
        return token

    def _expect(self, token: str) -> None:
        if self._take() != token:
            raise _Unreadable(token)
