"""The log lines of a job: a tab of its page, and a list to search, filter and export."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from joblog.filters import LineFilter
from joblog.job_text import job_name
from joblog.line_tables import BAR_WIDTH, JobLineTable, phase_bars
from joblog.models import JobLine, SynchJob
from syncadmin.ui.tables import PAGE_SIZES
from syncadmin.ui.views import ListPage

_NONE = "Nothing was said of this job: it is older than this list, or it has not begun."


def lines_tab(job: SynchJob, request: HttpRequest) -> dict[str, Any]:
    """Phases on top, then the lines, page by page."""
    table, query = JobLineTable(lines_of(job.pk)), request.GET
    table.configure(request=request, sort=query.getlist("sort"), page=query.get("page", ""), per_page=query.get("per_page", ""))
    return {"table": table, "phases": phase_bars(job), "bar_width": BAR_WIDTH, "page_sizes": PAGE_SIZES, "empty_text": _NONE}


def lines_of(job_id: int) -> QuerySet[JobLine]:
    return JobLine.objects.filter(job=job_id).order_by("-id")


class JobLines(ListPage):
    noun = ("line", "lines")
    template_name = "joblog/entries.html"
    table_class = JobLineTable
    filter_class = LineFilter
    actions_template = "joblog/entries_actions.html"
    empty_text = _NONE
    views = (("Warnings and errors", "attention=on"),)

    def get_rows(self) -> QuerySet[Any]:
        return lines_of(self.kwargs["pk"])

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        job = get_object_or_404(SynchJob.objects.select_related("mapping"), pk=self.kwargs["pk"])
        context = super().get_context_data(title=f"{job_name(job)} · Log Lines", job=job, **extra)
        context["live_seconds"] = 2 if job.running and context["table"].page.number == 1 else 0
        return context
