import json
import uuid
from types import SimpleNamespace
from urllib.request import Request, urlopen

import pytest

from syncadmin.connectors.business_central import BusinessCentral, BusinessCentralSettings
from syncadmin.connectors.dataverse import DataverseSettings
from syncadmin.connectors.dynamics_sales import DynamicsSales
from syncadmin.connectors.http import Limits
from syncadmin.sandbox.server import Sandbox
from syncadmin.sync.records import Insert

QUICK = Limits(connect=2, read=10, retries=2, backoff=0.0, longest_wait=2)


class Control:
    """The sandbox's own end: faults, counts, tokens."""

    def __init__(self, url):
        self.url = url

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}/_sandbox/{path}", data=data, method=method, headers={"Content-Type": "application/json"})
        with urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def fault(self, system, kind, *, method="", path="", times=1, after=0, **more):
        fault = {"system": system, "method": method, "path": path, "after": after, "times": times, "kind": kind}
        self.call("POST", "faults", [fault | more])

    def operations(self, system):
        return self.call("GET", "stats")[system]["operations"]


@pytest.fixture(scope="session")
def server():
    with Sandbox(port=0, data="empty", custom_pages=True) as running:
        yield running


@pytest.fixture
def sandbox(server):
    control = Control(server.url)
    control.call("DELETE", "faults")
    control.call("POST", "reset", {"data": "empty"})
    control.call("POST", "stats/reset")
    return control


def business_central_of(url, **changes):
    settings = {
        "address": f"{url}/v2.0",
        "tenant": "sandbox",
        "environment": "demo",
        "company": "CRONUS",
        "client_id": "sync-admin",
        "client_secret": "sandbox",
        "token_address": f"{url}/sandbox/oauth2/v2.0/token",
        "scope": f"{url}/.default",
    }
    return BusinessCentral(BusinessCentralSettings(**settings | changes), limits=QUICK)


def sales_of(url, **changes):
    settings = {
        "address": url,
        "tenant": "sandbox",
        "client_id": "sync-admin",
        "client_secret": "sandbox",
        "token_address": f"{url}/sandbox/oauth2/v2.0/token",
        "scope": f"{url}/.default",
    }
    return DynamicsSales(DataverseSettings(**settings | changes), limits=QUICK)


@pytest.fixture
def business_central(sandbox):
    connector = business_central_of(sandbox.url)
    yield connector
    connector.close()


@pytest.fixture
def sales(sandbox):
    connector = sales_of(sandbox.url)
    yield connector
    connector.close()


@pytest.fixture(scope="session")
def tables(server):
    """Tables of both systems, read once."""
    business_central, sales = business_central_of(server.url), sales_of(server.url)
    return SimpleNamespace(business_central=business_central.tables(), sales=sales.tables())


@pytest.fixture
def customers(tables):
    return tables.business_central["customers"]


@pytest.fixture
def accounts(tables):
    return tables.sales["accounts"]


def new_key():
    return str(uuid.uuid4())


def customer(number, **values):
    return Insert(new_key(), {"number": number, "displayName": f"Customer {number}"} | values)


def account(name, **values):
    return Insert(new_key(), {"name": name} | values)
