"""Filter bars of the mappings app."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q, QuerySet

from mappings.models import ConfigurationChange, IntegrationTableMapping, MappingDirection, System, SystemKind
from syncadmin.ui.filters import ListFilter, PickFilter, TickFilter


class MappingFilter(ListFilter):
    search_fields = ("name", "description", "table_label", "table", "integration_table_label", "integration_table", "table_filter_text")

    direction = PickFilter(what="direction", choices=MappingDirection.choices)
    company = django_filters.ModelChoiceFilter(
        field_name="business_central",
        queryset=System.objects.filter(kind=SystemKind.BUSINESS_CENTRAL),
        label="Company",
        empty_label="Any company",
    )
    troubled = TickFilter(method="filter_troubled", label="With failed or skipped records")

    class Meta:
        model = IntegrationTableMapping
        fields: list[str] = []

    def filter_troubled(self, rows: QuerySet[Any], _name: str, value: bool) -> QuerySet[Any]:
        return rows.filter(Q(failed__gt=0) | Q(skipped__gt=0)) if value else rows


class ChangeFilter(ListFilter):
    search_fields = ("name", "what", "changed_by_name", "company")

    kind = PickFilter(
        what="kind", choices=[(kind, kind.capitalize()) for kind in ("mapping", "system", "option mapping", "job queue entry")]
    )
    name = django_filters.CharFilter(field_name="name", lookup_expr="iexact", label="Name")

    class Meta:
        model = ConfigurationChange
        fields: list[str] = []

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.form.fields["name"].widget.attrs["placeholder"] = "Name"
