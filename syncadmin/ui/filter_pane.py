"""The filter pane of a list: any of its fields, shown or not, filtered in the grammar of Business Central (screens.md section 2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import Q, QuerySet
from django.http import QueryDict

from syncadmin.ui.grammar import FilterError, FilterField, Kind, Reading, condition, quoted
from syncadmin.ui.paging import REMARK, newest_of
from syncadmin.ui.tables import ListTable

PREFIX = "f."  # of a filter's name in the query: ?f.failed=>0
_RANGES = {"exact", "in", "gt", "gte", "lt", "lte", "range"}
_KINDS: tuple[tuple[type[models.Field[Any, Any]], Kind], ...] = (
    (models.DateTimeField, Kind.MOMENT),
    (models.DateField, Kind.DAY),
    (models.BooleanField, Kind.FLAG),
    (models.IntegerField, Kind.NUMBER),
    (models.FloatField, Kind.NUMBER),
    (models.DecimalField, Kind.NUMBER),
    (models.CharField, Kind.TEXT),
    (models.TextField, Kind.TEXT),
)


@dataclass(frozen=True)
class Row:
    """One filter as the pane shows it: its text, what is wrong with it, and for a choice (value, label, ticked) of every entry."""

    field: FilterField
    text: str
    error: str
    ticks: tuple[tuple[str, str, bool], ...] = ()

    @property
    def name(self) -> str:
        return PREFIX + self.field.name


@dataclass(frozen=True)
class Unknown:
    """A filter that an address asks for on a field which the list does not have."""

    name: str
    text: str

    @property
    def parameter(self) -> str:
        return PREFIX + self.name

    @property
    def error(self) -> str:
        return f"This list has no field “{self.name}” to filter by."


class Pane:
    """What a person asks of the fields of a list, whoever looks for the rows. ``query`` is the address's query."""

    def __init__(self, fields: Iterable[FilterField], query: QueryDict, reading: Reading) -> None:
        self._given, self.query, self.reading = fields, query, reading
        self.errors: dict[str, str] = {}
        self.remark = ""

    @cached_property
    def fields(self) -> dict[str, FilterField]:
        """All that can be filtered, by name, in the order of their labels."""
        found = {field.name: field for field in self._given}
        return dict(sorted(found.items(), key=lambda item: item[1].label.casefold()))

    @cached_property
    def asked(self) -> dict[str, str]:
        """The filter text per field, as the address has it. Ticked choices of one field are alternatives."""
        return {name: text for name in self.fields if (text := self._text(name))}

    @cached_property
    def unknown(self) -> list[Unknown]:
        """Filters of the address on fields that the list does not have (any more): they are told, never passed over."""
        names = [name.removeprefix(PREFIX) for name in self.query if name.startswith(PREFIX)]
        return [Unknown(name, self._text(name)) for name in names if name not in self.fields and self._text(name)]

    @property
    def narrowed(self) -> bool:
        return bool(self.asked or self.unknown)

    @cached_property
    def conditions(self) -> dict[str, Q]:
        """The condition on each field; a filter that makes no sense is in :attr:`errors`."""
        found = {}
        self.errors |= {one.name: one.error for one in self.unknown}
        for name, text in self.asked.items():
            try:
                found[name] = condition(text, self.fields[name], self.reading)
            except FilterError as error:
                self.errors[name] = str(error)
        return found

    @cached_property
    def shown_rows(self) -> list[Row]:
        """The filters in use, and the one that was just added."""
        added = self.query.get("add", "")
        named = [(name, field) for name, field in self.fields.items() if name in self.asked or name == added]
        return [Row(field, self.asked.get(name, ""), self.errors.get(name, ""), self._ticks(field, name)) for name, field in named]

    @property
    def known_query(self) -> str:
        """The address's query without the filters on unknown fields, and without what belongs to the moment."""
        query = self.query.copy()
        for name in (*(one.parameter for one in self.unknown), "page", "link", "export"):
            query.pop(name, None)
        return query.urlencode()

    def apply_quick(self, rows: Any) -> Any:
        return rows

    def apply_slow(self, rows: Any) -> Any:
        """No row where the address asks for what nobody knows."""
        return rows[:0] if self.unknown else rows

    def others(self) -> list[FilterField]:
        """Fields that are not filtered yet."""
        shown = {row.field.name for row in self.shown_rows}
        return [field for name, field in self.fields.items() if name not in shown]

    def _text(self, name: str) -> str:
        return "|".join(value for value in self.query.getlist(PREFIX + name) if value.strip())

    def _ticks(self, field: FilterField, name: str) -> tuple[tuple[str, str, bool], ...]:
        """The choices with what is ticked; none where the filter is more than a list of them."""
        values = {quoted(value): label for value, label in field.choices}
        chosen = self.query.getlist(PREFIX + name)
        if not values or any(one and one not in values for one in chosen):
            return ()
        return tuple((text, label, text in chosen) for text, label in values.items())


class FilterPane(Pane):
    """``rows`` is the query set that the list shows before filters, ``more`` are fields beside the columns of ``table``.

    With ``whole`` all rows are looked through, however many: for exports, and for what is done with all of them.
    """

    def __init__(
        self,
        table: type[ListTable],
        rows: QuerySet[Any],
        query: QueryDict,
        reading: Reading,
        more: Mapping[str, tuple[str, str]],
        *,
        whole: bool = False,
    ) -> None:
        super().__init__(self._found(), query, reading)
        self.table, self.rows, self.more, self.whole = table, rows, more, whole

    def apply_quick(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows that fit the filters which an index serves; all filters, where the list is never long."""
        for name, one in self.conditions.items():
            rows = rows if self._is_slow(name) else rows.filter(one)
        return rows

    def apply_slow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows that fit the other filters too, looked for among the newest of a long list; none where a filter makes no sense."""
        slow = [one for name, one in self.conditions.items() if self._is_slow(name)]
        if self.errors:
            return rows.none()
        if slow:
            rows, more = newest_of(rows, self.table.newest)
            self.remark = REMARK if more else ""
        for one in slow:
            rows = rows.filter(one)
        return rows

    def _is_slow(self, name: str) -> bool:
        long = bool(self.table.newest) and not self.whole
        return long and not (name in self.table.quick_filters and _by_index(self.conditions[name]))

    def _found(self) -> Iterator[FilterField]:
        for name, column in self.table.base_columns.items():
            path = column.order_by[0].lstrip("-") if column.order_by else str(column.accessor or name)
            label = str(column.verbose_name or name.replace("_", " ").title())
            if column.exclude_from_export is False and (field := self._field(name, label, path.replace(".", "__"))):
                yield field
        for name, (label, path) in self.more.items():
            if field := self._field(name, label, path):
                yield field

    def _field(self, name: str, label: str, path: str) -> FilterField | None:
        column = self._column(path)
        if isinstance(column, models.GeneratedField):
            column = column.output_field
        kind = next((kind for base, kind in _KINDS if isinstance(column, base)), None)
        if column is None or kind is None:
            return None
        choices = tuple((str(value), str(text)) for value, text in getattr(column, "flatchoices", None) or ())
        return FilterField(name=name, label=label, path=path, kind=Kind.CHOICE if choices else kind, choices=choices)

    def _column(self, path: str) -> models.Field[Any, Any] | None:
        """The database column or annotation behind a path; None for what only Python knows."""
        if path in self.rows.query.annotations:
            return getattr(self.rows.query.annotations[path], "output_field", None)
        model: Any = self.rows.model
        found: Any = None
        for part in path.split("__"):
            if model is None:
                return None
            try:
                found = model._meta.get_field(part)
            except FieldDoesNotExist:
                return None
            model = found.related_model if found.is_relation else None
        return found if isinstance(found, models.Field) and not found.is_relation else None


def _by_index(one: Q) -> bool:
    """Whether an index on the field serves the condition: values and ranges, none of them negated."""
    if one.negated:
        return False
    leaves = [child for child in one.children if not isinstance(child, Q)]
    named = all(str(leaf[0]).rpartition("__")[2] in _RANGES or "__" not in str(leaf[0]) for leaf in leaves)  # type: ignore[index]
    return named and all(_by_index(child) for child in one.children if isinstance(child, Q))
