"""The steps of the New Table Mapping guide: what each shows, and what it keeps of what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import QueryDict

from mappings.companies import OWN_OR_NONE
from mappings.filters_check import count_of_unsaved
from mappings.forms import FILTERS
from mappings.guide import Draft, Unfinished, lookup_mappings, proposals, same_tables, samples, unmapped_required
from mappings.guide_forms import PairFormSet, RulesForm, SystemsForm, TablesForm, default_forms, pair_forms
from mappings.models import System
from mappings.systems import ask_tables, connected
from mappings.template_values import shown_default
from syncadmin.sync.errors import RunError, SyncError
from syncadmin.sync.records import Side
from syncadmin.sync.tables import Table

_PROPOSED: dict[str, Any] = {"use": True, "constant_value": "", "option_mapping": "", "transformation_rule": "", "truncate": False}


class Step:
    """One step, for one request. ``sent`` is what was sent to it, now or before it was left unfinished; None: nothing."""

    name: ClassVar[str]

    def __init__(self, draft: Draft, sent: QueryDict | None, asked: Mapping[str, str]) -> None:
        self.draft, self.sent, self.asked = draft, sent, asked

    def is_valid(self) -> bool:
        """Whether the step can be left; what is wrong is in its forms."""
        raise NotImplementedError

    def keep(self) -> None:
        """Keeps in the draft what a valid step was sent."""
        raise NotImplementedError

    def context(self) -> dict[str, Any]:
        """What its template shows."""
        raise NotImplementedError


class SystemsStep(Step):
    name = "systems"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.form = SystemsForm(self.sent, initial=self.draft.values.get(self.name))

    def is_valid(self) -> bool:
        return self.form.is_valid()

    def keep(self) -> None:
        kept, before = self.form.kept(), self.draft.values.get(self.name, {})
        if any(kept[side.value] != before.get(side.value) for side in Side):
            for later in ("tables", "fields", "rules"):
                self.draft.values.pop(later, None)
                self.draft.typed.pop(later, None)
            self.draft.tables.clear()
        self.draft.values[self.name] = kept

    def context(self) -> dict[str, Any]:
        return {"form": self.form}


class TablesStep(Step):
    """Asks both systems what tables they have, and, when it is left, for all there is to know of the two."""

    name = "tables"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.known: dict[Side, dict[str, str]] = {}
        self.reason = ""
        try:
            self.known = {side: _listed(self.draft.system(side)) for side in Side}
        except SyncError as error:
            self.reason = error.text
        self.form = TablesForm(self.sent, initial=self.draft.values.get(self.name), known=self.known)

    def is_valid(self) -> bool:
        return not self.reason and self.form.is_valid() and self._read()

    def keep(self) -> None:
        kept, before = dict(self.form.cleaned_data), self.draft.values.get(self.name, {})
        if kept != before:
            self._forget("fields")
        if any(kept[name] != before.get(name) for name in ("table", "integration_table")):
            self._forget("rules")  # filters and values of new records name fields of the tables
        self.draft.values[self.name] = kept
        self.draft.tables = {side.value: table.to_json() for side, table in self._tables.items()}

    def context(self) -> dict[str, Any]:
        return {
            "form": self.form,
            "known": {side.value: sorted(names.items()) for side, names in self.known.items()},
            "reason": self.reason,
        }

    def _forget(self, later: str) -> None:
        self.draft.values.pop(later, None)
        self.draft.typed.pop(later, None)

    def _read(self) -> bool:
        names = {Side.BUSINESS_CENTRAL: "table", Side.SALES: "integration_table"}
        self._tables: dict[Side, Table] = {}
        for side, column in names.items():
            name = self.form.cleaned_data[column]
            try:
                self._tables[side] = ask_tables(self.draft.system(side), [name])[name]
            except SyncError as error:
                self.form.add_error(column, error.text)
        return not self.form.errors


class FieldsStep(Step):
    name = "fields"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        draft = self.draft
        self.tables = {side: draft.table(side) for side in Side}
        forms: Any = pair_forms
        self.forms: PairFormSet = forms(
            self.sent,
            initial=None if self.sent is not None else self._initial(),
            prefix="pair",
            bc=self.tables[Side.BUSINESS_CENTRAL],
            sales=self.tables[Side.SALES],
            way=draft.step("tables")["direction"],
            company=draft.system(Side.BUSINESS_CENTRAL),
        )

    def is_valid(self) -> bool:
        return self.forms.is_valid()

    def keep(self) -> None:
        self.draft.values[self.name] = self.forms.kept()

    def context(self) -> dict[str, Any]:
        if self.sent is None:
            self.forms.judge()
        else:
            self.forms.is_valid()
        return {
            "forms": self.forms,
            "same": same_tables(self.draft),
            "tables": [{"side": side.label, "table": table, "remarks": _table_remarks(table)} for side, table in self.tables.items()],
        }

    def _initial(self) -> list[dict[str, Any]]:
        kept: list[dict[str, Any]] | None = self.draft.values.get(self.name)
        if kept is not None:
            return kept
        pairs = proposals(self.draft, lookup_mappings(self.draft.system(Side.BUSINESS_CENTRAL)))
        return [
            _PROPOSED
            | {"field": pair.field, "integration_field": pair.integration_field, "direction": pair.direction}
            | {"lookup_mapping": pair.lookup, "use_for_match": pair.match}
            for pair in pairs
        ]


class RulesStep(Step):
    """What happens to records, the filters (judged by their systems), and values of new records."""

    name = "rules"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        kept = self.draft.values.get(self.name)
        self.tables = {side: self.draft.table(side) for side in Side}
        self.form = RulesForm(self.sent, initial=kept or self._initial())
        initial = [] if self.sent is not None or kept is None else [self._shown(row) for row in kept["defaults"]]
        self.defaults = default_forms(self.sent, initial=initial or None, prefix="default", form_kwargs={"tables": self.tables})

    def is_valid(self) -> bool:
        valid = self.form.is_valid() and self.defaults.is_valid()
        return valid and self._filters_taken()

    def keep(self) -> None:
        defaults = [form.kept() for form in self.defaults.forms if form.cleaned_data.get("field")]
        self.draft.values[self.name] = self.form.kept() | {"defaults": defaults}

    def context(self) -> dict[str, Any]:
        return {"form": self.form, "defaults": self.defaults}

    def _filters_taken(self) -> bool:
        mapping = self.draft.mapping()
        for name, side in FILTERS.items():
            if not self.form.cleaned_data[name]:
                continue
            try:
                count_of_unsaved(mapping, side, self.tables[side], self.form.cleaned_data[name])
            except SyncError as error:
                self.form.add_error(name, error.text)
        return not self.form.errors

    def _initial(self) -> dict[str, str]:
        """Where rows of Sales carry their company, a mapping keeps to its own, as the default mappings do."""
        return {"integration_table_filter": OWN_OR_NONE} if "bcbi_companyid" in self.tables[Side.SALES].fields else {}

    def _shown(self, row: Mapping[str, Any]) -> dict[str, str]:
        own = self.tables[Side(row["side"])].fields.get(row["field"])
        return {"field": f"{row['side']}:{row['field']}", "value": shown_default(row["value"], own)}


class PreviewStep(Step):
    """Real records as they would be on the other side; ``record`` is the number or name of another one. Nothing is sent to it."""

    name = "preview"

    def is_valid(self) -> bool:
        return False

    def keep(self) -> None:
        raise Unfinished(self.name)

    def context(self) -> dict[str, Any]:
        called = self.asked.get("record", "")
        try:
            found: dict[str, Any] = {"samples": samples(self.draft, called=called)}
        except SyncError as error:
            found = {"samples": [], "reason": error.text}
        mapping = self.draft.mapping()
        return {
            **found,
            "called": called,
            "mapping": mapping,
            "fields": self.draft.field_rows(mapping),
            "templates": self.draft.templates(mapping),
            "missing": unmapped_required(self.draft),
            "seen": self.draft.seen,
        }


STEPS_BY_NAME: dict[str, type[Step]] = {step.name: step for step in (SystemsStep, TablesStep, FieldsStep, RulesStep, PreviewStep)}


def _listed(system: System) -> dict[str, str]:
    """The tables of a system with their labels. Raises RunError and RetryLater."""
    with connected(system) as connector:
        found = connector.table_labels()
    if not found:
        raise RunError("no-tables", f"{system} shows no table. Check the permissions of its application user.")
    return found


def _table_remarks(table: Table) -> list[str]:
    found = []
    if not table.modified_on:
        found.append("It has no time of the last change: every run reads all of it.")
    if not table.can_insert:
        found.append("Records cannot be created in it.")
    if not table.can_update:
        found.append("Records cannot be changed in it.")
    return found
