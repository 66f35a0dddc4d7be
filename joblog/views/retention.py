"""Log Retention: how long what is kept, and deleting by hand. Both are an Administrator's."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.generic import View

from joblog.models import JobQueueLogEntry, Kept, RetentionRule, RunKind
from joblog.retention import JOBS, MOST_DAYS, RUNS, days_kept, enqueue, retention_entry
from mappings.changes import keep_change
from syncadmin.ui.views import Page, Permitted, next_url, tell

_RUNS_SHOWN = 5


class RetentionForm(forms.Form):
    """Days per kind of log; blank keeps for ever."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for kept in Kept:
            self.fields[kept.value] = forms.IntegerField(
                label=kept.label,
                required=False,
                min_value=1,
                max_value=MOST_DAYS,
                widget=forms.NumberInput(attrs={"placeholder": "for ever"}),
            )


class Retention(Page):
    title = "Log Retention"
    template_name = "joblog/retention.html"
    change_permission = "mappings.configure"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        form = extra.pop("form", None) or RetentionForm(initial={kept.value: days for kept, days in days_kept().items()})
        may_change = self.request.user.has_perm(self.change_permission)
        for field in form.fields.values():
            field.disabled = not may_change
        runs = JobQueueLogEntry.objects.filter(run_kind=RunKind.RETENTION).order_by("-id")[:_RUNS_SHOWN]
        return super().get_context_data(form=form, may_change=may_change, back_url=reverse("joblog:log"), runs=runs, **extra)

    def post(self, request: HttpRequest, **_kwargs: Any) -> HttpResponse:
        form = RetentionForm(request.POST)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        before = _plain(days_kept())
        with transaction.atomic():
            for kept in Kept:
                RetentionRule.objects.update_or_create(kept=kept, defaults={"days": form.cleaned_data[kept.value]})
            after = _plain(days_kept())
            if before != after:
                keep_change(request.user, kind="log retention", name="Log retention", what="Log retention", before=before, after=after)
        tell(
            request,
            "The log is kept as you have chosen. What is older is deleted once a day." if before != after else "Nothing was changed.",
        )
        return HttpResponseRedirect(request.path)


def _plain(days: dict[Kept, int | None]) -> dict[str, int | None]:
    return {kept.value: number for kept, number in days.items()}


class DeleteLog(Permitted, View):
    """Lets a worker delete what is older than ``days`` (0: all that is not In Process) of the synchronization log.

    With ``what=runs`` of the log of the job queue; without ``days`` by the rules.
    """

    permission = "mappings.configure"

    def post(self, request: HttpRequest) -> HttpResponse:
        what, days = request.POST.get("what", JOBS), request.POST.get("days", "")
        back = HttpResponseRedirect(next_url(request, reverse("joblog:log")))
        if what not in (JOBS, RUNS) or (days and not (days.isdecimal() and len(days) < 10 and int(days) <= MOST_DAYS)):
            tell(request, "Nothing was deleted: say how many days are kept.", level=messages.ERROR)
            return back
        entry = retention_entry(older_than=int(days) if days else None, what=what, user=request.user)
        with transaction.atomic():
            enqueue(entry)
        tell(request, f"{entry.description}: this runs in the background.", url=reverse("joblog:retention"), label="See how far it is")
        return back
