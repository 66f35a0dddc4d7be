"""Delete Manual Mapping, a button of the list of mappings: what it deletes has job queue entries."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.generic import View

from joblog.deleting_mappings import delete_mappings
from syncadmin.ui.views import Permitted, next_url, posted_keys, tell


class DeleteMappings(Permitted, View):
    """Deletes those of the mappings (``mapping`` ids) that somebody added and nothing holds, and says of the others why they stay."""

    permission = "mappings.configure"

    def post(self, request: HttpRequest) -> HttpResponse:
        deleted, reasons = delete_mappings(posted_keys(request, "mapping"), request.user)
        for reason in reasons:
            tell(request, reason, level=messages.WARNING)
        if deleted:
            url = f"{reverse('mappings:change-log')}?kind=mapping"
            tell(request, f"{', '.join(deleted)} {'was' if len(deleted) == 1 else 'were'} deleted.", url=url, label="See what it was")
        return HttpResponseRedirect(next_url(request, reverse("mappings:mapping-list")))
