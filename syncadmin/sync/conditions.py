"""Conditions on a record, as templates use them: field, operator, value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from syncadmin.sync.records import Record, Value
from syncadmin.sync.tables import Table
from syncadmin.sync.values import canonical

OPERATORS = ("=", "<>", "<", "<=", ">", ">=")


def holds(conditions: Sequence[tuple[str, str, Any]], record: Record, table: Table) -> bool:
    """Whether all conditions hold.

    Raises RecordError ``bad-value`` for a value that is none of its field, KeyError for an unknown field.
    """
    return all(_one_holds(name, operator, wanted, record, table) for name, operator, wanted in conditions)


def _one_holds(name: str, operator: str, wanted: Any, record: Record, table: Table) -> bool:
    own = table.fields[name]
    value, target = canonical(record.values.get(name), own), canonical(wanted, own)
    if operator == "=":
        return bool(value == target)
    if operator == "<>":
        return bool(value != target)
    return value is not None and target is not None and _ordered(value, operator, target)


def _ordered(value: Value, operator: str, target: Value) -> bool:
    return bool({"<": value < target, "<=": value <= target, ">": value > target, ">=": value >= target}[operator])
