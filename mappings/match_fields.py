"""Which fields records are matched by, as the page of match-based coupling shows and changes them (engine.md sections 14.2 and 14.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import QuerySet

from mappings.changes import Person, save_with_history
from mappings.models import FieldStatus, IntegrationFieldMapping, IntegrationTableMapping, Purpose
from mappings.plans import build_plan
from mappings.rules.registry import rules_for
from mappings.systems import both_connected
from syncadmin.sync.criteria import criteria_of
from syncadmin.sync.errors import SyncError


@dataclass(frozen=True)
class MatchedBy:
    """``left_out`` names fields that are chosen and cannot be compared, ``built_in`` what the table's own rule compares, with its
    priority; ``error`` is why nobody knows."""

    left_out: tuple[str, ...] = ()
    built_in: tuple[tuple[int, str], ...] = ()
    any: bool = False
    error: str = ""


def matched_by(mapping: IntegrationTableMapping) -> MatchedBy:
    """What the criteria of the mapping come to. Asks no system for records."""
    try:
        plan = build_plan(mapping)
        criteria, left_out = criteria_of(plan)
        with both_connected(mapping, purpose=Purpose.PAGES) as connectors:
            built_in = rules_for(mapping, plan, connectors).criteria(plan)
    except SyncError as error:
        return MatchedBy(error=error.text)
    return MatchedBy(
        left_out=tuple(" and ".join(own.label or own.name for own in (rule.bc, rule.sales) if own) for rule in left_out),
        built_in=tuple((one.priority, one.label) for one in built_in),
        any=bool(criteria or built_in),
    )


_match_forms: Any = forms.inlineformset_factory(
    IntegrationTableMapping,
    IntegrationFieldMapping,
    fields=("use_for_match", "match_priority", "case_sensitive"),
    extra=0,
    can_delete=False,
)


def match_fields(mapping: IntegrationTableMapping, data: Any = None) -> Any:
    """A form for each enabled field mapping that has a field on both sides; those that are compared come first, by priority."""
    rows = _match_forms(data, instance=mapping, queryset=_comparable(mapping), prefix="match")
    for form in rows.forms:
        for name, words in (("use_for_match", "Use"), ("match_priority", "Priority of"), ("case_sensitive", "Mind the case of")):
            form.fields[name].widget.attrs["aria-label"] = f"{words} {form.instance.field}"
    return rows


def save_match_fields(mapping: IntegrationTableMapping, rows: Any, user: Person) -> None:
    """Saves valid forms of :func:`match_fields` and keeps the change."""
    save_with_history(mapping, user, "Fields for match-based coupling", rows.save)


def _comparable(mapping: IntegrationTableMapping) -> QuerySet[IntegrationFieldMapping]:
    rows = mapping.field_mappings.filter(status=FieldStatus.ENABLED, constant_value="").exclude(field="").exclude(integration_field="")
    return rows.order_by("-use_for_match", "match_priority", "position")
