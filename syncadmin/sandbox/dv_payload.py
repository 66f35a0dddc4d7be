"""Bodies of Dataverse writes: names checked, values converted, lookups resolved (web-apis.md, section 4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from .dv_address import ROOT, Segment, bad_request, does_not_exist, parse_segments, require_set
from .dv_values import PAYLOAD, stored_value
from .json_numbers import load_json
from .literals import LiteralError, column_value
from .messages import ApiError
from .option_sets import published
from .schema import SALES, Entity, Navigation, entities
from .store import Store
from .text import fold

_BIND = "@odata.bind"


@dataclass
class Payload:
    """``values`` by column; ``nested`` the rows to insert with this one, by navigation property; ``key`` the primary key sent."""

    values: dict[str, Any] = field(default_factory=dict)
    nested: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    key: str = ""


def read_body(body: bytes) -> dict[str, Any]:
    """The JSON object of a request; raises ApiError (400)."""
    try:
        document = load_json(body)
    except ValueError as error:
        raise ApiError(400, PAYLOAD, f"Error identified in Payload provided by the user: {error}") from error
    if not isinstance(document, dict):
        raise ApiError(400, PAYLOAD, "Error identified in Payload provided by the user: an object is expected.")
    return document


def read_payload(store: Store, entity: Entity, body: Mapping[str, Any], *, creating: bool) -> Payload:
    """Raises ApiError for unknown names, values of the wrong kind and lookups to rows that do not exist.

    What the operation cannot set is left out silently (entities.json, conventions)."""
    payload = Payload()
    for name, value in body.items():
        if name.endswith(_BIND):
            _read_bind(store, entity, name, value, payload, creating=creating)
        elif "@" not in name:
            _read_member(store, entity, name, value, payload, creating=creating)
    return payload


def resolve_reference(store: Store, text: Any, targets: tuple[str, ...]) -> tuple[str, str]:
    """Entity set and id of ``/contacts(guid)``, relative or absolute, alternate key allowed. Raises ApiError."""
    if not isinstance(text, str):
        raise ApiError(400, PAYLOAD, "The value of an @odata.bind annotation must be a text.")
    path = re.sub(r"^https?://[^/]+", "", text)
    segments = parse_segments(path.removeprefix(ROOT))
    if len(segments) != 1 or segments[0].key is None:
        raise bad_request(f"Bad Request - Error in query syntax: '{text}'.")
    entity = require_set(segments[0].name)
    if entity.name not in targets:
        raise ApiError(400, PAYLOAD, f"'{unquote(text)}' is no row of {' or '.join(targets)}.")
    key = find_key(store, entity, segments[0])
    if not store.one(f'SELECT 1 FROM "{entity.table}" WHERE "{entity.key}" = ?', (key,)):  # noqa: S608
        raise does_not_exist(entity, key)
    return entity.name, key


def find_key(store: Store, entity: Entity, segment: Segment) -> str:
    """The primary key that a segment names, as GUID or by an alternate key. Raises ApiError."""
    if segment.guid:
        return segment.guid
    found = _by_alternate_key(store, entity, segment)
    if found is None:
        message = "A record with the specified key values does not exist in {} entity"
        raise ApiError(404, "0x80060891", message.format(entity.type_name))
    return found


def alternate_key_values(store: Store, entity: Entity, segment: Segment) -> dict[str, Any]:
    """The columns and values of a key such as ``accountnumber='A'``; raises ApiError where no alternate key has these columns."""
    parts = segment.parts()
    if set(parts) == {entity.key}:
        return {entity.key: parts[entity.key].value}
    known = store.setting(f"key {entity.type_name} {','.join(sorted(parts))}")
    if not known:
        raise bad_request("The specified key properties do not form an active alternate key of " + entity.type_name)
    values = {}
    for name, literal in parts.items():
        try:
            value = column_value(entity, entity.properties[name], literal)
        except LiteralError as error:
            raise bad_request(str(error)) from error
        values[name] = fold(value) if entity.properties[name].type == "Edm.String" else value
    return values


def _by_alternate_key(store: Store, entity: Entity, segment: Segment) -> str | None:
    row = store.first(entity, alternate_key_values(store, entity, segment))
    return str(row[entity.key]) if row else None


def _read_bind(store: Store, entity: Entity, name: str, value: Any, payload: Payload, *, creating: bool) -> None:
    navigation = entity.navigations.get(name.removesuffix(_BIND))
    if navigation is None or navigation.collection:
        raise undeclared(entity, name.removesuffix(_BIND))
    if navigation.on_create if creating else navigation.on_update:
        set_lookup(entity, navigation, None if value is None else resolve_reference(store, value, navigation.targets), payload.values)


def set_lookup(entity: Entity, navigation: Navigation, target: tuple[str, str] | None, values: dict[str, Any]) -> None:
    """Writes a lookup's columns; ``target`` is (entity set, id), None clears it."""
    known = entity.attributes[navigation.attribute]
    values[known.name] = target[1] if target else None
    if known.type_column:
        values[known.type_column] = target[0] if target else None


def _read_member(store: Store, entity: Entity, name: str, value: Any, payload: Payload, *, creating: bool) -> None:
    known = entity.properties.get(name)
    if known is not None and not known.attribute:
        if known.key:
            payload.key = str(stored_value(entity, known, value) or "")
        elif known.create if creating else known.update:
            choices = published(store, entity, known) if known.options else ()
            payload.values[name] = stored_value(entity, known, value, choices)
        return
    navigation = entity.navigations.get(name) if known is None else None
    if navigation is None:
        raise undeclared(entity, name)
    if value is None and not navigation.collection:
        _read_bind(store, entity, name + _BIND, None, payload, creating=creating)
    elif creating and isinstance(value, list if navigation.collection else dict):
        payload.nested[name] = value if isinstance(value, list) else [value]
    else:
        raise undeclared(entity, name)


def undeclared(entity: Entity, name: str) -> ApiError:
    type_name = f"Microsoft.Dynamics.CRM.{entity.type_name}"
    text = f"An undeclared property '{name}' was found in the payload, which only has property annotations or none."
    if name in entity.attributes or name in entity.properties:
        text = f"The property '{name}' of '{type_name}' is read-only; use its navigation property with @odata.bind."
    return ApiError(400, PAYLOAD, f"Error identified in Payload provided by the user for Entity :'{type_name}'. {text}")


def target_entity(navigation: Navigation) -> Entity:
    return entities(SALES)[navigation.targets[0]]
