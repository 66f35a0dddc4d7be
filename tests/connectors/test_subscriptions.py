"""Subscriptions of Business Central (web-apis.md section 6, Webhooks)."""

import pytest

from syncadmin.connectors.subscriptions import can_be_subscribed
from syncadmin.sync.errors import RunError
from tests.connectors.conftest import business_central_of, customer
from tests.sandbox.receiver import listening

SECRET = "shared secret"


@pytest.fixture
def receiver():
    with listening() as running:
        yield running


@pytest.fixture
def subscriptions(business_central):
    return business_central.subscriptions()


def test_a_subscription_is_made_listed_renewed_and_removed(subscriptions, sandbox, tables, receiver):
    currencies = tables.business_central["currencies"]
    made = subscriptions.subscribe(currencies, receiver.url, SECRET)
    assert (made.table, made.address) == ("currencies", receiver.url)
    sandbox.call("POST", "clock", {"system": "business_central", "offset_seconds": 3600})
    renewed = subscriptions.renew(currencies, made.id, receiver.url, SECRET)
    assert renewed.id == made.id and renewed.expires_at > made.expires_at
    assert [one.id for one in subscriptions.listed(["v2.0", "custom"])] == [made.id]
    subscriptions.remove("v2.0", made.id)
    subscriptions.remove("v2.0", made.id)
    assert subscriptions.renew(currencies, made.id, receiver.url, SECRET) is None


def test_notifications_carry_the_secret(subscriptions, business_central, sandbox, tables, receiver):
    customers = tables.business_central["customers"]
    subscriptions.subscribe(customers, receiver.url, SECRET)
    sandbox.call("POST", "settings", {"webhook_delay_seconds": 0})
    business_central.insert(customers, [customer("C1")])
    value = receiver.wait()[0]["value"][0]
    assert value["clientState"] == SECRET and value["resource"].startswith("api/saleslink/sync/v1.0/companies(")


def test_a_receiver_that_does_not_answer_is_no_address(subscriptions, tables, receiver):
    receiver.shakes = False
    with pytest.raises(RunError) as refused:
        subscriptions.subscribe(tables.business_central["items"], receiver.url, SECRET)
    assert refused.value.code == "webhook" and "validation" in refused.value.text


def test_tables_without_notifications_are_known(tables):
    assert not can_be_subscribed(tables.business_central["salespeoplePurchasers"])
    assert can_be_subscribed(tables.business_central["customers"])


def test_subscriptions_of_another_company_are_not_ours(subscriptions, sandbox, tables, receiver):
    sandbox.call("POST", "companies", {"name": "Second"})
    other = business_central_of(sandbox.url, company="Second")
    other.subscriptions().subscribe(tables.business_central["customers"], receiver.url, SECRET)
    assert subscriptions.listed(["custom"]) == [] and len(other.subscriptions().listed(["custom"])) == 1
    other.close()


def test_a_missing_permission_is_told(subscriptions, sandbox, tables, receiver):
    sandbox.fault("business_central", "status", path="subscriptions", status=403)
    with pytest.raises(RunError) as refused:
        subscriptions.subscribe(tables.business_central["customers"], receiver.url, SECRET)
    assert refused.value.code == "permission"
