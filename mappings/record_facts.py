"""Asks both systems, and the engine, what the steps of :mod:`mappings.reasons` are told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from mappings.filter_text import Clause, clauses_of, text_of
from mappings.filter_words import field_named, in_words
from mappings.models import IntegrationTableMapping, Purpose, System
from mappings.plans import build_plan, filled_filter
from mappings.reasons import Mend, Section, Step, WayFacts, bad, good, mapping_steps, record_steps, way_steps
from mappings.records import RecordPage, open_record
from mappings.rules.registry import never_coupled, rules_for
from mappings.systems import both_connected
from syncadmin.sync.errors import RecordError, SyncError
from syncadmin.sync.plan import TablePlan
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Direction, Record, Side
from syncadmin.sync.tables import Field, Table
from syncadmin.sync.values import canonical, display
from syncadmin.sync.watermark import window_start

# Errors that are the mapping's own, and none of a connection.
_OWN = {
    "deleted": ("Records", Mend.DELETED),
    "bad-filter": ("Filter", Mend.MAPPING),
    "wrong-direction": ("Direction", Mend.MAPPING),
    "unknown-table": ("Tables", Mend.MAPPING),
    "no-fields": ("Field mappings", Mend.FIELDS),
    "unknown-field": ("Field mappings", Mend.FIELDS),
}
_LEFT_OUT = "The rules of its table leave it out; see the description of the mapping."


def explain(mapping: IntegrationTableMapping, side: Side, key: str) -> tuple[RecordPage | None, tuple[Section, ...]]:
    """The record as it is now (None where it cannot be read), and what is decided about it.

    Never raises for what a system says: that is a step of its own.
    """
    try:
        page = open_record(mapping, side, key)
    except SyncError as error:
        return None, (Section(title=mapping.name, steps=(*mapping_steps(mapping, None), _refused(mapping, error))),)
    try:
        others = [Section(title=_title(one.direction), steps=tuple(way_steps(mapping, one, page.coupling))) for one in _ways(mapping, page)]
        answered = good("Connections", f"{mapping.business_central.name} and {mapping.sales.name} answered just now.")
    except SyncError as error:
        others, answered = [], _refused(mapping, error)
    return page, (Section(title=mapping.name, steps=(*mapping_steps(mapping, page), answered, *record_steps(mapping, page))), *others)


def _refused(mapping: IntegrationTableMapping, error: SyncError) -> Step:
    """What a system, or the set-up of the mapping, has against reading the record at all."""
    name, mend = _OWN.get(error.code, ("Connections", Mend.CONNECTION))
    return bad(name, error.text, mend, _guilty(mapping, error.text).pk if mend is Mend.CONNECTION else "")


def _guilty(mapping: IntegrationTableMapping, text: str) -> System:
    """The system that the text is about: by its name, else by its kind."""
    called = {mapping.business_central: Side.BUSINESS_CENTRAL.label, mapping.sales: Side.SALES.label}
    named = [system for system in called if system.name in text] or [system for system, label in called.items() if label in text]
    return named[0] if named else mapping.business_central


def _title(direction: Direction) -> str:
    return f"{direction.source.label} to {direction.destination.label}"


def _ways(mapping: IntegrationTableMapping, page: RecordPage) -> list[WayFacts]:
    """One request per direction, and one per condition of a filter that is not met."""
    plan = build_plan(mapping)
    keys = {Side.BUSINESS_CENTRAL: page.bc_key, Side.SALES: page.sales_key}
    ways = [way for way in mapping.directions if keys[way.source] and way.source is not page.missing]
    with both_connected(mapping, purpose=Purpose.PAGES) as connectors:
        return [_way(mapping, plan, page, way, keys[way.source], connectors) for way in ways if _there(page, way.source)]


def _there(page: RecordPage, side: Side) -> bool:
    """A pending counterpart has a key, and may not exist."""
    pending = page.coupling is not None and page.coupling.pending
    return not pending or page.coupling is None or Direction(page.coupling.pending).source is side


def _way(
    mapping: IntegrationTableMapping,
    plan: TablePlan,
    page: RecordPage,
    way: Direction,
    key: str,
    connectors: Mapping[Side, Connector],
) -> WayFacts:
    side = way.source
    table, condition = plan.table(side), plan.filters.get(side, "")
    found = connectors[side].read_records(table, [key], plan.fields(side), condition=condition)
    failing = () if found else _failing(mapping, plan, side, key, connectors[side])
    rules = rules_for(mapping, plan, connectors)
    left_out = "" if not found or rules.select(way, list(found.values())) else _why_left_out(mapping, side, next(iter(found.values())))
    return WayFacts(
        direction=way,
        modified_at=page.bc_modified_at if side is Side.BUSINESS_CENTRAL else page.sales_modified_at,
        decision=page.decisions.get(way),
        conditions=_words(plan, side, _configured(mapping, plan, side)),
        failing=failing,
        left_out=left_out,
        start=rules.since(way, window_start(side, mapping.watermark(way), _read_at(mapping, side))),
        has_stamps=bool(table.modified_on),
        labels={name: own.label for name, own in plan.table(way.destination).fields.items()},
    )


def _failing(mapping: IntegrationTableMapping, plan: TablePlan, side: Side, key: str, connector: Connector) -> tuple[str, ...]:
    """The conditions that the record does not meet, in words, with what it has instead; the system itself is asked."""
    configured = _configured(mapping, plan, side)
    clauses = clauses_of(configured)
    if not clauses:
        return (configured,)
    table = plan.table(side)
    asked = [(clause, filled_filter(mapping, side, text_of([clause]))) for clause in clauses]
    wrong = [clause for clause, text in asked if not connector.read_records(table, [key], [], condition=text)]
    fields = {one.name: own for clause in wrong for one in clause if (own := field_named(table, one.name)) is not None}
    found = connector.read_records(table, [key], [own.name for own in fields.values()]) if fields else {}
    values = {name: _shown(own, record) for record in found.values() for name, own in fields.items()}
    return tuple(_told(clause, table, values) for clause in wrong or clauses)


def _told(clause: Clause, table: Table, values: Mapping[str, str]) -> str:
    """``Blocked is empty (it is All)``."""
    known = [values[name] for name in dict.fromkeys(one.name for one in clause) if name in values]
    return f"{in_words([clause], table)} (it is {', '.join(known)})" if known else in_words([clause], table)


def _shown(own: Field, record: Record) -> str:
    """The value as people know it."""
    try:
        value = canonical(record.values.get(own.name), own)
    except RecordError:
        return str(record.values.get(own.name))
    label = next((label for wire, label in own.options if wire == value), "")
    return label or display(value) or "empty"


def _configured(mapping: IntegrationTableMapping, plan: TablePlan, side: Side) -> str:
    """The filter with "this company" for the company's key, unless the mapping is shared by several companies."""
    if mapping.multi_company:
        return plan.filters.get(side, "")
    return mapping.table_filter if side is Side.BUSINESS_CENTRAL else mapping.integration_table_filter


def _words(plan: TablePlan, side: Side, condition: str) -> str:
    clauses = clauses_of(condition)
    return in_words(clauses, plan.table(side)) if clauses else condition


def _why_left_out(mapping: IntegrationTableMapping, side: Side, record: Record) -> str:
    reason = never_coupled(mapping, record) if side is Side.BUSINESS_CENTRAL else ""
    return reason or _LEFT_OUT


def _read_at(mapping: IntegrationTableMapping, side: Side) -> datetime | None:
    return mapping.bc_read_at if side is Side.BUSINESS_CENTRAL else mapping.sales_read_at
