"""The list of Full Synchronization Review (page 7208)."""

from __future__ import annotations

from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from joblog.full_lines import direction_status
from joblog.models import FullSynchronizationLine, QueueStatus, Recommendation, SynchJob
from joblog.queue_tables import QUEUE_TONES
from syncadmin.sync.records import Direction, Side
from syncadmin.ui import columns, formatting
from syncadmin.ui.tables import ListTable

NOT_SATISFIED = "Dependency not satisfied"
_RECOMMENDED = {Recommendation.FULL: "good", Recommendation.COUPLE: "info", Recommendation.NONE: "", NOT_SATISFIED: "bad"}
_STATES = QUEUE_TONES | {"Finished": "good", "Ready": "info"}
_RESULTS = {"Success": "good", "Error": "bad", "In Process": "info"}


def _records_url(line: FullSynchronizationLine, side: Side) -> str:
    return f"{reverse('joblog:record-list', args=[line.mapping_id])}?side={side.value}"


class DirectionStatusColumn(tables.Column):  # type: ignore[misc]  # untyped package
    """How one direction of a line went, linked to its job."""

    def __init__(self, *, direction: Direction, **options: Any) -> None:
        super().__init__(**({"empty_values": (), "orderable": False} | options))
        self.direction = direction

    def render(self, record: FullSynchronizationLine) -> SafeString:
        status, job = self._result(record)
        if job is None:
            return SafeString("")
        return format_html('<a href="{}">{}</a>', reverse("joblog:job", args=[job.pk]), formatting.pill(status, _RESULTS.get(status, "")))

    def value(self, record: FullSynchronizationLine) -> str:
        return self._result(record)[0]

    def _result(self, line: FullSynchronizationLine) -> tuple[str, SynchJob | None]:
        """What the line keeps of its end; while it runs, what its jobs say."""
        if line.finished_at is not None:
            return (line.to_status, line.to_job) if self.direction is Direction.TO_INTEGRATION else (line.from_status, line.from_job)
        jobs = [job for job in line.execution.jobs.all() if job.direction == self.direction.value] if line.execution else []
        return direction_status(jobs), jobs[-1] if jobs else None


class FullSynchronizationTable(ListTable):
    """Rows are lines with ``waits_for``: the lines that must be Finished before."""

    key = "full-synchronization"

    select = columns.SelectColumn(name="line", label=str)
    name = columns.NameColumn(accessor="mapping__name", linkify=lambda record: reverse("mappings:mapping-edit", args=[record.mapping_id]))
    company = tables.Column(accessor="mapping__business_central__name", verbose_name="Company", visible=False)
    table = tables.Column(
        accessor="mapping__table",
        verbose_name="Business Central",
        orderable=False,
        linkify=lambda record: _records_url(record, Side.BUSINESS_CENTRAL),
    )
    direction = columns.DirectionColumn(accessor="mapping__direction")
    integration_table = tables.Column(
        accessor="mapping__integration_table",
        verbose_name="Dynamics 365 Sales",
        orderable=False,
        linkify=lambda record: _records_url(record, Side.SALES),
    )
    recommendation = tables.Column()
    state = columns.PillColumn(tones=_STATES, verbose_name="Status")
    to_sales = DirectionStatusColumn(direction=Direction.TO_INTEGRATION, verbose_name="To Sales")
    from_sales = DirectionStatusColumn(direction=Direction.FROM_INTEGRATION, verbose_name="From Sales")
    depends_on = columns.ClipColumn(accessor="mapping__depends_on", verbose_name="Dependencies", orderable=False, visible=False)
    message = columns.ClipColumn(orderable=False, empty_values=(), attrs={"td": {"class": "clip wide soft"}})
    entry = columns.PillColumn(
        accessor="entry__status", tones=QUEUE_TONES, verbose_name="Job Queue Entry Status", orderable=False, visible=False
    )
    multi_company = columns.FlagColumn(accessor="mapping__multi_company", verbose_name="Multi-Company", visible=False)
    started_at = columns.MomentColumn(verbose_name="Start", visible=False)
    finished_at = columns.MomentColumn(verbose_name="Finish", visible=False)

    class Meta(ListTable.Meta):
        pass

    def render_table(self, record: FullSynchronizationLine) -> str:
        return record.mapping.table_label or record.mapping.table

    def render_integration_table(self, record: FullSynchronizationLine) -> str:
        return record.mapping.integration_table_label or record.mapping.integration_table

    def render_recommendation(self, record: FullSynchronizationLine) -> SafeString:
        text = self.value_recommendation(record)
        return formatting.pill(text, _RECOMMENDED.get(text, ""))

    def value_recommendation(self, record: FullSynchronizationLine) -> str:
        blocked = not record.status and any(other.state == QueueStatus.ERROR for other in record.waits_for)  # type: ignore[attr-defined]
        return NOT_SATISFIED if blocked else str(record.recommendation)

    def render_depends_on(self, value: list[str]) -> SafeString:
        return format_html('<span title="{}">{}</span>', ", ".join(value), ", ".join(value))

    def value_depends_on(self, value: list[str]) -> str:
        return ", ".join(value)

    def render_message(self, record: FullSynchronizationLine) -> SafeString:
        text = self.value_message(record)
        return format_html('<span title="{}">{}</span>', text, text)

    def value_message(self, record: FullSynchronizationLine) -> str:
        waits = record.waits_for  # type: ignore[attr-defined]
        if record.message or not record.requested or record.status or not waits:
            return str(record.message)
        return f"Waits for {', '.join(other.mapping.name for other in waits)}."
