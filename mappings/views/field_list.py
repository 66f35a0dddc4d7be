"""Integration Field Mapping List: all field mappings of one mapping, edited in place."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404

from mappings.changes import save_with_history
from mappings.field_forms import HEADINGS, field_forms, known_fields
from mappings.forms import changed_meanwhile
from mappings.models import FieldStatus, IntegrationTableMapping
from mappings.views.mapping_edit import tell_saved
from syncadmin.sync.records import Side
from syncadmin.ui.views import Page, tell


class FieldList(Page):
    template_name = "mappings/field_list.html"
    change_permission = "mappings.configure"

    def mapping(self) -> IntegrationTableMapping:
        return get_object_or_404(IntegrationTableMapping.objects.select_related("business_central", "sales"), pk=self.kwargs["pk"])

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        mapping = self.mapping()
        rows = extra.pop("rows", None) or field_forms(instance=mapping)
        may_change = self.request.user.has_perm(self.change_permission)
        return super().get_context_data(
            title=f"{mapping.name} · Integration Field Mapping List",
            mapping=mapping,
            rows=rows if may_change else _locked(rows),
            total=sum(1 for form in rows.forms if form.instance.pk),
            enabled=sum(1 for form in rows.forms if form.initial.get("status") == FieldStatus.ENABLED),
            headings=[heading for _, heading in HEADINGS],
            may_change=may_change,
            table_fields=known_fields(mapping, Side.BUSINESS_CENTRAL),
            integration_table_fields=known_fields(mapping, Side.SALES),
            **extra,
        )

    def post(self, request: HttpRequest, **_kwargs: int) -> HttpResponse:
        mapping = self.mapping()
        rows = field_forms(request.POST, instance=mapping)
        if request.POST.get("seen_version") != str(mapping.version):
            return self.render_to_response(self.get_context_data(rows=rows, refused=changed_meanwhile(mapping)))
        if not rows.is_valid():
            return self.render_to_response(self.get_context_data(rows=rows))
        if not rows.has_changed():
            tell(request, f"Nothing was changed in the field mappings of {mapping.name}.")
            return HttpResponseRedirect(request.path)
        save_with_history(mapping, request.user, "Field mappings", lambda: _save(rows))
        tell_saved(request, mapping)
        return HttpResponseRedirect(f"{request.path}?changed=1")


def _save(rows: Any) -> None:
    rows.save()


def _locked(rows: Any) -> Any:
    for form in rows.forms:
        for field in form.fields.values():
            field.disabled = True
    return rows
