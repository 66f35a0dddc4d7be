"""Filter bars of the joblog app."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone

from joblog.models import EntryAction, JobQueueEntry, JobStatus, JobType, QueueStatus, SynchEntry, SynchJob, Trigger
from mappings.models import Coupling, IntegrationTableMapping, SynchResult
from syncadmin.sync.records import Direction
from syncadmin.ui.filters import ListFilter, PickFilter, TickFilter
from syncadmin.ui.formatting import DIRECTIONS

DEFAULT_DAYS = 7
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
    folded = ("type", "trigger", "since", "until")

    mapping = PickFilter(what="mapping", field_name="mapping_name", choices=[])
    company = PickFilter(what="company", choices=[])
    status = PickFilter(what="status", choices=JobStatus.choices)
    direction = PickFilter(what="direction", choices=_WAYS)
    type = PickFilter(what="type", choices=JobType.choices)
    trigger = PickFilter(what="trigger", choices=Trigger.choices)
    period = PickFilter(
        what="period",
        empty_label=f"Last {DEFAULT_DAYS} days",
        choices=[("1", "Last 24 hours"), ("30", "Last 30 days"), ("all", "Any time")],
        method="filter_period",
    )
    since = django_filters.DateFilter(
        field_name="started_at", lookup_expr="date__gte", label="From date (UTC)", widget=forms.DateInput(attrs={"type": "date"})
    )
    until = django_filters.DateFilter(
        field_name="started_at", lookup_expr="date__lte", label="To date (UTC)", widget=forms.DateInput(attrs={"type": "date"})
    )
    failures = TickFilter(method="filter_failures", label="Has failures")
    record = django_filters.CharFilter(method="filter_record", widget=forms.HiddenInput())

    class Meta:
        model = SynchJob
        fields: list[str] = []

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        rows = super().filter_queryset(queryset)
        asked = any(self.form.cleaned_data.get(name) for name in ("period", "since", "until", "record"))
        return rows if asked else _since_days(rows, DEFAULT_DAYS)

    def filter_period(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        return rows if value == "all" else _since_days(rows, int(value))

    def filter_failures(self, rows: QuerySet[Any], _name: str, value: bool) -> QuerySet[Any]:
        return rows.filter(Q(failed__gt=0) | Q(status=JobStatus.ERROR)) if value else rows

    def filter_record(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        """Jobs that touched this record, by its key on either side."""
        return rows.filter(pk__in=SynchEntry.objects.filter(touching(value)).order_by().values("job"))


def touching(*keys: str) -> Q:
    """Entries of these records, as source or as destination."""
    wanted = [key for key in keys if key]
    return Q(source_key__in=wanted) | Q(destination_key__in=wanted)


def _since_days(rows: QuerySet[Any], days: int) -> QuerySet[Any]:
    return rows.filter(started_at__gte=timezone.now() - timedelta(days=days))


class EntryFilter(ListFilter):
    search_fields = ("source_label", "destination_label", "message", "source_key", "destination_key")

    action = PickFilter(what="action", choices=EntryAction.choices)
    code = django_filters.CharFilter(lookup_expr="iexact", label="Code", widget=forms.TextInput(attrs={"placeholder": "Code", "size": 14}))
    record = django_filters.CharFilter(method="filter_record", widget=forms.HiddenInput())

    class Meta:
        model = SynchEntry
        fields: list[str] = []

    def filter_record(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        return rows.filter(touching(value))


class ErrorFilter(NamedMappings):
    """Open errors unless resolved ones, or all, are asked for."""

    search_fields = ("source_label", "destination_label", "message", "source_key", "destination_key")

    state = PickFilter(
        what="state", empty_label="Open", choices=[("resolved", "Resolved"), ("all", "Open and resolved")], method="filter_state"
    )
    mapping = PickFilter(what="mapping", field_name="job__mapping_name", choices=[])
    company = PickFilter(what="company", field_name="job__company", choices=[])
    direction = PickFilter(what="direction", field_name="job__direction", choices=_WAYS)
    action = PickFilter(what="result", choices=[("Failed", "Failed"), ("Skipped", "Skipped")])
    code = django_filters.CharFilter(lookup_expr="iexact", label="Code", widget=forms.TextInput(attrs={"placeholder": "Code", "size": 14}))

    class Meta:
        model = SynchEntry
        fields: list[str] = []

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().filter_queryset(queryset)
        return rows if self.form.cleaned_data.get("state") else rows.filter(resolved_at=None)

    def filter_state(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        return rows.exclude(resolved_at=None) if value == "resolved" else rows


class QueueFilter(NamedMappings):
    search_fields = ("description", "error_message")

    mapping = PickFilter(what="mapping", field_name="mapping__name", choices=[])
    company = PickFilter(what="company", field_name="mapping__business_central__company", choices=[])
    status = PickFilter(what="status", choices=QueueStatus.choices)
    recurring = TickFilter(label="Recurring only")

    class Meta:
        model = JobQueueEntry
        fields: list[str] = []


class CouplingFilter(ListFilter):
    """The states count as on the list of mappings (mappings/troubleshooting.py): a skipped coupling is not a failed one."""

    search_fields = ("bc_number", "bc_label", "sales_label", "bc_key", "sales_key", "last_error")

    state = PickFilter(
        what="state",
        choices=[
            ("failed", "Failed"),
            ("skipped", "Skipped"),
            ("pending", "Waiting for the counterpart"),
            ("coupled", "Coupled on both sides"),
        ],
        method="filter_state",
    )

    class Meta:
        model = Coupling
        fields: list[str] = []

    def filter_state(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        failed = Q(to_result=SynchResult.FAILURE) | Q(from_result=SynchResult.FAILURE)
        wanted = {"failed": failed & Q(skipped=False), "skipped": Q(skipped=True), "pending": ~Q(pending=""), "coupled": Q(pending="")}
        chosen: QuerySet[Any] = rows.filter(wanted[value])
        return chosen
