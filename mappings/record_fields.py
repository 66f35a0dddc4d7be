"""The fields of records that a list shows, filters and sorts by: those that name a record and those that are mapped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from mappings.record_filters import filter_field, odata
from mappings.record_lists import names_in
from mappings.reference_names import Names, shown_value
from syncadmin.connectors.option_sets import is_option_set
from syncadmin.sync.errors import RecordError
from syncadmin.sync.plan import FieldRule, TablePlan
from syncadmin.sync.records import Record, Side
from syncadmin.sync.tables import Field, FieldType
from syncadmin.sync.values import canonical, moment
from syncadmin.ui.filter_pane import Pane
from syncadmin.ui.grammar import FilterError, FilterField, Kind

MODIFIED, NAME = "modified_at", "name"  # columns that every list of records has
_PREFIX = "field_"  # of the column of a field, so that none is called like another column
_SHOWN_AT_FIRST = 2
_TELLING = re.compile(r"mail|city|price$|duedate|symbol", re.IGNORECASE)  # fields by which people tell records apart
_UNSORTED = {FieldType.GUID, FieldType.LOOKUP}

Shown = str | bool | int | Decimal | date | datetime | None


@dataclass(frozen=True)
class RecordField:
    """One field of the table; ``rule`` is the field mapping that says what its values mean, None for one that only names the record."""

    own: Field
    rule: FieldRule | None
    side: Side
    shown: bool

    @property
    def column(self) -> str:
        return _PREFIX + self.own.name

    @property
    def label(self) -> str:
        return self.own.label or self.own.name

    @property
    def sortable(self) -> bool:
        """Dataverse sorts references by the names of what they point to, Business Central by keys, which tell nobody anything."""
        return self.own.type not in _UNSORTED or self.side is Side.SALES

    def value(self, record: Record, names: Names) -> Shown:
        """The value as people know it: numbers, dates and moments as such, options and references by their names."""
        try:
            value = canonical(record.values.get(self.own.name), self.own)
        except RecordError as error:
            return error.text
        if isinstance(value, str) and self.own.type is FieldType.MOMENT:
            return moment(value)
        if isinstance(value, str) and self.own.type is FieldType.DATE:
            return date.fromisoformat(value)
        if isinstance(value, bool | int | Decimal) and self.own.type is not FieldType.OPTION:
            return Decimal(format(value, "f")) if isinstance(value, Decimal) else value  # never 1E+3
        rule = self.rule or FieldRule(**{"bc": None, "sales": None, _END[self.side]: self.own})  # type: ignore[arg-type]
        return shown_value(rule, self.side, value, names)


_END = {Side.BUSINESS_CENTRAL: "bc", Side.SALES: "sales"}


def record_fields(plan: TablePlan, side: Side) -> list[RecordField]:
    """What names a record, then the fields of enabled field mappings in their order; none of an option set, whose options are names."""
    table = plan.table(side)
    if is_option_set(table):
        return []
    rules = {own.name: rule for rule in reversed(plan.rules) if (own := rule.side(side)) is not None and own.name in table.fields}
    naming = names_in(plan, side)
    mapped = [own.name for rule in plan.rules if (own := rule.side(side)) is not None and own.name in rules]
    others = [name for name in dict.fromkeys(mapped) if name not in naming]
    first = sorted(others, key=lambda name: not _TELLING.search(name))[:_SHOWN_AT_FIRST]
    return [RecordField(table.fields[name], rules.get(name), side, name in first) for name in (*naming, *others)]


def filters_of(plan: TablePlan, side: Side, fields: Iterable[RecordField]) -> list[FilterField]:
    """What the filter pane offers: every field that the system can be asked for, and the moment of the last change."""
    found = [offer for one in fields if (offer := filter_field(one.column, one.own)) is not None]
    stamp = plan.table(side).modified_on
    if stamp and not is_option_set(plan.table(side)):
        found.append(FilterField(name=MODIFIED, label="Modified", path=stamp, kind=Kind.MOMENT))
    return found


def sorts_of(plan: TablePlan, side: Side, fields: Iterable[RecordField]) -> dict[str, tuple[str, ...]]:
    """The properties that the system sorts by, for each column that can be sorted: a record by its number, then by its name."""
    table, naming = plan.table(side), names_in(plan, side)
    found = {one.column: (one.own.property_name,) for one in fields if one.sortable}
    if is_option_set(table):
        return {}
    named = {NAME: tuple(table.fields[one].property_name for one in naming)} if naming else {}
    return found | named | ({MODIFIED: (table.modified_on,)} if table.modified_on else {})


def condition_of(pane: Pane, plan: TablePlan, side: Side, fields: Iterable[RecordField]) -> str:
    """All filters of the pane as one OData filter; what a system cannot be asked is among the errors of the pane."""
    stamp = plan.table(side).modified_on
    owns = {one.column: one.own for one in fields} | {MODIFIED: Field(stamp, FieldType.MOMENT, "Modified")}
    found = []
    for name, condition in pane.conditions.items():
        try:
            found.append(odata(condition, owns[name], side))
        except FilterError as error:
            pane.errors[name] = str(error)
    if side is Side.BUSINESS_CENTRAL and any(re.search(r"@.*\*", text) for text in pane.asked.values()):
        pane.remark = "Business Central minds the case: what stands behind @ was also looked for in Capital Words and in CAPITALS."
    return " and ".join(f"({one})" for one in found)
