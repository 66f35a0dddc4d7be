"""Watched Tables: whose changes wake job queue entries, how they come to be known, and what hinders (engine.md section 21.6)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse, reverse_lazy
from django.views.generic import View

from joblog.change_addresses import address_of
from joblog.filters import WatchedTableFilter
from joblog.models import SystemWatch, WatchedTable
from joblog.tables import WatchedTableTable
from mappings.first_steps import TABLE_MAPPINGS, missing_mapping
from mappings.models import System, SystemKind
from syncadmin.ui.empty import Empty, NextStep
from syncadmin.ui.views import ListPage, Permitted, next_url, tell


class WatchedTableList(ListPage):
    title = "Watched Tables"
    noun = ("table", "tables")
    template_name = "joblog/watched_tables.html"
    table_class = WatchedTableTable
    filter_class = WatchedTableFilter
    actions_template = "joblog/watched_actions.html"
    empty_text = "No table is watched yet. A worker looks after that within seconds, as soon as a mapping is enabled."
    next_steps = (TABLE_MAPPINGS, NextStep("Workers", reverse_lazy("joblog:workers")))
    live_seconds = 10

    def empty(self) -> Empty:
        missing = missing_mapping()
        return missing.so("there is no table to watch") if missing else super().empty()

    def get_rows(self) -> QuerySet[Any]:
        return WatchedTable.objects.select_related("system")

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        hindered = SystemWatch.objects.select_related("system").exclude(message="").order_by("system__kind", "system__name")
        return super().get_context_data(public_url=settings.PUBLIC_URL, hindered=hindered, wake_seconds=settings.WAKE_SECONDS, **extra)


class WatchState(Permitted, View):
    """``check`` compares with both systems at once; ``show`` tells an administrator what to enter where a webhook is registered by hand."""

    permission = "mappings.configure"

    def post(self, request: HttpRequest) -> HttpResponse:
        if request.POST.get("do") == "show":
            _show(request)
        else:
            SystemWatch.objects.update(retry_at=None, compared_at=None)
            WatchedTable.objects.update(retry_at=None)
            tell(request, "The subscriptions are compared with both systems within seconds.")
        return HttpResponseRedirect(next_url(request, reverse("joblog:watched")))


def _show(request: HttpRequest) -> None:
    sales = [(system, address_of(system)) for system in System.objects.filter(kind=SystemKind.SALES)]
    for system, address in sales:
        if address:
            key = SystemWatch.of(system).secret
            tell(request, f"{system}: Endpoint URL {address}, WebhookKey {key}", level=messages.INFO)
        else:
            tell(request, f"{system} has no address to call: set SYNCADMIN_PUBLIC_URL and enable the connection.", level=messages.WARNING)
