"""The lists of the mappings app that are edited in place: option mappings, and the field mappings of a table mapping."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import django_tables2 as tables
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from mappings.field_forms import HEADINGS as FIELD_HEADINGS
from mappings.field_offers import remarks_on
from mappings.models import FieldStatus, IntegrationFieldMapping
from mappings.option_forms import HEADINGS as PAIR_HEADINGS
from syncadmin.sync.records import Side
from syncadmin.sync.tables import Table
from syncadmin.ui import columns
from syncadmin.ui.edit_tables import EditTable, InputColumn
from syncadmin.ui.formatting import pill

_PAIRS, _FIELDS = dict(PAIR_HEADINGS), dict(FIELD_HEADINGS)
_NARROW = {"th": {"class": "num narrow"}, "td": {"class": "num soft"}}
_FLAG = {"td": {"class": "flag"}}
_NAME = {"td": {"class": "field-name"}}


class OptionTable(EditTable):
    """Dataverse Option Mapping (page 5334), which can be edited here."""

    key = "option-mappings"
    fixed = ("name", "code")

    name = InputColumn(verbose_name=_PAIRS["name"], fixed=True)
    code = InputColumn(verbose_name=_PAIRS["code"])
    value = InputColumn(verbose_name=_PAIRS["value"])
    label = InputColumn(verbose_name=_PAIRS["label"])

    class Meta(EditTable.Meta):
        attrs = {"class": "rows edit-rows pairs"}


class FieldTable(EditTable):
    """Integration Field Mapping List (page 5361). Numbers and labels of the fields are annotations: what the systems last said."""

    key = "field-mappings"
    fixed = ("field", "integration_field")

    field_no = tables.Column(verbose_name="Field No.", attrs=_NARROW)
    integration_field_no = tables.Column(verbose_name="Integration Table Field No.", attrs=_NARROW)
    status = InputColumn(verbose_name=_FIELDS["status"])
    field = InputColumn(verbose_name=_FIELDS["field"], attrs=_NAME, below=lambda row: row.field_label)
    direction = InputColumn(verbose_name=_FIELDS["direction"])
    integration_field = InputColumn(verbose_name=_FIELDS["integration_field"], attrs=_NAME, below=lambda row: row.integration_field_label)
    constant_value = InputColumn(verbose_name=_FIELDS["constant_value"])
    lookup_mapping = InputColumn(verbose_name=_FIELDS["lookup_mapping"])
    option_mapping = InputColumn(verbose_name=_FIELDS["option_mapping"])
    transformation_rule = InputColumn(verbose_name=_FIELDS["transformation_rule"])
    transformation_direction = InputColumn(verbose_name=_FIELDS["transformation_direction"])
    validate_field = InputColumn(verbose_name=_FIELDS["validate_field"], attrs=_FLAG)
    validate_integration_field = InputColumn(verbose_name=_FIELDS["validate_integration_field"], attrs=_FLAG)
    clear_on_failed_sync = InputColumn(verbose_name=_FIELDS["clear_on_failed_sync"], attrs=_FLAG)
    not_null = InputColumn(verbose_name=_FIELDS["not_null"], attrs=_FLAG)
    truncate = InputColumn(verbose_name=_FIELDS["truncate"], attrs=_FLAG)
    use_for_match = InputColumn(verbose_name=_FIELDS["use_for_match"], attrs=_FLAG)
    match_priority = InputColumn(verbose_name=_FIELDS["match_priority"])
    case_sensitive = InputColumn(verbose_name=_FIELDS["case_sensitive"], attrs=_FLAG)
    user_defined = columns.FlagColumn(verbose_name="User Defined")
    remarks = tables.Column(accessor="pk", verbose_name="Remarks", orderable=False, attrs={"td": {"class": "remarks"}})
    status_reason = columns.ClipColumn(verbose_name="Reason", attrs={"td": {"class": "clip wide soft"}})
    field_label = tables.Column(verbose_name="Field Caption", visible=False)
    integration_field_label = tables.Column(verbose_name="Integration Field Caption", visible=False)

    known: Mapping[Side, Table | None] = MappingProxyType({})  # both tables, for the remarks

    class Meta(EditTable.Meta):
        row_attrs = {"class": lambda record: "off" if record.status == FieldStatus.DISABLED else ""}

    def render_remarks(self, record: IntegrationFieldMapping) -> SafeString:
        found = remarks_on(record, self.known) if self.known else []
        if not found:
            return SafeString("")
        word = pill("cannot run", "bad") if found[0].level == "bad" else pill("look at it", "warn")
        texts = format_html_join("", "<p>{}</p>", ((one.text,) for one in found))
        return format_html("<details><summary>{}</summary>{}</details>", word, texts)

    def value_remarks(self, record: IntegrationFieldMapping) -> str:
        return " ".join(one.text for one in (remarks_on(record, self.known) if self.known else []))
