"""The query options of a read (``$select``, ``$filter`` and so on) taken apart. Which of them are allowed is told by a Dialect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .expression import FilterSyntaxError, parse_filter
from .messages import ApiError

_NESTED = ("$select", "$filter", "$orderby", "$top", "$skip", "$count", "$expand")


@dataclass(frozen=True)
class Dialect:
    """What one system knows, and the code with which it refuses the rest."""

    options: frozenset[str]
    code: str
    case_sensitive: bool = True

    def refuse(self, message: str) -> ApiError:
        return ApiError(400, self.code, message)


@dataclass(frozen=True)
class Order:
    names: tuple[str, ...]
    descending: bool


@dataclass(frozen=True)
class Expand:
    name: str
    query: Query


@dataclass(frozen=True)
class Query:
    """``select`` None means every property."""

    select: tuple[str, ...] | None = None
    filter: Any = None
    order: tuple[Order, ...] = ()
    top: int | None = None
    skip: int = 0
    count: bool = False
    expand: tuple[Expand, ...] = ()
    skip_token: str = ""
    delta_token: str = ""


def parse_query(options: Mapping[str, str], dialect: Dialect) -> Query:
    """Raises ApiError (400) for an option that the system does not know, or one that cannot be read."""
    for name in options:
        if name.startswith("$") and name not in dialect.options:
            raise dialect.refuse(f"The query parameter '{name}' is not supported.")
    aliases = {name: value for name, value in options.items() if name.startswith("@")}
    try:
        tree = parse_filter(options["$filter"], aliases) if options.get("$filter", "").strip() else None
    except FilterSyntaxError as error:
        raise dialect.refuse(str(error)) from error
    return Query(
        select=_select(options.get("$select", "")),
        filter=tree,
        order=tuple(_orders(options.get("$orderby", ""), dialect, aliases)),
        top=_number(options, "$top", dialect),
        skip=_number(options, "$skip", dialect) or 0,
        count=_flag(options, dialect),
        expand=tuple(_expands(options.get("$expand", ""), dialect)),
        skip_token=options.get("$skiptoken", ""),
        delta_token=options.get("$deltatoken", ""),
    )


def _select(text: str) -> tuple[str, ...] | None:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    return None if not names or "*" in names else names


def _number(options: Mapping[str, str], name: str, dialect: Dialect) -> int | None:
    text = options.get(name)
    if text is None:
        return None
    if not text.strip().isdigit():
        raise dialect.refuse(f"Invalid value '{text}' for {name} query option found. It requires a non-negative integer.")
    return int(text)


def _flag(options: Mapping[str, str], dialect: Dialect) -> bool:
    text = options.get("$count", "false")
    if text not in ("true", "false"):
        raise dialect.refuse(f"Invalid value '{text}' for $count query option found. Valid values are 'true' and 'false'.")
    return text == "true"


def _orders(text: str, dialect: Dialect, aliases: Mapping[str, str]) -> Iterator[Order]:
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, direction = part.partition(" ")
        if direction.strip() not in ("", "asc", "desc"):
            raise dialect.refuse(f"Syntax error in $orderby at '{part}'.")
        yield Order(tuple(aliases.get(name, name).split("/")), direction.strip() == "desc")


def _expands(text: str, dialect: Dialect) -> Iterator[Expand]:
    for part in filter(None, (part.strip() for part in split_outside(text, ","))):
        name, bracket, rest = part.partition("(")
        if bracket and not rest.endswith(")"):
            raise dialect.refuse(f"Syntax error in $expand at '{part}'.")
        pairs = (option.strip().partition("=") for option in split_outside(rest[:-1] if bracket else "", ";"))
        options = {key.strip(): value for key, _, value in pairs if key.strip()}
        for key in options:
            if key not in _NESTED:
                raise dialect.refuse(f"The option '{key}' is not supported inside $expand.")
        yield Expand(name.strip(), parse_query(options, Dialect(frozenset(_NESTED), dialect.code)))


def split_outside(text: str, mark: str) -> list[str]:
    """The parts between marks that stand neither in brackets nor in quotes."""
    parts, depth, quoted, start = [], 0, False, 0
    for position, char in enumerate(text):
        if char == "'":
            quoted = not quoted
        elif not quoted:
            depth += (char == "(") - (char == ")")
            if char == mark and not depth:
                parts.append(text[start:position])
                start = position + 1
    return [*parts, text[start:]]
