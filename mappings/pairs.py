"""Two records that are coupled, or may be: read as both systems hold them now, and their values in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mappings.couplings import DatabaseCouplings
from mappings.models import Coupling, IntegrationTableMapping, Purpose
from mappings.plans import build_plan
from mappings.reference_names import Names, names_of, read_value, shown_value
from mappings.rules.registry import rules_for
from mappings.systems import both_connected
from mappings.transformations import refresh_lookups
from syncadmin.sync.couplings import CouplingState
from syncadmin.sync.errors import RecordError, RunError
from syncadmin.sync.plan import FieldRule, TablePlan
from syncadmin.sync.records import Direction, Record, Side
from syncadmin.sync.rules import TableRules
from syncadmin.sync.transfer import KEEP, References, kept_references, new_value, wanted_references

ARROWS = {"Bidirectional": "⇄", "ToIntegrationTable": "→", "FromIntegrationTable": "←"}


@dataclass(frozen=True)
class Pair:
    """``found`` has those records that exist, ``references`` what their lookups become, by the direction that needs them; ``names`` is what
    people call the records that are referred to."""

    plan: TablePlan
    keys: Mapping[Side, str]
    found: Mapping[Side, Record]
    references: Mapping[Direction, References]
    names: Names


@dataclass(frozen=True)
class PairField:
    """One field mapping of a pair in words: ``transformed`` is what the source's value becomes on the other side, where ``to_sales`` says
    which way. ``problem`` is why it cannot."""

    label: str
    integration_label: str
    arrow: str
    direction: str
    bc_value: str
    sales_value: str
    transformed: str
    to_sales: bool
    differs: bool
    problem: str


def coupling_of(mapping: IntegrationTableMapping, side: Side, key: str) -> Coupling | None:
    column = "bc_key" if side is Side.BUSINESS_CENTRAL else "sales_key"
    return Coupling.objects.filter(mapping=mapping, **{column: key}).first()


def partner_key(coupling: Coupling, side: Side) -> str:
    """The key of the record of the other side; "" where it has none yet."""
    return (coupling.sales_key if side is Side.BUSINESS_CENTRAL else coupling.bc_key) or ""


def read_pair(mapping: IntegrationTableMapping, side: Side, key: str, *, partner: str = "", state: CouplingState | None = None) -> Pair:
    """The record and its partner, where one is named; ``state`` is their coupling, whose references shall have names too.

    Raises RunError ``deleted`` when there is neither, and what systems raise.
    """
    refresh_lookups(mapping)
    plan = build_plan(mapping)
    keys = {side: key, side.other: partner}
    found: dict[Side, Record] = {}
    with both_connected(mapping, purpose=Purpose.PAGES) as connectors:
        for one, own_key in keys.items():
            if own_key:
                records = connectors[one].read_records(plan.table(one), [own_key], plan.fields(one))
                found.update(zip([one], records.values(), strict=False))
        rules = rules_for(mapping, plan, connectors)
        for way in mapping.directions:
            if way.source in found:
                found[way.source] = rules.prepare(way, [found[way.source]])[0]
        references = {way: _references(mapping, plan, rules, way, found) for way in mapping.directions if way.source in found}
        names = names_of(mapping, plan, found, references, state, connectors[Side.SALES]) if found else {}
    if not found:
        raise RunError("deleted", f"The record {key} does not exist in {side.label} any more.")
    return Pair(plan, keys, found, references, names)


def _references(
    mapping: IntegrationTableMapping, plan: TablePlan, rules: TableRules, direction: Direction, found: Mapping[Side, Record]
) -> References:
    couplings, there = DatabaseCouplings(mapping), [found[side] for side in (direction.destination,) if side in found]
    wanted, kept = wanted_references(plan, direction, [found[direction.source]]), kept_references(plan, direction, there)
    given = rules.resolve(direction, wanted, couplings.references(direction, wanted)) if wanted else {}
    return {**given, **(couplings.references(direction.opposite, kept) if kept else {})}


def pair_fields(pair: Pair) -> list[PairField]:
    """The enabled field mappings with a field on both sides; of a record that is alone, what its values would become."""
    return [_pair_field(pair, rule) for rule in pair.plan.rules if shown_beside(rule, pair.found)]


def shown_beside(rule: FieldRule, found: Mapping[Side, Record]) -> bool:
    """Fields of both sides; what only new records get is nothing to compare, and of a record that is alone tells what its new one gets."""
    if rule.bc is None or rule.sales is None:
        return False
    return not rule.insert_only or (len(found) == 1 and any(rule.runs(way) and way.source in found for way in Direction))


def _pair_field(pair: Pair, rule: FieldRule) -> PairField:
    values = {side: read_value(rule, side, pair.found.get(side)) for side in Side}
    way = next((one for one in pair.references if rule.direction in ("Bidirectional", one.value)), None)
    transformed, problem, differs = "", "", False
    if way is not None:
        try:
            value = new_value(pair.plan, rule, way, rule.read(way.source, pair.found[way.source]), pair.references[way])
        except RecordError as error:
            problem = error.text
        else:
            if value is not KEEP:
                transformed = shown_value(rule, way.destination, value, pair.names)
                differs = way.destination in pair.found and not rule.equal(way.destination, value, values[way.destination])
    return PairField(
        label=(rule.bc.label or rule.bc.name) if rule.bc else "",
        integration_label=(rule.sales.label or rule.sales.name) if rule.sales else "",
        arrow=ARROWS[rule.direction],
        direction=rule.direction,
        bc_value=shown_value(rule, Side.BUSINESS_CENTRAL, values[Side.BUSINESS_CENTRAL], pair.names),
        sales_value=shown_value(rule, Side.SALES, values[Side.SALES], pair.names),
        transformed=transformed,
        to_sales=way is Direction.TO_INTEGRATION,
        differs=differs,
        problem=problem,
    )
