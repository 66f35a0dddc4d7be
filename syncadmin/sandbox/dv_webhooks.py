"""Webhooks of Dataverse: the execution context of each saved row, posted to who registered for the table (web-apis.md, section 3)."""

from __future__ import annotations

import json
import uuid
from typing import Any
from urllib.parse import quote

from .clock import Clock
from .dv_registration import Registration, Step
from .ids import BUSINESS_UNIT_ID, ORGANIZATION_ID
from .outbox import Outbox, Parcel, post
from .schema import SALES, Entity, entities
from .settings import Settings
from .store import Change, Store, new_id

_MESSAGES = {"created": "Create", "updated": "Update", "deleted": "Delete"}
_ORGANIZATION = "contoso.crm.dynamics.com"
_CONTRACTS = "http://schemas.microsoft.com/xrm/2011/Contracts"
_TIMEOUT_SECONDS = 60
_RETRIED = (502, 503, 504)


class DataverseWebhooks:
    """``changed`` is a listener of the store."""

    def __init__(self, store: Store, settings: Settings, clock: Clock, outbox: Outbox, registration: Registration) -> None:
        self.store = store
        self.settings = settings
        self.clock = clock
        self.outbox = outbox
        self.registration = registration

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
        wanted = self._wanted()
        for change in changes if wanted else ():
            for step in wanted:
                if change.system == SALES and change.entity == step.entity and _tells(step, change):
                    self._send(change, step.url, step.secret)

    def _wanted(self) -> list[Step]:
        """What was registered on the control page, each for all messages, and by the Web API."""
        hooks = self.store.all("SELECT entity, url, secret FROM sandbox_webhook")
        return [Step(name, "", frozenset(), url, secret) for name, url, secret in hooks] + self.registration.steps()

    def _send(self, change: Change, url: str, secret: str) -> None:
        entity, message, correlation = entities(SALES)[change.entity], _MESSAGES[change.kind], str(uuid.uuid4())
        context = self._context(entity, change, message, correlation)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "x-ms-dynamics-organization": _ORGANIZATION,
            "x-ms-dynamics-entity-name": entity.type_name,
            "x-ms-dynamics-request-name": message,
            "x-ms-correlation-request-id": correlation,
        }
        body = json.dumps(context).encode()
        if len(body) > self.settings.webhook_bytes:
            headers["x-ms-dynamics-msg-size-exceeded"] = "true"
            body = json.dumps({**context, "InputParameters": [], "PreEntityImages": [], "PostEntityImages": []}).encode()
        address = f"{url}{'&' if '?' in url else '?'}code={quote(secret)}" if secret else url
        parcel = Parcel(address, body, headers, _TIMEOUT_SECONDS, lambda _: None)
        again = Parcel(address, body, headers, _TIMEOUT_SECONDS, lambda status: _once_more(status, parcel))
        self.outbox.send(again)

    def _context(self, entity: Entity, change: Change, message: str, correlation: str) -> dict[str, Any]:
        now = f"/Date({int(self.clock.now(SALES).timestamp() * 1000)})/"
        return {
            "BusinessUnitId": BUSINESS_UNIT_ID,
            "CorrelationId": correlation,
            "Depth": 1,
            "InitiatingUserId": change.user_id,
            "InputParameters": [{"key": "Target", "value": _target(entity, change)}],
            "IsExecutingOffline": False,
            "IsInTransaction": False,
            "IsOfflinePlayback": False,
            "IsolationMode": 1,
            "MessageName": message,
            "Mode": 1,
            "OperationCreatedOn": now,
            "OperationId": str(uuid.uuid4()),
            "OrganizationId": ORGANIZATION_ID,
            "OrganizationName": "contoso",
            "OutputParameters": [{"key": "id", "value": change.key}] if message == "Create" else [],
            "ParentContext": None,
            "PostEntityImages": [],
            "PreEntityImages": [],
            "PrimaryEntityId": change.key,
            "PrimaryEntityName": entity.type_name,
            "RequestId": str(uuid.uuid4()),
            "SecondaryEntityName": "none",
            "SharedVariables": [],
            "Stage": 40,
            "UserId": change.user_id,
        }


def _tells(step: Step, change: Change) -> bool:
    if step.message not in ("", _MESSAGES[change.kind]):
        return False
    return not step.columns or change.kind != "updated" or bool(step.columns & change.values.keys())


def _target(entity: Entity, change: Change) -> dict[str, Any]:
    """The row as the context shows it: the sent columns as pairs, a deleted one as a reference."""
    row: dict[str, Any] = {"Id": change.key, "KeyAttributes": [], "LogicalName": entity.type_name, "RowVersion": None}
    if change.kind == "deleted":
        return {"__type": f"EntityReference:{_CONTRACTS}", "Name": None, **row}
    attributes = [{"key": name, "value": value} for name, value in change.values.items() if not name.startswith("_")]
    return {
        "__type": f"Entity:{_CONTRACTS}",
        "Attributes": attributes,
        "EntityState": None,
        "FormattedValues": [],
        "RelatedEntities": [],
        **row,
    }


def _once_more(status: int, parcel: Parcel) -> None:
    if status in _RETRIED:
        post(parcel)
