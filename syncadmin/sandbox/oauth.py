"""The sign-in service: client credentials with secret or certificate, tokens that expire (web-apis.md, section 1)."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import threading
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote

from .assertion import AssertionRefused, Certificate
from .bc_address import TENANT
from .clock import Clock
from .ids import INTEGRATION_USER_ID, SOMEONE_USER_ID
from .messages import ApiError, Caller, Request, Response
from .schema import BUSINESS_CENTRAL, SALES
from .settings import Settings

CLIENTS = {"sync-admin": INTEGRATION_USER_ID, "someone": SOMEONE_USER_ID}
_SECRET = "sandbox"  # noqa: S105 - the published secret of the sandbox
_BUSINESS_CENTRAL_RESOURCE = "https://api.businesscentral.dynamics.com"
_JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True)
class Token:
    client: str
    systems: frozenset[str]
    expires: float


class SignInError(Exception):
    def __init__(self, status: int, error: str, number: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.error = error
        self.number = number


class SignIn:
    """Gives tokens and knows them again. ``certificate`` is the one registered for the clients, None for none."""

    def __init__(self, settings: Settings, clock: Clock, certificate: Certificate | None) -> None:
        self.settings = settings
        self.clock = clock
        self.certificate = certificate
        self._tokens: dict[str, Token] = {}
        self._lock = threading.Lock()

    def token(self, request: Request, tenant: str) -> Response:
        """The answer of ``POST /{tenant}/oauth2/v2.0/token``."""
        try:
            if tenant != TENANT:
                raise SignInError(400, "invalid_request", 90002, f"Tenant '{tenant}' not found.")
            fields = self._fields(request)
            client = self._client(request, fields)
            token = Token(client, self._systems(request, fields), self._time() + self.settings.token_seconds)
        except SignInError as refusal:
            return _refused(refusal)
        return self._granted(token)

    def configuration(self, request: Request, tenant: str) -> Response:
        """The discovery document that client libraries read first."""
        root = f"{request.base}/{tenant}"
        document = {
            "token_endpoint": f"{root}/oauth2/v2.0/token",
            "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
            "issuer": f"{root}/v2.0",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic", "private_key_jwt"],
        }
        return Response(200, json.dumps(document).encode(), {"Content-Type": "application/json; charset=utf-8"})

    def caller(self, request: Request, system: str) -> Caller:
        """Who sent the request; raises ApiError (401) as the system does."""
        scheme, _, text = request.header("authorization").partition(" ")
        token = self._tokens.get(text.strip()) if scheme.lower() == "bearer" else None
        if token is None or token.expires <= self._time() or system not in token.systems:
            raise _unauthorized(request, system)
        return Caller(token.client, CLIENTS[token.client])

    def expire_all(self) -> None:
        with self._lock:
            self._tokens.clear()

    def _fields(self, request: Request) -> dict[str, str]:
        fields = {name: values[-1] for name, values in parse_qs(request.body.decode("utf-8", "replace"), keep_blank_values=True).items()}
        if "client_id" not in fields and (basic := _basic(request)):
            fields["client_id"] = basic[0]
        for name in ("client_id", "grant_type", "scope"):
            if not fields.get(name):
                raise SignInError(400, "invalid_request", 900144, f"The request body must contain the following parameter: '{name}'.")
        if fields["grant_type"] != "client_credentials":
            raise SignInError(400, "unsupported_grant_type", 70003, f"Unsupported grant type '{fields['grant_type']}'.")
        return fields

    def _client(self, request: Request, fields: dict[str, str]) -> str:
        client = fields["client_id"]
        if client not in CLIENTS:
            text = f"Application with identifier '{client}' was not found in the directory '{TENANT}'."
            raise SignInError(400, "unauthorized_client", 700016, text)
        if "client_assertion" in fields:
            self._check_assertion(request, client, fields)
            return client
        basic = _basic(request)
        secret = basic[1] if basic else fields.get("client_secret")
        if secret is None:
            text = "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type."
            raise SignInError(401, "invalid_client", 7000216, text)
        if not secrets.compare_digest(secret.encode(), _SECRET.encode()):
            raise SignInError(401, "invalid_client", 7000215, f"Invalid client secret provided for app '{client}'.")
        return client

    def _check_assertion(self, request: Request, client: str, fields: dict[str, str]) -> None:
        try:
            if fields.get("client_assertion_type") != _JWT_BEARER:
                raise AssertionRefused("the client_assertion_type is not the one for a JWT")
            if self.certificate is None:
                raise AssertionRefused("no certificate is registered on the application")
            self.certificate.check(fields["client_assertion"], client=client, audience=f"{request.base}{request.path}", now=self._time())
        except AssertionRefused as error:
            raise SignInError(401, "invalid_client", 700027, f"Client assertion failed signature validation: {error}.") from error

    def _systems(self, request: Request, fields: dict[str, str]) -> frozenset[str]:
        scope = fields["scope"].strip()
        if " " in scope or not scope.endswith("/.default"):
            raise SignInError(400, "invalid_scope", 1002012, f"The provided value for scope {scope} is not valid.")
        resource = scope.removesuffix("/.default").rstrip("/")
        if resource == _BUSINESS_CENTRAL_RESOURCE:
            return frozenset({BUSINESS_CENTRAL})
        if resource == request.base:
            return frozenset({BUSINESS_CENTRAL, SALES})
        raise SignInError(400, "invalid_resource", 500011, f"The resource principal named {resource} was not found in the tenant.")

    def _granted(self, token: Token) -> Response:
        text = secrets.token_urlsafe(48)
        with self._lock:
            self._tokens = {key: known for key, known in self._tokens.items() if known.expires > self._time()}
            self._tokens[text] = token
        seconds = self.settings.token_seconds
        body = {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": text}
        return Response(200, json.dumps(body).encode(), {"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store"})

    @staticmethod
    def _time() -> float:
        return datetime.now(UTC).timestamp()


def _basic(request: Request) -> tuple[str, str] | None:
    scheme, _, text = request.header("authorization").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(text).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise SignInError(400, "invalid_request", 9002313, "The Authorization header cannot be read.") from error
    return unquote(name), unquote(secret)


def _refused(refusal: SignInError) -> Response:
    moment = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
    text = f"AADSTS{refusal.number}: {refusal} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {moment}"
    body = {
        "error": refusal.error,
        "error_description": text,
        "error_codes": [refusal.number],
        "timestamp": moment,
        "trace_id": trace,
        "correlation_id": correlation,
    }
    return Response(refusal.status, json.dumps(body).encode(), {"Content-Type": "application/json; charset=utf-8"})


def _unauthorized(request: Request, system: str) -> ApiError:
    if system == SALES:
        where = f"Bearer authorization_uri={request.base}/{TENANT}/oauth2/authorize, resource_id={request.base}/"
        return ApiError(401, "0x80040220", "The access token is missing, expired or not for this resource.", {"WWW-Authenticate": where})
    return ApiError(401, "Authentication_InvalidCredentials", "The server has rejected the client credentials.")
