"""Job Queue Entries: the list, and what a person does to entries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse, reverse_lazy
from django.views.generic import View

from joblog import entry_states
from joblog.addresses import log_url
from joblog.entry_states import Outcome
from joblog.models import JobQueueEntry, JobStatus, SynchJob
from joblog.queue_filters import QueueFilter
from joblog.queue_tables import QueueTable
from mappings.first_steps import DEFAULT_SETUP, missing_mapping
from syncadmin.ui.empty import Empty, NextStep
from syncadmin.ui.formatting import count
from syncadmin.ui.views import ListPage, Permitted, next_url, posted_keys, require, tell

_Change = Callable[[Sequence[int], str], Outcome]
_CONFIGURE = "mappings.configure"
PRIORITIES = {"high": 100, "normal": 1000, "low": 10_000}


def _prioritized(name: str) -> _Change:
    return lambda ids, _by: entry_states.set_priority(ids, PRIORITIES[name])


# by what is posted: the change, how it is told, and the permission that it needs beyond operating
_VERBS: dict[str, tuple[_Change, str, str]] = {
    "ready": (lambda ids, _by: entry_states.set_ready(ids), "set to Ready", ""),
    "hold": (entry_states.set_on_hold, "set On Hold", ""),
    "run": (lambda ids, _by: entry_states.run_now(ids), "started", ""),
    "restart": (lambda ids, _by: entry_states.restart(ids), "restarted", ""),
    "cancel": (entry_states.cancel, "canceled", ""),
    "cancel-jobs": (entry_states.cancel, "canceled", ""),
    "delete": (lambda ids, _by: entry_states.remove(ids), "deleted", _CONFIGURE),
    "remove-failed": (lambda _ids, _by: entry_states.remove_failed(), "removed", _CONFIGURE),
    **{f"priority-{name}": (_prioritized(name), f"given the priority {number}", _CONFIGURE) for name, number in PRIORITIES.items()},
}
_NEEDS_NO_ROW = {"remove-failed"}
_NO_ENTRY = "Nothing was changed: select a job queue entry first."
_NO_JOB = "Nothing was canceled: select jobs that are In Process first."


class QueueList(ListPage):
    title = "Job Queue Entries"
    noun = ("entry", "entries")
    table_class = QueueTable
    filter_class = QueueFilter
    actions_template = "joblog/queue_actions.html"
    empty_text = (
        "There is no job queue entry, so no mapping runs by itself. Use Default Synchronization Setup makes those that are missing for its "
        "mappings; a new entry runs what you choose, when you say."
    )
    next_steps = (DEFAULT_SETUP, NextStep("New job queue entry", reverse_lazy("joblog:queue-new"), _CONFIGURE))
    live_seconds = 5
    views = (("Running now", "status=In+Process"), ("Failed", "status=Error"), ("Waiting", "status=Waiting"), ("On hold", "status=On+Hold"))

    def empty(self) -> Empty:
        missing = missing_mapping()
        return missing.so("there is nothing to schedule") if missing else super().empty()

    def get_rows(self) -> QuerySet[Any]:
        return JobQueueEntry.objects.select_related("mapping__business_central", "user", "current_log")


class QueueState(Permitted, View):
    """Changes the entries ``entry``; ``do`` is one of the verbs above. ``cancel-jobs`` takes synch jobs ``job`` instead."""

    permission = "mappings.operate"

    def post(self, request: HttpRequest) -> HttpResponse:
        back = HttpResponseRedirect(next_url(request, reverse("joblog:queue")))
        verb = request.POST.get("do", "")
        ids = _running(posted_keys(request, "job")) if verb == "cancel-jobs" else posted_keys(request, "entry")
        if verb not in _VERBS or not (ids or verb in _NEEDS_NO_ROW):
            tell(request, _NO_JOB if verb == "cancel-jobs" else _NO_ENTRY, level=messages.ERROR)
            return back
        change, told, permission = _VERBS[verb]
        if permission:
            require(request, permission)
        _tell(request, change(ids, request.user.get_username()), told)
        return back


class RecordOfEntry(Permitted, View):
    """Leads from an entry to the mapping that it runs (Show Record)."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        entry = get_object_or_404(JobQueueEntry, pk=pk)
        if entry.mapping_id is not None:
            return HttpResponseRedirect(reverse("mappings:mapping-edit", args=[entry.mapping_id]))
        tell(request, f"{entry.description} runs for no mapping of its own, so there is no record to show.", level=messages.WARNING)
        return HttpResponseRedirect(reverse("joblog:queue-entry", args=[pk]))


def _running(jobs: Sequence[int]) -> list[int]:
    """The entries that run these jobs at this moment."""
    rows = SynchJob.objects.filter(pk__in=jobs, status=JobStatus.IN_PROCESS, log_entry=F("log_entry__entry__current_log"))
    return list(rows.values_list("log_entry__entry_id", flat=True).distinct())


def _tell(request: HttpRequest, outcome: Outcome, told: str) -> None:
    if outcome.changed:
        changed = f"{count(outcome.changed)} job queue {'entry was' if outcome.changed == 1 else 'entries were'}"
        tell(request, f"{changed} {told}.", url=log_url(), label="Open the log")
    if outcome.stopping:
        tell(request, f"{count(outcome.stopping)} {'stops' if outcome.stopping == 1 else 'stop'} at the next page of records.")
    for reason, number in Counter(outcome.refused.values()).items():
        tell(request, f"{count(number)} left alone: {reason}.", level=messages.WARNING)
    if not (outcome.done or outcome.refused):
        tell(request, "There was nothing to do.", level=messages.INFO)
