"""Integration Synchronization Errors, and retrying them."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.contrib import messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.views.generic import View

from joblog.addresses import log_url
from joblog.entry_tables import ErrorTable
from joblog.filters import WITH_JOBS, ErrorFilter
from joblog.first_steps import missing_run
from joblog.fixes import CannotFix, fix_issues
from joblog.handling import handlings_of
from joblog.issue_numbers import numbers_of_issues
from joblog.models import ErrorCause, JobType, SynchEntry, SynchError
from joblog.models.synch_entry import OPEN_ISSUE
from joblog.next_tries import next_tries
from joblog.remedies import Fix
from joblog.retries import Retried, retry_couplings, retry_errors
from mappings.models import Coupling, IntegrationTableMapping
from syncadmin.sync.records import Side
from syncadmin.ui.empty import Empty
from syncadmin.ui.formatting import count
from syncadmin.ui.tables import ListTable
from syncadmin.ui.views import ListPage, Permitted, key_in, next_url, posted_keys, tell, tell_scheduled

_FIXES_OF_CHOSEN = (Fix.COUPLE, Fix.RESTORE, Fix.DELETE, Fix.UNCOUPLE, Fix.MATCH)


def still_failing(jobs: Sequence[int]) -> QuerySet[SynchError]:
    """The open issues of the records that failed in these jobs, whichever attempt was the last."""
    stream = ("mapping", "mapping_name", "direction")
    same = {f"cause__{name}": OuterRef(f"cause__{name}") for name in stream}
    failed = SynchEntry.objects.filter(job__in=jobs, cause__isnull=False, source_key=OuterRef("source_key"), **same)
    return SynchError.objects.filter(OPEN_ISSUE, Exists(failed.exclude(job__type=JobType.PREVIEW)))


class ErrorList(ListPage):
    """Open issues; those that people ignore, and those whose records went well since, on tabs of their own."""

    title = "Integration Synchronization Errors"
    noun = ("error", "errors")
    table_class = ErrorTable
    filter_class = ErrorFilter
    template_name = "joblog/errors.html"
    fragment_template = "joblog/error_rows.html"
    actions_template = "joblog/error_actions.html"
    empty_text = "There is no open error. Errors close themselves when their record is synchronized."
    empty_tabs: ClassVar = {
        "ignored": "No error is ignored. Handle, Ignore on an open error puts it here, out of the way, until it is reopened.",
        "resolved": "No error was resolved yet. Errors come here when their record is synchronized.",
    }
    views = (("Mine", "owner=me"), ("Nobody's", "owner=nobody"))
    live_seconds = 15

    def get_rows(self) -> QuerySet[Any]:
        return SynchError.objects.prefetch_related(WITH_JOBS, "owner")

    def get_table(self, rows: QuerySet[Any]) -> ListTable:
        """Resolved errors tell when they were, and are not tried again; owners are shown where somebody has an error, notes with what is
        ignored."""
        table, tab = super().get_table(rows), self.get_tab()
        if self.chosen_columns() is None:
            shown = {"resolved_at": tab == "resolved", "note": tab == "ignored", "next_try": tab == "open"}
            shown["owner"] = any(row.record.owner_id for row in table.page.object_list)
            for name, show in shown.items():
                (table.columns.show if show else table.columns.hide)(name)
        return table

    def empty(self) -> Empty:
        tab, missing = self.get_tab(), missing_run()
        return missing.so("there is no error") if missing else Empty(self.empty_tabs.get(tab, self.empty_text))

    def get_tab(self) -> str:
        return self.request.GET.get("state") or "open"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        context = super().get_context_data(**extra)
        table, asked = context["table"], self.request.GET
        table.next_tries = next_tries([row.record for row in table.page.object_list])
        cause = key_in(asked.get("cause", ""))
        context["cause"] = ErrorCause.objects.filter(pk=cause).first() if cause else None
        of = key_in(asked.get("of", ""))
        context["of"] = IntegrationTableMapping.objects.filter(pk=of).values_list("name", flat=True).first() if of else ""
        context["tab"] = self.get_tab()
        context["handlings"] = handlings_of(context["tab"])
        context["operators"] = context["filterset"].operators
        return context | {"numbers": numbers_of_issues()}


class Retry(Permitted, View):
    """Clears what is skipped and runs exactly these records again.

    Takes ``coupling`` ids, or ``only`` (one entry), or ``all`` (what the list at ``next`` shows, on all its pages), or ``job`` ids (what
    failed in them), or ``entry`` ids. ``use`` names the side whose value wins.
    """

    permission = "mappings.operate"

    def post(self, request: HttpRequest) -> HttpResponse:
        use = Side(request.POST["use"]) if request.POST.get("use") in set(Side) else None
        if couplings := posted_keys(request, "coupling"):
            retried = retry_couplings(Coupling.objects.filter(pk__in=couplings), user=request.user, use=use)
        else:
            retried = retry_errors(chosen_errors(request), user=request.user, use=use)
        tell_retried(request, retried)
        return HttpResponseRedirect(next_url(request, reverse("joblog:errors")))


class FixErrors(Permitted, View):
    """Carries out the fix ``do`` for chosen errors: those of :class:`Retry`'s fields ``only``, ``all`` and ``entry``."""

    permission = "mappings.operate"

    def post(self, request: HttpRequest) -> HttpResponse:
        back = HttpResponseRedirect(next_url(request, reverse("joblog:errors")))
        do = request.POST.get("do", "")
        if do not in _FIXES_OF_CHOSEN:
            tell(request, f"Nothing was started: {do or 'nothing'} is no way to mend errors.", level=messages.ERROR)
            return back
        try:
            tell_retried(request, fix_issues(chosen_errors(request), Fix(do), user=request.user))
        except CannotFix as error:
            tell(request, str(error), level=messages.ERROR)
        return back


def chosen_errors(request: HttpRequest) -> QuerySet[SynchError]:
    """What a button of the list or of an error's page is about."""
    if only := posted_keys(request, "only"):
        return SynchError.objects.filter(pk__in=only)
    if "all" in request.POST:
        return _shown_at(request, request.POST.get("next", ""))
    if jobs := posted_keys(request, "job"):
        return still_failing(jobs)
    return SynchError.objects.filter(pk__in=posted_keys(request, "entry"))


def _shown_at(request: HttpRequest, address: str) -> QuerySet[SynchError]:
    """All that the list shows at this address, on all its pages."""
    asked = copy(request)
    asked.GET = QueryDict(urlsplit(address).query)
    page = ErrorList()
    page.setup(asked)
    return page.matching().prefetch_related(None)


def tell_retried(request: HttpRequest, retried: Retried) -> None:
    left = " ".join(retried.left_out)
    if not retried.records:
        tell(request, left or "Nothing was selected that could be retried.", level=messages.WARNING)
        return
    number = f"{count(retried.records)} record{'s' if retried.records != 1 else ''}"
    url = log_url(retried.mappings[0]) if len(retried.mappings) == 1 else log_url()
    text = f"{number} will be synchronized again. Details are available on the Integration Synchronization Log page. {left}".strip()
    tell_scheduled(request, text, url=url, level=messages.WARNING if left else messages.SUCCESS)
