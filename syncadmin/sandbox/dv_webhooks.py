"""Webhooks of Dataverse: the execution context of each saved row, posted to who registered for the table (web-apis.md, section 3)."""

from __future__ import annotations

import json
import uuid
from typing import Any
from urllib.parse import quote

from .clock import Clock
from .ids import ORGANIZATION_ID
from .outbox import Outbox, Parcel, post
from .schema import SALES, Entity, entities
from .store import Change, Store, new_id

_MESSAGES = {"created": "Create", "updated": "Update", "deleted": "Delete"}
_LARGEST = 256 * 1024
_TIMEOUT_SECONDS = 60
_RETRIED = (502, 503, 504)


class DataverseWebhooks:
    """``changed`` is a listener of the store."""

    def __init__(self, store: Store, clock: Clock, outbox: Outbox) -> None:
        self.store = store
        self.clock = clock
        self.outbox = outbox

    def register(self, table: str, address: str, secret: str) -> str:
        """For a table by set or logical name; the secret travels as ``code`` in the query. Gives the id. Raises ValueError."""
        known = entities(SALES)
        entity = known.get(table) or next((item for item in known.values() if item.type_name == table), None)
        if entity is None or not address.startswith("http"):
            raise ValueError(f"There is no table '{table}', or '{address}' is no address.")
        key = new_id()
        self.store.run("INSERT INTO sandbox_webhook VALUES (?, ?, ?, ?)", (key, entity.name, address, secret))
        return key

    def listed(self) -> list[dict[str, str]]:
        rows = self.store.all("SELECT id, entity, url FROM sandbox_webhook")
        return [{"id": key, "table": entity, "address": url} for key, entity, url in rows]

    def remove_all(self) -> None:
        self.store.run("DELETE FROM sandbox_webhook")

    def changed(self, changes: list[Change]) -> None:
        hooks = self.store.all("SELECT entity, url, secret FROM sandbox_webhook")
        for change in changes if hooks else ():
            for name, url, secret in hooks:
                if change.system == SALES and change.entity == name:
                    self._send(change, url, secret)

    def _send(self, change: Change, url: str, secret: str) -> None:
        entity, message, correlation = entities(SALES)[change.entity], _MESSAGES[change.kind], str(uuid.uuid4())
        context = self._context(entity, change, message, correlation)
        headers = {
            "Content-Type": "application/json",
            "x-ms-dynamics-organization": "contoso.crm.dynamics.com",
            "x-ms-dynamics-entity-name": entity.type_name,
            "x-ms-dynamics-request-name": message,
            "x-ms-correlation-request-id": correlation,
        }
        body = json.dumps(context).encode()
        if len(body) > _LARGEST:
            headers["x-ms-dynamics-msg-size-exceeded"] = "true"
            body = json.dumps({**context, "InputParameters": []}).encode()
        address = f"{url}{'&' if '?' in url else '?'}code={quote(secret)}" if secret else url
        parcel = Parcel(address, body, headers, _TIMEOUT_SECONDS, lambda _: None)
        again = Parcel(address, body, headers, _TIMEOUT_SECONDS, lambda status: _once_more(status, parcel))
        self.outbox.send(again)

    def _context(self, entity: Entity, change: Change, message: str, correlation: str) -> dict[str, Any]:
        milliseconds = int(self.clock.now(SALES).timestamp() * 1000)
        target: dict[str, Any] = {"LogicalName": entity.type_name, "Id": change.key}
        if message != "Delete":
            attributes = [{"key": key, "value": value} for key, value in change.values.items() if not key.startswith("_")]
            target = {"__type": "Entity:http://schemas.microsoft.com/xrm/2011/Contracts", "Attributes": attributes, **target}
        return {
            "MessageName": message,
            "PrimaryEntityName": entity.type_name,
            "PrimaryEntityId": change.key,
            "InputParameters": [{"key": "Target", "value": target}],
            "UserId": change.user_id,
            "InitiatingUserId": change.user_id,
            "OrganizationId": ORGANIZATION_ID,
            "Depth": 1,
            "CorrelationId": correlation,
            "OperationCreatedOn": f"/Date({milliseconds})/",
        }


def _once_more(status: int, parcel: Parcel) -> None:
    if status in _RETRIED:
        post(parcel)
