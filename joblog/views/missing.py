"""From an error to the record that has to be coupled first, or to be coupled itself."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views import View

from joblog.addresses import record_url, with_query
from joblog.models import SynchEntry
from joblog.naming import GUID
from mappings.models import IntegrationTableMapping
from syncadmin.sync.records import Direction
from syncadmin.ui.views import Permitted


class MissingReference(Permitted, View):
    """Leads to the missing reference of an entry: its page where its key is known, else the list of records searched for its code."""

    permission = "mappings.see"

    def get(self, request: HttpRequest, pk: int, position: int) -> HttpResponseRedirect:  # noqa: ARG002
        entry = get_object_or_404(SynchEntry.objects.select_related("job"), pk=pk)
        missing = entry.detail.get("missing", [])
        if position >= len(missing):
            raise Http404("This entry misses no such reference.")
        return HttpResponseRedirect(_address(entry, missing[position]))


class FromError(Permitted, View):
    """Leads from an entry to the page ``leads_to`` of its source record."""

    permission = "mappings.see"
    leads_to = ""

    def get(self, request: HttpRequest, pk: int) -> HttpResponseRedirect:  # noqa: ARG002
        entry = get_object_or_404(SynchEntry.objects.select_related("job"), pk=pk)
        if not entry.job.mapping_id or not entry.source_key:
            raise Http404("The mapping of this entry was deleted.")
        side = Direction(entry.job.direction).source
        return HttpResponseRedirect(reverse(self.leads_to, args=[entry.job.mapping_id, side.value, entry.source_key]))


def _address(entry: SynchEntry, missing: dict[str, Any]) -> str:
    mapping = get_object_or_404(IntegrationTableMapping, name=missing["mapping"], business_central__company=entry.job.company)
    side, value = Direction(entry.job.direction).source, str(missing["value"])
    if GUID.fullmatch(value):
        return record_url(mapping.pk, side, value)
    return with_query(reverse("joblog:record-list", args=[mapping.pk]), {"side": side.value, "q": value})
