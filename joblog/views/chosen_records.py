"""Sending and getting chosen records of a list (engine.md section 12)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import View

from joblog.addresses import log_url
from joblog.manual import schedule_records
from joblog.views.synchronize import DETAILS
from mappings.models import IntegrationTableMapping
from mappings.offers import Choice
from syncadmin.sync.errors import SyncError
from syncadmin.sync.records import Side
from syncadmin.ui.views import Permitted, next_url, tell, tell_scheduled


class SynchronizeChosen(Permitted, View):
    """Synchronizes the records ``keys`` of one ``side`` one way: ``do`` is send or get.

    What is not coupled, skipped, deleted or newer on the other side is left out, and told with the number of each.
    """

    permission = "mappings.operate"

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        mapping = get_object_or_404(IntegrationTableMapping.objects.select_related("business_central", "sales"), pk=pk)
        back = HttpResponseRedirect(next_url(request, reverse("joblog:record-list", args=[pk])))
        keys, side, do = [key for key in request.POST.getlist("keys") if key], request.POST.get("side", ""), request.POST.get("do", "")
        if not keys or side not in set(Side) or do not in {Choice.SEND, Choice.GET}:
            tell(request, "Nothing was started: select a record first.", level=messages.ERROR)
            return back
        try:
            scheduled = schedule_records(mapping, Side(side), keys, direction=Choice(do).directions[0], user=request.user)
        except SyncError as error:
            tell(request, f"Nothing was started: {error.text}", level=messages.ERROR)
            return back
        level = messages.WARNING if scheduled.reasons or scheduled.entry is None else messages.SUCCESS
        tell_scheduled(request, f"{scheduled.message} {DETAILS}", url=log_url(mapping.name), level=level)
        return back
