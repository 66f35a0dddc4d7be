"""Columns of lists: numbers that link to their rows, states as pills, moments, durations, ticks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import django_tables2 as tables
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from syncadmin.ui import formatting
from syncadmin.ui.paging import Counted
from syncadmin.ui.presentation import current


class SelectColumn(tables.Column):
    """A tick box per row that belongs to the form ``selection``, so every action bar button sends what is ticked.

    ``name`` is the field that is posted (repeated), the accessor gives its value, ``label`` the words a screen reader says.
    """

    attrs = {"th": {"class": "select"}, "td": {"class": "select"}}

    def __init__(self, *, name: str, label: Callable[[Any], str] = str, **options: Any) -> None:
        super().__init__(**({"accessor": "pk", "orderable": False, "verbose_name": "", "exclude_from_export": True} | options))
        self.name = name
        self.label = label

    @property
    def header(self) -> SafeString:
        return SafeString('<input type="checkbox" data-select-all aria-label="Select all rows of this page">')

    def render(self, value: Any, record: Any) -> SafeString:
        label = self.label(record)
        return format_html(
            '<input type="checkbox" form="selection" name="{}" value="{}" id="row-{}" data-select data-name="{}" aria-label="Select {}">',
            *(self.name, value, value, label, label),
        )


class NameColumn(tables.Column):
    """What the row is called, in bold, linked to its page."""

    attrs = {"th": {"class": "name"}, "td": {"class": "name"}}

    def render(self, value: Any) -> SafeString:
        return format_html("<b>{}</b>", value)

    def value(self, value: Any) -> Any:
        return value


class CountColumn(tables.Column):
    """A number. ``url`` gives the address of exactly the rows it counts; zero is dimmed and no link. ``tone``: "bad", "warn" or "".

    ``bounded`` ones were counted with :class:`syncadmin.ui.paging.RowsUpToLimit`.
    """

    attrs = {"th": {"class": "num"}, "td": {"class": "num"}}

    def __init__(
        self, *, url: Callable[[Any], str] | None = None, tone: str = "", label: str = "", bounded: bool = False, **options: Any
    ) -> None:
        super().__init__(**({"initial_sort_descending": True} | options))
        self.url = url
        self.tone = tone
        self.label = label
        self.bounded = bounded

    def render(self, value: int, record: Any, bound_column: Any) -> SafeString:
        url = self.url(record) if self.url and value else ""
        found = Counted.of(value) if self.bounded else Counted(value)
        label = self.label or str(bound_column.header)
        return formatting.count_link(found.number, url=url, tone=self.tone, label=label, more=found.more)

    def value(self, value: int) -> int | str:
        return str(Counted.of(value)) if self.bounded and Counted.of(value).more else value


class PillColumn(tables.Column):
    """A state as a coloured word. ``tones`` gives the tone per stored value; the word carries the meaning, never the colour alone."""

    def __init__(self, *, tones: Mapping[str, str], **options: Any) -> None:
        super().__init__(**options)
        self.tones = tones

    def render(self, value: Any, record: Any, bound_column: Any) -> SafeString:
        return formatting.pill(value, self.tones.get(str(bound_column.accessor.resolve(record)), ""))

    def value(self, value: Any) -> Any:
        return value


class MomentColumn(tables.Column):
    attrs = {"td": {"class": "moment"}}

    def __init__(self, **options: Any) -> None:
        super().__init__(**({"initial_sort_descending": True} | options))

    def render(self, value: datetime) -> SafeString:
        return formatting.moment(value)

    def value(self, value: datetime | None) -> datetime | None:
        return value


class DurationColumn(tables.Column):
    """Seconds, in words."""

    def render(self, value: float) -> str:
        return formatting.duration(value)

    def value(self, value: float) -> float:
        return value


class SpanColumn(tables.Column):
    """How long from one moment to another, both of the row; so far, where the second is not there yet."""

    def __init__(self, *, start: str, end: str, **options: Any) -> None:
        super().__init__(**({"empty_values": ()} | options))
        self.start, self.end = start, end

    def render(self, record: Any) -> str:
        return formatting.duration(self._seconds(record))

    def value(self, record: Any) -> float | str:
        return "" if getattr(record, self.end) is None else round(self._seconds(record), 3)

    def order(self, rows: QuerySet[Any], is_descending: bool) -> tuple[QuerySet[Any], bool]:
        length = F(self.end) - F(self.start)
        return rows.order_by(length.desc(nulls_last=True) if is_descending else length.asc(nulls_last=True), "-pk"), True

    def _seconds(self, record: Any) -> float:
        seconds: float = ((getattr(record, self.end) or timezone.now()) - getattr(record, self.start)).total_seconds()
        return seconds


class DirectionColumn(tables.Column):
    """A stored direction as an arrow and the system it points to."""

    attrs = {"td": {"class": "direction"}}

    def render(self, record: Any, bound_column: Any) -> SafeString:
        return formatting.direction(bound_column.accessor.resolve(record))

    def value(self, record: Any, bound_column: Any) -> str:
        return str(bound_column.accessor.resolve(record))


class FlagColumn(tables.Column):
    """Yes or no as a tick; the word is there for those who do not see it."""

    attrs = {"th": {"class": "flag"}, "td": {"class": "flag"}}
    empty_values = (None,)

    def render(self, value: bool) -> SafeString:
        return formatting.flag(value)

    def value(self, value: bool) -> str:
        return "yes" if value else "no"


class ClipColumn(tables.Column):
    """Text of one line that may be cut; ``title`` gives the whole of it, or something more exact, on hover."""

    attrs = {"td": {"class": "clip soft"}}

    def __init__(self, *, title: Callable[[Any], str] | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.title = title

    def render(self, value: Any, record: Any) -> SafeString:
        return format_html('<span title="{}">{}</span>', (self.title(record) if self.title else "") or value, value)

    def value(self, value: Any) -> Any:
        return value


class ValueColumn(tables.Column):
    """A value of whatever kind, as its kind is shown. ``of`` gives it of a row; ``numeric`` ones stand on the right."""

    def __init__(self, *, of: Callable[[Any], Any], numeric: bool = False, **options: Any) -> None:
        css = {"class": "num"} if numeric else {"class": "clip"}
        super().__init__(**({"attrs": {"th": css if numeric else {}, "td": css}, "empty_values": ()} | options))
        self.of = of

    def render(self, record: Any) -> SafeString | str:
        value = self.of(record)
        if isinstance(value, bool):
            return formatting.flag(value)
        if isinstance(value, datetime):
            return formatting.moment(value)
        if isinstance(value, date):
            return current().day(value)
        if isinstance(value, int | Decimal):
            return current().number(value)
        text = "" if value is None else str(value)
        return format_html('<span title="{}">{}</span>', text, text)

    def value(self, record: Any) -> Any:
        value = self.of(record)
        return ("yes" if value else "no") if isinstance(value, bool) else value
