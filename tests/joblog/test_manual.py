"""Synchronizing several records that a person has selected (engine.md section 12)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from joblog import runner
from joblog.manual import DELETED, NEWER, NOT_COUPLED, SKIPPED, schedule_records
from joblog.models import SynchJob
from mappings.models import Coupling, IntegrationTableMapping
from syncadmin.sync.errors import RunError
from syncadmin.sync.records import Direction, Side
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]
BC, TO, FROM = Side.BUSINESS_CENTRAL, Direction.TO_INTEGRATION, Direction.FROM_INTEGRATION


@pytest.fixture
def keys(customer: IntegrationTableMapping, people: People, command: Command) -> list[str]:
    """Five customers, synchronized both ways."""
    found = [people.create_bc("customers", number=f"C{number}", displayName=f"Customer {number}")["id"] for number in range(5)]
    command("synchronize", "CUSTOMER")
    people.control("POST", "stats/reset")
    return found


def account(key: str) -> str:
    return str(Coupling.objects.get(bc_key=key).sales_key)


@pytest.mark.rule("9.2.refused", "12.many.not-coupled", "12.many.skipped", "12.many.one-job", "12.many.told")
def test_what_cannot_go_is_left_out_with_its_reason_and_the_rest_is_one_job(
    keys: list[str], customer: IntegrationTableMapping, people: People
) -> None:
    Coupling.objects.filter(bc_key=keys[1]).update(skipped=True)
    people.delete_sales("accounts", account(keys[2]))
    alone = people.create_bc("customers", displayName="Alone")["id"]
    for key in keys[3:]:
        people.change_bc("customers", key, city="Graz")
    told = schedule_records(customer, BC, [*keys, alone], direction=TO)
    assert (told.total, told.scheduled, told.failed, told.skipped) == (6, 3, 1, 2)
    assert told.reasons == {NOT_COUPLED: 1, SKIPPED: 1, DELETED: 1}
    assert told.message.startswith("Synchronization has been scheduled for 3 of 6 records; 1 failed; 2 skipped.")
    assert told.entry is not None
    runner.run(told.entry.pk)
    job = SynchJob.objects.get(log_entry__entry=None, direction=TO.value, modified=2)
    assert job.unchanged == 1


@pytest.mark.rule("12.many.newer")
def test_a_record_that_is_newer_on_the_other_side_is_left_out(keys: list[str], customer: IntegrationTableMapping, people: People) -> None:
    people.control("POST", "clock", {"system": "sales", "offset_seconds": 60})
    people.change_sales("accounts", account(keys[0]), address1_city="Boston")
    told = schedule_records(customer, BC, keys[:2], direction=TO)
    people.control("POST", "clock", {"system": "sales", "offset_seconds": 0})
    assert (told.scheduled, told.skipped, told.reasons) == (1, 1, {NEWER: 1})


def test_towards_business_central_that_change_is_welcome(keys: list[str], customer: IntegrationTableMapping, people: People) -> None:
    people.change_sales("accounts", account(keys[0]), address1_city="Boston")
    assert schedule_records(customer, BC, keys[:2], direction=FROM).scheduled == 2


def test_both_ways_nothing_is_asked_of_the_systems(keys: list[str], customer: IntegrationTableMapping, people: People) -> None:
    assert schedule_records(customer, BC, keys).scheduled == 5
    assert people.stats()["sales"]["requests"] == people.stats()["business_central"]["requests"] == 0


def test_nothing_to_schedule_makes_no_entry(keys: list[str], customer: IntegrationTableMapping) -> None:
    Coupling.objects.all().update(skipped=True)
    told = schedule_records(customer, BC, keys, direction=TO)
    assert (told.scheduled, told.skipped, told.entry) == (0, 5, None)


@pytest.mark.rule("6.wrong-direction")
def test_a_direction_that_the_mapping_does_not_go_is_refused(keys: list[str], customer: IntegrationTableMapping) -> None:
    customer.direction = "ToIntegrationTable"
    with pytest.raises(RunError) as caught:
        schedule_records(customer, BC, keys, direction=FROM)
    assert caught.value.code == "wrong-direction"
