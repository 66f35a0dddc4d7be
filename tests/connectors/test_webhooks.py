"""Webhooks of Dataverse, registered by its Web API (web-apis.md section 3, Webhooks)."""

import pytest

from syncadmin.sync.errors import RunError
from tests.connectors.conftest import account
from tests.sandbox.receiver import listening

NAME, SECRET = "Sync Admin (example.com/1)", "key 1"


@pytest.fixture
def receiver():
    with listening() as running:
        yield running


@pytest.fixture
def webhooks(sales):
    return sales.webhooks()


def test_a_webhook_tells_of_its_tables(webhooks, sales, accounts, receiver):
    key = webhooks.register(NAME, receiver.url, SECRET)
    assert webhooks.registered(NAME) == key and webhooks.registered("another") == ""
    assert webhooks.tell_of(key, NAME, ["account", "contact"]) == {}
    sales.insert(accounts, [account("Adatum")])
    context = receiver.wait()[0]
    assert (context["PrimaryEntityName"], context["MessageName"]) == ("account", "Create")
    assert receiver.paths[0].endswith("code=key%201")


def test_tables_are_added_and_removed(webhooks, sales, accounts, sandbox, receiver):
    key = webhooks.register(NAME, receiver.url, SECRET)
    webhooks.tell_of(key, NAME, ["contact", "product"])
    assert webhooks.tell_of(key, NAME, ["account", "product", "nonsense"]).keys() == {"nonsense"}
    before = sandbox.call("GET", "stats")["sales"]["requests"]
    assert webhooks.tell_of(key, NAME, ["account", "product"]) == {}
    assert sandbox.call("GET", "stats")["sales"]["requests"] - before == 2
    sales.insert(accounts, [account("Adatum")])
    assert receiver.wait()[0]["PrimaryEntityName"] == "account"


def test_a_webhook_moves_and_goes(webhooks, sales, accounts, receiver):
    key = webhooks.register(NAME, "http://127.0.0.1:9/", SECRET)
    webhooks.tell_of(key, NAME, ["account"])
    assert webhooks.register(NAME, receiver.url, "other", key) == key
    sales.insert(accounts, [account("Adatum")])
    receiver.wait()
    assert receiver.paths[0].endswith("code=other")
    webhooks.remove(key)
    webhooks.remove(key)
    assert webhooks.registered(NAME) == ""


def test_a_missing_permission_is_told(webhooks, sandbox, receiver):
    sandbox.fault("sales", "status", path="serviceendpoints", status=403)
    with pytest.raises(RunError) as refused:
        webhooks.register(NAME, receiver.url, SECRET)
    assert refused.value.code == "permission" and "System Customizer" in refused.value.text
