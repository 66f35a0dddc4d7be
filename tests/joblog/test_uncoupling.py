"""Uncoupling, and moving a coupling (engine.md sections 13 and 15)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from joblog import runner
from joblog.models import EntryAction, JobQueueEntry, RunKind, SynchEntry, SynchJob
from joblog.queue import enqueue
from joblog.scope import Scope
from mappings.models import Coupling, IntegrationTableMapping
from syncadmin.sandbox.ids import BCBI_COMPANY_ID
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]
COMPANY = "_bcbi_companyid_value"


@pytest.fixture
def coupled(customer: IntegrationTableMapping, people: People, command: Command) -> list[dict[str, Any]]:
    """Three customers, synchronized: their accounts carry the company."""
    customers = [people.create_bc("customers", number=f"C{number}", displayName=f"Customer {number}") for number in range(3)]
    assert command("synchronize", "CUSTOMER", "--direction", "to")[1]["jobs"][0]["inserted"] == 3
    assert {row[COMPANY] for row in people.rows_sales("accounts")} == {BCBI_COMPANY_ID}
    people.control("POST", "stats/reset")
    return customers


def account(people: People, name: str) -> dict[str, Any]:
    return next(row for row in people.rows_sales("accounts") if row["name"] == name)


@pytest.mark.rule("15.job", "15.company", "15.coupling", "15.untouched", "A18.uncoupling")
def test_uncoupling_clears_the_company_of_the_row_and_nothing_else(coupled: list[dict[str, Any]], people: People, command: Command) -> None:
    code, told = command("uncouple", "CUSTOMER", "C1")
    assert (code, told["jobs"][0]["uncoupled"], told["jobs"][0]["modified"]) == (0, 1, 1)
    row = account(people, "Customer 1")
    assert (row[COMPANY], row["statecode"]) == (None, 0)
    assert account(people, "Customer 0")[COMPANY] == BCBI_COMPANY_ID
    assert {one.bc_number for one in Coupling.objects.all()} == {"C0", "C2"}
    changed = SynchEntry.objects.get(action=EntryAction.MODIFIED, job__type="Uncoupling")
    assert (changed.destination_key, changed.changes[0]["field"]) == (row["accountid"], "bcbi_companyid")


def test_uncoupling_many_takes_few_requests(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    people.create_many_bc("customers", [{"displayName": f"Customer {number}"} for number in range(300)])
    command("synchronize", "CUSTOMER", "--direction", "to")
    people.control("POST", "stats/reset")
    job = command("uncouple", "CUSTOMER", "--all")[1]["jobs"][0]
    assert (job["uncoupled"], job["modified"]) == (300, 300)
    assert people.stats()["sales"]["requests"] < 15


@pytest.mark.rule("15.company")
def test_a_company_that_is_not_set_is_not_counted(coupled: list[dict[str, Any]], people: People, command: Command) -> None:
    people.change_sales("accounts", account(people, "Customer 1")["accountid"], **{"bcbi_companyid@odata.bind": None})
    job = command("uncouple", "CUSTOMER", "C1")[1]["jobs"][0]
    assert (job["uncoupled"], job["modified"]) == (1, 0)


@pytest.mark.rule("15.whole")
def test_a_whole_mapping_also_resets_rows_that_carry_the_company_uncoupled(
    coupled: list[dict[str, Any]], people: People, command: Command
) -> None:
    Coupling.objects.get(bc_number="C0").delete()
    job = command("uncouple", "CUSTOMER", "--all")[1]["jobs"][0]
    assert (job["uncoupled"], job["modified"]) == (2, 3)
    assert {row[COMPANY] for row in people.rows_sales("accounts")} == {None}


def test_a_row_that_another_mapping_has_coupled_keeps_its_company(coupled: list[dict[str, Any]], people: People, command: Command) -> None:
    key = account(people, "Customer 1")["accountid"]
    vendors = IntegrationTableMapping.objects.get(name="CUSTOMER")
    vendors.pk, vendors.name, vendors.table = None, "VENDOR", "vendors"
    vendors.save()
    Coupling.objects.create(mapping=vendors, bc_key="v", sales_key=key)
    job = command("uncouple", "CUSTOMER", "C1")[1]["jobs"][0]
    assert (job["uncoupled"], job["modified"]) == (1, 0)
    assert account(people, "Customer 1")[COMPANY] == BCBI_COMPANY_ID


@pytest.mark.rule("15.both-gone")
def test_a_coupling_goes_when_both_records_are_gone(coupled: list[dict[str, Any]], people: People, command: Command) -> None:
    people.delete_sales("accounts", account(people, "Customer 1")["accountid"])
    job = command("uncouple", "CUSTOMER", "C1")[1]["jobs"][0]
    assert (job["uncoupled"], job["modified"], job["failed"]) == (1, 0, 0)
    assert not Coupling.objects.filter(bc_number="C1").exists()


@pytest.mark.rule("15.not-coupled")
def test_a_record_that_is_not_coupled_is_skipped(coupled: list[dict[str, Any]], people: People, command: Command) -> None:
    alone = people.create_bc("customers", displayName="Alone")
    job = command("uncouple", "CUSTOMER", alone["id"], "C1")[1]["jobs"][0]
    assert (job["skipped"], job["uncoupled"]) == (1, 1)
    assert SynchEntry.objects.get(action=EntryAction.SKIPPED).message == "The record is not coupled."


@pytest.mark.rule("15.contacts")
def test_contacts_below_the_account_are_uncoupled_with_the_customer(
    coupled: list[dict[str, Any]], people: People, command: Command
) -> None:
    contacts = IntegrationTableMapping.objects.get(name="CONTACT")
    for name in ("Customer 1", "Customer 2"):
        bound = {"parentcustomerid_account@odata.bind": f"/accounts({account(people, name)['accountid']})"}
        person = people.create_sales(
            "contacts", lastname=name, **bound, **{"bcbi_companyid@odata.bind": f"/bcbi_companies({BCBI_COMPANY_ID})"}
        )
        Coupling.objects.create(mapping=contacts, bc_key=name, sales_key=person["contactid"], sales_label=name)
    jobs = command("uncouple", "CUSTOMER", "C1")[1]["jobs"]
    assert [(job["mapping"], job["uncoupled"], job["modified"], job["status"]) for job in jobs] == [
        ("CUSTOMER", 1, 1, "Finished"), ("CONTACT", 1, 1, "Finished"),
    ]  # fmt: skip
    assert Coupling.objects.get(mapping=contacts).sales_label == "Customer 2"


def test_a_change_whose_answer_was_lost_is_looked_up_and_counted(coupled: list[dict[str, Any]], people: People, command: Command) -> None:
    people.fault(system="sales", kind="apply-then-disconnect", method="POST", path="batch", times=1)
    job = command("uncouple", "CUSTOMER", "C1")[1]["jobs"][0]
    assert (job["uncoupled"], job["modified"], job["failed"]) == (1, 1, 0)
    assert account(people, "Customer 1")[COMPANY] is None


def test_a_coupling_stays_while_sales_is_too_busy_to_change_the_row(
    coupled: list[dict[str, Any]], customer: IntegrationTableMapping, people: People
) -> None:
    people.fault(system="sales", kind="status", status=429, retry_after=60, method="POST", path="batch", times=1)
    entry = enqueue(mapping=customer, run_kind=RunKind.UNCOUPLE, scope=Scope(bc_keys=(coupled[1]["id"],)))
    runner.run(entry.pk)
    assert Coupling.objects.filter(bc_number="C1").exists()
    JobQueueEntry.objects.filter(pk=entry.pk).update(earliest_start=None)
    runner.run(entry.pk)
    job = SynchJob.objects.get(type="Uncoupling")
    assert (job.uncoupled, job.modified, job.failed) == (1, 1, 0)


@pytest.mark.rule("13.move")
def test_an_option_moves_a_coupling_and_uncouples_the_old_partner(coupled: list[dict[str, Any]], people: People, command: Command) -> None:
    other = people.create_sales("accounts", name="Another", customertypecode=3)
    code, told = command("couple", "CUSTOMER", "C1", other["accountid"], "--move")
    assert (code, told["jobs"][0]["coupled"], told["jobs"][0]["uncoupled"], told["jobs"][0]["modified"]) == (0, 1, 1, 1)
    assert Coupling.objects.get(bc_number="C1").sales_key == other["accountid"]
    assert account(people, "Customer 1")[COMPANY] is None


@pytest.mark.rule("13.move")
def test_a_move_between_two_coupled_pairs_leaves_both_old_partners_uncoupled(
    coupled: list[dict[str, Any]], people: People, command: Command
) -> None:
    target = account(people, "Customer 2")
    job = command("couple", "CUSTOMER", "C1", target["accountid"], "--move")[1]["jobs"][0]
    assert (job["coupled"], job["uncoupled"]) == (1, 2)
    assert [(one.bc_number, one.sales_key) for one in Coupling.objects.exclude(bc_number="C0")] == [("C1", target["accountid"])]
    assert account(people, "Customer 2")[COMPANY] == BCBI_COMPANY_ID


def test_errors_of_a_removed_coupling_are_closed(coupled: list[dict[str, Any]], people: People, command: Command) -> None:
    people.delete_sales("accounts", account(people, "Customer 1")["accountid"])
    command("synchronize", "CUSTOMER", "--record", "C1", "--direction", "to")
    assert SynchEntry.objects.filter(code="deleted", resolved_at=None).count() == 1
    command("uncouple", "CUSTOMER", "C1")
    assert not SynchEntry.objects.filter(code="deleted", resolved_at=None).exists()
    assert SynchJob.objects.filter(type="Uncoupling").count() == 1


@pytest.mark.rule("15.per-mapping", "11.uncouple")
def test_several_records_are_one_job_and_one_that_is_named_twice_is_uncoupled_once(
    coupled: list[dict[str, Any]], people: People, command: Command
) -> None:
    code, told = command("uncouple", "CUSTOMER", "C1", "C2", coupled[1]["id"], account(people, "Customer 1")["accountid"])
    assert (code, [(job["mapping"], job["uncoupled"], job["failed"]) for job in told["jobs"]]) == (0, [("CUSTOMER", 2, 0)])


@pytest.mark.rule("15.mappings", "15.whole")
def test_several_mappings_are_uncoupled_at_once(coupled: list[dict[str, Any]], command: Command) -> None:
    currency = IntegrationTableMapping.objects.get(name="CURRENCY")
    Coupling.objects.create(mapping=currency, bc_key=str(uuid.uuid4()), sales_key=str(uuid.uuid4()))
    code, told = command("uncouple", "CUSTOMER", "currency", "--all")
    assert (code, [(job["mapping"], job["uncoupled"]) for job in told["jobs"]]) == (0, [("CUSTOMER", 3), ("CURRENCY", 1)])
    assert not Coupling.objects.exists()


# ---- statistics of accounts


@pytest.fixture
def with_statistics(coupled: list[dict[str, Any]], people: People, command: Command) -> list[dict[str, Any]]:
    """The accounts have their statistics."""
    assert command("synchronize", "CUSTOMER STATISTICS")[1]["jobs"][0]["inserted"] == 3
    return coupled


def statistics(people: People) -> set[str]:
    return {row["nav_customerno"] for row in people.rows_sales("nav_accountstatisticses")}


@pytest.mark.rule("15.statistics")
def test_the_statistics_of_the_account_go_with_the_customer(
    with_statistics: list[dict[str, Any]], people: People, command: Command
) -> None:
    code, told = command("uncouple", "CUSTOMER", "C1")
    assert (code, told["jobs"][0]["uncoupled"], told["jobs"][0]["deleted"], told["jobs"][0]["modified"]) == (0, 1, 1, 1)
    assert statistics(people) == {"C0", "C2"}
    assert account(people, "Customer 1")["_nav_accountstatisticsid_value"] is None
    assert len(people.rows_sales("accounts")) == len(people.rows_bc("customers")) == 3


@pytest.mark.rule("15.statistics")
def test_statistics_whose_deletion_was_not_answered_are_counted_once(
    with_statistics: list[dict[str, Any]], customer: IntegrationTableMapping, people: People
) -> None:
    entry = enqueue(mapping=customer, run_kind=RunKind.UNCOUPLE)
    people.fault(system="sales", kind="status", status=429, retry_after=60, method="POST", path="batch", after=1, times=1)
    runner.run(entry.pk)
    assert SynchEntry.objects.filter(action=EntryAction.SENDING, intended=EntryAction.DELETED).count() == 3
    people.delete_sales("nav_accountstatisticses", people.rows_sales("nav_accountstatisticses")[0]["nav_accountstatisticsid"])
    JobQueueEntry.objects.filter(pk=entry.pk).update(earliest_start=None)
    runner.run(entry.pk)
    job = SynchJob.objects.get(type="Uncoupling")
    assert (job.uncoupled, job.deleted, job.modified, job.failed) == (3, 3, 3, 0)
    assert (statistics(people), SynchEntry.objects.filter(action=EntryAction.SENDING).exists()) == (set(), False)


def test_a_moved_account_keeps_its_statistics_for_its_new_customer(
    with_statistics: list[dict[str, Any]], people: People, command: Command
) -> None:
    target = account(people, "Customer 2")["accountid"]
    code, told = command("couple", "CUSTOMER", "C1", target, "--move")
    assert (code, told["jobs"][0]["deleted"]) == (0, 1)
    assert statistics(people) == {"C0", "C2"}
    assert command("synchronize", "CUSTOMER STATISTICS")[1]["jobs"][0]["modified"] == 1
    assert statistics(people) == {"C0", "C1"}
