"""Signing in with a certificate (web-apis.md, section 1, Client assertion)."""

from __future__ import annotations

import base64
import datetime
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from syncadmin.sandbox.server import Sandbox
from tests.sandbox.client import token

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate(key: rsa.RSAPrivateKey = KEY) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sync-admin")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    return made.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1)).sign(key, SHA256())


CERTIFICATE = certificate()


def thumbprint(algorithm: HashAlgorithm) -> str:
    return base64.urlsafe_b64encode(CERTIFICATE.fingerprint(algorithm)).decode()


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox in which the certificate is registered."""
    path = tmp_path / "client.pem"
    path.write_bytes(CERTIFICATE.public_bytes(Encoding.PEM))
    with Sandbox(port=0, data="empty", certificate=str(path)) as running:
        yield running


def signed_in(sandbox: Sandbox, *, key: rsa.RSAPrivateKey = KEY, headers: dict[str, str] | None = None, **claims: Any) -> Any:
    address = f"{sandbox.url}/sandbox/oauth2/v2.0/token"
    known = {"aud": address, "iss": "sync-admin", "sub": "sync-admin", "jti": str(uuid.uuid4()), "exp": time.time() + 600}
    head = headers or {"alg": "PS256", "x5t#S256": thumbprint(SHA256())}
    text = jwt.encode({**known, **claims}, key, algorithm=head["alg"], headers=head)
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    return token(sandbox, client_secret="", client_assertion=text, client_assertion_type=kind)


def test_a_signed_assertion_gives_a_token(guarded: Sandbox) -> None:
    assert signed_in(guarded).status_code == 200


def test_the_older_algorithm_with_the_older_thumbprint_is_taken(guarded: Sandbox) -> None:
    assert signed_in(guarded, headers={"alg": "RS256", "x5t": thumbprint(SHA1())}).status_code == 200


@pytest.mark.parametrize("claims", [{"aud": "https://elsewhere.example"}, {"sub": "someone"}, {"exp": 1}, {"nbf": time.time() + 9999}])
def test_claims_that_do_not_fit_are_refused(guarded: Sandbox, claims: dict[str, Any]) -> None:
    answer = signed_in(guarded, **claims)
    assert (answer.status_code, answer.json()["error"], answer.json()["error_codes"]) == (401, "invalid_client", [700027])


def test_another_key_is_refused(guarded: Sandbox) -> None:
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert signed_in(guarded, key=stranger).status_code == 401


def test_without_a_registered_certificate_no_assertion_is_taken(sandbox: Sandbox) -> None:
    assert signed_in(sandbox).json()["error_codes"] == [700027]
