"""The option set that an option mapping synchronizes: its own column, and the other columns that use the same pairs (section 16)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mappings.models import FieldStatus, IntegrationFieldMapping, IntegrationTableMapping, SystemTable
from syncadmin.connectors.option_sets import option_set_table
from syncadmin.sync.errors import RunError
from syncadmin.sync.tables import FieldType, Table


def option_set_of(mapping: IntegrationTableMapping) -> Table:
    """The options of the mapping's column as a table; two statements. Raises RunError ``unknown-table`` or ``unknown-field``."""
    names = _columns(mapping)
    kept = {row.name: row.table() for row in SystemTable.objects.filter(system=mapping.sales_id, name__in={name for name, _ in names})}
    own, column = names[0]
    if own not in kept:
        raise RunError("unknown-table", f"The table {own} of {mapping.sales.name} is not known. Run the default set-up to read it.")
    if not has_options(kept[own], column):
        raise RunError(
            "unknown-field", f"{column} of {kept[own].label} is no choice column any more. Choose another one in {mapping.name}."
        )
    columns = [(kept[name].type_name, column) for name, column in names if name in kept and has_options(kept[name], column)]
    return option_set_table(mapping.integration_table, mapping.integration_table_label or mapping.integration_table, columns)


def has_options(table: Table, column: str) -> bool:
    return column in table.fields and table.fields[column].type is FieldType.OPTION


def keep_options(mapping: IntegrationTableMapping, options: Mapping[int, str]) -> None:
    """Remembers options (value -> label) that were just read or written, so that no record is refused because of them."""
    columns = _columns(mapping)
    for row in SystemTable.objects.filter(system=mapping.sales_id, name__in={name for name, _ in columns}):
        before = table = row.table()
        for name, column in columns:
            if name == row.name and has_options(table, column):
                table = _with_options(table, column, options)
        if table != before:
            SystemTable.objects.filter(pk=row.pk).update(metadata=table.to_json())


def _columns(mapping: IntegrationTableMapping) -> list[tuple[str, str]]:
    """(table, column), the mapping's own first; then those of enabled field mappings that use it, in all companies of the environment."""
    own, _, column = mapping.integration_table.partition(".")
    used = IntegrationFieldMapping.objects.filter(option_mapping=mapping.name, status=FieldStatus.ENABLED, mapping__sales=mapping.sales_id)
    others = used.exclude(integration_field="").values_list("mapping__integration_table", "integration_field")
    return list(dict.fromkeys([(own, column), *sorted(others)]))


def _with_options(table: Table, column: str, options: Mapping[int, str]) -> Table:
    field = table.fields[column]
    together = dict(field.options) | dict(options.items())
    return replace(table, fields={**table.fields, column: replace(field, options=tuple(together.items()))})
