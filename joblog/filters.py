"""Filter bars of the joblog app."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import django_filters
from django import forms
from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone

from joblog.cue_resets import since_reset
from joblog.error_classes import ErrorClass, of_class
from joblog.models import (
    Channel,
    EntryAction,
    ErrorCause,
    JobLine,
    JobStatus,
    JobType,
    LineLevel,
    Notice,
    SynchEntry,
    SynchJob,
    Trigger,
    WatchedTable,
)
from joblog.models.synch_entry import IGNORED_ISSUE, OPEN_ISSUE, RESOLVED_ISSUE
from joblog.models.synch_job import FAILED, NEEDS_ATTENTION
from mappings.models import IntegrationTableMapping, System
from mappings.users import operators
from syncadmin.sync.records import Direction
from syncadmin.ui.filters import ListFilter, PickFilter, TickFilter
from syncadmin.ui.formatting import DIRECTIONS, count

DEFAULT_DAYS = 7
JOBS_OF_RECORD = 1000
_NEWEST_OF_RECORD = f"Only the newest {count(JOBS_OF_RECORD)} jobs of this record are shown. Its full history has all of them."
# Issues by the state that an address names; each has its partial indexes.
ISSUES_IN = {"open": OPEN_ISSUE, "ignored": IGNORED_ISSUE, "resolved": RESOLVED_ISSUE}
_HOLDING = {"open": Q(records__gt=0), "ignored": Q(ignored__gt=0), "resolved": Q()}  # the causes that such issues may have
_WAYS = [(way.value, DIRECTIONS[way.value][1]) for way in Direction]


class NamedMappings(ListFilter):
    """A filterset whose filters ``mapping`` and ``company`` offer what is set up; the company only where there are several."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        rows = IntegrationTableMapping.objects.order_by("order", "name").values_list("name", "business_central__company")
        names = dict.fromkeys(name for name, _ in rows)
        companies = sorted({company for _, company in rows})
        self.filters["mapping"].extra["choices"] = [(name, name) for name in names]
        if "company" in self.filters and len(companies) < 2:
            del self.filters["company"]
        elif "company" in self.filters:
            self.filters["company"].extra["choices"] = [(company, company) for company in companies]


class JobFilter(NamedMappings):
    """Shows the last seven days unless another time, or one record's history, is asked for."""

    search_fields = ("mapping_name", "message", "user_name")
    folded = ("type", "trigger", "since", "until", "attention", "mine")

    mapping = PickFilter(what="mapping", field_name="mapping_name", choices=[])
    company = PickFilter(what="company", choices=[])
    status = PickFilter(what="status", choices=JobStatus.choices)
    direction = PickFilter(what="direction", choices=_WAYS)
    type = PickFilter(what="type", choices=JobType.choices)
    trigger = PickFilter(what="trigger", choices=Trigger.choices)
    period = PickFilter(
        what="period",
        empty_label=f"Last {DEFAULT_DAYS} days",
        choices=[("1", "Last 24 hours"), ("reset", "Since the cue was reset"), ("30", "Last 30 days"), ("all", "Any time")],
        method="filter_period",
    )
    since = django_filters.DateFilter(method="filter_since", label="From date", widget=forms.DateInput(attrs={"type": "date"}))
    until = django_filters.DateFilter(method="filter_until", label="To date", widget=forms.DateInput(attrs={"type": "date"}))
    failures = TickFilter(method="filter_failures", label="Has failures")
    attention = TickFilter(method="filter_attention", label="Needs attention")
    mine = TickFilter(method="filter_mine", label="Started by me")
    record = django_filters.CharFilter(method="filter_record", widget=forms.HiddenInput())

    class Meta:
        model = SynchJob
        fields: list[str] = []

    def always(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        asked = self.data.get("f.started_at") or any(self.form.cleaned_data.get(name) for name in ("period", "since", "until", "record"))
        return rows if asked else _since_days(rows, DEFAULT_DAYS)

    def filter_period(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        if value == "reset":
            return rows.filter(since_reset())
        return rows if value == "all" else _since_days(rows, int(value))

    def filter_since(self, rows: QuerySet[Any], _name: str, value: date) -> QuerySet[Any]:
        return rows.filter(started_at__gte=_midnight(value))

    def filter_until(self, rows: QuerySet[Any], _name: str, value: date) -> QuerySet[Any]:
        return rows.filter(started_at__lt=_midnight(value + timedelta(days=1))) if value < date.max else rows

    def filter_failures(self, rows: QuerySet[Any], _name: str, value: bool) -> QuerySet[Any]:
        return rows.filter(FAILED) if value else rows

    def filter_attention(self, rows: QuerySet[Any], _name: str, value: bool) -> QuerySet[Any]:
        """Jobs with records that still fail, and those that stopped and were not followed by one that went well."""
        return rows.filter(NEEDS_ATTENTION) if value else rows

    def filter_mine(self, rows: QuerySet[Any], _name: str, value: bool) -> QuerySet[Any]:
        return rows.filter(user_name=self.request.user.get_username()) if value else rows

    def filter_record(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Jobs that touched this record, by its key on either side; of a record that thousands did the newest, and the remark says so."""
        jobs: list[int] = []
        for side in ("source_key", "destination_key"):  # one at a time: each has an index in this order
            newest = SynchEntry.objects.filter(**{side: value}).order_by("-pk").values_list("job_id", flat=True)
            jobs += newest[: JOBS_OF_RECORD + 1]
        self.remark = _NEWEST_OF_RECORD if len(jobs) > JOBS_OF_RECORD else self.remark
        return rows.filter(pk__in=sorted(set(jobs))[-JOBS_OF_RECORD:])


def _midnight(day: date) -> datetime:
    """Where the day begins for the reader, whose days the activity of the role center counts as well."""
    return datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())


def touching(*keys: str) -> Q:
    """Entries of these records, as source or as destination."""
    wanted = [key for key in keys if key]
    return Q(source_key__in=wanted) | Q(destination_key__in=wanted)


# The jobs of a page of entries, read once the page is known: a join would read those of all rows before the page, too.
WITH_JOBS = Prefetch("job", queryset=SynchJob.objects.defer("cursor", "call_stack", "scope"))


def entries_touching(*keys: str) -> QuerySet[SynchEntry]:
    return SynchEntry.objects.filter(touching(*keys))


def _since_days(rows: QuerySet[Any], days: int) -> QuerySet[Any]:
    return rows.filter(started_at__gte=timezone.now() - timedelta(days=days))


class EntryFilter(ListFilter):
    search_fields = ("source_label", "destination_label", "message", "source_key", "destination_key")

    action = PickFilter(what="action", choices=EntryAction.choices)
    code = django_filters.CharFilter(lookup_expr="iexact", label="Code", widget=forms.TextInput(attrs={"placeholder": "Code", "size": 14}))
    state = PickFilter(
        what="state", choices=[("open", "Still failing"), ("ignored", "Ignored"), ("resolved", "Resolved")], method="filter_state"
    )
    cause = django_filters.NumberFilter(max_value=2**63 - 1, widget=forms.HiddenInput())
    record = django_filters.CharFilter(method="filter_record", widget=forms.HiddenInput())

    class Meta:
        model = SynchEntry
        fields: list[str] = []

    def filter_record(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        return rows.filter(touching(value))

    def filter_state(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        return rows.filter(ISSUES_IN[value])


class LineFilter(ListFilter):
    search_fields = ("text",)

    level = PickFilter(what="level", choices=LineLevel.choices)
    attention = TickFilter(method="filter_attention", label="Warnings and errors")

    class Meta:
        model = JobLine
        fields: list[str] = []

    def filter_attention(self, rows: QuerySet[Any], _name: str, value: bool) -> QuerySet[Any]:
        return rows.exclude(level=LineLevel.INFO) if value else rows


class ErrorFilter(NamedMappings):
    """Open issues unless ignored or resolved ones are asked for. Most filters choose causes: few rows that tell of millions of entries."""

    search_fields = ("source_label", "destination_label", "message", "source_key", "destination_key", "note")
    tabs = ("state",)
    _of_causes = {
        "mapping": "mapping_name", "company": "company", "direction": "direction", "code": "code__iexact", "cause": "pk", "of": "mapping",
    }  # fmt: skip

    state = django_filters.ChoiceFilter(
        choices=[("ignored", "Ignored"), ("resolved", "Resolved")], method="done_always", widget=forms.HiddenInput()
    )
    mapping = PickFilter(what="mapping", choices=[], method="done_always")
    company = PickFilter(what="company", choices=[], method="done_always")
    direction = PickFilter(what="direction", choices=_WAYS, method="done_always")
    action = PickFilter(what="result", choices=[("Failed", "Failed"), ("Skipped", "Skipped")])
    code = django_filters.CharFilter(method="done_always", label="Code", widget=forms.TextInput(attrs={"placeholder": "Code", "size": 14}))
    kind = PickFilter(what="class", choices=ErrorClass.choices, method="done_always")
    owner = PickFilter(what="owner", choices=[("me", "Mine"), ("nobody", "Nobody's")], method="filter_owner")
    cause = django_filters.NumberFilter(method="done_always", widget=forms.HiddenInput())
    of = django_filters.NumberFilter(method="done_always", max_value=2**63 - 1, widget=forms.HiddenInput())

    class Meta:
        model = SynchEntry
        fields: list[str] = []

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.operators = list(operators())
        self.filters["owner"].extra["choices"] = [
            *self.filters["owner"].extra["choices"],
            *((str(one.pk), one.get_username()) for one in self.operators),
        ]

    def always(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.form.cleaned_data
        wanted = {name: chosen[key] for key, name in self._of_causes.items() if chosen.get(key)}
        state = chosen.get("state") or "open"
        rows = rows.filter(ISSUES_IN[state])
        kind = of_class(chosen["kind"]) if chosen.get("kind") else Q()
        if not wanted and not kind:
            return rows
        return rows.filter(cause__in=list(ErrorCause.objects.filter(_HOLDING[state], kind, **wanted).values_list("pk", flat=True)))

    def filter_owner(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        if value == "nobody":
            return rows.filter(owner__isnull=True)
        return rows.filter(owner=self.request.user.pk if value == "me" else int(value))

    def done_always(self, rows: QuerySet[Any], _name: str, _value: str) -> QuerySet[Any]:
        return rows


class CauseFilter(NamedMappings):
    """Causes that hold up records now, unless all that ever did are asked for."""

    search_fields = ("mapping_name", "code", "fields", "field_labels", "message")

    state = PickFilter(what="state", empty_label="Open", choices=[("all", "Open and past")], method="filter_state")
    mapping = PickFilter(what="mapping", field_name="mapping_name", choices=[])
    company = PickFilter(what="company", choices=[])
    direction = PickFilter(what="direction", choices=_WAYS)
    kind = PickFilter(what="class", choices=ErrorClass.choices, method="filter_kind")
    code = django_filters.CharFilter(lookup_expr="iexact", label="Code", widget=forms.TextInput(attrs={"placeholder": "Code", "size": 14}))

    class Meta:
        model = ErrorCause
        fields: list[str] = []

    def always(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows if self.form.cleaned_data.get("state") else rows.filter(records__gt=0)

    def filter_state(self, rows: QuerySet[Any], _name: str, _value: str) -> QuerySet[Any]:
        return rows.filter(failures__gt=0)

    def filter_kind(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        return rows.filter(of_class(value))


class WatchedTableFilter(ListFilter):
    search_fields = ("name", "label", "system__name", "message")

    system = PickFilter(what="system", field_name="system__name", choices=[])
    refused = TickFilter(label="With a message only", method="filter_refused")

    class Meta:
        model = WatchedTable
        fields: list[str] = []

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.filters["system"].extra["choices"] = [(name, name) for name in System.objects.values_list("name", flat=True)]

    def filter_refused(self, rows: QuerySet[Any], _name: str, value: bool) -> QuerySet[Any]:
        return rows.exclude(message="") if value else rows


class OwnNoticeFilter(ListFilter):
    search_fields = ("subject", "text", "mapping_name")

    kind = PickFilter(what="kind", choices=Notice.Kind.choices)
    unread = TickFilter(label="Unread only", field_name="read_at", lookup_expr="isnull")

    class Meta:
        model = Notice
        fields: list[str] = []


class SentNoticeFilter(ListFilter):
    search_fields = ("subject", "text", "mapping_name", "address", "person__username", "result")

    status = PickFilter(what="status", choices=Notice.Status.choices)
    channel = PickFilter(what="channel", choices=Channel.choices)
    kind = PickFilter(what="kind", choices=Notice.Kind.choices)

    class Meta:
        model = Notice
        fields: list[str] = []
