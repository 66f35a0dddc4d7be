"""Job Queue Log Entries: every execution of an entry, with its message, its call stack and the jobs that it made."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse, reverse_lazy
from django.views.generic import View

from joblog.execution_text import execution_text
from joblog.executions import mark_as_error
from joblog.first_steps import JOB_QUEUE
from joblog.models import JobQueueLogEntry, LogStatus, SynchJob
from joblog.queue_filters import QueueLogFilter
from joblog.queue_tables import LOG_TONES, QueueLogTable, parameters_in_words
from joblog.tables import JOB_TONES
from mappings.first_steps import missing_mapping
from syncadmin.ui.empty import Empty, NextStep
from syncadmin.ui.formatting import count
from syncadmin.ui.views import ListPage, Page, Permitted, next_url, posted_keys, tell

_JOBS_SHOWN = 100


class QueueLogList(ListPage):
    title = "Job Queue Log Entries"
    noun = ("execution", "executions")
    table_class = QueueLogTable
    filter_class = QueueLogFilter
    actions_template = "joblog/queue_log_actions.html"
    empty_text = "No run of a job queue entry is kept here. Set entries to Ready, or run one now; a worker carries them out."
    next_steps = (JOB_QUEUE, NextStep("Workers", reverse_lazy("joblog:workers")))
    live_seconds = 5
    views = (("Running now", "status=In+Process"), ("Failed", "status=Error"), ("Lost workers", "lost=on"))

    def empty(self) -> Empty:
        missing = missing_mapping()
        return missing.so("nothing has run") if missing else super().empty()

    def get_rows(self) -> QuerySet[Any]:
        return JobQueueLogEntry.objects.defer("call_stack", "notes")


class QueueLogEntryPage(Page):
    """One execution; while it runs, its fragment is fetched again every few seconds."""

    template_name = "joblog/queue_log_entry.html"
    fragment_template = "joblog/queue_log_entry_body.html"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        execution = get_object_or_404(JobQueueLogEntry.objects.select_related("entry"), pk=self.kwargs["pk"])
        return super().get_context_data(
            title=execution.description,
            execution=execution,
            tone=LOG_TONES.get(execution.status, ""),
            scope=parameters_in_words(execution),
            jobs=[(job, JOB_TONES.get(job.status, "")) for job in _jobs_of(execution)],
            running=execution.status == LogStatus.IN_PROCESS,
            live_seconds=2 if execution.status == LogStatus.IN_PROCESS else 0,
            **extra,
        )


class QueueLogEntryText(Permitted, View):
    """All details of one execution as plain text, for the clipboard."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:  # noqa: ARG002
        execution = get_object_or_404(JobQueueLogEntry, pk=pk)
        return HttpResponse(execution_text(execution, list(_jobs_of(execution))), content_type="text/plain; charset=utf-8")


class EntryOfExecution(Permitted, View):
    """Leads from an execution to the entry that it ran."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        execution = get_object_or_404(JobQueueLogEntry, pk=pk)
        if execution.entry_id is not None:
            return HttpResponseRedirect(reverse("joblog:queue-entry", args=[execution.entry_id]))
        tell(request, "The job queue entry of this execution does not exist any more.", level=messages.WARNING)
        return HttpResponseRedirect(reverse("joblog:queue-log-entry", args=[pk]))


class MarkAsError(Permitted, View):
    """Ends the executions ``execution`` that are In Process, and puts their entries in Error (engine.md section 21.7)."""

    permission = "mappings.operate"

    def post(self, request: HttpRequest) -> HttpResponse:
        ids = posted_keys(request, "execution")
        rows = JobQueueLogEntry.objects.filter(pk__in=ids)
        marked = sum(mark_as_error(row, request.user.get_username()) for row in rows)
        if marked:
            tell(request, f"{count(marked)} marked as error. Their entries are in Error until somebody restarts them.")
        if marked < len(ids) or not ids:
            tell(request, "Only executions that are In Process can be marked as error; select one first.", level=messages.WARNING)
        return HttpResponseRedirect(next_url(request, reverse("joblog:queue-log")))


def _jobs_of(execution: JobQueueLogEntry) -> QuerySet[SynchJob]:
    return SynchJob.objects.filter(log_entry=execution).defer("cursor", "scope", "call_stack", "timings").order_by("id")[:_JOBS_SHOWN]
