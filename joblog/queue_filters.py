"""Filter bars of job queue entries, of their executions, and of workers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import django_filters
from django import forms
from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from joblog.filters import NamedMappings
from joblog.models import JobQueueEntry, JobQueueLogEntry, LogStatus, QueueStatus, RunKind, Worker
from joblog.schedule import PLANNED
from syncadmin.ui.filters import ListFilter, PickFilter, TickFilter

_RECENT = timedelta(days=1)


class QueueFilter(NamedMappings):
    search_fields = ("description", "error_message")
    folded = ("run_kind", "category", "due")

    mapping = PickFilter(what="mapping", field_name="mapping__name", choices=[])
    company = PickFilter(what="company", field_name="mapping__business_central__company", choices=[])
    status = PickFilter(what="status", choices=QueueStatus.choices)
    run_kind = PickFilter(what="object", choices=RunKind.choices)
    category = django_filters.CharFilter(
        lookup_expr="iexact", label="Category", widget=forms.TextInput(attrs={"size": 12, "placeholder": "Category"})
    )
    recurring = TickFilter(label="Recurring only")
    due = TickFilter(method="filter_due", label="Waits for a worker")

    class Meta:
        model = JobQueueEntry
        fields: list[str] = []

    def filter_due(self, rows: QuerySet[Any], _name: str, value: bool) -> QuerySet[Any]:
        return rows.filter(status__in=PLANNED, earliest_start__lte=timezone.now()) if value else rows


class QueueLogFilter(NamedMappings):
    search_fields = ("description", "message", "user_name", "worker_name")
    folded = ("run_kind", "since", "until")

    mapping = PickFilter(what="mapping", field_name="mapping_name", choices=[])
    status = PickFilter(what="status", choices=LogStatus.choices)
    run_kind = PickFilter(what="object", choices=RunKind.choices)
    lost = TickFilter(method="filter_lost", label="Lost workers only")
    since = django_filters.DateFilter(
        field_name="started_at", lookup_expr="date__gte", label="From date", widget=forms.DateInput(attrs={"type": "date"})
    )
    until = django_filters.DateFilter(
        field_name="started_at", lookup_expr="date__lte", label="To date", widget=forms.DateInput(attrs={"type": "date"})
    )
    entry = django_filters.NumberFilter(widget=forms.HiddenInput())
    slow = ("search", "lost", "since", "until", "run_kind")

    class Meta:
        model = JobQueueLogEntry
        fields: list[str] = []

    def filter_lost(self, rows: QuerySet[Any], _name: str, value: bool) -> QuerySet[Any]:
        return rows.filter(lost_workers__gt=0) if value else rows


class WorkerFilter(ListFilter):
    """Workers that are there, and those that went during the last day, unless all are asked for."""

    search_fields = ("host",)

    all = TickFilter(method="filter_all", label="Earlier ones too")

    class Meta:
        model = Worker
        fields: list[str] = []

    def always(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        if self.form.cleaned_data.get("all"):
            return rows
        lost = timezone.now() - timedelta(seconds=settings.STALE_SECONDS)
        here = Q(stopped_at=None, heartbeat_at__gte=lost)
        return rows.filter(here | Q(heartbeat_at__gte=timezone.now() - _RECENT))

    def filter_all(self, rows: QuerySet[Any], _name: str, _value: bool) -> QuerySet[Any]:
        return rows
