"""Subscriptions of Business Central (web-apis.md, section 6, Webhooks)."""

from __future__ import annotations

from typing import Any

import pytest

from syncadmin.sandbox.ids import COMPANY_ID, INTEGRATION_USER_ID
from syncadmin.sandbox.server import Sandbox
from tests.sandbox.client import BUSINESS_CENTRAL, CUSTOM, Client
from tests.sandbox.conftest import Control
from tests.sandbox.receiver import Receiver

RESOURCE = f"/api/v2.0/companies({COMPANY_ID})/customers"


@pytest.fixture
def root(sandbox: Sandbox) -> Client:
    return Client(sandbox, BUSINESS_CENTRAL)


def subscribe(root: Client, receiver: Receiver, resource: str = RESOURCE) -> dict[str, Any]:
    return root.add("subscriptions", {"notificationUrl": receiver.url, "resource": resource, "clientState": "secret"})


def test_subscribing(root: Client, receiver: Receiver) -> None:
    made = subscribe(root, receiver)
    assert (made["resource"], made["clientState"], made["userId"]) == (RESOURCE, "secret", INTEGRATION_USER_ID)
    assert made["expirationDateTime"] > made["systemCreatedAt"]
    assert [row["subscriptionId"] for row in root.rows("subscriptions")] == [made["subscriptionId"]]


@pytest.mark.parametrize("resource", [RESOURCE[1:], f"companies({COMPANY_ID})/items", "{root}" + f"companies({COMPANY_ID})/vendors"])
def test_resources_may_be_written_in_several_ways(root: Client, receiver: Receiver, resource: str) -> None:
    assert subscribe(root, receiver, resource.replace("{root}", root.root))["resource"].startswith("/api/v2.0/companies(")


@pytest.mark.parametrize(
    "name", ["contacts", "salesInvoiceLines", "nonsense", "customerFinancialDetails", "resources", "currencyExchangeRates"]
)
def test_sets_without_webhooks_are_refused(root: Client, receiver: Receiver, name: str) -> None:
    body = {"notificationUrl": receiver.url, "resource": f"/api/v2.0/companies({COMPANY_ID})/{name}"}
    assert root.refusal("POST", "subscriptions", body)[0] == 400


def test_custom_pages_have_their_own_subscriptions(sandbox: Sandbox, root: Client, receiver: Receiver) -> None:
    custom = Client(sandbox, CUSTOM)
    subscribe(custom, receiver, f"/api/saleslink/sync/v1.0/companies({COMPANY_ID})/contacts")
    assert len(custom.rows("subscriptions")) == 1 and root.rows("subscriptions") == []
    prices = {"notificationUrl": receiver.url, "resource": f"/api/saleslink/sync/v1.0/companies({COMPANY_ID})/salesPrices"}
    assert custom.refusal("POST", "subscriptions", prices)[0] == 400  # a key of several parts


def test_without_the_handshake_nothing_is_subscribed(root: Client, receiver: Receiver) -> None:
    receiver.shakes = False
    assert root.refusal("POST", "subscriptions", {"notificationUrl": receiver.url, "resource": RESOURCE})[0] == 400
    assert root.refusal("POST", "subscriptions", {"notificationUrl": "http://127.0.0.1:9/", "resource": RESOURCE})[0] == 400
    assert root.rows("subscriptions") == []


def test_renewing_and_removing_need_the_etag(root: Client, receiver: Receiver, control: Control) -> None:
    made = subscribe(root, receiver)
    path = f"subscriptions('{made['subscriptionId']}')"
    assert root.refusal("PATCH", path, {}) == (400, "BadRequest_InvalidToken")
    control.post("clock", {"system": "business_central", "offset_seconds": 3600})
    renewed = root.call("PATCH", path, {}, If_Match=made["@odata.etag"]).json()
    assert renewed["expirationDateTime"] > made["expirationDateTime"]
    assert root.refusal("DELETE", path, If_Match=made["@odata.etag"]) == (409, "Request_EntityChanged")
    assert root.call("DELETE", path, If_Match="*").status_code == 204
    assert root.call("GET", path).status_code == 404


def test_a_subscription_ends_after_three_days(root: Client, receiver: Receiver, control: Control) -> None:
    subscribe(root, receiver)
    control.post("clock", {"system": "business_central", "offset_seconds": 3 * 24 * 3600 + 5})
    assert root.rows("subscriptions") == []
