"""Synchronizing several records that a person has selected (engine.md section 12)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from joblog import runner
from joblog.manual import (
    COUPLED,
    DELETED,
    HELD,
    MISSING,
    NEWER,
    NOT_COUPLED,
    SKIPPED,
    create_new,
    keep_values,
    schedule_record,
    schedule_records,
)
from joblog.models import JobQueueEntry, QueueStatus, SynchEntry, SynchJob
from mappings.holds import hold
from mappings.models import Coupling, IntegrationTableMapping
from mappings.offers import Choice
from syncadmin.sync.errors import RunError
from syncadmin.sync.records import Direction, Side
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]
BC, SALES, TO, FROM = Side.BUSINESS_CENTRAL, Side.SALES, Direction.TO_INTEGRATION, Direction.FROM_INTEGRATION


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


def test_a_later_stamp_without_another_value_is_not_newer(keys: list[str], customer: IntegrationTableMapping, people: People) -> None:
    people.control("POST", "clock", {"system": "sales", "offset_seconds": 60})
    for city in ("Boston", None):
        people.change_sales("accounts", account(keys[0]), address1_city=city)
    told = schedule_records(customer, BC, keys[:2], direction=TO)
    people.control("POST", "clock", {"system": "sales", "offset_seconds": 0})
    assert (told.scheduled, told.reasons) == (2, {})


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


# ---- one record, the way that was chosen


def run(entry: JobQueueEntry | None) -> list[tuple[str, int, int]]:
    """Direction, inserted and modified of the jobs of an entry."""
    assert entry is not None
    runner.run(entry.pk)
    return [(job.direction, job.inserted, job.modified) for job in SynchJob.objects.filter(log_entry__description=entry.description)]


@pytest.mark.rule("12.one.chosen", "12.queue")
@pytest.mark.parametrize(
    ("choice", "jobs", "city"),
    [
        (Choice.SEND, [("ToIntegrationTable", 0, 1)], "Graz"),
        (Choice.GET, [("FromIntegrationTable", 0, 1)], "Boston"),
        (Choice.MERGE, [("FromIntegrationTable", 0, 1), ("ToIntegrationTable", 0, 1)], "Graz"),
    ],
)
def test_a_chosen_record_goes_the_chosen_way_at_once(
    keys: list[str], customer: IntegrationTableMapping, people: People, choice: Choice, jobs: list[Any], city: str
) -> None:
    SynchJob.objects.all().delete()
    people.change_bc("customers", keys[0], city="Graz")
    people.change_sales("accounts", account(keys[0]), telephone1="55", **({} if choice is Choice.MERGE else {"address1_city": "Boston"}))
    told = schedule_record(customer, BC, keys[0], choice)
    assert told.message.startswith("Synchronization has been scheduled for 1 of 1 records")
    assert told.entry is not None
    entry = JobQueueEntry.objects.get(pk=told.entry.pk)
    assert (entry.status, entry.maximum_attempts, entry.rerun_delay_seconds, entry.recurring) == (QueueStatus.READY, 2, 30, False)
    assert run(entry) == jobs
    assert people.rows_bc("customers", f"id eq {keys[0]}")[0]["city"] == city
    assert not JobQueueEntry.objects.filter(pk=entry.pk).exists()


@pytest.mark.rule("12.one.skipped", "12.one.not-coupled")
def test_a_skipped_record_and_one_that_is_not_coupled_are_not_scheduled(
    keys: list[str], customer: IntegrationTableMapping, people: People
) -> None:
    Coupling.objects.filter(bc_key=keys[0]).update(skipped=True)
    hold(Coupling.objects.filter(bc_key=keys[1]).values_list("pk", flat=True), by="anna")
    Coupling.objects.filter(bc_key=keys[2]).update(skipped=True, gone="sales")
    alone = people.create_bc("customers", displayName="Alone")["id"]
    for key, reason in ((keys[0], SKIPPED), (keys[1], HELD), (keys[2], MISSING), (alone, NOT_COUPLED)):
        told = schedule_record(customer, BC, key, Choice.SEND)
        assert (told.entry, told.reasons) == (None, {reason: 1})


@pytest.mark.rule("12.field")
def test_a_conflict_is_decided_field_by_field_also_where_it_was_skipped(
    keys: list[str], customer: IntegrationTableMapping, people: People, command: Command
) -> None:
    people.change_bc("customers", keys[0], city="Graz", phoneNumber="11")
    people.change_sales("accounts", account(keys[0]), address1_city="Boston", telephone1="22")
    command("synchronize", "CUSTOMER"), command("synchronize", "CUSTOMER")
    assert Coupling.objects.get(bc_key=keys[0]).skipped
    entry = keep_values(customer, BC, keys[0], {"address1_city": SALES, "phoneNumber": BC})
    runner.run(entry.pk)
    (row,) = people.rows_bc("customers", f"id eq {keys[0]}")
    (partner,) = people.rows_sales("accounts", f"accountid eq {account(keys[0])}")
    assert (row["city"], row["phoneNumber"]) == ("Boston", "11") == (partner["address1_city"], partner["telephone1"])
    assert not SynchEntry.objects.filter(code="conflict", resolved_at=None).exists()


@pytest.mark.rule("12.field")
def test_a_field_that_cannot_conflict_stops_the_run_with_its_name(keys: list[str], customer: IntegrationTableMapping) -> None:
    entry = keep_values(customer, BC, keys[0], {"creditLimit": SALES})
    runner.run(entry.pk)
    assert "both ways with the field creditLimit" in SynchJob.objects.order_by("-id")[0].message


# ---- create new


@pytest.mark.rule("12.create.coupled", "10.explicit")
@pytest.mark.parametrize("side", [BC, SALES])
def test_new_records_are_created_and_coupled_ones_left_out(
    keys: list[str], customer: IntegrationTableMapping, people: People, side: Side
) -> None:
    IntegrationTableMapping.objects.update(synch_only_coupled=True)
    if side is BC:
        alone = people.create_bc("customers", displayName="Alone")["id"]
        told = create_new(customer, BC, [keys[0], alone])
    else:
        alone = people.create_sales("accounts", name="Alone", customertypecode=3)["accountid"]
        told = create_new(customer, SALES, [account(keys[0]), alone])
    assert (told.scheduled, told.reasons) == (1, {COUPLED: 1})
    assert "Left out: 1 coupled already." in told.message
    direction = "ToIntegrationTable" if side is BC else "FromIntegrationTable"
    assert (direction, 1, 0) in run(told.entry)
    assert Coupling.objects.count() == 6


@pytest.mark.rule("12.create.gone", "9.5.restore")
def test_a_coupling_whose_counterpart_is_gone_is_replaced(keys: list[str], customer: IntegrationTableMapping, people: People) -> None:
    IntegrationTableMapping.objects.update(synch_only_coupled=True)
    before = account(keys[0])
    people.delete_sales("accounts", before)
    Coupling.objects.filter(bc_key=keys[0]).update(skipped=True)
    told = create_new(customer, BC, [keys[0]])
    assert (told.scheduled, told.reasons) == (1, {})
    run(told.entry)
    after = Coupling.objects.get(bc_key=keys[0])
    assert (after.sales_key != before, after.skipped, after.pending) == (True, False, "")
    assert {row["accountid"] for row in people.rows_sales("accounts")} >= {after.sales_key}


@pytest.mark.rule("12.create.direction")
def test_nothing_is_created_against_the_direction_of_the_mapping(customer: IntegrationTableMapping) -> None:
    customer.direction = "ToIntegrationTable"
    with pytest.raises(RunError) as caught:
        create_new(customer, SALES, ["a"])
    assert caught.value.code == "wrong-direction"
