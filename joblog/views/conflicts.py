"""The button that decides the conflict of a record, field by field."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.views.generic import View

from joblog.addresses import log_url, record_url
from joblog.manual import keep_values
from joblog.retries import retry_couplings
from joblog.views.records import record_key, record_side
from joblog.views.synchronize import DETAILS
from mappings.models import Coupling, IntegrationTableMapping
from syncadmin.sync.records import Side
from syncadmin.ui.formatting import count
from syncadmin.ui.views import Permitted, tell, tell_scheduled

_KEEP = "keep."


class DecideConflict(Permitted, View):
    """Takes ``keep.<field>`` = side for each field that is decided, or ``all`` = side whose values stay wherever both changed.

    Fields that are not named stay in conflict (engine.md section 12).
    """

    permission = "mappings.operate"

    def post(self, request: HttpRequest, pk: int, side: str, key: str) -> HttpResponse:
        mapping = get_object_or_404(IntegrationTableMapping, pk=pk)
        one, its_key = record_side(side), record_key(key)
        column = "bc_key" if one is Side.BUSINESS_CENTRAL else "sales_key"
        coupling = Coupling.objects.filter(mapping=mapping, **{column: its_key}).first()
        winners = _winners(request)
        if coupling is None:
            tell(request, "Nothing was decided: the coupling of this record was deleted meanwhile.", level=messages.ERROR)
        elif request.POST.get("all") in set(Side):
            retry_couplings(Coupling.objects.filter(pk=coupling.pk), user=request.user, use=Side(request.POST["all"]))
            _tell(request, mapping, its_key, f"The values of {Side(request.POST['all']).label} stay.")
        elif winners:
            keep_values(mapping, one, its_key, winners, user=request.user)
            _tell(request, mapping, its_key, f"{count(len(winners))} field{'s are' if len(winners) != 1 else ' is'} decided.")
        else:
            tell(request, "Nothing was decided: choose in at least one field whose value stays.", level=messages.ERROR)
        return HttpResponseRedirect(record_url(pk, one, its_key))


def _winners(request: HttpRequest) -> dict[str, Side]:
    kept = ((name.removeprefix(_KEEP), side) for name, side in request.POST.items() if name.startswith(_KEEP))
    return {name: Side(side) for name, side in kept if side in set(Side)}


def _tell(request: HttpRequest, mapping: IntegrationTableMapping, key: str, decided: str) -> None:
    text = f"{decided} The record is synchronized in the background. {DETAILS}"
    tell_scheduled(request, text, url=log_url(mapping.name, record=key))
