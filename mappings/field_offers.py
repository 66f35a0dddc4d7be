"""Field pairs that a mapping does not have yet and its tables suggest; and the fields as the systems number and call them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Case, CharField, IntegerField, QuerySet, Value, When

from mappings.guide import lookup_mappings
from mappings.models import FieldStatus, IntegrationFieldMapping, IntegrationTableMapping
from mappings.pairing import Chosen, Pair, Remark, propose, remarks
from mappings.systems import table_of
from syncadmin.sync.errors import RunError
from syncadmin.sync.records import Side
from syncadmin.sync.tables import Table


def tables_of(mapping: IntegrationTableMapping) -> dict[Side, Table | None]:
    """Both tables as they were last read, None for one that never was."""
    found: dict[Side, Table | None] = {}
    for side in Side:
        try:
            found[side] = table_of(mapping, side)
        except RunError:
            found[side] = None
    return found


def offers(mapping: IntegrationTableMapping, tables: dict[Side, Table | None], rows: Sequence[IntegrationFieldMapping]) -> list[Pair]:
    """Pairs of fields of which neither is mapped yet, the surest first; none where a table was never read, or is a set of options."""
    bc, sales = tables[Side.BUSINESS_CENTRAL], tables[Side.SALES]
    if bc is None or sales is None or mapping.is_option_mapping:
        return []
    mapped, other_mapped = {row.field for row in rows}, {row.integration_field for row in rows}
    pairs = propose(bc, sales, mapping.direction, lookup_mappings(mapping.business_central))
    return [pair for pair in pairs if pair.field not in mapped and pair.integration_field not in other_mapped]


def add_pairs(mapping: IntegrationTableMapping, pairs: Sequence[Pair]) -> None:
    """Saves pairs as new field mappings behind the others; new ones start Disabled."""
    last = mapping.field_mappings.order_by("-position").values_list("position", flat=True).first() or 0
    IntegrationFieldMapping.objects.bulk_create(
        IntegrationFieldMapping(
            mapping=mapping,
            position=last + place,
            field=pair.field,
            integration_field=pair.integration_field,
            direction=pair.direction,
            lookup_mapping=pair.lookup,
            status=FieldStatus.DISABLED,
            user_defined=True,
        )
        for place, pair in enumerate(pairs, start=1)
    )


def remarks_on(row: IntegrationFieldMapping, tables: Mapping[Side, Table | None]) -> list[Remark]:
    """What stands in the way of a field mapping, the worst first; nothing is said where a table was never read."""
    bc, sales = tables[Side.BUSINESS_CENTRAL], tables[Side.SALES]
    if bc is None or sales is None:
        return []
    return remarks(
        Chosen(
            bc=bc.fields.get(row.field),
            sales=sales.fields.get(row.integration_field),
            direction=row.direction,
            constant=row.constant_value,
            lookup=row.lookup_mapping,
            options=bool(row.option_mapping),
            transformation=bool(row.transformation_rule),
            truncate=row.truncate,
        )
    )


def described(rows: QuerySet[IntegrationFieldMapping], names: Iterable[tuple[str, str]], tables: dict[Side, Table | None]) -> QuerySet[Any]:
    """The rows with the place and the label of both fields, as the systems told them last, so that they can be sorted and filtered by.

    ``names`` are those of the fields of all rows, (field, integration field).
    """
    pairs = list(names)
    found: dict[str, Any] = {}
    for prefix, table, used in (
        ("field", tables[Side.BUSINESS_CENTRAL], {one for one, _ in pairs}),
        ("integration_field", tables[Side.SALES], {other for _, other in pairs}),
    ):
        known = sorted(name for name in used if name)
        places = [When(**{prefix: name}, then=Value(place)) for name in known if (place := place_of(table, name)) is not None]
        labels = [When(**{prefix: name}, then=Value(label)) for name in known if (label := label_of(table, name))]
        found[f"{prefix}_no"] = Case(*places, default=Value(None), output_field=IntegerField())
        found[f"{prefix}_label"] = Case(*labels, default=Value(""), output_field=CharField())
    annotated: QuerySet[Any] = rows.annotate(**found)
    return annotated


def place_of(table: Table | None, name: str) -> int | None:
    """The place of a field in what the system says of its table, from 1: the web APIs tell no field numbers."""
    names = list(table.fields) if table else []
    return names.index(name) + 1 if name in names else None


def label_of(table: Table | None, name: str) -> str:
    own = table.fields.get(name) if table else None
    return own.label if own else ""
