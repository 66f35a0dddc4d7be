"""A frozen picture of one mapping: all that a run needs to know of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from syncadmin.sync.records import Direction, Record, Side, Value
from syncadmin.sync.tables import Field, Table
from syncadmin.sync.transform import Rule
from syncadmin.sync.values import canonical, cut, display, same

BIDIRECTIONAL = "Bidirectional"


class UpdatePolicy(StrEnum):
    """Who wins where both sides changed one field to different values (engine.md A1)."""

    NONE = "None"
    SEND = "SendUpdateToIntegration"
    GET = "GetUpdateFromIntegration"

    @property
    def winner(self) -> Side | None:
        return {UpdatePolicy.SEND: Side.BUSINESS_CENTRAL, UpdatePolicy.GET: Side.SALES}.get(self)


class DeletionPolicy(StrEnum):
    NONE = "None"
    RESTORE = "RestoreRecords"
    REMOVE_COUPLING = "RemoveCoupling"


@dataclass(frozen=True, kw_only=True)
class FieldRule:
    """One enabled field mapping. A blank side makes it a constant for the other one.

    ``direction`` is "Bidirectional" or a :class:`Direction`. ``lookup`` names the mapping whose couplings carry the reference over,
    ``options`` pairs Business Central codes with Sales values (None: the field is no mapped option). ``insert_only`` gives new records a
    value that is not looked at afterwards. ``keep_uncoupled`` leaves a reference of the destination alone, where that record is not coupled
    and the source has none to give. ``fills_empty``: where the destination has lost its value it gets it back, although the source is
    unchanged.
    """

    bc: Field | None
    sales: Field | None
    direction: str = BIDIRECTIONAL
    constant: str = ""
    lookup: str = ""
    local_currency: str = ""  # set where a blank currency means this one
    options: tuple[tuple[str, int], ...] | None = None
    option_mapping: str = ""
    transformation: str = ""  # the code of a rule in the plan's transformations
    transformation_direction: str = BIDIRECTIONAL
    clear_on_failed: bool = False
    not_null: bool = False
    truncate: bool = False
    insert_only: bool = False
    keep_uncoupled: bool = False
    fills_empty: bool = False
    match_priority: int | None = None  # None: not used for match-based coupling
    case_sensitive: bool = False

    @property
    def pair(self) -> str:
        """The key of this rule in a baseline: both property names."""
        return f"{self.bc.name if self.bc else ''}|{self.sales.name if self.sales else ''}"

    def side(self, side: Side) -> Field | None:
        return self.bc if side is Side.BUSINESS_CENTRAL else self.sales

    def runs(self, direction: Direction) -> bool:
        return self.direction in (BIDIRECTIONAL, direction.value)

    def read(self, side: Side, record: Record) -> Value:
        """The canonical value of this rule's field in a record of that side; a field that was not sent is empty. Raises RecordError."""
        own = self.side(side)
        if own is None:
            return None
        value = canonical(record.values.get(own.name), own)
        # A13: the local currency travels as its code or as a blank, and means the same.
        if side is Side.BUSINESS_CENTRAL and self.local_currency and value == self.local_currency:
            return None
        return value

    def equal(self, side: Side, one: Value, other: Value) -> bool:
        """Whether two canonical values of that side's field mean the same to both ends: to the precision, and cut-off length, of both."""
        own, partner = self.side(side), self.side(side.other)
        if own is None or same(one, other, own, partner):
            return True
        if side is Side.BUSINESS_CENTRAL and self.options and None not in (one, other):
            values = dict(self.options)
            return one in values and values[str(one)] == values.get(str(other))
        lengths = [end.max_length for end in (own, partner) if end is not None and end.max_length is not None]
        if not (self.truncate and lengths and isinstance(one, str) and isinstance(other, str)):
            return False
        return cut(one, min(lengths)) == cut(other, min(lengths))


@dataclass(frozen=True)
class DefaultDimension:
    """A dimension that documents of the new record get by default, by codes; ``posting`` is how they must use it, "" for no rule."""

    dimension: str
    value: str = ""
    posting: str = ""


@dataclass(frozen=True)
class Template:
    """Values for a new record; ``conditions`` are (field, operator, value) on the source record, all of which must hold.

    ``dimensions`` are written right after the insert: Business Central keeps them in rows of their own (engine.md section 10).
    """

    code: str
    defaults: Mapping[str, Any]
    conditions: tuple[tuple[str, str, Any], ...] = ()
    dimensions: tuple[DefaultDimension, ...] = ()

    @property
    def dimension_values(self) -> dict[str, str]:
        """The codes of the default dimensions with those of their values, for people."""
        return {one.dimension: one.value for one in self.dimensions}


@dataclass(frozen=True, kw_only=True)
class TablePlan:
    """One mapping as a run sees it. ``filters``, ``templates`` are by side; templates in the order in which they are tried."""

    mapping_id: int
    name: str
    bc: Table
    sales: Table
    rules: tuple[FieldRule, ...]
    bidirectional: bool
    only_coupled: bool = True
    update_policy: UpdatePolicy = UpdatePolicy.NONE
    deletion_policy: DeletionPolicy = DeletionPolicy.NONE
    filters: Mapping[Side, str] = field(default_factory=dict)
    templates: Mapping[Side, tuple[Template, ...]] = field(default_factory=dict)
    local_currency_key: str = ""
    also_read: Mapping[Side, tuple[str, ...]] = field(default_factory=dict)  # fields that the table's rules look at
    transformations: Mapping[str, Rule] = field(default_factory=dict)

    def table(self, side: Side) -> Table:
        return self.bc if side is Side.BUSINESS_CENTRAL else self.sales

    def template(self, side: Side, code: str) -> Template | None:
        """The template of that side with this code; None where it is gone."""
        return next((one for one in self.templates.get(side, ()) if one.code == code), None)

    def rules_for(self, direction: Direction) -> tuple[FieldRule, ...]:
        return tuple(rule for rule in self.rules if rule.runs(direction))

    def two_way(self, rule: FieldRule) -> bool:
        return self.bidirectional and rule.direction == BIDIRECTIONAL

    def fields(self, side: Side) -> list[str]:
        """The fields that a run reads from that side: all mapped ones, and those that name a record to people."""
        table = self.table(side)
        mapped = [own.name for rule in self.rules if (own := rule.side(side)) is not None]
        wanted = [*mapped, *self.also_read.get(side, ()), table.number, table.caption]
        return [name for name in dict.fromkeys(wanted) if name in table.fields]

    def number(self, side: Side, record: Record) -> str:
        """What references call the record, "" where its table has no such field."""
        return _shown(record, self.table(side).number, self.table(side))

    def label(self, side: Side, record: Record) -> str:
        """What people call the record: its number and name, its key where it has neither."""
        table = self.table(side)
        words = [_shown(record, name, table) for name in dict.fromkeys((table.number, table.caption))]
        return " ".join(word for word in words if word)[:250] or record.key


def _shown(record: Record, name: str, table: Table) -> str:
    return display(canonical(record.values.get(name), table.fields[name])) if name in table.fields else ""
