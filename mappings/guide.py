"""New Table Mapping: what a person has said so far, step by step, and the mapping that comes of it.

The draft is plain data, so that it can be kept in the session: nothing of it is in the database before the last step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError

from mappings.changes import Person, fingerprint, save_with_history
from mappings.filter_builder import from_text
from mappings.models import ConfigTemplate, FieldStatus, IntegrationFieldMapping, IntegrationTableMapping, System
from mappings.pairing import Chosen, Pair, Remark, propose, remarks
from mappings.plans import plan_of
from mappings.samples import Sample, samples_of
from mappings.systems import read_tables
from syncadmin.sync.errors import RunError
from syncadmin.sync.records import Side
from syncadmin.sync.tables import Field, FieldType, Table

STEPS = (
    ("systems", "Systems"),
    ("tables", "Tables"),
    ("fields", "Fields"),
    ("rules", "Rules"),
    ("preview", "Preview"),
)
KEY = "new_mapping"
_ORDER = 500  # after the default mappings, whose records it may refer to
_PAIR = ("field", "integration_field", "direction", "constant_value", "lookup_mapping", "option_mapping", "truncate", "use_for_match")
_RULES = (
    "synch_only_coupled", "update_conflict_resolution", "deletion_conflict_resolution", "create_new_if_no_match", "table_filter",
    "integration_table_filter",
)  # fmt: skip


class Unfinished(ValueError):
    """A step that has to be done before; ``step`` is its name."""

    def __init__(self, step: str) -> None:
        super().__init__(step)
        self.step = step


@dataclass
class Draft:
    """``values`` are what the forms of the steps have taken, by step; ``typed`` what was sent to steps that have not taken it, as a query;
    ``tables`` what the systems said of the two tables."""

    values: dict[str, Any] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)
    tables: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, session: Mapping[str, Any]) -> Draft:
        """What the session keeps; an empty draft where it keeps none."""
        kept = session.get(KEY) or {}
        return cls(**{name: dict(kept.get(name, {})) for name in ("values", "typed", "tables")})

    def to_json(self) -> dict[str, Any]:
        return {"values": self.values, "typed": self.typed, "tables": self.tables}

    @property
    def seen(self) -> str:
        """Another text whenever anything that was said is another: a guide in a second window works on the same draft."""
        return fingerprint(self.values)

    def step(self, name: str) -> dict[str, Any]:
        """What a step has taken; raises Unfinished where it was not done."""
        if name not in self.values:
            raise Unfinished(name)
        found: dict[str, Any] = self.values[name]
        return found

    def done(self, name: str) -> bool:
        return name in self.values

    def table(self, side: Side) -> Table:
        if side.value not in self.tables:
            raise Unfinished("tables")
        return Table.from_json(self.tables[side.value])

    def system(self, side: Side) -> System:
        found = System.objects.filter(pk=self.step("systems")[side.value]).first()
        if found is None:
            raise Unfinished("systems")
        return found

    def mapping(self) -> IntegrationTableMapping:
        """The mapping, not saved."""
        systems, tables, rules = self.step("systems"), self.step("tables"), self.values.get("rules", {})
        bc, sales = self.table(Side.BUSINESS_CENTRAL), self.table(Side.SALES)
        mapping = IntegrationTableMapping(
            name=systems["name"],
            description=systems["description"],
            business_central=self.system(Side.BUSINESS_CENTRAL),
            sales=self.system(Side.SALES),
            table=bc.name,
            table_label=bc.label[:100],
            integration_table=sales.name,
            integration_table_label=sales.label[:100],
            integration_uid_field=sales.key,
            integration_modified_field=sales.modified_on,
            direction=tables["direction"],
            user_defined=True,
            order=_ORDER,
            **{name: rules[name] for name in _RULES if name in rules},
        )
        mapping.depends_on = list(dict.fromkeys(row["lookup_mapping"] for row in self.used_pairs() if row["lookup_mapping"]))
        mapping.table_filter_text = from_text(mapping.table_filter, bc, Side.BUSINESS_CENTRAL).words[:250]
        mapping.integration_table_filter_text = from_text(mapping.integration_table_filter, sales, Side.SALES).words[:250]
        return mapping

    def used_pairs(self) -> list[dict[str, Any]]:
        return [row for row in self.values.get("fields", []) if row["use"]]

    def field_rows(self, mapping: IntegrationTableMapping) -> list[IntegrationFieldMapping]:
        """The ticked pairs as field mappings, not saved; enabled, since each was judged and seen on a real record before."""
        return [
            IntegrationFieldMapping(
                mapping=mapping,
                position=place,
                status=FieldStatus.ENABLED,
                user_defined=True,
                transformation_rule=row.get("transformation_rule", ""),
                transformation_direction=row["direction"] if row.get("transformation_rule") else "",
                **{name: row[name] for name in _PAIR},
            )
            for place, row in enumerate(self.used_pairs(), start=1)
        ]

    def templates(self, mapping: IntegrationTableMapping) -> list[ConfigTemplate]:
        """One per side that new records get values on, not saved."""
        found: dict[str, dict[str, Any]] = {}
        for row in self.values.get("rules", {}).get("defaults", []):
            found.setdefault(row["side"], {})[row["field"]] = row["value"]
        return [
            ConfigTemplate(mapping=mapping, side=side, code=mapping.name, description="New records", defaults=values)
            for side, values in found.items()
        ]


def proposals(draft: Draft, lookups: Mapping[str, str]) -> list[Pair]:
    """The pairs that the metadata of both tables suggests."""
    return propose(draft.table(Side.BUSINESS_CENTRAL), draft.table(Side.SALES), draft.step("tables")["direction"], lookups)


def lookup_mappings(business_central: System) -> dict[str, str]:
    """Mappings of a company whose couplings carry references over, by the table of Sales that is referred to."""
    rows = IntegrationTableMapping.objects.filter(business_central=business_central, parent_name="").exclude(
        integration_table__contains="."
    )
    return dict(rows.order_by("-order").values_list("integration_table", "name"))


def same_tables(draft: Draft) -> list[str]:
    """Mappings of the company that go between the same two tables: only filters keep their records apart."""
    tables = {"table": draft.table(Side.BUSINESS_CENTRAL).name, "integration_table": draft.table(Side.SALES).name}
    rows = IntegrationTableMapping.objects.filter(business_central_id=draft.step("systems")[Side.BUSINESS_CENTRAL.value], **tables)
    return list(rows.order_by("name").values_list("name", flat=True))


def judged(row: Mapping[str, Any], bc: Table, sales: Table) -> list[Remark]:
    """What stands in the way of one pair, the worst first."""
    return remarks(
        Chosen(
            bc=bc.fields.get(row["field"]),
            sales=sales.fields.get(row["integration_field"]),
            direction=row["direction"],
            constant=row["constant_value"],
            lookup=row["lookup_mapping"],
            options=bool(row["option_mapping"]),
            transformation=bool(row.get("transformation_rule")),
            truncate=row["truncate"],
        )
    )


def unmapped_required(draft: Draft) -> list[str]:
    """Fields that a system calls required and that no ticked pair and no template gives; their labels.

    Owners and options are left out: the systems fill them in by themselves.
    """
    mapping = draft.mapping()
    given = {template.side: template.defaults for template in draft.templates(mapping)}
    missing = []
    for way in mapping.directions:
        side = way.destination
        name = "field" if side is Side.BUSINESS_CENTRAL else "integration_field"
        mapped = {row[name] for row in draft.used_pairs()} | set(given.get(side.value, {}))
        table = draft.table(side)
        needed = [one for one in table.fields.values() if _must_be_given(one) and one.name not in {table.key, *mapped}]
        missing += [f"{one.label or one.name} of {side.label}" for one in needed]
    return missing


def _must_be_given(own: Field) -> bool:
    owner = {"systemusers", "teams"} & {table for table, _ in own.targets}
    return own.required and own.on_insert and not owner and own.type in (FieldType.TEXT, FieldType.CODE, FieldType.LOOKUP)


def samples(draft: Draft, *, called: str = "") -> list[Sample]:
    """What real records would look like on the other side. Raises Unfinished, RunError and RetryLater."""
    mapping = draft.mapping()
    if not draft.used_pairs():
        raise Unfinished("fields")
    if not draft.done("rules"):
        raise Unfinished("rules")
    mapping.pk = 0  # nobody's: the rules of its tables ask for its couplings, and it has none
    tables = {side: draft.table(side) for side in Side}
    return samples_of(mapping, plan_of(mapping, tables, draft.field_rows(mapping), draft.templates(mapping)), called=called)


@dataclass(frozen=True)
class NewMapping:
    """A mapping with all that belongs to it, ready to be saved; the systems have told what its tables are."""

    mapping: IntegrationTableMapping
    fields: Sequence[IntegrationFieldMapping]
    templates: Sequence[ConfigTemplate]

    def save(self, user: Person) -> IntegrationTableMapping:
        """Version 1. Raises RunError ``taken`` where another mapping got the name meanwhile."""
        name = self.mapping.name
        try:
            save_with_history(self.mapping, user, "New Table Mapping", lambda: _save(self.mapping, self.fields, self.templates))
        except IntegrityError as error:
            raise RunError("taken", f"The company has another mapping {name} by now. Choose another name.") from error
        return self.mapping


def finished(draft: Draft) -> NewMapping:
    """What the draft comes to. Keeps what the systems say of its tables; they are asked here, so that saving can be one transaction.

    Raises Unfinished, and what the connectors raise.
    """
    mapping = draft.mapping()
    fields, templates = draft.field_rows(mapping), draft.templates(mapping)
    if not fields:
        raise Unfinished("fields")
    if not draft.done("rules"):
        raise Unfinished("rules")
    read_tables(mapping.business_central, [mapping.table])
    read_tables(mapping.sales, [mapping.integration_table])
    return NewMapping(mapping, fields, templates)


def _save(mapping: IntegrationTableMapping, fields: Sequence[IntegrationFieldMapping], templates: Sequence[ConfigTemplate]) -> None:
    mapping.save()
    for row in fields:
        row.mapping = mapping
    for template in templates:
        template.mapping = mapping
    IntegrationFieldMapping.objects.bulk_create(fields)
    ConfigTemplate.objects.bulk_create(templates)
