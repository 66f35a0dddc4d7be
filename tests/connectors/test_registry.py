from dataclasses import fields

import pytest

from syncadmin.connectors.registry import KINDS
from syncadmin.sync.errors import RunError

BUSINESS_CENTRAL = {"tenant": "t", "environment": "demo", "company": "CRONUS", "client_id": "me", "client_secret": "hush"}
VALUES = {
    "business_central": BUSINESS_CENTRAL | {"address": "http://127.0.0.1:9/v2.0"},
    "sales": {"address": "http://127.0.0.1:9", "tenant": "t", "client_id": "me", "client_secret": "hush"},
}


@pytest.mark.parametrize("name", KINDS)
def test_the_form_asks_for_what_the_connector_needs(name):
    kind = KINDS[name]
    assert {one.name for one in kind.settings} == {one.name for one in fields(kind.settings_class)}
    assert isinstance(kind.connect(VALUES[name] | {"time_zone": "UTC", "scope": " "}), kind.connector_class)


@pytest.mark.parametrize("name", KINDS)
def test_secrets_are_marked_and_never_shown(name):
    kind = KINDS[name]
    assert {one.name for one in kind.settings if one.secret} == {"client_secret", "certificate_pem"}
    known = {one.name for one in kind.settings}
    settings = kind.settings_class(**{key: value for key, value in VALUES[name].items() if key in known})
    assert "hush" not in repr(settings) + repr(settings.credential)


@pytest.mark.parametrize(("name", "left_out", "named"), [("sales", "address", "Address"), ("business_central", "client_secret", "secret")])
def test_what_is_missing_is_named(name, left_out, named):
    with pytest.raises(RunError) as caught:
        KINDS[name].connect(VALUES[name] | {left_out: " "})
    assert caught.value.code == "settings"
    assert named in caught.value.text


def test_real_services_have_their_documented_addresses():
    business_central = KINDS["business_central"].settings_class(**BUSINESS_CENTRAL)
    assert business_central.root == "https://api.businesscentral.dynamics.com/v2.0/t/demo/"
    assert business_central.credential.scope == "https://api.businesscentral.dynamics.com/.default"
    assert business_central.credential.token_address == "https://login.microsoftonline.com/t/oauth2/v2.0/token"
    sales = KINDS["sales"].settings_class(address="https://contoso.api.crm4.dynamics.com/api/data/v9.2/", tenant="t", client_id="me")
    assert sales.origin == "https://contoso.api.crm4.dynamics.com"
    assert sales.credential.scope == "https://contoso.crm4.dynamics.com/.default"
