"""Integration Field Mapping List: all field mappings of one mapping, edited in place."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import View

from mappings.changes import changed_meanwhile, save_with_history
from mappings.edit_tables import FieldTable
from mappings.field_forms import field_forms
from mappings.field_offers import add_pairs, described, label_of, offers, tables_of
from mappings.filters import FieldFilter
from mappings.first_steps import DEFAULT_SETUP
from mappings.models import FieldStatus, IntegrationFieldMapping, IntegrationTableMapping
from mappings.pairing import Pair
from mappings.plans import build_plan, plan_of
from mappings.samples import samples_of
from mappings.systems import table_of
from mappings.views.mapping_edit import tell_saved
from syncadmin.sync.errors import SyncError
from syncadmin.sync.plan import TablePlan
from syncadmin.sync.records import Side
from syncadmin.sync.tables import Table
from syncadmin.ui.edit_views import EditPage
from syncadmin.ui.empty import Empty, NextStep
from syncadmin.ui.tables import ListTable
from syncadmin.ui.views import Page, Permitted, tell


class FieldList(EditPage):
    template_name = "mappings/field_list.html"
    fragment_template = "parts/edit_form.html"
    change_permission = "mappings.configure"
    noun = ("field mapping", "field mappings")
    table_class = FieldTable
    filter_class = FieldFilter
    empty_text = "This mapping has no field mapping yet, so it carries no value over."
    about_new = "The last row adds a field mapping. It starts Disabled; enable it after you have saved it."
    new_called = "New field mapping"

    @cached_property
    def mapping(self) -> IntegrationTableMapping:
        return get_object_or_404(IntegrationTableMapping.objects.select_related("business_central", "sales"), pk=self.kwargs["pk"])

    @cached_property
    def tables(self) -> dict[Side, Table | None]:
        return tables_of(self.mapping)

    @cached_property
    def all_rows(self) -> list[IntegrationFieldMapping]:
        """Whatever of them the page shows."""
        return list(self.mapping.field_mappings.all())

    @cached_property
    def offered(self) -> list[Pair]:
        """The pairs that the two tables suggest beside the field mappings there are."""
        return offers(self.mapping, self.tables, self.all_rows)

    def empty(self) -> Empty:
        if self.offered:
            text = f"{self.empty_text} Tick pairs of fields that belong together and add them, or enter a pair in the last row."
            return Empty(text, (NextStep("Offered field pairs", "#offers", self.change_permission),))
        if None in self.tables.values():
            return Empty(f"{self.empty_text} What fields its tables have is not known yet: the default setup reads them.", (DEFAULT_SETUP,))
        return Empty(f"{self.empty_text} The names of its two tables suggest none. Enter a field of each in the last row, then save.")

    def get_rows(self) -> QuerySet[Any]:
        names = ((row.field, row.integration_field) for row in self.all_rows)
        return described(self.mapping.field_mappings.all(), names, self.tables)

    def get_table(self, rows: QuerySet[Any]) -> ListTable:
        table = super().get_table(rows)
        table.known = self.tables
        return table

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        mapping, tables = self.mapping, self.tables
        return super().get_context_data(
            title=f"{mapping.name} · Integration Field Mapping List",
            mapping=mapping,
            enabled=sum(row.status == FieldStatus.ENABLED for row in self.all_rows),
            seen={"seen_version": mapping.version},
            suggestions={
                "table-fields": _suggestions(tables[Side.BUSINESS_CENTRAL]),
                "integration-table-fields": _suggestions(tables[Side.SALES]),
            },
            cancel_url=reverse("mappings:mapping-list"),
            offers=[_told(pair, tables) for pair in self.offered],
            **extra,
        )

    def forms_of(self, keys: list[int]) -> Any:
        return field_forms(instance=self.mapping, queryset=IntegrationFieldMapping.objects.filter(pk__in=keys))

    def act(self, request: HttpRequest) -> HttpResponse:
        mapping, query = self.mapping, request.GET.copy()
        rows = field_forms(request.POST, instance=mapping)
        if request.POST.get("seen_version") != str(mapping.version):
            return self.render_to_response(self.get_context_data(refused=changed_meanwhile(mapping)))
        if not rows.is_valid():
            return self.render_to_response(self.get_context_data(rows=rows))
        if not rows.has_changed():
            tell(request, f"Nothing was changed in the field mappings of {mapping.name}.")
            return HttpResponseRedirect(request.get_full_path())
        save_with_history(mapping, request.user, "Field mappings", lambda: _save(rows))
        tell_saved(request, mapping)
        query["changed"] = "1"
        return HttpResponseRedirect(f"{request.path}?{query.urlencode()}")


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
