"""Integration Synchronization Errors, and retrying them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.views.generic import View

from joblog.addresses import log_url
from joblog.entry_tables import ErrorTable
from joblog.filters import ErrorFilter
from joblog.models import JobType, SynchError
from joblog.retries import Retried, retry_couplings, retry_errors
from mappings.models import Coupling
from syncadmin.sync.records import Side
from syncadmin.ui.formatting import count
from syncadmin.ui.views import ListPage, Permitted, next_url, tell


def listed_errors() -> QuerySet[SynchError]:
    """Errors that concern a person: not those that a preview foretold."""
    return SynchError.objects.exclude(job__type=JobType.PREVIEW)


class ErrorList(ListPage):
    title = "Integration Synchronization Errors"
    noun = ("error", "errors")
    table_class = ErrorTable
    filter_class = ErrorFilter
    actions_template = "joblog/error_actions.html"
    empty_text = "There is no open error. Errors close themselves when their record is synchronized."
    live_seconds = 15

    def get_rows(self) -> QuerySet[Any]:
        return listed_errors().select_related("job").defer("job__cursor", "job__call_stack", "job__scope")


class Retry(Permitted, View):
    """Clears what is skipped and runs exactly these records again.

    Takes ``coupling`` ids, or ``only`` (one entry), or ``all`` (what the list at ``next`` shows, on all its pages), or ``job`` ids (what
    failed in them), or ``entry`` ids. ``use`` names the side whose value wins.
    """

    permission = "mappings.operate"

    def post(self, request: HttpRequest) -> HttpResponse:
        use = Side(request.POST["use"]) if request.POST.get("use") in set(Side) else None
        if couplings := _numbers(request, "coupling"):
            retried = retry_couplings(Coupling.objects.filter(pk__in=couplings), user=request.user, use=use)
        else:
            retried = retry_errors(_chosen(request), user=request.user, use=use)
        _tell_retried(request, retried)
        return HttpResponseRedirect(next_url(request, reverse("joblog:errors")))


def _chosen(request: HttpRequest) -> QuerySet[SynchError]:
    if only := _numbers(request, "only"):
        return listed_errors().filter(pk__in=only)
    if "all" in request.POST:
        query = QueryDict(urlsplit(request.POST.get("next", "")).query)
        filterset = ErrorFilter(query, queryset=listed_errors(), request=request)
        rows: QuerySet[SynchError] = filterset.qs if filterset.is_valid() else listed_errors().none()
        return rows
    if jobs := _numbers(request, "job"):
        return listed_errors().filter(job__in=jobs, resolved_at=None)
    return listed_errors().filter(pk__in=_numbers(request, "entry"))


def _numbers(request: HttpRequest, name: str) -> list[int]:
    return [int(text) for text in request.POST.getlist(name) if text.isdigit() and len(text) < 19]


def _tell_retried(request: HttpRequest, retried: Retried) -> None:
    left = " ".join(retried.left_out)
    if not retried.records:
        tell(request, left or "Nothing was selected that could be retried.", level=messages.WARNING)
        return
    number = f"{count(retried.records)} record{'s' if retried.records != 1 else ''}"
    url = log_url(retried.mappings[0]) if len(retried.mappings) == 1 else log_url()
    text = f"{number} will be synchronized again. Details are available on the Integration Synchronization Log page. {left}".strip()
    tell(request, text, url=url, label="Open the log", level=messages.WARNING if left else messages.SUCCESS)
