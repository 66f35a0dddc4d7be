"""Limits that can be set (web-apis.md, section 8)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from syncadmin.sandbox.server import Sandbox
from tests.sandbox.client import SALES, Client
from tests.sandbox.conftest import Control


def test_too_many_requests_in_the_window(sandbox: Sandbox, sales: Client, control: Control) -> None:
    control.post("settings", {"requests": {"sales": 2}, "window_seconds": 60})
    answers = [sales.get("WhoAmI") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0].headers["x-ms-ratelimit-burst-remaining-xrm-requests"] == "1"
    assert answers[2].json()["error"]["code"] == "0x80072322"
    assert int(answers[2].headers["Retry-After"]) > 0
    assert Client(sandbox, SALES, client_id="someone").get("WhoAmI").status_code == 200


def test_the_window_slides(sales: Client, control: Control) -> None:
    control.post("settings", {"requests": {"sales": 1}, "window_seconds": 0.3})
    answers = [sales.get("WhoAmI").status_code]
    while len(answers) < 2 or answers[-1] == 429:
        answers.append(sales.get("WhoAmI").status_code)
    assert (answers[0], answers[-1]) == (200, 200)


def test_business_central_promises_no_waiting_time(standard: Client, control: Control) -> None:
    control.post("settings", {"requests": {"business_central": 1}})
    standard.get("currencies")
    answer = standard.get("currencies")
    assert answer.status_code == 429 and "Retry-After" not in answer.headers


def test_too_many_at_once(sales: Client, control: Control, sandbox: Sandbox) -> None:
    control.post("settings", {"parallel": {"sales": 2}})
    control.post("faults", [{"system": "sales", "kind": "delay", "seconds": 0.0}])
    clients = [Client(sandbox, SALES) for _ in range(8)]
    held = sandbox.application.store
    with ThreadPoolExecutor(8) as pool, held.transaction():
        answers = [pool.submit(client.get, "accounts") for client in clients]
        while sum(answer.done() for answer in answers) < 6:
            pass
    codes = sorted(answer.result().status_code for answer in answers)
    assert codes == [200] * 2 + [429] * 6
    refused = next(answer.result() for answer in answers if answer.result().status_code == 429)
    assert refused.json()["error"]["code"] == "0x80072326"
