"""Templates in words: fields and options by their labels, as far as the systems have told them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mappings.models import ConfigTemplate, IntegrationTableMapping, SystemTable
from mappings.template_values import shown_default
from syncadmin.sync.records import Side
from syncadmin.sync.tables import Table

KnownTables = Mapping[tuple[int, str], Table]
OPERATOR_WORDS = {"=": "is", "<>": "is not", "<": "is less than", "<=": "is at most", ">": "is more than", ">=": "is at least"}


def known_tables(templates: Iterable[ConfigTemplate]) -> KnownTables:
    """What the systems said of the tables of these templates, by system and name; one statement."""
    wanted = {place for one in templates for side in Side for place in [_place(one.mapping, side)]}
    rows = SystemTable.objects.filter(system__in={system for system, _ in wanted}, name__in={name for _, name in wanted})
    return {(row.system_id, row.name): row.table() for row in rows if (row.system_id, row.name) in wanted}


def table_for(template: ConfigTemplate, known: KnownTables, *, source: bool) -> Table | None:
    """The table of the record that is looked at (``source``) or that is created; None where it was never read."""
    side = Side(template.side)
    return known.get(_place(template.mapping, side.other if source else side))


def conditions_in_words(template: ConfigTemplate, known: KnownTables) -> str:
    """``City is Ulm and Blocked is not All``; "" for a template that fits every record."""
    table = table_for(template, known, source=True)
    return " and ".join(
        f"{_label(one['field'], table)} {OPERATOR_WORDS.get(one['operator'], one['operator'])} {_shown(one, table)}"
        for one in template.conditions
    )


def defaults_in_words(template: ConfigTemplate, known: KnownTables) -> str:
    """``Relationship Type: Customer; Description: new``."""
    table = table_for(template, known, source=False)
    fields = table.fields if table else {}
    return "; ".join(f"{_label(name, table)}: {shown_default(value, fields.get(name))}" for name, value in template.defaults.items())


def dimensions_in_words(template: ConfigTemplate) -> str:
    """``DEPARTMENT SALES (Code Mandatory)``."""
    told = [" ".join(part for part in (row.get("dimension"), row.get("value"), _posting(row)) if part) for row in template.dimensions]
    return "; ".join(told)


def _place(mapping: IntegrationTableMapping, side: Side) -> tuple[int, str]:
    if side is Side.BUSINESS_CENTRAL:
        return mapping.business_central_id, mapping.table
    return mapping.sales_id, mapping.integration_table


def _label(name: str, table: Table | None) -> str:
    own = table.fields.get(name) if table else None
    return (own.label or name) if own else name


def _shown(condition: Mapping[str, Any], table: Table | None) -> str:
    own = table.fields.get(condition["field"]) if table else None
    return shown_default(condition["value"], own) or "empty"


def _posting(row: Mapping[str, str]) -> str:
    return f"({row['posting']})" if row.get("posting") else ""
