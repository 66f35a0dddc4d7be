"""Integration Table Mappings, edited in the list."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from mappings.changes import save_with_history
from mappings.first_steps import missing_mapping
from mappings.models import IntegrationTableMapping
from mappings.row_forms import HEADINGS, MappingRowForm, mapping_rows
from mappings.views.mapping_edit import save_form, tell_meeting, tell_saved
from syncadmin.ui.empty import nothing_for
from syncadmin.ui.views import Page, tell


class MappingRows(Page):
    title = "Edit Integration Table Mappings"
    template_name = "mappings/mapping_rows.html"
    permission = "mappings.configure"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        rows = extra.pop("rows", None) or mapping_rows(queryset=_shown())
        nothing = None if rows.forms else nothing_for(self.request.user, missing_mapping())
        return super().get_context_data(rows=rows, nothing=nothing, headings=[heading for _, heading in HEADINGS], **extra)

    def post(self, request: HttpRequest) -> HttpResponse:
        rows: Any = mapping_rows(request.POST, queryset=_shown())
        if any(form.instance.pk is None for form in rows.forms):
            tell(request, "Nothing was saved: a mapping was deleted meanwhile. These are the ones there are.", level=messages.ERROR)
            return HttpResponseRedirect(request.path)
        if not rows.is_valid():
            return self.render_to_response(self.get_context_data(rows=rows))
        changed = [form for form in rows.forms if form.changed_names]
        for form in changed:
            _save(request, form)
        if not changed:
            tell(request, "Nothing was changed.")
        return HttpResponseRedirect(reverse("mappings:mapping-list"))


def _save(request: HttpRequest, form: MappingRowForm) -> None:
    labels = ", ".join(str(form.fields[name].label) for name in form.changed_names)
    save_with_history(form.instance, request.user, labels, lambda: save_form(form))
    tell_saved(request, form.instance)
    tell_meeting(request, form.instance, form.changed_names)


def _shown() -> Any:
    return IntegrationTableMapping.objects.select_related("business_central", "sales").order_by("business_central__name", "order", "name")
