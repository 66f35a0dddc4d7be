"""The change log of configuration (engine.md A26)."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from mappings.filters import ChangeFilter
from mappings.first_steps import missing_systems
from mappings.models import ConfigurationChange
from mappings.tables import ChangeTable
from syncadmin.ui.empty import Empty
from syncadmin.ui.views import ListPage


class ChangeLog(ListPage):
    title = "Change Log"
    noun = ("change", "changes")
    table_class = ChangeTable
    filter_class = ChangeFilter
    empty_text = "Nothing has been changed yet. Every saved change of a system, a mapping or a schedule is kept here."

    def empty(self) -> Empty:
        missing = missing_systems()
        return missing.so("there is no change to tell of") if missing else super().empty()

    def get_rows(self) -> QuerySet[Any]:
        return ConfigurationChange.objects.all()
