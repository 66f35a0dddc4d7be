"""The decision table: insert, modify, unchanged, skip, conflict, fail.

Three-way per field, without input or output (engine.md A1, sections 6 and 7).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from syncadmin.sync.conditions import holds
from syncadmin.sync.couplings import CouplingState, baseline_pair
from syncadmin.sync.errors import RecordError
from syncadmin.sync.plan import FieldRule, TablePlan, Template
from syncadmin.sync.records import Change, Direction, Record, Side, Value
from syncadmin.sync.transfer import KEEP, References, new_value
from syncadmin.sync.values import canonical, display, same


class Kind(StrEnum):
    INSERT = "insert"
    MODIFY = "modify"
    UNCHANGED = "unchanged"
    SKIP = "skip"
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What a run decides beside its plan.

    ``unconditional`` overwrites all that differs, ``winner`` is the side whose value wins, ``conflict_failed_already`` tells that the
    opposite direction of the same run has failed this record's conflicts.
    """

    unconditional: bool = False
    winner: Side | None = None
    conflict_failed_already: bool = False


@dataclass(frozen=True, slots=True)
class Conflict:
    """One field that both sides changed to different values: baseline (None: none yet) and both values, each in its own side's terms."""

    field: str
    integration_field: str
    label: str
    baseline_bc: Value
    baseline_sales: Value
    bc: Value
    sales: Value

    def to_json(self) -> dict[str, str]:
        names = ("field", "integration_field", "label")
        values = {name: display(getattr(self, name)) for name in ("baseline_bc", "baseline_sales", "bc", "sales")}
        return {name: getattr(self, name) for name in names} | values


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What shall happen to one record. ``values`` are written at once, ``later`` right after an insert (A19).

    ``baseline`` is what the coupling keeps when the write succeeds. ``settled`` tells that the destination holds no change of its own that
    still has to flow back, so that its etag may be remembered as seen. A decision may both write and fail: a conflict in one field lets the
    others flow.
    """

    kind: Kind
    values: Mapping[str, Value] = field(default_factory=dict)
    later: Mapping[str, Value] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    baseline: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    conflicts: tuple[Conflict, ...] = ()
    settled: bool = True
    code: str = ""
    text: str = ""
    fields: tuple[str, ...] = ()
    template: str = ""


def source_unchanged(plan: TablePlan, direction: Direction, source: Record, coupling: CouplingState) -> bool:
    """Whether the source record equals what was last synchronized, so that nobody needs to look at the destination.

    Recognized by etag, then by value (architecture.md section 3: echoes); never with a field that has no baseline yet.
    """
    rules = [rule for rule in plan.rules_for(direction) if _compared(rule, direction)]
    if any(rule.pair not in coupling.baseline for rule in rules):
        return False
    known = coupling.end(direction.source)
    if known.etag and known.etag == source.etag:
        return True
    try:
        return all(rule.read(direction.source, source) == coupling.known(rule, direction.source)[1] for rule in rules)
    except RecordError:
        return False  # decided, and reported, with the record


def decide_existing(
    plan: TablePlan,
    direction: Direction,
    source: Record,
    destination: Record,
    coupling: CouplingState,
    references: References,
    policy: Policy,
) -> Decision:
    """The decision for a coupled pair that exists on both sides."""
    review = _Review(plan, direction, source, destination, coupling, references, policy)
    for rule in plan.rules_for(direction):
        review.look_at(rule)
    return review.decision()


def decide_insert(plan: TablePlan, direction: Direction, source: Record, references: References) -> Decision:
    """The decision for a record that shall be created in the destination; template values win over mapped ones (A5)."""
    try:
        template = _template(plan, direction, source)
    except (RecordError, KeyError) as error:
        return Decision(kind=Kind.FAIL, code="template", text=f"The template for new records cannot be used: {error}")
    values, baseline, errors = _mapped(plan, direction, source, references)
    if errors:
        return _failed(errors)
    table = plan.table(direction.destination)
    if template:
        values |= {name: canonical(raw, table.fields[name]) for name, raw in template.defaults.items() if name in table.fields}
        baseline = _with_template(plan, direction, baseline, values)
    filled = {name: value for name, value in values.items() if value is not None}
    now = {name: value for name, value in filled.items() if table.fields[name].on_insert}
    later = {name: value for name, value in filled.items() if not table.fields[name].on_insert and table.fields[name].on_update}
    changes = tuple(Change(name, None, value) for name, value in (now | later).items())
    return Decision(
        kind=Kind.INSERT, values=now, later=later, changes=changes, baseline=baseline, template=template.code if template else ""
    )


def _compared(rule: FieldRule, direction: Direction) -> bool:
    destination = rule.side(direction.destination)
    return rule.side(direction.source) is not None and destination is not None and destination.on_update


def _template(plan: TablePlan, direction: Direction, source: Record) -> Template | None:
    table = plan.table(direction.source)
    candidates = plan.templates.get(direction.destination, ())
    return next((one for one in candidates if holds(one.conditions, source, table)), None)


def _mapped(
    plan: TablePlan, direction: Direction, source: Record, references: References
) -> tuple[dict[str, Value], dict[str, tuple[Any, Any]], list[RecordError]]:
    values: dict[str, Value] = {}
    baseline: dict[str, tuple[Any, Any]] = {}
    errors: list[RecordError] = []
    for rule in plan.rules_for(direction):
        own = rule.side(direction.destination)
        if own is None or not (own.on_insert or own.on_update):
            continue
        try:
            read = rule.read(direction.source, source)
            value = new_value(plan, rule, direction, read, references)
        except RecordError as error:
            errors.append(error)
            continue
        if value is KEEP:
            continue
        values[own.name] = value
        baseline[rule.pair] = _pair(direction, read, value)
    return values, baseline, errors


def _with_template(
    plan: TablePlan, direction: Direction, baseline: dict[str, tuple[Any, Any]], values: Mapping[str, Value]
) -> dict[str, tuple[Any, Any]]:
    """The baseline after the template has won: what was last synchronized is what the destination really gets."""
    result = dict(baseline)
    for rule in plan.rules_for(direction):
        own = rule.side(direction.destination)
        if rule.pair in result and own is not None:
            source_value = result[rule.pair][0 if direction.source is Side.BUSINESS_CENTRAL else 1]
            result[rule.pair] = _pair(direction, source_value, values[own.name])
    return result


def _pair(direction: Direction, source: Value, destination: Value) -> tuple[Any, Any]:
    return baseline_pair(source, destination) if direction is Direction.TO_INTEGRATION else baseline_pair(destination, source)


def _failed(errors: list[RecordError]) -> Decision:
    fields = tuple(dict.fromkeys(name for error in errors for name in error.fields))
    return Decision(kind=Kind.FAIL, code=errors[0].code, text=" ".join(error.text for error in errors), fields=fields)


class _Review:
    """Looks at a coupled pair field by field and gathers what shall be written."""

    def __init__(
        self,
        plan: TablePlan,
        direction: Direction,
        source: Record,
        destination: Record,
        coupling: CouplingState,
        references: References,
        policy: Policy,
    ) -> None:
        self.plan, self.direction, self.policy, self.references = plan, direction, policy, references
        self.source, self.destination, self.coupling = source, destination, coupling
        self.winner = policy.winner or plan.update_policy.winner
        self.values: dict[str, Value] = {}
        self.changes: list[Change] = []
        self.baseline: dict[str, tuple[Any, Any]] = dict(coupling.baseline)
        self.conflicts: list[Conflict] = []
        self.errors: list[RecordError] = []
        self.yielded: list[str] = []
        self.settled = True

    def look_at(self, rule: FieldRule) -> None:
        own = rule.side(self.direction.destination)
        if own is None or not own.on_update:
            return  # A19: what the destination takes only on insert is neither compared nor sent later
        try:
            if rule.side(self.direction.source) is None:
                self._constant(rule)
            elif self.plan.two_way(rule):
                self._two_way(rule)
            else:
                self._one_way(rule)
        except RecordError as error:
            self.errors.append(error)

    def decision(self) -> Decision:
        if self.errors:
            return _failed(self.errors)
        failing = self.conflicts and not self.policy.conflict_failed_already
        kind = Kind.MODIFY if self.values else Kind.UNCHANGED
        code = text = ""
        fields: tuple[str, ...] = ()
        if failing:
            kind, code, text = Kind.FAIL, "conflict", _conflict_text(self.conflicts)
            fields = tuple(one.field for one in self.conflicts)
        elif self.yielded and not self.values:
            kind, code, fields = Kind.SKIP, "other-side-wins", tuple(self.yielded)
            text = "Both sides changed, and the value of the other side wins; the opposite direction brings it here."
        return Decision(
            kind=kind, values=self.values, changes=tuple(self.changes), baseline=self.baseline, conflicts=tuple(self.conflicts),
            settled=self.settled and self._nothing_flows_back(), code=code, text=text, fields=fields,
        )  # fmt: skip

    def _constant(self, rule: FieldRule) -> None:
        present = rule.read(self.direction.destination, self.destination)
        self._write_if_different(rule, None, present, keep_baseline=False)

    def _one_way(self, rule: FieldRule) -> None:
        read, present = rule.read(self.direction.source, self.source), rule.read(self.direction.destination, self.destination)
        self._write_if_different(rule, read, present)

    def _two_way(self, rule: FieldRule) -> None:
        read, present = rule.read(self.direction.source, self.source), rule.read(self.direction.destination, self.destination)
        source_changed, destination_changed = self._changed(rule, read, present)
        if self.policy.unconditional:
            self._write_if_different(rule, read, present)
        elif source_changed and destination_changed:
            self._both_changed(rule, read, present)
        elif source_changed:
            self._write_if_different(rule, read, present)
        elif destination_changed:
            self.settled = False

    def _changed(self, rule: FieldRule, read: Value, present: Value) -> tuple[bool, bool]:
        """By value against the baseline; a field without one goes by the stamps of both records (A1)."""
        known, source_before = self.coupling.known(rule, self.direction.source)
        _, destination_before = self.coupling.known(rule, self.direction.destination)
        if known:
            return read != source_before, present != destination_before
        if not self._differs(rule, read, present):
            return True, False  # equal already: only the baseline is missing
        source, destination = self.direction.source, self.direction.destination
        return self.coupling.changed(source, self.source), self.coupling.changed(destination, self.destination)

    def _differs(self, rule: FieldRule, read: Value, present: Value) -> bool:
        own = rule.side(self.direction.destination)
        value = new_value(self.plan, rule, self.direction, read, self.references)
        return own is not None and value is not KEEP and not same(value, present, own, rule.side(self.direction.source))

    def _both_changed(self, rule: FieldRule, read: Value, present: Value) -> None:
        if not self._differs(rule, read, present) or self.winner is self.direction.source:
            self._write_if_different(rule, read, present)
        elif self.winner is not None:
            self.settled = False
            self.yielded.append(rule.pair.split("|")[0 if self.direction.source is Side.BUSINESS_CENTRAL else 1])
        else:
            self.settled = False
            self.conflicts.append(self._conflict(rule, read, present))

    def _conflict(self, rule: FieldRule, read: Value, present: Value) -> Conflict:
        bc, sales = (read, present) if self.direction is Direction.TO_INTEGRATION else (present, read)
        return Conflict(
            field=rule.bc.name if rule.bc else "",
            integration_field=rule.sales.name if rule.sales else "",
            label=(rule.bc.label or rule.bc.name) if rule.bc else "",
            baseline_bc=self.coupling.known(rule, Side.BUSINESS_CENTRAL)[1],
            baseline_sales=self.coupling.known(rule, Side.SALES)[1],
            bc=bc,
            sales=sales,
        )

    def _write_if_different(self, rule: FieldRule, read: Value, present: Value, *, keep_baseline: bool = True) -> None:
        own = rule.side(self.direction.destination)
        value = new_value(self.plan, rule, self.direction, read, self.references)
        if own is None or value is KEEP:
            value = present
        elif not same(value, present, own, rule.side(self.direction.source)):
            self.values[own.name] = value
            self.changes.append(Change(own.name, present, value))
        if keep_baseline:
            self.baseline[rule.pair] = _pair(self.direction, read, value if own and own.name in self.values else present)

    def _nothing_flows_back(self) -> bool:
        """Whether every field of the opposite direction holds its baseline on the destination, our own writes included."""
        for rule in self.plan.rules_for(self.direction.opposite):
            own = rule.side(self.direction.destination)
            back = rule.side(self.direction.source)
            if own is None or back is None or not back.on_update:
                continue
            pair = self.baseline.get(rule.pair)
            if pair is None:
                return False
            before = canonical(pair[0 if self.direction.destination is Side.BUSINESS_CENTRAL else 1], own)
            present = self.values.get(own.name, rule.read(self.direction.destination, self.destination))
            if present != before:
                return False
        return True


def _conflict_text(conflicts: list[Conflict]) -> str:
    told = "; ".join(
        f"{one.label}: was {_quoted(one.baseline_bc)}, is now {_quoted(one.bc)} in Business Central "
        f"and {_quoted(one.sales)} in Dynamics 365 Sales"
        for one in conflicts
    )
    return f"Both sides changed since the last synchronization. {told}. Decide which value stays."


def _quoted(value: Value) -> str:
    return f"“{display(value)}”" if value is not None else "blank"
