"""The card of one job queue entry: what it runs and when, what it does at this moment, and how its last runs went."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from joblog.exchange import entry_plain
from joblog.models import JobQueueEntry, JobQueueLogEntry, JobStatus, QueueStatus, SynchJob
from joblog.queue_forms import QueueEntryForm
from joblog.queue_tables import LOG_TONES, QUEUE_TONES, parameters_in_words
from joblog.recurrence import NoNextRun
from joblog.schedule import RESTING, next_runs, recurrence, runs_once_ready
from joblog.tables import PHASES, progress
from mappings.changes import Person, keep_change
from mappings.first_steps import missing_mapping
from syncadmin.ui.empty import nothing_for
from syncadmin.ui.views import Page, tell

_RUNS_SHOWN = 5
_OFFER = {QueueStatus.ON_HOLD, QueueStatus.ERROR, QueueStatus.IN_PROCESS}
_HOLD_FIRST = "It is not On Hold any more, so nothing was saved. You must first choose the Set On Hold action."


class QueueEntryCard(Page):
    """Only an entry On Hold takes changes. What it does is fetched again every few seconds as the fragment of the FactBox.

    The fragment is asked for with the status that the whole page was rendered with (``shown``). Where fields are locked and their time has
    come, or another action is offered, the page is loaded anew; what somebody is typing into is left alone.
    """

    template_name = "joblog/queue_entry.html"
    fragment_template = "joblog/queue_factbox.html"
    change_permission = "mappings.configure"

    def render_to_response(self, context: dict[str, Any], **options: Any) -> HttpResponse:
        answer = super().render_to_response(context, **options)
        shown = self.request.GET.get("shown", "")
        if shown and shown != QueueStatus.ON_HOLD and _offers(shown) != _offers(context["entry"].status):
            answer.headers["HX-Refresh"] = "true"
        return answer

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        entry = self._entry()
        context = _facts(entry) | {"shown_status": self.request.GET.get("shown") or entry.status}
        if not getattr(self.request, "htmx", False):
            form = extra.pop("form", None) or QueueEntryForm(instance=entry)
            may_change = entry.editable and self.request.user.has_perm(self.change_permission)
            if not may_change:
                form.lock()
            context |= {"form": form, "may_change": may_change, "back_url": reverse("joblog:queue")}
        return super().get_context_data(title=entry.description, factbox_template=self.fragment_template, **context, **extra)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:  # noqa: ARG002
        entry = self._entry()
        before = entry_plain(entry)
        form = QueueEntryForm(request.POST, instance=entry)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        if not _save(form, before, request.user):
            tell(request, _HOLD_FIRST, level=messages.ERROR)
        else:
            tell(request, f"{form.cleaned_data['description']} was saved. Set it to Ready, so that it runs.")
        return HttpResponseRedirect(request.path)

    def _entry(self) -> JobQueueEntry:
        rows = JobQueueEntry.objects.select_related("mapping__business_central", "user", "current_log", "worker")
        return get_object_or_404(rows, pk=self.kwargs["pk"])


class NewQueueEntry(Page):
    """A new entry is On Hold until somebody sets it to Ready."""

    title = "New Job Queue Entry"
    change_permission = "mappings.configure"
    template_name = "joblog/queue_entry.html"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        form = extra.pop("form", None) or QueueEntryForm(instance=JobQueueEntry())
        may_change = self.request.user.has_perm(self.change_permission)
        if not may_change:
            form.lock()
        nothing = nothing_for(self.request.user, missing_mapping(), "there is nothing to schedule")
        return super().get_context_data(nothing=nothing, form=form, may_change=may_change, back_url=reverse("joblog:queue"), **extra)

    def post(self, request: HttpRequest) -> HttpResponse:
        form = QueueEntryForm(request.POST, instance=JobQueueEntry())
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        with transaction.atomic():
            entry = JobQueueEntry.objects.create(status=QueueStatus.ON_HOLD, user_id=request.user.pk, **form.values())
            _keep(request.user, entry, "New", None)
        tell(request, f"{entry.description} is On Hold. Set it to Ready, so that it runs.")
        return HttpResponseRedirect(reverse("joblog:queue-entry", args=[entry.pk]))


def _offers(status: str) -> str:
    """What decides about fields and buttons; the other statuses look alike."""
    return status if status in _OFFER else ""


def _save(form: QueueEntryForm, before: dict[str, Any], user: Person) -> bool:
    """Whether the entry was still On Hold; saved then, in one statement that no worker can get between."""
    with transaction.atomic():
        rows = JobQueueEntry.objects.filter(pk=form.instance.pk, status=QueueStatus.ON_HOLD)
        if not rows.update(**form.values()):
            return False
        entry = JobQueueEntry.objects.select_related("mapping__business_central").get(pk=form.instance.pk)
        labels = [str(form.fields[name].label or name) for name in form.changed_data]
        if labels:
            _keep(user, entry, ", ".join(labels), before)
    return True


def _keep(user: Person, entry: JobQueueEntry, what: str, before: dict[str, Any] | None) -> None:
    company = entry.mapping.business_central.company if entry.mapping else ""
    keep_change(user, kind="job queue entry", name=entry.description, company=company, what=what, before=before, after=entry_plain(entry))


def _facts(entry: JobQueueEntry) -> dict[str, Any]:
    jobs = SynchJob.objects.filter(log_entry=entry.current_log, status=JobStatus.IN_PROCESS).order_by("id") if entry.current_log else ()
    runs, trouble = _foreseen(entry)
    executions = JobQueueLogEntry.objects.filter(entry=entry).order_by("-pk")[:_RUNS_SHOWN]
    return {
        "entry": entry,
        "tone": QUEUE_TONES.get(entry.status, ""),
        "recurrence": recurrence(entry),
        "scope": parameters_in_words(entry),
        "running": [(job, progress(job), PHASES.get(job.phase, job.phase)) for job in jobs],
        "may_cancel": entry.current_log is not None or entry.status == QueueStatus.IN_PROCESS or not entry.recurring,
        "runs": runs,
        "once_ready": entry.status in RESTING,
        "trouble": trouble,
        "executions": [(one, LOG_TONES.get(one.status, "")) for one in executions],
        "live_seconds": 2 if entry.status == QueueStatus.IN_PROCESS else 5,
    }


def _foreseen(entry: JobQueueEntry) -> tuple[list[Any], str]:
    """The next five runs, or those that setting it to Ready would give; or why there are none."""
    foresee = runs_once_ready if entry.status in RESTING else next_runs
    try:
        return foresee(entry, timezone.now()), ""
    except NoNextRun as error:
        return [], str(error)
