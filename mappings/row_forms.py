"""The list of mappings as a form: what can be changed of each without opening it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms

from mappings.changes import changed_meanwhile
from mappings.forms import check_direction
from mappings.models import DeletionConflictResolution, FieldStatus, IntegrationTableMapping, MappingDirection

if TYPE_CHECKING:
    _RowModelForm = forms.ModelForm[IntegrationTableMapping]
else:
    _RowModelForm = forms.ModelForm

HEADINGS = (
    ("enabled", "Enabled"),
    ("direction", "Direction"),
    ("synch_only_coupled", "Synch. Only Coupled Records"),
    ("update_conflict_resolution", "Resolve Update Conflicts"),
    ("deletion_conflict_resolution", "Resolve Deletion Conflicts"),
    ("create_new_if_no_match", "Create New in Case of No Match"),
    ("synch_after_match", "Synch. After Bulk Coupling"),
    ("multi_company", "Multi-Company Synchronization Enabled"),
    ("disable_event_reschedule", "Disable Event-driven Synch. Job Rescheduling"),
    ("order", "Order"),
)
_ARROWS = [(value, f"{arrow} {label}") for (value, label), arrow in zip(MappingDirection.choices, "⇄→←", strict=True)]
WORK_AGAINST = (
    "Removed couplings and creating what is not coupled work against each other. "
    "The page of the mapping saves it all the same, if you insist."
)


class MappingRowForm(_RowModelForm):
    """One line of the list. ``seen_version`` keeps people from overwriting what they have not seen."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = IntegrationTableMapping
        fields = tuple(name for name, _ in HEADINGS)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial["seen_version"] = self.instance.version
        self.fields["direction"].widget.choices = _ARROWS[1:] if self.instance.is_option_mapping else _ARROWS
        for name, heading in HEADINGS:
            self.fields[name].label = heading
            self.fields[name].widget.attrs["aria-label"] = f"{heading} of {self.instance.name}"

    @property
    def changed_names(self) -> list[str]:
        """The fields of the mapping that were changed."""
        return [name for name in self.changed_data if name in self.Meta.fields]

    def clean_direction(self) -> str:
        direction: str = self.cleaned_data["direction"]
        if "direction" in self.changed_data and not self.instance.is_option_mapping:  # whose field mappings follow
            check_direction(direction, self.instance.field_mappings.filter(status=FieldStatus.ENABLED).values_list("direction", flat=True))
        return direction

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if self.changed_names and data.get("seen_version") != self.instance.version:
            raise forms.ValidationError(changed_meanwhile(self.instance))
        if recreates(data) and not recreates(self.initial):
            self.add_error("deletion_conflict_resolution", WORK_AGAINST)
        return data


def recreates(values: Mapping[str, Any]) -> bool:
    """Couplings of deleted records are removed while uncoupled ones are created (engine.md section 1.2)."""
    removes = values.get("deletion_conflict_resolution") == DeletionConflictResolution.REMOVE_COUPLING
    return removes and not values.get("synch_only_coupled")


mapping_rows = forms.modelformset_factory(IntegrationTableMapping, form=MappingRowForm, extra=0)
