"""Coupled Data Synchronization Errors: records that nobody synchronizes until a person says so (engine.md section 9.3)."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from joblog.coupling_filters import SkippedFilter
from joblog.coupling_tables import SkippedTable
from joblog.views.couplings import CouplingList
from mappings.models import Coupling


class SkippedRecords(CouplingList):
    """All of them, however many; opening the page changes nothing."""

    title = "Coupled Data Synchronization Errors"
    noun = ("skipped record", "skipped records")
    table_class = SkippedTable
    filter_class = SkippedFilter
    actions_template = "joblog/skipped_actions.html"
    empty_text = "No record is skipped. A record is, when the same error happens twice in a row; it waits here until somebody retries it."
    views = (("Missing in Business Central", "gone=business_central"), ("Missing in Dynamics 365 Sales", "gone=sales"))

    def get_rows(self) -> QuerySet[Any]:
        return Coupling.objects.filter(skipped=True).select_related("mapping__business_central").defer("baseline")
