"""The buttons that make job queue entries: synchronize, preview, uncouple (architecture.md section 1)."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import View

from joblog.addresses import log_url
from joblog.models import RunKind
from joblog.queue import enqueue
from joblog.scope import Scope
from mappings.models import Coupling, IntegrationTableMapping
from syncadmin.sync.records import Direction, Side
from syncadmin.ui.formatting import count
from syncadmin.ui.views import Permitted, key_in, next_url, posted_keys, tell, tell_scheduled

DETAILS = "Details are available on the Integration Synchronization Log page."
_RUNS = {
    "synchronize": (RunKind.SYNCHRONIZE, Scope()),
    "preview": (RunKind.PREVIEW, Scope()),
    "full": (RunKind.SYNCHRONIZE, Scope(full=True)),
    "unconditional": (RunKind.SYNCHRONIZE, Scope(unconditional=True)),
}
_TOLD = {
    "synchronize": "will be synchronized",
    "preview": "will be previewed",
    "full": "will be synchronized in full",
    "unconditional": "will be synchronized in full, unconditionally",
}


class Refused(Exception):
    """What was sent makes no run; the text says why and what to do."""


class Synchronize(Permitted, View):
    """Runs mappings (``mapping`` ids), or the records ``keys`` of one ``side`` of one mapping.

    ``run`` is synchronize, preview, full or unconditional; ``direction`` narrows it to one way; ``use`` names the side whose value wins.
    """

    permission = "mappings.operate"

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            mappings, kind, scope = _asked(request)
        except Refused as error:
            tell(request, str(error), level=messages.ERROR)
            return HttpResponseRedirect(next_url(request, reverse("joblog:log")))
        with transaction.atomic():
            for mapping in mappings:
                enqueue(mapping=mapping, run_kind=kind, scope=scope, user=request.user)
        _tell_enqueued(request, mappings, scope)
        return HttpResponseRedirect(next_url(request, reverse("joblog:log")))


def _asked(request: HttpRequest) -> tuple[list[IntegrationTableMapping], RunKind, Scope]:
    """What the form asks for. Raises Refused."""
    ids = posted_keys(request, "mapping")
    mappings = list(IntegrationTableMapping.objects.filter(pk__in=ids).order_by("order", "name"))
    if not mappings:
        raise Refused("Nothing was started: select a mapping first.")
    inner = [one for one in mappings if one.parent_name]
    mappings = [one for one in mappings if not one.parent_name]
    if not mappings:
        raise Refused(f"Nothing was started: {inner[0].name} travels inside {inner[0].parent_name}. Synchronize {inner[0].parent_name}.")
    run = request.POST.get("run", "")
    if run not in _RUNS:
        raise Refused(f"Nothing was started: there is no run called {run or 'nothing'}.")
    kind, plain = _RUNS[run]
    if plain.unconditional and not request.POST.get("direction"):
        _refuse_both_ways(mappings)
    keys, side = tuple(dict.fromkeys(request.POST.getlist("keys"))), request.POST.get("side", "")
    if side and not keys:
        raise Refused("Nothing was started: select a record first.")
    if keys and (side not in set(Side) or len(mappings) > 1):
        raise Refused("Nothing was started: records are synchronized within one mapping, and one side says whose keys they are.")
    _refuse_uncoupled(request)
    scope = Scope(
        directions=_directions(request.POST.get("direction", ""), mappings),
        bc_keys=keys if side == Side.BUSINESS_CENTRAL else (),
        sales_keys=keys if side == Side.SALES else (),
        full=plain.full,
        unconditional=plain.unconditional,
        use=Side(request.POST["use"]) if request.POST.get("use") in set(Side) else None,
    )
    return mappings, kind, scope


def _refuse_uncoupled(request: HttpRequest) -> None:
    """Whoever saw the record coupled meant its counterpart: without it the run would create another one."""
    seen = key_in(request.POST.get("seen_coupling", ""))
    if seen and not Coupling.objects.filter(pk=seen).exists():
        raise Refused("Nothing was started: the coupling of this record was deleted meanwhile. Couple it again, or create a new record.")


def _refuse_both_ways(mappings: list[IntegrationTableMapping]) -> None:
    """Unconditional is offered for one-way mappings (engine.md section 5): both ways, the first would undo what the second brings."""
    both = [one.name for one in mappings if len(one.directions) > 1]
    if both:
        raise Refused(
            f"Nothing was started: {', '.join(both)} goes both ways, and unconditionally it would overwrite what people changed in Sales. "
            "Run Full Synchronization instead; it keeps the changes of both sides."
        )


def _directions(wanted: str, mappings: list[IntegrationTableMapping]) -> tuple[Direction, ...]:
    if not wanted:
        return ()
    if wanted not in set(Direction):
        raise Refused(f"Nothing was started: {wanted} is no direction.")
    direction = Direction(wanted)
    for mapping in mappings:
        if direction not in mapping.directions:
            raise Refused(f"Nothing was started: the mapping {mapping.name} is not configured for {direction.value} synchronization.")
    return (direction,)


def _tell_enqueued(request: HttpRequest, mappings: list[IntegrationTableMapping], scope: Scope) -> None:
    keys = len(scope.bc_keys) + len(scope.sales_keys)
    what = f"{count(keys)} record{'s' if keys != 1 else ''} of {mappings[0].name}" if keys else _names(mappings)
    url = log_url(mappings[0].name) if len(mappings) == 1 else log_url()
    tell_scheduled(request, f"{what} {_TOLD[request.POST['run']]} in the background. {DETAILS}", url=url)


def _names(mappings: list[IntegrationTableMapping]) -> str:
    return mappings[0].name if len(mappings) == 1 else f"{len(mappings)} mappings"


class Uncouple(Permitted, View):
    """Deletes the couplings of the records ``keys`` of one ``side``, or ``coupling`` ids; no record is changed."""

    permission = "mappings.operate"

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        mapping = get_object_or_404(IntegrationTableMapping, pk=pk)
        back = next_url(request, reverse("joblog:record-list", args=[pk]))
        scope = _named_records(request, mapping)
        if not scope.explicit:
            tell(request, "No coupling was deleted: select a coupled record first.", level=messages.ERROR)
            return HttpResponseRedirect(back)
        enqueue(mapping=mapping, run_kind=RunKind.UNCOUPLE, scope=scope, user=request.user)
        number = len(scope.bc_keys) + len(scope.sales_keys)
        what = f"The coupling{'s' if number != 1 else ''} of {count(number)} record{'s' if number != 1 else ''}"
        told = f"{what} of {mapping.name} will be deleted in the background. {DETAILS}"
        tell_scheduled(request, told, url=log_url(mapping.name, type="Uncoupling"))
        return HttpResponseRedirect(back)


class UncoupleMappings(Permitted, View):
    """Deletes all couplings of mappings (``mapping`` ids); no record is deleted."""

    permission = "mappings.operate"

    def post(self, request: HttpRequest) -> HttpResponse:
        mappings = list(IntegrationTableMapping.objects.filter(pk__in=posted_keys(request, "mapping")).order_by("order", "name"))
        back = HttpResponseRedirect(next_url(request, reverse("mappings:mapping-list")))
        if not mappings:
            tell(request, "No coupling was deleted: select a mapping first.", level=messages.ERROR)
            return back
        with transaction.atomic():
            for mapping in mappings:
                enqueue(mapping=mapping, run_kind=RunKind.UNCOUPLE, user=request.user)
        url = log_url(mappings[0].name if len(mappings) == 1 else "", type="Uncoupling")
        text = f"All couplings of {_names(mappings)} will be deleted in the background. {DETAILS}"
        tell_scheduled(request, text, url=url)
        return back


def _named_records(request: HttpRequest, mapping: IntegrationTableMapping) -> Scope:
    ids = posted_keys(request, "coupling")
    if ids:
        return Scope.of_couplings(mapping.couplings.filter(pk__in=ids).defer("baseline"))
    keys = tuple(key for key in dict.fromkeys(request.POST.getlist("keys")) if key)
    side = request.POST.get("side")
    return Scope(bc_keys=keys if side == Side.BUSINESS_CENTRAL else (), sales_keys=keys if side == Side.SALES else ())
