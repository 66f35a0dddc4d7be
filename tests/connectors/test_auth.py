import base64
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from syncadmin.connectors.auth import Credential, SignIn, assertion, sign_in
from syncadmin.connectors.http import Http, Limits, Repeat
from syncadmin.sandbox.server import Sandbox
from syncadmin.sync.errors import RetryLater, RunError

from .conftest import business_central_of, sales_of
from .scripted import message, scripted

QUICK = Limits(connect=2, read=2, retries=1, backoff=0.0, longest_wait=1)


def token(text: str, seconds: int = 3599) -> bytes:
    return message(200, f'{{"token_type":"Bearer","expires_in":{seconds},"access_token":"{text}"}}')


def asking(server, **changes: str) -> tuple[Http, Credential]:
    credential = Credential(**{"token_address": f"{server.url}/token", "client_id": "me", "scope": "s/.default", "secret": "pst"} | changes)
    return Http("The system", authorize=SignIn(credential, limits=QUICK), limits=QUICK), credential


def pem(key) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sync")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1)).sign(key, hashes.SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return (private + made.public_bytes(Encoding.PEM)).decode()


@pytest.fixture(scope="module")
def rsa_key():
    return rsa.generate_private_key(65537, 2048)


def test_a_token_is_fetched_once_and_sent_along():
    with scripted(token("one"), message(200, "{}"), message(200, "{}")) as server:
        http, _ = asking(server)
        http.send("GET", server.url, repeat=Repeat.ALWAYS)
        http.send("GET", server.url, repeat=Repeat.ALWAYS)
        assert [headers.get("Authorization") for _, _, headers, _ in server.asked] == [None, "Bearer one", "Bearer one"]
        form = parse_qs(server.asked[0][3].decode())
    assert form == {"grant_type": ["client_credentials"], "client_id": ["me"], "scope": ["s/.default"], "client_secret": ["pst"]}


def test_a_token_is_renewed_on_the_clock():
    with scripted(token("one", 0), message(200, "{}"), token("two"), message(200, "{}")) as server:
        http, _ = asking(server)
        http.send("GET", server.url, repeat=Repeat.ALWAYS)
        http.send("GET", server.url, repeat=Repeat.ALWAYS)
        assert server.asked[3][2]["Authorization"] == "Bearer two"


def test_a_token_is_renewed_once_after_a_401_and_the_request_repeated_with_its_body():
    with scripted(token("one"), message(401), token("two"), message(200, "{}")) as server:
        http, _ = asking(server)
        assert http.send("POST", server.url, repeat=Repeat.REFUSED, body=b"row").ok
        assert server.asked[3][2]["Authorization"] == "Bearer two"
        assert server.asked[3][3] == b"row"
    assert http.traffic.requests == 2


def test_a_second_401_is_an_answer():
    with scripted(token("one"), message(401), token("two"), message(401)) as server:
        http, _ = asking(server)
        assert http.send("GET", server.url, repeat=Repeat.ALWAYS).status == 401


def test_a_refused_sign_in_says_why_without_the_secret():
    body = '{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret pst.\\r\\nTrace ID: 1"}'
    with scripted(message(401, body)) as server:
        http, _ = asking(server)
        with pytest.raises(RunError) as caught:
            http.send("GET", server.url, repeat=Repeat.ALWAYS)
    assert caught.value.code == "sign-in"
    assert "AADSTS7000215: Invalid client secret …." in caught.value.text
    assert "pst" not in caught.value.text
    assert "Trace" not in caught.value.text


def test_a_sign_in_service_that_fails_once_is_asked_again():
    with scripted(message(503), token("one"), message(200, "{}")) as server:
        http, _ = asking(server)
        assert http.send("GET", server.url, repeat=Repeat.ALWAYS).ok


def test_a_sign_in_service_that_stays_away_is_asked_later():
    with scripted(message(503), message(503)) as server:
        http, _ = asking(server)
        with pytest.raises(RetryLater):
            http.send("GET", server.url, repeat=Repeat.ALWAYS)


def test_a_certificate_signs_a_statement_that_its_public_key_proves(rsa_key):
    credential = Credential("https://login/token", "me", "s/.default", certificate=pem(rsa_key))
    claims = jwt.decode(assertion(credential), rsa_key.public_key(), algorithms=["PS256"], audience="https://login/token")
    certificate = x509.load_pem_x509_certificate(credential.certificate.encode())
    digest = sha256(certificate.public_bytes(Encoding.DER)).digest()
    assert (claims["iss"], claims["sub"], claims["exp"] - claims["iat"]) == ("me", "me", 300)
    thumbprint = jwt.get_unverified_header(assertion(credential))["x5t#S256"]
    assert base64.urlsafe_b64decode(thumbprint + "=") == digest


def test_a_certificate_wins_over_the_secret(rsa_key):
    with scripted(token("one"), message(200, "{}")) as server:
        http, _ = asking(server, certificate=pem(rsa_key))
        http.send("GET", server.url, repeat=Repeat.ALWAYS)
        form = parse_qs(server.asked[0][3].decode())
    assert form["client_assertion_type"] == ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]
    assert "client_secret" not in form


@pytest.mark.parametrize("text", ["nonsense", pem(ec.generate_private_key(ec.SECP256R1()))])
def test_a_certificate_that_cannot_sign_is_refused_without_showing_it(text):
    with pytest.raises(RunError) as caught:
        assertion(Credential("https://login/token", "me", "s", certificate=text))
    assert caught.value.code == "sign-in"
    assert text.splitlines()[0] not in caught.value.text


def test_a_credential_hides_its_secrets_and_has_one_sign_in():
    credential = Credential("https://login/token", "me", "s", secret="pst", certificate="pem")
    assert "pst" not in repr(credential)
    assert "pem" not in repr(credential)
    assert sign_in(credential) is sign_in(Credential("https://login/token", "me", "s", secret="pst", certificate="pem"))


def test_a_registered_certificate_signs_in_at_both_systems(tmp_path, rsa_key):
    text = pem(rsa_key)
    registered = tmp_path / "certificate.pem"
    registered.write_text(text[text.index("-----BEGIN CERTIFICATE") :])
    with Sandbox(port=0, data="empty", certificate=str(registered)) as server:
        for connect in (business_central_of, sales_of):
            connector = connect(server.url, client_secret="", certificate_pem=text)
            connector.check()
            connector.close()
            with pytest.raises(RunError):
                connect(server.url, client_secret="", certificate_pem=pem(rsa.generate_private_key(65537, 2048))).check()
