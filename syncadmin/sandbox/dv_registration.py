"""Registering webhooks by the Web API: rows of ``serviceendpoints`` and ``sdkmessageprocessingsteps`` (web-apis.md, section 3, Webhooks).

A service endpoint with contract 8 is a webhook, each step on it one message of one table; deleting the endpoint deletes its steps.
Of the ways to authenticate, the webhook key (authtype 4, ``code`` in the query) is imitated.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from .definition_rows import message_filter_rows, message_rows
from .dv_address import ROOT, Segment, bad_request, no_segment
from .dv_definitions import listed, single
from .dv_payload import read_body
from .dv_values import PAYLOAD
from .messages import ApiError, Request, Response
from .schema import by_logical_name
from .store import Store, new_id

ENDPOINTS, STEPS, MESSAGES = "serviceendpoints", "sdkmessageprocessingsteps", "sdkmessages"
_KEYS = {ENDPOINTS: "serviceendpointid", STEPS: "sdkmessageprocessingstepid"}
_TABLES = {ENDPOINTS: "sandbox_endpoint", STEPS: "sandbox_step"}
_COLUMNS = {
    ENDPOINTS: {"name", "url", "contract", "authtype", "authvalue", "messageformat", "description"},
    STEPS: {"name", "mode", "stage", "rank", "supporteddeployment", "asyncautodelete", "filteringattributes", "description"}
    | {"statecode", "statuscode"},
}
_BINDS = {"eventhandler_serviceendpoint": ENDPOINTS, "sdkmessageid": MESSAGES, "sdkmessagefilterid": "sdkmessagefilters"}
_WEBHOOK, _WEBHOOK_KEY = 8, 4
_DEFAULTS = {"statecode": 0, "statuscode": 1, "rank": 1}


@dataclass(frozen=True)
class Step:
    """What is told to whom: ``columns`` narrow updates to those that change one of them (empty: all)."""

    entity: str
    message: str
    columns: frozenset[str]
    url: str
    secret: str


class Registration:
    def __init__(self, store: Store) -> None:
        self.store = store

    def answer(self, request: Request, segments: tuple[Segment, ...]) -> Response | None:
        """The answer below the registration tables; None elsewhere."""
        if not segments or segments[0].name not in (*_KEYS, MESSAGES):
            return None
        name = segments[0].name
        if name == MESSAGES:
            return listed(request, name, message_rows())
        if segments[0].key is None:
            return self._on_set(request, name)
        return self._on_row(request, name, segments[0].guid, segments[1:])

    def steps(self) -> list[Step]:
        """Everything registered and enabled; asked after every change, and mostly there is nothing."""
        rows = self._rows(STEPS)
        if not rows:
            return []
        endpoints = {row["serviceendpointid"]: row for row in self._rows(ENDPOINTS)}
        filters = {row["sdkmessagefilterid"]: row for row in message_filter_rows()}
        found = []
        for row in rows:
            endpoint, told = endpoints.get(row["_eventhandler_value"]), filters.get(row["_sdkmessagefilterid_value"])
            entity = by_logical_name(told["primaryobjecttypecode"]) if told else None
            if endpoint and told and entity and not row.get("statecode"):
                columns = frozenset(name.strip() for name in (row.get("filteringattributes") or "").split(",") if name.strip())
                message = told["sdkmessageid"]["name"]
                found.append(Step(entity.name, message, columns, endpoint["url"], endpoint.get("authvalue") or ""))
        return found

    def _on_set(self, request: Request, name: str) -> Response:
        if request.method == "GET":
            return listed(request, name, [_shown(row) for row in self._rows(name)])
        if request.method != "POST":
            raise ApiError(405, "0x80060888", f"The method {request.method} is not allowed on the collection '{name}'.")
        key = new_id()
        row = {**_DEFAULTS, **self._read(name, read_body(request.body)), _KEYS[name]: key}
        _check(name, row)
        self._keep(name, key, row)
        return self._saved(request, name, row, created=True)

    def _on_row(self, request: Request, name: str, key: str, rest: tuple[Segment, ...]) -> Response:
        row = next((row for row in self._rows(name) if row[_KEYS[name]] == key), None)
        if row is None:
            raise ApiError(404, "0x80040217", f"Entity '{name[:-1]}' With Id = {key} Does Not Exist")
        if rest:
            return self._steps_of(request, name, key, rest)
        if request.method == "GET":
            return single(request, f"{name}/$entity", _shown(row))
        if request.method == "PATCH":
            row = {**row, **self._read(name, read_body(request.body))}
            _check(name, row)
            self._keep(name, key, row)
            return self._saved(request, name, row, created=False)
        if request.method == "DELETE":
            self._delete(name, key)
            return Response(204, b"", {"OData-Version": "4.0"})
        raise ApiError(405, "0x80060888", f"The method {request.method} is not allowed on a row of '{name}'.")

    def _steps_of(self, request: Request, name: str, key: str, rest: tuple[Segment, ...]) -> Response:
        if name != ENDPOINTS or rest[0].name != "serviceendpoint_sdkmessageprocessingstep" or request.method != "GET":
            raise no_segment(rest[0].name)
        return listed(request, STEPS, [_shown(row) for row in self._rows(STEPS) if row["_eventhandler_value"] == key])

    def _read(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        """Values by column of a body; raises ApiError for an unknown name, or a lookup that leads nowhere."""
        row: dict[str, Any] = {}
        for given, value in body.items():
            bound = given.removesuffix("@odata.bind")
            if name == STEPS and bound != given and bound in _BINDS:
                row[f"_{bound.partition('_')[0]}_value"] = self._bound(_BINDS[bound], value)
            elif given in _COLUMNS[name]:
                row[given] = value
            else:
                text = (
                    f"An undeclared property '{given}' which only has property annotations in the payload but no property value was found."
                )
                raise ApiError(400, PAYLOAD, text)
        return row

    def _bound(self, target: str, value: Any) -> str:
        match = re.fullmatch(rf"(?:https?://[^/]+{ROOT}|/)?{target}\(([0-9a-f-]{{36}})\)", str(value), re.IGNORECASE)
        rows = self._rows(target) if target in _KEYS else message_rows() if target == MESSAGES else message_filter_rows()
        if not match or match[1].lower() not in {row[f"{target[:-1]}id"] for row in rows}:
            raise ApiError(404, "0x80040217", f"Entity '{target[:-1]}' With Id = {value} Does Not Exist")
        return match[1].lower()

    def _keep(self, name: str, key: str, row: dict[str, Any]) -> None:
        self.store.run(f"INSERT OR REPLACE INTO {_TABLES[name]} VALUES (?, ?)", (key, json.dumps(row)))  # noqa: S608

    def _delete(self, name: str, key: str) -> None:
        with self.store.transaction():
            self.store.run(f"DELETE FROM {_TABLES[name]} WHERE id = ?", (key,))  # noqa: S608
            for row in self._rows(STEPS) if name == ENDPOINTS else ():
                if row["_eventhandler_value"] == key:
                    self.store.run("DELETE FROM sandbox_step WHERE id = ?", (row[_KEYS[STEPS]],))

    def _rows(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(text) for (text,) in self.store.all(f"SELECT row FROM {_TABLES[name]} ORDER BY rowid")]  # noqa: S608

    def _saved(self, request: Request, name: str, row: dict[str, Any], *, created: bool) -> Response:
        if request.preferences.get("return") == "representation":
            answer = single(request, f"{name}/$entity", _shown(row))
            answer.status = 201 if created else 200
            return answer
        address = f"{request.base}{ROOT}{name}({row[_KEYS[name]]})"
        return Response(204, b"", {"OData-Version": "4.0", "OData-EntityId": address})


def _check(name: str, row: dict[str, Any]) -> None:
    """Raises ApiError for a row that cannot be a webhook, or a step of one."""
    if name == ENDPOINTS:
        if not str(row.get("url") or "").startswith(("http://", "https://")) or row.get("contract") != _WEBHOOK or not row.get("name"):
            raise bad_request("A webhook has a name, an absolute url and contract 8.")
        if row.get("authtype") != _WEBHOOK_KEY:
            raise bad_request("This sandbox knows webhooks with a webhook key only (authtype 4).")
        return
    missing = [one for one in ("name", "mode", "stage", "_eventhandler_value", "_sdkmessageid_value") if row.get(one) in (None, "")]
    if missing:
        raise bad_request(f"Required field '{missing[0]}' is missing.")
    told = next((one for one in message_filter_rows() if one["sdkmessagefilterid"] == row.get("_sdkmessagefilterid_value")), None)
    if told and told["sdkmessageid"]["sdkmessageid"] != row["_sdkmessageid_value"]:
        raise bad_request("The message of the step and that of its filter are not the same.")
    if row["stage"] == 40 or (row["stage"], row["mode"]) in ((10, 0), (20, 0)):
        return
    raise bad_request("An asynchronous step runs after the operation (stage 40).")


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """The secret can be written, never read."""
    return {name: value for name, value in row.items() if name != "authvalue"}
