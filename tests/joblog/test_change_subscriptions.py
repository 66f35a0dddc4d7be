"""The systems are asked to tell of changes by themselves, and asked again when they have lost it (web-apis.md sections 3 and 6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from joblog.change_subscriptions import keep_subscriptions
from joblog.models import SystemWatch, WatchedTable
from mappings.models import IntegrationTableMapping, System, SystemTraffic
from tests.people import People
from tests.sandbox.receiver import Receiver, listening


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    with listening() as running:
        settings.PUBLIC_URL = running.url.removesuffix("/hook")
        yield running


@pytest.fixture
def customers(customer: IntegrationTableMapping) -> IntegrationTableMapping:
    """CUSTOMER is the only mapping that can be woken."""
    IntegrationTableMapping.objects.exclude(pk=customer.pk).update(disable_event_reschedule=True)
    return customer


def bc_subscriptions(people: People) -> list[dict[str, Any]]:
    return people._checked(people.session.get(f"{people.bc_root}/subscriptions"))["value"]


def steps(people: People) -> list[str]:
    return sorted(row["name"].partition(": ")[2] for row in people.rows_sales("sdkmessageprocessingsteps"))


def again() -> None:
    """The next upkeep, as if all pauses were over."""
    SystemWatch.objects.update(retry_at=None, compared_at=None)
    WatchedTable.objects.update(retry_at=None)
    keep_subscriptions()


def test_both_systems_are_asked_to_tell(customers: IntegrationTableMapping, people: People, receiver: Receiver) -> None:
    keep_subscriptions()
    made = bc_subscriptions(people)
    assert [(one["resource"].rpartition("/")[2], one["notificationUrl"]) for one in made] == [
        ("customers", f"{receiver.url.removesuffix('/hook')}/changes/business-central/{customers.business_central_id}/")
    ]
    assert made[0]["clientState"] == SystemWatch.objects.get(system=customers.business_central).secret
    assert steps(people) == ["Create of account", "Delete of account", "Update of account"]
    people.create_sales("accounts", name="Adatum")
    receiver.wait()
    assert receiver.paths[0].startswith(f"/changes/sales/{customers.sales_id}/?code=")


def test_what_is_in_place_costs_nothing(customers: IntegrationTableMapping, people: People, receiver: Receiver) -> None:
    keep_subscriptions()
    before = people.stats()
    keep_subscriptions()
    assert people.stats() == before
    assert SystemTraffic.objects.filter(purpose="subscriptions").count() == 2


def test_without_a_public_address_nobody_is_asked(customers: IntegrationTableMapping, people: People) -> None:
    keep_subscriptions()
    assert bc_subscriptions(people) == steps(people) == []
    before = set(WatchedTable.objects.values_list("pk", flat=True))
    keep_subscriptions()
    assert set(WatchedTable.objects.values_list("pk", flat=True)) == before != set()  # what was seen of them is not forgotten


def test_tables_that_nobody_waits_for_are_forgotten(customers: IntegrationTableMapping) -> None:
    keep_subscriptions()
    IntegrationTableMapping.objects.update(enabled=False)
    keep_subscriptions()
    assert not WatchedTable.objects.exists()


def test_tables_without_notifications_say_so(company: People, receiver: Receiver) -> None:
    keep_subscriptions()
    rows = {row.name: row for row in WatchedTable.objects.filter(system__kind="business_central")}
    assert rows["items"].subscription and not rows["items"].message
    assert not rows["currencyExchangeRates"].subscription and "looked at instead" in rows["currencyExchangeRates"].message
    assert not rows["salesPrices"].subscription and "salesPrices" in rows["salesPrices"].message


def test_subscriptions_are_renewed_before_they_end(customers: IntegrationTableMapping, people: People, receiver: Receiver) -> None:
    people.control("POST", "clock", {"system": "business_central", "offset_seconds": -2.5 * 24 * 3600})
    keep_subscriptions()
    old = WatchedTable.objects.get(name="customers")
    people.control("POST", "clock", {"system": "business_central", "offset_seconds": 0})
    keep_subscriptions()
    new = WatchedTable.objects.get(name="customers")
    assert new.subscription == old.subscription and old.expires_at and new.expires_at
    assert new.expires_at - old.expires_at > timedelta(days=2)


def test_a_lost_subscription_is_made_anew(customers: IntegrationTableMapping, people: People, receiver: Receiver) -> None:
    keep_subscriptions()
    lost = bc_subscriptions(people)[0]["subscriptionId"]
    people._checked(people.session.delete(f"{people.bc_root}/subscriptions('{lost}')", headers={"If-Match": "*"}))
    for row in people.rows_sales("serviceendpoints"):
        people.delete_sales("serviceendpoints", row["serviceendpointid"])
    again()
    assert (
        [one["subscriptionId"] for one in bc_subscriptions(people)] == [WatchedTable.objects.get(name="customers").subscription] != [lost]
    )
    assert len(steps(people)) == 3


def test_a_lost_answer_makes_no_second_subscription(customers: IntegrationTableMapping, people: People, receiver: Receiver) -> None:
    people.fault(system="business_central", kind="apply-then-disconnect", method="POST", path="subscriptions", times=1)
    people.fault(system="sales", kind="apply-then-disconnect", method="POST", path="serviceendpoints", times=1)
    keep_subscriptions()
    assert {watch.tries for watch in SystemWatch.objects.all()} == {1}
    again()
    assert len(bc_subscriptions(people)) == len(people.rows_sales("serviceendpoints")) == 1
    assert WatchedTable.objects.exclude(subscription="").count() == 2
    assert {(watch.tries, watch.message) for watch in SystemWatch.objects.all()} == {(0, "")}


def test_a_new_address_reaches_both_systems(
    customers: IntegrationTableMapping, people: People, receiver: Receiver, settings: Settings
) -> None:
    keep_subscriptions()
    with listening() as other:
        settings.PUBLIC_URL = other.url.removesuffix("/hook")
        keep_subscriptions()
        assert [one["notificationUrl"].startswith(settings.PUBLIC_URL) for one in bc_subscriptions(people)] == [True]
        assert [row["url"].startswith(settings.PUBLIC_URL) for row in people.rows_sales("serviceendpoints")] == [True]


def test_a_switched_off_system_is_asked_no_more(customers: IntegrationTableMapping, people: People, receiver: Receiver) -> None:
    keep_subscriptions()
    System.objects.update(enabled=False)
    keep_subscriptions()
    assert bc_subscriptions(people) == people.rows_sales("serviceendpoints") == steps(people) == []
    assert not WatchedTable.objects.exclude(subscription="").exists()
    before = people.stats()
    keep_subscriptions()
    assert people.stats() == before


def test_tables_come_and_go_with_their_mappings(customers: IntegrationTableMapping, people: People, receiver: Receiver) -> None:
    IntegrationTableMapping.objects.filter(name="ITEM-PRODUCT").update(disable_event_reschedule=False)
    keep_subscriptions()
    assert len(bc_subscriptions(people)) == 2
    IntegrationTableMapping.objects.filter(pk=customers.pk).update(enabled=False)
    keep_subscriptions()
    assert [one["resource"].rpartition("/")[2] for one in bc_subscriptions(people)] == ["items"]
    assert steps(people) == []


def test_an_address_that_does_not_answer_is_tried_again_later(
    customers: IntegrationTableMapping, people: People, receiver: Receiver
) -> None:
    receiver.shakes = False
    keep_subscriptions()
    row = WatchedTable.objects.get(name="customers")
    assert "validation" in row.message and row.retry_at
    receiver.shakes = True
    again()
    assert WatchedTable.objects.get(name="customers").message == ""


def test_a_missing_permission_is_told(customers: IntegrationTableMapping, people: People, receiver: Receiver) -> None:
    people.fault(system="sales", kind="status", status=403, path="serviceendpoints")
    keep_subscriptions()
    watch = SystemWatch.objects.get(system=customers.sales)
    assert "System Customizer" in watch.message and watch.retry_at
