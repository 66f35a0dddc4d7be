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
    names = _of_couplings(mapping, plan, found, state)
    if company := mapping.business_central.sales_company_id:
        names["", company.lower()] = mapping.business_central.company
    wanted: dict[str, set[str]] = {}
    for rule, value in _sales_references(plan, found, references, state):
        if match := _KEY.fullmatch(value):
            known = (rule.lookup, value) in names or ("", match[2].lower()) in names
            for table in () if known else [match[1]] if match[1] else _targets(rule):
                wanted.setdefault(table, set()).add(match[2].lower())
    return names | _of_sales(mapping, sales, wanted)


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


def _of_couplings(mapping: IntegrationTableMapping, plan: TablePlan, found: Mapping[Side, Record], state: CouplingState | None) -> Names:
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
        names["", key or ""] = sales_label
    return names


def _of_sales(mapping: IntegrationTableMapping, sales: ODataConnector, wanted: Mapping[str, set[str]]) -> Names:
    rows = SystemTable.objects.filter(system=mapping.sales_id, name__in=wanted)
    tables = [table for table in (row.table() for row in rows) if table.caption in table.fields]
    probes = [(table, _condition(table, wanted[table.name]), [table.caption]) for table in tables]
    try:
        found = sales.first_records(probes, limit=max((len(keys) for keys in wanted.values()), default=0)) if probes else []
    except RunError:  # a page of values is worth more than the names in it; who may not read users still sees their keys
        return {}
    return {("", one.key): str(one.values[table.caption]) for table, records in zip(tables, found, strict=True) for one in records}


def _condition(table: Table, keys: Iterable[str]) -> str:
    return " or ".join(f"{table.key} eq {key}" for key in sorted(keys))
