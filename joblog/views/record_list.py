"""Records of a mapping from either side, live from the system, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import forms
from django.core import signing
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

from joblog.account_figures import has_figures
from joblog.addresses import log_url
from joblog.record_tables import RecordTable, ShownRecord, shown_records
from joblog.views.records import MappingPage, table_label
from mappings.models import IntegrationTableMapping
from mappings.plans import build_plan
from mappings.record_fields import RecordField, condition_of, filters_of, record_fields, sorts_of
from mappings.record_lists import Asked, RecordList, list_records
from syncadmin.sync.errors import SyncError
from syncadmin.sync.plan import TablePlan
from syncadmin.sync.records import Direction, Side
from syncadmin.ui.exports import EXPORTS, TooManyRows
from syncadmin.ui.filter_pane import Pane
from syncadmin.ui.formatting import count
from syncadmin.ui.views import TablePage, WrongFilter, not_exported, require_sense

EXPORT_PAGE, EXPORT_PAGES = 1000, 20
_COUPLED = {"yes": True, "no": False}
_LINKS = "joblog.record-list"  # what signs the addresses of further pages: only those that a system gave are followed


class RecordForm(forms.Form):
    side = forms.CharField(widget=forms.HiddenInput(), required=False)
    q = forms.CharField(
        label="Search", required=False, widget=forms.TextInput(attrs={"type": "search", "placeholder": "Search", "autocomplete": "off"})
    )
    coupled = forms.ChoiceField(
        label="Coupled", required=False, choices=[("", "Coupled or not"), ("yes", "Coupled"), ("no", "Not coupled")]
    )


@dataclass(frozen=True)
class RecordFilter:
    """What the filter bar needs of a filterset."""

    form: RecordForm
    folded: tuple[str, ...] = ()


class Records(TablePage, MappingPage):
    """Records of one side; sorting and filters are the system's own. ``?export=csv`` and ``?export=xlsx`` give all that is found.

    The choice of columns and the saved views are those of this mapping and side, since their fields are.
    """

    template_name = "joblog/record_list.html"
    fragment_template = "joblog/record_rows.html"
    table_class = RecordTable

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]
        if export := EXPORTS.get(request.GET.get("export", "")):
            try:
                self._require_plan()
                found = self._all_rows(self._table([]))
                require_sense(None, self._pane)
                return export(self._table(found), "records")
            except (SyncError, TooManyRows, WrongFilter) as refusal:
                return not_exported(request, refusal)
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        mapping, side, query = self._mapping, self._side, self.request.GET
        table, found, error = self._table([]), RecordList([], ""), ""
        try:
            self._require_plan()
            found, continued = self._found(table)
        except SyncError as refusal:
            error, continued = refusal.text, False
        table = self._table(shown_records(mapping.pk, side, found, self._read(table)))
        return super().get_context_data(
            title=f"{mapping.name} · Records",
            mapping=mapping,
            side=side,
            log_url=log_url(mapping.name),
            sides=[(one, table_label(mapping, one), one is side) for one in Side],
            couple_address=reverse("joblog:set-up-coupling", args=[mapping.pk, side.value, "0"]),
            create_in=any(way.source is side for way in mapping.directions),
            create_label=f"Create in {side.other.label}",
            has_statistics=side is Side.BUSINESS_CENTRAL and has_figures(mapping),
            may_send=Direction.TO_INTEGRATION in mapping.directions,
            may_get=Direction.FROM_INTEGRATION in mapping.directions,
            filterset=RecordFilter(RecordForm(query.dict() | {"side": side.value})),
            pane=self._pane if self._pane.fields or self._pane.unknown else None,
            remark=self._pane.remark,
            narrowed=bool(query.get("q") or query.get("coupled") or self._pane.narrowed) and not found.next,
            table=table,
            error=error,
            further=self._signed(found.next, table) if found.next else "",
            continued=continued,
            empty_text=_empty_text(found, query.get("coupled", ""), query.get("q", "")),
            **extra,
        )

    def layout_key(self) -> str:
        return f"records-{self.kwargs['pk']}-{self._side.value}"

    # ---- what is asked for

    @cached_property
    def _mapping(self) -> IntegrationTableMapping:
        return self.mapping()

    @cached_property
    def _side(self) -> Side:
        return Side.SALES if self.request.GET.get("side") == Side.SALES else Side.BUSINESS_CENTRAL

    @cached_property
    def _plan(self) -> TablePlan | SyncError:
        try:
            return build_plan(self._mapping)
        except SyncError as error:
            return error

    def _require_plan(self) -> TablePlan:
        if isinstance(self._plan, SyncError):
            raise self._plan
        return self._plan

    @cached_property
    def _fields(self) -> list[RecordField]:
        return [] if isinstance(self._plan, SyncError) else record_fields(self._plan, self._side)

    @cached_property
    def _sorts(self) -> dict[str, tuple[str, ...]]:
        return {} if isinstance(self._plan, SyncError) else sorts_of(self._plan, self._side, self._fields)

    @cached_property
    def _pane(self) -> Pane:
        offers = [] if isinstance(self._plan, SyncError) else filters_of(self._plan, self._side, self._fields)
        return Pane(offers, self.request.GET, self.reading())

    def _asked(self, table: RecordTable) -> Asked:
        query, order = self.request.GET, [str(one) for one in table.order_by or ()]
        return Asked(
            search=query.get("q", "").strip(),
            coupled=_COUPLED.get(query.get("coupled", "")),
            condition=condition_of(self._pane, self._require_plan(), self._side, self._fields),
            order=tuple((by, one.startswith("-")) for one in order for by in self._sorts[one.lstrip("-")]),
            fields=tuple(one.own.name for one in self._read(table)),
        )

    def _read(self, table: RecordTable) -> list[RecordField]:
        """The fields whose columns are shown: what nobody sees is not asked for."""
        shown = {column.name for column in table.columns.iterall() if column.visible}
        return [one for one in self._fields if one.column in shown]

    # ---- what is found

    def _table(self, rows: list[ShownRecord]) -> RecordTable:
        table = RecordTable(rows, key=self.layout_key(), fields=self._fields, sorts=self._sorts)
        chosen = self.chosen_columns()
        if chosen is not None:
            table.choose_columns(chosen)
        table.order_by = [name for name in self.request.GET.getlist("sort") if name.lstrip("-") in self._sorts][:1]
        table.request = self.request
        return table

    def _found(self, table: RecordTable) -> tuple[RecordList, bool]:
        """A page, and whether it is a further one; nothing is found where a filter makes no sense."""
        asked, link = self._asked(table), self._link(table)
        if self._pane.errors:
            return RecordList([], ""), False
        return list_records(self._mapping, self._side, asked, link=link, plan=self._require_plan()), bool(link)

    def _all_rows(self, table: RecordTable) -> list[ShownRecord]:
        """What is found on all pages. Raises SyncError, and TooManyRows where that is more than a page can wait for."""
        asked, link, rows = self._asked(table), "", []
        for _ in range(0 if self._pane.errors else EXPORT_PAGES):
            found = list_records(self._mapping, self._side, asked, link=link, page_size=EXPORT_PAGE, plan=self._require_plan())
            rows += shown_records(self._mapping.pk, self._side, found, self._read(table))
            link = found.next
            if not link:
                break
        if link:
            text = f"The list has more than {count(len(rows))} records. Search for fewer, or export the couplings of the mapping."
            raise TooManyRows(text)
        return rows

    def _signed(self, link: str, table: RecordTable) -> str:
        return signing.dumps([link, [one.column for one in self._read(table)]], salt=_LINKS)

    def _link(self, table: RecordTable) -> str:
        """The address of the page that is asked for; "" for the first one, and where other columns are shown than when it was given."""
        signed = self.request.GET.get("link", "")
        try:
            link, read = signing.loads(signed, salt=_LINKS) if signed else ("", [])
        except (signing.BadSignature, ValueError) as error:
            raise Http404 from error
        return link if set(read) >= {one.column for one in self._read(table)} else ""


def _empty_text(found: RecordList, coupled: str, search: str) -> str:
    if found.next:
        return "None so far. Next looks further."
    if coupled == "no" and not search:
        return "Every record inside the mapping's filter is coupled."
    return "There is no such record inside the mapping's filter."
