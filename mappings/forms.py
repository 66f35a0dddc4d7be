"""Forms of the mappings app: one mapping, and its list of field mappings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from mappings.changes import changed_meanwhile
from mappings.companies import COMPANY, OWN_OR_NONE
from mappings.filters_check import count_matching
from mappings.models import DeletionConflictResolution, FieldStatus, IntegrationTableMapping
from syncadmin.sync.errors import SyncError
from syncadmin.sync.records import Side
from syncadmin.ui.forms import Section, SectionedForm

if TYPE_CHECKING:
    _MappingModelForm = forms.ModelForm[IntegrationTableMapping]
else:
    _MappingModelForm = forms.ModelForm

REACHES_PAST_WATERMARK = frozenset({"table_filter", "integration_table_filter", "direction", "multi_company"})
FILTERS = {"table_filter": Side.BUSINESS_CENTRAL, "integration_table_filter": Side.SALES}
_FILTER_FIELDS = ("table_filter", "table_filter_text", "integration_table_filter", "integration_table_filter_text")


class MappingForm(SectionedForm, _MappingModelForm):
    """One integration table mapping. A filter that has changed is shown to its system before it is taken."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput)
    depends_on = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, help_text="In a full synchronization these are finished first."
    )
    recreate_accepted = forms.BooleanField(
        required=False, label="Save it: a record whose coupling was removed may be created again on the other side"
    )
    other_companies_accepted = forms.BooleanField(required=False, label="Save it: rows of other companies are synchronized too")

    sections = (
        Section(
            title="General",
            fields=("description", "enabled", "order", "depends_on"),
            wide=("description", "depends_on"),
            template="mappings/facts.html",
        ),
        Section(
            title="Filters",
            fields=(*_FILTER_FIELDS, "other_companies_accepted"),
            wide=(*_FILTER_FIELDS, "other_companies_accepted"),
            after=(
                ("table_filter", "mappings/check_table_filter.html"),
                ("integration_table_filter", "mappings/check_integration_table_filter.html"),
            ),
        ),
        Section(
            title="Synchronization",
            fields=(
                "direction", "update_conflict_resolution", "deletion_conflict_resolution", "synch_only_coupled", "disable_event_reschedule",
                "multi_company", "recreate_accepted",
            ),
            wide=("recreate_accepted",),
        ),
        Section(title="Matching", fields=("create_new_if_no_match", "synch_after_match"), open=False),
        Section(title="Watermarks", template="mappings/watermarks.html"),
    )  # fmt: skip

    class Meta:
        model = IntegrationTableMapping
        fields = (
            "description", "enabled", "order", "depends_on", "table_filter", "table_filter_text", "integration_table_filter",
            "integration_table_filter_text", "direction", "synch_only_coupled", "update_conflict_resolution",
            "deletion_conflict_resolution", "create_new_if_no_match", "synch_after_match", "multi_company", "disable_event_reschedule",
        )  # fmt: skip
        labels = {
            "table_filter": "Table Filter",
            "table_filter_text": "Table Filter in words",
            "integration_table_filter": "Integration Table Filter",
            "integration_table_filter_text": "Integration Table Filter in words",
            "synch_only_coupled": "Synch. Only Coupled Records",
            "update_conflict_resolution": "Resolve Update Conflicts",
            "deletion_conflict_resolution": "Resolve Deletion Conflicts",
            "create_new_if_no_match": "Create New in Case of No Match",
            "synch_after_match": "Synch. After Bulk Coupling",
            "multi_company": "Multi-Company Synchronization Enabled",
            "disable_event_reschedule": "Disable Event-driven Synch. Job Rescheduling",
        }
        help_texts = {
            "table_filter_text": "Shown in lists. Cleared when the filter is changed and this is not.",
            "integration_table_filter_text": "Shown in lists. Cleared when the filter is changed and this is not.",
            "synch_only_coupled": "Off: records that are not coupled yet are created on the other side.",
            "update_conflict_resolution": "What happens when both sides changed the same field since they were last synchronized.",
            "deletion_conflict_resolution": "What happens when the other record of a coupling was deleted.",
        }
        widgets = {name: forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}) for name in FILTERS}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        others = IntegrationTableMapping.objects.filter(business_central=self.instance.business_central_id).exclude(pk=self.instance.pk)
        self._dependencies: dict[str, list[str]] = dict(others.order_by("name").values_list("name", "depends_on"))
        choices = [*self._dependencies, *(name for name in self.instance.depends_on if name not in self._dependencies)]
        self.fields["depends_on"].choices = [(name, name) for name in choices]  # type: ignore[attr-defined]
        self.initial["seen_version"] = self.instance.version
        if not self._recreates():
            del self.fields["recreate_accepted"]
        if not self._loses_company():
            del self.fields["other_companies_accepted"]

    def clean_direction(self) -> str:
        direction: str = self.cleaned_data["direction"]
        if "direction" in self.changed_data and not self.instance.is_option_mapping:  # whose field mappings follow
            check_direction(direction, self.instance.field_mappings.filter(status=FieldStatus.ENABLED).values_list("direction", flat=True))
        return direction

    def clean_depends_on(self) -> list[str]:
        names: list[str] = self.cleaned_data["depends_on"]
        for name in names:
            if self.instance.name in _all_dependencies(name, self._dependencies):
                raise ValidationError(f"{name} itself waits for {self.instance.name}; one of the two has to come first.")
        before: list[str] = self.initial["depends_on"]
        return [name for name in before if name in names] + [name for name in names if name not in before]

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("seen_version") != self.instance.version:
            raise ValidationError(changed_meanwhile(self.instance))
        for name, side in FILTERS.items():
            if name in self.changed_data and name in self.cleaned_data:
                self._check_filter(name, side)
        if self._recreates() and not self.cleaned_data.get("recreate_accepted"):
            self.add_error(
                "recreate_accepted",
                "Removed couplings and creating what is not coupled work against each other. Tick here to save it all the same.",
            )
        if self._loses_company() and not self.cleaned_data.get("other_companies_accepted"):
            self.add_error(
                "other_companies_accepted",
                f"The Integration Table Filter does not keep to this company any more. Add {OWN_OR_NONE} to it again, "
                "or tick here to save it all the same.",
            )
        return self.cleaned_data

    def _check_filter(self, name: str, side: Side) -> None:
        if f"{name}_text" not in self.changed_data:
            self.cleaned_data[f"{name}_text"] = ""
        try:
            count_matching(self.instance, side, self.cleaned_data[name])
        except SyncError as error:
            self.add_error(name, error.text)

    def _loses_company(self) -> bool:
        """Whether the form takes the company out of the Sales filter (engine.md section 1.2)."""
        if not self.is_bound:
            return False
        return COMPANY in self.initial["integration_table_filter"] and COMPANY not in self.data.get("integration_table_filter", "")

    def _recreates(self) -> bool:
        """Whether the form newly asks to remove couplings of deleted records while uncoupled ones are created (engine.md section 1.2)."""
        if not self.is_bound:
            return False
        removes = self.data.get("deletion_conflict_resolution") == DeletionConflictResolution.REMOVE_COUPLING
        before = (
            self.initial["deletion_conflict_resolution"] == DeletionConflictResolution.REMOVE_COUPLING
            and not self.initial["synch_only_coupled"]
        )
        return removes and not self.data.get("synch_only_coupled") and not before


def check_direction(direction: str, enabled: Iterable[str]) -> None:
    """Raises ValidationError when there are enabled field mappings and none goes exactly this way (engine.md section 1.2)."""
    directions = list(enabled)
    if directions and direction not in directions:
        raise ValidationError(
            f"The direction {direction} needs at least one enabled field mapping with the direction {direction}. "
            "Enable one, or change the direction of a field mapping first."
        )


def _all_dependencies(name: str, dependencies: dict[str, list[str]]) -> set[str]:
    """Everything that ``name`` waits for, directly or not."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        new = [one for one in dependencies.get(waiting.pop(), []) if one not in found]
        found.update(new)
        waiting.extend(new)
    return found
