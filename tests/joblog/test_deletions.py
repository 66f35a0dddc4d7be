"""Deleted records: the policies, Find for Deleted, and what a person may do then (engine.md sections 8 and 9, A7 and A8)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from joblog import entry_states, runner
from joblog.claims import Claim, take
from joblog.models import DeletionWatch, EntryAction, JobQueueEntry, JobStatus, JobType, RunKind, SynchEntry, SynchJob
from joblog.queue import enqueue
from joblog.scope import Scope
from mappings.models import Coupling, IntegrationTableMapping
from syncadmin.sandbox.ids import COMPANY_ID, TEAM_ID
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def coupled(customer: IntegrationTableMapping, people: People, command: Command) -> IntegrationTableMapping:
    """Customers C0 to C3, synchronized with their accounts; only coupled records go from now on."""
    for number in range(4):
        people.create_bc("customers", number=f"C{number}", displayName=f"Customer {number}")
    assert command("synchronize", "CUSTOMER")[1]["jobs"][0]["inserted"] == 4
    customer.synch_only_coupled = True
    customer.save()
    return customer


def coupling(number: str) -> Coupling:
    return Coupling.objects.get(bc_number=number)


def delete_account(people: People, number: str) -> None:
    people.delete_sales("accounts", str(coupling(number).sales_key))


def delete_customer(people: People, number: str) -> None:
    address = f"{people.bc_root}/companies({COMPANY_ID})/customers({coupling(number).bc_key})"
    assert people.session.delete(address, headers={"If-Match": "*"}).status_code == 204


def run(mapping: IntegrationTableMapping, kind: RunKind, *numbers: str) -> list[SynchJob]:
    keys = tuple(str(coupling(number).bc_key) for number in numbers)
    entry = enqueue(mapping=mapping, run_kind=kind, scope=Scope(bc_keys=keys))
    runner.run(entry.pk)
    return list(SynchJob.objects.filter(log_entry__run_kind=kind).order_by("-log_entry_id", "id"))


def find(mapping: IntegrationTableMapping) -> tuple[int, int]:
    """How many records one search has skipped and uncoupled."""
    entry = enqueue(mapping=mapping, run_kind=RunKind.FIND_DELETED)
    before = SynchJob.objects.order_by("-id").first()
    runner.run(entry.pk)
    jobs = SynchJob.objects.filter(pk__gt=before.pk if before else 0)
    assert {job.status for job in jobs} == {JobStatus.FINISHED}
    return sum(job.skipped for job in jobs), sum(job.uncoupled for job in jobs)


# ---- the policies (section 8)


@pytest.mark.rule("8.none")
def test_without_a_policy_the_record_fails_and_then_is_skipped(coupled: IntegrationTableMapping, people: People, command: Command) -> None:
    delete_account(people, "C1")
    people.change_bc("customers", str(coupling("C1").bc_key), city="Graz")
    assert command("synchronize", "CUSTOMER")[1]["jobs"][0]["failed"] == 1
    again = command("synchronize", "CUSTOMER")[1]["jobs"][0]
    assert (again["failed"], again["skipped"], coupling("C1").skipped) == (0, 1, True)


@pytest.mark.rule("8.remove", "8.restore")
@pytest.mark.parametrize(("policy", "counter", "accounts"), [("RestoreRecords", "inserted", 4), ("RemoveCoupling", "uncoupled", 3)])
def test_a_policy_restores_the_record_or_removes_the_coupling(
    coupled: IntegrationTableMapping, people: People, command: Command, policy: str, counter: str, accounts: int
) -> None:
    IntegrationTableMapping.objects.filter(pk=coupled.pk).update(deletion_conflict_resolution=policy)
    delete_account(people, "C1")
    people.change_bc("customers", str(coupling("C1").bc_key), city="Graz")
    job = command("synchronize", "CUSTOMER")[1]["jobs"][0]
    assert (job[counter], job["failed"], len(people.rows_sales("accounts"))) == (1, 0, accounts)


@pytest.mark.rule("A7.code")
def test_a_named_record_fails_whatever_the_policy(coupled: IntegrationTableMapping, people: People, command: Command) -> None:
    IntegrationTableMapping.objects.filter(pk=coupled.pk).update(deletion_conflict_resolution="RemoveCoupling")
    delete_account(people, "C1")
    assert command("synchronize", "CUSTOMER", "--record", "C1", "--direction", "to")[1]["jobs"][0]["failed"] == 1
    assert SynchEntry.objects.get(action=EntryAction.FAILED).code == "deleted"


# ---- Find for Deleted (A8)


def test_nothing_deleted_marks_nothing(coupled: IntegrationTableMapping) -> None:
    assert find(coupled) == (0, 0)
    assert not Coupling.objects.filter(skipped=True).exists()


@pytest.mark.rule("A8.bidirectional", "9.4.find")
def test_deletions_of_both_sides_are_found_and_skipped_with_the_reason(coupled: IntegrationTableMapping, people: People) -> None:
    delete_account(people, "C1")
    delete_customer(people, "C2")
    assert find(coupled) == (2, 0)
    entries = SynchEntry.objects.filter(action=EntryAction.SKIPPED, code="deleted").order_by("job_id")
    assert [(one.source_key, "Sales" in one.message) for one in entries] == [
        (coupling("C1").bc_key, True), (coupling("C2").sales_key, False),
    ]  # fmt: skip
    assert [coupling(f"C{number}").skipped for number in range(4)] == [False, True, True, False]


def test_the_second_search_asks_for_deletions_since_the_first_alone(coupled: IntegrationTableMapping, people: People) -> None:
    assert find(coupled) == (0, 0)
    delete_account(people, "C1")
    people.control("POST", "stats/reset")
    assert find(coupled) == (1, 0)
    assert find(coupled) == (0, 0)
    assert DeletionWatch.objects.get().link


def test_a_search_goes_through_everything_when_sales_has_forgotten_the_last_one(coupled: IntegrationTableMapping, people: People) -> None:
    assert find(coupled) == (0, 0)
    delete_account(people, "C1")
    people.control("POST", "delta", {"expire": True})
    assert find(coupled) == (1, 0)
    assert find(coupled) == (0, 0)


@pytest.mark.rule("8.both-gone", "9.3.both-gone")
def test_a_coupling_goes_when_both_records_are_gone(coupled: IntegrationTableMapping, people: People) -> None:
    delete_account(people, "C1")
    assert find(coupled) == (1, 0)
    delete_customer(people, "C1")
    assert find(coupled) == (0, 1)
    assert not Coupling.objects.filter(bc_number="C1").exists()


@pytest.mark.rule("A8.by-key")
def test_records_outside_the_filter_are_not_deleted(coupled: IntegrationTableMapping, people: People) -> None:
    people.change_bc("customers", str(coupling("C1").bc_key), blocked="All")
    people.change_sales("accounts", str(coupling("C2").sales_key), statecode=1, statuscode=2)
    assert find(coupled) == (0, 0)


@pytest.mark.rule("8.listing-empty")
@pytest.mark.parametrize(("system", "path"), [("sales", "accounts"), ("business_central", "customers")])
def test_a_list_that_is_empty_by_fault_marks_nothing(coupled: IntegrationTableMapping, people: People, system: str, path: str) -> None:
    people.fault(system=system, kind="empty", method="GET", path=path, times=1)
    assert find(coupled) == (0, 0)
    assert (Coupling.objects.count(), Coupling.objects.filter(skipped=True).count()) == (4, 0)


@pytest.mark.rule("8.listing-broken")
@pytest.mark.parametrize(("system", "path"), [("sales", "accounts"), ("business_central", "customers")])
def test_a_list_that_breaks_off_marks_nothing_and_goes_on_later(
    coupled: IntegrationTableMapping, people: People, system: str, path: str
) -> None:
    delete_account(people, "C1")
    people.fault(system=system, kind="status", status=503, retry_after=60, method="GET", path=path, times=20)
    entry = enqueue(mapping=coupled, run_kind=RunKind.FIND_DELETED)
    runner.run(entry.pk)
    assert not Coupling.objects.filter(skipped=True).exists()
    assert not SynchEntry.objects.filter(code="deleted").exists()
    people.control("DELETE", "faults")
    JobQueueEntry.objects.filter(pk=entry.pk).update(earliest_start=None)
    runner.run(entry.pk)
    assert [one.bc_number for one in Coupling.objects.filter(skipped=True)] == ["C1"]


@pytest.mark.rule("8.listing-broken")
@pytest.mark.parametrize(("system", "path"), [("sales", "accounts"), ("business_central", "customers")])
def test_a_list_that_fails_on_its_second_page_marks_nothing(
    coupled: IntegrationTableMapping, people: People, system: str, path: str
) -> None:
    people.control("POST", "settings", {"page_size": {"business_central": 2, "sales": 2}})
    try:
        people.fault(system=system, kind="disconnect", method="GET", path=path, after=1, times=20)
        runner.run(enqueue(mapping=coupled, run_kind=RunKind.FIND_DELETED).pk)
    finally:
        people.control("POST", "settings", {"page_size": {"business_central": 20_000, "sales": 5000}})
    assert (Coupling.objects.count(), Coupling.objects.filter(skipped=True).count()) == (4, 0)
    assert not DeletionWatch.objects.exists()


# ---- stopped in between


@pytest.fixture
def small_pages(people: People, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two keys on a page, and two couplings asked for at once."""
    monkeypatch.setattr("joblog.deleted_records._CHUNK", 2)
    people.control("POST", "settings", {"page_size": {"business_central": 2, "sales": 2}})
    yield
    people.control("POST", "settings", {"page_size": {"business_central": 20_000, "sales": 5000}})


def search(mapping: IntegrationTableMapping) -> Claim:
    claim = take(enqueue(mapping=mapping, run_kind=RunKind.FIND_DELETED).pk)
    assert claim is not None
    return claim


def test_a_search_that_is_canceled_stops_while_it_lists_keys(coupled: IntegrationTableMapping, people: People, small_pages: None) -> None:
    delete_account(people, "C1")
    claim = search(coupled)
    entry_states.cancel([claim.entry_id], "ann")
    assert runner.carry_out(claim, lambda: False)
    assert {(job.status, job.message) for job in SynchJob.objects.filter(type=JobType.FIND_DELETED)} == {("Canceled", "Canceled by ann.")}
    assert not Coupling.objects.filter(skipped=True).exists()
    assert not DeletionWatch.objects.exists()
    assert find(coupled) == (1, 0)


def test_a_search_that_is_canceled_stops_between_two_pages_of_couplings(
    coupled: IntegrationTableMapping, people: People, small_pages: None
) -> None:
    for number in range(4):
        delete_account(people, f"C{number}")
    claim = search(coupled)

    def cancel() -> bool:
        entry_states.cancel([claim.entry_id], "ann")
        return False

    assert runner.carry_out(claim, cancel)
    job = SynchJob.objects.filter(type=JobType.FIND_DELETED).order_by("id")[0]
    assert (job.status, job.skipped, Coupling.objects.filter(skipped=True).count()) == ("Canceled", 2, 2)
    assert find(coupled) == (2, 0)


def test_the_next_slice_of_a_search_lists_nothing_again(coupled: IntegrationTableMapping, people: People, small_pages: None) -> None:
    for number in range(3):
        delete_account(people, f"C{number}")
    claim = search(coupled)
    assert not runner.carry_out(claim, lambda: True)
    delete_account(people, "C3")
    runner.run(claim.entry_id)
    jobs = SynchJob.objects.filter(type=JobType.FIND_DELETED).order_by("id")
    assert [(job.status, job.skipped) for job in jobs] == [("Finished", 3), ("Finished", 0)]
    assert find(coupled) == (1, 0)


# ---- Restore Records


@pytest.mark.rule("9.3.restore", "9.5.restore")
def test_restoring_creates_the_missing_record_on_either_side(coupled: IntegrationTableMapping, people: People) -> None:
    delete_account(people, "C1")
    delete_customer(people, "C2")
    assert find(coupled) == (2, 0)
    jobs = run(coupled, RunKind.RESTORE, "C1", "C2")
    assert [(job.direction, job.inserted, job.failed, job.skipped) for job in jobs] == [
        ("ToIntegrationTable", 1, 0, 0), ("FromIntegrationTable", 1, 0, 0),
    ]  # fmt: skip
    assert sorted(row["name"] for row in people.rows_sales("accounts")) == [f"Customer {number}" for number in range(4)]
    assert sorted(row["displayName"] for row in people.rows_bc("customers")) == [f"Customer {number}" for number in range(4)]
    assert not Coupling.objects.filter(skipped=True).exists()
    assert find(coupled) == (0, 0)


@pytest.mark.rule("9.3.restore")
def test_a_restored_record_belongs_to_the_team_as_a_new_one_does(coupled: IntegrationTableMapping, people: People) -> None:
    delete_account(people, "C1")
    run(coupled, RunKind.RESTORE, "C1")
    owners = {row["name"]: (row["_owningteam_value"], row["_owninguser_value"]) for row in people.rows_sales("accounts")}
    assert owners["Customer 1"] == owners["Customer 0"] == (TEAM_ID, None)


@pytest.mark.rule("9.3.restore")
def test_restoring_what_exists_changes_nothing(coupled: IntegrationTableMapping, people: People) -> None:
    (job,) = run(coupled, RunKind.RESTORE, "C1")
    assert (job.inserted, job.skipped, job.status) == (0, 1, JobStatus.FINISHED)
    assert len(people.rows_sales("accounts")) == 4


def test_a_mapping_that_does_not_go_that_way_says_so(coupled: IntegrationTableMapping, people: People) -> None:
    IntegrationTableMapping.objects.filter(pk=coupled.pk).update(direction="ToIntegrationTable")
    delete_customer(people, "C2")
    (job,) = run(IntegrationTableMapping.objects.get(pk=coupled.pk), RunKind.RESTORE, "C2")
    assert (job.inserted, job.failed) == (0, 1)
    assert SynchEntry.objects.get(job=job).code == "wrong-direction"


# ---- Delete Records


@pytest.mark.rule("9.3.delete")
def test_deleting_takes_the_survivor_and_the_coupling(coupled: IntegrationTableMapping, people: People) -> None:
    delete_account(people, "C1")
    delete_customer(people, "C2")
    (job,) = run(coupled, RunKind.DELETE, "C1", "C2", "C3")
    assert (job.deleted, job.skipped, job.failed, job.status) == (2, 1, 0, JobStatus.FINISHED)
    assert sorted(row["displayName"] for row in people.rows_bc("customers")) == ["Customer 0", "Customer 3"]
    assert sorted(row["name"] for row in people.rows_sales("accounts")) == ["Customer 0", "Customer 3"]
    assert sorted(Coupling.objects.values_list("bc_number", flat=True)) == ["C0", "C3"]


def test_a_deletion_that_is_denied_fails_and_keeps_the_coupling(coupled: IntegrationTableMapping, people: People) -> None:
    delete_account(people, "C1")
    item = people.create_standard("items", displayName="Chair", unitPrice=100)
    line = {"lineType": "Item", "lineObjectNumber": item["number"], "quantity": 1, "unitPrice": 100}
    invoice = people.create_standard("salesInvoices", customerNumber="C1", salesInvoiceLines=[line])
    root = people.bc_root.replace("saleslink/sync/v1.0", "v2.0")
    assert people.session.post(f"{root}/companies({COMPANY_ID})/salesInvoices({invoice['id']})/Microsoft.NAV.post").status_code == 204
    (job,) = run(coupled, RunKind.DELETE, "C1")
    assert (job.deleted, job.failed) == (0, 1)
    assert "ledger entries" in SynchEntry.objects.get(job=job).message
    assert Coupling.objects.filter(bc_number="C1").exists()


def test_a_deletion_whose_answer_was_lost_is_looked_up(coupled: IntegrationTableMapping, people: People) -> None:
    delete_customer(people, "C2")
    people.fault(system="sales", kind="apply-then-disconnect", method="POST", path="batch", times=1)
    (job,) = run(coupled, RunKind.DELETE, "C2")
    assert (job.deleted, job.failed) == (1, 0)
    assert len(people.rows_sales("accounts")) == 3


def test_a_record_that_a_lost_worker_has_deleted_counts_as_deleted(coupled: IntegrationTableMapping, people: People) -> None:
    delete_customer(people, "C2")
    pair, entry = coupling("C2"), enqueue(mapping=coupled, run_kind=RunKind.DELETE, scope=Scope(bc_keys=(str(coupling("C2").bc_key),)))
    people.fault(system="sales", kind="status", status=429, retry_after=60, method="POST", path="batch", times=1)
    runner.run(entry.pk)
    assert SynchEntry.objects.get(job__type="Uncoupling").action == EntryAction.SENDING
    people.delete_sales("accounts", str(pair.sales_key))
    JobQueueEntry.objects.filter(pk=entry.pk).update(earliest_start=None)
    runner.run(entry.pk)
    job = SynchJob.objects.get(type="Uncoupling")
    assert (job.deleted, job.uncoupled, job.status) == (1, 0, JobStatus.FINISHED)


def test_neither_action_runs_without_named_records(coupled: IntegrationTableMapping, people: People) -> None:
    for kind in (RunKind.RESTORE, RunKind.DELETE):
        entry = enqueue(mapping=coupled, run_kind=kind)
        runner.run(entry.pk)
        entry.refresh_from_db()
        assert "Select the records first" in entry.error_message
    assert Coupling.objects.count() == 4
