"""Default dimensions that a template gives to new Business Central records (engine.md section 10).

Business Central keeps them in rows of their own (API v2.0, ``defaultDimensions``), so they follow the insert. Until they are known to be
written the coupling remembers the template that owes them; whatever breaks off in between is made good by the next run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mappings.models import IntegrationTableMapping
from mappings.rules.related import related_table
from mappings.rules.unfinished import failed_after
from syncadmin.sync.errors import RunError
from syncadmin.sync.plan import DefaultDimension, TablePlan, Template
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Action, Direction, Insert, Modify, Outcome, Record, Side, WriteResult
from syncadmin.sync.tables import Table
from syncadmin.sync.touched import Touched
from syncadmin.sync.values import canonical

BC = Side.BUSINESS_CENTRAL
_DIMENSIONS, _VALUES, _DEFAULTS = "dimensions", "dimensionValues", "defaultDimensions"
DIMENSION_TABLES = (_DIMENSIONS, _VALUES, _DEFAULTS)
# The records that have default dimensions, as API v2.0 knows them (enum 352 Default Dimension Parent Type).
_PARENT_TYPES = {"customers": "Customer", "items": "Item", "vendors": "Vendor", "employees": "Employee"}
_FIELDS = ("parentId", "dimensionId", "dimensionValueId", "postingValidation")
_DONE = (Action.INSERTED, Action.MODIFIED, Action.UNCHANGED, Action.COUPLED)
_FAILED = "its default dimensions could not be written"


@dataclass(frozen=True)
class _Wanted:
    """What a row of ``defaultDimensions`` shall say: canonical values by field, for one new record."""

    source_key: str
    parent: str
    values: Mapping[str, Any]


@dataclass
class DefaultDimensions:
    """The default dimensions of one run; what it looks up is kept for the run."""

    mapping: IntegrationTableMapping
    plan: TablePlan
    business_central: Connector
    _ids: dict[str, str] = field(default_factory=dict)  # of dimensions, by code
    _value_ids: dict[tuple[str, str], str] = field(default_factory=dict)  # of values, by dimension id and code
    _known: bool = False

    def problems(self, codes: Iterable[str]) -> dict[str, str]:
        """Why templates cannot be used, by code: their dimensions do not exist, or the table has none. Two requests a run at most."""
        templates = [one for code in codes if (one := self.plan.template(BC, code)) and one.dimensions]
        if not templates:
            return {}
        if self.plan.bc.name not in _PARENT_TYPES:
            text = f"{self.plan.bc.label} has no default dimensions in the API of Business Central. Remove them from the template."
            return {one.code: f"{one.code}: {text}" for one in templates}
        try:
            self._look_up()
        except RunError as error:
            return {one.code: f"{one.code}: {error.text}" for one in templates}
        return {one.code: f"{one.code}: {wrong}" for one in templates if (wrong := self._wrong(one))}

    def write(self, touched: Sequence[Touched]) -> Sequence[Touched]:
        """Gives the records of a page what their templates owe them: one request to read, one to insert, one to change per 100."""
        owing = [one for one in touched if one.action in _DONE and one.coupling is not None and one.coupling.template_owed]
        if not owing:
            return touched
        refused = self.problems({_owed(one) for one in owing})
        wanted = [row for one in owing if _owed(one) not in refused for row in self._rows(one)]
        answers = self._write(wanted) if wanted else {}
        answers |= {one.source_key: _refusal(refused[_owed(one)]) for one in owing if _owed(one) in refused}
        changed = {one.source_key for one in owing}
        return [self._settled(one, answers.get(one.source_key)) if one.source_key in changed else one for one in touched]

    # ---- what the template says, in ids

    def _look_up(self) -> None:
        """The ids of all dimensions that templates of this mapping name, and of their values."""
        if self._known:
            return
        named = [one for template in self.plan.templates.get(BC, ()) for one in template.dimensions]
        dimensions = self.business_central.find_records(self._table(_DIMENSIONS), "code", _codes(one.dimension for one in named), ["code"])
        self._ids = {str(row.values["code"]).upper(): row.key for row in dimensions}
        values = _codes(one.value for one in named if one.value)
        found = self.business_central.find_records(self._table(_VALUES), "code", values, ["code", "dimensionId"]) if values else []
        self._value_ids = {(str(row.values["dimensionId"]).lower(), str(row.values["code"]).upper()): row.key for row in found}
        self._known = True

    def _wrong(self, template: Template) -> str:
        for one in template.dimensions:
            dimension = self._ids.get(one.dimension.upper())
            if dimension is None:
                return f"Business Central has no dimension {one.dimension}. Correct the template, or create the dimension."
            if one.value and (dimension, one.value.upper()) not in self._value_ids:
                where = f"The dimension {one.dimension} of Business Central"
                return f"{where} has no value {one.value}. Correct the template, or create the value."
        return ""

    def _rows(self, touched: Touched) -> Iterator[_Wanted]:
        template = self.plan.template(BC, _owed(touched))
        for one in template.dimensions if template else ():  # nothing is owed by a template that is gone
            dimension = self._ids[one.dimension.upper()]
            value = self._value_ids[dimension, one.value.upper()] if one.value else None
            yield _Wanted(
                touched.source_key, touched.destination_key,
                {"dimensionId": dimension, "dimensionValueId": value, "postingValidation": self._posting(one)},
            )  # fmt: skip

    def _posting(self, one: DefaultDimension) -> str | None:
        """The member that the page calls it by: the names of its enum are not the same in all versions."""
        options = self._table(_DEFAULTS).fields["postingValidation"].options
        return next((str(wire) for wire, label in options if one.posting and label.replace("_", " ") == one.posting), None)

    # ---- writing

    def _write(self, wanted: Sequence[_Wanted]) -> dict[str, WriteResult]:
        """The first answer that is no success, by source key; a success where all were, and nothing where all was there already."""
        table = self._table(_DEFAULTS)
        present = self._present([one.parent for one in wanted])
        new = [one for one in wanted if (one.parent, one.values["dimensionId"]) not in present]
        old = [(one, row) for one in wanted if (row := present.get((one.parent, one.values["dimensionId"]))) and self._differs(one, row)]
        answers: list[tuple[_Wanted, WriteResult]] = []
        if new:
            answers += zip(new, self.business_central.insert(table, [Insert("", self._insert(one)) for one in new]), strict=True)
        if old:
            rows = [Modify(row.key, row.etag, _without_dimension(one)) for one, row in old]
            answers += zip([one for one, _ in old], self.business_central.modify(table, rows), strict=True)
        told: dict[str, WriteResult] = {}
        for one, answer in answers:
            if one.source_key not in told or told[one.source_key].outcome is Outcome.DONE:
                told[one.source_key] = answer
        return told

    def _present(self, parents: Iterable[str]) -> dict[tuple[str, str], Record]:
        """The default dimensions that these records have, some of them by rules of Business Central itself."""
        found = self.business_central.find_records(self._table(_DEFAULTS), "parentId", list(dict.fromkeys(parents)), _FIELDS)
        return {(str(row.values["parentId"]).lower(), str(row.values["dimensionId"]).lower()): row for row in found}

    def _differs(self, wanted: _Wanted, row: Record) -> bool:
        fields = self._table(_DEFAULTS).fields
        return any(canonical(row.values.get(name), fields[name]) != value for name, value in _without_dimension(wanted).items())

    def _insert(self, wanted: _Wanted) -> dict[str, Any]:
        """In the order in which Business Central validates: the parent first."""
        parent = {"parentType": _PARENT_TYPES[self.plan.bc.name], "parentId": wanted.parent}
        return {**parent, **{name: value for name, value in wanted.values.items() if value is not None}}

    def _settled(self, touched: Touched, answer: WriteResult | None) -> Touched:
        """No answer means that all was there already. An unchanged record that got dimensions is a modified one."""
        if answer is not None and answer.outcome is not Outcome.DONE:
            return failed_after(touched, Direction.FROM_INTEGRATION, answer, _FAILED)
        coupling = replace(touched.coupling, template_owed="") if touched.coupling is not None else None
        if answer is None or touched.action is Action.INSERTED:
            return replace(touched, coupling=coupling)
        template = self.plan.template(BC, _owed(touched))
        told = {"template": _owed(touched), "dimensions": template.dimension_values if template else {}}
        return replace(touched, action=Action.MODIFIED, detail={**touched.detail, **told}, coupling=coupling)

    def _table(self, name: str) -> Table:
        return related_table(self.mapping, BC, name)


def _owed(touched: Touched) -> str:
    return touched.coupling.template_owed if touched.coupling is not None else ""


def _codes(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(value.upper() for value in values))


def _without_dimension(wanted: _Wanted) -> dict[str, Any]:
    return {name: value for name, value in wanted.values.items() if name != "dimensionId"}


def _refusal(text: str) -> WriteResult:
    return WriteResult(Outcome.REFUSED, code="template", text=text)
