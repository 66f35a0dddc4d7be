"""How many records of a mapping fail or are skipped: counted from couplings, so that Retry is seen at once (engine.md A22)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Case, CharField, Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from mappings.models import FAILED, Coupling, IntegrationTableMapping
from syncadmin.ui.paging import RowsUpToLimit

STALE_AFTER = timedelta(days=1)


def listed_mappings() -> QuerySet[Any]:
    """Mappings with ``failed`` and ``skipped``, counted as far as lists go, and what lists call tables and filters (``table_name``,
    ``table_filter_words``, ...)."""
    rows: QuerySet[Any] = (
        IntegrationTableMapping.objects.select_related("business_central", "sales")
        .prefetch_related("templates")
        .annotate(
            failed=RowsUpToLimit(_own(FAILED)),
            skipped=RowsUpToLimit(_own(_SKIPPED)),
            table_name=_first_of("table_label", "table"),
            table_filter_words=_words_of("table_filter"),
            integration_table_name=_first_of("integration_table_label", "integration_table"),
            integration_table_filter_words=_words_of("integration_table_filter"),
        )
    )
    return rows


def with_troubles(mappings: QuerySet[Any]) -> QuerySet[Any]:
    """The mappings with the number of records that ``failed`` last time, and of those that are ``skipped``; all are counted."""
    annotated: QuerySet[Any] = mappings.annotate(failed=_counted(FAILED), skipped=_counted(_SKIPPED))
    return annotated


def stale_mappings() -> QuerySet[IntegrationTableMapping]:
    """Mappings that are enabled, run by themselves, and have not run for a day; lines of documents run with their documents."""
    late = Q(last_run_at=None) | Q(last_run_at__lt=timezone.now() - STALE_AFTER)
    return IntegrationTableMapping.objects.filter(late, enabled=True, parent_name="")


# Each condition is that of a partial index (mappings/models/coupling.py).
_SKIPPED = Q(skipped=True)


def _own(condition: Q) -> QuerySet[Coupling]:
    """The couplings of the outer mapping."""
    return Coupling.objects.filter(condition, mapping=OuterRef("pk"))


def _counted(condition: Q) -> Coalesce:
    rows = _own(condition).order_by().values("mapping").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(rows), 0, output_field=IntegerField())


def _first_of(label: str, exact: str) -> Case:
    return Case(When(**{label: ""}, then=F(exact)), default=F(label), output_field=CharField())


def _words_of(name: str) -> Case:
    """The filter in words, else as it is; nothing where everything is selected."""
    return Case(When(**{name: ""}, then=Value("")), default=_first_of(f"{name}_text", name), output_field=CharField())
