"""Rows written as JSON by SQLite itself: the answer to a page of a thousand rows is one text per row, never a dictionary."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from .option_sets import label_sql
from .schema import BUSINESS_CENTRAL, SALES, Entity, Property, entities

# SQLite allows 127 arguments for a function, so an object has at most 60 members and longer rows are joined from several.
_MEMBERS = 60
_DISPLAY = "OData.Community.Display.V1.FormattedValue"
_LOGICAL_NAME = "Microsoft.Dynamics.CRM.lookuplogicalname"
_NAVIGATION = "Microsoft.Dynamics.CRM.associatednavigationproperty"
_ANNOTATIONS = (_DISPLAY, _LOGICAL_NAME, _NAVIGATION)


def value_sql(entity: Entity, known: Property, alias: str) -> str:
    """SQL of a property as a JSON value: money with four decimals in Dataverse, plain numbers in Business Central."""
    column = f'{alias}."{known.name}"'
    if known.type == "Edm.Boolean":
        return f"json(CASE {column} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)"
    if known.type == "Edm.Decimal":
        digits = 4 if known.money else known.precision
        form = "%.15g" if entity.system == BUSINESS_CENTRAL else f"%.{digits}f"
        return f"json(CASE WHEN {column} IS NOT NULL THEN printf('{form}', {column}) END)"
    return column


def row_sql(entity: Entity, names: Iterable[str], alias: str, *, extra: Sequence[tuple[str, str]] = (), annotations: str = "") -> str:
    """SQL of a whole row: etag, the named properties, ``extra`` members (name, SQL) and, where asked for, annotations."""
    etag = f"{alias}._etag" if entity.system == BUSINESS_CENTRAL else f"'W/\"' || {alias}.versionnumber || '\"'"
    known = [entity.properties[name] for name in names]
    # Members with nested objects come first: the text is joined after its last brace, which must be the row's own.
    members = [("@odata.etag", etag), *extra, *((item.name, value_sql(entity, item, alias)) for item in known)]
    notes = [note for item in known for note in _annotations(entity, item, alias, annotations)] if annotations else []
    return _open_object(members, notes)


def _open_object(members: Sequence[tuple[str, str]], notes: Sequence[str]) -> str:
    parts = [members[start : start + _MEMBERS] for start in range(0, len(members), _MEMBERS)]
    objects = [_object(part) for part in parts]
    if len(objects) == 1 and not notes:
        return objects[0]
    opened = [f"rtrim({objects[0]}, '}}')", *(f"rtrim(substr({text}, 2), '}}')" for text in objects[1:])]
    return " || ',' || ".join(opened) + "".join(f" || {note}" for note in notes) + " || '}'"


def _object(members: Sequence[tuple[str, str]]) -> str:
    arguments = ", ".join(f"'{name}', {sql}" for name, sql in members)
    return f"json_object({arguments})"


def _annotations(entity: Entity, known: Property, alias: str, wanted: str) -> Iterable[str]:
    names = [item.strip() for item in wanted.split(",")]
    column = f'{alias}."{known.name}"'
    for annotation in _ANNOTATIONS:
        if not any(name in ("*", annotation) or (name.endswith("*") and annotation.startswith(name[:-1])) for name in names):
            continue
        shown = _annotation(entity, known, alias, annotation)
        if shown:
            prefix = f',"{known.name}@{annotation}":'
            yield f"CASE WHEN {column} IS NULL OR {shown} IS NULL THEN '' ELSE '{prefix}' || json_quote({shown}) END"


def _annotation(entity: Entity, known: Property, alias: str, annotation: str) -> str:
    if annotation == _DISPLAY:
        return _formatted(entity, known, alias)
    if not known.attribute:
        return ""
    if annotation == _LOGICAL_NAME:
        return _by_target(known, alias, lambda target: f"'{entities(SALES)[target].type_name}'")
    names = {item.targets[0]: item.name for item in entity.navigations.values() if item.attribute == known.attribute}
    return _by_target(known, alias, lambda target: f"'{names.get(target, known.attribute)}'")


def _formatted(entity: Entity, known: Property, alias: str) -> str:
    column = f'{alias}."{known.name}"'
    if known.attribute:
        return _by_target(known, alias, lambda target: _primary_name(entities(SALES)[target], column))
    if known.options:
        return label_sql(entity, known, column)
    if known.type == "Edm.Boolean":
        return f"(CASE {column} WHEN 1 THEN 'Yes' ELSE 'No' END)"
    if known.type == "Edm.Decimal":
        return f"printf('%,.{known.precision}f', {column})" if not known.money else f"printf('%.2f', {column})"
    if known.type in ("Edm.Int32", "Edm.Int64"):
        return f"printf('%,d', {column})"
    return f"strftime('%m/%d/%Y %H:%M', {column})" if known.type == "Edm.DateTimeOffset" else ""


def _by_target(known: Property, alias: str, shown: Callable[[str], str]) -> str:
    if len(known.targets) == 1:
        return shown(known.targets[0])
    cases = " ".join(f"WHEN '{target}' THEN {shown(target)}" for target in known.targets)
    return f'(CASE {alias}."{known.type_column}" {cases} END)'


def _primary_name(target: Entity, column: str) -> str:
    if target.primary_name not in target.properties:
        return "NULL"
    return f'(SELECT n."{target.primary_name}" FROM "{target.table}" n WHERE n."{target.key}" = {column})'  # noqa: S608
