"""Filter bars over couplings, and how many there are in each state."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from joblog.filters import NamedMappings
from mappings.models import FAILED, Coupling, CouplingStatus, Gone, IntegrationTableMapping
from syncadmin.ui.filters import PickFilter
from syncadmin.ui.paging import Counted, count_up_to_limit

_WIDER = {"failed": FAILED, "coupled": Q(pending="")}
_STATES = [*CouplingStatus.choices, ("failed", "Failed last time"), ("coupled", "Coupled on both sides")]
_SEARCHED = ("bc_number", "bc_label", "sales_label", "bc_key", "sales_key", "last_error")


class OfMappings(NamedMappings):
    """A filterset over couplings whose filters ``mapping`` and ``company`` choose among the few mappings first."""

    search_fields = _SEARCHED

    mapping = PickFilter(what="mapping", choices=[], method="done_always")
    company = PickFilter(what="company", choices=[], method="done_always")

    class Meta:
        model = Coupling
        fields: list[str] = []

    def always(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.form.cleaned_data
        return narrowed_to(rows, chosen.get("mapping") or "", chosen.get("company") or "")

    def done_always(self, rows: QuerySet[Any], _name: str, _value: str) -> QuerySet[Any]:
        return rows


class CouplingFilter(OfMappings):
    """Beside the states there are two that take in several: ``failed`` counts as the list of mappings does
    (mappings/troubleshooting.py), ``coupled`` are those with a record on both sides."""

    tabs = ("state",)
    state = django_filters.ChoiceFilter(
        choices=_STATES,
        method="filter_state",
        widget=forms.HiddenInput(),
    )

    @staticmethod
    def named(state: str) -> str:
        """What a state is called, "" where it is none."""
        return str(dict(_STATES).get(state, ""))

    def filter_state(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        return rows.filter(_WIDER[value] if value in _WIDER else Q(state=value))


class SkippedFilter(OfMappings):
    """Skipped records: those that people hold, and which of their two records are gone."""

    held = PickFilter(
        what="reason", label="Skipped", choices=[("yes", "Held by a person"), ("no", "Not held by a person")], method="filter_held"
    )

    gone = PickFilter(
        what="records",
        empty_label="Existing or not",
        label="Records",
        choices=[("no", "Both exist"), *[(one.value, f"Missing in {one.label}") for one in Gone if one.value]],
        method="filter_gone",
    )

    def filter_held(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        return rows.exclude(held_by="") if value == "yes" else rows.filter(held_by="")

    def filter_gone(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        return rows.filter(gone="" if value == "no" else value)


def narrowed_to(rows: QuerySet[Any], mapping: str, company: str) -> QuerySet[Any]:
    """The couplings of the mappings of this name and company; "" for any."""
    return rows.filter(mapping__in=mapping_ids(mapping, company)) if mapping or company else rows


def mapping_ids(mapping: str, company: str) -> list[int]:
    rows = IntegrationTableMapping.objects.order_by("order", "name")
    rows = rows.filter(name=mapping) if mapping else rows
    return list((rows.filter(business_central__company=company) if company else rows).values_list("pk", flat=True))


def count_states(rows: QuerySet[Any]) -> dict[CouplingStatus, Counted]:
    """How many couplings are in each state, counted by index, and no further than lists go."""
    return {state: count_up_to_limit(rows.filter(state=state)) for state in CouplingStatus}
