"""What all table rules share: the run they belong to, computed fields, and constants of the company."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

from mappings.companies import shares_rows
from mappings.models import Coupling, IntegrationTableMapping
from mappings.rules.default_dimensions import DefaultDimensions
from mappings.rules.missing_names import names_in_sales
from syncadmin.sync.errors import RecordError
from syncadmin.sync.plan import DeletionPolicy, FieldRule, TablePlan
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Direction, Record, Side
from syncadmin.sync.rules import TableRules
from syncadmin.sync.tables import Field, FieldType, Table
from syncadmin.sync.touched import Touched
from syncadmin.sync.transfer import Reference

Tables = Mapping[Side, Table]
TO, FROM = Direction.TO_INTEGRATION.value, Direction.FROM_INTEGRATION.value


class MappingRules(TableRules):
    """Rules of one pair of tables, made anew for each run; what they look up is kept for the run."""

    def __init__(self, mapping: IntegrationTableMapping, plan: TablePlan, connectors: Mapping[Side, Connector]) -> None:
        self.mapping, self.plan, self.connectors = mapping, plan, connectors

    may_write: bool = False
    """Set for a run that writes: neither a preview nor a look at one record."""

    synchronize_first: Callable[[str, Sequence[str]], None] | None = None
    """Synchronizes records of another mapping at once, by its name and source keys; set together with ``may_write``."""

    also_read: ClassVar[Mapping[Side, tuple[str, ...]]] = {}
    """Fields beside the mapped ones that the rules look at, by side."""

    keeps_uncoupled: ClassVar[Set[str]] = frozenset()
    """References (by their Business Central field) that stay where they are not coupled, when the other side has none to give."""

    also_watched: ClassVar[Mapping[Side, tuple[str, ...]]] = {}
    """Tables beside the mapped ones whose changes call for a run, by side: their rows change what is computed for every record."""

    def new_key(self) -> str:
        """A key that no record of the destination has, for one that is to be created."""
        return str(uuid.uuid4())

    def template_problems(self, direction: Direction, codes: Set[str]) -> Mapping[str, str]:
        return self.default_dimensions.problems(codes) if direction is Direction.FROM_INTEGRATION else {}

    def called(self, direction: Direction, missing: Set[Reference]) -> Mapping[Reference, str]:
        from_sales = direction is Direction.FROM_INTEGRATION
        return names_in_sales(self.mapping, self.connectors[Side.SALES], missing) if from_sales else {}

    def complete(self, direction: Direction, touched: Sequence[Touched]) -> Sequence[Touched]:
        return self.default_dimensions.write(touched) if direction is Direction.FROM_INTEGRATION else touched

    @cached_property
    def default_dimensions(self) -> DefaultDimensions:
        return DefaultDimensions(self.mapping, self.plan, self.connectors[Side.BUSINESS_CENTRAL])

    def taking_part(self, records: Sequence[Record]) -> list[Record]:
        """Records on their way to Sales that somebody has coupled, or that will be created.

        For the others, where only coupled records go, nothing is read and nothing synchronized first.
        """
        if not self.plan.only_coupled:
            return list(records)
        keys = [record.key for record in records]
        known = set(Coupling.objects.filter(mapping=self.mapping, bc_key__in=keys).values_list("bc_key", flat=True))
        return [record for record in records if record.key in known]

    @classmethod
    def field_rules(cls, mapping: IntegrationTableMapping, tables: Tables) -> list[FieldRule]:
        """Field rules on top of the configured ones, for constants and values that :meth:`prepare` computes.

        They come after the configured ones (a later rule wins); ``insert_only`` ones come before them.
        """
        return company_rules(mapping, tables)

    @classmethod
    def never_coupled(cls, record: Record) -> str:  # noqa: ARG003
        """Why a record of Business Central (with the fields of ``also_read``) is never coupled, in words for people; "" where it may be."""
        return ""

    @classmethod
    def deletion_policy(cls, mapping: IntegrationTableMapping) -> DeletionPolicy:
        """What happens where the counterpart of a coupled record was deleted (engine.md section 8)."""
        return DeletionPolicy(mapping.deletion_conflict_resolution)


def computed(name: str, kind: FieldType, label: str, **details: Any) -> Field:
    """A field that no system has: :meth:`prepare` adds its value to the source record. Its name cannot meet a real one."""
    return Field(name=f"={name}", type=kind, label=label, **details)


def company_rules(mapping: IntegrationTableMapping, tables: Tables) -> list[FieldRule]:
    """Rows of Sales carry the company they are synchronized with, where the base integration solution is installed."""
    company, own = mapping.business_central.sales_company_id, tables[Side.SALES].fields.get("bcbi_companyid")
    if not company or own is None or shares_rows(mapping):
        return []
    return [FieldRule(bc=None, sales=own, direction=TO, constant=company)]


def with_values(record: Record, **values: Any) -> Record:
    """The record with computed values; keyword ``name`` becomes the field ``=name``."""
    return replace(record, values={**record.values, **{f"={name}": value for name, value in values.items()}})


def refused(record: Record, code: str, text: str, *fields: str, missing: tuple[str, str] | None = None) -> Record:
    """The record with the reason why it must fail."""
    return replace(record, problem=RecordError(code, text, fields=fields, missing=missing))


def texts(values: Iterable[Any]) -> list[str]:
    """The different texts among raw values, without blanks, in order."""
    return list(dict.fromkeys(str(value) for value in values if value not in (None, "")))
