"""Lists of couplings, as they were last seen."""

from __future__ import annotations

import django_tables2 as tables
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from joblog.addresses import record_url
from joblog.entry_tables import record_link
from joblog.record_tables import STATE_TONES
from mappings.models import Coupling, CouplingStatus
from syncadmin.sync.records import Direction, Side
from syncadmin.ui import columns, formatting
from syncadmin.ui.tables import ListTable

_RESULT_TONES = {"Success": "good", "Failure": "bad"}


def coupling_url(coupling: Coupling) -> str:
    return reverse("joblog:coupling", args=[coupling.pk])


def facts_url(coupling: Coupling) -> str:
    return reverse("joblog:coupling-facts", args=[coupling.pk])


def coupled_record(coupling: Coupling, side: Side) -> SafeString:
    """A key may be chosen before its record exists; what is being created, or could not be, is no link."""
    label, key = (coupling.bc_label, coupling.bc_key) if side is Side.BUSINESS_CENTRAL else (coupling.sales_label, coupling.sales_key)
    if not key or (coupling.pending and Direction(coupling.pending).destination is side):
        return record_link("", "", "", missing="not created")
    return record_link(label, key, record_url(coupling.mapping_id, side, key), missing="not created")


def _flag(word: str) -> dict[str, dict[str, str]]:
    """A tick that says what it is about where there is no room for a heading."""
    return {"th": {"class": "flag narrow"}, "td": {"class": "flag", "data-label": word}}


class _Couplings(ListTable):
    """What both lists have. The newest coupling comes first; more than the newest ones are only narrowed by what an index serves."""

    newest = ("-pk",)
    quick_sorts = ("created_at",)

    select = columns.SelectColumn(name="coupling", label=str)
    mapping = tables.Column(accessor="mapping__name", verbose_name="Mapping")
    company = tables.Column(accessor="mapping__business_central__company", verbose_name="Company", visible=False)
    created_at = columns.MomentColumn(verbose_name="Coupled", order_by="pk", visible=False)
    bc_number = tables.Column(verbose_name="No.", visible=False)
    bc_key = tables.Column(verbose_name="Business Central Key", visible=False)
    sales_key = tables.Column(verbose_name="Dynamics 365 Sales Key", visible=False)

    class Meta(ListTable.Meta):
        order_by = ("-created_at",)
        row_attrs = {"data-factbox": facts_url}

    def render_name(self, record: Coupling) -> SafeString:
        return coupled_record(record, Side.BUSINESS_CENTRAL)

    def value_name(self, record: Coupling) -> str:
        return record.bc_label

    def render_sales_label(self, record: Coupling) -> SafeString:
        return coupled_record(record, Side.SALES)

    def value_sales_label(self, record: Coupling) -> str:
        return record.sales_label

    def render_mapping(self, record: Coupling) -> SafeString:
        url = reverse("mappings:mapping-edit", args=[record.mapping_id])
        return format_html('<a href="{}">{}</a>', url, record.mapping.name)

    def value_mapping(self, record: Coupling) -> str:
        return record.mapping.name


class CouplingTable(_Couplings):
    """The couplings book."""

    key = "couplings"
    quick_filters = ("state",)

    name = tables.Column(accessor="bc_label", verbose_name="Business Central", empty_values=(), attrs={"td": {"class": "name record"}})
    sales_label = tables.Column(verbose_name="Dynamics 365 Sales", empty_values=(), attrs={"td": {"class": "record"}})
    state = tables.Column(verbose_name="State")
    last_error = columns.ClipColumn(verbose_name="Last Error", attrs={"td": {"class": "clip wide"}})
    last_synch_at = columns.MomentColumn(verbose_name="Last Synchronized")
    failed_at = columns.MomentColumn(verbose_name="Failed On", visible=False)
    to_result = columns.PillColumn(tones=_RESULT_TONES, verbose_name="Last Result To Sales", visible=False)
    from_result = columns.PillColumn(tones=_RESULT_TONES, verbose_name="Last Result From Sales", visible=False)
    gone = tables.Column(verbose_name="Record Missing In", visible=False)
    differs_since = columns.MomentColumn(verbose_name="Differs Since", visible=False)
    bc_modified_at = columns.MomentColumn(verbose_name="Business Central Modified", visible=False)
    sales_modified_at = columns.MomentColumn(verbose_name="Sales Modified", visible=False)
    origin = tables.Column(verbose_name="Coupled By", visible=False)

    class Meta(_Couplings.Meta):
        sequence = ("select", "name", "sales_label", "state", "mapping", "last_error", "last_synch_at", "...")

    def render_state(self, record: Coupling) -> SafeString:
        label, tone = CouplingStatus(record.state).label, STATE_TONES[record.state]
        return format_html('<a class="pill {}" href="{}" title="History of this coupling">{}</a>', tone, coupling_url(record), label)

    def value_state(self, record: Coupling) -> str:
        return CouplingStatus(record.state).label


class SkippedTable(_Couplings):
    """Coupled Data Synchronization Errors (page 5333). Whether a record exists is shown as it was last found out at first, then as both
    systems say (joblog/views/skipped.py); filters and sorting go by the first. Its rows have ``bc_exists`` and ``sales_exists``."""

    key = "skipped"
    fixed = ("select", "name")

    name = tables.Column(accessor="bc_label", verbose_name="Description", empty_values=(), attrs={"td": {"class": "name record"}})
    table = tables.Column(accessor="mapping__table_label", verbose_name="Table Name", empty_values=())
    table_id = tables.Column(accessor="mapping__table", verbose_name="Table ID", visible=False)
    exists = columns.FlagColumn(accessor="bc_exists", verbose_name="Record Exists", attrs=_flag("exists"))
    sales_label = tables.Column(verbose_name="Coupled To", empty_values=(), attrs={"td": {"class": "record"}})
    sales_exists = columns.FlagColumn(verbose_name="Coupled Record Exists", attrs=_flag("exists"))
    last_error = tables.Column(verbose_name="Error Message", empty_values=(), attrs={"td": {"class": "wrap roomier"}})
    failed_at = columns.MomentColumn(verbose_name="Failed On")
    held_by = tables.Column(verbose_name="Held By", visible=False)
    held_note = columns.ClipColumn(verbose_name="Reason of the Hold", visible=False)
    hold_changed_at = columns.MomentColumn(verbose_name="Held Since", visible=False)
    last_synch_at = columns.MomentColumn(verbose_name="Last Synchronized", visible=False)
    mapping = tables.Column(accessor="mapping__name", verbose_name="Mapping", visible=False)

    class Meta(_Couplings.Meta):
        sequence = (
            "select", "table", "name", "exists", "sales_label", "sales_exists", "last_error", "failed_at", "mapping",
            "held_by", "held_note", "hold_changed_at", "...",
        )  # fmt: skip

    def render_table(self, record: Coupling) -> str:
        return record.mapping.table_label or record.mapping.table

    def render_last_error(self, record: Coupling) -> SafeString:
        """What a person holds begins with who, and why."""
        return format_html("<b>{}</b> {}", *_hold_and_error(record)) if record.held_by else format_html("{}", record.last_error)

    def value_last_error(self, record: Coupling) -> str:
        return " ".join(_hold_and_error(record)).strip()

    def render_exists(self, record: Coupling, value: bool) -> SafeString:
        return exists_mark(record, Side.BUSINESS_CENTRAL, value)

    def value_exists(self, value: bool) -> str:
        return "yes" if value else "no"

    def render_sales_exists(self, record: Coupling, value: bool) -> SafeString:
        return exists_mark(record, Side.SALES, value)

    def value_sales_exists(self, value: bool) -> str:
        return "yes" if value else "no"


def _hold_and_error(record: Coupling) -> tuple[str, str]:
    reason = f"“{record.held_note}” " if record.held_note else ""
    return f"Held by {record.held_by}." if record.held_by else "", f"{reason}{record.last_error}"


def known_to_exist(side: Side) -> ExpressionWrapper[Q]:
    """Whether the record of a coupling is there, as far as is known; one that is only being created is not."""
    key = "bc_key" if side is Side.BUSINESS_CENTRAL else "sales_key"
    coming = [way.value for way in Direction if way.destination is side]
    there = Q(**{f"{key}__isnull": False}) & ~Q(**{key: ""}) & ~Q(pending__in=coming) & ~Q(gone__in=(side.value, "both"))
    return ExpressionWrapper(there, BooleanField())


def exists_mark(coupling: Coupling, side: Side, there: bool, *, asked: bool = False) -> SafeString:
    """The tick of a cell; one that was ``asked`` for just now takes the place of what was known."""
    place = SafeString(' hx-swap-oob="true"') if asked else SafeString("")
    return format_html('<span id="exists-{}-{}"{}>{}</span>', side.value, coupling.pk, place, formatting.flag(there))
