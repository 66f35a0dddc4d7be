"""Lists: what every table of the product has in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import django_tables2 as tables
from django.db.models import QuerySet
from django_tables2.data import TableListData

from syncadmin.ui.paging import BoundedPaginator, newest_of

PAGE_SIZES = (25, 50, 100, 200)


class AsRead(TableListData):
    """Rows in the order in which another system gave them: it has sorted them, and all of them, not only those of a page."""

    def order_by(self, aliases: Sequence[str]) -> None: ...


class ListTable(tables.Table):
    """A list with a stable order. Columns declared with ``visible=False`` start hidden; people switch columns on in the Columns menu.

    ``fixed`` are columns that cannot be switched off, ``last`` such that stand behind all others. ``key`` names the choice of columns that
    is kept for a person.

    A list that may have millions of rows has ``newest``, the order that an index gives it. What no index serves is then done with its
    newest rows alone: searching, sorting by columns beside ``quick_sorts``, filters of the pane on columns beside ``quick_filters``.
    """

    key: str = ""
    newest: ClassVar[tuple[str, ...]] = ()
    quick_sorts: ClassVar[tuple[str, ...]] = ()
    quick_filters: ClassVar[tuple[str, ...]] = ()
    fixed: ClassVar[tuple[str, ...]] = ("select", "name")
    last: ClassVar[tuple[str, ...]] = ()

    class Meta:
        template_name = "tables/list.html"
        attrs = {"class": "rows cards"}
        default = ""

    def choose_columns(self, shown: Sequence[str]) -> None:
        """Shows exactly these columns in this order, behind the fixed ones; names that do not exist any more are passed over."""
        known = self.columns.columns
        for name in known:
            show = name in shown or name in self.fixed or name in self.last
            (self.columns.show if show else self.columns.hide)(name)
        fixed = [name for name in self.fixed if name in known]
        chosen = dict.fromkeys(name for name in shown if name in known and name not in (*fixed, *self.last))
        self.sequence = [*fixed, *chosen, "...", *self.last]

    def column_choices(self) -> list[tuple[str, str, bool]]:
        """(name, heading, shown) of every column that can be switched on and off, in their order."""
        return [
            (one.name, str(one.header), bool(one.visible)) for one in self.columns.iterall() if one.name not in (*self.fixed, *self.last)
        ]

    def shown_columns(self) -> list[str]:
        """What :meth:`choose_columns` makes this table of again."""
        return [name for name, _, shown in self.column_choices() if shown]

    @property
    def sorted_by(self) -> str:
        """The column that decides the order first."""
        return str(self.order_by[0]).lstrip("-") if self.order_by else ""

    def configure(self, *, request: Any, sort: Iterable[str], page: str, per_page: str) -> None:
        """Orders and pages. Wrong numbers give the nearest page that exists; an unknown column is passed over."""
        self.request = request
        wanted = [name for name in sort if name.lstrip("-") in self.columns.columns]
        if wanted:
            if wanted[0].lstrip("-") not in self.quick_sorts and not request.GET.get("export"):
                self._keep_newest()
            self.order_by = wanted
        self._order_ties()
        size = int(per_page) if per_page in map(str, PAGE_SIZES) else PAGE_SIZES[1]
        number = int(page) if page.isdecimal() and len(page) < 10 else 1
        self.paginate(BoundedPaginator, page=1, per_page=size)
        if number > 1:
            self.page = self.paginator.get_page(number)

    def _keep_newest(self) -> None:
        rows = self.data.data
        if self.newest and isinstance(rows, QuerySet):
            self.data.all_rows = rows
            self.data.data, _more = newest_of(rows, self.newest)

    def _order_ties(self) -> None:
        rows = self.data.data
        if isinstance(rows, QuerySet) and rows.ordered and not {"pk", "-pk"}.intersection(rows.query.order_by):
            self.data.data = rows.order_by(*(rows.query.order_by or rows.model._meta.ordering), "pk")
