"""Job Queue Entries: the list, and what a person does to entries."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.generic import View

from joblog.addresses import log_url
from joblog.entry_states import run_now, set_on_hold, set_ready
from joblog.filters import QueueFilter
from joblog.models import JobQueueEntry
from joblog.tables import QueueTable
from syncadmin.ui.formatting import count
from syncadmin.ui.views import ListPage, Permitted, next_url, tell

_VERBS = {"ready": (set_ready, "set to Ready"), "hold": (set_on_hold, "set On Hold"), "run": (run_now, "started")}


class QueueList(ListPage):
    title = "Job Queue Entries"
    noun = ("entry", "entries")
    table_class = QueueTable
    filter_class = QueueFilter
    actions_template = "joblog/queue_actions.html"
    empty_text = "There is no job queue entry. The default set-up makes one for every mapping: manage.py setup default"
    live_seconds = 5

    def get_rows(self) -> QuerySet[Any]:
        return JobQueueEntry.objects.select_related("mapping__business_central", "user")


class QueueState(Permitted, View):
    """Sets the entries ``entry`` ``do``: ready, hold or run."""

    permission = "mappings.operate"

    def post(self, request: HttpRequest) -> HttpResponse:
        ids = [int(text) for text in request.POST.getlist("entry") if text.isdigit() and len(text) < 19]
        back = HttpResponseRedirect(next_url(request, reverse("joblog:queue")))
        if not ids or request.POST.get("do") not in _VERBS:
            tell(request, "Nothing was changed: select a job queue entry first.", level=messages.ERROR)
            return back
        change, told = _VERBS[request.POST["do"]]
        changed = change(ids).done
        if changed:
            tell(
                request,
                f"{count(changed)} job queue {'entry was' if changed == 1 else 'entries were'} {told}.",
                url=log_url(),
                label="Open the log",
            )
        if changed < len(ids):
            tell(request, f"{count(len(ids) - changed)} left alone: running, or gone by now.", level=messages.WARNING)
        return back
