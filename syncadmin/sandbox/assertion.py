"""Client assertions: the signed text with which a client shows that it holds the key of its certificate (web-apis.md, section 1)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate as X509
from cryptography.x509 import load_pem_x509_certificate

_LONGEST_SECONDS = 24 * 3600
_SKEW_SECONDS = 300


class AssertionRefused(Exception):
    """The assertion is not accepted; the message says why."""


class Certificate:
    """A registered certificate. ``path`` is a PEM file; raises ValueError for one without RSA key."""

    def __init__(self, path: str) -> None:
        self._certificate: X509 = load_pem_x509_certificate(Path(path).read_bytes())
        key = self._certificate.public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            raise ValueError(f"The certificate in {path} has no RSA key.")
        self._key = key
        der = self._certificate.public_bytes(Encoding.DER)
        self._thumbprints = {"x5t#S256": hashlib.sha256(der).digest(), "x5t": hashlib.sha1(der).digest()}  # noqa: S324 - the wire's name for it

    def check(self, assertion: str, *, client: str, audience: str, now: float) -> None:
        """Raises AssertionRefused unless the assertion is this certificate's, for this client and address, and in time."""
        try:
            head, body, signature = assertion.split(".")
            header, claims = json.loads(_decoded(head)), json.loads(_decoded(body))
            self._check_signature(header, f"{head}.{body}".encode(), _decoded(signature))
        except (ValueError, binascii.Error) as error:
            raise AssertionRefused("it cannot be read") from error
        self._check_claims(claims, client=client, audience=audience, now=now)

    def _check_signature(self, header: dict[str, Any], signed: bytes, signature: bytes) -> None:
        given = next((name for name in self._thumbprints if name in header), "")
        if not given or _decoded(str(header[given])) != self._thumbprints[given]:
            raise AssertionRefused("the thumbprint is not that of the registered certificate")
        algorithm = header.get("alg")
        try:
            if algorithm == "PS256":
                self._key.verify(signature, signed, padding.PSS(padding.MGF1(SHA256()), padding.PSS.DIGEST_LENGTH), SHA256())
            elif algorithm == "RS256":
                self._key.verify(signature, signed, padding.PKCS1v15(), SHA256())
            else:
                raise AssertionRefused(f"the algorithm {algorithm} is not allowed")
        except InvalidSignature as error:
            raise AssertionRefused("the signature is wrong") from error

    @staticmethod
    def _check_claims(claims: dict[str, Any], *, client: str, audience: str, now: float) -> None:
        if claims.get("iss") != client or claims.get("sub") != client:
            raise AssertionRefused("issuer and subject must be the client id")
        if claims.get("aud") != audience:
            raise AssertionRefused(f"the audience must be {audience}")
        expires = claims.get("exp")
        if not isinstance(expires, int | float) or not now - _SKEW_SECONDS < expires < now + _LONGEST_SECONDS:
            raise AssertionRefused("it is expired or lives too long")
        begins = claims.get("nbf", now)
        if not isinstance(begins, int | float) or begins > now + _SKEW_SECONDS:
            raise AssertionRefused("it is not valid yet")
        if not claims.get("jti"):
            raise AssertionRefused("it has no jti")


def _decoded(text: str) -> bytes:
    """base64url with or without padding."""
    return base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
