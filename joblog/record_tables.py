"""Lists of records and of couplings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import django_tables2 as tables
from django.utils.html import format_html
from django.utils.safestring import SafeString

from joblog.addresses import record_url
from joblog.entry_tables import record_link
from mappings.models import Coupling
from mappings.records import RecordRow
from syncadmin.sync.records import Direction, Side
from syncadmin.ui import columns, formatting
from syncadmin.ui.tables import ListTable

STATE_WORDS = {"in sync": "Coupled", "new": "New", "pending": "Pending", "failing": "Failing", "skipped": "Skipped"}
STATE_TONES = {"in sync": "good", "new": "info", "pending": "info", "failing": "bad", "skipped": "warn"}


@dataclass(frozen=True, kw_only=True)
class ShownRecord:
    """A row of a record list with its addresses; ``partner`` is the coupled record's label."""

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
    """Records of one side as the system holds them now."""

    key = "records"

    select = columns.SelectColumn(name="keys", accessor="key", label=lambda row: row.label)
    name = columns.NameColumn(
        accessor="label", verbose_name="Record", linkify=lambda record: record.url, attrs={"td": {"class": "name wide"}}
    )
    state = tables.Column(verbose_name="Coupling", empty_values=())
    partner = tables.Column(verbose_name="Coupled to", attrs={"td": {"class": "record"}})
    modified_at = columns.MomentColumn(verbose_name="Modified")
    last_synch_at = columns.MomentColumn(verbose_name="Last Synchronized")
    last_error = columns.ClipColumn(verbose_name="Last Error", attrs={"td": {"class": "clip wide"}})

    class Meta(ListTable.Meta):
        orderable = False

    def render_state(self, record: ShownRecord) -> SafeString:
        return coupling_pill(record.state)

    def render_partner(self, record: ShownRecord) -> SafeString:
        return record_link(record.partner, record.partner_key, record.partner_url, missing="")


def coupling_pill(state: str) -> SafeString:
    return formatting.pill(STATE_WORDS[state], STATE_TONES[state]) if state else SafeString('<span class="pill">Not coupled</span>')


class CouplingTable(ListTable):
    """The couplings of a mapping as last seen; skipped and failed ones are the Coupled Data Synchronization Errors (page 5333)."""

    key = "couplings"

    select = columns.SelectColumn(name="coupling", label=str)
    name = tables.Column(
        accessor="bc_label",
        verbose_name="Business Central",
        order_by=("bc_number", "pk"),
        empty_values=(),
        attrs={"td": {"class": "record"}},
    )
    sales_label = tables.Column(verbose_name="Dynamics 365 Sales", empty_values=(), attrs={"td": {"class": "record"}})
    state = tables.Column(verbose_name="State", orderable=False)
    last_error = tables.Column(verbose_name="Last Error", orderable=False, empty_values=(), attrs={"td": {"class": "wrap"}})
    failed_at = columns.MomentColumn(verbose_name="Failed On")
    last_synch_at = columns.MomentColumn(verbose_name="Last Synchronized")
    bc_modified_at = columns.MomentColumn(verbose_name="Business Central Modified", visible=False)
    sales_modified_at = columns.MomentColumn(verbose_name="Sales Modified", visible=False)
    created_at = columns.MomentColumn(verbose_name="Coupled", visible=False)
    origin = tables.Column(visible=False)

    class Meta(ListTable.Meta):
        order_by = ("name",)

    def render_name(self, record: Coupling) -> SafeString:
        return _coupled_record(record, Side.BUSINESS_CENTRAL, record.bc_label, record.bc_key)

    def render_sales_label(self, record: Coupling) -> SafeString:
        return _coupled_record(record, Side.SALES, record.sales_label, record.sales_key)

    def render_state(self, record: Coupling) -> SafeString:
        return coupling_pill(record.state)

    def value_state(self, record: Coupling) -> str:
        return record.state

    def render_last_error(self, record: Coupling) -> SafeString:
        return format_html("{}", record.last_error)


def _coupled_record(coupling: Coupling, side: Side, label: str, key: str | None) -> SafeString:
    """A key may be chosen before its record exists; what is being created, or could not be, is no link."""
    if not key or (coupling.pending and Direction(coupling.pending).destination is side):
        return record_link("", "", "", missing="not created")
    return record_link(label, key, record_url(coupling.mapping_id, side, key), missing="not created")
