"""The versions of a mapping: who changed what, what going back would change, and going back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views import View

from mappings.models import ConfigurationChange, IntegrationTableMapping
from mappings.versions import CannotRestore, difference_to, restore, versions_of
from mappings.views.mapping_edit import tell_saved
from syncadmin.ui.views import Page, Permitted, tell


def _mapping(pk: int) -> IntegrationTableMapping:
    return get_object_or_404(IntegrationTableMapping.objects.select_related("business_central", "sales"), pk=pk)


def _version(mapping: IntegrationTableMapping, change: int) -> ConfigurationChange:
    found = next((row for row in versions_of(mapping) if row.pk == change), None)
    if found is None:
        raise Http404
    return found


class Versions(Page):
    """All versions, and with ``compare`` (the id of a change) what restoring that one would change."""

    template_name = "mappings/versions.html"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        mapping = _mapping(self.kwargs["pk"])
        rows = versions_of(mapping)
        asked = self.request.GET.get("compare", "")
        chosen = next((row for row in rows if str(row.pk) == asked), None)
        return super().get_context_data(
            title=f"Versions of {mapping.name}",
            mapping=mapping,
            rows=rows,
            current=rows[0].pk if rows else None,
            chosen=chosen,
            lines=difference_to(mapping, chosen) if chosen else [],
            **extra,
        )


class RestoreVersion(Permitted, View):
    permission = "mappings.configure"

    def post(self, request: HttpRequest, pk: int, change: int) -> HttpResponse:
        mapping = _mapping(pk)
        row = _version(mapping, change)
        page = reverse("mappings:versions", args=[pk])
        try:
            before = mapping.version
            restore(mapping, row, request.user)
        except CannotRestore as error:
            tell(request, f"Version {row.version} of {mapping.name} was not restored: {error}", level=messages.ERROR)
            return HttpResponseRedirect(f"{page}?compare={row.pk}")
        if mapping.version == before:
            tell(request, f"Version {row.version} of {mapping.name} is what it is now; nothing was changed.")
            return HttpResponseRedirect(page)
        tell_saved(request, mapping)
        return HttpResponseRedirect(f"{reverse('mappings:mapping-edit', args=[pk])}?changed=1")
