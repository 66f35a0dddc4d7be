"""Sign-in with client credentials, secret or certificate (web-apis.md section 1), as an authorization for ``requests``."""

from __future__ import annotations

import base64
import time
import uuid
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from threading import Lock
from typing import Any
from urllib.parse import urlencode

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from syncadmin.connectors.http import Answer, Http, Limits, PreparedRequest, Repeat, Response
from syncadmin.sync.errors import RunError

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Credential:
    """Who signs in where, and for what. ``certificate`` is a PEM text with certificate and private key; it wins over the secret."""

    token_address: str
    client_id: str
    scope: str
    secret: str = field(default="", repr=False)
    certificate: str = field(default="", repr=False)


class SignIn:
    """Bearer tokens of one credential: fetched when needed, renewed before they end and once after a 401; safe for threads.

    Raises RunError ``sign-in`` with the token service's reason, RetryLater when the token service is out of reach.
    """

    def __init__(self, credential: Credential, *, limits: Limits | None = None) -> None:
        self._credential = credential
        self._http = Http("The sign-in service", headers={"Accept": "application/json"}, limits=limits)
        self._lock = Lock()
        self._token = ""
        self._renew_at = 0.0

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._valid()}"
        request.register_hook("response", self._renewed_once)  # type: ignore[no-untyped-call]
        return request

    def prove(self) -> None:
        """Signs in anew, whatever token is at hand: a secret that was changed or has expired is noticed now."""
        with self._lock:
            self._fetch()

    def _renewed_once(self, response: Response, **options: Any) -> Response:
        if response.status_code != 401:
            return response
        response.content  # noqa: B018 (reads the body to its end, which frees the connection)
        response.close()
        again = response.request.copy()
        refused = str(again.headers["Authorization"]).removeprefix("Bearer ")
        again.headers["Authorization"] = f"Bearer {self._valid(refused)}"
        answer: Response = response.connection.send(again, **options)
        answer.history.append(response)
        answer.request = again
        return answer

    def _valid(self, refused: str = "") -> str:
        with self._lock:
            if not self._token or self._token == refused or time.monotonic() >= self._renew_at:
                self._fetch()
            return self._token

    def _fetch(self) -> None:
        self._token = ""
        body = urlencode(self._form()).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self._http.send("POST", self._credential.token_address, repeat=Repeat.ALWAYS, headers=headers, body=body)
        document = answer.document if isinstance(answer.document, dict) else {}
        if not answer.ok or "access_token" not in document:
            raise self._refusal(answer, document)
        seconds = float(document.get("expires_in", 0))
        self._token = str(document["access_token"])
        self._renew_at = time.monotonic() + seconds - min(300.0, seconds / 10)

    def _form(self) -> dict[str, str]:
        credential = self._credential
        form = {"grant_type": "client_credentials", "client_id": credential.client_id, "scope": credential.scope}
        if credential.certificate:
            return form | {"client_assertion_type": _ASSERTION_TYPE, "client_assertion": assertion(credential)}
        return form | {"client_secret": credential.secret}

    def _refusal(self, answer: Answer, document: dict[str, Any]) -> RunError:
        reason = str(document.get("error_description") or document.get("error") or f"HTTP {answer.status}")
        reason = reason.splitlines()[0].split(" Trace ID:")[0].strip()
        if self._credential.secret:
            reason = reason.replace(self._credential.secret, "…")
        return RunError(
            "sign-in",
            f"The sign-in of client {self._credential.client_id} at {self._credential.token_address} was refused: {reason} "
            "Check tenant, client id and secret or certificate in the system's settings.",
        )


def assertion(credential: Credential) -> str:
    """The signed statement that stands for a secret: PS256 with the certificate's SHA-256 thumbprint, valid for five minutes.

    Raises RunError ``sign-in`` when the PEM text holds no certificate with its RSA private key.
    """
    key, thumbprint = _key_and_thumbprint(credential.certificate)
    now = int(time.time())
    claims = {
        "aud": credential.token_address,
        "iss": credential.client_id,
        "sub": credential.client_id,
        "jti": str(uuid.uuid4()),
        "iat": now,
        "nbf": now,
        "exp": now + _ASSERTION_SECONDS,
    }
    return jwt.encode(claims, key, algorithm="PS256", headers={"x5t#S256": thumbprint})


def end_of_certificate(pem: str) -> date:
    """The last day of the certificate in a PEM text; raises RunError ``sign-in`` as :func:`assertion` does."""
    _key_and_thumbprint(pem)
    return x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc.date()


def _key_and_thumbprint(pem: str) -> tuple[RSAPrivateKey, str]:
    wanted = "Paste a PEM text with the certificate and its RSA private key without passphrase."
    try:
        key = load_pem_private_key(pem.encode(), password=None)
        certificate = x509.load_pem_x509_certificate(pem.encode())
    except (ValueError, TypeError) as error:
        raise RunError("sign-in", f"The certificate in the system's settings cannot be read. {wanted}") from error
    if not isinstance(key, RSAPrivateKey):
        raise RunError("sign-in", f"The private key in the system's settings is no RSA key. {wanted}")
    digest = sha256(certificate.public_bytes(Encoding.DER)).digest()
    return key, base64.urlsafe_b64encode(digest).decode().rstrip("=")


_SIGN_INS: dict[Credential, SignIn] = {}
_SIGN_INS_LOCK = Lock()


def sign_in(credential: Credential) -> SignIn:
    """The process's one sign-in of a credential, so that connectors share its token."""
    with _SIGN_INS_LOCK:
        if credential not in _SIGN_INS:
            _SIGN_INS[credential] = SignIn(credential)
        return _SIGN_INS[credential]
