"""Conditions of a filter as people choose and read them: fields by their labels, options by theirs, operators in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mappings.companies import COMPANY
from mappings.filter_text import FUNCTIONS, Clause, Condition
from syncadmin.sync.errors import RecordError
from syncadmin.sync.records import Side
from syncadmin.sync.tables import Field, FieldType, Table
from syncadmin.sync.values import canonical, display

OPERATORS = (
    ("eq", "is"),
    ("ne", "is not"),
    ("gt", "is more than"),
    ("ge", "is at least"),
    ("lt", "is less than"),
    ("le", "is at most"),
    ("contains", "contains"),
    ("startswith", "begins with"),
    ("endswith", "ends with"),
    ("empty", "is empty"),
    ("filled", "is not empty"),
)
_WORDS = dict(OPERATORS)
_EMPTY = {"null", "''", "' '", "'_x0020_'", "00000000-0000-0000-0000-000000000000", "0001-01-01", "0001-01-01T00:00:00Z"}
_TEXTS = {FieldType.TEXT, FieldType.CODE}
_NEVER_EMPTY = {FieldType.INTEGER, FieldType.DECIMAL, FieldType.BOOLEAN}
_BC_EMPTY = {FieldType.OPTION: "' '", FieldType.DATE: "0001-01-01", FieldType.MOMENT: "0001-01-01T00:00:00Z"}
_THIS_COMPANY = "this company"
Option = tuple[str | int, str]  # value and label


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the builder, as a person fills it in. ``either`` joins it by "or" to the line before it."""

    field: str
    operator: str
    value: str
    either: bool = False


class Unfit(ValueError):
    """What is wrong with a line, in words for the person who wrote it."""


def rows_of(clauses: Sequence[Clause], table: Table) -> list[Row]:
    """The lines that :func:`clauses_from` turns into these clauses again."""
    return [_row(one, table, either=place > 0) for clause in clauses for place, one in enumerate(clause)]


def clauses_from(rows: Sequence[Row], table: Table, side: Side) -> tuple[Clause, ...]:
    """The clauses of the lines. Raises Unfit for the first one that makes no condition."""
    clauses: list[list[Condition]] = []
    for row in rows:
        one = _condition(row, table, side)
        if row.either and clauses:
            clauses[-1].append(one)
        else:
            clauses.append([one])
    for clause in clauses:
        if side is Side.BUSINESS_CENTRAL and len({one.name for one in clause}) > 1:
            labels = " or ".join(dict.fromkeys(_label(one.name, table) for one in clause))
            raise Unfit(f"Business Central takes “or” between conditions on one and the same field only, not between {labels}.")
    return tuple(tuple(clause) for clause in clauses)


def in_words(clauses: Sequence[Clause], table: Table) -> str:
    """The filter as a sentence: ``Status is Active and (City is Skagen or City is empty)``."""
    told = [" or ".join(_told(one, table) for one in clause) for clause in clauses]
    alone = len(told) == 1
    return " and ".join(text if alone or len(clause) == 1 else f"({text})" for text, clause in zip(told, clauses, strict=True))


def field_choices(table: Table, clauses: Sequence[Clause]) -> list[tuple[str, str]]:
    """(property, label) of what can be filtered by, and of what the filter names although the table does not list it."""
    known = [(one.property_name, f"{one.label or one.name} ({one.name})") for one in table.fields.values()]
    names = {name for name, _ in known}
    others = dict.fromkeys(one.name for clause in clauses for one in clause if one.name not in names)
    return [*sorted(known, key=lambda pair: pair[1].casefold()), *((name, name) for name in others)]


def _row(one: Condition, table: Table, *, either: bool) -> Row:
    if one.literal in _EMPTY and one.operator in ("eq", "ne"):
        return Row(one.name, "empty" if one.operator == "eq" else "filled", "", either)
    return Row(one.name, one.operator, _value(one, field_named(table, one.name)), either)


def field_named(table: Table, name: str) -> Field | None:
    """The field that a filter names, which for a lookup is the property that is read."""
    return next((one for one in table.fields.values() if one.property_name == name), None)


def _value(one: Condition, own: Field | None) -> str:
    if one.literal == COMPANY:
        return _THIS_COMPANY
    if own is None:
        return one.literal
    plain = one.literal[1:-1].replace("''", "'") if one.literal.startswith("'") else one.literal
    if own.type is FieldType.BOOLEAN:
        return {"true": "Yes", "false": "No"}.get(plain.lower(), plain)
    found = _option_of(plain, own)
    if found is None:
        return plain
    value, label = found
    return label if label and option_called(label, own) == found else str(value)


def option_called(text: str, own: Field) -> Option | None:
    """The option that a person means: by its label, else by its value, for labels may be numbers too."""
    return _labelled(text, own) or _valued(text, own)


def _option_of(text: str, own: Field) -> Option | None:
    """The option that a filter names: by its value, else by its label, which Business Central takes too."""
    return _valued(text, own) or _labelled(text, own)


def _valued(text: str, own: Field) -> Option | None:
    return next((one for one in own.options if str(one[0]).casefold() == text.casefold()), None)


def _labelled(text: str, own: Field) -> Option | None:
    return next((one for one in own.options if one[1].casefold() == text.casefold()), None)


def _condition(row: Row, table: Table, side: Side) -> Condition:
    own = field_named(table, row.field)
    if row.operator in ("empty", "filled"):
        return Condition(row.field, "eq" if row.operator == "empty" else "ne", _empty(own, side))
    if row.operator not in _WORDS:
        raise Unfit(f"Choose how {_label(row.field, table)} is compared.")
    if row.operator in FUNCTIONS:
        if own is not None and own.type not in _TEXTS:
            raise Unfit(f"{_label(row.field, table)} is no text: it cannot be asked what it {_WORDS[row.operator]}.")
        return Condition(row.field, row.operator, _quoted(_filled(row, table)))
    return Condition(row.field, row.operator, _literal(_filled(row, table), own, table, row))


def _filled(row: Row, table: Table) -> str:
    if not row.value.strip():
        raise Unfit(f"{_label(row.field, table)} {_WORDS[row.operator]} what? Give a value, or choose “is empty”.")
    return row.value.strip()


def _empty(own: Field | None, side: Side) -> str:
    if own is not None and own.type in _NEVER_EMPTY and side is Side.BUSINESS_CENTRAL:
        raise Unfit(f"{own.label or own.name} is never empty in Business Central. Compare it with 0 or No.")
    if side is Side.SALES or own is None:
        return "null"
    if own.type in (FieldType.GUID, FieldType.LOOKUP):
        return "00000000-0000-0000-0000-000000000000"
    return _BC_EMPTY.get(own.type, "''")


def _literal(value: str, own: Field | None, table: Table, row: Row) -> str:
    if value in (_THIS_COMPANY, COMPANY):
        return COMPANY
    if own is None:
        return value
    if own.options and own.type is not FieldType.BOOLEAN:
        return _option(value, own)
    try:
        read = canonical(value, own)
    except RecordError as error:
        raise Unfit(f"{_label(row.field, table)} is a {own.type.value}, and “{value}” is none.") from error
    if own.type in _TEXTS:
        return _quoted(value)
    if own.type is FieldType.BOOLEAN:
        return "true" if read else "false"
    return value if own.type is FieldType.MOMENT and value.endswith("Z") else display(read)


def _option(value: str, own: Field) -> str:
    found = option_called(value, own)
    if found is None:
        known = ", ".join(label or str(one) for one, label in own.options)
        raise Unfit(f"{own.label or own.name} has no option “{value}”. It has: {known}.")
    option, label = found
    # The label of a member of Business Central is its name without the escapes; filters take both.
    return str(option) if isinstance(option, int) else _quoted(label or option)


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _label(name: str, table: Table) -> str:
    own = field_named(table, name)
    return (own.label or own.name) if own else name


def _told(one: Condition, table: Table) -> str:
    row = _row(one, table, either=False)
    return f"{_label(one.name, table)} {_WORDS[row.operator]} {row.value}".strip()
