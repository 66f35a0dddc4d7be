"""Use Default Synchronization Setup: what it would change, mapping by mapping. Doing it makes job queue entries too: joblog's."""

from __future__ import annotations

from typing import Any

from mappings.default_preview import preview_default_setup
from mappings.first_steps import missing_systems
from mappings.models import System, SystemKind
from syncadmin.sync.errors import SyncError
from syncadmin.ui.empty import nothing_for
from syncadmin.ui.views import Page


class DefaultSetup(Page):
    """``company`` and ``sales`` choose the systems where there are several; ``mapping`` (repeated names) what to look at, none: all."""

    title = "Use Default Synchronization Setup"
    template_name = "mappings/default_setup.html"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        query = self.request.GET
        companies, environments = _systems(SystemKind.BUSINESS_CENTRAL), _systems(SystemKind.SALES)
        company, sales = _chosen(companies, query.get("company", "")), _chosen(environments, query.get("sales", ""))
        names = query.getlist("mapping")
        found: dict[str, Any] = {"rows": []}
        if company is not None and sales is not None:
            found = _compared(company, sales, names)
        missing = None if companies and environments else missing_systems()
        rows = found["rows"]
        return super().get_context_data(
            nothing=nothing_for(self.request.user, missing),
            companies=companies,
            environments=environments,
            company=company,
            sales=sales,
            names=names,
            changing=sum(1 for row in rows if row.changes),
            **found,
            **extra,
        )


def _compared(company: System, sales: System, names: list[str]) -> dict[str, Any]:
    try:
        return {"rows": preview_default_setup(company, sales, names=names or None)}
    except SyncError as error:
        return {"rows": [], "reason": error.text}


def _systems(kind: SystemKind) -> list[System]:
    return list(System.objects.filter(kind=kind))


def _chosen(systems: list[System], pk: str) -> System | None:
    """The system that was asked for, the only one there is, else none."""
    if pk:
        return next((one for one in systems if str(one.pk) == pk), None)
    return systems[0] if len(systems) == 1 else None
