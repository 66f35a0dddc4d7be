"""Lists of records, live from a system."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import django_tables2 as tables
from django.utils.safestring import SafeString

from joblog.addresses import record_url
from joblog.entry_tables import record_link
from mappings.models import CouplingStatus
from mappings.record_fields import RecordField, Shown
from mappings.record_lists import RecordList, RecordRow
from syncadmin.sync.records import Side
from syncadmin.sync.tables import FieldType
from syncadmin.ui import columns, formatting
from syncadmin.ui.tables import AsRead, ListTable

STATE_TONES = {
    "in sync": "good", "differs": "info", "new": "info", "pending": "info", "failing": "bad", "broken": "bad", "skipped": "warn",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ShownRecord:
    """A row of a record list with its addresses; ``partner`` is the coupled record's label, ``fields`` has values by column."""

    key: str
    label: str
    url: str
    modified_at: datetime | None
    state: str = ""
    partner: str = ""
    partner_key: str = ""
    partner_url: str = ""
    last_synch_at: datetime | None = None
    last_error: str = ""
    fields: Mapping[str, Shown] = field(default_factory=dict)


def shown_records(mapping_id: int, side: Side, found: RecordList, fields: Iterable[RecordField]) -> list[ShownRecord]:
    """The rows of a list with the values of these fields."""
    wanted = list(fields)
    return [
        replace(shown_record(mapping_id, side, row), fields={one.column: one.value(row.record, found.names) for one in wanted})
        for row in found.rows
    ]


def shown_record(mapping_id: int, side: Side, row: RecordRow) -> ShownRecord:
    plain = ShownRecord(key=row.key, label=row.label or row.key, url=record_url(mapping_id, side, row.key), modified_at=row.modified_at)
    coupling = row.coupling
    if coupling is None:
        return plain
    partner_key = "" if coupling.pending else (coupling.sales_key if side is Side.BUSINESS_CENTRAL else coupling.bc_key) or ""
    partner = coupling.sales_label if side is Side.BUSINESS_CENTRAL else coupling.bc_label
    return ShownRecord(
        key=plain.key,
        label=plain.label,
        url=plain.url,
        modified_at=plain.modified_at,
        state=coupling.state,
        partner=partner or partner_key,
        partner_key=partner_key,
        partner_url=record_url(mapping_id, side.other, partner_key),
        last_synch_at=coupling.last_synch_at,
        last_error=coupling.last_error if coupling.failing or coupling.skipped or coupling.pending else "",
    )


class RecordTable(ListTable):
    """Records of one side as the system holds them now. ``fields`` become columns, ``sorts`` names the columns that can be sorted."""

    select = columns.SelectColumn(name="keys", accessor="key", label=lambda row: row.label)
    name = columns.NameColumn(
        accessor="label", verbose_name="Record", linkify=lambda record: record.url, attrs={"td": {"class": "name wide"}}
    )
    state = tables.Column(verbose_name="Coupling", empty_values=())
    partner = tables.Column(verbose_name="Coupled to", attrs={"td": {"class": "record"}})
    modified_at = columns.MomentColumn(verbose_name="Modified")
    last_synch_at = columns.MomentColumn(verbose_name="Last Synchronized")
    last_error = columns.ClipColumn(verbose_name="Last Error", attrs={"td": {"class": "clip wide"}})
    record_key = tables.Column(accessor="key", verbose_name="Key", visible=False, attrs={"td": {"class": "clip"}})

    class Meta(ListTable.Meta):
        orderable = False

    def __init__(self, rows: list[ShownRecord], *, key: str, fields: Sequence[RecordField], sorts: Iterable[str]) -> None:
        own = [(one.column, _column(one)) for one in fields]
        sequence = ["select", "name", "state", "partner", *(name for name, _ in own), "..."]
        super().__init__(AsRead(rows), extra_columns=own, sequence=sequence)
        self.key = key
        for name in sorts:
            self.columns.columns[name].column.orderable = True

    def render_state(self, record: ShownRecord) -> SafeString:
        return coupling_pill(record.state)

    def value_state(self, record: ShownRecord) -> str:
        return str(CouplingStatus(record.state).label) if record.state else "Not coupled"

    def render_partner(self, record: ShownRecord) -> SafeString:
        return record_link(record.partner, record.partner_key, record.partner_url, missing="")

    def value_partner(self, record: ShownRecord) -> str:
        return record.partner


def _column(one: RecordField) -> columns.ValueColumn:
    numeric = one.own.type in (FieldType.INTEGER, FieldType.DECIMAL)
    return columns.ValueColumn(
        of=lambda record: record.fields.get(one.column), numeric=numeric, accessor="key", verbose_name=one.label, visible=one.shown
    )


def coupling_pill(state: str) -> SafeString:
    if not state:
        return SafeString('<span class="pill">Not coupled</span>')
    return formatting.pill(CouplingStatus(state).label, STATE_TONES[state])
