"""Lists of the mappings app."""

from __future__ import annotations

from types import MappingProxyType
from urllib.parse import quote, urlencode

import django_tables2 as tables
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from mappings.captions import captions_of
from mappings.differences import Line, differing_lines
from mappings.models import ConfigTemplate, ConfigurationChange, IntegrationTableMapping, SystemKind, TransformationRule
from mappings.template_words import KnownTables, conditions_in_words, defaults_in_words, dimensions_in_words
from mappings.transformation_forms import told
from mappings.users import SUPERUSER, Role, role_of
from syncadmin.ui import columns
from syncadmin.ui.formatting import pill
from syncadmin.ui.grammar import quoted
from syncadmin.ui.tables import ListTable

LINES_SHOWN = 8
ROLE_TONES = {SUPERUSER: "info", Role.ADMINISTRATOR: "info", Role.OPERATOR: "good", Role.READER: ""}
RUN_TONES = {"Finished": "good", "Error": "bad", "In Process": "info", "Canceled": "warn"}


def couplings_url(mapping: IntegrationTableMapping, state: str) -> str:
    """The couplings of a mapping that are in this state (joblog/filters.py, CouplingFilter)."""
    return f"{reverse('joblog:coupling-list', args=[mapping.pk])}?{urlencode({'state': state})}"


class MappingTable(ListTable):
    """Integration Table Mappings (page 5335). What a Business Central administrator looks for seldom starts hidden."""

    key = "mappings"

    select = columns.SelectColumn(name="mapping", label=lambda row: row.name)
    name = columns.NameColumn(linkify=lambda record: reverse("mappings:mapping-edit", args=[record.pk]))
    failed = columns.CountColumn(url=lambda row: couplings_url(row, "failed"), tone="bad", label="failed records", bounded=True)
    skipped = columns.CountColumn(url=lambda row: couplings_url(row, "skipped"), tone="warn", label="skipped records", bounded=True)
    table = columns.ClipColumn(accessor="table_name", order_by="table_label", title=lambda row: row.table, attrs={"td": {"class": "clip"}})
    table_filter = columns.ClipColumn(
        accessor="table_filter_words", order_by="table_filter_text", verbose_name="Table Filter", title=lambda row: row.table_filter
    )
    direction = columns.DirectionColumn()
    integration_table = columns.ClipColumn(
        accessor="integration_table_name",
        order_by="integration_table_label",
        verbose_name="Integration Table",
        title=lambda row: row.integration_table,
        attrs={"td": {"class": "clip"}},
    )
    integration_table_filter = columns.ClipColumn(
        accessor="integration_table_filter_words",
        order_by="integration_table_filter_text",
        verbose_name="Integration Table Filter",
        title=lambda row: row.integration_table_filter,
    )
    synch_only_coupled = columns.FlagColumn(verbose_name="Only Coupled")
    last_run_at = columns.MomentColumn(verbose_name="Last Run")
    last_run_status = columns.PillColumn(tones=RUN_TONES, verbose_name="Last Result")
    last_run_summary = columns.ClipColumn(verbose_name="Last Run Summary", visible=False)
    last_run_seconds = columns.DurationColumn(verbose_name="Last Duration", visible=False)
    business_central = tables.Column(accessor="business_central__name", verbose_name="Company", visible=False)
    sales = tables.Column(accessor="sales__name", verbose_name="Sales Environment", visible=False)
    description = columns.ClipColumn(visible=False)
    enabled = columns.FlagColumn(visible=False)
    order = tables.Column(visible=False)
    integration_uid_field = tables.Column(verbose_name="Integration Field", visible=False)
    integration_field_type = tables.Column(verbose_name="Integration Field Type", visible=False, orderable=False)
    int_table_caption_prefix = tables.Column(
        accessor="sales__kind_label", verbose_name="Int. Tbl. Caption Prefix", visible=False, orderable=False
    )
    update_conflict_resolution = tables.Column(verbose_name="Resolve Update Conflicts", visible=False)
    deletion_conflict_resolution = tables.Column(verbose_name="Resolve Deletion Conflicts", visible=False)
    table_templates = tables.Column(verbose_name="Table Config Templates", empty_values=(), visible=False, orderable=False)
    integration_templates = tables.Column(
        verbose_name="Integration Table Config Templates", empty_values=(), visible=False, orderable=False
    )
    sales_watermark = columns.MomentColumn(verbose_name="Synch. Modified On Filter", visible=False)
    bc_watermark = columns.MomentColumn(verbose_name="Synch. Int. Tbl. Mod. On Fltr.", visible=False)
    multi_company = columns.FlagColumn(verbose_name="Multi-Company Synchronization Enabled", visible=False)
    disable_event_reschedule = columns.FlagColumn(verbose_name="Disable Event-driven Synch. Job Rescheduling", visible=False)
    user_defined = columns.FlagColumn(verbose_name="User Defined", visible=False)
    create_new_if_no_match = columns.FlagColumn(verbose_name="Create New in Case of No Match", visible=False)
    synch_after_match = columns.FlagColumn(verbose_name="Synch. After Bulk Coupling", visible=False)
    version = tables.Column(visible=False, attrs={"th": {"class": "num"}, "td": {"class": "num"}})

    class Meta(ListTable.Meta):
        order_by = ("order", "name")
        row_attrs = {"data-factbox": lambda record: reverse("mappings:mapping-factbox", args=[record.pk])}

    def render_table_templates(self, record: IntegrationTableMapping) -> str:
        return _template_codes(record, SystemKind.BUSINESS_CENTRAL)

    def render_integration_templates(self, record: IntegrationTableMapping) -> str:
        return _template_codes(record, SystemKind.SALES)


def _template_codes(mapping: IntegrationTableMapping, side: str) -> str:
    return ", ".join(one.code for one in mapping.templates.all() if one.side == side)


class ConnectionTable(ListTable):
    """Connections (page 7200): one row per company or environment."""

    key = "connections"

    select = columns.SelectColumn(name="system", label=lambda row: row.name)
    name = columns.NameColumn(linkify=lambda record: reverse("mappings:connection-edit", args=[record.pk]))
    kind = tables.Column(verbose_name="System")
    address = columns.ClipColumn(attrs={"td": {"class": "clip wide soft"}})
    environment = tables.Column()
    company = tables.Column()
    enabled = columns.FlagColumn()
    mapping_count = columns.CountColumn(
        url=lambda row: f"{reverse('mappings:mapping-list')}?f.{row.kind}={quote(quoted(row.name))}",
        verbose_name="Mappings",
        label="mappings",
    )
    last_test_at = columns.MomentColumn(verbose_name="Last Test")
    last_test_message = columns.ClipColumn(verbose_name="Result", attrs={"td": {"class": "clip wide soft"}})
    expires = tables.Column(accessor="credential_expires_on", verbose_name="Sign-in Expires", orderable=False)
    tenant = tables.Column(visible=False)
    client_id = tables.Column(visible=False, verbose_name="Client ID")
    time_zone = tables.Column(visible=False)

    class Meta(ListTable.Meta):
        order_by = ("kind", "name")


class TemplateTable(ListTable):
    """Templates for new records. ``known`` are the tables that the systems have told of, for the labels of fields and options."""

    key = "templates"
    known: KnownTables = MappingProxyType({})

    select = columns.SelectColumn(name="template", label=lambda row: f"{row.code} of {row.mapping}")
    name = columns.NameColumn(
        accessor="code", verbose_name="Code", linkify=lambda record: reverse("mappings:template-edit", args=[record.pk])
    )
    mapping = tables.Column(linkify=lambda record: reverse("mappings:mapping-edit", args=[record.mapping_id]))
    side = tables.Column(verbose_name="New Records In")
    priority = tables.Column(attrs={"th": {"class": "num"}, "td": {"class": "num"}})
    conditions = tables.Column(empty_values=(), orderable=False, attrs={"td": {"class": "wrap short"}})
    defaults = tables.Column(verbose_name="Values", empty_values=(), orderable=False, attrs={"td": {"class": "wrap short"}})
    dimensions = tables.Column(verbose_name="Default Dimensions", empty_values=(), orderable=False, attrs={"td": {"class": "wrap short"}})
    description = columns.ClipColumn()
    company = tables.Column(accessor="mapping__business_central__name", verbose_name="Company", visible=False)

    class Meta(ListTable.Meta):
        order_by = ("mapping", "side", "priority")

    def render_conditions(self, record: ConfigTemplate) -> str:
        return conditions_in_words(record, self.known) or "every record"

    def render_defaults(self, record: ConfigTemplate) -> str:
        return defaults_in_words(record, self.known)

    def render_dimensions(self, record: ConfigTemplate) -> str:
        return dimensions_in_words(record)


class TransformationTable(ListTable):
    """Transformation rules (page 1237), and where they are used."""

    key = "transformations"

    select = columns.SelectColumn(name="rule", label=lambda row: row.code)
    name = columns.NameColumn(
        accessor="code",
        verbose_name="Code",
        linkify=lambda record: reverse("mappings:transformation-edit", args=[record.pk]),
        attrs={"th": {"class": "name whole"}, "td": {"class": "name whole"}},
    )
    description = columns.ClipColumn(attrs={"td": {"class": "wrap short"}})
    type = tables.Column(verbose_name="Transformation Type")
    parameters = tables.Column(empty_values=(), orderable=False, attrs={"td": {"class": "wrap short soft"}})
    next_rule = tables.Column(accessor="next_rule__code", verbose_name="Next Transformation Rule")
    used = columns.CountColumn(
        url=lambda row: f"{reverse('mappings:transformation-edit', args=[row.pk])}#used-by", verbose_name="Used By", label="field mappings"
    )

    class Meta(ListTable.Meta):
        order_by = ("name",)

    def render_parameters(self, record: TransformationRule) -> str:
        return told(record)


class UserTable(ListTable):
    """Who may sign in, and what they may."""

    key = "users"

    select = columns.SelectColumn(name="user", label=lambda row: row.username)
    name = columns.NameColumn(
        accessor="username", verbose_name="User name", linkify=lambda record: reverse("mappings:user-edit", args=[record.pk])
    )
    role = tables.Column(accessor="pk", verbose_name="Role", orderable=False)
    full_name = tables.Column(accessor="get_full_name", order_by=("last_name", "first_name"), verbose_name="Full name")
    email = tables.Column(verbose_name="E-mail")
    is_active = columns.FlagColumn(verbose_name="May sign in")
    last_login = columns.MomentColumn(verbose_name="Last sign-in")
    date_joined = columns.MomentColumn(verbose_name="Since", visible=False)

    class Meta(ListTable.Meta):
        order_by = ("name",)

    def render_role(self, record: User) -> SafeString:
        role = role_of(record)
        return pill(role or Role.NONE.label, ROLE_TONES.get(role, "warn"))

    def value_role(self, record: User) -> str:
        return role_of(record)


class ChangeTable(ListTable):
    """Who changed what, when, and from what to what."""

    key = "changes"
    fixed = ("changed_at", "name")

    changed_at = columns.MomentColumn(verbose_name="When")
    changed_by_name = tables.Column(verbose_name="Who")
    kind = tables.Column(verbose_name="Kind")
    name = columns.NameColumn()
    company = tables.Column(visible=False)
    version = tables.Column(attrs={"th": {"class": "num"}, "td": {"class": "num"}})
    what = tables.Column(attrs={"td": {"class": "wrap short"}})
    lines = tables.Column(verbose_name="Before and after", empty_values=(), orderable=False, attrs={"td": {"class": "wrap lines"}})

    class Meta(ListTable.Meta):
        order_by = ("-changed_at",)

    def render_lines(self, record: ConfigurationChange) -> SafeString:
        rows = [(one.name, one.before, one.after) for one in _lines(record)]
        cells = format_html_join("", '<span class="soft">{}</span><span class="old">{}</span><span class="new">{}</span>', rows)
        diff = format_html('<div class="diff">{}</div>', cells)
        return format_html("<details><summary>{} values</summary>{}</details>", len(rows), diff) if len(rows) > LINES_SHOWN else diff

    def value_lines(self, record: ConfigurationChange) -> str:
        return "; ".join(f"{one.name}: {one.before} -> {one.after}" for one in _lines(record))


def _lines(record: ConfigurationChange) -> list[Line]:
    return differing_lines(record.before, record.after, captions_of(record.kind))
