"""Rows -> TablePlan: the frozen picture of a mapping that a run works with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from mappings.companies import of_company
from mappings.models import (
    ConfigTemplate,
    FieldStatus,
    IntegrationFieldMapping,
    IntegrationTableMapping,
    MappingDirection,
    OptionMapping,
)
from mappings.models.table_mapping import ONE_WAY
from mappings.rules.registry import also_read, deletion_policy, field_rules
from mappings.systems import table_of
from mappings.transformations import rules_of
from syncadmin.sync.errors import RunError
from syncadmin.sync.plan import DefaultDimension, FieldRule, TablePlan, Template, UpdatePolicy
from syncadmin.sync.records import Direction, Side
from syncadmin.sync.tables import Field, Table

Options = dict[str, tuple[tuple[str, int], ...]]


def build_plan(mapping: IntegrationTableMapping, *, only_coupled: bool | None = None) -> TablePlan:
    """The plan of a mapping as it is configured now, in nine statements at most.

    ``only_coupled`` overrules the mapping. Raises RunError ``no-fields`` (engine.md 2.2), ``unknown-table``, ``unknown-field``,
    ``wrong-direction`` (M02).
    """
    rows = mapping.field_mappings.filter(status=FieldStatus.ENABLED)
    templates = ConfigTemplate.objects.filter(mapping=mapping).order_by("priority", "id")
    return plan_of(mapping, {side: table_of(mapping, side) for side in Side}, rows, templates, only_coupled=only_coupled)


def plan_of(
    mapping: IntegrationTableMapping,
    tables: dict[Side, Table],
    rows: Iterable[IntegrationFieldMapping],
    templates: Iterable[ConfigTemplate],
    *,
    only_coupled: bool | None = None,
) -> TablePlan:
    """The plan of a mapping with these enabled field mappings and these templates in their order; none of it need be saved.

    Raises as :func:`build_plan`.
    """
    if mapping.is_option_mapping and mapping.direction == MappingDirection.BIDIRECTIONAL:
        raise RunError("wrong-direction", f"{mapping.name}: {ONE_WAY}")
    options = _options()
    configured = tuple(_rule(row, tables, options, mapping) for row in rows)
    _refuse_without_fields(mapping, configured)
    return TablePlan(
        mapping_id=mapping.pk,
        name=mapping.name,
        bc=tables[Side.BUSINESS_CENTRAL],
        sales=tables[Side.SALES],
        rules=field_rules(mapping, tables, configured),
        also_read=also_read(mapping),
        bidirectional=mapping.direction == MappingDirection.BIDIRECTIONAL,
        only_coupled=mapping.synch_only_coupled if only_coupled is None else only_coupled,
        update_policy=UpdatePolicy(mapping.update_conflict_resolution),
        deletion_policy=deletion_policy(mapping),
        filters={side: filled_filter(mapping, side) for side in Side},
        templates=_templates(templates),
        local_currency_key=mapping.business_central.sales_currency_id,
        transformations=rules_of(mapping) if any(rule.transformation for rule in configured) else {},
    )


def filled_filter(mapping: IntegrationTableMapping, side: Side, condition: str | None = None) -> str:
    """The OData filter of a side with ``{companyId}`` filled in; ``condition`` is one that is not saved yet."""
    saved = mapping.table_filter if side is Side.BUSINESS_CENTRAL else mapping.integration_table_filter
    return of_company(saved if condition is None else condition, mapping)


def _options() -> Options:
    pairs: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for name, code, value in OptionMapping.objects.values_list("name", "code", "value"):
        pairs[name].append((code, value))
    return {name: tuple(found) for name, found in pairs.items()}


def _rule(row: IntegrationFieldMapping, tables: dict[Side, Table], options: Options, mapping: IntegrationTableMapping) -> FieldRule:
    return FieldRule(
        bc=_field(tables[Side.BUSINESS_CENTRAL], row.field, mapping),
        sales=_field(tables[Side.SALES], row.integration_field, mapping),
        direction=row.direction,
        constant=row.constant_value,
        lookup=row.lookup_mapping,
        local_currency=mapping.business_central.local_currency if row.blank_is_local_currency else "",
        options=options.get(row.option_mapping, ()) if row.option_mapping else None,
        option_mapping=row.option_mapping,
        transformation=row.transformation_rule,
        transformation_direction=row.transformation_direction,
        clear_on_failed=row.clear_on_failed_sync,
        not_null=row.not_null,
        truncate=row.truncate,
        match_priority=row.match_priority if row.use_for_match else None,
        case_sensitive=row.case_sensitive,
    )


def _field(table: Table, name: str, mapping: IntegrationTableMapping) -> Field | None:
    if not name:
        return None
    if name not in table.fields:
        raise RunError(
            "unknown-field",
            f"The field {name} of {table.label or table.name} does not exist any more. "
            f"Disable its field mapping in {mapping.name}, or choose another field.",
        )
    return table.fields[name]


def _refuse_without_fields(mapping: IntegrationTableMapping, rules: tuple[FieldRule, ...]) -> None:
    """M03: a run without field mappings has nothing to carry over."""
    for direction in mapping.directions:
        if not any(rule.runs(Direction(direction)) for rule in rules):
            raise RunError(
                "no-fields", f"The mapping {mapping.name} has no enabled field mapping for its direction. Enable one, then run again."
            )


def _templates(templates: Iterable[ConfigTemplate]) -> dict[Side, tuple[Template, ...]]:
    found: dict[Side, list[Template]] = {side: [] for side in Side}
    for row in templates:
        conditions = tuple((one["field"], one["operator"], one["value"]) for one in row.conditions)
        dimensions = tuple(DefaultDimension(**one) for one in row.dimensions)
        found[Side(row.side)].append(Template(row.code, row.defaults, conditions, dimensions))
    return {side: tuple(rows) for side, rows in found.items()}
