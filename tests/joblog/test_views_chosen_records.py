"""Sending and getting chosen records of a list."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from joblog.models import JobQueueEntry
from joblog.scope import Scope
from mappings.models import IntegrationTableMapping
from syncadmin.sync.records import Direction, Side
from tests.people import People


@pytest.fixture
def keys(customer: IntegrationTableMapping, people: People) -> list[str]:
    """A customer that is coupled, and one that is not."""
    coupled = people.create_bc("customers", number="T1", displayName="Alpha")["id"]
    with pytest.raises(SystemExit, match="0"):
        call_command("synchronize", "CUSTOMER", "--json")
    return [coupled, people.create_bc("customers", number="T2", displayName="Beta")["id"]]


def press(client: Client, mapping: IntegrationTableMapping, do: str, keys: list[str]) -> str:
    sent = {"do": do, "keys": keys, "side": "business_central"}
    return client.post(reverse("joblog:synchronize-chosen", args=[mapping.pk]), sent, follow=True).content.decode()


def test_the_list_offers_both_ways_of_a_mapping_that_goes_both_ways(operator: Client, customer: IntegrationTableMapping, keys) -> None:
    page = operator.get(reverse("joblog:record-list", args=[customer.pk])).content.decode()
    assert "Send data update to Dynamics 365 Sales" in page
    assert "Get data update from Dynamics 365 Sales" in page


def test_chosen_records_are_sent_and_what_is_left_out_is_told(operator: Client, customer: IntegrationTableMapping, keys) -> None:
    JobQueueEntry.objects.all().delete()
    page = press(operator, customer, "send", keys)
    assert "Synchronization has been scheduled for 1 of 2 records; 0 failed; 1 skipped. Left out: 1 not coupled." in page
    scope = Scope.from_json(JobQueueEntry.objects.get().parameters)
    assert (scope.bc_keys, scope.directions, scope.use) == ((keys[0],), (Direction.TO_INTEGRATION,), Side.BUSINESS_CENTRAL)


def test_against_the_direction_of_the_mapping_nothing_starts(operator: Client, customer: IntegrationTableMapping, keys) -> None:
    JobQueueEntry.objects.all().delete()
    IntegrationTableMapping.objects.update(direction="ToIntegrationTable")
    assert "Nothing was started: The mapping CUSTOMER is not configured" in press(operator, customer, "get", keys)
    assert not JobQueueEntry.objects.exists()


@pytest.mark.parametrize(("do", "number"), [("send", 0), ("merge", 2), ("", 2)])
def test_nothing_starts_without_a_record_or_a_known_choice(operator: Client, customer: IntegrationTableMapping, keys, do, number) -> None:
    JobQueueEntry.objects.all().delete()
    assert "select a record first" in press(operator, customer, do, keys[:number])
    assert not JobQueueEntry.objects.exists()


def test_a_record_that_is_not_coupled_is_created_from_its_page(operator: Client, customer: IntegrationTableMapping, keys) -> None:
    create = reverse("joblog:create-new", args=[customer.pk])
    pages = [operator.get(reverse("joblog:record", args=[customer.pk, "business_central", key])).content.decode() for key in keys]
    assert [create in page for page in pages] == [False, True]
