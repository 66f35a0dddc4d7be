"""The couplings book: all couplings of all mappings by their state, one of them with its history, and what is done with many."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import RedirectView

from joblog.addresses import log_url, record_url, why_url, with_query
from joblog.coupling_actions import TOLD, Act, carry_out, look_through
from joblog.coupling_filters import CouplingFilter, count_states, mapping_ids, narrowed_to
from joblog.coupling_tables import CouplingTable, coupled_record, coupling_url
from joblog.entry_tables import HistoryTable
from joblog.filters import WITH_JOBS, EntryFilter, entries_touching
from joblog.first_steps import FULL_SYNCHRONIZATION
from joblog.models import SynchJob
from joblog.record_tables import STATE_TONES
from joblog.retries import Retried
from joblog.views.synchronize import DETAILS
from mappings.first_steps import TABLE_MAPPINGS, missing_mapping
from mappings.models import Coupling, CouplingStatus, IntegrationTableMapping
from syncadmin.sync.records import Direction, Side
from syncadmin.ui.empty import Empty, NextStep
from syncadmin.ui.formatting import count
from syncadmin.ui.paging import LIMIT, Counted
from syncadmin.ui.tables import ListTable
from syncadmin.ui.views import ListPage, Page, Permitted, key_in, next_url, tell, tell_scheduled

AT_ONCE = 100_000  # couplings that one button takes
_TROUBLED = {"failed", "failing", "broken", "skipped"}
_WHOLE = {Act.COMPARE, Act.FIND_DELETED}  # look through whole mappings where no coupling is chosen


@dataclass(frozen=True)
class Tab:
    label: str
    url: str
    number: Counted
    tone: str
    current: bool


class CouplingList(ListPage):
    """A list of couplings whose buttons post to the list itself: ``do`` names the action, ``coupling`` ids are what is chosen; "all" behind
    the name takes what the filters of the address leave, on all pages."""

    noun = ("coupling", "couplings")
    change_permission = "mappings.operate"
    live_seconds = 15

    def act(self, request: HttpRequest) -> HttpResponse:
        back = HttpResponseRedirect(next_url(request, request.get_full_path()))
        wanted, _, whole = request.POST.get("do", "").partition(" ")
        if wanted not in set(Act):
            tell(request, f"Nothing was started: there is no action called {wanted or 'nothing'}.", level=messages.ERROR)
            return back
        act, ids = Act(wanted), numbers_of(request.POST)
        if act in _WHOLE and not ids and not whole:
            self._look_through(request, act)
            return back
        chosen = self.matching() if whole else Coupling.objects.filter(pk__in=ids)
        if chosen.order_by()[: AT_ONCE + 1].count() > AT_ONCE:
            text = f"Nothing was started: these are more than {count(AT_ONCE)} couplings. Narrow the filters, or run the whole mapping."
            tell(request, text, level=messages.ERROR)
            return back
        _tell_started(request, act, carry_out(act, chosen, user=request.user))
        return back

    def _look_through(self, request: HttpRequest, act: Act) -> None:
        ids = mapping_ids(request.GET.get("mapping", ""), request.GET.get("company", ""))
        started = look_through(act, list(IntegrationTableMapping.objects.filter(pk__in=ids)), user=request.user)
        names = ", ".join(started.mappings) if len(started.mappings) < 4 else f"{len(started.mappings)} mappings"
        words = "compared with each other" if act is Act.COMPARE else "looked through for deleted ones"
        if started.records:
            url = log_url(started.mappings[0] if len(started.mappings) == 1 else "", type=TOLD[act].job_type)
            tell_scheduled(request, f"All records of {names} will be {words} in the background. {DETAILS}", url=url)
        else:
            tell(request, "Nothing was started: no mapping of this list runs by itself.", level=messages.WARNING)


def numbers_of(query: QueryDict) -> list[int]:
    """The ids in ``coupling``; what is no id is passed over."""
    return [key for key in map(key_in, query.getlist("coupling")) if key]


def _tell_started(request: HttpRequest, act: Act, started: Retried) -> None:
    if not started.records:
        tell(request, "Nothing was started: select a coupling first.", level=messages.WARNING)
        return
    told = TOLD[act]
    url = log_url(started.mappings[0] if len(started.mappings) == 1 else "", **({"type": told.job_type} if told.job_type else {}))
    number = f"{count(started.records)} coupling{'s' if started.records != 1 else ''}"
    left = " ".join(started.left_out)
    text = f"{number} {told.words}, in the background. {DETAILS} {left}".strip()
    tell_scheduled(request, text, url=url, level=messages.WARNING if left else messages.SUCCESS)


class CouplingBook(CouplingList):
    title = "Couplings"
    table_class = CouplingTable
    filter_class = CouplingFilter
    template_name = "joblog/couplings.html"
    fragment_template = "joblog/coupling_rows.html"
    actions_template = "joblog/coupling_actions.html"
    factbox_template = "joblog/coupling_facts.html"
    empty_text = "There is no coupling yet. Couple records by Match-Based Coupling, from the list of records, or run the mapping."
    next_steps = (FULL_SYNCHRONIZATION, TABLE_MAPPINGS)
    views = (
        ("Needs attention", "state=failed"),
        ("Missing records", "state=broken"),
        ("Coupled by hand", "f.origin=manual"),
        ("Never synchronized", "state=new"),
    )

    def empty(self) -> Empty:
        """A state without couplings lacks nothing; a book without any does."""
        if state := CouplingFilter.named(self.request.GET.get("state", "")):
            return Empty(f"No coupling is in this state: {state}.", (NextStep("All couplings", self.request.path),))
        missing = missing_mapping()
        return missing.so("there is no coupling") if missing else super().empty()

    def get_rows(self) -> QuerySet[Any]:
        return Coupling.objects.select_related("mapping__business_central").defer("baseline")

    def get_table(self, rows: QuerySet[Any]) -> ListTable:
        """Of what went wrong it tells when."""
        table = super().get_table(rows)
        if self.request.GET.get("state") in _TROUBLED and self.chosen_columns() is None:
            table.columns.show("failed_at")
            table.columns.hide("last_synch_at")
        return table

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        query = self.request.GET
        context = super().get_context_data(**extra)
        rows = context["table"].page.object_list.data
        first = rows[0] if rows and not self.request.htmx else None  # type: ignore[attr-defined]
        return context | {"tabs": _tabs(query.get("mapping", ""), query.get("company", ""), query.get("state", ""))} | facts(first)


def _tabs(mapping: str, company: str, state: str) -> list[Tab]:
    """Each count opens exactly its rows: those of the mapping and the company, whatever else is filtered now."""
    kept = {name: value for name, value in (("mapping", mapping), ("company", company)) if value}
    numbers = count_states(narrowed_to(Coupling.objects.all(), mapping, company))
    total = sum(one.number for one in numbers.values())
    more = total > LIMIT or any(one.more for one in numbers.values())
    address = reverse("joblog:couplings")
    tabs = [Tab("All", with_query(address, kept), Counted(min(total, LIMIT), more), "", not state)]
    return tabs + [
        Tab(one.label, with_query(address, kept | {"state": one.value}), number, STATE_TONES[one.value], state == one.value)
        for one, number in numbers.items()
    ]


class Lead(Permitted, RedirectView):
    """An address that leads to another page."""

    http_method_names = ["get", "head", "options"]


class CouplingsOfMapping(Lead):
    """Where lists and FactBoxes of mappings lead: to the book, narrowed to one mapping, and to its skipped records."""

    def get_redirect_url(self, *_args: Any, **kwargs: Any) -> str:
        mapping = get_object_or_404(IntegrationTableMapping.objects.select_related("business_central"), pk=kwargs["pk"])
        wanted = {"mapping": mapping.name} | _company(mapping)
        if self.request.GET.get("state") == "skipped":
            return with_query(reverse("joblog:skipped"), wanted)
        return with_query(reverse("joblog:couplings"), wanted | self.request.GET.dict())


def _company(mapping: IntegrationTableMapping) -> dict[str, str]:
    """Named only where another company has a mapping of this name."""
    same = IntegrationTableMapping.objects.filter(name=mapping.name).exclude(pk=mapping.pk)
    return {"company": mapping.business_central.company} if same.exists() else {}


class OneCoupling(ListPage):
    """A coupling: what is known of it, and all that jobs did to its two records, with every changed value old and new."""

    noun = ("entry", "entries")
    table_class = HistoryTable
    filter_class = EntryFilter
    template_name = "joblog/coupling.html"
    actions_template = "joblog/one_coupling_actions.html"
    factbox_template = "joblog/coupling_facts.html"
    empty_text = "No job has touched these records yet."
    views = (("What changed", "action=Modified"), ("What failed", "action=Failed"), ("Conflicts", "code=conflict"))

    @cached_property
    def coupling(self) -> Coupling:
        return get_object_or_404(_WITH_MAPPING.all(), pk=self.kwargs["pk"])

    def get_title(self) -> str:
        return str(self.coupling)

    def get_table(self, rows: QuerySet[Any]) -> ListTable:
        """Both records stand above the list already."""
        table = super().get_table(rows)
        if self.chosen_columns() is None:
            for name in ("name", "destination"):
                table.columns.hide(name)
        return table

    def get_rows(self) -> QuerySet[Any]:
        return entries_touching(self.coupling.bc_key or "", self.coupling.sales_key or "").prefetch_related(WITH_JOBS)

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        return super().get_context_data(**extra) | facts(self.coupling)


class CouplingFacts(Page):
    """A fragment: the FactBox of a coupling."""

    template_name = "joblog/coupling_facts.html"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        return super().get_context_data(**extra) | facts(get_object_or_404(_WITH_MAPPING.all(), pk=self.kwargs["pk"]))


class SetUpAgain(Lead):
    """From a coupling to the page on which its partner is chosen."""

    def get_redirect_url(self, *_args: Any, **kwargs: Any) -> str:
        coupling = get_object_or_404(Coupling, pk=kwargs["pk"])
        side = Side.BUSINESS_CENTRAL if coupling.bc_key else Side.SALES
        return reverse("joblog:set-up-coupling", args=[coupling.mapping_id, side.value, coupling.bc_key or coupling.sales_key])


_WITH_MAPPING = Coupling.objects.select_related("mapping__business_central", "mapping__sales").defer("baseline")


def facts(coupling: Coupling | None) -> dict[str, Any]:
    """What the FactBox shows; a statement for the jobs of the last attempts."""
    if coupling is None:
        return {"coupling": None}
    jobs = SynchJob.objects.filter(pk__in=[pk for pk in (coupling.to_job_id, coupling.from_job_id) if pk]).values_list("pk", flat=True)
    known = set(jobs)
    attempts = [
        (way, result, job_id if job_id in known else None)
        for way, result, job_id in (
            (Direction.TO_INTEGRATION.value, coupling.to_result, coupling.to_job_id),
            (Direction.FROM_INTEGRATION.value, coupling.from_result, coupling.from_job_id),
        )
        if result
    ]
    side = Side.BUSINESS_CENTRAL if coupling.bc_key else Side.SALES
    return {
        "coupling": coupling,
        "coupling_url": coupling_url(coupling),
        "state_label": CouplingStatus(coupling.state).label,
        "state_tone": STATE_TONES[coupling.state],
        "bc_record": coupled_record(coupling, Side.BUSINESS_CENTRAL),
        "sales_record": coupled_record(coupling, Side.SALES),
        "record_url": record_url(coupling.mapping_id, side, coupling.bc_key or coupling.sales_key),
        "why_url": why_url(coupling.mapping_id, side, coupling.bc_key or coupling.sales_key),
        "attempts": attempts,
    }
