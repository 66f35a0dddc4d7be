"""Integration Table Mappings: the list and its FactBox."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from mappings.filters import MappingFilter
from mappings.first_steps import missing_mapping
from mappings.models import FieldStatus
from mappings.tables import MappingTable
from mappings.troubleshooting import listed_mappings
from syncadmin.ui.empty import Empty
from syncadmin.ui.paging import Counted, count_up_to_limit
from syncadmin.ui.views import ListPage, Page


class MappingList(ListPage):
    title = "Integration Table Mappings"
    noun = ("mapping", "mappings")
    table_class = MappingTable
    filter_class = MappingFilter
    pane_fields = {"business_central": ("Business Central", "business_central__name"), "sales": ("Dynamics 365 Sales", "sales__name")}
    actions_template = "mappings/mapping_actions.html"
    factbox_template = "mappings/factbox.html"

    def empty(self) -> Empty:
        missing = missing_mapping()
        return missing.so() if missing else super().empty()

    def get_rows(self) -> QuerySet[Any]:
        return listed_mappings()

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        context = super().get_context_data(**extra)
        rows = context["table"].page.object_list.data
        return context | (factbox(rows[0]) if rows and not self.request.htmx else {})  # type: ignore[attr-defined]


class MappingFactBox(Page):
    template_name = "mappings/factbox.html"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        mapping = get_object_or_404(listed_mappings(), pk=self.kwargs["pk"])
        return super().get_context_data(**extra) | factbox(mapping)


def factbox(mapping: Any) -> dict[str, Any]:
    """What the FactBox shows of a row of :func:`mappings.troubleshooting.listed_mappings`; two queries."""
    return {
        "mapping": mapping,
        "coupled": count_up_to_limit(mapping.couplings.filter(pending="")),
        "failed": Counted.of(mapping.failed),
        "skipped": Counted.of(mapping.skipped),
        "enabled_fields": mapping.field_mappings.filter(status=FieldStatus.ENABLED).count(),
    }
