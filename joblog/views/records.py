"""One record beside its counterpart, and what happened to it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from joblog.account_figures import has_figures
from joblog.addresses import log_url, record_url
from joblog.entry_tables import HistoryTable
from joblog.filters import WITH_JOBS, EntryFilter, entries_touching
from joblog.models import EntryAction, JobType, SynchEntry
from joblog.models.synch_entry import UNRESOLVED_ISSUE
from joblog.record_tables import coupling_pill
from mappings.models import Coupling, IntegrationTableMapping
from mappings.offers import synchronize_offer
from mappings.records import RecordPage, open_record
from syncadmin.sync.errors import SyncError
from syncadmin.sync.records import Direction, Side
from syncadmin.ui.views import ListPage, Page, key_in

HISTORY_SHOWN = 12
MARK_TONES = {"both changed": "bad", "error": "bad", "differs": "warn", "will be sent to Sales": "info", "will be taken from Sales": "info"}


class MappingPage(Page):
    """A page of one mapping; ``mapping`` is in the context."""

    def mapping(self) -> IntegrationTableMapping:
        return get_object_or_404(IntegrationTableMapping.objects.select_related("business_central", "sales"), pk=self.kwargs["pk"])


def table_label(mapping: IntegrationTableMapping, side: Side) -> str:
    """The system of this side and its table, as pages call them."""
    if side is Side.BUSINESS_CENTRAL:
        return f"{side.label} · {mapping.table_label or mapping.table}"
    return f"{side.label} · {mapping.integration_table_label or mapping.integration_table}"


class Record(MappingPage):
    """Both values of every mapped field, what was last synchronized, and what the next synchronization does with it."""

    template_name = "joblog/record.html"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        mapping, side, key = self.mapping(), record_side(self.kwargs["side"]), record_key(self.kwargs["key"])
        try:
            page, error = open_record(mapping, side, key), ""
        except SyncError as refusal:
            page, error = None, refusal.text
        coupling = page.coupling if page else _coupling(mapping, side, key)
        keys = {side: key} | _keys(coupling)
        return super().get_context_data(
            title=page.title if page else _label(coupling, side) or key,
            mapping=mapping,
            bc_key=keys.get(Side.BUSINESS_CENTRAL, ""),
            sales_key=keys.get(Side.SALES, ""),
            page=page,
            error=error,
            fields=[(row, MARK_TONES.get(row.mark, "")) for row in page.fields] if page else [],
            conflict=any(row.mark == "both changed" for row in page.fields) if page else False,
            coupling=coupling,
            failure=_failure(mapping, coupling, key),
            state=coupling_pill(coupling.state if coupling else ""),
            tables={one.value: table_label(mapping, one) for one in Side},
            both_ways=len(mapping.directions) == 2,
            missing=page.missing if page else None,
            web_links=[(side, side.label, url) for side, url in page.links.items() if url] if page else [],
            may_create=page is not None and coupling is None and any(way.source is side for way in mapping.directions),
            other_side=side.other.label,
            overwrites=_overwrites(mapping, page),
            may_restore=page is not None and page.missing in {way.destination for way in mapping.directions},
            has_statistics=bool(keys.get(Side.BUSINESS_CENTRAL) and keys.get(Side.SALES)) and has_figures(mapping),
            to_sales=Direction.TO_INTEGRATION.value,
            from_sales=Direction.FROM_INTEGRATION.value,
            **_history(list(keys.values()), seen=0),
            log_url=log_url(record=key),
            **(extra | {"side": side, "key": key}),
        )


def _overwrites(mapping: IntegrationTableMapping, page: RecordPage | None) -> str:
    """What is asked before a one-way mapping overwrites what was changed on the other side; blank where it does not."""
    if page is None or len(mapping.directions) > 1:
        return ""
    offer = synchronize_offer(mapping, page)
    return offer.text if offer.choices and offer.preselected is None else ""


def record_side(text: str) -> Side:
    if text not in set(Side):
        raise Http404
    return Side(text)


def record_key(text: str) -> str:
    if text.removeprefix("-").isdecimal():  # the value of an option
        return text
    try:
        return str(uuid.UUID(text))
    except ValueError as error:
        raise Http404 from error


def _coupling(mapping: IntegrationTableMapping, side: Side, key: str) -> Coupling | None:
    column = "bc_key" if side is Side.BUSINESS_CENTRAL else "sales_key"
    return mapping.couplings.filter(**{column: key}).first()


def _failure(mapping: IntegrationTableMapping, coupling: Coupling | None, key: str) -> tuple[str, datetime | None]:
    """What the last attempt failed with, and when; of a record that was never coupled, what still keeps it from that."""
    if coupling is not None:
        return (coupling.last_error, coupling.failed_at) if coupling.failing else ("", None)
    issue = SynchEntry.objects.filter(UNRESOLVED_ISSUE, source_key=key, job__mapping=mapping).order_by("-pk").first()
    return (issue.message, issue.at) if issue is not None else ("", None)


def _keys(coupling: Coupling | None) -> dict[Side, str]:
    if coupling is None:
        return {}
    return {side: key for side, key in ((Side.BUSINESS_CENTRAL, coupling.bc_key), (Side.SALES, coupling.sales_key)) if key}


def _label(coupling: Coupling | None, side: Side) -> str:
    if coupling is None:
        return ""
    return coupling.bc_label if side is Side.BUSINESS_CENTRAL else coupling.sales_label


@dataclass(frozen=True)
class Happened:
    """One entry of a record's history in few words; ``tone`` is that of a pill or "" for plain text."""

    entry: SynchEntry
    words: str
    tone: str


def _history(keys: list[str], *, seen: int) -> dict[str, Any]:
    """The last entries of a record; ``meanwhile`` tells that there is one newer than the entry that was seen last (0: none was)."""
    rows = entries_touching(*keys).prefetch_related(WITH_JOBS)
    entries = list(rows.order_by("-id")[:HISTORY_SHOWN])
    newest = entries[0].pk if entries else 0
    return {"history": [_happened(entry) for entry in entries], "newest": newest, "meanwhile": bool(seen) and newest > seen}


def _happened(entry: SynchEntry) -> Happened:
    number = len(entry.changes)
    words = f"{number} field{'s' if number != 1 else ''}" if entry.action == EntryAction.MODIFIED else entry.action.lower()
    words = {"inserted": "created"}.get(words, words)
    if entry.job.type == JobType.PREVIEW:
        return Happened(entry, f"preview: {words}", "")
    return Happened(entry, words, {"Failed": "bad", "Skipped": "warn"}.get(entry.action, ""))


class History(MappingPage):
    """A fragment: the history of a record, fetched again while its page is open."""

    template_name = "joblog/record_history.html"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        mapping, side, key = self.mapping(), record_side(self.kwargs["side"]), record_key(self.kwargs["key"])
        keys = {side: key} | _keys(_coupling(mapping, side, key))
        seen = self.request.GET.get("seen", "")
        history = _history(list(keys.values()), seen=key_in(seen))
        return super().get_context_data(mapping=mapping, **history, **(extra | {"side": side, "key": key}))


class RecordLog(ListPage):
    """All that ever happened to a record, as source or as destination, in whatever job and mapping of its two keys; newest first."""

    noun = ("entry", "entries")
    table_class = HistoryTable
    filter_class = EntryFilter
    actions_template = "joblog/record_log_actions.html"
    empty_text = "No job has touched this record yet."

    def get_rows(self) -> QuerySet[Any]:
        _mapping, side, key, coupling = self._record
        keys = {side: key} | _keys(coupling)
        return entries_touching(*keys.values()).prefetch_related(WITH_JOBS)

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        mapping, side, key, coupling = self._record
        label = _label(coupling, side) or key
        return super().get_context_data(title=f"{label} · History", mapping=mapping, record_url=record_url(mapping.pk, side, key), **extra)

    @cached_property
    def _record(self) -> tuple[IntegrationTableMapping, Side, str, Coupling | None]:
        mapping = get_object_or_404(IntegrationTableMapping, pk=self.kwargs["pk"])
        side, key = record_side(self.kwargs["side"]), record_key(self.kwargs["key"])
        return mapping, side, key, _coupling(mapping, side, key)
