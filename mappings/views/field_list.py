"""Integration Field Mapping List: all field mappings of one mapping, edited in place."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import View

from mappings.changes import save_with_history
from mappings.field_forms import HEADINGS, field_forms
from mappings.field_offers import add_pairs, label_of, offers, place_of, remarks_on, tables_of
from mappings.forms import changed_meanwhile
from mappings.models import FieldStatus, IntegrationTableMapping
from mappings.pairing import Pair
from mappings.plans import build_plan, plan_of
from mappings.samples import samples_of
from mappings.systems import table_of
from mappings.views.mapping_edit import tell_saved
from syncadmin.sync.errors import SyncError
from syncadmin.sync.plan import TablePlan
from syncadmin.sync.records import Side
from syncadmin.sync.tables import Table
from syncadmin.ui.views import Page, Permitted, tell


class FieldList(Page):
    template_name = "mappings/field_list.html"
    change_permission = "mappings.configure"

    def mapping(self) -> IntegrationTableMapping:
        return get_object_or_404(IntegrationTableMapping.objects.select_related("business_central", "sales"), pk=self.kwargs["pk"])

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        mapping = self.mapping()
        rows = extra.pop("rows", None) or field_forms(instance=mapping)
        tables = tables_of(mapping)
        for form in rows.forms:
            _describe(form, tables)
        may_change = self.request.user.has_perm(self.change_permission)
        return super().get_context_data(
            title=f"{mapping.name} · Integration Field Mapping List",
            mapping=mapping,
            rows=rows if may_change else _locked(rows),
            total=sum(1 for form in rows.forms if form.instance.pk),
            enabled=sum(1 for form in rows.forms if form.initial.get("status") == FieldStatus.ENABLED),
            headings=[heading for _, heading in HEADINGS],
            may_change=may_change,
            table_fields=_suggestions(tables[Side.BUSINESS_CENTRAL]),
            integration_table_fields=_suggestions(tables[Side.SALES]),
            offers=[_told(pair, tables) for pair in offers(mapping, tables, [form.instance for form in rows.forms])],
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


class AddFields(Permitted, View):
    """Adds the pairs of ``pair`` (repeated ``field|integration field``) that the list offers at this moment; they start Disabled."""

    permission = "mappings.configure"

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        mapping = get_object_or_404(IntegrationTableMapping.objects.select_related("business_central", "sales"), pk=pk)
        wanted = set(request.POST.getlist("pair"))
        offered = offers(mapping, tables_of(mapping), list(mapping.field_mappings.all()))
        chosen = [pair for pair in offered if f"{pair.field}|{pair.integration_field}" in wanted]
        page = reverse("mappings:field-list", args=[pk])
        if not chosen:
            tell(request, "Nothing was added: tick a pair of fields first.", level=messages.ERROR)
            return HttpResponseRedirect(page)
        save_with_history(mapping, request.user, "Field mappings added", lambda: add_pairs(mapping, chosen))
        tell(request, f"{len(chosen)} field mapping{'s' if len(chosen) > 1 else ''} added, Disabled. Enable what you want, then save.")
        return HttpResponseRedirect(page)


class TryFields(Page):
    """What a real record becomes on the other side; ``record`` is its number or name, ``all`` tries disabled field mappings too."""

    template_name = "mappings/field_try.html"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        mapping = get_object_or_404(IntegrationTableMapping.objects.select_related("business_central", "sales"), pk=self.kwargs["pk"])
        called, everything = self.request.GET.get("record", ""), "all" in self.request.GET
        try:
            found: dict[str, Any] = {"samples": samples_of(mapping, _plan(mapping, everything=everything), called=called)}
        except SyncError as error:
            found = {"samples": [], "reason": error.text}
        return super().get_context_data(
            title=f"{mapping.name} · Try on a Record", mapping=mapping, called=called, everything=everything, **found, **extra
        )


def _plan(mapping: IntegrationTableMapping, *, everything: bool) -> TablePlan:
    """With ``everything`` also the disabled field mappings, as far as both systems have their fields."""
    if not everything:
        return build_plan(mapping)
    tables = {side: table_of(mapping, side) for side in Side}
    known = [
        row
        for row in mapping.field_mappings.all()
        if row.field in (*tables[Side.BUSINESS_CENTRAL].fields, "") and row.integration_field in (*tables[Side.SALES].fields, "")
    ]
    return plan_of(mapping, tables, known, mapping.templates.order_by("priority", "id"))


def _describe(form: Any, tables: dict[Side, Table | None]) -> None:
    """Gives a row what the list shows beside its inputs."""
    row, bc, sales = form.instance, tables[Side.BUSINESS_CENTRAL], tables[Side.SALES]
    form.numbers = (place_of(bc, row.field), place_of(sales, row.integration_field)) if row.pk else (None, None)
    form.labels = (label_of(bc, row.field), label_of(sales, row.integration_field)) if row.pk else ("", "")
    form.remarks = remarks_on(row, tables) if row.pk else []


def _suggestions(table: Table | None) -> list[tuple[str, str]]:
    return [(one.name, one.label) for one in table.fields.values()] if table else []


def _told(pair: Pair, tables: dict[Side, Table | None]) -> dict[str, str]:
    return {
        "key": f"{pair.field}|{pair.integration_field}",
        "field": pair.field,
        "label": label_of(tables[Side.BUSINESS_CENTRAL], pair.field),
        "direction": pair.direction,
        "integration_field": pair.integration_field,
        "integration_label": label_of(tables[Side.SALES], pair.integration_field),
        "lookup": pair.lookup,
    }


def _save(rows: Any) -> None:
    rows.save()


def _locked(rows: Any) -> Any:
    for form in rows.forms:
        for field in form.fields.values():
            field.disabled = True
    return rows
