"""Causes of synchronization errors: what is wrong, how many records it holds up, and the buttons that mend it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import View

from joblog.cause_tables import CauseTable
from joblog.filters import CauseFilter
from joblog.first_steps import missing_run
from joblog.fixes import CannotFix, fix_cause
from joblog.handling import IGNORE
from joblog.issue_numbers import numbers_of_issues
from joblog.models import ErrorCause
from joblog.remedies import BUTTONS, Fix, fixes_of
from joblog.views.errors import tell_retried
from syncadmin.ui.empty import Empty
from syncadmin.ui.views import ListPage, Permitted, next_url, require, tell


class CauseList(ListPage):
    title = "Causes of Synchronization Errors"
    noun = ("cause", "causes")
    table_class = CauseTable
    filter_class = CauseFilter
    template_name = "joblog/causes.html"
    fragment_template = "joblog/error_rows.html"
    actions_template = "joblog/cause_list_actions.html"
    empty_text = "Nothing holds up any record. Causes appear here when records fail, and go when they succeed."
    live_seconds = 15

    def empty(self) -> Empty:
        missing = missing_run()
        return missing.so("nothing holds up any record") if missing else super().empty()

    def get_rows(self) -> QuerySet[Any]:
        return ErrorCause.objects.all()

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        return super().get_context_data(tab="causes", numbers=numbers_of_issues(), handlings=(IGNORE,), **extra)


class FixCause(Permitted, View):
    """Carries out the fix ``do`` for all open records of a cause; one that changes the configuration needs that permission."""

    permission = "mappings.operate"

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        cause = get_object_or_404(ErrorCause.objects.select_related("mapping__business_central"), pk=pk)
        back = HttpResponseRedirect(next_url(request, reverse("joblog:causes")))
        do = request.POST.get("do", "")
        if do not in fixes_of(cause):
            tell(request, f"Nothing was started: {do or 'nothing'} does not help against this cause.", level=messages.ERROR)
            return back
        require(request, BUTTONS[Fix(do)].permission)
        try:
            tell_retried(request, fix_cause(cause, Fix(do), user=request.user))
        except CannotFix as error:
            tell(request, str(error), level=messages.ERROR)
        return back
