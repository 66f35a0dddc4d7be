"""Live record pages: the records of a mapping as both systems hold them now, side by side with what was last synchronized."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from string import capwords

from mappings.couplings import to_state
from mappings.models import Coupling, IntegrationTableMapping
from mappings.pairs import ARROWS, Pair, coupling_of, partner_key, read_pair, shown_beside
from mappings.plans import build_plan
from mappings.reference_names import Names, read_value, shown_value
from mappings.systems import connected
from mappings.web_links import web_link
from syncadmin.connectors.option_sets import is_option_set
from syncadmin.sync.couplings import CouplingState
from syncadmin.sync.decide import Decision, Kind, Policy, decide_existing, decide_insert
from syncadmin.sync.errors import RunError
from syncadmin.sync.plan import FieldRule, TablePlan
from syncadmin.sync.records import Direction, Record, Side
from syncadmin.sync.transfer import References

_FURTHER_PAGES = 20
_NAMED_ALIKE = 200  # records that begin with what was typed; the first of them is offered

BRINGS = {Direction.TO_INTEGRATION: "will be sent to Sales", Direction.FROM_INTEGRATION: "will be taken from Sales"}
BOTH_CHANGED = "both changed"


@dataclass(frozen=True)
class RecordRow:
    """One line of a record list; ``coupling`` is None for an uncoupled record."""

    key: str
    number: str
    label: str
    modified_at: datetime | None
    coupling: Coupling | None


@dataclass(frozen=True)
class RecordList:
    """One page; ``next`` continues it ("" at the end)."""

    rows: list[RecordRow]
    next: str


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


def list_records(
    mapping: IntegrationTableMapping, side: Side, *, search: str = "", coupled: bool | None = None, link: str = "", page_size: int = 50
) -> RecordList:
    """Records of one side inside the mapping's filter, oldest change first, with their couplings in one statement.

    ``search`` looks anywhere in number and name, ``coupled`` keeps only coupled or uncoupled ones; for these the page is filled from as
    many records as needed, up to a thousand or so. Raises RunError and RetryLater.
    """
    plan = build_plan(mapping)
    table = plan.table(side)
    names = [name for name in dict.fromkeys((table.number, table.caption)) if name in table.fields]
    rows: list[RecordRow] = []
    with connected(mapping.business_central if side is Side.BUSINESS_CENTRAL else mapping.sales) as connector:
        options = is_option_set(table)  # these cannot be searched: all are read
        for searched in [""] if options else _search_conditions(side, names, search):
            condition = _and(plan.filters.get(side, ""), searched)
            page = connector.read_changes(table, names, condition=condition, link=link, page_size=page_size)
            if page.records:
                break
        rows += _list_rows(mapping, plan, side, _named(page.records, plan, side, search) if options else page.records, coupled)
        for _ in range(_FURTHER_PAGES if coupled is not None else 0):
            if len(rows) >= page_size or not page.next:
                break
            page = connector.read_changes(table, names, condition=condition, link=page.next, page_size=page_size)
            rows += _list_rows(mapping, plan, side, page.records, coupled)
    return RecordList(rows, page.next)


def find_by_name(mapping: IntegrationTableMapping, side: Side, text: str) -> RecordRow:
    """The record that a person means by a number or name: the one that is called exactly so, else the first that begins with it.

    Raises RunError ``unknown-record`` (M19) where nobody inside the mapping's filter is called so, and RetryLater.
    """
    plan = build_plan(mapping)
    table = plan.table(side)
    names = [name for name in dict.fromkeys((table.number, table.caption)) if name in table.fields]
    wanted = text.strip().casefold()
    found: list[Record] = []
    with connected(mapping.business_central if side is Side.BUSINESS_CENTRAL else mapping.sales) as connector:
        options = is_option_set(table)
        searches = [""] if options else spelled(side, "startswith({name},'{text}')", names, text)
        for searched in searches if wanted else ():
            condition = _and(plan.filters.get(side, ""), searched)
            found += connector.read_changes(table, names, condition=condition, page_size=_NAMED_ALIKE).records
    if options:
        found = [record for record in found if any(word.startswith(wanted) for word in _called(record, names))]
    if not found:
        raise RunError("unknown-record", f"No record named {text} exists in {table.label or table.name}, or it is outside of the filter.")
    first = min(found, key=lambda record: (wanted not in _called(record, names), _called(record, names)[::-1]))
    return _list_rows(mapping, plan, side, [first], None)[0]


def _called(record: Record, names: Sequence[str]) -> list[str]:
    return [str(record.values.get(name) or "").strip().casefold() for name in names]


def _named(records: Sequence[Record], plan: TablePlan, side: Side, search: str) -> list[Record]:
    """Those of the records that are called like this."""
    wanted = search.strip().casefold()
    return [record for record in records if wanted in plan.label(side, record).casefold() or wanted == record.key]


def _list_rows(
    mapping: IntegrationTableMapping, plan: TablePlan, side: Side, records: Sequence[Record], coupled: bool | None
) -> list[RecordRow]:
    column = "bc_key" if side is Side.BUSINESS_CENTRAL else "sales_key"
    found = Coupling.objects.filter(mapping=mapping, **{f"{column}__in": [record.key for record in records]})
    couplings = {getattr(row, column): row for row in found}
    rows = [
        RecordRow(record.key, plan.number(side, record), plan.label(side, record), record.modified_at, couplings.get(record.key))
        for record in records
    ]
    return [row for row in rows if coupled is None or _is_coupled(row) is coupled]


def _is_coupled(row: RecordRow) -> bool:
    """A pending coupling is none (engine.md A2)."""
    return row.coupling is not None and not row.coupling.pending


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
        return f"Skipped after repeated errors, until somebody retries it. {state.message}".strip()
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


def _search_conditions(side: Side, names: list[str], search: str) -> list[str]:
    """What to ask for, one after the other until something is found.

    Business Central allows no ``or`` over two fields and minds the case, so it is also asked for Capital Words and CAPITALS.
    """
    return spelled(side, "contains({name},'{text}')", names, search) if search.strip() and names else [""]


def spelled(side: Side, condition: str, names: list[str], search: str) -> list[str]:
    """The condition on each of these fields, and on Business Central for each way to write the text."""
    text = search.strip().replace("'", "''")
    if side is Side.SALES:
        return [" or ".join(condition.format(name=name, text=text) for name in names)]
    spellings = dict.fromkeys((text, capwords(text), text.upper()))
    return [condition.format(name=name, text=spelling) for spelling in spellings for name in names]


def _and(*conditions: str) -> str:
    return " and ".join(f"({condition})" for condition in conditions if condition)
