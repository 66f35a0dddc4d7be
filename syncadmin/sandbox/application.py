"""The two systems, the sign-in and the control pages behind one door: from a request to its answer, faults and limits included."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace

from .assertion import Certificate
from .bc_notifications import Notifications
from .business_central import BusinessCentral
from .clock import Clock
from .control import Control
from .dataverse import Dataverse
from .dv_webhooks import DataverseWebhooks
from .faults import SIGN_IN, Fault, Faults
from .load import fill, is_empty
from .messages import ApiError, Request, Response, business_central_error, dataverse_error, json_response
from .oauth import SignIn
from .outbox import Outbox
from .schema import BUSINESS_CENTRAL, SALES
from .settings import Settings
from .stats import Stats
from .store import Store
from .throttle import Throttle


class Disconnect(Exception):
    """The connection is to be cut without an answer."""


class Application:
    """``store`` is a file to keep the rows in (None: memory); ``certificate`` a PEM file registered for both clients."""

    def __init__(self, *, data: str, store: str | None, custom_pages: bool, certificate: str | None) -> None:
        self.clock = Clock()
        self.settings = Settings()
        self.stats = Stats()
        self.faults = Faults()
        self.store = Store(store, self.clock)
        if is_empty(self.store):
            fill(self.store, data)
        self.sign_in = SignIn(self.settings, self.clock, Certificate(certificate) if certificate else None)
        self.throttle = Throttle(self.settings)
        self.business_central = BusinessCentral(self.store, self.settings, self.clock, self.stats, custom_pages=custom_pages)
        self.dataverse = Dataverse(self.store, self.settings, self.clock, self.stats)
        self.outbox = Outbox(self.faults)
        self.webhooks = DataverseWebhooks(self.store, self.settings, self.clock, self.outbox, self.dataverse.registration)
        self.notifications = Notifications(self.store, self.settings, self.clock, self.outbox, self.faults)
        self.store.listeners += [self.webhooks.changed, self.notifications.changed]
        self.control = Control(self)

    def close(self) -> None:
        self.outbox.close()
        self.store.close()

    def answer(self, request: Request) -> Response:
        """Raises Disconnect where a fault cuts the line."""
        if request.path.startswith("/_sandbox/"):
            return self.control.handle(request)
        system = _system_of(request.path)
        if system in (BUSINESS_CENTRAL, SALES):
            self.stats.count_request(system, request.method, request.path)
        fault = self.faults.next_for(system, request.method, f"{request.path}?{request.query}" if request.query else request.path)
        if fault is None:
            return self._served(request, system)
        return self._failed(request, system, fault)

    def _served(self, request: Request, system: str) -> Response:
        if system == SIGN_IN:
            return self._signed_in(request)
        refuse = business_central_error if system == BUSINESS_CENTRAL else dataverse_error
        serve = self.business_central.handle if system == BUSINESS_CENTRAL else self.dataverse.handle
        try:
            _check_content_type(request, system)
            caller = self.sign_in.caller(request, system)
            headers = self.throttle.enter(system, caller.user_id)
        except ApiError as error:
            return refuse(error)
        try:
            response = serve(replace(request, caller=caller))
        finally:
            self.throttle.leave(system, caller.user_id)
        response.headers.update(headers)
        if system == SALES:
            response.headers["x-ms-service-request-id"] = str(uuid.uuid4())
        return response

    def _failed(self, request: Request, system: str, fault: Fault) -> Response:
        if fault.kind == "delay":
            time.sleep(fault.seconds)
            return self._served(request, system)
        if fault.kind == "disconnect":
            raise Disconnect
        if fault.kind == "apply-then-disconnect":
            self._served(request, system)
            raise Disconnect
        if fault.kind == "empty":
            return json_response(200, '{"value":[]}', {})
        time.sleep(fault.seconds)
        return _failure(system, fault)

    def _signed_in(self, request: Request) -> Response:
        tenant, _, rest = request.path.strip("/").partition("/")
        if rest == "oauth2/v2.0/token" and request.method == "POST":
            return self.sign_in.token(request, tenant)
        if rest == "v2.0/.well-known/openid-configuration" and request.method == "GET":
            return self.sign_in.configuration(request, tenant)
        return Response(404, b"", {})


def _system_of(path: str) -> str:
    if path.startswith("/api/data/"):
        return SALES
    return BUSINESS_CENTRAL if path.startswith("/v2.0/") else SIGN_IN


def _check_content_type(request: Request, system: str) -> None:
    given = request.header("content-type").lower()
    if request.body and not given.startswith(("application/json", "multipart/mixed")):
        text = f"The content type '{given}' is not supported; a body is application/json."
        raise ApiError(415, "0x80048d19" if system == SALES else "BadRequest", text)


def _failure(system: str, fault: Fault) -> Response:
    headers = {}
    if fault.retry_after is not None:
        wait = fault.retry_after * (2 ** (fault.hit - 1) if fault.growing else 1)
        headers["Retry-After"] = f"{wait:g}"
    codes = _CODES.get(fault.status, ("0x80040216", "Unknown"))
    code = fault.code or codes[0 if system == SALES else 1]
    error = ApiError(fault.status, code, f"A failure with status {fault.status} was ordered for this request.", headers)
    return dataverse_error(error) if system == SALES else business_central_error(error)


_CODES = {
    401: ("0x80040220", "Authentication_InvalidCredentials"),
    403: ("0x80040220", "Authorization_RequestDenied"),
    409: ("0x80060882", "Request_EntityChanged"),
    412: ("0x80060882", "Request_EntityChanged"),
    429: ("0x80072322", "Application_TooManyRequests"),
    502: ("0x8005F103", "Internal_ServerError"),
    503: ("0x8005F103", "Internal_TenantUnavailable"),
    504: ("0x80044151", "Internal_ServerError"),
}
