"""The sign-in service refuses what the real one refuses (web-apis.md, section 1)."""

from __future__ import annotations

import pytest
import requests

from syncadmin.sandbox.server import Sandbox
from tests.sandbox.client import BUSINESS_CENTRAL, SALES, Client, token


def test_a_token_lasts_an_hour_and_has_no_refresh_token(sandbox: Sandbox) -> None:
    body = token(sandbox).json()
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == body["ext_expires_in"] == 3599
    assert "refresh_token" not in body


@pytest.mark.parametrize(
    ("fields", "status", "error", "number"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_secret": ""}, 401, "invalid_client", 7000216),
        ({"client_id": "stranger"}, 400, "unauthorized_client", 700016),
        ({"scope": "https://api.businesscentral.dynamics.com"}, 400, "invalid_scope", 1002012),
        ({"scope": "https://elsewhere.example/.default"}, 400, "invalid_resource", 500011),
        ({"scope": ""}, 400, "invalid_request", 900144),
    ],
)
def test_refusals_carry_the_documented_error_and_number(
    sandbox: Sandbox, fields: dict[str, str], status: int, error: str, number: int
) -> None:
    answer = token(sandbox, **fields)
    body = answer.json()
    assert (answer.status_code, body["error"], body["error_codes"]) == (status, error, [number])
    assert f"AADSTS{number}" in body["error_description"]


def test_an_unknown_tenant_is_refused(sandbox: Sandbox) -> None:
    answer = requests.post(f"{sandbox.url}/elsewhere/oauth2/v2.0/token", data={}, timeout=10)
    assert answer.json()["error_codes"] == [90002]


def test_the_secret_may_come_in_a_basic_header(sandbox: Sandbox) -> None:
    form = {"grant_type": "client_credentials", "scope": f"{sandbox.url}/.default"}
    answer = requests.post(f"{sandbox.url}/sandbox/oauth2/v2.0/token", data=form, auth=("sync-admin", "sandbox"), timeout=10)
    assert answer.status_code == 200


def test_a_token_for_business_central_does_not_open_sales(sandbox: Sandbox) -> None:
    text = token(sandbox, scope="https://api.businesscentral.dynamics.com/.default").json()["access_token"]
    headers = {"Authorization": f"Bearer {text}"}
    assert requests.get(f"{sandbox.url}{BUSINESS_CENTRAL}companies", headers=headers, timeout=10).status_code == 200
    answer = requests.get(f"{sandbox.url}{SALES}WhoAmI", headers=headers, timeout=10)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer authorization_uri=")


def test_without_token_business_central_names_its_error(sandbox: Sandbox) -> None:
    answer = requests.get(f"{sandbox.url}{BUSINESS_CENTRAL}companies", timeout=10)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "Authentication_InvalidCredentials")


def test_an_expired_token_is_refused_and_a_new_one_works(sandbox: Sandbox) -> None:
    old = Client(sandbox, SALES)
    requests.post(f"{sandbox.url}/_sandbox/tokens", json={"expire": True}, timeout=10)
    assert old.get("WhoAmI").status_code == 401
    assert Client(sandbox, SALES).get("WhoAmI").status_code == 200


def test_the_two_clients_are_two_users(sandbox: Sandbox) -> None:
    users = {Client(sandbox, SALES, client_id=name).get("WhoAmI").json()["UserId"] for name in ("sync-admin", "someone")}
    assert len(users) == 2


def test_client_libraries_find_the_token_address(sandbox: Sandbox) -> None:
    answer = requests.get(f"{sandbox.url}/sandbox/v2.0/.well-known/openid-configuration", timeout=10)
    assert answer.json()["token_endpoint"] == f"{sandbox.url}/sandbox/oauth2/v2.0/token"
