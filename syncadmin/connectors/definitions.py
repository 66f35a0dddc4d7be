"""Tables of Dataverse from its table and column definitions (web-apis.md section 2, Metadata)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from syncadmin.sync.tables import Field, FieldType, Table

Row = Mapping[str, Any]
Options = tuple[tuple[str | int, str], ...]

TABLE_COLUMNS = ("LogicalName", "EntitySetName", "PrimaryIdAttribute", "PrimaryNameAttribute", "DisplayName")
# Kinds of columns whose options come only by asking for that kind of definition, and what of it to expand.
OPTION_KINDS = {"Picklist": "OptionSet,GlobalOptionSet", "State": "OptionSet", "Status": "OptionSet", "Boolean": "OptionSet"}

_TYPES = {
    "String": FieldType.TEXT,
    "Memo": FieldType.TEXT,
    "Integer": FieldType.INTEGER,
    "BigInt": FieldType.INTEGER,
    "Decimal": FieldType.DECIMAL,
    "Double": FieldType.DECIMAL,
    "Money": FieldType.DECIMAL,
    "Boolean": FieldType.BOOLEAN,
    "DateTime": FieldType.MOMENT,
    "Picklist": FieldType.OPTION,
    "State": FieldType.OPTION,
    "Status": FieldType.OPTION,
    "Lookup": FieldType.LOOKUP,
    "Customer": FieldType.LOOKUP,
    "Owner": FieldType.LOOKUP,
    "Uniqueidentifier": FieldType.GUID,
}


def table_of(
    definition: Row, columns: Iterable[Row], options: Mapping[str, Options], relations: Iterable[Row], set_of: Mapping[str, str]
) -> Table:
    """One table.

    ``definition`` is its EntityDefinition, ``columns`` its Attributes, ``options`` values and labels by column, ``relations`` its
    ManyToOneRelationships, ``set_of`` the set name by logical name of every table.
    """
    logical, key = str(definition["LogicalName"]), str(definition["PrimaryIdAttribute"])
    ways = _ways(relations)
    fields = [_field(one, key, options, ways, set_of) for one in columns if _is_column(one)]
    names = {field.name for field in fields}
    return Table(
        name=str(definition["EntitySetName"]),
        label=label_of(definition.get("DisplayName")) or logical,
        key=key,
        modified_on="modifiedon" if "modifiedon" in names else "",
        caption=str(definition.get("PrimaryNameAttribute") or ""),
        number=next((one for one in (f"{logical}number", "isocurrencycode") if one in names), ""),
        chosen_keys=True,
        type_name=logical,
        fields={field.name: field for field in fields},
    )


def options_of(column: Row) -> Options:
    """Values and labels of a column's OptionSet; those of a yes/no column are 1 and 0."""
    choices = column.get("OptionSet") or column.get("GlobalOptionSet") or {}
    both = [choices[name] for name in ("TrueOption", "FalseOption") if choices.get(name)]
    return tuple((int(one["Value"]), label_of(one.get("Label"))) for one in choices.get("Options") or both)


def label_of(label: Any) -> str:
    """The text of a Label in the user's language, else in the first there is."""
    if not isinstance(label, Mapping):
        return ""
    texts = [label.get("UserLocalizedLabel"), *(label.get("LocalizedLabels") or ())]
    return next((str(one["Label"]) for one in texts if one and one.get("Label")), "")


def _is_column(column: Row) -> bool:
    # A column with AttributeOf only repeats part of another one (a lookup's name, for example).
    return column.get("AttributeType") in _TYPES and not column.get("AttributeOf") and column.get("IsValidForRead", True)


def _field(
    column: Row, key: str, options: Mapping[str, Options], ways: Mapping[str, Mapping[str, str]], set_of: Mapping[str, str]
) -> Field:
    name = str(column["LogicalName"])
    kind = _type(column)
    return Field(
        name=name,
        type=kind,
        label=label_of(column.get("DisplayName")) or name,
        read_as=f"_{name}_value" if kind is FieldType.LOOKUP else "",
        max_length=column.get("MaxLength") if kind is FieldType.TEXT else None,
        scale=column.get("Precision") if kind is FieldType.DECIMAL else None,
        on_insert=bool(column.get("IsValidForCreate")),
        on_update=bool(column.get("IsValidForUpdate")) and name != key,
        required=_value(column.get("RequiredLevel")) == "SystemRequired",
        options=options.get(name, ()),
        targets=_targets(name, column.get("Targets") or (), ways.get(name, {}), set_of) if kind is FieldType.LOOKUP else (),
    )


def _type(column: Row) -> FieldType:
    kind = _TYPES[str(column["AttributeType"])]
    behavior = _value(column.get("DateTimeBehavior"))
    return FieldType.DATE if kind is FieldType.MOMENT and behavior == "DateOnly" else kind


def _value(wrapped: Any) -> str:
    return str(wrapped.get("Value") or "") if isinstance(wrapped, Mapping) else ""


def _ways(relations: Iterable[Row]) -> dict[str, dict[str, str]]:
    """Navigation property by column and logical name of the table it leads to."""
    found: dict[str, dict[str, str]] = {}
    for one in relations:
        ways = found.setdefault(str(one["ReferencingAttribute"]), {})
        ways[str(one["ReferencedEntity"])] = str(one["ReferencingEntityNavigationPropertyName"])
    return found


def _targets(name: str, targets: Sequence[str], ways: Mapping[str, str], set_of: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    # An owner has one navigation property for users and teams, named like the column (relationship to the table "owner").
    shared = ways.get("owner", name)
    return tuple((set_of[target], ways.get(target, shared)) for target in targets or ways if target in set_of)
