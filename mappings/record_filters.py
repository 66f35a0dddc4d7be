"""Filters that a person puts on the fields of records, as OData of the system that has them (web-apis.md sections 2 and 5).

The grammar gives a condition as a ``Q``; it is written in the system's own language here, or refused with what to write instead.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from string import capwords
from typing import Any

from django.db.models import Q

from syncadmin.connectors.odata import moment_literal, text_literal
from syncadmin.sync.records import Side
from syncadmin.sync.tables import Field, FieldType
from syncadmin.ui.grammar import FilterError, FilterField, Kind

_KINDS = {
    FieldType.TEXT: Kind.TEXT,
    FieldType.CODE: Kind.TEXT,
    FieldType.INTEGER: Kind.NUMBER,
    FieldType.DECIMAL: Kind.NUMBER,
    FieldType.BOOLEAN: Kind.FLAG,
    FieldType.DATE: Kind.DAY,
    FieldType.MOMENT: Kind.MOMENT,
    FieldType.OPTION: Kind.CHOICE,
}
_OPPOSITE = {"eq": "ne", "ne": "eq", "gt": "le", "le": "gt", "ge": "lt", "lt": "ge"}
_COMPARED = {"": "eq", "exact": "eq", "gt": "gt", "gte": "ge", "lt": "lt", "lte": "le"}
_SEARCHES = {"contains": "contains", "startswith": "startswith", "endswith": "endswith"}
_BLANKS = {"", " ", "_x0020_"}  # wire values of an option that is none


def filter_field(name: str, own: Field) -> FilterField | None:
    """What can be asked of a field; None for references, which the systems compare by their keys alone, and options nobody knows."""
    kind = _KINDS.get(own.type)
    choices = tuple((str(value), label.strip()) for value, label in own.options) if kind is Kind.CHOICE else ()
    if kind is None or (kind is Kind.CHOICE and not choices):
        return None
    return FilterField(name=name, label=own.label or own.name, path=own.property_name, kind=kind, choices=choices)


def odata(condition: Q, own: Field, side: Side) -> str:
    """The condition on this field in the language of its system. Raises FilterError for what the system cannot be asked."""
    return (_Sales if side is Side.SALES else _BusinessCentral)(own).text(condition)


def spellings(text: str) -> tuple[str, ...]:
    """The ways in which a text is looked for in Business Central, which minds the case."""
    return tuple(dict.fromkeys((text, capwords(text), text.upper())))


class _Language(ABC):
    """Conditions on one field. "Not" is carried down to the comparisons, since Business Central has no word for it."""

    def __init__(self, own: Field) -> None:
        self.own = own
        self.name = own.property_name
        self.label = own.label or own.name

    def text(self, one: Q, *, negated: bool = False) -> str:
        negated ^= one.negated
        parts = [self.text(child, negated=negated) if isinstance(child, Q) else self._leaf(child, negated) for child in one.children]
        return joined("or" if (one.connector == Q.OR) != negated else "and", parts)

    def _leaf(self, leaf: Any, negated: bool) -> str:
        path, value = leaf
        lookup = path.removeprefix(self.name).removeprefix("__")
        blind, lookup = (True, lookup[1:]) if lookup[:1] == "i" and lookup not in ("in", "isnull") else (False, lookup)
        if lookup == "regex":
            raise FilterError(f"{self.label} cannot be asked for * or ? inside of a text. Write A*&*B for A*B.")
        if lookup in _SEARCHES:
            return self._search(lookup, value, blind=blind, negated=negated)
        if lookup == "isnull" or value == "":
            return self._empty(negated=negated)
        if lookup == "in":
            values = [self._compared("eq", one, blind=False, negated=negated) for one in value]
            return joined("and" if negated else "or", values)
        return self._compared(_COMPARED[lookup], value, blind=blind, negated=negated)

    def _search(self, function: str, value: str, *, blind: bool, negated: bool) -> str:
        if not value:
            raise FilterError(f"Write some of the text beside * for {self.label}.")
        return self._searched(function, value, blind=blind, negated=negated)

    def _literal(self, value: Any) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        if self.own.type is FieldType.MOMENT and isinstance(value, datetime):
            return moment_literal(value, "seconds")
        if self.own.type is FieldType.OPTION:
            return self._option(str(value))
        if self.own.type in (FieldType.INTEGER, FieldType.DECIMAL):
            return format(Decimal(value), "f")
        return text_literal(str(value)) if self.own.type in (FieldType.TEXT, FieldType.CODE) else str(value)

    @abstractmethod
    def _empty(self, *, negated: bool) -> str: ...

    @abstractmethod
    def _compared(self, operator: str, value: Any, *, blind: bool, negated: bool) -> str: ...

    @abstractmethod
    def _searched(self, function: str, value: str, *, blind: bool, negated: bool) -> str: ...

    @abstractmethod
    def _option(self, value: str) -> str: ...


class _Sales(_Language):
    """Dataverse never minds the case. What is not so includes what is empty."""

    def _empty(self, *, negated: bool) -> str:
        return f"{self.name} {'ne' if negated else 'eq'} null"

    def _compared(self, operator: str, value: Any, *, blind: bool, negated: bool) -> str:  # noqa: ARG002
        if not negated:
            return f"{self.name} {operator} {self._literal(value)}"
        return f"({self.name} {_OPPOSITE[operator]} {self._literal(value)} or {self.name} eq null)"

    def _searched(self, function: str, value: str, *, blind: bool, negated: bool) -> str:  # noqa: ARG002
        # These three would be wildcards.
        plain = "".join(f"[{sign}]" if sign in "%_[" else sign for sign in value)
        found = f"{function}({self.name},{text_literal(plain)})"
        return f"(not {found} or {self.name} eq null)" if negated else found

    def _option(self, value: str) -> str:
        return value


class _BusinessCentral(_Language):
    """Business Central has no null, no "not", and "or" on one and the same field only."""

    def _empty(self, *, negated: bool) -> str:
        return f"{self.name} {'ne' if negated else 'eq'} {self._blank()}"

    def _blank(self) -> str:
        if self.own.type is FieldType.OPTION and not any(str(value) in _BLANKS for value, _ in self.own.options):
            raise FilterError(f"{self.label} is never empty in Business Central.")
        return {
            FieldType.OPTION: "' '",
            FieldType.DATE: "0001-01-01",
            FieldType.MOMENT: "0001-01-01T00:00:00Z",
            FieldType.INTEGER: "0",
            FieldType.DECIMAL: "0",
            FieldType.BOOLEAN: "false",
        }.get(self.own.type, "''")

    def _compared(self, operator: str, value: Any, *, blind: bool, negated: bool) -> str:
        word = _OPPOSITE[operator] if negated else operator
        if blind:
            return f"tolower({self.name}) {word} {self._literal(str(value).lower())}"
        return f"{self.name} {word} {self._literal(value)}"

    def _searched(self, function: str, value: str, *, blind: bool, negated: bool) -> str:
        if negated:
            raise FilterError(f"Business Central cannot leave out what has “{value}” in {self.label}. Filter by what there shall be.")
        return joined("or", [f"{function}({self.name},{text_literal(one)})" for one in (spellings(value) if blind else [value])])

    def _option(self, value: str) -> str:
        # The label of a member is its name without the escapes; filters take both, and an escaped blank only as what it is.
        label = next((label for wire, label in self.own.options if str(wire) == value), "")
        return "' '" if value in _BLANKS else text_literal(label or value)


def joined(word: str, conditions: Iterable[str]) -> str:
    """The conditions with ``and`` or ``or`` between them, each of them once, in brackets where there are several."""
    parts = list(dict.fromkeys(conditions))
    return parts[0] if len(parts) == 1 else "(" + f" {word} ".join(parts) + ")"
