"""How many rows a job is going to read, and what it has read so far."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from joblog.models import SynchJob
from mappings.models import Coupling, IntegrationTableMapping
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


def told(type_: str, direction: str = "ToIntegrationTable") -> tuple[int | None, int]:
    job = SynchJob.objects.filter(type=type_, direction=direction).latest("pk")
    return job.to_read, job.read


def test_a_window_is_counted_by_the_request_that_reads_it(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    people.create_many_bc("customers", [{"displayName": f"Customer {number}"} for number in range(7)])
    people.control("POST", "stats/reset")
    _, answer = command("synchronize", "CUSTOMER", "--direction", "to")
    assert told("Synchronization") == (7, 7)
    assert answer["jobs"][0]["requests"]["business_central"] == people.stats()["business_central"]["requests"]


def test_records_that_failed_before_are_counted_too(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    people.create_sales("accounts", name="Long", address1_city="x" * 50, customertypecode=3)
    command("synchronize", "CUSTOMER", "--direction", "from")
    people.create_sales("accounts", name="Short", customertypecode=3)
    command("synchronize", "CUSTOMER", "--direction", "from")
    expected, read = told("Synchronization", "FromIntegrationTable")
    assert expected == read >= 2


def test_named_records_are_known_beforehand(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    rows = [people.create_bc("customers", displayName=f"Customer {number}") for number in range(3)]
    command("synchronize", "CUSTOMER", "--direction", "to", *[part for row in rows for part in ("--record", row["id"])])
    assert told("Synchronization") == (3, 3)


def test_previews_matching_and_uncoupling_tell_it_too(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    people.create_many_bc("customers", [{"displayName": f"Customer {number}"} for number in range(4)])
    command("synchronize", "CUSTOMER", "--direction", "to", "--preview")
    assert told("Preview") == (4, 4)
    customer.field_mappings.filter(field="displayName").update(use_for_match=True)
    command("match", "CUSTOMER")
    assert told("Coupling") == (4, 4)
    command("synchronize", "CUSTOMER", "--direction", "to")
    assert Coupling.objects.count() == 4
    command("uncouple", "CUSTOMER", "--all")
    assert told("Uncoupling") == (4, 4)
