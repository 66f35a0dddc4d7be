"""Notifications of Business Central (web-apis.md, section 6, Webhooks)."""

from __future__ import annotations

import time
from typing import Any

import pytest

from syncadmin.sandbox.ids import COMPANY_ID
from syncadmin.sandbox.server import Sandbox
from tests.sandbox.client import BUSINESS_CENTRAL, Client
from tests.sandbox.conftest import Control
from tests.sandbox.receiver import Receiver

CURRENCIES = f"api/v2.0/companies({COMPANY_ID})/currencies"


@pytest.fixture
def root(sandbox: Sandbox, receiver: Receiver, control: Control) -> Client:
    """Subscribed to the currencies; what was gathered is sent by ``tell``."""
    client = Client(sandbox, BUSINESS_CENTRAL)
    control.post("settings", {"webhook_delay_seconds": 3600, "webhook_minute_seconds": 0.05})
    client.add("subscriptions", {"notificationUrl": receiver.url, "resource": CURRENCIES, "clientState": "secret"})
    return client


def change(standard: Client, row: dict[str, Any], name: str) -> None:
    standard.call("PATCH", f"currencies({row['id']})", {"displayName": name}, If_Match="*")


def tell(control: Control) -> None:
    control.post("webhooks/send", {})


def ended(root: Client) -> bool:
    """Whether the subscription is gone within some seconds."""
    for _ in range(200):
        if not root.rows("subscriptions"):
            return True
        time.sleep(0.02)
    return False


def test_changes_of_one_row_are_told_together(root: Client, standard: Client, receiver: Receiver, control: Control) -> None:
    row = standard.add("currencies", {"code": "EUR"})
    change(standard, row, "a")
    change(standard, row, "b")
    standard.add("unitsOfMeasure", {"code": "PCS"})
    tell(control)
    values = receiver.wait()[0]["value"]
    assert [value["changeType"] for value in values] == ["created", "updated"]
    assert {value["resource"] for value in values} == {f"{CURRENCIES}({row['id']})"}
    assert {value["clientState"] for value in values} == {"secret"}
    assert receiver.headers[0]["clientrequestid"] == receiver.headers[0]["x-ms-correlation-id"]


def test_after_the_delay_they_are_told_by_themselves(root: Client, standard: Client, receiver: Receiver, control: Control) -> None:
    control.post("settings", {"webhook_delay_seconds": 0})
    row = standard.add("currencies", {"code": "EUR"})
    receiver.wait()
    standard.call("DELETE", f"currencies({row['id']})", If_Match="*")
    assert receiver.wait(2)[1]["value"][0]["changeType"] == "deleted"


def test_many_changes_become_one_collection(root: Client, standard: Client, receiver: Receiver, control: Control) -> None:
    control.post("settings", {"webhook_collection_size": 2})
    for code in "ABC":
        standard.add("currencies", {"code": code})
    tell(control)
    value = receiver.wait()[0]["value"]
    assert len(value) == 1 and value[0]["changeType"] == "collection"
    assert value[0]["resource"].startswith(f"{CURRENCIES}?$filter=lastModifiedDateTime%20gt%20")


def test_a_collection_with_deletions_has_no_filter(root: Client, standard: Client, receiver: Receiver, control: Control) -> None:
    control.post("faults", [{"system": "webhooks", "kind": "collection", "times": 1}])
    row = standard.add("currencies", {"code": "EUR"})
    standard.call("DELETE", f"currencies({row['id']})", If_Match="*")
    tell(control)
    assert receiver.wait()[0]["value"][0]["resource"] == CURRENCIES


def test_a_busy_receiver_is_asked_again(root: Client, standard: Client, receiver: Receiver, control: Control) -> None:
    receiver.statuses = [503, 429]
    standard.add("currencies", {"code": "EUR"})
    tell(control)
    bodies = receiver.wait(3)
    assert bodies[0] == bodies[1] == bodies[2]
    assert len(root.rows("subscriptions")) == 1


@pytest.mark.parametrize("statuses", [[404], [503] * 3 + [400]])
def test_any_other_answer_ends_the_subscription(
    root: Client, standard: Client, receiver: Receiver, control: Control, statuses: list[int]
) -> None:
    receiver.statuses = statuses
    standard.add("currencies", {"code": "EUR"})
    tell(control)
    assert ended(root)


@pytest.mark.parametrize(("kind", "number"), [("double", 2), ("delay", 1)])
def test_doubled_and_delayed_deliveries(
    root: Client, standard: Client, receiver: Receiver, control: Control, kind: str, number: int
) -> None:
    control.post("faults", [{"system": "webhooks", "kind": kind, "times": 1, "seconds": 0.1}])
    standard.add("currencies", {"code": "EUR"})
    tell(control)
    assert len(receiver.wait(number)) == number


def test_lost_deliveries_and_missing_states(root: Client, standard: Client, receiver: Receiver, control: Control) -> None:
    for kind, code in (("lose", "AAA"), ("no-client-state", "BBB")):
        control.post("faults", [{"system": "webhooks", "kind": kind, "times": 1}])
        standard.add("currencies", {"code": code})
        tell(control)
    value = receiver.wait()[0]["value"][0]
    assert "clientState" not in value and len(receiver.bodies) == 1


def test_a_changed_line_tells_of_its_document(sandbox: Sandbox, standard: Client, receiver: Receiver, control: Control) -> None:
    customer = standard.add("customers", {"displayName": "A"})
    invoice = standard.add("salesInvoices", {"customerId": customer["id"]})
    resource = f"api/v2.0/companies({COMPANY_ID})/salesInvoices"
    Client(sandbox, BUSINESS_CENTRAL).add("subscriptions", {"notificationUrl": receiver.url, "resource": resource})
    standard.add("salesInvoiceLines", {"documentId": invoice["id"], "description": "Thanks"})
    tell(control)
    value = receiver.wait()[0]["value"][0]
    assert (value["resource"], value["changeType"]) == (f"{resource}({invoice['id']})", "updated")
