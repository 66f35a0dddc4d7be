"""Coupled Data Synchronization Errors: records that nobody synchronizes until a person says so (engine.md section 9.3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.safestring import SafeString

from joblog.coupling_filters import SkippedFilter
from joblog.coupling_tables import SkippedTable, exists_mark, known_to_exist
from joblog.first_steps import missing_run
from joblog.link_jobs import read_ends, sides_there
from joblog.views.couplings import CouplingList, numbers_of
from mappings.models import Coupling, IntegrationTableMapping, Purpose
from mappings.systems import both_connected
from syncadmin.sync.errors import SyncError
from syncadmin.sync.records import Side
from syncadmin.ui.empty import Empty
from syncadmin.ui.tables import PAGE_SIZES
from syncadmin.ui.views import Page


class SkippedRecords(CouplingList):
    """All of them, however many; opening the page changes nothing. Which records exist is asked for once the page stands."""

    title = "Coupled Data Synchronization Errors"
    noun = ("skipped record", "skipped records")
    table_class = SkippedTable
    filter_class = SkippedFilter
    template_name = "joblog/skipped.html"
    fragment_template = "joblog/skipped_rows.html"
    actions_template = "joblog/skipped_actions.html"
    empty_text = (
        "No record is skipped. A record is, when the same error happens twice in a row, or when somebody holds it; it waits here until "
        "somebody retries it."
    )
    views = (
        ("On hold", "held=yes"),
        ("Missing in Business Central", "gone=business_central"),
        ("Missing in Dynamics 365 Sales", "gone=sales"),
    )
    live_seconds = 60

    def empty(self) -> Empty:
        missing = missing_run()
        return missing.so("no record is skipped") if missing else super().empty()

    def get_rows(self) -> QuerySet[Any]:
        known = {"bc_exists": known_to_exist(Side.BUSINESS_CENTRAL), "sales_exists": known_to_exist(Side.SALES)}
        return Coupling.objects.filter(skipped=True).select_related("mapping__business_central").defer("baseline").annotate(**known)

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        context = super().get_context_data(**extra)
        shown = "&".join(f"coupling={row.record.pk}" for row in context["table"].page.object_list)
        return context | {"exist_url": f"{reverse('joblog:records-exist')}?{shown}" if shown else ""}


class RecordsExist(Page):
    """A fragment: for the couplings ``coupling`` of a page which of their records exist now, two requests per mapping at most.

    Nothing is told of a mapping whose systems do not answer: what was known before stays.
    """

    template_name = "joblog/records_exist.html"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        ids = numbers_of(self.request.GET)[: PAGE_SIZES[-1]]
        rows = Coupling.objects.filter(pk__in=ids).select_related("mapping__business_central", "mapping__sales").defer("baseline")
        by_mapping: dict[IntegrationTableMapping, list[Coupling]] = defaultdict(list)
        for row in rows:
            by_mapping[row.mapping].append(row)
        marks = [mark for mapping, own in by_mapping.items() for mark in _marks(mapping, own)]
        return super().get_context_data(marks=marks, **extra)


def _marks(mapping: IntegrationTableMapping, rows: Sequence[Coupling]) -> Iterator[SafeString]:
    try:
        with both_connected(mapping, purpose=Purpose.PAGES) as connectors:
            found = read_ends(connectors, mapping, rows)
    except SyncError:
        return
    for row in rows:
        there = sides_there(row, found)
        for side in Side:
            yield exists_mark(row, side, side in there, asked=True)
