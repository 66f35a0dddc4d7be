"""Match-Based Coupling: what records are matched by, what a preview finds, and the coupling (engine.md section 14)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.contrib import messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404

from joblog.addresses import log_url
from joblog.filters import WITH_JOBS
from joblog.match_tables import RESULTS, MatchFilter, MatchTable
from joblog.matching_runs import ways_after
from joblog.models import EntryAction, JobQueueEntry, JobStatus, JobType, QueueStatus, RunKind, SynchEntry, SynchJob
from joblog.queue import enqueue
from joblog.scope import Scope
from joblog.tables import progress
from joblog.views.job import entries_of
from joblog.views.synchronize import DETAILS
from mappings.match_fields import match_fields, matched_by, save_match_fields
from mappings.models import IntegrationTableMapping
from syncadmin.sync.records import Direction, Side
from syncadmin.ui.formatting import count
from syncadmin.ui.tables import ListTable
from syncadmin.ui.views import ListPage, posted_keys, require, tell, tell_scheduled

_AT_WORK = (QueueStatus.READY, QueueStatus.IN_PROCESS, QueueStatus.WAITING)


@dataclass(frozen=True)
class Tab:
    label: str
    result: str
    number: int
    tone: str
    current: bool


class MatchBasedCoupling(ListPage):
    """The list shows what the last preview found. Buttons post to the page: ``do`` is preview, couple (all that match), selected (those
    of ``entry``) or criteria; ``pair`` couples one record with the candidate that a person has chosen. ``keys`` of ``side`` narrow a
    preview to selected records; ``create_new`` and ``synch_after`` are what follows the coupling."""

    noun = ("record", "records")
    table_class = MatchTable
    filter_class = MatchFilter
    template_name = "joblog/match.html"
    fragment_template = "joblog/match_rows.html"
    actions_template = "joblog/match_actions.html"
    change_permission = "mappings.operate"

    @cached_property
    def mapping(self) -> IntegrationTableMapping:
        return get_object_or_404(IntegrationTableMapping.objects.select_related("business_central", "sales"), pk=self.kwargs["pk"])

    @cached_property
    def preview(self) -> SynchJob | None:
        """The last preview of match-based coupling of this mapping."""
        jobs = SynchJob.objects.filter(mapping_name=self.mapping.name, mapping=self.mapping, type=JobType.PREVIEW, scope__match=True)
        return jobs.order_by("-started_at", "-id").first()

    def get_rows(self) -> QuerySet[Any]:
        return entries_of(self.preview.pk).order_by("pk") if self.preview else SynchEntry.objects.none()

    def get_table(self, rows: QuerySet[Any]) -> ListTable:
        table = super().get_table(rows.prefetch_related(WITH_JOBS))
        if isinstance(table, MatchTable):
            table.may_couple = self.request.user.has_perm(self.change_permission)
        return table

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        job, scope = self.preview, Scope.from_json(self.preview.scope) if self.preview else Scope()
        running = self._is_coming()
        numbers = _numbers(job) if job else {}
        context = super().get_context_data(title=f"{self.mapping.name} · Match-Based Coupling", mapping=self.mapping, **extra)
        context |= {"empty_text": _empty_text(job), "live_seconds": 2 if running else 0}
        return context | {
            "job": job,
            "failed": job is not None and job.status == JobStatus.ERROR,
            "progress": progress(job) if job and job.running else "",
            "running": running,
            "selected": len(scope.bc_keys),
            "tabs": _tabs(numbers, self.request.GET.get("result", "")) if job else [],
            "matchable": numbers.get("couple", 0),
            "may_create": Direction.TO_INTEGRATION in self.mapping.directions,
            "create_new": self.mapping.create_new_if_no_match if scope.create_new is None else scope.create_new,
            "synch_after": self.mapping.synch_after_match if scope.synch_after is None else scope.synch_after,
            **({} if self.request.htmx else self._criteria()),  # type: ignore[attr-defined]
        }

    def _is_coming(self) -> bool:
        """Whether a preview waits for a worker or is being made; one that could not be made, and will be tried again, is told instead."""
        entries = JobQueueEntry.objects.filter(mapping=self.mapping, run_kind=RunKind.PREVIEW, parameters__match=True)
        return entries.filter(status__in=_AT_WORK, error_message="").exists()

    def _criteria(self) -> dict[str, Any]:
        return {"matched_by": matched_by(self.mapping), "criteria": match_fields(self.mapping)}

    # ---- what buttons do

    def act(self, request: HttpRequest) -> HttpResponse:
        do = request.POST.get("do", "")
        if do == "criteria":
            return self._save_criteria(request)
        if do == "preview":
            self._preview(request)
        elif do == "couple":
            self._couple_all(request)
        else:
            self._couple_pairs(request)
        return HttpResponseRedirect(request.path)

    def _save_criteria(self, request: HttpRequest) -> HttpResponse:
        require(request, "mappings.configure")
        rows = match_fields(self.mapping, request.POST)
        if not rows.is_valid():
            tell(request, "Nothing was saved: a priority is a whole number from 0 on.", level=messages.ERROR)
        elif rows.has_changed():
            save_match_fields(self.mapping, rows, request.user)
            tell(request, f"The fields by which records of {self.mapping.name} are matched were saved.")
        return HttpResponseRedirect(request.path)

    def _scope(self, request: HttpRequest) -> Scope:
        return Scope(match=True, create_new="create_new" in request.POST, synch_after="synch_after" in request.POST)

    def _preview(self, request: HttpRequest) -> None:
        keys = tuple(dict.fromkeys(request.POST.getlist("keys")))
        if keys and request.POST.get("side") != Side.BUSINESS_CENTRAL:
            text = "Nothing was started: match-based coupling starts from records of Business Central. Select records of that side."
            tell(request, text, level=messages.ERROR)
            return
        scope = replace(self._scope(request), bc_keys=keys)
        if keys:  # from a list of records, which does not ask what follows
            scope = replace(scope, create_new=None, synch_after=None)
        enqueue(mapping=self.mapping, run_kind=RunKind.PREVIEW, scope=scope, user=request.user)
        what = f"{count(len(keys))} record{'s' if len(keys) != 1 else ''}" if keys else "The uncoupled records"
        tell(request, f"{what} of {self.mapping.name} will be matched in the background. Nothing is coupled before you say so.")

    def _couple_all(self, request: HttpRequest) -> None:
        keys = Scope.from_json(self.preview.scope).bc_keys if self.preview else ()
        enqueue(mapping=self.mapping, run_kind=RunKind.MATCH, scope=replace(self._scope(request), bc_keys=keys), user=request.user)
        self._tell(request, f"Records of {self.mapping.name} that match will be coupled in the background.")

    def _couple_pairs(self, request: HttpRequest) -> None:
        """Exactly these pairs, as they were previewed."""
        pairs = self._chosen_pairs(request)
        if not pairs:
            tell(request, "Nothing was coupled: select records that would be coupled first.", level=messages.WARNING)
            return
        ways = ways_after(self.mapping) if "synch_after" in request.POST else ()
        winner = ways[0].source if len(ways) == 1 else None
        enqueue(mapping=self.mapping, run_kind=RunKind.COUPLE, scope=Scope(pairs=pairs, directions=ways, use=winner), user=request.user)
        self._tell(request, f"{count(len(pairs))} pair{'s' if len(pairs) != 1 else ''} of {self.mapping.name} will be coupled.")

    def _chosen_pairs(self, request: HttpRequest) -> tuple[tuple[str, str], ...]:
        own = SynchEntry.objects.filter(job=self.preview) if self.preview else SynchEntry.objects.none()
        if chosen := request.POST.get("pair", ""):
            bc_key, _, sales_key = chosen.partition(" ")
            entry = own.filter(source_key=bc_key, code="ambiguous").first()
            known = {one["key"] for one in entry.detail.get("candidates", ())} if entry else set()
            return ((bc_key, sales_key),) if sales_key in known else ()
        rows = own.filter(pk__in=posted_keys(request, "entry"), action=EntryAction.COUPLED).order_by("pk")
        return tuple(rows.values_list("source_key", "destination_key"))

    def _tell(self, request: HttpRequest, text: str) -> None:
        tell_scheduled(request, f"{text} {DETAILS}", url=log_url(self.mapping.name, type="Coupling"))


def _numbers(job: SynchJob) -> dict[str, int]:
    """How many records of the preview have each result, in one statement."""
    counted = {name.replace("-", "_"): Count("pk", filter=condition) for name, (_, _, condition) in RESULTS.items()}
    found = SynchEntry.objects.filter(job=job).aggregate(**counted)
    return {name: found[name.replace("-", "_")] for name in RESULTS}


def _tabs(numbers: dict[str, int], wanted: str) -> list[Tab]:
    tabs = [Tab("All", "", sum(numbers.values()), "", not wanted)]
    for name, (label, tone, _) in RESULTS.items():
        if numbers[name] or name in ("couple", "ambiguous", "no-match"):
            tabs.append(Tab(label, name, numbers[name], tone, wanted == name))
    return tabs


def _empty_text(job: SynchJob | None) -> str:
    if job is None:
        return "Nothing is coupled yet. Preview shows who would be coupled with whom, before anything is."
    if job.running:
        return "The first records are being compared."
    return "Every record of Business Central inside the mapping's filter is coupled already."
