"""The switch on the page of a connection; it stands here because it changes job queue entries."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views import View

from joblog.connections import switch_connection
from mappings.models import System
from syncadmin.ui.views import Permitted, tell


class ConnectionSwitch(Permitted, View):
    """``enabled`` is yes or no."""

    permission = "mappings.configure"

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        system = get_object_or_404(System, pk=pk)
        enabled = request.POST.get("enabled") == "yes"
        number = switch_connection(system, enabled=enabled, user=request.user)
        entries = f"{number} job queue {'entry' if number == 1 else 'entries'}"
        told = f"{entries} set to Ready." if enabled else f"{entries} put On Hold. Couplings remain."
        tell(request, f"{system.name} is {'enabled' if enabled else 'disabled'}, {told}")
        return HttpResponseRedirect(reverse("mappings:connection-edit", args=[pk]))
