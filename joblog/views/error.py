"""One error with all that is known of it, and the help about error codes."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import View

from joblog.addresses import destination_url, help_url, source_url, why_url
from joblog.call_stacks import call_stack_of
from joblog.entry_tables import what_happened
from joblog.error_text import error_text, field_names
from joblog.handling import handlings_of, state_of
from joblog.issue_states import remarks_on
from joblog.models import SynchEntry
from joblog.next_tries import next_tries
from joblog.remedies import BUTTONS, REMEDIES, remedy_for
from mappings.users import operators
from syncadmin.sync.records import Direction
from syncadmin.ui.views import Page, Permitted

_REMARKS = 20


class ErrorPage(Page):
    """The message in full, what it means and what helps, what the system said, and the call stack (page 5339)."""

    template_name = "joblog/error.html"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        entry = failed_entry(self.kwargs["pk"])
        source, destination = source_url(entry), destination_url(entry)
        side = Direction(entry.job.direction).source
        return super().get_context_data(
            title=f"Error · {entry.source_label or entry.source_key}",
            entry=entry,
            job=entry.job,
            what=what_happened(entry),
            fields=field_names(entry),
            call_stack=call_stack_of(entry.detail),
            remedy=remedy_for(entry.code),
            cause=entry.cause,
            help_url=help_url(entry.code),
            source=source,
            destination=destination,
            may_mend=entry.unresolved,
            handlings=handlings_of(state_of(entry)),
            operators=operators() if entry.unresolved else (),
            remarks=remarks_on(entry)[:_REMARKS],
            next_try=next_tries([entry]).get(entry.pk) if entry.issue else None,
            why=why_url(entry.job.mapping_id, side, entry.source_key),
            **extra,
        )


class ErrorText(Permitted, View):
    """The same as plain text, for the clipboard."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:  # noqa: ARG002
        return HttpResponse(error_text(failed_entry(pk)), content_type="text/plain; charset=utf-8")


class ErrorHelp(Page):
    """What each error code means to people, and what helps; each has an address of its own on the page."""

    title = "Help About Errors"
    template_name = "joblog/error_help.html"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        buttons = {fix: one.label.format(n="its records", missing="the mapping", field="the field") for fix, one in BUTTONS.items()}
        codes = [(code, one, [buttons[fix] for fix in one.fixes], [place.label for place in one.places]) for code, one in _sorted()]
        return super().get_context_data(codes=codes, errors_url=reverse("joblog:errors"), **extra)


def failed_entry(pk: int) -> SynchEntry:
    """An entry of a record that failed, with its job and cause; anything else is not found."""
    entry = get_object_or_404(SynchEntry.objects.select_related("job", "cause", "owner"), pk=pk)
    if not entry.failure:
        raise Http404("This record did not fail.")
    return entry


def _sorted() -> list[Any]:
    return sorted(REMEDIES.items(), key=lambda pair: (pair[1].title, pair[0]))
