"""What a preview of match-based coupling found: who would be coupled with whom, and why others would not."""

from __future__ import annotations

from typing import Any

import django_filters
import django_tables2 as tables
from django import forms
from django.db.models import Q, QuerySet
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from joblog.addresses import record_url, source_url
from joblog.entry_tables import record_link
from joblog.models import EntryAction, SynchEntry
from syncadmin.sync.records import Side
from syncadmin.ui import columns, formatting
from syncadmin.ui.filters import ListFilter
from syncadmin.ui.tables import ListTable

# What becomes of a record: label, tone, and the entries that say so.
RESULTS: dict[str, tuple[str, str, Q]] = {
    "couple": ("Would be coupled", "good", Q(action=EntryAction.COUPLED)),
    "create": ("No match: would be created", "info", Q(action=EntryAction.SKIPPED)),
    "ambiguous": ("Ambiguous", "warn", Q(action=EntryAction.FAILED, code="ambiguous")),
    "taken": ("Match is taken", "warn", Q(action=EntryAction.FAILED, code="taken")),
    "no-match": ("No match", "bad", Q(action=EntryAction.FAILED, code="no-match")),
    "other": ("Not compared", "bad", Q(action=EntryAction.FAILED) & ~Q(code__in=("ambiguous", "taken", "no-match"))),
}


def result_of(entry: SynchEntry) -> str:
    """The key in :data:`RESULTS`."""
    if entry.action == EntryAction.COUPLED:
        return "couple"
    if entry.action == EntryAction.SKIPPED:
        return "create"
    return entry.code if entry.code in RESULTS else "other"


class MatchFilter(ListFilter):
    search_fields = ("source_label", "destination_label", "message")

    result = django_filters.ChoiceFilter(
        choices=[(name, label) for name, (label, _, _) in RESULTS.items()], method="filter_result", widget=forms.HiddenInput()
    )

    class Meta:
        model = SynchEntry
        fields: list[str] = []

    def filter_result(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        return rows.filter(RESULTS[value][2])


class MatchTable(ListTable):
    key = "match"
    newest = ("-pk",)
    may_couple = False

    select = columns.SelectColumn(name="entry", label=lambda entry: entry.source_label or entry.source_key)
    name = tables.Column(
        accessor="source_label", verbose_name="Business Central", empty_values=(), attrs={"td": {"class": "name record wide"}}
    )
    result = tables.Column(accessor="action", verbose_name="Result", empty_values=(), orderable=False)
    partner = tables.Column(
        accessor="destination_label",
        verbose_name="Dynamics 365 Sales",
        empty_values=(),
        orderable=False,
        attrs={"td": {"class": "record wrap"}},
    )
    message = tables.Column(verbose_name="Why", orderable=False, attrs={"td": {"class": "wrap"}})

    class Meta(ListTable.Meta):
        orderable = False

    def render_name(self, record: SynchEntry) -> SafeString:
        return record_link(record.source_label, record.source_key, source_url(record), missing="none")

    def value_name(self, record: SynchEntry) -> str:
        return record.source_label

    def render_result(self, record: SynchEntry) -> SafeString:
        label, tone, _ = RESULTS[result_of(record)]
        return formatting.pill(label, tone)

    def value_result(self, record: SynchEntry) -> str:
        return RESULTS[result_of(record)][0]

    def render_partner(self, record: SynchEntry) -> SafeString:
        if record.action == EntryAction.COUPLED:
            url = record_url(record.job.mapping_id, Side.SALES, record.destination_key)
            return record_link(record.destination_label, record.destination_key, url, missing="")
        rows = (self._candidate(record, one) for one in record.detail.get("candidates", ()))
        return format_html_join("", '<div class="candidate">{}</div>', ((row,) for row in rows))

    def value_partner(self, record: SynchEntry) -> str:
        if record.action == EntryAction.COUPLED:
            return record.destination_label
        return "; ".join(one["label"] for one in record.detail.get("candidates", ()))

    def _candidate(self, record: SynchEntry, candidate: dict[str, str]) -> SafeString:
        url = record_url(record.job.mapping_id, Side.SALES, candidate["key"])
        link = record_link(candidate["label"], candidate["key"], url, missing="")
        if not self.may_couple or record.code != "ambiguous":
            return link
        button = '{} <button class="link" form="selection" name="pair" value="{} {}" aria-label="Couple {} with {}">Couple</button>'
        return format_html(button, link, record.source_key, candidate["key"], record.source_label, candidate["label"])
