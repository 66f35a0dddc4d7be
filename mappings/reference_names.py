"""What people call the records that the fields of a pair refer to: coupled ones from their couplings, others from Sales in one request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from django.db.models import Q

from mappings.models import Coupling, IntegrationTableMapping, SystemTable
from syncadmin.connectors.connector import ODataConnector
from syncadmin.sync.couplings import CouplingState
from syncadmin.sync.errors import RecordError, RunError
from syncadmin.sync.plan import FieldRule, TablePlan
from syncadmin.sync.records import Direction, Record, Side
from syncadmin.sync.tables import FieldType, Table
from syncadmin.sync.transfer import References
from syncadmin.sync.values import display

Names = dict[tuple[str, str], str]  # mapping name ("": none) and code or Sales key -> what people call that record
_KEY = re.compile(r"(?:(\w+)/)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.IGNORECASE)  # also with its table before it


def names_of(
    mapping: IntegrationTableMapping,
    plan: TablePlan,
    found: Mapping[Side, Record],
    references: Mapping[Direction, References],
    state: CouplingState | None,
    sales: ODataConnector,
) -> Names:
    """One statement for what is coupled, one request for the rest. A table that Sales does not show us leaves the keys without names."""
    lookups = [rule for rule in plan.rules if rule.lookup]
    values = {str(read_value(rule, side, record)) for rule in lookups for side, record in found.items()}
    values |= {str(state.known(rule, side)[1]) for rule in lookups for side in Side if state}
    names = _of_couplings(mapping, plan, values)
    wanted: dict[str, set[str]] = {}
    for rule, value in _sales_references(plan, found, references, state):
        if match := _KEY.fullmatch(value):
            known = (rule.lookup, value) in names or ("", match[2].lower()) in names
            for table in () if known else [match[1]] if match[1] else _targets(rule):
                wanted.setdefault(table, set()).add(match[2].lower())
    return names | _of_sales(mapping, sales, wanted)


def names_in_list(
    mapping: IntegrationTableMapping, plan: TablePlan, side: Side, fields: Iterable[str], records: Iterable[Record], own: ODataConnector
) -> Names:
    """The same of what these fields of many records refer to: one statement, and on the side of Sales one request for each kind of record
    that is not coupled."""
    rules = [rule for rule in plan.rules if (end := rule.side(side)) is not None and end.name in fields and (rule.lookup or _refers(rule))]
    values = {(rule, str(value)) for rule in rules for one in records if (value := read_value(rule, side, one)) is not None}
    if not values:
        return {}
    names = _of_couplings(mapping, plan, {value for _, value in values})
    wanted: dict[str, set[str]] = {}
    for rule, value in values if side is Side.SALES else ():
        for target in () if ("", value) in names else _targets(rule):
            wanted.setdefault(target, set()).add(value)
    for table in _tables(mapping, wanted):
        names |= _called(own, table, sorted(wanted[table.name]))
    return names


def _called(sales: ODataConnector, table: Table, keys: list[str]) -> Names:
    try:
        found = sales.read_records(table, keys, [table.caption], condition=f"{table.caption} ne null")
    except RunError:  # as in _of_sales
        return {}
    return {("", key): str(one.values[table.caption]) for key, one in found.items()}


def read_value(rule: FieldRule, side: Side, record: Record | None) -> object:
    """The canonical value of that side's field; the reason in words where it cannot be read."""
    if record is None:
        return None
    try:
        return rule.read(side, record)
    except RecordError as error:
        return error.text


def shown_value(rule: FieldRule, side: Side, value: object, names: Names) -> str:
    """A value as people know it: options with their label, references with the name of the record they point to."""
    own = rule.side(side)
    if rule.local_currency and value is None and side is Side.BUSINESS_CENTRAL:
        return rule.local_currency
    if value is not None and (rule.lookup or _refers(rule)):
        return names.get((rule.lookup, str(value))) or _named(str(value), names) or display(value)
    if own is not None and own.type is FieldType.OPTION and value is not None:
        return str(dict(own.options).get(value, value))  # type: ignore[call-overload]
    return display(value)


def _named(value: str, names: Names) -> str:
    match = _KEY.fullmatch(value)
    return names.get(("", match[2].lower()), "") if match else ""


def _refers(rule: FieldRule) -> bool:
    return rule.sales is not None and rule.sales.type is FieldType.LOOKUP


def _targets(rule: FieldRule) -> list[str]:
    return [table for table, _navigation in rule.sales.targets] if rule.sales else []


def _sales_references(
    plan: TablePlan, found: Mapping[Side, Record], references: Mapping[Direction, References], state: CouplingState | None
) -> Iterator[tuple[FieldRule, str]]:
    """Every value of a field that refers to a row of Sales: those of both records, those last synchronized, those to be written."""
    given = references.get(Direction.TO_INTEGRATION, {})
    for rule in filter(_refers, plan.rules):
        for side in Side:
            value = read_value(rule, side, found.get(side))
            before = state.known(rule, side)[1] if state else None
            for one in (value, before, given.get((rule.lookup, str(value)))):
                if one is not None:
                    yield rule, str(one)


def _of_couplings(mapping: IntegrationTableMapping, plan: TablePlan, values: set[str]) -> Names:
    lookups = [rule for rule in plan.rules if rule.lookup]
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
        names["", key or ""] = sales_label
    if company := mapping.business_central.sales_company_id:
        names["", company.lower()] = mapping.business_central.company
    return names


def _of_sales(mapping: IntegrationTableMapping, sales: ODataConnector, wanted: Mapping[str, set[str]]) -> Names:
    tables = _tables(mapping, wanted)
    probes = [(table, _condition(table, wanted[table.name]), [table.caption]) for table in tables]
    try:
        found = sales.first_records(probes, limit=max((len(keys) for keys in wanted.values()), default=0)) if probes else []
    except RunError:  # a page of values is worth more than the names in it; who may not read users still sees their keys
        return {}
    return {("", one.key): str(one.values[table.caption]) for table, records in zip(tables, found, strict=True) for one in records}


def _tables(mapping: IntegrationTableMapping, names: Iterable[str]) -> list[Table]:
    """Those of the tables of Sales that are known and have a field that names their rows."""
    rows = SystemTable.objects.filter(system=mapping.sales_id, name__in=list(names))
    return [table for table in (row.table() for row in rows) if table.caption in table.fields]


def _condition(table: Table, keys: Iterable[str]) -> str:
    return " or ".join(f"{table.key} eq {key}" for key in sorted(keys))
