"""The grammar of ``$filter``: text in, tree out. What each system allows of it is decided by the translators."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<string>'(?:[^']|'')*')
  | (?P<quoted>"(?:[^"\\]|\\.)*")
  | (?P<guid>[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}(?![\w-]))
  | (?P<moment>\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d))
  | (?P<date>\d{4}-\d\d-\d\d(?![\w-]))
  | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w-]))
  | (?P<name>[@$]?[A-Za-z_][\w.]*)
  | (?P<mark>[(),/=\[\]:])
    )""",
    re.VERBOSE,
)
_COMPARISONS = {"eq", "ne", "gt", "ge", "lt", "le"}
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


class FilterSyntaxError(Exception):
    """The text is no filter expression; the message says where it stopped making sense."""


@dataclass(frozen=True)
class Literal:
    """``kind``: string, guid, moment, date, number, boolean, null; ``enum`` for a type name followed by a quoted member."""

    kind: str
    value: Any


@dataclass(frozen=True)
class Path:
    names: tuple[str, ...]


@dataclass(frozen=True)
class Call:
    """A function; ``named`` holds the ``Name=value`` arguments of the Microsoft.Dynamics.CRM functions."""

    name: str
    arguments: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    operator: str
    left: Any
    right: Any


@dataclass(frozen=True)
class Membership:
    left: Any
    items: tuple[Any, ...]


@dataclass(frozen=True)
class Logical:
    """``operator`` is and, or, not."""

    operator: str
    parts: tuple[Any, ...]


@dataclass(frozen=True)
class Lambda:
    path: Path
    kind: str
    variable: str
    body: Any


def parse_filter(text: str, aliases: Mapping[str, str] | None = None) -> Any:
    """The tree of a filter. ``aliases`` are the ``@name`` query options. Raises FilterSyntaxError."""
    return _Parser(text, aliases or {}).whole()


class _Parser:
    def __init__(self, text: str, aliases: Mapping[str, str]) -> None:
        self.text = text
        self.aliases = aliases
        self.tokens = _tokens(text)
        self.position = 0

    def whole(self) -> Any:
        tree = self.either()
        if self.kind:
            raise FilterSyntaxError(f"Syntax error at position {self.place} in '{self.text}'.")
        return tree

    @property
    def kind(self) -> str:
        return self.tokens[self.position][0] if self.position < len(self.tokens) else ""

    @property
    def value(self) -> str:
        return self.tokens[self.position][1] if self.position < len(self.tokens) else ""

    @property
    def place(self) -> int:
        return self.tokens[self.position][2] if self.position < len(self.tokens) else len(self.text)

    def take(self, wanted: str = "") -> str:
        value = self.value
        if not self.kind or (wanted and value != wanted):
            raise FilterSyntaxError(f"{wanted or 'An operand'} expected at position {self.place} in '{self.text}'.")
        self.position += 1
        return value

    def taken(self, wanted: str) -> bool:
        if self.kind in ("mark", "name") and self.value == wanted:
            self.position += 1
            return True
        return False

    def either(self) -> Any:
        parts = [self.both()]
        while self.taken("or"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else Logical("or", tuple(parts))

    def both(self) -> Any:
        parts = [self.negated()]
        while self.taken("and"):
            parts.append(self.negated())
        return parts[0] if len(parts) == 1 else Logical("and", tuple(parts))

    def negated(self) -> Any:
        if self.taken("not"):
            return Logical("not", (self.negated(),))
        if self.taken("("):
            inner = self.either()
            self.take(")")
            return inner
        return self.comparison()

    def comparison(self) -> Any:
        left = self.operand()
        if self.kind == "name" and self.value in _COMPARISONS:
            operator = self.take()
            return Comparison(operator, left, self.operand())
        if self.taken("in"):
            self.take("(")
            return Membership(left, self.items(")"))
        return left

    def items(self, closing: str) -> tuple[Any, ...]:
        found = []
        while not self.taken(closing):
            found.append(self.operand())
            if not self.taken(","):
                self.take(closing)
                break
        return tuple(found)

    def operand(self) -> Any:
        if self.kind == "name":
            return self.named()
        if self.taken("["):
            return self.items("]")
        literal = _literal(self.kind, self.value, self.text)
        self.take()
        return literal

    def named(self) -> Any:
        name = self.take()
        if name in _WORDS:
            return Literal("null" if name == "null" else "boolean", _WORDS[name])
        if name.startswith("@"):
            return self.alias(name)
        if self.kind == "string" and "." in name:
            return Literal("enum", _unquoted(self.take()))
        return self.call(name) if self.taken("(") else self.path(name)

    def alias(self, name: str) -> Any:
        if name not in self.aliases:
            raise FilterSyntaxError(f"The parameter alias '{name}' has no value.")
        return _Parser(self.aliases[name], self.aliases).operand()

    def path(self, first: str) -> Any:
        names = [first]
        while self.taken("/"):
            name = self.take()
            if name in ("any", "all") and self.taken("("):
                return self.lambda_over(Path(tuple(names)), name)
            names.append(name)
        return Path(tuple(names))

    def lambda_over(self, path: Path, kind: str) -> Lambda:
        if self.taken(")"):
            return Lambda(path, kind, "", None)
        variable = self.take()
        self.take(":")
        body = self.either()
        self.take(")")
        return Lambda(path, kind, variable, body)

    def call(self, name: str) -> Call:
        plain: list[Any] = []
        named: dict[str, Any] = {}
        while not self.taken(")"):
            if self.kind == "name" and self.position + 1 < len(self.tokens) and self.tokens[self.position + 1][1] == "=":
                key = self.take()
                self.take("=")
                named[key] = self.operand()
            else:
                plain.append(self.either())
            if not self.taken(","):
                self.take(")")
                break
        return Call(name, tuple(plain), named)


def _tokens(text: str) -> list[tuple[str, str, int]]:
    tokens = []
    position = 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            raise FilterSyntaxError(f"Syntax error at position {position} in '{text}'.")
        kind = str(match.lastgroup)
        tokens.append((kind, match.group(kind), match.start(kind)))
        position = match.end()
    return tokens


def _literal(kind: str, value: str, text: str) -> Literal:
    if kind == "string":
        return Literal("string", _unquoted(value))
    if kind == "quoted":
        return Literal("string", re.sub(r"\\(.)", r"\1", value[1:-1]))
    if kind == "guid":
        return Literal("guid", value.lower())
    if kind == "number":
        return Literal("number", Decimal(value))
    if kind in ("moment", "date"):
        return Literal(kind, value)
    raise FilterSyntaxError(f"An operand is missing in '{text}'.")


def _unquoted(value: str) -> str:
    return value[1:-1].replace("''", "'")
