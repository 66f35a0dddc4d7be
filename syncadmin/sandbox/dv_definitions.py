"""Table definitions of Dataverse as data: EntityDefinitions, their attributes, keys and relationships, sdkmessagefilters (section 2)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .definition_rows import attribute_rows, entity_row, key_rows, many_to_one_rows, message_filter_rows, one_to_many_rows
from .dv_address import ROOT, Segment, bad_request, no_segment
from .expression import Call, Comparison, FilterSyntaxError, Literal, Logical, Path, parse_filter
from .messages import ApiError, Request, Response, json_response
from .query import split_outside
from .schema import SALES, Entity, by_logical_name, entities
from .store import Store

Rows = list[dict[str, Any]]
_NAMESPACE = "Microsoft.Dynamics.CRM."
_NAVIGATIONS = ("OptionSet", "Attributes", "Keys", "OneToManyRelationships", "ManyToOneRelationships", "sdkmessageid")


class DataverseDefinitions:
    def __init__(self, store: Store) -> None:
        self.store = store
        self._parts: dict[str, Callable[[Entity], Rows]] = {
            "Attributes": lambda entity: attribute_rows(store, entity),
            "Keys": lambda entity: key_rows(store, entity),
            "OneToManyRelationships": one_to_many_rows,
            "ManyToOneRelationships": many_to_one_rows,
        }

    def answer(self, request: Request, segments: tuple[Segment, ...]) -> Response | None:
        """The answer below EntityDefinitions and sdkmessagefilters, None elsewhere."""
        if not segments or segments[0].name not in ("EntityDefinitions", "sdkmessagefilters"):
            return None
        if request.method != "GET":
            raise ApiError(405, "0x80060888", "Definitions cannot be changed here.")
        if segments[0].name == "sdkmessagefilters":
            return listed(request, "sdkmessagefilters", message_filter_rows())
        if segments[0].key is None:
            rows = [self._expanded(request, entity) for entity in entities(SALES).values()]
            return listed(request, "EntityDefinitions", rows)
        entity = _entity(segments[0])
        if len(segments) == 1:
            return single(request, "EntityDefinitions/$entity", self._expanded(request, entity))
        return self._part(request, entity, segments[1:])

    def _part(self, request: Request, entity: Entity, rest: Sequence[Segment]) -> Response:
        part = self._parts.get(rest[0].name)
        if part is None:
            raise no_segment(rest[0].name)
        rows = part(entity)
        context = f"EntityDefinitions('{entity.type_name}')/{rest[0].name}"
        if len(rest) > 1:
            cast = rest[-1].name.removeprefix(_NAMESPACE)
            rows = [row for row in rows if row.get("@odata.type") == f"#{_NAMESPACE}{cast}"]
            context += f"/{rest[-1].name}"
        if rest[0].key is None:
            return listed(request, context, rows)
        wanted = re.sub(r"^LogicalName=|'", "", rest[0].key)
        found = [row for row in rows if wanted in (row.get("LogicalName"), row.get("MetadataId"))]
        if not found:
            raise ApiError(404, "0x80060888", f"Could not find '{wanted}' of the type asked for on {entity.type_name}.")
        return single(request, context + "/$entity", found[0])

    def _expanded(self, request: Request, entity: Entity) -> dict[str, Any]:
        """The table's row, with the parts that ``$expand`` names (each may have its own ``$select``)."""
        row = entity_row(entity)
        for item in split_outside(request.options.get("$expand", ""), ","):
            name, _, options = item.strip().partition("(")
            part = self._parts.get(name)
            if part:
                chosen = re.search(r"\$select=([\w,]+)", options)
                row[name] = [_chosen(child, chosen[1].split(",") if chosen else None) for child in part(entity)]
        return row


def _entity(segment: Segment) -> Entity:
    key = re.sub(r"^LogicalName=", "", segment.key or "").strip("'")
    entity = by_logical_name(key) or next((item for item in entities(SALES).values() if entity_row(item)["MetadataId"] == key), None)
    if entity is None:
        raise ApiError(404, "0x80060888", f"Could not find an entity with name {key}.")
    return entity


def listed(request: Request, context: str, rows: Rows) -> Response:
    """A list of rows that are in no table, as ``$filter``, ``$select`` and ``$expand`` ask for it."""
    text = request.options.get("$filter")
    try:
        tree = parse_filter(text) if text else None
    except FilterSyntaxError as error:
        raise bad_request(str(error)) from error
    kept = [row for row in rows if tree is None or _fits(tree, row)]
    body = {"@odata.context": f"{request.base}{ROOT}$metadata#{context}", "value": [_selected(request, row) for row in kept]}
    return json_response(200, json.dumps(body))


def single(request: Request, context: str, row: dict[str, Any]) -> Response:
    """One such row."""
    body = {"@odata.context": f"{request.base}{ROOT}$metadata#{context}", **_selected(request, row)}
    return json_response(200, json.dumps(body))


def _selected(request: Request, row: dict[str, Any]) -> dict[str, Any]:
    """``$select`` and, for navigation properties such as OptionSet, only those that ``$expand`` names."""
    expanded = {item.strip().partition("(")[0] for item in split_outside(request.options.get("$expand", ""), ",")}
    shown = {name: value for name, value in row.items() if not _navigates(name, value) or name in expanded}
    select = request.options.get("$select")
    if not select:
        return shown
    names = [name.strip() for name in select.split(",")]
    for name in names:
        if name not in row and "@odata.type" not in row:
            raise ApiError(400, "0x80060888", f"Could not find a property named '{name}'.")
    return _chosen(shown, [*names, *expanded])


def _navigates(name: str, value: Any) -> bool:
    return name in _NAVIGATIONS and isinstance(value, dict | list)


def _chosen(row: dict[str, Any], names: Iterable[str] | None) -> dict[str, Any]:
    if names is None:
        return row
    kept = {"@odata.type", "MetadataId", *names}
    return {name: value for name, value in row.items() if name in kept}


def _fits(tree: Any, row: dict[str, Any]) -> bool:
    if isinstance(tree, Logical):
        results = (_fits(part, row) for part in tree.parts)
        return not next(results) if tree.operator == "not" else all(results) if tree.operator == "and" else any(results)
    if isinstance(tree, Comparison) and isinstance(tree.left, Path) and isinstance(tree.right, Literal) and tree.operator in ("eq", "ne"):
        wanted = int(tree.right.value) if tree.right.kind == "number" else tree.right.value
        return bool(_found(row, tree.left) == wanted) is (tree.operator == "eq")
    if isinstance(tree, Call) and tree.name in ("contains", "startswith", "endswith") and isinstance(tree.arguments[0], Path):
        text, part = str(_found(row, tree.arguments[0])), str(tree.arguments[1].value)
        return {"contains": part in text, "startswith": text.startswith(part), "endswith": text.endswith(part)}[tree.name]
    raise bad_request("This $filter is not supported for definitions.")


def _found(row: dict[str, Any], path: Path) -> Any:
    value: Any = row
    for name in path.names:
        if not isinstance(value, dict) or name not in value:
            raise bad_request(f"Could not find a property named '{'/'.join(path.names)}'.")
        value = value[name]
    return value
