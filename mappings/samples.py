"""What a real record would look like on the other side: the field mappings tried on it, nothing written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mappings.couplings import DatabaseCouplings
from mappings.models import Coupling, IntegrationTableMapping, Purpose
from mappings.record_lists import spelled
from mappings.reference_names import Names, names_of, shown_value
from mappings.rules.registry import rules_for
from mappings.rules.table_rules import MappingRules
from mappings.systems import both_connected
from syncadmin.connectors.connector import ODataConnector
from syncadmin.sync.decide import Decision, Kind, decide_insert
from syncadmin.sync.errors import RecordError
from syncadmin.sync.plan import FieldRule, TablePlan
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Direction, Record, Side
from syncadmin.sync.transfer import Keep, References, new_value, wanted_references


@dataclass(frozen=True, kw_only=True)
class Carried:
    """One field on its way: what stands there, and what it becomes or why it cannot."""

    label: str
    value: str
    becomes_label: str
    becomes_field: str
    becomes: str
    transformation: str = ""
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A record of one side as it would be created on the other. ``key`` is "" where there is none to try; ``problem`` then says why.

    ``given`` are the values of the template for new records, which win over mapped ones: (field, value).
    """

    way: Direction
    key: str = ""
    title: str = ""
    rows: tuple[Carried, ...] = ()
    given: tuple[tuple[str, str], ...] = ()
    template: str = ""
    problem: str = ""

    @property
    def problems(self) -> int:
        return sum(1 for row in self.rows if row.problem) + (1 if self.problem else 0)


def samples_of(mapping: IntegrationTableMapping, plan: TablePlan, *, called: str = "") -> list[Sample]:
    """One sample per direction of the mapping, which need not be saved: the first record inside its filter, or the first whose number or
    name begins with ``called``, or the partner of the one that was found so on the other side.

    Raises RunError and RetryLater of the connectors.
    """
    with both_connected(mapping, purpose=Purpose.PAGES) as connectors:
        rules = rules_for(mapping, plan, connectors)
        found = {way.source: _find(connectors[way.source], plan, way.source, called) for way in mapping.directions}
        for side in [side for side, record in found.items() if record is None]:
            found[side] = _partner(mapping, connectors[side], plan, side, found.get(side.other))
        sales = connectors[Side.SALES]
        return [_sample(mapping, plan, way, rules, found[way.source], sales) for way in mapping.directions]


def _find(connector: Connector, plan: TablePlan, side: Side, called: str) -> Record | None:
    table = plan.table(side)
    names = [name for name in dict.fromkeys((table.number, table.caption)) if name in table.fields]
    for condition in spelled(side, "startswith({name},'{text}')", names, called) if called.strip() and names else [""]:
        both = " and ".join(f"({one})" for one in (plan.filters.get(side, ""), condition) if one)
        page = connector.read_changes(table, plan.fields(side), condition=both, page_size=1)
        if page.records:
            return page.records[0]
    return None


def _partner(mapping: IntegrationTableMapping, connector: Connector, plan: TablePlan, side: Side, known: Record | None) -> Record | None:
    """The record that the known one of the other side is coupled to."""
    if known is None:
        return None
    own, other = ("bc_key", "sales_key") if side is Side.BUSINESS_CENTRAL else ("sales_key", "bc_key")
    key = Coupling.objects.filter(mapping_id=mapping.pk, pending="", **{other: known.key}).values_list(own, flat=True).first()
    return connector.read_records(plan.table(side), [key], plan.fields(side)).get(key) if key else None


def _sample(
    mapping: IntegrationTableMapping, plan: TablePlan, way: Direction, rules: MappingRules, found: Record | None, sales: ODataConnector
) -> Sample:
    if found is None:
        return Sample(way=way, problem=f"{way.source.label} has no such record inside the filter.")
    record = rules.prepare(way, [found])[0]
    wanted = wanted_references(plan, way, [record])
    couplings = DatabaseCouplings(mapping)
    references = rules.resolve(way, wanted, couplings.references(way, wanted)) if wanted else {}
    names = names_of(mapping, plan, {way.source: record}, {way: references}, None, sales)
    decision = decide_insert(plan, way, record, references)
    return Sample(
        way=way,
        key=record.key,
        title=plan.label(way.source, record),
        rows=tuple(_rows(plan, way, record, references, names)),
        given=_given(plan, way, decision),
        template=decision.template,
        problem=_problem_of_record(record, decision),
    )


def _rows(plan: TablePlan, way: Direction, record: Record, references: References, names: Names) -> Iterator[Carried]:
    """Every rule of the direction; one that only new records get is left out where it has nothing to give."""
    for rule in plan.rules_for(way):
        if rule.side(way.destination) is None:
            continue
        row = _carried(plan, rule, way, record, references, names)
        if row.becomes or row.problem or not rule.insert_only:
            yield row


def _carried(plan: TablePlan, rule: FieldRule, way: Direction, record: Record, references: References, names: Names) -> Carried:
    source, destination = rule.side(way.source), rule.side(way.destination)
    becomes, problem = "", ""
    try:
        value = new_value(plan, rule, way, rule.read(way.source, record), references)
        kept = isinstance(value, Keep)
        becomes = "stays as it is" if kept else shown_value(rule, way.destination, value, names)
    except RecordError as error:
        problem = error.text
    return Carried(
        label=(source.label or source.name) if source else "constant",
        value=_value(rule, way.source, record, names) if source else "",
        becomes_label=(destination.label or destination.name) if destination else "",
        becomes_field=destination.name if destination else "",
        becomes=becomes,
        transformation=rule.transformation,
        problem=problem,
    )


def _value(rule: FieldRule, side: Side, record: Record, names: Names) -> str:
    try:
        return shown_value(rule, side, rule.read(side, record), names)
    except RecordError as error:
        return error.text


def _given(plan: TablePlan, way: Direction, decision: Decision) -> tuple[tuple[str, str], ...]:
    """The template's values, which no field mapping gives."""
    table = plan.table(way.destination)
    template = next((one for one in plan.templates.get(way.destination, ()) if one.code == decision.template), None)
    fields = [(table.fields[name], value) for name, value in (template.defaults if template else {}).items() if name in table.fields]
    return tuple((own.label or own.name, str(dict(own.options).get(value, value))) for own, value in fields)


def _problem_of_record(record: Record, decision: Decision) -> str:
    """What no single field is to blame for."""
    if record.problem is not None:
        return record.problem.text
    return decision.text if decision.kind is Kind.FAIL and decision.code == "template" else ""
