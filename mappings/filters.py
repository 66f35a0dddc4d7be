"""Filter bars of the mappings app."""

from __future__ import annotations

from typing import Any

import django_filters
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from mappings.models import (
    ConfigTemplate,
    ConfigurationChange,
    FieldDirection,
    FieldStatus,
    IntegrationFieldMapping,
    IntegrationTableMapping,
    MappingDirection,
    OptionMapping,
    System,
    SystemKind,
    TransformationRule,
)
from mappings.models.template import TemplateSide
from mappings.troubleshooting import stale_mappings
from mappings.users import SUPERUSER, Role, with_role
from syncadmin.sync.transform import RuleType
from syncadmin.ui.filters import ListFilter, PickFilter, TickFilter

_KINDS = ("mapping", "system", "option mapping", "transformation rule", "job queue entry", "user")


class MappingFilter(ListFilter):
    folded = ("stale", "manual")
    search_fields = ("name", "description", "table_label", "table", "integration_table_label", "integration_table", "table_filter_text")

    direction = PickFilter(what="direction", choices=MappingDirection.choices)
    company = django_filters.ModelChoiceFilter(
        field_name="business_central",
        queryset=System.objects.filter(kind=SystemKind.BUSINESS_CENTRAL),
        label="Company",
        empty_label="Any company",
    )
    troubled = TickFilter(method="filter_troubled", label="With failed or skipped records")
    stale = TickFilter(method="filter_stale", label="Not run for a day")
    manual = TickFilter(field_name="user_defined", label="User defined")

    class Meta:
        model = IntegrationTableMapping
        fields: list[str] = []

    def filter_stale(self, rows: QuerySet[Any], _name: str, value: bool) -> QuerySet[Any]:
        return rows.filter(pk__in=stale_mappings().values("pk")) if value else rows

    def filter_troubled(self, rows: QuerySet[Any], _name: str, value: bool) -> QuerySet[Any]:
        return rows.filter(Q(failed__gt=0) | Q(skipped__gt=0)) if value else rows


class ChangeFilter(ListFilter):
    search_fields = ("name", "what", "changed_by_name", "company")

    kind = PickFilter(what="kind", choices=[(kind, kind.capitalize()) for kind in _KINDS])
    name = django_filters.CharFilter(field_name="name", lookup_expr="iexact", label="Name")

    class Meta:
        model = ConfigurationChange
        fields: list[str] = []

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.form.fields["name"].widget.attrs["placeholder"] = "Name"


class OptionFilter(ListFilter):
    search_fields = ("name", "code", "label")

    name = PickFilter(what="option mapping", choices=[])

    class Meta:
        model = OptionMapping
        fields: list[str] = []

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.names = option_mapping_names()
        self.filters["name"].extra["choices"] = [(name, name) for name in self.names]


class FieldFilter(ListFilter):
    search_fields = ("field", "field_label", "integration_field", "integration_field_label", "constant_value", "lookup_mapping",
                     "option_mapping", "transformation_rule")  # fmt: skip

    status = PickFilter(what="status", choices=FieldStatus.choices)
    direction = PickFilter(what="direction", choices=FieldDirection.choices)

    class Meta:
        model = IntegrationFieldMapping
        fields: list[str] = []


def option_mapping_names() -> list[str]:
    """Those with pairs, and those that field mappings ask for."""
    used = IntegrationFieldMapping.objects.exclude(option_mapping="").values_list("option_mapping", flat=True)
    return sorted({*OptionMapping.objects.values_list("name", flat=True), *used})


class TemplateFilter(ListFilter):
    search_fields = ("code", "description", "mapping__name")

    mapping = django_filters.CharFilter(field_name="mapping__name", lookup_expr="iexact", label="Mapping")
    side = PickFilter(what="side", choices=TemplateSide.choices)

    class Meta:
        model = ConfigTemplate
        fields: list[str] = []

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.form.fields["mapping"].widget.attrs["placeholder"] = "Mapping"


class TransformationFilter(ListFilter):
    search_fields = ("code", "description", "type")

    type = PickFilter(what="type", choices=[(one.value, one.value) for one in RuleType])
    used = TickFilter(method="filter_used", label="Used by field mappings")

    class Meta:
        model = TransformationRule
        fields: list[str] = []

    def filter_used(self, rows: QuerySet[Any], _name: str, value: bool) -> QuerySet[Any]:
        return rows.filter(used__gt=0) if value else rows


class UserFilter(ListFilter):
    search_fields = ("username", "first_name", "last_name", "email")

    role = PickFilter(
        what="role", method="filter_role", choices=[(one.value or "none", one.label) for one in Role] + [(SUPERUSER, SUPERUSER)]
    )
    former = TickFilter(method="filter_former", label="Those who cannot sign in")

    class Meta:
        model = User
        fields: list[str] = []

    def filter_role(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        return rows.filter(with_role("" if value == "none" else value))

    def filter_former(self, rows: QuerySet[Any], _name: str, value: bool) -> QuerySet[Any]:
        return rows.filter(is_active=False) if value else rows
