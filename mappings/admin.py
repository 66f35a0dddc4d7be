"""Raw rows for support, read-only; people work on our own pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest
from django.utils.functional import cached_property

from mappings.models import (
    ConfigTemplate,
    ConfigurationChange,
    Coupling,
    IntegrationFieldMapping,
    IntegrationTableMapping,
    LookedUpPairs,
    OptionMapping,
    System,
    SystemTable,
    SystemTraffic,
    TransformationRule,
)
from syncadmin.ui.paging import count_up_to_limit

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin


class _Newest(Paginator):  # type: ignore[type-arg]
    """Counts no further than other lists do: couplings and the log have millions of rows."""

    @cached_property
    def count(self) -> int:
        return count_up_to_limit(self.object_list).number  # type: ignore[arg-type]


class ReadOnlyAdmin(_ModelAdmin):
    """Shows every column, changes nothing; ``hidden`` columns never leave the database. The newest rows come first, by key."""

    hidden: tuple[str, ...] = ()
    ordering = ("-pk",)
    paginator = _Newest
    show_full_result_count = False
    list_per_page = 50

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        return [field.name for field in self.model._meta.fields if field.name not in self.hidden]

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        return self.get_fields(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


@admin.register(System)
class SystemAdmin(ReadOnlyAdmin):
    hidden = ("encrypted_secret", "encrypted_certificate")


for model in (
    SystemTable,
    SystemTraffic,
    IntegrationTableMapping,
    IntegrationFieldMapping,
    Coupling,
    OptionMapping,
    TransformationRule,
    LookedUpPairs,
    ConfigTemplate,
    ConfigurationChange,
):
    admin.site.register(model, ReadOnlyAdmin)
