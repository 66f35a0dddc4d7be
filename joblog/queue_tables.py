"""Lists of job queue entries, of their executions, and of workers."""

from __future__ import annotations

from datetime import datetime

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from joblog.models import JobQueueEntry, JobQueueLogEntry, LogStatus, QueueStatus, RunKind, Worker
from joblog.schedule import PLANNED, recurrence
from joblog.scope import Scope
from joblog.scope_words import scope_in_words
from syncadmin.ui import columns, formatting
from syncadmin.ui.tables import ListTable

QUEUE_TONES = {
    "Ready": "good",
    "In Process": "info",
    "Waiting": "info",
    "Error": "bad",
    "On Hold": "warn",
    "On Hold with Inactivity Timeout": "",
}
LOG_TONES = {"Success": "good", "In Process": "info", "Error": "bad", "Canceled": "warn"}
WORKER_TONES = {"Running": "good", "Stopping": "warn", "Lost": "bad", "Stopped": ""}
_NUMBER = {"th": {"class": "num"}, "td": {"class": "num"}}


def entry_url(record: JobQueueEntry) -> str:
    return reverse("joblog:queue-entry", args=[record.pk])


def parameters_in_words(record: JobQueueEntry | JobQueueLogEntry) -> str:
    """What a run is about; blank for everything that was modified, as it is without parameters, and where the description says it."""
    if not record.parameters or record.run_kind == RunKind.RETENTION:
        return ""
    try:
        return scope_in_words(Scope.from_json(record.parameters))
    except (ValueError, TypeError, KeyError):
        return str(record.parameters)


class QueueTable(ListTable):
    """Job Queue Entries (page 672)."""

    key = "queue"

    select = columns.SelectColumn(name="entry", label=str)
    name = columns.NameColumn(
        accessor="description",
        verbose_name="Description",
        linkify=entry_url,
        attrs={"th": {"class": "name"}, "td": {"class": "name wide"}},
    )
    status = columns.PillColumn(tones=QUEUE_TONES)
    earliest_start = columns.MomentColumn(verbose_name="Earliest Start")
    recurrence = tables.Column(empty_values=(), order_by=("recurring", "minutes_between_runs"))
    attempts = tables.Column(empty_values=(), verbose_name="Attempts")
    error_message = columns.ClipColumn(verbose_name="Last Error", attrs={"td": {"class": "clip wide"}})
    mapping = tables.Column(
        accessor="mapping__name",
        verbose_name="Mapping",
        visible=False,
        linkify=lambda record: reverse("mappings:mapping-edit", args=[record.mapping_id]) if record.mapping_id else None,
    )
    run_kind = tables.Column(verbose_name="Object to Run", visible=False)
    user = tables.Column(accessor="user__username", verbose_name="User ID", visible=False)
    session_started = columns.MomentColumn(accessor="current_log__started_at", verbose_name="User Session Started", visible=False)
    worker = tables.Column(accessor="claimed_by", empty_values=(), verbose_name="Worker", visible=False)
    heartbeat_at = columns.MomentColumn(verbose_name="Last Sign of Life", visible=False)
    category = tables.Column(verbose_name="Job Queue Category Code", visible=False)
    priority = tables.Column(verbose_name="Priority within Category", visible=False, attrs=_NUMBER)
    parameters = columns.ClipColumn(verbose_name="Parameter String", orderable=False, visible=False)
    scheduled = columns.FlagColumn(accessor="status", verbose_name="Scheduled", orderable=False, visible=False)
    recurring = columns.FlagColumn(verbose_name="Recurring Job", visible=False)
    minutes_between_runs = tables.Column(verbose_name="No. of Minutes between Runs", visible=False, attrs=_NUMBER)
    run_on_monday = columns.FlagColumn(verbose_name="Run on Mondays", visible=False)
    run_on_tuesday = columns.FlagColumn(verbose_name="Run on Tuesdays", visible=False)
    run_on_wednesday = columns.FlagColumn(verbose_name="Run on Wednesdays", visible=False)
    run_on_thursday = columns.FlagColumn(verbose_name="Run on Thursdays", visible=False)
    run_on_friday = columns.FlagColumn(verbose_name="Run on Fridays", visible=False)
    run_on_saturday = columns.FlagColumn(verbose_name="Run on Saturdays", visible=False)
    run_on_sunday = columns.FlagColumn(verbose_name="Run on Sundays", visible=False)
    starting_time = tables.TimeColumn(format="H:i", visible=False)
    ending_time = tables.TimeColumn(format="H:i", visible=False)
    next_run_formula = tables.Column(verbose_name="Next Run Date Formula", visible=False)
    time_zone = tables.Column(visible=False)
    expiration = columns.MomentColumn(verbose_name="Expiration", visible=False)
    inactivity_minutes = tables.Column(verbose_name="Timeout (inactivity, min.)", visible=False, attrs=_NUMBER)
    trigger = tables.Column(visible=False)
    company = tables.Column(accessor="mapping__business_central__name", verbose_name="Company", visible=False)
    last_ready_at = columns.MomentColumn(verbose_name="Last Ready State", visible=False)
    created_at = columns.MomentColumn(verbose_name="Created", visible=False)

    class Meta(ListTable.Meta):
        order_by = ("-recurring", "priority", "name")

    def render_earliest_start(self, record: JobQueueEntry) -> SafeString:
        return formatting.moment(self.value_earliest_start(record))

    def value_earliest_start(self, record: JobQueueEntry) -> datetime | None:
        return record.earliest_start if record.status in PLANNED else None

    def render_recurrence(self, record: JobQueueEntry) -> SafeString:
        return format_html('<span data-filter="{}">{}</span>', "yes" if record.recurring else "no", recurrence(record))

    def value_recurrence(self, record: JobQueueEntry) -> str:
        return recurrence(record)

    def render_attempts(self, record: JobQueueEntry) -> SafeString:
        return format_html('<span data-filter="{}">{} of {}</span>', record.attempts, record.attempts, record.maximum_attempts)

    def value_attempts(self, record: JobQueueEntry) -> str:
        return f"{record.attempts} of {record.maximum_attempts}"

    def render_worker(self, record: JobQueueEntry) -> str:
        return record.claimed_by if record.claim_token else ""

    def render_parameters(self, record: JobQueueEntry) -> str:
        return parameters_in_words(record)

    def value_parameters(self, record: JobQueueEntry) -> str:
        return parameters_in_words(record)

    def render_scheduled(self, record: JobQueueEntry) -> SafeString:
        return formatting.flag(_is_scheduled(record))

    def value_scheduled(self, record: JobQueueEntry) -> str:
        return "yes" if _is_scheduled(record) else "no"


def _is_scheduled(entry: JobQueueEntry) -> bool:
    """Whether a run is foreseen, or under way."""
    return entry.status == QueueStatus.IN_PROCESS or (entry.status in PLANNED and entry.earliest_start is not None)


class QueueLogTable(ListTable):
    """Job Queue Log Entries (page 674)."""

    key = "queue-log"
    newest = ("-pk",)
    quick_sorts = ("started_at",)
    quick_filters = ("status", "mapping")

    select = columns.SelectColumn(name="execution", label=str)
    started_at = columns.MomentColumn(verbose_name="Start Date/Time", order_by=("pk",))
    duration = columns.SpanColumn(start="started_at", end="ended_at", verbose_name="Duration")
    name = columns.NameColumn(
        accessor="description",
        verbose_name="Description",
        linkify=lambda record: reverse("joblog:queue-log-entry", args=[record.pk]),
        attrs={"th": {"class": "name"}, "td": {"class": "name wide"}},
    )
    status = columns.PillColumn(tones=LOG_TONES)
    mapping = tables.Column(accessor="mapping_name", verbose_name="Mapping")
    user_name = tables.Column(verbose_name="User ID")
    message = columns.ClipColumn(verbose_name="Error Message", empty_values=(), orderable=False, attrs={"td": {"class": "clip wide"}})
    run_kind = tables.Column(verbose_name="Object to Run", visible=False)
    parameters = columns.ClipColumn(verbose_name="Parameter String", orderable=False, visible=False)
    ended_at = columns.MomentColumn(verbose_name="End Date/Time", visible=False)
    worker_name = tables.Column(verbose_name="Worker", visible=False)
    lost_workers = columns.CountColumn(verbose_name="Lost Workers", visible=False, tone="bad")
    pk = tables.Column(verbose_name="ID", visible=False, attrs=_NUMBER)

    class Meta(ListTable.Meta):
        order_by = ("-started_at",)

    def render_message(self, record: JobQueueLogEntry) -> SafeString:
        told = told_of(record)
        return format_html('<span title="{}">{}</span>', told, told)

    def value_message(self, record: JobQueueLogEntry) -> str:
        return told_of(record)

    def render_parameters(self, record: JobQueueLogEntry) -> str:
        return parameters_in_words(record)

    def value_parameters(self, record: JobQueueLogEntry) -> str:
        return parameters_in_words(record)


def told_of(execution: JobQueueLogEntry) -> str:
    """Its message, else that workers were lost on the way."""
    if execution.message or not execution.lost_workers:
        return execution.message
    lost = "A worker was" if execution.lost_workers == 1 else f"{execution.lost_workers} workers were"
    went = "goes" if execution.status == LogStatus.IN_PROCESS else "went"
    return f"{lost} lost, another {went} on."


class WorkerTable(ListTable):
    """Workers: who is there, and what they run."""

    key = "workers"
    fixed = ("name",)

    name = columns.NameColumn(accessor="host", verbose_name="Worker", order_by=("host", "pid"))
    state = tables.Column(empty_values=(), orderable=False)
    processes = tables.Column(attrs=_NUMBER)
    started_at = columns.MomentColumn(verbose_name="Started")
    heartbeat_at = columns.MomentColumn(verbose_name="Last Sign of Life")
    runs = tables.Column(empty_values=(), orderable=False, verbose_name="Runs")
    stopped_at = columns.MomentColumn(verbose_name="Stopped")

    class Meta(ListTable.Meta):
        order_by = ("-started_at",)

    def render_name(self, record: Worker) -> SafeString:
        return format_html("<b>{}</b>", record)

    def value_name(self, record: Worker) -> str:
        return str(record)

    def render_state(self, record: Worker) -> SafeString:
        return formatting.pill(record.state, WORKER_TONES[record.state])

    def value_state(self, record: Worker) -> str:
        return record.state

    def render_runs(self, record: Worker) -> SafeString:
        """Needs the entries at hand."""
        running = [(entry_url(entry), entry) for entry in record.entries.all()]
        return format_html_join(", ", '<a href="{}">{}</a>', running)

    def value_runs(self, record: Worker) -> str:
        return ", ".join(str(entry) for entry in record.entries.all())
