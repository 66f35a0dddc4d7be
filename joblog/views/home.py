"""The role center: what needs a look, what happened lately, whether everything is well."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.generic import View

from joblog.activity import Day, activity
from joblog.addresses import log_url
from joblog.assisted_setup import Step, steps
from joblog.cue_resets import reset, undo_reset
from joblog.cues import KINDS, MOST_THRESHOLD, Cue, cues
from joblog.models import CueThreshold, ErrorCause, JobQueueEntry, JobStatus, SynchJob, Worker
from joblog.schedule import PLANNED
from mappings.changes import keep_change
from mappings.models import System
from mappings.views.connections import expiry_of
from syncadmin.ui.formatting import count, rough
from syncadmin.ui.presentation import current
from syncadmin.ui.views import Page, Permitted, tell

_SHOWN = 5
_STEP, _WIDTH, _HEIGHT = 44, 14, 110  # units of the chart's viewBox


@dataclass(frozen=True)
class NextRun:
    """The entry that runs next by itself; ``wait`` tells how long it is until then."""

    entry: JobQueueEntry
    wait: str


@dataclass(frozen=True)
class Bar:
    """One day of the chart: two columns side by side, each of a height of its own."""

    day: Day
    url: str
    title: str
    x: int
    written: int
    failed: int

    @property
    def written_down(self) -> int:
        """From the foot of the chart to the top of the column, as the chart counts."""
        return -self.written

    @property
    def failed_down(self) -> int:
        return -self.failed


class Home(Page):
    title = "Role Center"
    template_name = "joblog/home.html"
    fragment_template = "joblog/home_body.html"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        shown, days, upcoming = cues(), activity(), _upcoming()
        return super().get_context_data(
            cues=shown,
            reset=any(cue.reset for cue in shown),
            bars=_bars(days),
            chart_width=len(days) * _STEP,
            chart_height=_HEIGHT,
            written=sum(day.written for day in days),
            failed=sum(day.failed for day in days),
            running=SynchJob.objects.filter(status=JobStatus.IN_PROCESS).order_by("-id")[:_SHOWN],
            upcoming=upcoming,
            next_run=_next_run(upcoming),
            causes=ErrorCause.objects.filter(records__gt=0).order_by("-records", "id")[:_SHOWN],
            systems=[(row, expiry_of(row)) for row in System.objects.all()],
            setup=_setup(),
            workers=list(Worker.objects.filter(stopped_at=None).order_by("-heartbeat_at")[:_SHOWN]),
            **extra,
        )


class ResetFailedJobs(Permitted, View):
    """Lets the cue of failed jobs count from now on, or with ``undo`` all of its time again."""

    http_method_names = ["post"]
    permission = change_permission = "mappings.operate"

    def post(self, request: HttpRequest) -> HttpResponse:
        if "undo" in request.POST:
            undo_reset(request.user)
            tell(request, "The cue counts all failed jobs of the last 24 hours again.")
        else:
            reset(request.user)
            tell(
                request,
                "The cue counts jobs that fail from now on. Earlier ones stay in the log.",
                url=log_url(failures="on", period="1"),
                label="Show them",
            )
        return HttpResponseRedirect(reverse("joblog:home"))


class Thresholds(Page):
    """From which number on each cue is yellow, and red."""

    title = "Thresholds of the cues"
    template_name = "joblog/thresholds.html"
    change_permission = "mappings.configure"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        form = extra.pop("form", None) or ThresholdForm(cues())
        may_change = self.request.user.has_perm(self.change_permission)
        for field in form.fields.values():
            field.disabled = not may_change
        return super().get_context_data(form=form, rows=form.rows(), may_change=may_change, back_url=reverse("joblog:home"), **extra)

    def post(self, request: HttpRequest) -> HttpResponse:
        before = {cue.kind.name: {"warn_from": cue.warn_from, "bad_from": cue.bad_from} for cue in cues()}
        form = ThresholdForm(cues(), request.POST)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        after = form.save()
        if before != after:
            keep_change(request.user, kind="role center", name="Cues", what="Thresholds", before=before, after=after)
        tell(request, "The thresholds are saved.")
        return HttpResponseRedirect(reverse("joblog:home"))


class ThresholdForm(forms.Form):
    """Two numbers per cue; blank means that it never has that colour."""

    def __init__(self, shown: list[Cue], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.shown = shown
        for cue in shown:
            for name, label, value in (("warn", "yellow", cue.warn_from), ("bad", "red", cue.bad_from)):
                field = forms.IntegerField(
                    required=False, min_value=1, max_value=MOST_THRESHOLD, initial=value, label=f"{cue.kind.label} {label} from"
                )
                field.widget.attrs["aria-label"] = field.label
                self.fields[f"{cue.kind.name}-{name}"] = field

    def clean(self) -> dict[str, Any]:
        for cue in self.shown:
            warn, bad = self.cleaned_data.get(f"{cue.kind.name}-warn"), self.cleaned_data.get(f"{cue.kind.name}-bad")
            if warn is not None and bad is not None and bad <= warn:
                self.add_error(f"{cue.kind.name}-bad", "Red begins above yellow.")
        return self.cleaned_data

    def rows(self) -> list[tuple[Cue, forms.BoundField, forms.BoundField]]:
        return [(cue, self[f"{cue.kind.name}-warn"], self[f"{cue.kind.name}-bad"]) for cue in self.shown]

    def save(self) -> dict[str, dict[str, int | None]]:
        """The thresholds by cue, as they are now."""
        found = {
            kind.name: {"warn_from": self.cleaned_data[f"{kind.name}-warn"], "bad_from": self.cleaned_data[f"{kind.name}-bad"]}
            for kind in KINDS
        }
        rows = [CueThreshold(name=name, **values) for name, values in found.items()]
        CueThreshold.objects.bulk_create(rows, update_conflicts=True, unique_fields=["name"], update_fields=["warn_from", "bad_from"])
        return found


def _setup() -> tuple[int, int, Step] | None:
    """How many steps of how many are done and which comes next, while the installation is not complete."""
    found = steps()
    following = next((step for step in found if not step.done), None)
    return (sum(step.done for step in found), len(found), following) if following else None


def _upcoming() -> list[JobQueueEntry]:
    """What runs next by itself, overdue entries among it."""
    rows = JobQueueEntry.objects.filter(status__in=PLANNED).select_related("mapping").exclude(earliest_start=None)
    return list(rows.order_by("earliest_start", "id")[:_SHOWN])


def _next_run(upcoming: list[JobQueueEntry]) -> NextRun | None:
    """None where nothing is planned."""
    first = next(iter(upcoming), None)
    if first is None or first.earliest_start is None:
        return None
    seconds = (first.earliest_start - timezone.now()).total_seconds()
    return NextRun(first, rough(seconds) if seconds > 0 else "now")


def _bars(days: list[Day]) -> list[Bar]:
    """Heights grow with the logarithm, so that a day of thousands leaves a failed record of another day visible."""
    most = max((max(day.written, day.failed) for day in days), default=0)
    return [_bar(day, place, most) for place, day in enumerate(days)]


def _bar(day: Day, place: int, most: int) -> Bar:
    title = f"{current().day(day.day)}: {count(day.written)} written, {count(day.failed)} failed"
    url = log_url(since=day.day.isoformat(), until=day.day.isoformat(), period="all")
    return Bar(day, url, title, place * _STEP, _height(day.written, most), _height(day.failed, most))


def _height(number: int, most: int) -> int:
    return max(3, round(math.log1p(number) / math.log1p(most) * (_HEIGHT - 16))) if number and most else 0
