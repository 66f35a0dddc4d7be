"""The set ``subscriptions`` of Business Central: subscribing with handshake, renewing, removing (web-apis.md, section 6, Webhooks)."""

from __future__ import annotations

import json
import re
import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from .bc_address import CUSTOM, STANDARD, Address
from .bc_read import not_found
from .bc_values import read_body
from .clock import Clock, moment_text
from .messages import ApiError, Request, Response, json_response
from .outbox import answer_of
from .schema import BUSINESS_CENTRAL, entities
from .settings import Settings
from .store import Store, etag_of, new_id

_MOST = 200
_HANDSHAKE_SECONDS = 5
_LONGEST_STATE = 2048
_RESOURCE = re.compile(
    rf"^(?:https?://[^/]+/v2\.0/(?:[^/]+/)?[^/]+)?/?(?:api/({STANDARD}|{CUSTOM})/)?companies\(([0-9a-fA-F-]{{36}})\)/(\w+)$"
)
# Sets of API v2.0 that can be subscribed to; contacts are missing there.
_COVERED = {
    *("companyInformation", "currencies", "customers", "items", "salesInvoices", "shipmentMethods", "paymentTerms"),
    *("unitsOfMeasure", "vendors"),
}
_TEMPORARY = {"salesInvoiceLines", "contactsInformation", "customerFinancialDetails", "customerStatistics"}
_COLUMNS = "id, route, resource, url, client_state, user_id, created, modified, expires, etag"


class Subscriptions:
    def __init__(self, store: Store, settings: Settings, clock: Clock) -> None:
        self.store = store
        self.settings = settings
        self.clock = clock

    def answer(self, request: Request, address: Address) -> Response | None:
        """The answer below ``subscriptions``; None elsewhere."""
        if not address.segments or address.segments[0].name != "subscriptions":
            return None
        self._drop_expired()
        route = CUSTOM if address.custom else STANDARD
        key = (address.segments[0].key or "").strip("'")
        if not key:
            return self._on_set(request, address, route)
        row = next((row for row in self._rows(route) if row["subscriptionId"] == key), None)
        if row is None:
            raise not_found(entities(BUSINESS_CENTRAL)["companies"], key)
        if request.method == "GET":
            return _shown(address, row, 200)
        _check_etag(request, row)
        if request.method == "DELETE":
            self.store.run("DELETE FROM sandbox_subscription WHERE id = ?", (key,))
            return Response(204)
        if request.method == "PATCH":
            return self._renew(request, address, row)
        raise ApiError(405, "BadRequest_MethodNotAllowed", f"The method {request.method} is not allowed on a subscription.")

    def _on_set(self, request: Request, address: Address, route: str) -> Response:
        if request.method == "GET":
            body = {"@odata.context": f"{address.context}subscriptions", "value": self._rows(route)}
            return json_response(200, json.dumps(body))
        if request.method != "POST":
            raise ApiError(405, "BadRequest_MethodNotAllowed", f"The method {request.method} is not allowed on 'subscriptions'.")
        body = read_body(request.body)
        url, state = str(body.get("notificationUrl") or ""), str(body.get("clientState") or "")
        resource = self._resource(str(body.get("resource") or ""), route)
        if len(state) > _LONGEST_STATE:
            raise ApiError(400, "Application_StringExceededLength", f"clientState has more than {_LONGEST_STATE} characters.")
        if self.store.one("SELECT count(*) FROM sandbox_subscription")[0] >= _MOST:
            raise ApiError(400, "Application_DialogException", f"There are {_MOST} subscriptions already.")
        self._handshake(url)
        key, now = f"{secrets.token_hex(16)}", moment_text(self.clock.now(BUSINESS_CENTRAL), BUSINESS_CENTRAL)
        values = (key, route, resource, url, state, request.caller.user_id, now, now, self._expiry(), etag_of(self.store.next_version()))
        self.store.run(f"INSERT INTO sandbox_subscription ({_COLUMNS}) VALUES ({', '.join('?' * 10)})", values)  # noqa: S608
        return _shown(address, next(row for row in self._rows(route) if row["subscriptionId"] == key), 201)

    def _renew(self, request: Request, address: Address, row: dict[str, Any]) -> Response:
        body = read_body(request.body)
        url = str(body.get("notificationUrl") or row["notificationUrl"])
        state = str(body.get("clientState", row["clientState"]))
        self._handshake(url)
        now = moment_text(self.clock.now(BUSINESS_CENTRAL), BUSINESS_CENTRAL)
        sql = "UPDATE sandbox_subscription SET url = ?, client_state = ?, modified = ?, expires = ?, etag = ? WHERE id = ?"
        self.store.run(sql, (url, state, now, self._expiry(), etag_of(self.store.next_version()), row["subscriptionId"]))
        route = CUSTOM if address.custom else STANDARD
        return _shown(address, next(item for item in self._rows(route) if item["subscriptionId"] == row["subscriptionId"]), 200)

    def _resource(self, text: str, route: str) -> str:
        """``companies(guid)/customers`` of a resource; raises ApiError for what cannot be subscribed to."""
        match = _RESOURCE.match(text)
        entity = entities(BUSINESS_CENTRAL).get(match[3]) if match else None
        known = match and entity and match[1] in (None, route) and entity.on_route(custom=route == CUSTOM)
        composite = entity is not None and len(entity.business_key) > 1
        if not match or not known or composite or match[3] in _TEMPORARY or (route == STANDARD and match[3] not in _COVERED):
            raise ApiError(400, "Application_DialogException", f"The resource '{text}' does not support webhooks.")
        return f"companies({match[2].lower()})/{match[3]}"

    def _handshake(self, url: str) -> None:
        token = new_id()
        separator = "&" if "?" in url else "?"
        status, body = answer_of(f"{url}{separator}validationToken={quote(token)}", b"", {}, _HANDSHAKE_SECONDS)
        if status != 200 or body.decode("utf-8", "replace").strip() != token:
            text = f"The notification URL {url} did not answer the validation request with the validation token (status {status})."
            raise ApiError(400, "Application_DialogException", text)

    def _expiry(self) -> str:
        return moment_text(self.clock.now(BUSINESS_CENTRAL) + timedelta(days=self.settings.subscription_days), BUSINESS_CENTRAL)

    def _drop_expired(self) -> None:
        now = moment_text(self.clock.now(BUSINESS_CENTRAL), BUSINESS_CENTRAL)
        self.store.run("DELETE FROM sandbox_subscription WHERE expires <= ?", (now,))

    def _rows(self, route: str) -> list[dict[str, Any]]:
        found = self.store.all(f"SELECT {_COLUMNS} FROM sandbox_subscription WHERE route = ?", (route,))  # noqa: S608
        return [_row(dict(zip(_COLUMNS.split(", "), row, strict=True))) for row in found]


def _row(kept: dict[str, Any]) -> dict[str, Any]:
    return {
        "@odata.etag": kept["etag"],
        "subscriptionId": kept["id"],
        "notificationUrl": kept["url"],
        "resource": f"/api/{kept['route']}/{kept['resource']}",
        "timestamp": 0,
        "userId": kept["user_id"],
        "lastModifiedDateTime": kept["modified"],
        "clientState": kept["client_state"],
        "expirationDateTime": kept["expires"],
        "systemCreatedAt": kept["created"],
        "systemCreatedBy": kept["user_id"],
        "systemModifiedAt": kept["modified"],
        "systemModifiedBy": kept["user_id"],
    }


def _check_etag(request: Request, row: dict[str, Any]) -> None:
    given = request.header("if-match")
    if not given:
        raise ApiError(400, "BadRequest_InvalidToken", "The If-Match header with the client concurrency token is missing or malformed.")
    if given not in ("*", row["@odata.etag"]):
        raise ApiError(409, "Request_EntityChanged", "Another user has already changed the record.")


def _shown(address: Address, row: dict[str, Any], status: int) -> Response:
    body = {"@odata.context": f"{address.context}subscriptions/$entity", **row}
    return json_response(status, json.dumps(body), {"ETag": row["@odata.etag"]})
