"""Codes of a Business Central table against the options of Sales columns: payment terms and their like (engine.md section 16)."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from functools import cached_property

from mappings.models import Coupling, FieldStatus, IntegrationTableMapping, OptionMapping
from mappings.option_sets import keep_options
from mappings.rules.related import read_all
from mappings.rules.table_rules import FROM, MappingRules, Tables, texts
from syncadmin.connectors.option_sets import LABEL, VALUE
from syncadmin.sync.criteria import Criterion
from syncadmin.sync.plan import FieldRule, TablePlan
from syncadmin.sync.records import Action, Direction, Record, Side
from syncadmin.sync.touched import Touched

BC, SALES = Side.BUSINESS_CENTRAL, Side.SALES
# Values behind the prefix of a publisher, where Dataverse puts those that people add. By chance, like any other key that is chosen before
# it is sent: the next one in a row may be somebody's who has not published yet.
_CUSTOM_VALUES = range(100_000_000, 1_000_000_000)
_BY_PAIR, _BY_NAME = -1, 1  # match priorities around that of the configured fields


class OptionRules(MappingRules):
    """Pairs that people have made are coupled by the first run that meets them; new options get values of their own."""

    @classmethod
    def field_rules(cls, mapping: IntegrationTableMapping, tables: Tables) -> list[FieldRule]:
        """From Sales the code is the label, cut and in capitals, whatever else the field mappings say; a new record is called like it."""
        if mapping.direction != FROM:
            return super().field_rules(mapping, tables)
        bc, label = tables[BC], tables[SALES].fields[LABEL]
        mapped = mapping.field_mappings.filter(status=FieldStatus.ENABLED, direction=FROM).values_list("field", flat=True)
        code = FieldRule(bc=bc.fields[bc.number], sales=label, direction=FROM, truncate=True)
        named = FieldRule(bc=bc.fields.get(bc.caption), sales=label, direction=FROM, truncate=True, insert_only=True)
        rules = super().field_rules(mapping, tables)
        return [*rules, *([] if bc.number in set(mapped) else [code]), *([named] if named.bc and bc.caption != bc.number else [])]

    def select(self, direction: Direction, records: Sequence[Record]) -> Sequence[Record]:
        """Without further codes of an option: they carry values over, but the option is called after the first one."""
        if direction is not Direction.TO_INTEGRATION:
            self._learn({int(record.key): str(record.values[LABEL]) for record in records})
            return records
        return [record for record in records if record.key in self.coupled_keys or not self._is_further(_code(self.plan, record))]

    def find_uncoupled(self, direction: Direction, records: Sequence[Record]) -> dict[str, str]:
        """What the pairs say."""
        if direction is Direction.TO_INTEGRATION:
            values = {record.key: self.values.get(_code(self.plan, record)) for record in records}
            return {key: str(value) for key, value in values.items() if value is not None}
        codes = {record.key: self.codes.get(int(record.key), "") for record in records}
        table, wanted = self.plan.bc, texts(codes.values())
        found = self.connectors[BC].find_records(table, table.number, wanted, [table.number]) if wanted else []
        keys = {_code(self.plan, one): one.key for one in found}
        return {key: keys[code] for key, code in codes.items() if code in keys}

    def criteria(self, plan: TablePlan) -> Sequence[Criterion]:
        """The pairs before all else; the description where the code does not match."""
        bc, sales = plan.bc, plan.sales
        pair = Criterion(
            label="the pair of the option mapping",
            bc=(bc.fields[bc.number],),
            sales=sales.fields[VALUE],
            expected=lambda record, _: self.values.get(_code(plan, record)),
            found=lambda record: int(record.key),
            priority=_BY_PAIR,
            optional=True,
        )
        if bc.caption not in bc.fields or bc.caption == bc.number:
            return [pair]
        caption = FieldRule(bc=bc.fields[bc.caption], sales=sales.fields[LABEL])
        named = Criterion(
            label=bc.fields[bc.caption].label or bc.caption,
            bc=(bc.fields[bc.caption],),
            sales=sales.fields[LABEL],
            expected=lambda record, _: caption.read(BC, record),
            found=lambda record: caption.read(SALES, record),
            priority=_BY_NAME,
        )
        return [pair, named]

    def new_key(self) -> str:
        while True:
            value = random.choice(_CUSTOM_VALUES)  # noqa: S311 - a key, no secret
            if value not in self.known_values:
                self.known_values.add(value)
                return str(value)

    def restored_key(self, key: str) -> str:
        """The value that rows of Sales still hold."""
        return key

    def after_write(self, direction: Direction, touched: Sequence[Touched]) -> Sequence[Touched]:
        if direction is Direction.TO_INTEGRATION:
            good = [one.coupling.sales for one in touched if one.coupling and one.action is not Action.FAILED]
            self._learn({int(end.key): end.label for end in good if end.key})
        return touched

    def _learn(self, options: Mapping[int, str]) -> None:
        if self.may_write and options:
            keep_options(self.mapping, options)

    # ---- pairs

    @cached_property
    def pairs(self) -> list[tuple[str, int]]:
        rows = OptionMapping.objects.filter(name=self.mapping.name).order_by("value", "id").values_list("code", "value")
        return [(code.upper(), value) for code, value in rows]

    @cached_property
    def values(self) -> dict[str, int]:
        """Value by code."""
        return dict(self.pairs)

    @cached_property
    def codes(self) -> dict[int, str]:
        """The code that stands for a value: its first one."""
        return {value: code for code, value in reversed(self.pairs)}

    @cached_property
    def coupled_keys(self) -> set[str]:
        rows = Coupling.objects.filter(mapping=self.mapping).exclude(bc_key=None)
        return {str(key) for key in rows.values_list("bc_key", flat=True)}

    @cached_property
    def known_values(self) -> set[int]:
        """What no new option may have."""
        options = read_all(self.connectors[SALES], self.plan.sales, [VALUE])
        return {int(one.key) for one in options} | set(self.values.values())

    def _is_further(self, code: str) -> bool:
        return code in self.values and self.codes[self.values[code]] != code


def _code(plan: TablePlan, record: Record) -> str:
    return plan.number(BC, record)
