"""Lines where both sides have records: matched first, then synchronized and created, nothing twice (engine.md sections 14 and 17, A25)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from joblog import full_synchronization as full
from joblog import runner
from joblog.claims import take
from joblog.models import FullSynchronizationLine, JobQueueEntry, SynchEntry, SynchJob
from mappings.models import Coupling, IntegrationFieldMapping, System
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def cronus(company: People) -> System:
    return System.objects.get(company="CRONUS")


@pytest.fixture
def two_sides(cronus: System, people: People) -> None:
    """A pair, one record on either side without the other, and one customer with two accounts."""
    for name in ("Adatum", "Only here", "Twins"):
        people.create_bc("customers", displayName=name)
    for name in ("ADATUM", "Only there", "Twins", "Twins"):
        people.create_sales("accounts", name=name, customertypecode=3)


def names(people: People) -> tuple[list[str], list[str]]:
    customers, accounts = people.rows_bc("customers"), people.rows_sales("accounts")
    return sorted(row["displayName"] for row in customers), sorted(row["name"] for row in accounts)


def jobs_of(name: str) -> list[tuple[str, str]]:
    return list(SynchJob.objects.filter(mapping_name=name).order_by("id").values_list("type", "direction"))


def line_of(name: str) -> FullSynchronizationLine:
    return full.all_lines().get(mapping__name=name)


TO, FROM = "ToIntegrationTable", "FromIntegrationTable"
AFTERWARDS = (["Adatum", "Only here", "Only there", "Twins"], ["ADATUM", "Only here", "Only there", "Twins", "Twins"])


@pytest.mark.rule("17.couple-line")
def test_a_line_to_couple_matches_first_and_then_creates_both_ways(two_sides: None, people: People, command: Command) -> None:
    code, told = command("synchronize", "--all", "--full", "--use", "sales")
    assert (code, {line["status"] for line in told["lines"]}) == (1, {"Finished"})
    assert set(jobs_of("CUSTOMER")) == {("Coupling", TO), ("Full", TO), ("Full", FROM)}
    assert jobs_of("CUSTOMER")[0] == ("Coupling", TO)
    labels = Coupling.objects.filter(mapping__name="CUSTOMER", pending="").values_list("bc_label", flat=True)
    assert sorted(label.split(" ", 1)[1] for label in labels) == ["ADATUM", "Only here", "Only there"]


def test_nothing_is_there_twice_afterwards(two_sides: None, people: People, command: Command) -> None:
    command("synchronize", "--all", "--full", "--use", "business-central")
    customers, accounts = names(people)
    assert (customers, [name.upper() for name in accounts]) == (AFTERWARDS[0], [name.upper() for name in AFTERWARDS[1]])
    command("synchronize", "--all", "--full")
    assert names(people) == (customers, accounts)


def test_records_without_match_are_no_failures_of_the_coupling(two_sides: None, command: Command) -> None:
    command("synchronize", "--all", "--full")
    coupling = SynchJob.objects.get(mapping_name="CUSTOMER", type="Coupling")
    assert (coupling.coupled, coupling.skipped, coupling.failed) == (1, 1, 1)
    entry = SynchEntry.objects.get(job=coupling, action="Skipped")
    assert entry.message.endswith("A new record is created.")


def test_ambiguous_records_fail_on_both_sides_with_their_candidates(two_sides: None, command: Command) -> None:
    command("synchronize", "--all", "--full")
    failed = SynchEntry.objects.filter(job__type="Full", code="ambiguous").order_by("id")
    assert [entry.job.direction for entry in failed] == [TO, FROM, FROM]
    assert [len(entry.detail["candidates"]) for entry in failed] == [2, 1, 1]


def test_a_later_ordinary_run_creates_none_of_them(two_sides: None, people: People, command: Command) -> None:
    command("synchronize", "--all", "--full")
    before = names(people)
    for _ in range(3):
        command("synchronize", "CUSTOMER")
    assert names(people) == before
    assert Coupling.objects.filter(bc_label__endswith="Twins").exclude(sales_key=None).count() == 0


def test_the_right_one_coupled_by_hand_is_in_step_with_the_next_run(two_sides: None, people: People, command: Command) -> None:
    command("synchronize", "--all", "--full")
    twin = next(row for row in people.rows_bc("customers") if row["displayName"] == "Twins")
    account, other = (row["accountid"] for row in people.rows_sales("accounts") if row["name"] == "Twins")
    assert command_code("couple", "CUSTOMER", twin["number"], account) == 0
    command("synchronize", "CUSTOMER")
    assert Coupling.objects.get(bc_key=twin["id"]).sales_key == account
    assert Coupling.objects.get(sales_key=other).pending == FROM
    assert len(people.rows_bc("customers")) == 4


def command_code(*arguments: str) -> int:
    from django.core.management import call_command

    try:
        call_command(*arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def test_a_restarted_line_writes_nothing_again(two_sides: None, people: People, command: Command) -> None:
    command("synchronize", "--all", "--full", "--use", "business-central")
    before = names(people)
    assert full.restart([line_of("CUSTOMER").pk]) == 1
    run_to_its_end()
    assert (line_of("CUSTOMER").state, names(people)) == ("Finished", before)
    last = SynchJob.objects.filter(mapping_name="CUSTOMER", type="Full").order_by("-id")[:2]
    assert sum(job.inserted + job.modified + job.coupled for job in last) == 0


def run_to_its_end() -> None:
    """Slice after slice, each of one page."""
    while entry := JobQueueEntry.objects.exclude(full_line=None).first():
        claim = take(entry.pk)
        assert claim is not None
        runner.carry_out(claim, lambda: True)


def test_a_line_that_works_in_slices_loses_and_doubles_nothing(
    two_sides: None, cronus: System, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("joblog.matching_pages.PAGE", 1)
    full.refresh(cronus)
    full.start(cronus)
    for _ in range(3):
        run_to_its_end()
        full.next_wave(cronus)
    assert {line.state for line in full.all_lines()} == {"Finished"}
    assert [len(side) for side in names(people)] == [4, 5]
    assert len(jobs_of("CUSTOMER")) == 3


def test_directions_have_the_status_of_their_records(two_sides: None, command: Command) -> None:
    command("synchronize", "--all", "--full")
    line = line_of("CUSTOMER")
    assert (line.to_status, line.from_status) == ("Error", "Error")


def test_without_match_fields_nothing_is_created_and_the_line_says_why(two_sides: None, people: People, command: Command) -> None:
    IntegrationFieldMapping.objects.filter(mapping__name="CUSTOMER").update(use_for_match=False)
    before = names(people)
    _, told = command("synchronize", "--all", "--full")
    (line,) = [one for one in told["lines"] if one["mapping"] == "CUSTOMER"]
    assert line["status"] == "Finished"
    assert "used for match-based coupling" in line["message"]
    assert names(people) == before


def test_a_line_that_a_person_set_to_full_looks_for_counterparts_too(two_sides: None, cronus: System, people: People) -> None:
    full.refresh(cronus)
    full.recommend_full([line.pk for line in full.lines_of(cronus)])
    full.start(cronus)
    for _ in range(3):
        run_to_its_end()
        full.next_wave(cronus)
    assert [len(side) for side in names(people)] == [4, 5]
    assert not SynchJob.objects.filter(type="Coupling").exists()


# ---- salespeople are always recommended to synchronize


def test_users_whose_salespeople_exist_are_coupled_and_not_created_again(cronus: System, people: People, command: Command) -> None:
    (user,) = people.rows_sales("systemusers", "islicensed eq true and isintegrationuser eq false")
    people.create_standard("salespeoplePurchasers", code="JO", displayName="Jim Olive", email=user["internalemailaddress"].upper())
    command("synchronize", "--all", "--full", "--use", "sales")
    job = SynchJob.objects.get(mapping_name="SALESPEOPLE")
    assert (job.type, job.read, job.modified, job.inserted) == ("Full", 1, 1, 0)
    assert Coupling.objects.get(bc_number="JO").sales_key == user["systemuserid"]


@pytest.mark.rule("17.options")
def test_options_are_created_where_full_synchronization_was_recommended_and_not_by_coupling(
    cronus: System, people: People, command: Command
) -> None:
    for code in ("NET30", "CM"):
        people.create_standard("paymentTerms", code=code, displayName=code)
    before = people.options("account", "paymenttermscode")
    code, told = command("synchronize", "--all", "--full")
    assert (code, {line["status"] for line in told["lines"]}) == (0, {"Finished"})
    assert people.options("account", "paymenttermscode") == before | {1: "NET30"}
    assert "No option is created for it" in SynchEntry.objects.get(job__mapping_name="PAYMENT TERMS", action="Skipped").message
    full.reset(cronus)
    full.recommend_full([line_of("PAYMENT TERMS").pk])
    full.start(cronus)
    run_to_its_end()
    assert "CM" in people.options("account", "paymenttermscode").values()
