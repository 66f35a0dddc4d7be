"""Failures on order (commands.md, section 3; web-apis.md, section 10)."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from syncadmin.sandbox.server import Sandbox
from tests.sandbox.client import Client, token
from tests.sandbox.conftest import Control


def order(control: Control, **fault: Any) -> None:
    control.post("faults", [fault])


def test_a_status_hits_so_many_requests_after_so_many(sales: Client, control: Control) -> None:
    order(control, system="sales", method="GET", path="accounts", after=1, times=2, kind="status", status=503, retry_after=1)
    answers = [sales.get("accounts") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 503, 503, 200]
    assert answers[1].headers["Retry-After"] == "1"
    assert answers[1].json()["error"]["code"] == "0x8005F103"


def test_others_are_spared(sales: Client, standard: Client, control: Control) -> None:
    order(control, system="sales", method="POST", path=r"accounts\?x=1$", kind="status", status=500)
    assert standard.get("currencies").status_code == 200
    assert sales.get("accounts").status_code == 200
    assert sales.call("POST", "accounts", {"name": "A"}).status_code == 204
    assert sales.call("POST", "accounts?x=1", {"name": "A"}).status_code == 500


def test_retry_after_may_be_missing_or_grow(sales: Client, control: Control) -> None:
    order(control, system="sales", times=1, kind="status", status=429)
    answer = sales.get("accounts")
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "0x80072322")
    assert "Retry-After" not in answer.headers
    order(control, system="sales", kind="status", status=429, retry_after=2, growing=True)
    assert [sales.get("accounts").headers["Retry-After"] for _ in range(3)] == ["2", "4", "8"]


def test_a_line_cut_before_the_change(sales: Client, control: Control) -> None:
    order(control, system="sales", method="POST", times=1, kind="disconnect")
    with pytest.raises(requests.ConnectionError):
        sales.call("POST", "accounts", {"name": "A"})
    assert sales.rows("accounts") == []


def test_a_line_cut_after_the_change(sales: Client, control: Control) -> None:
    order(control, system="sales", method="POST", times=1, kind="apply-then-disconnect")
    with pytest.raises(requests.ConnectionError):
        sales.call("POST", "accounts", {"name": "A"})
    assert len(sales.rows("accounts")) == 1


def test_a_delay_answers_late(sales: Client, control: Control) -> None:
    order(control, system="sales", times=1, kind="delay", seconds=0.2)
    answer = sales.get("accounts")
    assert answer.status_code == 200
    assert answer.elapsed.total_seconds() >= 0.2


def test_business_central_answers_in_its_own_words(standard: Client, control: Control) -> None:
    order(control, system="business_central", times=1, kind="status", status=409)
    assert standard.refusal("GET", "currencies") == (409, "Request_EntityChanged")


def test_the_sign_in_can_fail_too(sandbox: Sandbox, control: Control) -> None:
    order(control, system="sign_in", times=1, kind="status", status=503)
    assert [token(sandbox).status_code for _ in range(2)] == [503, 200]


def test_faults_are_listed_and_taken_back(sales: Client, control: Control, sandbox: Sandbox) -> None:
    order(control, system="sales", kind="status", status=500)
    assert sales.get("accounts").status_code == 500
    assert control.get("faults")[0]["hit"] == 1
    requests.delete(f"{sandbox.url}/_sandbox/faults", timeout=10)
    assert control.get("faults") == []
    assert sales.get("accounts").status_code == 200


@pytest.mark.parametrize(
    "fault", [{}, {"kind": "nonsense"}, {"kind": "status", "system": "x"}, {"kind": "status", "path": "("}, {"kind": "status", "x": 1}, 5]
)
def test_nonsense_is_refused(sandbox: Sandbox, fault: Any) -> None:
    answer = requests.post(f"{sandbox.url}/_sandbox/faults", json=[fault], timeout=10)
    assert answer.status_code == 400 and answer.json()["error"]
