"""Transformation rules for the engine: rows -> rules, with what a Field Lookup looks up and the function that a Custom rule calls."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from importlib.metadata import entry_points

from django.utils import timezone

from mappings.models import (
    FieldStatus,
    IntegrationFieldMapping,
    IntegrationTableMapping,
    LookedUpPairs,
    System,
    SystemKind,
    SystemTable,
    TransformationRule,
)
from mappings.systems import connected, read_tables
from syncadmin.sync.errors import RecordError, RunError
from syncadmin.sync.records import Record
from syncadmin.sync.tables import Table
from syncadmin.sync.transform import Rule, RuleType, Step, lookup_key, steps
from syncadmin.sync.values import canonical, display

# Packages that are installed beside the product offer functions here: text in, text out, ValueError for what they cannot take.
CUSTOM_FUNCTIONS = "sync_admin.transformations"
MOST_PAIRS = 20_000

_TextFunction = Callable[[str], str]


def rules_of(mapping: IntegrationTableMapping) -> dict[str, Rule]:
    """All rules by code as a run of this mapping applies them; what Field Lookups look up is as it was last read."""
    return engine_rules(TransformationRule.objects.select_related("next_rule"), (mapping.business_central_id, mapping.sales_id))


def engine_rules(rows: Iterable[TransformationRule], systems: Iterable[int]) -> dict[str, Rule]:
    """These rules by code, with the pairs that were read from these systems; one statement more where one is a Field Lookup."""
    found = list(rows)
    lookups = [row.pk for row in found if row.type == RuleType.FIELD_LOOKUP]
    kept = LookedUpPairs.objects.filter(rule__in=lookups, system__in=systems) if lookups else ()
    pairs = {one.rule_id: one.pairs for one in kept}
    return {row.code: engine_rule(row, pairs.get(row.pk, {})) for row in found}


def engine_rule(row: TransformationRule, pairs: Mapping[str, str] | None = None) -> Rule:
    return Rule(
        code=row.code,
        type=RuleType(row.type),
        parameters=row.parameters,
        next=row.next_rule.code if row.next_rule else "",
        pairs=pairs or {},
        function=custom_function(row.parameters.get("name", "")) if row.type == RuleType.CUSTOM else None,
    )


def try_rule(row: TransformationRule, sample: str) -> list[Step]:
    """What the rule, saved or not, and those that follow it make of a text, step by step; a Field Lookup is looked up live.

    Raises RecordError for a text that a rule cannot take, RunError ``no-system`` and those of :func:`looked_up_pairs`.
    """
    pairs = looked_up_pairs(row.parameters, _tried_in(row)) if row.type == RuleType.FIELD_LOOKUP else {}
    systems = System.objects.filter(enabled=True).values_list("pk", flat=True)
    rules = engine_rules(TransformationRule.objects.select_related("next_rule"), systems)
    return steps(rules | {row.code: engine_rule(row, pairs)}, row.code, sample)


def _tried_in(row: TransformationRule) -> System:
    """The system that a Field Lookup is tried in: the first of its kind that is switched on."""
    system = System.objects.filter(kind=row.parameters["system"], enabled=True).first()
    if system is None:
        raise RunError("no-system", "No system of this kind is set up and switched on.")
    return system


def custom_functions() -> list[str]:
    """Names of the functions that installed packages offer."""
    return sorted({one.name for one in entry_points(group=CUSTOM_FUNCTIONS)})


def custom_function(name: str) -> _TextFunction | None:
    """The function of that name, None when no installed package offers it or it cannot be loaded."""
    found = next(iter(entry_points(group=CUSTOM_FUNCTIONS, name=name)), None) if name else None
    try:
        function: _TextFunction | None = found.load() if found else None
    except (ImportError, AttributeError):
        return None
    return function


def refresh_lookups(mapping: IntegrationTableMapping, *, since: datetime | None = None) -> None:
    """Reads anew what the Field Lookups of this mapping look up, where that was last done before ``since`` (None: never).

    Nothing is asked of a system where the mapping uses no such rule. Raises RunError and RetryLater of the connectors.
    """
    codes = mapping.field_mappings.filter(status=FieldStatus.ENABLED).exclude(transformation_rule="")
    used = set(codes.values_list("transformation_rule", flat=True))
    if not used:
        return
    rows = {row.code: row for row in TransformationRule.objects.select_related("next_rule")}
    for row in _reached(rows, used):
        if row.type == RuleType.FIELD_LOOKUP:
            refresh_lookup(row, looked_up_in(row, mapping), since=since)


def refresh_lookup(row: TransformationRule, system: System, *, since: datetime | None = None) -> None:
    kept = LookedUpPairs.objects.filter(rule=row, system=system)
    if (kept.filter(read_at__gte=since) if since else kept).exists():
        return
    pairs = looked_up_pairs(row.parameters, system)
    LookedUpPairs.objects.update_or_create(rule=row, system=system, defaults={"pairs": pairs, "read_at": timezone.now()})


def looked_up_in(row: TransformationRule, mapping: IntegrationTableMapping) -> System:
    """The system of the mapping that a Field Lookup reads."""
    return mapping.sales if row.parameters.get("system") == SystemKind.SALES else mapping.business_central


def looked_up_pairs(parameters: Mapping[str, str], system: System) -> dict[str, str]:
    """What a Field Lookup with these parameters finds in the system, live. Raises as :func:`known_table` and :func:`read_pairs`."""
    source, target = parameters["source_field"], parameters["target_field"]
    return read_pairs(known_table(system, parameters["table"], {source, target}), source, target, system)


def read_pairs(table: Table, source: str, target: str, system: System) -> dict[str, str]:
    """Source value (see :func:`lookup_key`) -> target value of all rows of the table, live; the first one wins where one comes twice.

    Raises RunError ``unknown-field`` and ``too-many``, RetryLater when the system cannot be asked.
    """
    pairs: dict[str, str] = {}
    with connected(system) as connector:
        page = connector.read_changes(table, [source, target])
        while True:
            for record in page.records:
                pairs.setdefault(lookup_key(_text(table, source, record)), _text(table, target, record))
            if len(pairs) > MOST_PAIRS:
                raise RunError("too-many", f"{table.label or table.name} has more than {MOST_PAIRS:,} rows: too many to look them up.")
            if not page.next:
                return pairs
            page = connector.read_changes(table, [source, target], link=page.next)


def known_table(system: System, name: str, fields: set[str]) -> Table:
    """The table as it was kept, or read anew if it does not know all of these fields. Raises RunError ``unknown-table``, RetryLater."""
    row = SystemTable.objects.filter(system=system, name=name).first()
    table = row.table() if row else None
    if table is None or not fields <= set(table.fields):
        table = read_tables(system, [name]).get(name)
    if table is None:
        raise RunError("unknown-table", f"{system.name} has no table {name}.")
    return table


def _text(table: Table, name: str, record: Record) -> str:
    try:
        return display(canonical(record.values.get(name), table.fields[name]))
    except RecordError as error:
        raise RunError(error.code, error.text) from error


def users_of(codes: Collection[str]) -> list[IntegrationFieldMapping]:
    """The field mappings that use these rules themselves, in the order of their mappings."""
    rows = IntegrationFieldMapping.objects.filter(transformation_rule__in=codes).select_related("mapping__business_central")
    return list(rows.order_by("mapping__order", "mapping__name", "position"))


def leading_to(code: str) -> set[str]:
    """The rule's code and those of all rules that come before it in a chain."""
    rows = TransformationRule.objects.exclude(next_rule=None).values_list("code", "next_rule__code")
    found = {code}
    while more := {before for before, after in rows if after in found} - found:
        found |= more
    return found


def _reached(rows: Mapping[str, TransformationRule], codes: Iterable[str]) -> list[TransformationRule]:
    """The rules of these codes and all that follow them."""
    found: dict[str, TransformationRule] = {}
    waiting = list(codes)
    while waiting:
        row = rows.get(waiting.pop())
        if row is not None and row.code not in found:
            found[row.code] = row
            waiting += [row.next_rule.code] if row.next_rule else []
    return list(found.values())
