"""The decision table: insert, modify, unchanged, skip, conflict, fail.

Three-way per field, without input or output (engine.md A1, sections 6 and 7).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from syncadmin.sync.conditions import holds
from syncadmin.sync.conflicts import Conflict, conflict_text
from syncadmin.sync.couplings import CouplingState, baseline_pair
from syncadmin.sync.errors import RecordError, call_stack
from syncadmin.sync.plan import FieldRule, TablePlan, Template
from syncadmin.sync.records import Change, Direction, Record, Side, Value
from syncadmin.sync.tables import Table
from syncadmin.sync.transfer import KEEP, Keep, References, new_value
from syncadmin.sync.values import canonical, display


class Kind(StrEnum):
    INSERT = "insert"
    MODIFY = "modify"
    UNCHANGED = "unchanged"
    SKIP = "skip"
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What a run decides beside its plan.

    ``unconditional`` overwrites all that differs, ``winner`` is the side whose value wins, ``winners`` are the sides that a person has
    chosen for single fields, by their pair. ``conflict_failed_already`` tells that the opposite direction of the same run has failed this
    record's conflicts, ``ours`` names destination fields that hold what this run, or the one that was cut short, has written: no change of
    anybody else. ``restore`` creates missing counterparts anew.
    """

    unconditional: bool = False
    winner: Side | None = None
    winners: Mapping[str, Side] = field(default_factory=dict)
    conflict_failed_already: bool = False
    ours: frozenset[str] = frozenset()
    restore: bool = False


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What shall happen to one record. ``values`` are written at once, ``later`` right after an insert (A19).

    ``baseline`` is what the coupling keeps when ``values`` are written, ``later_baseline`` what comes on top after ``later``. ``settled``
    tells that the destination holds no change of its own that still has to flow back, so that its etag may be remembered as seen.
    ``yielded`` names source fields whose change gives way to the other side's. A decision may both write and fail: a conflict in one field
    lets the others flow.
    """

    kind: Kind
    values: Mapping[str, Value] = field(default_factory=dict)
    later: Mapping[str, Value] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    baseline: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    later_baseline: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    conflicts: tuple[Conflict, ...] = ()
    yielded: tuple[str, ...] = ()
    settled: bool = True
    code: str = ""
    text: str = ""
    fields: tuple[str, ...] = ()
    template: str = ""
    missing: tuple[tuple[str, str], ...] = ()
    call_stack: str = field(default="", compare=False)


def source_unchanged(plan: TablePlan, direction: Direction, source: Record, coupling: CouplingState) -> bool:
    """Whether the source record equals what was last synchronized, so that nobody needs to look at the destination.

    Recognized by etag, then by value (architecture.md section 3: echoes); never with a field or constant that has no baseline yet.
    """
    if source.problem is not None:
        return False
    rules = [rule for rule in plan.rules_for(direction) if _compared(rule, direction)]
    constants = [rule for rule in rules if rule.side(direction.source) is None]
    fields = [rule for rule in rules if rule.side(direction.source) is not None]
    if any(rule.pair not in coupling.baseline for rule in fields):
        return False
    try:
        if not all(_constant_known(plan, rule, direction, coupling) for rule in constants):
            return False
        known = coupling.end(direction.source)
        return bool(known.etag and known.etag == source.etag) or all(_as_known(rule, direction, source, coupling) for rule in fields)
    except RecordError:
        return False  # decided, and reported, with the record


def nothing_flows_back(plan: TablePlan, direction: Direction, baseline: Mapping[str, tuple[Any, Any]], values: Mapping[str, Any]) -> bool:
    """Whether every field of the opposite direction holds its baseline on the destination; a value that is not told counts as changed."""
    side = direction.destination
    for rule in plan.rules_for(direction.opposite):
        own, back = rule.side(side), rule.side(direction.source)
        if own is not None and back is not None and back.on_update and not _holds_baseline(rule, side, baseline, values):
            return False
    return True


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
    if source.problem is not None:
        return _failed([source.problem])
    review = _Review(plan, direction, source, destination, coupling, references, policy)
    for rule in plan.rules_for(direction):
        review.look_at(rule)
    return review.decision()


def decide_insert(plan: TablePlan, direction: Direction, source: Record, references: References) -> Decision:
    """The decision for a record that shall be created in the destination; template values win over mapped ones (A5)."""
    if source.problem is not None:
        return _failed([source.problem])
    table = plan.table(direction.destination)
    try:
        template = _template(plan, direction, source)
        defaults = _defaults(template, table)
    except (RecordError, KeyError) as error:
        return template_refused(str(error))
    values, reads, errors = _mapped(plan, direction, source, references)
    if errors:
        return _failed(errors)
    values |= defaults
    filled = {name: value for name, value in values.items() if value is not None}
    now = {name: value for name, value in filled.items() if table.fields[name].on_insert}
    later = {name: value for name, value in filled.items() if not table.fields[name].on_insert and table.fields[name].on_update}
    agreed = {rule.pair: (name, _pair(direction, read, values.get(name))) for rule, name, read in reads}
    return Decision(
        kind=Kind.INSERT,
        values=now,
        later=later,
        changes=tuple(Change(name, None, value) for name, value in (now | later).items()),
        # Until the later values are written both sides count as blank there, so that they flow from the source and never back.
        baseline={pair: (None, None) if name in later else both for pair, (name, both) in agreed.items()},
        later_baseline={pair: both for pair, (name, both) in agreed.items() if name in later},
        template=template.code if template else "",
    )


def template_refused(reason: str) -> Decision:
    return Decision(kind=Kind.FAIL, code="template", text=f"The template for new records cannot be used: {reason}")


def _constant_known(plan: TablePlan, rule: FieldRule, direction: Direction, coupling: CouplingState) -> bool:
    value = new_value(plan, rule, direction, None, {})
    known, before = coupling.known(rule, direction.destination)
    return value is KEEP or (known and rule.equal(direction.destination, value, before))


def _as_known(rule: FieldRule, direction: Direction, source: Record, coupling: CouplingState) -> bool:
    known, before = coupling.known(rule, direction.source)
    return known and rule.equal(direction.source, rule.read(direction.source, source), before)


def _holds_baseline(rule: FieldRule, side: Side, baseline: Mapping[str, tuple[Any, Any]], values: Mapping[str, Any]) -> bool:
    own = rule.side(side)
    if own is None or own.name not in values or rule.pair not in baseline:
        return False
    try:
        before = canonical(baseline[rule.pair][0 if side is Side.BUSINESS_CENTRAL else 1], own)
        return rule.equal(side, rule.read(side, Record("", values)), before)
    except RecordError:
        return False


def _template(plan: TablePlan, direction: Direction, source: Record) -> Template | None:
    table = plan.table(direction.source)
    candidates = plan.templates.get(direction.destination, ())
    return next((one for one in candidates if holds(one.conditions, source, table)), None)


def _defaults(template: Template | None, table: Table) -> dict[str, Value]:
    defaults = template.defaults if template else {}
    return {name: canonical(raw, table.fields[name]) for name, raw in defaults.items() if name in table.fields}


def _mapped(
    plan: TablePlan, direction: Direction, source: Record, references: References
) -> tuple[dict[str, Value], list[tuple[FieldRule, str, Value]], list[RecordError]]:
    """Values by destination field (a later row wins), what each rule read for which field, and what went wrong."""
    values: dict[str, Value] = {}
    reads: list[tuple[FieldRule, str, Value]] = []
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
        reads.append((rule, own.name, read))
        if value is not KEEP:
            values[own.name] = value
    return values, reads, errors


def _pair(direction: Direction, source: Value, destination: Value) -> tuple[Any, Any]:
    return baseline_pair(source, destination) if direction is Direction.TO_INTEGRATION else baseline_pair(destination, source)


def _compared(rule: FieldRule, direction: Direction) -> bool:
    """A19: what the destination takes only on insert is neither compared nor sent later."""
    own = rule.side(direction.destination)
    return own is not None and own.on_update and not rule.insert_only


def _failed(errors: list[RecordError]) -> Decision:
    fields = tuple(dict.fromkeys(name for error in errors for name in error.fields))
    missing = tuple(error.missing for error in errors if error.missing is not None)
    text = " ".join(error.text for error in errors)
    stack = call_stack(errors[0])
    return Decision(kind=Kind.FAIL, code=errors[0].code, text=text, fields=fields, missing=missing, call_stack=stack)


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
        self.present: dict[str, Value] = {}
        self.agreed: list[tuple[FieldRule, str, Value]] = []
        self.conflicts: list[Conflict] = []
        self.errors: list[RecordError] = []
        self.yielded: list[str] = []

    def look_at(self, rule: FieldRule) -> None:
        own = rule.side(self.direction.destination)
        if own is None or not _compared(rule, self.direction):
            return
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
        kind = Kind.MODIFY if self.values else Kind.UNCHANGED
        code = text = ""
        fields: tuple[str, ...] = ()
        if self.conflicts and not self.policy.conflict_failed_already:
            kind, code, text = Kind.FAIL, "conflict", conflict_text(self.conflicts)
            fields = tuple(one.field for one in self.conflicts)
        elif self.yielded and not self.values and not self.conflicts:
            kind, code, fields = Kind.SKIP, "other-side-wins", tuple(self.yielded)
            text = "Both sides changed, and the value of the other side wins; the opposite direction brings it here."
        baseline = self._baseline()
        return Decision(
            kind=kind,
            values=self.values,
            changes=tuple(Change(name, self.present[name], value) for name, value in self.values.items()),
            baseline=baseline,
            conflicts=tuple(self.conflicts),
            yielded=tuple(self.yielded),
            settled=nothing_flows_back(self.plan, self.direction, baseline, {**self.destination.values, **self.values}),
            code=code,
            text=text,
            fields=fields,
        )

    def _baseline(self) -> dict[str, tuple[Any, Any]]:
        """What both sides hold after the write, for the rules that are in agreement then; the others keep their old one."""
        final = {name: self.values.get(name, present) for name, present in self.present.items()}
        return {**self.coupling.baseline} | {rule.pair: _pair(self.direction, read, final[name]) for rule, name, read in self.agreed}

    def _constant(self, rule: FieldRule) -> None:
        self._assign(rule, None, rule.read(self.direction.destination, self.destination))

    def _one_way(self, rule: FieldRule) -> None:
        read, present = rule.read(self.direction.source, self.source), rule.read(self.direction.destination, self.destination)
        if self.coupling.pending is not self.direction or self._changed(rule, read, present) != (False, False):
            self._assign(rule, read, present)  # on a record that we have just created, what a template has set stays

    def _two_way(self, rule: FieldRule) -> None:
        read, present = rule.read(self.direction.source, self.source), rule.read(self.direction.destination, self.destination)
        source_changed, destination_changed = self._changed(rule, read, present)
        if source_changed and destination_changed and not self.policy.unconditional:
            self._both_changed(rule, read, present)
        elif source_changed or self.policy.unconditional or (rule.fills_empty and present is None):
            self._assign(rule, read, present)

    def _changed(self, rule: FieldRule, read: Value, present: Value) -> tuple[bool, bool]:
        """By value against the baseline; a field without one goes by the stamps of both records (A1)."""
        source, destination = self.direction.source, self.direction.destination
        known, source_before = self.coupling.known(rule, source)
        known_there, destination_before = self.coupling.known(rule, destination)
        if known and known_there:
            changed = not rule.equal(source, read, source_before), not rule.equal(destination, present, destination_before)
            return (True, False) if changed[1] and self._is_ours(rule) else changed
        if self.coupling.pending is self.direction or not self._differs(rule, read, present):
            return True, False  # a record that we have just created, or equal already: only the baseline is missing
        return self.coupling.changed(source, self.source), self.coupling.changed(destination, self.destination)

    def _is_ours(self, rule: FieldRule) -> bool:
        own = rule.side(self.direction.destination)
        return own is not None and own.name in self.policy.ours

    def _differs(self, rule: FieldRule, read: Value, present: Value) -> bool:
        value = self._value(rule, read, present)
        return value is not KEEP and not rule.equal(self.direction.destination, value, present)

    def _value(self, rule: FieldRule, read: Value, present: Value) -> Value | Keep:
        value = new_value(self.plan, rule, self.direction, read, self.references)
        kept = rule.keep_uncoupled and value is None and (rule.lookup, display(present)) not in self.references
        return KEEP if kept else value

    def _both_changed(self, rule: FieldRule, read: Value, present: Value) -> None:
        winner = self.policy.winners.get(rule.pair, self.winner)
        lost = rule.fills_empty and present is None
        if lost or winner is self.direction.source or not self._differs(rule, read, present):
            self._assign(rule, read, present)
        elif winner is not None:
            own = rule.side(self.direction.source)
            self.yielded.append(own.name if own else "")
        else:
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
            compared=rule.pair in self.coupling.baseline,
        )

    def _assign(self, rule: FieldRule, read: Value, present: Value) -> None:
        """Gives the rule's value to its field; a later rule for the same field takes it back, also by wanting what is there."""
        own = rule.side(self.direction.destination)
        if own is None:
            return
        value = self._value(rule, read, present)
        self.present[own.name] = present
        self.agreed.append((rule, own.name, read))
        if value is KEEP:
            return
        if rule.equal(self.direction.destination, value, present):
            self.values.pop(own.name, None)
        else:
            self.values[own.name] = value
