"""Integration Synchronization Log: the list of jobs, and what failed in one of them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from joblog.addresses import destination_url, entries_url, source_url
from joblog.cause_tables import causes_in
from joblog.entry_tables import destination_link, source_link, what_happened
from joblog.filters import JobFilter
from joblog.first_steps import missing_run
from joblog.models import EntryAction, JobType, SynchEntry, SynchJob
from joblog.tables import JobTable
from joblog.time_strip import HEIGHT, WIDTH, time_strip
from mappings.first_steps import TABLE_MAPPINGS
from syncadmin.ui.empty import Empty, NextStep
from syncadmin.ui.tables import ListTable
from syncadmin.ui.views import ListPage, Page

SECONDS_WHILE_RUNNING, SECONDS_AT_REST = 2, 5
FAILURES_SHOWN, CAUSES_SHOWN = 20, 3
_COUPLING_TYPES = {JobType.COUPLING, JobType.UNCOUPLING}


class LogList(ListPage):
    title = "Integration Synchronization Log"
    noun = ("job", "jobs")
    template_name = "joblog/log.html"
    fragment_template = "joblog/log_list.html"
    table_class = JobTable
    filter_class = JobFilter
    actions_template = "joblog/log_actions.html"
    views = (
        ("Needs attention", "attention=on&period=30"),
        ("Running now", "status=In+Process&period=all"),
        ("Full syncs", "type=Full&period=30"),
        ("Previews", "type=Preview&period=30"),
        ("Mine", "mine=on&period=30"),
    )
    empty_text = "No job ran in the last 7 days. Look at a longer period, or run a mapping from the Integration Table Mappings."
    next_steps = (NextStep("Jobs of any time", "?period=all"), TABLE_MAPPINGS)

    def empty(self) -> Empty:
        missing = missing_run()
        return missing.so() if missing else super().empty()

    def get_rows(self) -> QuerySet[Any]:
        return SynchJob.objects.defer("cursor", "call_stack", "scope", "timings")

    def get_table(self, rows: QuerySet[Any]) -> ListTable:
        """Columns change with the type of job, as in Business Central, until a person chooses columns."""
        table = super().get_table(rows)
        if self.request.GET.get("type") in _COUPLING_TYPES and self.chosen_columns() is None:
            for name in ("coupled", "uncoupled"):
                table.columns.show(name)
        return table

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        context = super().get_context_data(**extra)
        table = context["table"]
        jobs = [row.record for row in table.page.object_list]
        running = any(job.running for job in jobs)
        first = table.page.number == 1
        context["live_seconds"] = SECONDS_WHILE_RUNNING if running else SECONDS_AT_REST if first else 0
        context |= {"strip": time_strip(jobs), "strip_width": WIDTH, "strip_height": HEIGHT}
        context["record"] = self.request.GET.get("record", "")
        context["asked"] = self.request.META["QUERY_STRING"]
        return context


class JobFailures(Page):
    """A fragment for the log: the failed records of a job, below its row."""

    template_name = "joblog/failures.html"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        job = get_object_or_404(SynchJob, pk=self.kwargs["pk"])
        rows = SynchEntry.objects.filter(job=job, action=EntryAction.FAILED).order_by("-id")[:FAILURES_SHOWN]
        return super().get_context_data(
            job=job,
            failures=[_shown(entry, job) for entry in rows],
            causes=causes_in(job, limit=CAUSES_SHOWN),
            more=max(0, job.failed - FAILURES_SHOWN),
            failed_url=entries_url(job, EntryAction.FAILED),
            **extra,
        )


def _shown(entry: SynchEntry, job: SynchJob) -> dict[str, Any]:
    entry.job = job
    return {
        "entry": entry,
        "source": source_link(entry),
        "destination": destination_link(entry),
        "text": what_happened(entry),
        "url": source_url(entry) or destination_url(entry),
    }
