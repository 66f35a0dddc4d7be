"""The buttons for deleted records: find them, restore what is missing, delete what survived (engine.md section 9.3)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import View

from joblog.addresses import log_url
from joblog.models import RunKind
from joblog.queue import enqueue
from joblog.scope import Scope
from joblog.views.synchronize import DETAILS
from mappings.models import IntegrationTableMapping
from syncadmin.ui.formatting import count
from syncadmin.ui.views import Permitted, next_url, posted_keys, tell, tell_scheduled

_KINDS = {"restore": RunKind.RESTORE, "delete": RunKind.DELETE}
_TOLD = {
    "restore": "The missing records of {what} of {name} will be created again in the background.",
    "delete": "What is left of {what} of {name} will be deleted in the background, where the other record is gone.",
}


class Deleted(Permitted, View):
    """``run`` is find (the whole mapping), or restore or delete (``coupling`` ids)."""

    permission = "mappings.operate"

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        mapping = get_object_or_404(IntegrationTableMapping, pk=pk)
        back = HttpResponseRedirect(next_url(request, reverse("joblog:coupling-list", args=[pk])))
        run = request.POST.get("run", "")
        if run == "find":
            enqueue(mapping=mapping, run_kind=RunKind.FIND_DELETED, user=request.user)
            text = f"Records of {mapping.name} whose counterpart was deleted will be looked for in the background."
        elif run in _KINDS:
            scope, number = _scope(request, mapping)
            if not number:
                tell(request, "Nothing was started: select a coupling first.", level=messages.ERROR)
                return back
            enqueue(mapping=mapping, run_kind=_KINDS[run], scope=scope, user=request.user)
            text = _TOLD[run].format(what=f"{count(number)} coupling{'s' if number != 1 else ''}", name=mapping.name)
        else:
            tell(request, f"Nothing was started: there is no run called {run or 'nothing'}.", level=messages.ERROR)
            return back
        tell_scheduled(request, f"{text} {DETAILS}", url=log_url(mapping.name))
        return back


def _scope(request: HttpRequest, mapping: IntegrationTableMapping) -> tuple[Scope, int]:
    """The chosen couplings by the keys of their records, and how many they are."""
    ids = posted_keys(request, "coupling")
    rows = list(mapping.couplings.filter(pk__in=ids).defer("baseline"))
    return Scope.of_couplings(rows), len(rows)
