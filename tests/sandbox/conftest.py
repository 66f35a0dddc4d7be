"""Sandboxes for the tests: each test has one of its own, in memory, on a free port."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from syncadmin.sandbox.server import Sandbox
from tests.sandbox.client import BUSINESS_CENTRAL, COMPANY, CUSTOM, SALES, Client
from tests.sandbox.receiver import Receiver, listening


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(port=0, data="empty") as running:
        yield running


@pytest.fixture
def sales(sandbox: Sandbox) -> Client:
    return Client(sandbox, SALES)


@pytest.fixture
def standard(sandbox: Sandbox) -> Client:
    """API v2.0 within the company."""
    return Client(sandbox, BUSINESS_CENTRAL + COMPANY)


@pytest.fixture
def custom(sandbox: Sandbox) -> Client:
    """The custom pages within the company."""
    return Client(sandbox, CUSTOM + COMPANY)


@pytest.fixture
def control(sandbox: Sandbox) -> Control:
    return Control(sandbox)


class Control:
    """The control pages; every call must succeed."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.root = f"{sandbox.url}/_sandbox/"

    def post(self, page: str, body: object) -> object:
        answer = requests.post(self.root + page, json=body, timeout=10)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def get(self, page: str) -> dict[str, dict[str, object]]:
        return requests.get(self.root + page, timeout=10).json()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as running:
        yield running
