"""Criteria of match-based coupling: which field of a Sales record must have which value (engine.md section 14.2 and 14.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from syncadmin.sync.errors import RecordError
from syncadmin.sync.plan import BIDIRECTIONAL, FieldRule, TablePlan
from syncadmin.sync.records import Direction, Record, Side, Value
from syncadmin.sync.tables import Field, FieldType
from syncadmin.sync.transfer import Reference, References, new_value, wanted_references
from syncadmin.sync.values import canonical, cut, display, rounded

Expected = Callable[[Record, References], Value]
Found = Callable[[Record], Value]

TO, FROM = Direction.TO_INTEGRATION, Direction.FROM_INTEGRATION
_NUMBERS = frozenset({FieldType.INTEGER, FieldType.DECIMAL})
_NEVER_NULL = _NUMBERS | {FieldType.BOOLEAN}
_ALIKE = (
    frozenset({FieldType.TEXT, FieldType.CODE}),
    _NUMBERS,
    frozenset({FieldType.BOOLEAN}),
    frozenset({FieldType.DATE, FieldType.MOMENT}),
    frozenset({FieldType.GUID}),
    frozenset({FieldType.OPTION}),
)
UNREADABLE = object()  # equals nothing


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """One field of a Sales record and what it must hold for a Business Central record.

    ``expected`` gives that value from the Business Central record and the references looked up for it: None where the record has nothing
    to compare, RecordError where no Sales record can have it. A table's own rule computes it, such as ``'NAV ' + code``. ``found`` reads
    the Sales record, ``bc`` are the Business Central fields that ``expected`` reads. ``lookup`` names the mapping whose couplings it needs.
    """

    label: str
    bc: tuple[Field, ...]
    sales: Field
    expected: Expected
    found: Found
    priority: int = 0
    case_sensitive: bool = False
    length: int | None = None  # texts agree if they do up to here
    optional: bool = False  # few records have a value for it: a blank one is nothing to tell

    def fields(self, side: Side) -> tuple[Field, ...]:
        return self.bc if side is Side.BUSINESS_CENTRAL else (self.sales,)

    def wanted(self, record: Record, references: References) -> Value:
        """The value to look for in the form of :meth:`_comparable`, None for none. Raises RecordError where nothing can match."""
        value = self.expected(record, references)
        return None if value is None else self._comparable(value)

    def offered(self, record: Record) -> Value:
        """The value of a Sales record in the same form, :data:`UNREADABLE` for none. Raises RecordError where it cannot be carried over."""
        return self._comparable(self.found(record))

    def shown(self, side: Side, record: Record) -> str:
        """What is compared of a record of that side, for people; "" for nothing."""
        return " ".join(text for own in self.fields(side) if (text := _shown(record, own)))

    def _comparable(self, value: Value) -> Value:
        """One form for all values that mean the same to both fields (engine.md A13)."""
        kinds = {one.type for one in (*self.bc, self.sales)}
        if value is None:
            # What is unset in Sales is 0 or false in Business Central (web-apis.md section 0).
            return 0 if kinds <= _NEVER_NULL else UNREADABLE
        if isinstance(value, str):
            return self._text(value, kinds)
        scales = [one.scale for one in (*self.bc, self.sales) if one.scale is not None]
        return rounded(Decimal(value), min(scales, default=None)) if kinds & _NUMBERS else value

    def _text(self, value: str, kinds: set[FieldType]) -> str:
        if kinds & {FieldType.DATE, FieldType.MOMENT}:
            return value[: 10 if FieldType.DATE in kinds else 19]
        text = value.rstrip() if self.length is None else cut(value, self.length)
        return text if self.case_sensitive else text.casefold()


def criteria_of(plan: TablePlan) -> tuple[list[Criterion], list[FieldRule]]:
    """The criteria that the field mappings ask for; and those that ask in vain: constants and fields whose types do not compare."""
    flagged = [rule for rule in plan.rules if rule.match_priority is not None]
    return [_criterion(plan, rule) for rule in flagged if comparable(rule)], [rule for rule in flagged if not comparable(rule)]


def comparable(rule: FieldRule) -> bool:
    """Whether the two fields of a rule can be compared (engine.md section 14.2)."""
    if rule.bc is None or rule.sales is None:
        return False
    if rule.lookup:
        return rule.sales.type in {FieldType.LOOKUP, FieldType.GUID}
    if rule.options is not None:
        return rule.sales.type in {FieldType.OPTION, FieldType.INTEGER}
    if rule.transformation:  # gives what the destination's type asks for
        return FieldType.LOOKUP not in {rule.bc.type, rule.sales.type}
    return any({rule.bc.type, rule.sales.type} <= kinds for kinds in _ALIKE)


def wanted_lookups(plan: TablePlan, records: Iterable[Record]) -> set[Reference]:
    """What must be looked up in couplings before these Business Central records can be compared."""
    lookups = (replace(rule, direction=BIDIRECTIONAL) for rule in plan.rules if rule.lookup and rule.match_priority is not None)
    return wanted_references(replace(plan, rules=tuple(lookups)), TO, records)


def _criterion(plan: TablePlan, rule: FieldRule) -> Criterion:
    if rule.bc is None or rule.sales is None:
        raise ValueError(f"{rule.pair} has a field on one side only")
    # A value that cannot be carried over makes no match: dropping it would couple by what is left.
    strict = replace(rule, clear_on_failed=False, not_null=False)
    lengths = [one.max_length for one in (rule.bc, rule.sales) if one.max_length is not None]
    expected, found = _back(plan, strict) if _only_back(rule) else _forth(plan, strict)
    return Criterion(
        label=rule.bc.label or rule.bc.name,
        bc=(rule.bc,),
        sales=rule.sales,
        expected=expected,
        found=found,
        priority=rule.match_priority or 0,
        case_sensitive=rule.case_sensitive,
        length=min(lengths, default=None) if rule.truncate else None,
    )


def _only_back(rule: FieldRule) -> bool:
    """Whether the values meet in Business Central's terms: where only the way from Sales transforms them."""
    return bool(rule.transformation) and not rule.runs(TO) and not rule.lookup and rule.options is None


def _forth(plan: TablePlan, rule: FieldRule) -> tuple[Expected, Found]:
    """Compares what would be sent with what is in Sales; a blank currency is the local one on both sides."""

    def expected(record: Record, references: References) -> Value:
        return new_value(plan, rule, TO, rule.read(Side.BUSINESS_CENTRAL, record), references)

    def found(record: Record) -> Value:
        value = rule.read(Side.SALES, record)
        return plan.local_currency_key or None if value is None and rule.local_currency else value

    return expected, found


def _back(plan: TablePlan, rule: FieldRule) -> tuple[Expected, Found]:
    """Compares what is in Business Central with what would be taken from Sales."""

    def expected(record: Record, _: References) -> Value:
        return rule.read(Side.BUSINESS_CENTRAL, record)

    def found(record: Record) -> Value:
        return new_value(plan, rule, FROM, rule.read(Side.SALES, record), {})

    return expected, found


def _shown(record: Record, own: Field) -> str:
    try:
        return display(canonical(record.values.get(own.name), own))
    except RecordError:
        return str(record.values.get(own.name))
