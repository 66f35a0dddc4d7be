"""Two records that are coupled, or may be: read as both systems hold them now, and their values in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q

from mappings.couplings import DatabaseCouplings
from mappings.models import Coupling, IntegrationTableMapping, Purpose
from mappings.plans import build_plan
from mappings.rules.registry import rules_for
from mappings.systems import both_connected
from mappings.transformations import refresh_lookups
from syncadmin.sync.couplings import CouplingState
from syncadmin.sync.errors import RecordError, RunError
from syncadmin.sync.plan import FieldRule, TablePlan
from syncadmin.sync.records import Direction, Record, Side
from syncadmin.sync.rules import TableRules
from syncadmin.sync.tables import FieldType
from syncadmin.sync.transfer import KEEP, References, kept_references, new_value, wanted_references
from syncadmin.sync.values import display

Names = dict[tuple[str, str], str]  # mapping name and code or Sales key -> what people call that record
ARROWS = {"Bidirectional": "⇄", "ToIntegrationTable": "→", "FromIntegrationTable": "←"}


@dataclass(frozen=True)
class Pair:
    """``found`` has those records that exist, ``references`` what their lookups become, by the direction that needs them."""

    plan: TablePlan
    keys: Mapping[Side, str]
    found: Mapping[Side, Record]
    references: Mapping[Direction, References]


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


def read_pair(mapping: IntegrationTableMapping, side: Side, key: str, *, partner: str = "") -> Pair:
    """The record and its partner, where one is named. Raises RunError ``deleted`` when there is neither, and what systems raise."""
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
    if not found:
        raise RunError("deleted", f"The record {key} does not exist in {side.label} any more.")
    return Pair(plan, keys, found, references)


def _references(
    mapping: IntegrationTableMapping, plan: TablePlan, rules: TableRules, direction: Direction, found: Mapping[Side, Record]
) -> References:
    couplings, there = DatabaseCouplings(mapping), [found[side] for side in (direction.destination,) if side in found]
    wanted, kept = wanted_references(plan, direction, [found[direction.source]]), kept_references(plan, direction, there)
    given = rules.resolve(direction, wanted, couplings.references(direction, wanted)) if wanted else {}
    return {**given, **(couplings.references(direction.opposite, kept) if kept else {})}


def pair_fields(mapping: IntegrationTableMapping, pair: Pair) -> list[PairField]:
    """The enabled field mappings with a field on both sides; of a record that is alone, what its values would become."""
    names, paired = names_of_references(mapping, pair.plan, pair.found, None), len(pair.found) == len(Side)
    rules = [rule for rule in pair.plan.rules if rule.bc is not None and rule.sales is not None and not (paired and rule.insert_only)]
    return [_pair_field(pair, rule, names) for rule in rules]


def _pair_field(pair: Pair, rule: FieldRule, names: Names) -> PairField:
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
                transformed = shown_value(rule, way.destination, value, names)
                differs = way.destination in pair.found and not rule.equal(way.destination, value, values[way.destination])
    return PairField(
        label=(rule.bc.label or rule.bc.name) if rule.bc else "",
        integration_label=(rule.sales.label or rule.sales.name) if rule.sales else "",
        arrow=ARROWS[rule.direction],
        direction=rule.direction,
        bc_value=shown_value(rule, Side.BUSINESS_CENTRAL, values[Side.BUSINESS_CENTRAL], names),
        sales_value=shown_value(rule, Side.SALES, values[Side.SALES], names),
        transformed=transformed,
        to_sales=way is Direction.TO_INTEGRATION,
        differs=differs,
        problem=problem,
    )


def read_value(rule: FieldRule, side: Side, record: Record | None) -> object:
    """The canonical value of that side's field; the reason in words where it cannot be read."""
    if record is None:
        return None
    try:
        return rule.read(side, record)
    except RecordError as error:
        return error.text


def names_of_references(
    mapping: IntegrationTableMapping, plan: TablePlan, found: Mapping[Side, Record], state: CouplingState | None
) -> Names:
    """What people call the records that lookups point to, as far as they are coupled; one statement."""
    lookups = [rule for rule in plan.rules if rule.lookup]
    values = {str(read_value(rule, side, record)) for rule in lookups for side, record in found.items()}
    values |= {str(state.known(rule, side)[1]) for rule in lookups for side in Side if state}
    rows = Coupling.objects.filter(
        Q(sales_key__in=values) | Q(bc_number__in=values),
        mapping__business_central=mapping.business_central_id,
        mapping__name__in={rule.lookup for rule in lookups},
    )
    local = plan.local_currency_key
    names: Names = {(rule.lookup, local): rule.local_currency for rule in lookups if rule.local_currency and local}
    for name, number, label, key, sales_label in rows.values_list("mapping__name", "bc_number", "bc_label", "sales_key", "sales_label"):
        names[name, number] = label
        names[name, key or ""] = sales_label
    return names


def shown_value(rule: FieldRule, side: Side, value: object, names: Names) -> str:
    """A value as people know it: options with their label, references with the name of the record they point to."""
    own = rule.side(side)
    if rule.local_currency and value is None and side is Side.BUSINESS_CENTRAL:
        return rule.local_currency
    if rule.lookup and value is not None:
        return names.get((rule.lookup, str(value))) or display(value)
    if own is not None and own.type is FieldType.OPTION and value is not None:
        return str(dict(own.options).get(value, value))  # type: ignore[call-overload]
    return display(value)
