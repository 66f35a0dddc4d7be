"""Live record pages: the records of a mapping as both systems hold them now, side by side with what was last synchronized."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mappings.couplings import to_state
from mappings.models import Coupling, IntegrationTableMapping
from mappings.pairs import ARROWS, Pair, coupling_of, partner_key, read_pair, shown_beside
from mappings.reference_names import Names, read_value, shown_value
from mappings.web_links import web_link
from syncadmin.sync.couplings import CouplingState
from syncadmin.sync.decide import Decision, Kind, Policy, decide_existing, decide_insert
from syncadmin.sync.plan import FieldRule, TablePlan
from syncadmin.sync.records import Direction, Record, Side
from syncadmin.sync.transfer import References

BRINGS = {Direction.TO_INTEGRATION: "will be sent to Sales", Direction.FROM_INTEGRATION: "will be taken from Sales"}
BOTH_CHANGED = "both changed"


@dataclass(frozen=True)
class FieldRow:
    """One field mapping of a record, in words: both values, the baseline, and what the next synchronization does with it."""

    label: str
    field: str
    integration_field: str
    direction: str
    arrow: str
    bc_value: str
    sales_value: str
    has_baseline: bool
    baseline_bc: str | None
    baseline_sales: str | None
    bc_changed: bool
    sales_changed: bool
    mark: str
    note: str

    @property
    def baseline_shown(self) -> str:
        """What both sides had when they were last synchronized, as Business Central writes it where they write it differently."""
        return (self.baseline_bc if self.baseline_bc is not None else self.baseline_sales) or ""


@dataclass(frozen=True)
class RecordPage:
    """A pair of records, or one that is alone. ``next_text`` says what the next synchronization would do and why, ``missing`` on which
    side the coupled record was deleted, ``links`` where the records that are there are opened in their own systems ("": not known)."""

    bc_key: str
    sales_key: str
    title: str
    coupling: Coupling | None
    bc_modified_at: datetime | None
    sales_modified_at: datetime | None
    fields: list[FieldRow]
    next_text: str
    missing: Side | None = None
    decisions: Mapping[Direction, Decision] = field(default_factory=dict)
    links: Mapping[Side, str] = field(default_factory=dict)


def open_record(mapping: IntegrationTableMapping, side: Side, key: str, *, partner: str = "") -> RecordPage:
    """Both records of a pair as they are now; the one alone where there is no partner. ``partner`` is one that a person looks at for an
    uncoupled record, before coupling it (engine.md section 13).

    Raises RunError ``deleted`` when there is neither, and what the connectors raise.
    """
    coupling = coupling_of(mapping, side, key)
    state = to_state(coupling) if coupling else None
    pair = read_pair(mapping, side, key, partner=partner_key(coupling, side) if coupling else partner, state=state)
    return _page(mapping, pair, coupling, state)


def _page(mapping: IntegrationTableMapping, pair: Pair, coupling: Coupling | None, state: CouplingState | None) -> RecordPage:
    plan, found, references = pair.plan, pair.found, pair.references
    decisions = {way: decision for way in references if (decision := _decision(plan, way, found, state, references[way])) is not None}
    bc, sales = found.get(Side.BUSINESS_CENTRAL), found.get(Side.SALES)
    shown = Side.BUSINESS_CENTRAL if bc else Side.SALES
    return RecordPage(
        bc_key=pair.keys.get(Side.BUSINESS_CENTRAL, ""),
        sales_key=pair.keys.get(Side.SALES, ""),
        title=plan.label(shown, found[shown]),
        coupling=coupling,
        bc_modified_at=bc.modified_at if bc else None,
        sales_modified_at=sales.modified_at if sales else None,
        fields=[_field_row(rule, bc, sales, state, decisions, pair.names) for rule in plan.rules if shown_beside(rule, found)],
        next_text=_next_text(mapping, state, found, decisions),
        missing=_missing(state, found),
        decisions=decisions,
        links={side: web_link(mapping, side, plan.table(side), key=one.key, number=plan.number(side, one)) for side, one in found.items()},
    )


def _missing(state: CouplingState | None, found: Mapping[Side, Record]) -> Side | None:
    if state is None or state.pending is not None:
        return None
    return next((side for side in Side if side not in found), None)


def _decision(
    plan: TablePlan, direction: Direction, found: Mapping[Side, Record], state: CouplingState | None, references: References
) -> Decision | None:
    """What the engine would decide now in this direction; None where its source record lost its partner."""
    source, destination = found[direction.source], found.get(direction.destination)
    if state is not None and state.pending is None and destination is None:
        return None
    if state is None or destination is None:
        return decide_insert(plan, direction, source, references)
    return decide_existing(plan, direction, source, destination, state, references, Policy())


def _field_row(
    rule: FieldRule,
    bc: Record | None,
    sales: Record | None,
    state: CouplingState | None,
    decisions: Mapping[Direction, Decision],
    names: Names,
) -> FieldRow:
    values = {
        Side.BUSINESS_CENTRAL: read_value(rule, Side.BUSINESS_CENTRAL, bc),
        Side.SALES: read_value(rule, Side.SALES, sales),
    }
    before = {side: state.known(rule, side) if state else (False, None) for side in Side}
    known = before[Side.SALES][0]
    there = {Side.BUSINESS_CENTRAL: bc, Side.SALES: sales}
    changed = {
        side: known and not rule.insert_only and there[side] is not None and not rule.equal(side, values[side], before[side][1])
        for side in Side
    }
    mark, note = _mark(rule, decisions, paired=state is not None and bc is not None and sales is not None)
    return FieldRow(
        label=(rule.bc.label or rule.bc.name) if rule.bc else "",
        field=rule.bc.name if rule.bc else "",
        integration_field=rule.sales.name if rule.sales else "",
        direction=rule.direction,
        arrow=ARROWS[rule.direction],
        bc_value=shown_value(rule, Side.BUSINESS_CENTRAL, values[Side.BUSINESS_CENTRAL], names),
        sales_value=shown_value(rule, Side.SALES, values[Side.SALES], names),
        has_baseline=known,
        baseline_bc=shown_value(rule, Side.BUSINESS_CENTRAL, before[Side.BUSINESS_CENTRAL][1], names) if known else None,
        baseline_sales=shown_value(rule, Side.SALES, before[Side.SALES][1], names) if known else None,
        bc_changed=changed[Side.BUSINESS_CENTRAL],
        sales_changed=changed[Side.SALES],
        mark=mark,
        note=note,
    )


def _mark(rule: FieldRule, decisions: Mapping[Direction, Decision], *, paired: bool) -> tuple[str, str]:
    """The mark of a field and its reason, from what the engine decided."""
    for direction, decision in decisions.items():
        own, other = rule.side(direction.source), rule.side(direction.destination)
        if any(one.field == (rule.bc.name if rule.bc else "") for one in decision.conflicts):
            return BOTH_CHANGED, "Decide which value stays."
        if decision.kind is Kind.FAIL and own is not None and own.name in decision.fields:
            return "error", decision.text
        if other is not None and other.name in decision.values and paired:
            return BRINGS[direction], ""
    return "", ""


def _next_text(
    mapping: IntegrationTableMapping, state: CouplingState | None, found: Mapping[Side, Record], decisions: Mapping[Direction, Decision]
) -> str:
    if state is not None and state.skipped:
        return state.why_skipped
    if state is None or state.pending is not None:
        return _next_of_single(mapping, decisions)
    missing = _missing(state, found)
    if missing is not None:
        return f"The coupled record was deleted in {missing.label}. Restore it, remove the coupling, or delete this record too."
    failing = [decision.text for decision in decisions.values() if decision.kind is Kind.FAIL]
    if failing:
        return failing[0]
    told = [
        f"{len(decision.values)} field{'s' if len(decision.values) > 1 else ''} {BRINGS[way]}"
        for way, decision in decisions.items()
        if decision.values
    ]
    return "; ".join(told) + "." if told else "Both records agree: nothing to do."


def _next_of_single(mapping: IntegrationTableMapping, decisions: Mapping[Direction, Decision]) -> str:
    decision = next(iter(decisions.values()), None)
    if decision is None:
        return "The record is not coupled, and this mapping does not run in its direction."
    if mapping.synch_only_coupled:
        return "The record is not coupled, and this mapping synchronizes only coupled records. Couple it first."
    return decision.text if decision.kind is Kind.FAIL else "A new record will be created on the other side and coupled."
