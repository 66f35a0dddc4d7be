"""Set Up Coupling: a record of one side, its partner looked up on the other, and the values of both side by side (engine.md section 13)."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import View

from joblog.addresses import log_url, record_url, with_query
from joblog.coupling_runs import partner_of
from joblog.manual import create_new
from joblog.models import RunKind
from joblog.queue import enqueue
from joblog.scope import Scope
from joblog.views.records import MappingPage, record_key, record_side, table_label
from joblog.views.synchronize import DETAILS
from mappings.models import Coupling, IntegrationTableMapping
from mappings.offers import coupling_offer
from mappings.pairs import coupling_of, pair_fields, partner_key, read_pair
from mappings.record_lists import Asked, find_by_name, list_records
from syncadmin.sync.errors import RunError, SyncError
from syncadmin.sync.records import Direction, Side
from syncadmin.ui.views import Permitted, next_url, tell, tell_scheduled

CANDIDATES_SHOWN = 12


class SetUpCoupling(MappingPage):
    """``partner`` is the key that was chosen, ``q`` what was typed to find it; ``any`` also lists records that have a partner.

    A POST couples with ``partner``, or creates a new record with ``do`` new; ``direction`` synchronizes afterwards, ``move`` takes both
    records away from others that they are coupled to.
    """

    template_name = "joblog/set_up_coupling.html"
    change_permission = "mappings.operate"

    @cached_property
    def side(self) -> Side:
        return record_side(self.kwargs["side"])

    @cached_property
    def key(self) -> str:
        return record_key(self.kwargs["key"])

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        mapping, query = self.mapping(), self.request.GET
        coupling = coupling_of(mapping, self.side, self.key)
        present = partner_key(coupling, self.side) if coupling and not coupling.pending else ""
        search = query.get("q", "").strip()
        shown: dict[str, Any] = {"fields": [], "found": [], "error": "", "unknown": "", "label": self.key, "partner_label": ""}
        try:
            chosen, shown["unknown"] = self._chosen(mapping, search, present)
            shown |= self._compared(mapping, chosen)
            shown["found"] = self._candidates(mapping, search or ("" if chosen else first_search(shown["label"])))
        except SyncError as refusal:
            chosen, shown["error"] = query.get("partner", ""), refusal.text
        return super().get_context_data(
            title=f"Set Up Coupling · {shown['label']}",
            mapping=mapping,
            other=self.side.other,
            search=search,
            any=bool(query.get("any")),
            chosen=chosen,
            present=present,
            present_label=_partner_label(coupling, self.side) if present else "",
            refusal=partner_of(mapping, *self._pair(chosen)) if chosen and chosen != present else "",
            offer=coupling_offer(mapping, coupling),
            may_create=not present and any(way.source is self.side for way in mapping.directions),
            ways=[(way.value, f"use {way.source.label}'s data") for way in mapping.directions],
            tables={one.value: table_label(mapping, one) for one in Side},
            back=record_url(mapping.pk, self.side, self.key),
            partner_url=record_url(mapping.pk, self.side.other, chosen),
            **shown,
            **(extra | {"side": self.side, "key": self.key}),
        )

    def _chosen(self, mapping: IntegrationTableMapping, search: str, present: str) -> tuple[str, str]:
        """The partner's key, and why there is none by the name that was typed."""
        if partner := self.request.GET.get("partner", ""):
            return record_key(partner), ""
        if not search:
            return present, ""
        try:
            return find_by_name(mapping, self.side.other, search).key, ""
        except RunError as error:
            if error.code != "unknown-record":
                raise
            return "", error.text

    def _compared(self, mapping: IntegrationTableMapping, chosen: str) -> dict[str, Any]:
        pair = read_pair(mapping, self.side, self.key, partner=chosen)
        labels = {side: pair.plan.label(side, record) for side, record in pair.found.items()}
        return {
            "label": labels.get(self.side, self.key),
            "partner_label": labels.get(self.side.other, ""),
            "gone": chosen and self.side.other not in pair.found,
            "fields": pair_fields(pair),
        }

    def _candidates(self, mapping: IntegrationTableMapping, search: str) -> list[tuple[str, str, str]]:
        """Key, label and present partner of records that may be meant."""
        coupled = None if self.request.GET.get("any") else False
        rows = list_records(mapping, self.side.other, Asked(search=search, coupled=coupled), page_size=CANDIDATES_SHOWN).rows
        return [(row.key, row.label or row.key, _partner_label(row.coupling, self.side.other)) for row in rows[:CANDIDATES_SHOWN]]

    def _pair(self, partner: str) -> tuple[str, str]:
        """The keys of Business Central and of Sales."""
        return (self.key, partner) if self.side is Side.BUSINESS_CENTRAL else (partner, self.key)

    def post(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
        mapping, partner = self.mapping(), request.POST.get("partner", "")
        again = with_query(request.path, {"partner": partner} if partner else {})
        try:
            if request.POST.get("do") == "new":
                return self._create(request, mapping)
            if not partner:
                raise RunError("no-partner", "Nothing was coupled: choose a record of the other side first.")
            directions = _directions(mapping, request.POST.get("direction", ""))
            pair, move = self._pair(record_key(partner)), bool(request.POST.get("move"))
            refusal = "" if move else partner_of(mapping, *pair)
            if refusal:
                raise RunError("already-coupled", f"Nothing was coupled: {refusal} Or move the coupling.")
        except SyncError as error:
            tell(request, error.text, level=messages.ERROR)
            return HttpResponseRedirect(again)
        use = directions[0].source if directions else None
        scope = Scope(pairs=(pair,), directions=directions, use=use, move=move)
        enqueue(mapping=mapping, run_kind=RunKind.COUPLE, scope=scope, user=request.user)
        text = f"The records of {mapping.name} will be coupled{' and synchronized' if directions else ''} in the background. {DETAILS}"
        tell_scheduled(request, text, url=log_url(mapping.name))
        return HttpResponseRedirect(record_url(mapping.pk, self.side, self.key))

    def _create(self, request: HttpRequest, mapping: IntegrationTableMapping) -> HttpResponse:
        scheduled = create_new(mapping, self.side, [self.key], user=request.user)
        if scheduled.entry is None:
            tell(request, f"Nothing was created: the record is {' and '.join(scheduled.reasons)}.", level=messages.WARNING)
        else:
            text = f"A new record in {self.side.other.label} will be created and coupled in the background. {DETAILS}"
            tell_scheduled(request, text, url=log_url(mapping.name))
        return HttpResponseRedirect(record_url(mapping.pk, self.side, self.key))


class CreateNew(Permitted, View):
    """Creates counterparts of the records ``keys`` of one ``side`` in the other system, whatever the mapping says of uncoupled records."""

    permission = "mappings.operate"

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        mapping = get_object_or_404(IntegrationTableMapping.objects.select_related("business_central", "sales"), pk=pk)
        back = HttpResponseRedirect(next_url(request, reverse("joblog:record-list", args=[pk])))
        keys, side = [key for key in request.POST.getlist("keys") if key], request.POST.get("side", "")
        if not keys or side not in set(Side):
            tell(request, "Nothing was created: select a record first.", level=messages.ERROR)
            return back
        try:
            scheduled = create_new(mapping, Side(side), keys, user=request.user)
        except SyncError as error:
            tell(request, f"Nothing was created: {error.text}", level=messages.ERROR)
            return back
        level = messages.WARNING if scheduled.reasons or scheduled.entry is None else messages.SUCCESS
        tell_scheduled(request, f"{scheduled.message} {DETAILS}", url=log_url(mapping.name), level=level)
        return back


def _directions(mapping: IntegrationTableMapping, wanted: str) -> tuple[Direction, ...]:
    if not wanted:
        return ()
    way = next((one for one in mapping.directions if one.value == wanted), None)
    if way is None:
        text = f"Nothing was coupled: the mapping {mapping.name} is not configured for {wanted} synchronization."
        raise RunError("wrong-direction", text)
    return (way,)


def _partner_label(coupling: Coupling | None, side: Side) -> str:
    """What the record of this side is coupled to; "" for nothing."""
    if coupling is None or coupling.pending:
        return ""
    return (coupling.sales_label if side is Side.BUSINESS_CENTRAL else coupling.bc_label) or partner_key(coupling, side)


def first_search(label: str) -> str:
    """What a counterpart is searched by at first: the name, without the number before it."""
    number, _, name = label.partition(" ")
    return name if name and any(sign.isdigit() for sign in number) else label
