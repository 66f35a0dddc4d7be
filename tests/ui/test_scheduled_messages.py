"""Messages of what was scheduled: with Don't show again, for oneself, until My Settings takes it back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from mappings.models import IntegrationTableMapping, System

HIDE, SETTINGS = "/my-settings/hide-scheduled/", "/my-settings/"
SCHEDULED, AGAIN = "CUSTOMER will be synchronized in the background.", "Don't show again"


@pytest.fixture
def customer(db: None) -> IntegrationTableMapping:
    sides = {kind: System.objects.create(name=kind, kind=kind, address="http://127.0.0.1:9") for kind in ("business_central", "sales")}
    return IntegrationTableMapping.objects.create(name="CUSTOMER", table="customers", integration_table="accounts", **sides)


def synchronize(client: Client, mapping: IntegrationTableMapping) -> str:
    return client.post("/synchronize/", {"mapping": mapping.pk, "run": "synchronize"}, follow=True).content.decode()


def test_they_are_shown_until_a_person_has_enough_of_them(signed_in: Callable[[str], Client], customer: IntegrationTableMapping) -> None:
    operator, other = signed_in("Operator"), signed_in("Administrator")
    page = synchronize(operator, customer)
    assert SCHEDULED in page and AGAIN in page
    told = operator.post(HIDE, {"next": "/mappings/"}, follow=True)
    assert told.redirect_chain[-1][0] == "/mappings/" and SETTINGS in told.content.decode()
    assert SCHEDULED not in synchronize(operator, customer)
    assert SCHEDULED in synchronize(other, customer)


def test_my_settings_take_it_back(signed_in: Callable[[str], Client], customer: IntegrationTableMapping) -> None:
    operator = signed_in("Operator")
    operator.post(HIDE)
    assert 'name="tell_scheduled"' in operator.get(SETTINGS).content.decode()
    operator.post(SETTINGS, {"time_zone": "", "locale": "", "appearance": "", "tell_scheduled": "on"})
    assert SCHEDULED in synchronize(operator, customer)


def test_what_was_refused_is_always_told(signed_in: Callable[[str], Client], customer: IntegrationTableMapping) -> None:
    operator = signed_in("Operator")
    operator.post(HIDE)
    page = operator.post("/synchronize/", {"run": "synchronize"}, follow=True).content.decode()
    assert "select a mapping first" in page and AGAIN not in page


def test_a_stranger_hides_nothing(client: Client, db: None) -> None:
    assert client.post(HIDE).status_code == 302 and client.get(HIDE).status_code in {302, 405}
