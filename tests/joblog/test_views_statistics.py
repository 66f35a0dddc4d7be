"""The button Update Account Statistics."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from joblog import runner
from joblog.models import JobQueueEntry, SynchJob
from mappings.models import Coupling, IntegrationTableMapping
from tests.people import People

BUTTON = "Update Account Statistics"


@pytest.fixture
def pair(customer: IntegrationTableMapping, people: People) -> Coupling:
    """A customer that is coupled to its account."""
    made: dict[str, Any] = people.create_bc("customers", number="T1", displayName="Adatum")
    account = people.create_sales("accounts", name="Adatum", customertypecode=3)
    return Coupling.objects.create(mapping=customer, bc_key=made["id"], bc_number="T1", sales_key=account["accountid"])


def page_of(client: Client, mapping: IntegrationTableMapping, side: str, key: str) -> str:
    return client.get(reverse("joblog:record", args=[mapping.pk, side, key])).content.decode()


def press(client: Client, mapping: IntegrationTableMapping, key: str) -> None:
    assert client.post(reverse("joblog:update-statistics", args=[mapping.pk]), {"keys": key}).status_code == 302


def test_it_updates_this_customer_alone(operator: Client, pair: Coupling, people: People) -> None:
    press(operator, pair.mapping, str(pair.bc_key))
    entry = JobQueueEntry.objects.get(description="Update account statistics")
    assert (entry.parameters, entry.recurring) == ({"company": "CRONUS", "bc_keys": [pair.bc_key]}, False)
    runner.run(entry.pk)
    job = SynchJob.objects.get(mapping_name="CUSTOMER STATISTICS")
    assert (job.status, job.inserted, job.trigger) == ("Finished", 1, "person")
    assert people.rows_sales("accounts")[0]["_nav_accountstatisticsid_value"]


@pytest.mark.parametrize("side", ["business_central", "sales"])
def test_it_stands_on_the_page_of_a_coupled_customer(operator: Client, pair: Coupling, side: str) -> None:
    assert BUTTON in page_of(operator, pair.mapping, side, str(pair.bc_key if side == "business_central" else pair.sales_key))


def test_it_does_not_stand_where_there_are_no_statistics(operator: Client, pair: Coupling, people: People) -> None:
    other = people.create_bc("customers", displayName="Not coupled")
    assert BUTTON not in page_of(operator, pair.mapping, "business_central", other["id"])
    contacts = IntegrationTableMapping.objects.get(name="CONTACT")
    coupled = Coupling.objects.create(mapping=contacts, bc_key=str(uuid.uuid4()), sales_key=str(uuid.uuid4()))
    assert BUTTON not in page_of(operator, contacts, "business_central", str(coupled.bc_key))


def test_a_customer_that_is_not_coupled_starts_nothing(operator: Client, pair: Coupling) -> None:
    press(operator, pair.mapping, str(uuid.uuid4()))
    assert not JobQueueEntry.objects.filter(description="Update account statistics").exists()
