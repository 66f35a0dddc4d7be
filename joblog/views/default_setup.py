"""Use Default Synchronization Setup, once its preview has been seen: mappings and their job queue entries."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import View

from joblog.default_entries import set_up
from mappings.default_preview import preview_default_setup
from mappings.default_setup import SetupReport
from mappings.models import System, SystemKind
from syncadmin.sync.errors import SyncError
from syncadmin.ui.views import Permitted, key_in, tell

_MOVED = "What the set-up would change is not what you have seen any more. It is shown anew; look at it, then use it."


class ApplyDefaultSetup(Permitted, View):
    """``mapping`` (repeated names) of one ``company`` and ``sales``; ``seen-NAME`` tells what of each was shown."""

    permission = "mappings.configure"

    def post(self, request: HttpRequest) -> HttpResponse:
        company = get_object_or_404(System, pk=key_in(request.POST.get("company", "")), kind=SystemKind.BUSINESS_CENTRAL)
        sales = get_object_or_404(System, pk=key_in(request.POST.get("sales", "")), kind=SystemKind.SALES)
        names = request.POST.getlist("mapping")
        back = f"{reverse('mappings:default-setup')}?{urlencode({'company': company.pk, 'sales': sales.pk})}"
        if not names:
            tell(request, "Nothing was changed: select a mapping first.", level=messages.ERROR)
            return HttpResponseRedirect(back)
        try:
            if any(request.POST.get(f"seen-{one.name}") != one.seen for one in preview_default_setup(company, sales, names=names)):
                tell(request, _MOVED, level=messages.WARNING)
                return HttpResponseRedirect(back)
            report, entries = set_up(company, sales, request.user, names=names)
        except SyncError as error:
            tell(request, f"Nothing was changed: {error.text}", level=messages.ERROR)
            return HttpResponseRedirect(back)
        _tell_done(request, report, entries)
        return HttpResponseRedirect(reverse("mappings:mapping-list"))


def _tell_done(request: HttpRequest, report: SetupReport, entries: list[str]) -> None:
    for line in report.left_out:
        tell(request, f"Left out: {line}", level=messages.WARNING)
    if report.made:
        url = f"{reverse('mappings:change-log')}?kind=mapping"
        count = len(report.made)
        tell(request, f"{count} mapping{'s' if count > 1 else ''} set up as the default says.", url=url, label="See what changed")
    if entries:
        count = len(entries)
        text = f"{count} job queue entr{'ies were' if count > 1 else 'y was'} made, and run{'' if count > 1 else 's'} when due."
        tell(request, text, url=reverse("joblog:queue"), label="Job Queue Entries")
