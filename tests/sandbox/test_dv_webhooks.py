"""Webhooks of Dataverse (web-apis.md, section 3, Webhooks)."""

from __future__ import annotations

import re

from syncadmin.sandbox.ids import INTEGRATION_USER_ID
from tests.sandbox.client import Client
from tests.sandbox.conftest import Control
from tests.sandbox.receiver import Receiver


def test_each_save_is_told_with_its_context(sales: Client, receiver: Receiver, control: Control) -> None:
    control.post("webhooks", {"table": "accounts", "address": receiver.url, "secret": "s 1"})
    key = sales.add("accounts", {"name": "Adatum"})["accountid"]
    sales.add("contacts", {"lastname": "Byron"})
    context = receiver.wait()[0]
    assert (context["MessageName"], context["PrimaryEntityName"], context["PrimaryEntityId"]) == ("Create", "account", key)
    assert context["UserId"] == INTEGRATION_USER_ID
    attributes = {item["key"]: item["value"] for item in context["InputParameters"][0]["value"]["Attributes"]}
    assert attributes["name"] == "Adatum"
    assert re.fullmatch(r"/Date\(\d+\)/", context["OperationCreatedOn"])
    assert receiver.headers[0]["x-ms-dynamics-request-name"] == "Create"
    assert receiver.paths[0].endswith("?code=s%201")


def test_changes_and_deletions(sales: Client, receiver: Receiver, control: Control) -> None:
    key = sales.add("accounts", {"name": "Adatum"})["accountid"]
    control.post("webhooks", {"table": "account", "address": receiver.url, "secret": ""})
    sales.call("PATCH", f"accounts({key})", {"telephone1": "77"})
    sales.call("DELETE", f"accounts({key})")
    first, second = receiver.wait(2)
    sent = {item["key"] for item in first["InputParameters"][0]["value"]["Attributes"]}
    assert first["MessageName"] == "Update" and "telephone1" in sent and "name" not in sent
    assert second["MessageName"] == "Delete"


def test_what_is_undone_is_not_told(sales: Client, receiver: Receiver, control: Control) -> None:
    control.post("webhooks", {"table": "accounts", "address": receiver.url})
    rows = [{"@odata.type": "Microsoft.Dynamics.CRM.account", **row} for row in ({"name": "A"}, {"nonsense": 1})]
    sales.call("POST", "accounts/Microsoft.Dynamics.CRM.CreateMultiple", {"Targets": rows})
    sales.add("accounts", {"name": "B"})
    names = {item["key"]: item["value"] for item in receiver.wait()[0]["InputParameters"][0]["value"]["Attributes"]}
    assert names["name"] == "B" and len(receiver.bodies) == 1


def test_a_busy_receiver_is_asked_once_more(sales: Client, receiver: Receiver, control: Control) -> None:
    control.post("webhooks", {"table": "accounts", "address": receiver.url})
    receiver.statuses = [503]
    sales.add("accounts", {"name": "A"})
    assert len(receiver.wait(2)) == 2


def test_webhooks_are_listed_and_removed(receiver: Receiver, control: Control, sales: Client) -> None:
    control.post("webhooks", {"table": "account", "address": receiver.url, "secret": "x"})
    listed = control.get("webhooks")
    assert [(item["table"], item["address"]) for item in listed] == [("accounts", receiver.url)]
    assert "secret" not in listed[0]
