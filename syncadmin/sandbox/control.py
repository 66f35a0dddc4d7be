"""The control pages of the sandbox under ``/_sandbox/`` (commands.md, section 3): for tests and measurements, never counted.

Beyond commands.md: ``GET|POST settings`` (the fields of Settings: page sizes, limits, switches), ``POST companies {"name"}``,
``POST keys {"table", "attributes"}`` (an alternate key), ``GET|DELETE webhooks``, ``POST webhooks/send`` (notifications gathered so far),
``values`` in commit-late, ``repeat`` in delta, ``seconds`` in tokens (how long new ones last).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .bc_address import company_row
from .definition_rows import key_setting
from .ids import COMPANY_NAME
from .load import add_company, fill, load_business_central
from .messages import ApiError, Request, Response
from .schema import BUSINESS_CENTRAL, SALES, Entity, by_logical_name, entities
from .store import Row, etag_of
from .text import fold

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
            ("POST", "delta"): self._delta,
            ("POST", "rate"): self._rate,
            ("POST", "commit-late"): self._commit_late,
            ("GET", "webhooks"): lambda _: application.webhooks.listed(),
            ("POST", "webhooks"): self._webhooks,
            ("DELETE", "webhooks"): lambda _: application.webhooks.remove_all(),
            ("POST", "webhooks/send"): lambda _: application.notifications.send_all(),
            ("POST", "keys"): self._keys,
        }

    def handle(self, request: Request) -> Response:
        """JSON in, JSON out; 204 where there is nothing to say, 400 with the reason for input that makes no sense."""
        page = self._pages.get((request.method, request.path.removeprefix("/_sandbox/").strip("/")))
        if page is None:
            return _answer(404, {"error": f"There is no control page {request.method} {request.path}."})
        try:
            result = page(json.loads(request.body) if request.body else {})
        except (ApiError, KeyError, TypeError, ValueError) as error:
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
        self.application.settings.restore()
        self.application.clock.offset_seconds.update({BUSINESS_CENTRAL: 0.0, SALES: 0.0})

    def _tokens(self, body: dict[str, Any]) -> None:
        if "seconds" in body:
            self.application.settings.token_seconds = int(body["seconds"])
        if body.get("expire"):
            self.application.sign_in.expire_all()

    def _companies(self, body: dict[str, Any]) -> dict[str, str]:
        return {"id": add_company(self.application.store, str(body["name"]))}

    def _payment(self, body: dict[str, Any]) -> dict[str, Any]:
        """Books ``amount`` on the invoice, or with ``unapply`` takes back all that was paid."""
        store, invoices = self.application.store, entities(BUSINESS_CENTRAL)["salesInvoices"]
        documents = self.application.business_central.writer.documents
        with store.transaction():
            row = store.first(invoices, {"number": str(body["invoice"])})
            if row is None or row["status"] not in ("Open", "Paid") or (row["status"] == "Paid" and not body.get("unapply")):
                raise ValueError(f"There is no open invoice {body['invoice']}.")
            if body.get("unapply"):
                documents.unapply(row)
            else:
                documents.pay(row, _payable(float(body["amount"]), row))
            paid = store.get(invoices, row["id"]) or row
        return {"invoice": paid["number"], "status": paid["status"], "remainingAmount": paid["remainingAmount"]}

    def _delta(self, body: dict[str, Any]) -> None:
        """``expire`` refuses all delta links given so far; ``repeat`` lets the next so many deltas come once more."""
        if body.get("expire"):
            self.application.dataverse.tracking.expire()
        self.application.settings.delta_repeat = int(body.get("repeat", 0))

    def _rate(self, body: dict[str, Any]) -> dict[str, Any]:
        """``rate`` is the local currency's amount for one unit of the currency, valid from today."""
        store, known = self.application.store, entities(BUSINESS_CENTRAL)
        company = self._company(body)
        code, rate = str(body["currency"]).upper(), float(body["rate"])
        if rate <= 0 or store.first(known["currencies"], {"_company": company, "code": code}) is None:
            raise ValueError(f"There is no currency '{code}', or the rate {rate:g} is not greater than zero.")
        rates, today = known["currencyExchangeRates"], self.application.clock.today(BUSINESS_CENTRAL)
        with store.transaction():
            old = store.first(rates, {"_company": company, "currencyCode": code, "startingDate": today})
            if old:
                store.delete(rates, old["id"], company=company)
            row = {"_company": company, "currencyCode": code, "startingDate": today}
            load_business_central(store, {rates.name: [{**row, "exchangeRateAmount": 1.0, "relationalExchangeRateAmount": rate}]})
        return {"currency": code, "startingDate": today, "rate": rate}

    def _commit_late(self, body: dict[str, Any]) -> dict[str, str]:
        """The row gets a stamp of ``seconds`` ago and a new etag, as after a long transaction; ``values`` are changed along with it."""
        store, name, key = self.application.store, str(body["entity"]), str(body["key"])
        system = BUSINESS_CENTRAL if name in entities(BUSINESS_CENTRAL) and body.get("system") != SALES else SALES
        entity = entities(system)[name]
        if not entity.modified:
            raise ValueError(f"'{name}' has no stamp.")
        row = store.get(entity, key.lower()) or self._by_name(entity, key, body)
        if row is None:
            raise ValueError(f"There is no row '{key}' in '{name}'.")
        if not set(body.get("values", {})) <= set(entity.properties):
            raise ValueError(f"'values' has names that are no properties of '{name}'.")
        stamp = self.application.clock.stamp(system, ago_seconds=float(body["seconds"]))
        version = store.next_version()
        versions = {"versionnumber": version} if system == SALES else {"_version": version, "_etag": etag_of(version)}
        with store.transaction():
            values = {**body.get("values", {}), entity.modified: stamp, **versions}
            store.update(entity, row[entity.key], values, company=str(row.get("_company", "")))
        return {"id": row[entity.key], entity.modified: stamp}

    def _by_name(self, entity: Entity, key: str, body: dict[str, Any]) -> Row | None:
        """By business key in Business Central, by primary name or number in Sales."""
        if entity.system == BUSINESS_CENTRAL:
            return self.application.store.first(entity, {"_company": self._company(body), entity.business_key[0]: key})
        names = [name for name in (entity.primary_name, "accountnumber", "productnumber", "isocurrencycode") if name in entity.properties]
        found = (self.application.store.first(entity, {name: fold(key)}) for name in names)
        return next((row for row in found if row), None)

    def _company(self, body: dict[str, Any]) -> str:
        """The id of the company that the body names, else of the first one."""
        row = company_row(self.application.store, str(body.get("company", COMPANY_NAME)))
        return str(row["id"])

    def _webhooks(self, body: dict[str, Any]) -> dict[str, str]:
        return {"id": self.application.webhooks.register(str(body["table"]), str(body["address"]), str(body.get("secret", "")))}

    def _keys(self, body: dict[str, Any]) -> None:
        """Makes an alternate key of a Sales table: ``{"table": "account", "attributes": ["accountnumber"]}``."""
        entity = by_logical_name(str(body["table"])) or entities(SALES)[str(body["table"])]
        columns = [str(name) for name in body["attributes"]]
        if not columns or not set(columns) <= set(entity.properties):
            raise ValueError(f"'{columns}' are no columns of {entity.type_name}.")
        self.application.store.keep_setting(*key_setting(entity, columns))


def _payable(amount: float, invoice: Row) -> float:
    if not 0 < amount <= invoice["remainingAmount"]:
        raise ValueError(f"The amount must be more than 0 and at most the open {invoice['remainingAmount']:g}.")
    return amount


def _answer(status: int, document: Any) -> Response:
    return Response(status, json.dumps(document).encode(), {"Content-Type": "application/json"})
