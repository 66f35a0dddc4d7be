"""One synch job, and the entries behind its counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from joblog.addresses import entries_url, log_url
from joblog.entry_tables import EntryTable
from joblog.filters import EntryFilter
from joblog.models import EntryAction, JobType, SynchEntry, SynchJob
from joblog.scope import Scope
from joblog.scope_words import scope_in_words
from joblog.tables import JOB_TONES, progress
from syncadmin.ui.views import ListPage, Page

ENTRIES_SHOWN = 25
_WITHOUT_WINDOW = {JobType.COUPLING, JobType.UNCOUPLING, JobType.FIND_DELETED, JobType.STATISTICS}
_COUNTED = tuple(action for action in EntryAction if action is not EntryAction.SENDING)


@dataclass(frozen=True)
class Tab:
    """One counter of the job as a tab; ``action`` is "" for all entries."""

    label: str
    action: str
    number: int
    current: bool


class JobPage(Page):
    """While the job runs, its fragment is fetched again every few seconds."""

    template_name = "joblog/job.html"
    fragment_template = "joblog/job_body.html"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        job = get_object_or_404(SynchJob.objects.select_related("mapping", "log_entry"), pk=self.kwargs["pk"])
        scope = Scope.from_json(job.scope)
        tabs = _tabs(job, self.request.GET.get("action", ""))
        action = next((tab.action for tab in tabs if tab.current), "")
        rows = _entries(job).filter(action=action) if action else _entries(job)
        table = EntryTable(rows.order_by("-id")[:ENTRIES_SHOWN], orderable=False, exclude=("action",) if action else ())
        return super().get_context_data(
            title=job_name(job),
            job=job,
            progress=progress(job) if job.running else "",
            tone=JOB_TONES.get(job.status, ""),
            tabs=tabs,
            table=table,
            entries_url=entries_url(job, action),
            log_url=log_url(job.mapping_name),
            scope=scope_in_words(scope),
            reads_window=not scope.explicit and not scope.pairs and job.type not in _WITHOUT_WINDOW,
            empty_text=_empty_text(job),
            live_seconds=2 if job.running else 0,
            **extra,
        )


def job_name(job: SynchJob) -> str:
    """``CUSTOMER → To Sales``; for jobs without a direction what they are: ``CUSTOMER · Coupling``."""
    if job.type in _WITHOUT_WINDOW:
        return f"{job.mapping_name} · {job.get_type_display()}"
    return f"{job.mapping_name} {job.arrow} {job.get_direction_display()}"


def _tabs(job: SynchJob, wanted: str) -> list[Tab]:
    """All entries, then each counter that is not zero; failed ones first unless another tab is asked for."""
    counts = {action.value: getattr(job, action.value.lower()) for action in _COUNTED}
    shown = wanted if counts.get(wanted) or wanted == "all" else EntryAction.FAILED.value if job.failed else "all"
    tabs = [Tab("All", "", sum(counts.values()), shown == "all")]
    return tabs + [Tab(name, name, number, shown == name) for name, number in counts.items() if number]


def _empty_text(job: SynchJob) -> str:
    if job.running:
        return "No record has been touched yet."
    return "No record was touched: every record that was read is unchanged." if job.unchanged else "No record was touched."


def _entries(job: SynchJob) -> QuerySet[SynchEntry]:
    return SynchEntry.objects.filter(job=job).select_related("job")


class JobEntries(ListPage):
    """Exactly the entries behind a count."""

    noun = ("record", "records")
    template_name = "joblog/entries.html"
    table_class = EntryTable
    filter_class = EntryFilter
    actions_template = "joblog/entries_actions.html"
    empty_text = "This job touched no record."

    def get_rows(self) -> QuerySet[Any]:
        return SynchEntry.objects.filter(job=self.kwargs["pk"]).select_related("job")

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        job = get_object_or_404(SynchJob.objects.select_related("mapping"), pk=self.kwargs["pk"])
        return super().get_context_data(title=f"{job_name(job)} · Records", job=job, **extra)
