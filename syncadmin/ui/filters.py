"""Filter bars: a search box and a few choices above a list."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any, ClassVar

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from syncadmin.ui.paging import REMARK, newest_of

LONGEST_SEARCH = 250  # characters: each word is a condition on every column, and databases take no thousands of them


class ListFilter(django_filters.FilterSet):
    """A filterset with a search box. ``search_fields`` are looked through for every word, without letter case, anywhere in the text.

    ``folded`` names filters that are rarely needed and stand in a menu; ``tabs`` such that choose a tab of the page, which is no filter to
    clear.

    ``newest`` is that of the list's table where it may have millions of rows: ``slow`` filters, which no index serves, then look through
    the newest rows that the others leave, and ``remark`` says so.
    """

    search_fields: ClassVar[tuple[str, ...]] = ()
    folded: ClassVar[tuple[str, ...]] = ()
    tabs: ClassVar[tuple[str, ...]] = ()
    slow: ClassVar[tuple[str, ...]] = ("search",)
    newest: tuple[str, ...] = ()
    remark = ""

    search = django_filters.CharFilter(
        method="filter_search",
        max_length=LONGEST_SEARCH,
        label="Search",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Search", "autocomplete": "off"}),
    )

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.form.cleaned_data
        rows = self.always(queryset)
        for name in [name for name in chosen if name not in self.slow]:
            rows = self.filters[name].filter(rows, chosen[name])
        slow = [name for name in self.slow if chosen.get(name)]
        if slow and self.newest:
            rows, more = newest_of(rows, self.newest)
            self.remark = REMARK if more else self.remark
        for name in slow:
            rows = self.filters[name].filter(rows, chosen[name])
        return rows

    def always(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """What is left out whatever is asked for; :attr:`form` tells what is."""
        return rows

    def filter_search(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        for word in value.split():
            rows = rows.filter(reduce(or_, (Q(**{f"{field}__icontains": word}) for field in self.search_fields)))
        return rows

    @property
    def narrowed(self) -> bool:
        """Whether anything is filtered at all."""
        return any(self.data.get(name) for name in self.filters if name not in self.tabs)


class PickFilter(django_filters.ChoiceFilter):
    """A drop-down whose first entry says what it is for: "Any direction"."""

    def __init__(self, *args: Any, what: str, **options: Any) -> None:
        super().__init__(*args, **({"empty_label": f"Any {what}", "label": what.capitalize()} | options))


class TickFilter(django_filters.BooleanFilter):
    """A tick box that narrows when it is ticked and does nothing when it is not."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **({"widget": forms.CheckboxInput()} | options))

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return super().filter(qs, True) if value else qs
