"""The editable list of field mappings: one form per row, checked against what both systems say about their tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Max

from mappings.forms import check_direction
from mappings.models import (
    FieldDirection,
    FieldStatus,
    IntegrationFieldMapping,
    IntegrationTableMapping,
    OptionMapping,
    TransformationRule,
)
from mappings.systems import read_tables, table_of
from syncadmin.connectors.option_sets import is_option_set
from syncadmin.sync.errors import SyncError
from syncadmin.sync.records import Side
from syncadmin.sync.tables import FieldType, Table
from syncadmin.ui.forms import NamedRows

if TYPE_CHECKING:
    _FieldModelForm = forms.ModelForm[IntegrationFieldMapping]
    _FieldModelFormSet = forms.BaseInlineFormSet[IntegrationFieldMapping, IntegrationTableMapping, _FieldModelForm]
else:
    _FieldModelForm = forms.ModelForm
    _FieldModelFormSet = forms.BaseInlineFormSet

HEADINGS = (
    ("status", "Status"),
    ("field", "Field Name"),
    ("direction", "Direction"),
    ("integration_field", "Integration Field Name"),
    ("constant_value", "Constant Value"),
    ("lookup_mapping", "Lookup Mapping"),
    ("option_mapping", "Option Mapping"),
    ("transformation_rule", "Transformation Rule"),
    ("transformation_direction", "Transformation Direction"),
    ("validate_field", "Validate Field"),
    ("validate_integration_field", "Validate Integration Table Fld"),
    ("clear_on_failed_sync", "Clear Value on Failed Sync"),
    ("not_null", "Not Null"),
    ("truncate", "Truncate"),
    ("use_for_match", "Use For Match-Based Coupling"),
    ("match_priority", "Match Priority"),
    ("case_sensitive", "Case-Sensitive Matching"),
)
_ARROWS = [(value, f"{arrow} {label}") for (value, label), arrow in zip(FieldDirection.choices, "⇄→←", strict=True)]


class FieldMappingForm(_FieldModelForm):
    """One row. A new one starts Disabled and is enabled once it stands in the list."""

    class Meta:
        model = IntegrationFieldMapping
        fields = tuple(name for name, _ in HEADINGS)

    def __init__(self, *args: Any, choices: Mapping[str, list[tuple[str, str]]], only_way: str = "", **options: Any) -> None:
        super().__init__(*args, **options)
        if only_way and not self.instance.pk:
            self.initial["direction"] = only_way
        for name, pairs in choices.items():
            current = getattr(self.instance, name)
            known = pairs if not current or current in dict(pairs) else [*pairs, (current, current)]
            self.fields[name] = forms.ChoiceField(choices=[("", ""), *known], required=False)
        self.fields["direction"].widget.choices = _ARROWS
        self.fields["transformation_direction"].widget.choices = [("", ""), *_ARROWS]
        row = str(self.instance) if self.instance.pk else "the new field mapping"
        for name, heading in HEADINGS:
            self.fields[name].widget.attrs["aria-label"] = f"{heading} of {row}"
        self.fields["field"].widget.attrs |= {"list": "table-fields", "autocomplete": "off"}
        self.fields["integration_field"].widget.attrs |= {"list": "integration-table-fields", "autocomplete": "off"}
        if not self.instance.pk:
            self.fields["status"].disabled = True

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data.get("direction") != FieldDirection.BIDIRECTIONAL and data.get("transformation_rule"):
            data["transformation_direction"] = data.get("direction", "")  # engine.md section 2.1
        if data.get("transformation_rule") and not data.get("transformation_direction"):
            self.add_error("transformation_direction", "Say in which direction the transformation rule works.")
        if data.get("clear_on_failed_sync") and data.get("not_null"):
            self.add_error("not_null", "Clear Value on Failed Sync and Not Null exclude each other.")
        return data

    def save(self, commit: bool = True) -> IntegrationFieldMapping:
        if not self.instance.pk:
            last = self.instance.mapping.field_mappings.aggregate(last=Max("position"))["last"]
            self.instance.position = 0 if last is None else last + 1
            self.instance.user_defined = True
        if self.instance.status == FieldStatus.ENABLED:
            self.instance.status_reason = ""
        return super().save(commit)


class FieldMappingFormSet(NamedRows, _FieldModelFormSet):
    """The rows of one mapping that the page shows, and one empty row for a new one."""

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        only_way = self.instance.direction if self.instance.is_option_mapping else ""
        return super().get_form_kwargs(index) | {"choices": self.choices, "only_way": only_way}

    @property
    def choices(self) -> dict[str, list[tuple[str, str]]]:
        if not hasattr(self, "_choices"):
            self._choices = _choices(self.instance)
        return self._choices

    def clean(self) -> None:
        if any(self.errors):
            return
        self._check_names(Side.BUSINESS_CENTRAL, "field")
        self._check_names(Side.SALES, "integration_field")
        self._check_not_null()
        if self.instance.is_option_mapping:
            self._check_one_way()
        else:
            check_direction(self.instance.direction, self._enabled_directions())

    def save(self, commit: bool = True) -> list[IntegrationFieldMapping]:
        """An option mapping and all its fields go one and the same way, which a change of any of them decides (engine.md section 1.2)."""
        saved = super().save(commit)
        way = next(iter(self._new_directions()), self.instance.direction)
        if self.instance.is_option_mapping and commit:
            IntegrationTableMapping.objects.filter(pk=self.instance.pk).update(direction=way)
            self.instance.field_mappings.exclude(direction=way).update(direction=way)
        return saved

    def _check_one_way(self) -> None:
        if len(self._new_directions()) > 1:
            raise ValidationError("All fields of an option mapping go one and the same way. Choose one direction for all that you change.")

    def _new_directions(self) -> set[str]:
        changed = [form for form in self.forms if form.instance.pk and "direction" in form.changed_data and not _is_deleted(form)]
        return {form.cleaned_data["direction"] for form in changed}

    def _enabled_directions(self) -> Iterable[str]:
        """Those of the rows of the page as they would be, and of the rows that it does not show."""
        kept = [form.cleaned_data for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        shown = [form.instance.pk for form in self.forms if form.instance.pk]
        others = self.instance.field_mappings.filter(status=FieldStatus.ENABLED).exclude(pk__in=shown)
        return [data["direction"] for data in kept if data["status"] == FieldStatus.ENABLED] + [row.direction for row in others]

    def _check_names(self, side: Side, name: str) -> None:
        """A name that has changed must be a field of its table; the system is asked again before a name is refused."""
        changed = [
            form for form in self.forms if name in form.changed_data and form.cleaned_data.get(name) and not form.cleaned_data.get("DELETE")
        ]
        if not changed:
            return
        try:
            table = _table_with(self.instance, side, {form.cleaned_data[name] for form in changed})
        except SyncError as error:
            raise ValidationError(error.text) from error
        for form in changed:
            if form.cleaned_data[name] not in table.fields:
                form.add_error(name, f"{side.label} has no field {form.cleaned_data[name]} in {table.label or table.name}.")

    def _check_not_null(self) -> None:
        """Only a reference can be empty and keep what the destination has (engine.md section 2.1)."""
        changed = [
            form for form in self.forms if {"not_null", "integration_field"} & set(form.changed_data) and form.cleaned_data["not_null"]
        ]
        if not changed or any(self.errors):
            return
        table = table_of(self.instance, Side.SALES)
        for form in changed:
            own = table.fields.get(form.cleaned_data["integration_field"])
            if own is None or own.type not in (FieldType.LOOKUP, FieldType.GUID):
                form.add_error("not_null", "Not Null is for fields of Sales that refer to another record. Leave it out here.")


def _is_deleted(form: Any) -> bool:
    return bool(form.cleaned_data.get("DELETE"))


def _table_with(mapping: IntegrationTableMapping, side: Side, names: set[str]) -> Table:
    """The table as it was kept, or read anew if it does not know all of these names."""
    table = table_of(mapping, side)
    if names <= set(table.fields) or is_option_set(table):
        return table
    system = mapping.business_central if side is Side.BUSINESS_CENTRAL else mapping.sales
    return read_tables(system, [table.name]).get(table.name, table)


def _choices(mapping: IntegrationTableMapping) -> dict[str, list[tuple[str, str]]]:
    mappings = (
        IntegrationTableMapping.objects.filter(business_central=mapping.business_central_id).order_by("name").values_list("name", flat=True)
    )
    options = OptionMapping.objects.order_by("name").values_list("name", flat=True).distinct()
    return {
        "lookup_mapping": [(name, name) for name in mappings],
        "option_mapping": [(name, name) for name in options],
        "transformation_rule": [(code, code) for code in TransformationRule.objects.values_list("code", flat=True)],
    }


field_forms = forms.inlineformset_factory(
    IntegrationTableMapping, IntegrationFieldMapping, form=FieldMappingForm, formset=FieldMappingFormSet, extra=1, can_delete=True
)
