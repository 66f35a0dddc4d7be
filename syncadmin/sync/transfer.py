"""Source record + plan + looked-up references -> values for the destination (engine.md sections 2 and 3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

from syncadmin.sync.errors import OPTION_MAPPING, RecordError
from syncadmin.sync.plan import BIDIRECTIONAL, FieldRule, TablePlan
from syncadmin.sync.records import Direction, Record, Side, Value
from syncadmin.sync.tables import Field, FieldType
from syncadmin.sync.transform import apply
from syncadmin.sync.values import canonical, cut, display, length, rounded

_KEY = re.compile(r"(\w+/)?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")  # also with the table that it belongs to

Reference = tuple[str, str]  # mapping name, value of the source side
References = Mapping[Reference, str]


class Keep:
    """The destination keeps what it has (Not Null met an empty value)."""


KEEP = Keep()


def wanted_references(plan: TablePlan, direction: Direction, records: Iterable[Record]) -> set[Reference]:
    """What must be looked up in couplings before these records can be transferred."""
    lookups = [rule for rule in plan.rules_for(direction) if rule.lookup and rule.side(direction.source)]
    wanted: set[Reference] = set()
    for record in records:
        for rule in lookups:
            value = _readable(plan, rule, direction, record)
            if value is not None:
                wanted.add((rule.lookup, str(value)))
    return wanted


def kept_references(plan: TablePlan, direction: Direction, destinations: Iterable[Record]) -> set[Reference]:
    """References of the destination that stay if they are not coupled; to be looked up in the opposite direction."""
    side = direction.destination
    rules = [rule for rule in plan.rules_for(direction) if rule.keep_uncoupled and rule.lookup and rule.side(side)]
    values = ((rule.lookup, rule.read(side, record)) for rule in rules for record in destinations)
    return {(name, str(value)) for name, value in values if value is not None}


def new_value(plan: TablePlan, rule: FieldRule, direction: Direction, source: Value, references: References) -> Value | Keep:
    """The destination's canonical value for a source value, or KEEP.

    Raises RecordError: ``not-coupled``, ``no-lookup-mapping``, ``unknown-option``, ``too-long``, ``bad-value``, ``unknown-transformation``.
    """
    destination = rule.side(direction.destination)
    if destination is None:
        raise ValueError(f"{rule.pair} has no field on {direction.destination.label}")
    if rule.side(direction.source) is None:
        return _constant(rule.constant, destination)
    value = _transformed(plan, rule, direction, source)
    if rule.lookup:
        value = _looked_up(plan, rule, direction, value, references)
    elif rule.options is not None:
        value = _mapped_option(rule, direction, value)
        value = canonical(value, destination) if destination.type is FieldType.BOOLEAN else value
    elif value != source and destination.type is FieldType.OPTION:
        value = _constant(display(value), destination)
    else:
        value = _converted(value, rule, direction, destination)
    if value is None and rule.not_null:
        return KEEP
    return _fitting(value, rule, direction, destination)


def _constant(text: str, destination: Field) -> Value:
    """The constant as the field holds it; one of an option may be its value or its label (engine.md section 2.3)."""
    if not text.strip():
        return None
    if destination.type is not FieldType.OPTION:
        return canonical(text, destination)
    wanted = text.strip().casefold()
    found = next((value for value, label in destination.options if wanted in (str(value).casefold(), label.casefold())), None)
    if found is None:
        found = int(wanted) if wanted.isdecimal() and not destination.options else text.strip()
    return canonical(found, destination)


def _readable(plan: TablePlan, rule: FieldRule, direction: Direction, record: Record) -> Value:
    try:
        return _transformed(plan, rule, direction, rule.read(direction.source, record))
    except RecordError:
        return None  # reported where the record itself is decided


def _looked_up(plan: TablePlan, rule: FieldRule, direction: Direction, source: Value, references: References) -> Value:
    to_sales = direction is Direction.TO_INTEGRATION
    if source is None:
        return _local_currency_key(plan, rule) if to_sales and rule.local_currency else None
    if not to_sales and rule.local_currency and source == plan.local_currency_key:
        return None
    found = references.get((rule.lookup, str(source)))
    if found is not None:
        return found
    if rule.clear_on_failed:
        return None
    raise _not_coupled(rule, direction, source)


def _local_currency_key(plan: TablePlan, rule: FieldRule) -> str:
    if plan.local_currency_key:
        return plan.local_currency_key
    raise RecordError(
        "not-coupled",
        f"The local currency {rule.local_currency} does not exist in Dynamics 365 Sales. Create it there, or run the default set-up again.",
        fields=[rule.sales.name if rule.sales else ""],
    )


def _not_coupled(rule: FieldRule, direction: Direction, source: Value) -> RecordError:
    own = _field(rule, direction.source)
    return RecordError(
        "not-coupled",
        f"{own.label or own.name} {display(source)} is not coupled to a record in {direction.destination.label}. "
        f"Couple it in the mapping {rule.lookup}, then retry.",
        fields=[own.name],
        missing=(rule.lookup, str(source)),
    )


def _no_lookup_mapping(rule: FieldRule, direction: Direction, source: Value, destination: Field) -> RecordError:
    own = _field(rule, direction.source)
    return RecordError(
        "no-lookup-mapping",
        f"{own.label or own.name} {display(source)} cannot become {destination.label or destination.name}, which refers to another record. "
        "Choose the Lookup Mapping of its field mapping: the mapping that synchronizes those records.",
        fields=[own.name],
    )


def _mapped_option(rule: FieldRule, direction: Direction, source: Value) -> Value:
    if source is None:
        return None
    pairs = rule.options or ()
    if direction is Direction.TO_INTEGRATION:
        found: Value = dict(pairs).get(str(source))
    else:
        found = next((code for code, value in pairs if str(value) == str(source)), None)
    if found is not None:
        return found
    if rule.clear_on_failed:
        return None
    own = _field(rule, direction.source)
    shown = dict(own.options).get(source, display(source)) if own.options else display(source)
    raise RecordError(
        "unknown-option",
        f"{own.label or own.name} {shown} has no pair in the option mapping {rule.option_mapping}. Add the pair there, then retry.",
        fields=[own.name],
        missing=(OPTION_MAPPING + rule.option_mapping, str(source)),
    )


def _transformed(plan: TablePlan, rule: FieldRule, direction: Direction, source: Value) -> Value:
    """The source value after its transformation rule, before anything is looked up (engine.md section 2.3)."""
    if source is None or not rule.transformation or rule.transformation_direction not in ("", BIDIRECTIONAL, direction.value):
        return source
    own = _field(rule, direction.source)
    text = dict(own.options).get(source, display(source)) if own.options and rule.options is None else display(source)
    try:
        return apply(plan.transformations, rule.transformation, text) or None
    except RecordError as error:
        raise RecordError(error.code, f"{own.label or own.name}: {error.text}", fields=[own.name]) from error


def _converted(value: Value, rule: FieldRule, direction: Direction, destination: Field) -> Value:
    """The value in the destination's type; both ends may hold it differently (a date in a moment column, a number as text)."""
    if value is None:
        return None
    if destination.type in (FieldType.TEXT, FieldType.CODE) and not isinstance(value, str):
        return canonical(display(value), destination)
    if destination.type is FieldType.LOOKUP and not _KEY.fullmatch(display(value)):
        raise _no_lookup_mapping(rule, direction, value, destination)
    try:
        converted = canonical(value, destination)
    except RecordError as error:
        own = _field(rule, direction.source)
        raise RecordError(
            "bad-value",
            f"{own.label or own.name} {display(value)} cannot become {destination.label or destination.name}, "
            f"which is a {destination.type.value}.",
            fields=[own.name],
        ) from error
    return canonical(rounded(converted, destination.scale), destination) if isinstance(converted, Decimal) else converted


def _fitting(value: Value, rule: FieldRule, direction: Direction, destination: Field) -> Value:
    if isinstance(value, str) and destination.max_length is not None and length(value) > destination.max_length:
        return _shortened(value, rule, direction, destination, destination.max_length)
    if value is not None and destination.type is FieldType.OPTION and destination.options and value not in dict(destination.options):
        raise RecordError(
            "unknown-option",
            f"{destination.label or destination.name} in {direction.destination.label} has no option {display(value)}. "
            "Map the value with an option mapping or a transformation rule.",
            fields=[destination.name],
        )
    return value


def _shortened(value: str, rule: FieldRule, direction: Direction, destination: Field, most: int) -> str:
    if rule.truncate:
        return cut(value, most)
    own = _field(rule, direction.source)
    raise RecordError(
        "too-long",
        f"{own.label or own.name} has {length(value)} characters, {destination.label or destination.name} in {direction.destination.label} "
        f"holds {most}. Shorten it, or let the field mapping truncate.",
        fields=[own.name],
    )


def _field(rule: FieldRule, side: Side) -> Field:
    own = rule.side(side)
    if own is None:
        raise ValueError(f"{rule.pair} has no field on {side.label}")
    return own
