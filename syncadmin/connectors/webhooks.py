"""Being told of changes by Dataverse: a webhook (service endpoint) with a step for each message of each table.

Sources: web-apis.md section 3 (Webhooks); the table references of ServiceEndpoint and SdkMessageProcessingStep.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from syncadmin.connectors.batch import Operation
from syncadmin.connectors.http import Answer, Http, Repeat
from syncadmin.connectors.odata import JSON_BODY, Fault, address, fault_of, text_literal, to_json
from syncadmin.connectors.refusals import refused_read
from syncadmin.sync.errors import RunError, SyncError

MESSAGES = ("Create", "Update", "Delete")
_WEBHOOK, _WEBHOOK_KEY, _JSON = 8, 4, 2  # contract, authtype, messageformat
_ASYNCHRONOUS, _AFTER = 1, 40  # mode, stage
_FORBIDDEN = (
    "The integration user may not register webhooks in {system}: give it the security role System Customizer, or register the webhook with "
    "the Plug-in Registration tool as the manual says. ({words})"
)

SendBatch = Callable[[Sequence[Operation], Repeat], list[Answer | None]]


class Webhooks:
    """Those of one environment. ``root`` is the address of its Web API with a slash at its end, ``path`` the same without the host."""

    def __init__(self, http: Http, root: str, path: str, send_batch: SendBatch) -> None:
        self._http, self._root, self._path, self._send_batch = http, root, path, send_batch

    def registered(self, name: str) -> str:
        """Id of the webhook with this name, "" where there is none. Raises RunError, RetryLater."""
        wanted = {"$select": "serviceendpointid", "$filter": f"name eq {text_literal(name)} and contract eq {_WEBHOOK}"}
        rows = self._rows(address(f"{self._root}serviceendpoints", wanted))
        return str(rows[0]["serviceendpointid"]).lower() if rows else ""

    def register(self, name: str, url: str, secret: str, key: str = "") -> str:
        """The id of a webhook that posts to ``url`` with the secret as ``code`` in the query; the one of ``key`` is changed to that.

        Raises RunError ``permission`` or ``webhook``, RetryLater, LostAnswer (it may be :meth:`registered` then).
        """
        body = {"name": name, "url": url, "contract": _WEBHOOK, "authtype": _WEBHOOK_KEY, "authvalue": secret, "messageformat": _JSON}
        method, place = ("PATCH", f"serviceendpoints({key})") if key else ("POST", "serviceendpoints")
        headers = {**JSON_BODY, "Prefer": "return=representation"} | ({"If-Match": "*"} if key else {})
        repeat = Repeat.ANSWERED if key else Repeat.REFUSED
        answer = self._http.send(method, self._root + place, repeat=repeat, headers=headers, body=to_json(body).encode())
        if not answer.ok or not isinstance(answer.document, dict):
            raise self._refused(fault_of(answer))
        return str(answer.document["serviceendpointid"]).lower()

    def tell_of(self, key: str, name: str, tables: Sequence[str]) -> dict[str, str]:
        """Makes the webhook tell of exactly these tables (logical names): adds and removes steps. Why not, by table that was refused.

        Four requests at most. Raises RunError, RetryLater; what was asked for then is to be asked for again.
        """
        have = {str(row["_sdkmessagefilterid_value"]).lower(): str(row["sdkmessageprocessingstepid"]) for row in self._steps(key)}
        filters = self._filters(tables)
        missing = [(table, message, ids) for (table, message), ids in filters.items() if ids[0] not in have]
        kept = {ids[0] for ids in filters.values()}
        extra = [step for told, step in have.items() if told not in kept]
        operations = [self._step(key, name, *one) for one in missing]
        operations += [Operation("DELETE", f"{self._path}sdkmessageprocessingsteps({step})") for step in extra]
        answers = self._send_batch(operations, Repeat.REFUSED) if operations else []
        refused = {table: "The system has no such table for webhooks." for table in tables if (table, "Update") not in filters}
        for (table, _, _), answer in zip(missing, answers, strict=False):
            if answer is None or not answer.ok:
                refused[table] = self._refused(fault_of(answer)).text if answer else "The system stopped before this table's turn."
        return refused

    def remove(self, key: str) -> None:
        """Ends a webhook and its steps; one that is gone already is no error. Raises RunError, RetryLater."""
        answer = self._http.send("DELETE", f"{self._root}serviceendpoints({key})", repeat=Repeat.ANSWERED)
        if not answer.ok and answer.status != 404:
            raise self._refused(fault_of(answer))

    def _steps(self, key: str) -> list[dict[str, Any]]:
        below = f"{self._root}serviceendpoints({key})/serviceendpoint_sdkmessageprocessingstep"
        return self._rows(address(below, {"$select": "sdkmessageprocessingstepid,_sdkmessagefilterid_value"}))

    def _filters(self, tables: Sequence[str]) -> Mapping[tuple[str, str], tuple[str, str]]:
        """Ids of filter and message, by table and message. The few messages are filtered here, because a table has hundreds of filters."""
        if not tables:
            return {}
        messages = " or ".join(f"sdkmessageid/name eq {text_literal(one)}" for one in MESSAGES)
        named = " or ".join(f"primaryobjecttypecode eq {text_literal(one)}" for one in tables)
        options = {
            "$select": "sdkmessagefilterid,primaryobjecttypecode",
            "$expand": "sdkmessageid($select=sdkmessageid,name)",
            "$filter": f"({messages}) and ({named})",
        }
        rows = self._rows(address(f"{self._root}sdkmessagefilters", options))
        return {
            (str(row["primaryobjecttypecode"]), str(row["sdkmessageid"]["name"])): (
                str(row["sdkmessagefilterid"]).lower(),
                str(row["sdkmessageid"]["sdkmessageid"]).lower(),
            )
            for row in rows
        }

    def _step(self, key: str, name: str, table: str, message: str, ids: tuple[str, str]) -> Operation:
        body = {
            "name": f"{name}: {message} of {table}",
            "mode": _ASYNCHRONOUS,
            "stage": _AFTER,
            "rank": 1,
            "supporteddeployment": 0,
            "asyncautodelete": True,
            "eventhandler_serviceendpoint@odata.bind": f"/serviceendpoints({key})",
            "sdkmessageid@odata.bind": f"/sdkmessages({ids[1]})",
            "sdkmessagefilterid@odata.bind": f"/sdkmessagefilters({ids[0]})",
        }
        return Operation("POST", f"{self._path}sdkmessageprocessingsteps", {}, body)

    def _rows(self, url: str) -> list[dict[str, Any]]:
        answer = self._http.send("GET", url, repeat=Repeat.ALWAYS)
        if not answer.ok:
            raise self._refused(fault_of(answer))
        rows = answer.document.get("value") if isinstance(answer.document, dict) else None
        return rows if isinstance(rows, list) else []

    def _refused(self, fault: Fault) -> SyncError:
        if fault.status == 401:
            return refused_read(fault, system=self._http.name)
        if fault.status == 403:
            return RunError("permission", _FORBIDDEN.format(system=self._http.name, words=fault.words))
        return RunError("webhook", f"{self._http.name} does not take the webhook: {fault.words}")
