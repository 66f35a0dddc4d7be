"""The control pages of the sandbox under ``/_sandbox/`` (commands.md, section 3): for tests and measurements, never counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .load import add_company, fill
from .messages import Request, Response
from .schema import BUSINESS_CENTRAL, entities

if TYPE_CHECKING:
    from .application import Application


class Control:
    def __init__(self, application: Application) -> None:
        self.application = application
        self._pages: dict[tuple[str, str], Callable[[Any], Any]] = {
            ("GET", "stats"): lambda _: application.stats.as_json(),
            ("POST", "stats/reset"): lambda _: application.stats.reset(),
            ("POST", "clock"): self._clock,
            ("GET", "faults"): lambda _: application.faults.as_json(),
            ("POST", "faults"): self._faults,
            ("DELETE", "faults"): lambda _: application.faults.clear(),
            ("POST", "reset"): self._reset,
            ("POST", "tokens"): self._tokens,
            ("GET", "settings"): lambda _: vars(application.settings),
            ("POST", "settings"): application.settings.change,
            ("POST", "companies"): self._companies,
            ("POST", "payment"): self._payment,
        }

    def handle(self, request: Request) -> Response:
        """JSON in, JSON out; 204 where there is nothing to say, 400 with the reason for input that makes no sense."""
        page = self._pages.get((request.method, request.path.removeprefix("/_sandbox/").strip("/")))
        if page is None:
            return _answer(404, {"error": f"There is no control page {request.method} {request.path}."})
        try:
            result = page(json.loads(request.body) if request.body else {})
        except (KeyError, TypeError, ValueError) as error:
            return _answer(400, {"error": f"{type(error).__name__}: {error}"})
        return Response(204) if result is None else _answer(200, result)

    def _clock(self, body: dict[str, Any]) -> dict[str, float]:
        offsets = self.application.clock.offset_seconds
        for system in [body["system"]] if "system" in body else list(offsets):
            if system not in offsets:
                raise ValueError(f"There is no system '{system}'.")
            offsets[system] = float(body["offset_seconds"])
        return offsets

    def _faults(self, body: Any) -> list[dict[str, Any]]:
        self.application.faults.add(body if isinstance(body, list) else [body])
        return self.application.faults.as_json()

    def _reset(self, body: dict[str, Any]) -> None:
        with self.application.store.transaction():
            self.application.store.clear()
            fill(self.application.store, body.get("data", "demo"))
        self.application.faults.clear()
        self.application.stats.reset()

    def _tokens(self, body: dict[str, Any]) -> None:
        if "seconds" in body:
            self.application.settings.token_seconds = int(body["seconds"])
        if body.get("expire"):
            self.application.sign_in.expire_all()

    def _companies(self, body: dict[str, Any]) -> dict[str, str]:
        return {"id": add_company(self.application.store, str(body["name"]))}

    def _payment(self, body: dict[str, Any]) -> dict[str, Any]:
        store, invoices = self.application.store, entities(BUSINESS_CENTRAL)["salesInvoices"]
        with store.transaction():
            row = store.first(invoices, {"number": str(body["invoice"])})
            if row is None or row["status"] != "Open":
                raise ValueError(f"There is no open invoice {body['invoice']}.")
            amount = float(body["amount"])
            if not 0 < amount <= row["remainingAmount"]:
                raise ValueError(f"The amount must be more than 0 and at most the open {row['remainingAmount']:g}.")
            self.application.business_central.writer.documents.pay(row, amount)
            paid = store.get(invoices, row["id"]) or row
        return {"invoice": paid["number"], "status": paid["status"], "remainingAmount": paid["remainingAmount"]}


def _answer(status: int, document: Any) -> Response:
    return Response(status, json.dumps(document).encode(), {"Content-Type": "application/json"})
