"""Being told of changes by Business Central: its subscriptions (web-apis.md section 6, Webhooks)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from syncadmin.connectors.http import Answer, Http, Repeat
from syncadmin.connectors.odata import JSON_BODY, fault_of, moment_or_none, to_json
from syncadmin.connectors.refusals import refused_read
from syncadmin.sync.errors import RunError
from syncadmin.sync.tables import Table

LONGEST_DAYS = 3  # a subscription that is not renewed ends then
# Sets of API v2.0 that can be subscribed to. Contacts, salespeople and lines are missing there.
_COVERED = {
    *("accounts", "companyInformation", "countriesRegions", "currencies", "customerPaymentJournals", "customers", "dimensions"),
    *("employees", "generalLedgerEntries", "itemCategories", "items", "journals", "paymentMethods", "paymentTerms", "purchaseInvoices"),
    *("salesCreditMemos", "salesInvoices", "salesOrders", "salesQuotes", "shipmentMethods", "unitsOfMeasure", "vendors"),
}
_RESOURCE = re.compile(r"companies\(([0-9a-f-]{36})\)/(\w+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Subscription:
    """``table`` is told to ``address`` until ``expires_at``."""

    id: str
    table: str
    address: str
    expires_at: datetime | None


class Subscriptions:
    """Those of one company. ``root_of`` gives the address of a route ("v2.0" or "custom") without a slash at its end."""

    def __init__(self, http: Http, company: str, root_of: Callable[[str], str]) -> None:
        self._http, self._company, self._root_of = http, company, root_of

    def listed(self, routes: Iterable[str]) -> list[Subscription]:
        """All subscriptions of the company that the system knows, one request per route. Raises RunError, RetryLater."""
        rows = [row for route in routes for row in self._rows(route)]
        return [one for one in map(self._read, rows) if one is not None]

    def subscribe(self, table: Table, address: str, secret: str) -> Subscription:
        """Asks for notifications of a table; the system calls ``address`` before it answers.

        Raises RunError ``webhook`` with the system's words, LostAnswer (it may be in :meth:`listed` then), RetryLater.
        """
        resource = f"/{_pages(self._root_of(table.route))}/companies({self._company})/{table.name}"
        body = {"notificationUrl": address, "resource": resource, "clientState": secret}
        answer = self._send("POST", f"{self._root_of(table.route)}/subscriptions", body)
        return self._made(answer, table)

    def renew(self, table: Table, key: str, address: str, secret: str) -> Subscription | None:
        """Keeps a subscription for another :data:`LONGEST_DAYS`; None where the system does not know it any more. Raises as above."""
        answer = self._send("PATCH", self._one(table.route, key), {"notificationUrl": address, "clientState": secret})
        return None if answer.status == 404 else self._made(answer, table)

    def remove(self, route: str, key: str) -> None:
        """Ends a subscription; one that is gone already is no error. Raises RunError, RetryLater."""
        answer = self._http.send("DELETE", self._one(route, key), repeat=Repeat.ANSWERED, headers={"If-Match": "*"})
        if not answer.ok and answer.status != 404:
            raise refused_read(fault_of(answer), system=self._http.name)

    def _one(self, route: str, key: str) -> str:
        quoted = key.replace("'", "''")
        return f"{self._root_of(route)}/subscriptions('{quoted}')"

    def _rows(self, route: str) -> list[dict[str, Any]]:
        answer = self._http.send("GET", f"{self._root_of(route)}/subscriptions", repeat=Repeat.ALWAYS)
        if not answer.ok:
            raise refused_read(fault_of(answer), system=self._http.name)
        rows = answer.document.get("value") if isinstance(answer.document, dict) else None
        return rows if isinstance(rows, list) else []

    def _send(self, method: str, url: str, body: dict[str, str]) -> Answer:
        headers = JSON_BODY | ({"If-Match": "*"} if method == "PATCH" else {})
        repeat = Repeat.ANSWERED if method == "PATCH" else Repeat.REFUSED
        return self._http.send(method, url, repeat=repeat, headers=headers, body=to_json(body).encode())

    def _made(self, answer: Answer, table: Table) -> Subscription:
        made = self._read(answer.document) if answer.ok and isinstance(answer.document, dict) else None
        if made is None:
            fault = fault_of(answer)
            if fault.status in {401, 403}:
                raise refused_read(fault, system=self._http.name)
            raise RunError("webhook", f"{self._http.name} does not tell of changes of {table.label or table.name}: {fault.words}")
        return made

    def _read(self, row: dict[str, Any]) -> Subscription | None:
        """None for what is of another company."""
        found = _RESOURCE.search(str(row.get("resource") or ""))
        if found is None or found[1].lower() != self._company:
            return None
        expires = moment_or_none(row.get("expirationDateTime"))
        return Subscription(str(row.get("subscriptionId") or ""), found[2], str(row.get("notificationUrl") or ""), expires)


def can_be_subscribed(table: Table) -> bool:
    """Whether a table of Business Central may be subscribed to at all; the system may refuse it nevertheless."""
    return table.route == "custom" or table.name in _COVERED


def _pages(root: str) -> str:
    """``api/v2.0`` of the address of a route."""
    return root[root.rindex("/api/") + 1 :]
