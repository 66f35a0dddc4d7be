"""Notifications of Business Central: changes gathered per subscription, merged, sent after a delay (web-apis.md, section 6, Webhooks)."""

from __future__ import annotations

import json
import threading
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from .clock import Clock, moment_text, parse_moment
from .faults import WEBHOOKS, Faults
from .outbox import Outbox, Parcel
from .schema import BUSINESS_CENTRAL
from .settings import Settings
from .store import Change, Store

_RETRY_MINUTES = (1, 1, 10, 100, 1000)
_RETRIED = (0, 408, 429)
_TIMEOUT_SECONDS = 30
_STEP_BACK = timedelta(milliseconds=50)
_ON_HEADER = {"salesInvoiceLines": "salesInvoices"}


@dataclass
class _Entry:
    key: str
    kind: str
    moment: str


class Notifications:
    """``changed`` is a listener of the store."""

    def __init__(self, store: Store, settings: Settings, clock: Clock, outbox: Outbox, faults: Faults) -> None:
        self.store = store
        self.settings = settings
        self.clock = clock
        self.outbox = outbox
        self.faults = faults
        self._lock = threading.Lock()
        self._pending: dict[str, list[_Entry]] = {}

    def changed(self, changes: list[Change]) -> None:
        """Gathers what subscriptions ask for; the first change starts the delay."""
        wanted = {(row[1], row[0]) for row in self.store.all("SELECT id, resource FROM sandbox_subscription")}
        for change in changes if wanted else ():
            if change.system != BUSINESS_CENTRAL:
                continue
            name = _ON_HEADER.get(change.entity, change.entity)
            for resource, subscription in wanted:
                if resource == f"companies({change.company})/{name}":
                    self._gather(subscription, self._entry(change, name))

    def _entry(self, change: Change, name: str) -> _Entry:
        now = moment_text(self.clock.now(BUSINESS_CENTRAL), BUSINESS_CENTRAL)
        if name == change.entity:
            return _Entry(change.key, change.kind, change.values.get("lastModifiedDateTime", now))
        return _Entry(str(change.values.get("documentId") or self._document(change.key)), "updated", now)

    def _document(self, line: str) -> str:
        found = self.store.one('SELECT "documentId" FROM bc_salesInvoiceLines WHERE id = ?', (line,))
        return str(found[0]) if found else ""

    def _gather(self, subscription: str, entry: _Entry) -> None:
        with self._lock:
            pending = self._pending.setdefault(subscription, [])
            same = next((item for item in pending if item.key == entry.key and item.kind == entry.kind == "updated"), None)
            if same:
                same.moment = entry.moment
                return
            pending.append(entry)
            if len(pending) == 1:
                self.outbox.later(self.settings.webhook_delay_seconds, self.send_all)

    def send_all(self) -> None:
        """Sends what was gathered, now: one POST for all subscriptions that share an address."""
        with self._lock:
            pending, self._pending = self._pending, {}
        now = moment_text(self.clock.now(BUSINESS_CENTRAL), BUSINESS_CENTRAL)
        sql = "SELECT id, url, route, resource, client_state, expires FROM sandbox_subscription WHERE expires > ?"
        values: dict[str, list[dict[str, Any]]] = {}
        owners: dict[str, list[str]] = {}
        for key, url, route, resource, state, expires in self.store.all(sql, (now,)):
            if pending.get(key):
                fixed = {"subscriptionId": key, "clientState": state, "expirationDateTime": expires}
                entries = self._values(f"api/{route}/{resource}", pending[key], url)
                values.setdefault(url, []).extend({**fixed, **entry} for entry in entries)
                owners.setdefault(url, []).append(key)
        for url, listed in values.items():
            self._post(url, self._faulty(url, listed), owners[url], attempt=0)

    def _values(self, resource: str, entries: list[_Entry], url: str) -> list[dict[str, Any]]:
        forced = self.faults.next_for(WEBHOOKS, "POST", url, ("collection",))
        if forced is None and len(entries) <= self.settings.webhook_collection_size:
            return [{"resource": f"{resource}({e.key})", "changeType": e.kind, "lastModifiedDateTime": e.moment} for e in entries]
        first = min(entry.moment for entry in entries)
        if all(entry.kind != "deleted" for entry in entries):
            since = moment_text(parse_moment(first) - _STEP_BACK, BUSINESS_CENTRAL)
            resource = f"{resource}?$filter=lastModifiedDateTime%20gt%20{since}"
        return [{"resource": resource, "changeType": "collection", "lastModifiedDateTime": max(entry.moment for entry in entries)}]

    def _faulty(self, url: str, listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if self.faults.next_for(WEBHOOKS, "POST", url, ("reorder",)):
            listed = listed[::-1]
        if self.faults.next_for(WEBHOOKS, "POST", url, ("no-client-state",)):
            return [{name: value for name, value in item.items() if name != "clientState"} for item in listed]
        return listed

    def _post(self, url: str, listed: list[dict[str, Any]], subscriptions: list[str], *, attempt: int) -> None:
        correlation = str(uuid.uuid4())
        headers = {"Content-Type": "application/json", "clientRequestId": correlation, "x-ms-correlation-id": correlation}
        body = json.dumps({"value": listed}).encode()

        def done(status: int) -> None:
            self._settle(status, url, listed, subscriptions, attempt)

        if attempt and not self._alive(subscriptions):
            return
        self.outbox.send(Parcel(url, body, headers, _TIMEOUT_SECONDS, done))

    def _alive(self, subscriptions: list[str]) -> bool:
        marks = ", ".join("?" * len(subscriptions))
        return bool(self.store.one(f"SELECT 1 FROM sandbox_subscription WHERE id IN ({marks})", subscriptions))  # noqa: S608

    def _settle(self, status: int, url: str, listed: list[dict[str, Any]], subscriptions: list[str], attempt: int) -> None:
        """2xx is the end; a busy or silent receiver is asked again; any other answer ends the subscriptions."""
        if 200 <= status < 300:
            return
        if (status in _RETRIED or status >= 500) and attempt < len(_RETRY_MINUTES):
            wait = _RETRY_MINUTES[attempt] * self.settings.webhook_minute_seconds
            self.outbox.later(wait, lambda: self._post(url, listed, subscriptions, attempt=attempt + 1))
            return
        for key in subscriptions:
            self.store.run("DELETE FROM sandbox_subscription WHERE id = ?", (key,))
