"""A plain HTTP client of the sandbox for these tests: who asks, which system, which headers."""

from __future__ import annotations

from typing import Any

import requests

from syncadmin.sandbox.ids import COMPANY_ID
from syncadmin.sandbox.server import Sandbox


def token(sandbox: Sandbox, **fields: str) -> requests.Response:
    """The answer of the sign-in for the integration user; ``fields`` replace its fields, an empty text leaves one out."""
    known = {"client_id": "sync-admin", "client_secret": "sandbox", "grant_type": "client_credentials", "scope": f"{sandbox.url}/.default"}
    form = {name: value for name, value in {**known, **fields}.items() if value}
    return requests.post(f"{sandbox.url}/sandbox/oauth2/v2.0/token", data=form, timeout=10)


class Client:
    """Requests to one service root, signed in."""

    def __init__(self, sandbox: Sandbox, path: str, *, client_id: str = "sync-admin") -> None:
        self.root = sandbox.url + path
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token(sandbox, client_id=client_id).json()['access_token']}"

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        """``headers`` are written with underscores: ``If_Match="*"``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = path if path.startswith("http") else self.root + path
        return self.session.request(method, url, json=body, headers=named, timeout=30)

    def get(self, path: str, **headers: str) -> requests.Response:
        return self.call("GET", path, **headers)

    def rows(self, path: str, **headers: str) -> list[dict[str, Any]]:
        answer = self.get(path, **headers)
        assert answer.status_code == 200, answer.text
        return answer.json()["value"]

    def add(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Creates a row and gives it as the server shows it."""
        answer = self.call("POST", path, body, Prefer="return=representation")
        assert answer.status_code == 201, answer.text
        return answer.json()

    def refusal(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, str]:
        """Status and error code of a request that must fail."""
        answer = self.call(method, path, body, **headers)
        assert answer.status_code >= 400, answer.text
        return answer.status_code, answer.json()["error"]["code"]


BUSINESS_CENTRAL = "/v2.0/sandbox/demo/api/v2.0/"
CUSTOM = "/v2.0/sandbox/demo/api/saleslink/sync/v1.0/"
SALES = "/api/data/v9.2/"
COMPANY = f"companies({COMPANY_ID})/"
