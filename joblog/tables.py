"""Lists of jobs and of job queue entries, and the columns that only they have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import django_tables2 as tables
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from joblog.addresses import entries_url
from joblog.models import JobStatus, JobType, SynchJob, WatchedTable
from mappings.models import SystemKind
from syncadmin.ui import columns, formatting
from syncadmin.ui.tables import ListTable

JOB_TONES = {"Finished": "good", "Error": "bad", "In Process": "info", "Canceled": "warn"}
PHASES = {
    "retry": "failed records first",
    "explicit": "named records",
    "window": "changed records",
    "waiting": "waits for a system",
    "paused": "paused",
    "done": "",
}


def _entries_of(action: str = "", **query: str) -> Callable[[SynchJob], str]:
    """What a count of a job opens; nothing while its entries are being deleted."""
    return lambda job: "" if job.emptied_at else entries_url(job, action, **query)


def _labelled(word: str) -> dict[str, dict[str, str]]:
    """A number that says what it counts where there is no room for a heading (static/css/jobs.css)."""
    return {"th": {"class": "num"}, "td": {"class": "num", "data-label": word}}


def _job_url(record: SynchJob) -> str:
    return reverse("joblog:job", args=[record.pk])


class ExpandColumn(tables.Column):
    """A button that opens the failed records of a job below its row."""

    attrs = {"th": {"class": "expand"}, "td": {"class": "expand"}}

    def __init__(self, **options: Any) -> None:
        super().__init__(**({"accessor": "failed", "orderable": False, "verbose_name": "", "exclude_from_export": True} | options))

    def render(self, record: SynchJob) -> SafeString:
        if not record.failed and record.status != JobStatus.ERROR:
            return SafeString("")
        return format_html(
            '<button type="button" class="expander" id="expand-{}" data-expands="{}" aria-expanded="false" aria-label="What failed in {}">'
            '<span aria-hidden="true">▸</span></button>',
            *(record.pk, reverse("joblog:job-failures", args=[record.pk]), record),
        )


class JobDurationColumn(tables.Column):
    """How long a job took; while it runs, how far it is."""

    attrs = {"td": {"class": "duration"}}

    def render(self, record: SynchJob) -> SafeString | str:
        return progress(record) if record.running else formatting.duration(record.seconds)

    def value(self, record: SynchJob) -> float | str:
        return "" if record.seconds is None else round(record.seconds, 3)

    def order(self, rows: QuerySet[SynchJob], is_descending: bool) -> tuple[QuerySet[SynchJob], bool]:
        length = F("finished_at") - F("started_at")
        return rows.order_by(length.desc(nulls_last=True) if is_descending else length.asc(nulls_last=True), "-pk"), True


def progress(job: SynchJob) -> SafeString:
    """A bar with the share of rows read where the number is known, else the number of rows read so far."""
    if job.to_read:
        share = min(100, job.read * 100 // job.to_read)
        return format_html('<progress max="100" value="{}" aria-label="{} % read"></progress> {} %', share, share, share)
    if job.read:
        return format_html('<progress aria-label="Running"></progress> {} read', formatting.count(job.read))
    return format_html(
        '<progress aria-label="Running"></progress> {}', formatting.duration((timezone.now() - job.started_at).total_seconds() // 1)
    )


class JobTable(ListTable):
    """Integration Synchronization Log (page 5338), with the mapping's name where people look for it."""

    key = "log"
    fixed = ("select", "expand", "name")
    newest = ("-started_at", "-pk")
    quick_sorts = ("started_at",)
    quick_filters = ("started_at", "name", "status", "type", "trigger", "user_name")

    select = columns.SelectColumn(name="job", label=str)
    expand = ExpandColumn()
    started_at = columns.MomentColumn(verbose_name="Start")
    duration = JobDurationColumn(empty_values=(), verbose_name="Duration")
    name = columns.NameColumn(accessor="mapping_name", verbose_name="Mapping", linkify=_job_url)
    direction = columns.DirectionColumn()
    inserted = columns.CountColumn(url=_entries_of("Inserted"), attrs=_labelled("inserted"))
    modified = columns.CountColumn(url=_entries_of("Modified"), attrs=_labelled("modified"))
    deleted = columns.CountColumn(url=_entries_of("Deleted"), attrs=_labelled("deleted"))
    unchanged = columns.CountColumn(attrs=_labelled("unchanged"))
    skipped = columns.CountColumn(url=_entries_of("Skipped"), attrs=_labelled("skipped"))
    failed = columns.CountColumn(url=_entries_of("Failed"), tone="bad", attrs=_labelled("failed"))
    conflicts = columns.CountColumn(url=_entries_of(code="conflict"), tone="bad", attrs=_labelled("conflicts"), visible=False)
    open_issues = columns.CountColumn(url=_entries_of(state="open"), verbose_name="Still Failing", visible=False)
    coupled = columns.CountColumn(url=_entries_of("Coupled"), attrs=_labelled("coupled"), visible=False)
    uncoupled = columns.CountColumn(url=_entries_of("Uncoupled"), attrs=_labelled("uncoupled"), visible=False)
    status = columns.PillColumn(tones=JOB_TONES, attrs={"td": {"class": "status"}})
    message = columns.ClipColumn(orderable=False, empty_values=(), attrs={"th": {"class": "roomy"}, "td": {"class": "clip soft roomy"}})
    type = tables.Column(visible=False)
    trigger = tables.Column(visible=False)
    user_name = tables.Column(verbose_name="Started by", visible=False)
    finished_at = columns.MomentColumn(verbose_name="Finish", visible=False)
    read = columns.CountColumn(verbose_name="Read", visible=False)
    requests = tables.Column(empty_values=(), orderable=False, visible=False, attrs={"th": {"class": "num"}, "td": {"class": "num"}})
    mapping_version = tables.Column(verbose_name="Version", visible=False, attrs={"th": {"class": "num"}, "td": {"class": "num"}})
    company = tables.Column(visible=False)
    pk = tables.Column(verbose_name="No.", visible=False, attrs={"th": {"class": "num"}, "td": {"class": "num"}})

    class Meta(ListTable.Meta):
        order_by = ("-started_at",)

    def render_message(self, record: SynchJob) -> SafeString:
        return format_html('<span title="{}">{}</span>', told(record), told(record))

    def value_message(self, record: SynchJob) -> str:
        return record.message

    def render_requests(self, record: SynchJob) -> str:
        return formatting.count(record.bc_requests + record.sales_requests)

    def value_requests(self, record: SynchJob) -> int:
        return record.bc_requests + record.sales_requests


def told(job: SynchJob) -> str:
    """The message of a job; where it has none and is no plain synchronization, what kind of job it is."""
    if job.message or job.type == JobType.SYNCHRONIZATION:
        return job.message
    if job.type == JobType.PREVIEW:
        return "Preview"
    counted = [f"{formatting.count(number)} {word}" for word in ("coupled", "uncoupled") if (number := getattr(job, word))]
    return ", ".join(counted) or job.get_type_display()


class WatchedTableTable(ListTable):
    """Watched Tables: whose changes wake entries, and how they come to be known."""

    key = "watched-tables"

    name = columns.NameColumn(accessor="label", verbose_name="Table", order_by=("label",))
    told_by = tables.Column(empty_values=(), verbose_name="Known by", order_by=("subscription",))
    system = tables.Column(accessor="system__name", verbose_name="System")
    told_at = columns.MomentColumn(verbose_name="Last Told")
    newest = columns.MomentColumn(verbose_name="Newest Change Seen")
    looked_at = columns.MomentColumn(verbose_name="Last Looked at")
    expires_at = columns.MomentColumn(verbose_name="Ends", visible=False)
    message = columns.ClipColumn(verbose_name="Message", attrs={"td": {"class": "clip wide"}})
    set_name = tables.Column(accessor="name", verbose_name="Set", visible=False)

    class Meta(ListTable.Meta):
        order_by = ("system", "name")

    def render_told_by(self, record: WatchedTable) -> SafeString:
        if not record.subscription:
            return formatting.pill("light poll", "info")
        return formatting.pill("subscription" if record.system.kind == SystemKind.BUSINESS_CENTRAL else "webhook", "good")

    def value_told_by(self, record: WatchedTable) -> str:
        return "told" if record.subscription else "light poll"
