"""Section 8, deletion conflicts, over HTTP: what each strategy does, and that a listing in trouble deletes and restores nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from joblog import runner
from joblog.models import JobQueueEntry, JobStatus, RunKind, SynchEntry, SynchJob
from joblog.queue import enqueue
from joblog.scope import Scope
from mappings.models import Coupling, IntegrationTableMapping
from syncadmin.sandbox.ids import COMPANY_ID
from syncadmin.sync.records import Direction
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]
POLICIES = ["None", "RestoreRecords", "RemoveCoupling"]
SIDES = [("business_central", "customers", "from"), ("sales", "accounts", "to")]


@pytest.fixture
def coupled(customer: IntegrationTableMapping, people: People, command: Command) -> IntegrationTableMapping:
    """Customers C0 to C4, synchronized with their accounts; only coupled records go from now on."""
    for number in range(5):
        people.create_bc("customers", number=f"C{number}", displayName=f"Customer {number}")
    assert command("synchronize", "CUSTOMER")[1]["jobs"][0]["inserted"] == 5
    IntegrationTableMapping.objects.filter(pk=customer.pk).update(synch_only_coupled=True)
    return customer


@pytest.fixture
def small_pages(people: People) -> Iterator[None]:
    """Lists come two rows at a time."""
    people.control("POST", "settings", {"page_size": {"business_central": 2, "sales": 2}})
    yield
    people.control("POST", "settings", {"page_size": {"business_central": 20_000, "sales": 5000}})


def choose(mapping: IntegrationTableMapping, policy: str, **values: Any) -> None:
    IntegrationTableMapping.objects.filter(pk=mapping.pk).update(deletion_conflict_resolution=policy, **values)


def delete(people: People, system: str, coupling: Coupling) -> None:
    if system == "sales":
        people.delete_sales("accounts", str(coupling.sales_key))
    else:
        address = f"{people.bc_root}/companies({COMPANY_ID})/customers({coupling.bc_key})"
        assert people.session.delete(address, headers={"If-Match": "*"}).status_code == 204


def change_all(people: People, direction: str, city: str) -> None:
    """Every record of the side that this direction reads."""
    for one in Coupling.objects.all():
        if direction == "to":
            people.change_bc("customers", str(one.bc_key), city=city)
        else:
            people.change_sales("accounts", str(one.sales_key), address1_city=city)


def everything(people: People) -> tuple[Any, ...]:
    """Both sides' records and the couplings with their marks."""
    return (
        sorted(row["id"] for row in people.rows_bc("customers")),
        sorted(row["accountid"] for row in people.rows_sales("accounts")),
        sorted(Coupling.objects.values_list("bc_key", "sales_key", "skipped")),
    )


# ---- the strategies


@pytest.mark.rule("8.no-propagation", "8.noticed")
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(("system", "direction"), [("sales", "to"), ("business_central", "from")])
def test_a_deletion_travels_nowhere_and_is_noticed_when_the_survivor_has_changed(
    coupled: IntegrationTableMapping, people: People, command: Command, policy: str, system: str, direction: str
) -> None:
    choose(coupled, policy)
    delete(people, system, Coupling.objects.get(bc_number="C1"))
    before = everything(people)
    assert command("synchronize", "CUSTOMER", "--full")[0] == 0
    assert everything(people) == before
    change_all(people, direction, "Graz")
    job = command("synchronize", "CUSTOMER", "--direction", direction)[1]["jobs"][0]
    assert {"None": job["failed"], "RestoreRecords": job["inserted"], "RemoveCoupling": job["uncoupled"]}[policy] == 1
    assert job["modified"] == 4


@pytest.mark.rule("8.remove", "8.remove-insert")
def test_after_remove_coupling_the_survivor_is_created_anew_where_that_is_allowed(
    coupled: IntegrationTableMapping, people: People, command: Command
) -> None:
    choose(coupled, "RemoveCoupling", synch_only_coupled=False)
    delete(people, "sales", Coupling.objects.get(bc_number="C1"))
    change_all(people, "to", "Graz")
    outcomes = [command("synchronize", "CUSTOMER", "--direction", "to") for _ in range(2)]
    assert [(code, told["jobs"][0]["uncoupled"], told["jobs"][0]["inserted"]) for code, told in outcomes] == [(0, 1, 0), (0, 0, 1)]
    assert len(people.rows_sales("accounts")) == 5


@pytest.mark.rule("8.restore")
def test_restore_creates_the_counterpart_from_the_survivor_and_couples_it(
    coupled: IntegrationTableMapping, people: People, command: Command
) -> None:
    choose(coupled, "RestoreRecords")
    gone = Coupling.objects.get(bc_number="C1")
    delete(people, "sales", gone)
    people.change_bc("customers", str(gone.bc_key), city="Graz")
    assert command("synchronize", "CUSTOMER", "--direction", "to")[1]["jobs"][0]["inserted"] == 1
    restored = Coupling.objects.get(bc_number="C1")
    assert (restored.pk, restored.sales_key == gone.sales_key) == (gone.pk, False)
    (account,) = people.rows_sales("accounts", f"accountid eq {restored.sales_key}")
    assert (account["name"], account["address1_city"]) == ("Customer 1", "Graz")


# ---- a listing that fails half way, or is empty by fault


@pytest.mark.rule("8.listing-empty")
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(("system", "path", "direction"), SIDES)
def test_counterparts_that_a_list_leaves_out_by_fault_are_neither_restored_nor_uncoupled(
    coupled: IntegrationTableMapping, people: People, command: Command, policy: str, system: str, path: str, direction: str
) -> None:
    choose(coupled, policy)
    change_all(people, direction, "Graz")
    before = everything(people)
    people.fault(system=system, kind="empty", method="GET", path=path)
    code, told = command("synchronize", "CUSTOMER", "--direction", direction)
    people.control("DELETE", "faults")
    assert (code, told["jobs"][0]["modified"]) == (0, 5)
    assert everything(people) == before


@pytest.mark.rule("8.listing-broken")
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(("system", "path", "direction"), SIDES)
@pytest.mark.parametrize("after", [0, 1], ids=["at once", "on the second page"])
def test_counterparts_whose_list_breaks_off_are_neither_restored_nor_uncoupled(
    coupled: IntegrationTableMapping,
    small_pages: None,
    people: People,
    policy: str,
    system: str,
    path: str,
    direction: str,
    after: int,
) -> None:
    choose(coupled, policy)
    change_all(people, direction, "Graz")
    before = everything(people)
    people.fault(system=system, kind="status", status=503, retry_after=60, method="GET", path=path, after=after)
    way = Direction.TO_INTEGRATION if direction == "to" else Direction.FROM_INTEGRATION
    entry = enqueue(mapping=coupled, run_kind=RunKind.SYNCHRONIZE, scope=Scope(directions=(way,)))
    runner.run(entry.pk)
    assert SynchJob.objects.latest("id").status == JobStatus.IN_PROCESS
    people.control("DELETE", "faults")
    assert everything(people) == before
    assert not SynchEntry.objects.filter(action__in=["Deleted", "Uncoupled", "Failed", "Skipped"]).exists()
    JobQueueEntry.objects.filter(pk=entry.pk).update(earliest_start=None)
    runner.run(entry.pk)
    assert SynchJob.objects.latest("id").modified == 5
    assert everything(people) == before


@pytest.mark.rule("8.listing-empty", "8.listing-broken")
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(("system", "path", "direction"), SIDES)
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "empty"},
        {"kind": "empty", "after": 1},
        {"kind": "disconnect"},
        {"kind": "disconnect", "after": 1},
        {"kind": "status", "status": 503, "retry_after": 60, "after": 1},
        {"kind": "status", "status": 404},
    ],
    ids=["empty", "empty second page", "cut off", "cut off on the second page", "busy on the second page", "not found"],
)
def test_a_search_for_deletions_through_a_list_in_trouble_marks_nothing(
    coupled: IntegrationTableMapping,
    small_pages: None,
    people: People,
    policy: str,
    system: str,
    path: str,
    direction: str,
    fault: dict[str, Any],
) -> None:
    choose(coupled, policy)
    before = everything(people)
    people.fault(system=system, method="GET", path=rf"{path}\?", **fault)
    runner.run(enqueue(mapping=coupled, run_kind=RunKind.FIND_DELETED).pk)
    people.control("DELETE", "faults")
    assert everything(people) == before
    assert not SynchEntry.objects.exclude(action="Inserted").exists()


@pytest.mark.rule("8.listing-empty", "8.listing-broken")
@pytest.mark.parametrize("fault", [{"kind": "empty"}, {"kind": "disconnect"}, {"kind": "status", "status": 503, "retry_after": 60}])
def test_deletions_that_a_list_in_trouble_kept_back_are_found_by_the_next_search(
    coupled: IntegrationTableMapping, people: People, fault: dict[str, Any]
) -> None:
    runner.run(enqueue(mapping=coupled, run_kind=RunKind.FIND_DELETED).pk)
    delete(people, "sales", Coupling.objects.get(bc_number="C1"))
    before = everything(people)
    people.fault(system="sales", method="GET", path=r"accounts\?", **fault)
    runner.run(enqueue(mapping=coupled, run_kind=RunKind.FIND_DELETED).pk)
    people.control("DELETE", "faults")
    assert everything(people) == before
    JobQueueEntry.objects.filter(run_kind=RunKind.FIND_DELETED).delete()
    runner.run(enqueue(mapping=coupled, run_kind=RunKind.FIND_DELETED).pk)
    assert [row.bc_number for row in Coupling.objects.filter(skipped=True)] == ["C1"]


@pytest.mark.rule("8.listing-empty")
@pytest.mark.parametrize("kind", [RunKind.RESTORE, RunKind.DELETE])
@pytest.mark.parametrize(("system", "path", "direction"), SIDES)
def test_restore_and_delete_of_chosen_records_believe_no_empty_list(
    coupled: IntegrationTableMapping, people: People, kind: RunKind, system: str, path: str, direction: str
) -> None:
    before = everything(people)
    people.fault(system=system, kind="empty", method="GET", path=path)
    keys = tuple(str(one.bc_key) for one in Coupling.objects.all())
    runner.run(enqueue(mapping=coupled, run_kind=kind, scope=Scope(bc_keys=keys)).pk)
    people.control("DELETE", "faults")
    assert everything(people) == before
    job = SynchJob.objects.latest("id")
    assert (job.skipped, job.inserted, job.deleted, job.uncoupled) == (5, 0, 0, 0)
