"""What the filter builder shows: the lines that a person has filled in, or the text, and what the two make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Protocol

from mappings.filter_text import Clause, clauses_of, text_of
from mappings.filter_words import Row, Unfit, clauses_from, field_choices, field_named, in_words, rows_of
from syncadmin.sync.records import Side
from syncadmin.sync.tables import FieldType, Table

SPARE = 2  # empty lines below those that are filled in
_COLUMNS = ("field", "operator", "value", "join")


class Query(Protocol):
    """What was sent: a QueryDict."""

    def getlist(self, key: str) -> list[str]: ...


@dataclass(frozen=True, kw_only=True)
class Built:
    """``rows`` is None for a filter that stays text. ``problem`` says why the lines make no filter; ``text`` is the last good one then."""

    text: str
    rows: tuple[Row, ...] | None
    words: str
    problem: str = ""


def from_text(text: str, table: Table, side: Side) -> Built:
    """A filter text as lines, where they make the same filter again."""
    clauses = clauses_of(text)
    if clauses is None or not _comes_back(clauses, table, side):
        return Built(text=text.strip(), rows=None, words="")
    return Built(text=text.strip(), rows=tuple(rows_of(clauses, table)), words=in_words(clauses, table))


def from_rows(sent: Query, table: Table, side: Side, *, before: str) -> Built:
    """Lines as a form sends them; ``before`` is the text that stands where they make no filter."""
    rows = tuple(_sent_rows(sent))
    try:
        clauses = clauses_from(rows, table, side)
    except Unfit as unfit:
        return Built(text=before, rows=rows, words="", problem=str(unfit))
    return Built(text=text_of(clauses), rows=rows, words=in_words(clauses, table))


def known_choices(table: Table, built: Built) -> list[tuple[str, str]]:
    """The fields to choose from; those of the lines are among them."""
    choices = field_choices(table, clauses_of(built.text) or ())
    named = dict(choices)
    return [*choices, *((row.field, row.field) for row in built.rows or () if row.field not in named)]


def value_choices(table: Table, rows: Sequence[Row]) -> Mapping[str, list[str]]:
    """The values of fields that have few: options, yes and no. By field."""
    found = {}
    for row in rows:
        own = field_named(table, row.field)
        if own is not None and own.type is FieldType.BOOLEAN:
            found[row.field] = ["Yes", "No"]
        elif own is not None and own.options:
            found[row.field] = [label or str(value) for value, label in own.options if label or str(value).strip()]
    return found


def _comes_back(clauses: Sequence[Clause], table: Table, side: Side) -> bool:
    try:
        again = clauses_from(rows_of(clauses, table), table, side)
    except Unfit:
        return False
    return rows_of(again, table) == rows_of(clauses, table)


def _sent_rows(sent: Query) -> list[Row]:
    lines = zip_longest(*(sent.getlist(name) for name in _COLUMNS), fillvalue="")
    return [Row(field, operator, value.strip(), join == "or") for field, operator, value, join in lines if field]
