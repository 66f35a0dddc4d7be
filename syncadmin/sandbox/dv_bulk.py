"""CreateMultiple, UpdateMultiple and UpsertMultiple of Dataverse: all rows or none (web-apis.md, section 4, Bulk messages)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .dv_address import ROOT, Segment, bad_request, does_not_exist, parse_segments, require_set
from .dv_payload import alternate_key_values, read_body
from .dv_values import PAYLOAD
from .dv_write import DataverseWriter
from .messages import ApiError, Request, Response, json_response
from .schema import Entity
from .store import Row, Store

_NAMESPACE = "Microsoft.Dynamics.CRM."
_MESSAGES = ("CreateMultiple", "UpdateMultiple", "UpsertMultiple")


class DataverseBulk:
    def __init__(self, store: Store, writer: DataverseWriter) -> None:
        self.store = store
        self.writer = writer

    def answer(self, request: Request, segments: tuple[Segment, ...]) -> Response | None:
        """The answer to ``POST set/Microsoft.Dynamics.CRM.XMultiple``; None for any other request."""
        if len(segments) != 2 or segments[0].key is not None or not segments[1].name.startswith(_NAMESPACE):
            return None
        entity, message = require_set(segments[0].name), segments[1].name.removeprefix(_NAMESPACE)
        if message == "DeleteMultiple":
            raise ApiError(501, "0x80040216", f"DeleteMultiple has not been implemented for {entity.type_name}.")
        if message not in _MESSAGES or not entity.create:
            return None
        if request.method != "POST":
            raise ApiError(404, "", f"The action {message} is called with POST.")
        targets = _targets(entity, request.body)
        with self.store.transaction():
            if message == "CreateMultiple":
                return self._created(request, entity, targets)
            for target in targets:
                self._save(request, entity, target, upsert=message == "UpsertMultiple")
        return Response(204, b"", {"OData-Version": "4.0"})

    def _created(self, request: Request, entity: Entity, targets: list[dict[str, Any]]) -> Response:
        keys = [self.writer.create(entity, target, request.caller) for target in targets]
        context = f"{request.base}{ROOT}$metadata#{_NAMESPACE}CreateMultipleResponse"
        return json_response(200, f'{{"@odata.context":"{context}","Ids":{json.dumps(keys)}}}')

    def _save(self, request: Request, entity: Entity, target: dict[str, Any], *, upsert: bool) -> None:
        key, current, named = self._identified(entity, target)
        body = {name: value for name, value in target.items() if name != entity.key}
        if current is not None:
            self.writer.update(entity, current[entity.key], body, request.caller, current=current)
        elif upsert:
            self.writer.create(entity, {**named, **body}, request.caller, key=key)
        else:
            raise does_not_exist(entity, key)

    def _identified(self, entity: Entity, target: Mapping[str, Any]) -> tuple[str, Row | None, dict[str, Any]]:
        """(id, current row, key values for a new row) of an element, by its key column or its ``@odata.id``."""
        if "@odata.id" in target:
            segments = parse_segments(str(target["@odata.id"]).removeprefix(ROOT))
            if len(segments) != 1 or segments[0].name != entity.name or segments[0].key is None:
                raise bad_request(f"The @odata.id '{target['@odata.id']}' is no row of {entity.name}.")
            if segments[0].guid:
                return segments[0].guid, self.store.get(entity, segments[0].guid), {}
            values = alternate_key_values(self.store, entity, segments[0])
            named = {name: literal.value for name, literal in segments[0].parts().items()}
            return "", self.store.first(entity, values), named
        key = target.get(entity.key)
        if not isinstance(key, str) or not key:
            raise ApiError(400, PAYLOAD, f"Each element needs '{entity.key}' or '@odata.id'.")
        return key.lower(), self.store.get(entity, key.lower()), {}


def _targets(entity: Entity, body: bytes) -> list[dict[str, Any]]:
    targets = read_body(body).get("Targets")
    if not isinstance(targets, list) or not targets:
        raise ApiError(400, "0x80040203", "The required parameter 'Targets' is missing or empty.")
    for target in targets:
        if not isinstance(target, dict) or str(target.get("@odata.type", "")).lstrip("#") != _NAMESPACE + entity.type_name:
            text = f"Each element of Targets needs the annotation '@odata.type': '{_NAMESPACE}{entity.type_name}'."
            raise ApiError(400, PAYLOAD, text)
    return targets
