"""One integration table mapping: its page, its watermarks, and what a change of it reaches."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import View

from mappings.changes import clear_watermarks, save_with_history
from mappings.companies import shares_rows
from mappings.filters_check import count_matching, full_run_size
from mappings.forms import FILTERS, REACHES_PAST_WATERMARK, MappingForm
from mappings.models import IntegrationTableMapping
from mappings.row_forms import MappingRowForm
from mappings.troubleshooting import listed_mappings
from mappings.views.mapping_list import factbox
from syncadmin.sync.errors import RunError, SyncError
from syncadmin.sync.records import Direction, Side
from syncadmin.ui.formatting import count
from syncadmin.ui.views import Page, Permitted, tell

_MEETING = (
    "Records of all companies can meet in {table} of Sales now: a record of this company may change one that another company sends as well."
)


class MappingEdit(Page):
    template_name = "mappings/mapping_edit.html"
    change_permission = "mappings.configure"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        mapping = get_object_or_404(listed_mappings(), pk=self.kwargs["pk"])
        may_change = self.request.user.has_perm(self.change_permission)
        form = extra.pop("form", None) or MappingForm(instance=mapping)
        if not may_change:
            form.lock()
        return super().get_context_data(
            title=mapping.name,
            form=form,
            may_change=may_change,
            back_url=reverse("mappings:mapping-list"),
            factbox_template="mappings/factbox.html",
            **factbox(mapping),
            **extra,
        )

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        mapping = get_object_or_404(IntegrationTableMapping.objects.select_related("business_central", "sales"), pk=pk)
        form = MappingForm(request.POST, instance=mapping)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        if not form.changed_data:
            tell(request, f"Nothing was changed in {mapping.name}.")
            return HttpResponseRedirect(request.path)
        labels = [str(form.fields[name].label or name) for name in form.changed_data if name in form.fields]
        try:
            save_with_history(mapping, request.user, ", ".join(labels), lambda: save_form(form), seen=form.cleaned_data["seen_version"])
        except RunError as error:
            form.add_error(None, error.text)
            return self.render_to_response(self.get_context_data(form=form))
        tell_saved(request, mapping)
        tell_meeting(request, mapping, form.changed_data)
        reaches = REACHES_PAST_WATERMARK.intersection(form.changed_data)
        return HttpResponseRedirect(f"{request.path}?changed=1" if reaches else request.path)


def tell_meeting(request: HttpRequest, mapping: IntegrationTableMapping, changed: Collection[str]) -> None:
    """Says what multi-company synchronization means for a mapping where it was just switched on."""
    if "multi_company" in changed and shares_rows(mapping) and Direction.TO_INTEGRATION in mapping.directions:
        tell(request, _MEETING.format(table=mapping.integration_table_label or mapping.integration_table), level=messages.INFO)


def save_form(form: MappingForm | MappingRowForm) -> None:
    """Only the columns of the form: workers move watermarks and run results meanwhile. Fields of an option mapping go its way (M02)."""
    form.instance.save(update_fields=form.Meta.fields)
    if form.instance.is_option_mapping:
        form.instance.field_mappings.exclude(direction=form.instance.direction).update(direction=form.instance.direction)


def tell_saved(request: HttpRequest, mapping: IntegrationTableMapping) -> None:
    url = f"{reverse('mappings:change-log')}?kind=mapping&name={mapping.name}"
    tell(request, f"{mapping.name} was saved as version {mapping.version}.", url=url, label="See what changed")


class ClearWatermarks(Permitted, View):
    """Forgets how far a mapping has been read, so that its next run reads everything."""

    permission = "mappings.configure"

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        mapping = get_object_or_404(IntegrationTableMapping.objects.select_related("business_central"), pk=pk)
        clear_watermarks(mapping, request.user)
        tell(request, f"The watermarks of {mapping.name} were cleared. Its next run reads all records inside the filters.")
        return HttpResponseRedirect(reverse("mappings:mapping-edit", args=[pk]))


class CheckFilter(Page):
    """A fragment: how many records of ``side`` the filter text selects, or why the system refuses it."""

    permission = "mappings.configure"
    template_name = "mappings/filter_checked.html"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        mapping = get_object_or_404(IntegrationTableMapping.objects.select_related("business_central", "sales"), pk=self.kwargs["pk"])
        field = "integration_table_filter" if self.request.GET.get("side") == Side.SALES else "table_filter"
        try:
            return super().get_context_data(number=count_matching(mapping, FILTERS[field], self.request.GET.get(field, "")), **extra)
        except SyncError as error:
            return super().get_context_data(reason=error.text, refused=error.code == "bad-filter", **extra)


class FullRunSize(Page):
    """A fragment: how many records a full synchronization would read (engine.md A23)."""

    template_name = "mappings/full_run_size.html"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        mapping = get_object_or_404(IntegrationTableMapping.objects.select_related("business_central", "sales"), pk=self.kwargs["pk"])
        try:
            sizes = " and ".join(_size(side, number) for side, number in full_run_size(mapping).items())
            return super().get_context_data(sizes=sizes, **extra)
        except SyncError as error:
            return super().get_context_data(reason=error.text, **extra)


def _size(side: Side, number: int) -> str:
    return f"{count(number)} record{'' if number == 1 else 's'} of {side.label}"
