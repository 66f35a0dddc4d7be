"""Section 4, the coupling record, over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import ProtectedError

from joblog import runner
from joblog.models import JobQueueEntry, RunKind, SynchEntry, SynchJob
from joblog.queue import enqueue
from joblog.scope import Scope
from mappings.models import Coupling, IntegrationTableMapping, System
from syncadmin.sandbox.ids import COMPANY_ID
from syncadmin.sync.records import Direction
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]
LONG = "A street with a name that is far too long for Business Central, " * 3


def couple(mapping: IntegrationTableMapping, bc_key: str, sales_key: str, *, move: bool = False) -> SynchJob:
    entry = enqueue(mapping=mapping, run_kind=RunKind.COUPLE, scope=Scope(pairs=((bc_key, sales_key),), move=move))
    runner.run(entry.pk)
    return SynchJob.objects.filter(type="Coupling").latest("id")


def account(people: People, name: str) -> str:
    return str(people.create_sales("accounts", name=name, customertypecode=3)["accountid"])


def delete_bc(people: People, table: str, key: str, root: str = "") -> None:
    address = f"{root or people.bc_root}/companies({COMPANY_ID})/{table}({key})"
    assert people.session.delete(address, headers={"If-Match": "*"}).status_code == 204


@pytest.fixture
def skipped(customer: IntegrationTableMapping, people: People, command: Command) -> Coupling:
    """A customer whose account has a street that was too long twice."""
    people.create_bc("customers", number="C1", displayName="Adatum")
    command("synchronize", "CUSTOMER")
    people.change_sales("accounts", str(Coupling.objects.get().sales_key), address1_line1=LONG)
    for _ in range(2):
        command("synchronize", "CUSTOMER")
    row = Coupling.objects.get()
    assert (row.skipped, row.to_result, row.from_result) == (True, "Success", "Failure")
    return row


@pytest.mark.rule("4.recouple", "9.5.recouple")
def test_a_coupling_that_moves_to_another_record_starts_afresh(
    skipped: Coupling, people: People, customer: IntegrationTableMapping
) -> None:
    other = account(people, "Another")
    job = couple(customer, str(skipped.bc_key), other, move=True)
    assert (job.coupled, job.uncoupled, job.failed) == (1, 1, 0)
    row = Coupling.objects.get()
    assert (row.sales_key, row.skipped, row.to_result, row.from_result, row.last_error) == (other, False, "", "", "")
    assert (row.bc_modified_at, row.sales_modified_at, row.baseline) == (None, None, {})


@pytest.mark.rule("4.taken")
@pytest.mark.parametrize("taken", ["customer", "account"])
def test_either_record_that_is_coupled_already_is_refused_with_its_partner(
    customer: IntegrationTableMapping, people: People, command: Command, taken: str
) -> None:
    people.create_bc("customers", number="C1", displayName="Adatum")
    command("synchronize", "CUSTOMER")
    first = Coupling.objects.get()
    key = people.create_bc("customers", number="C2", displayName="Fabrikam")["id"]
    pair = (str(first.bc_key), account(people, "Another")) if taken == "customer" else (key, str(first.sales_key))
    assert couple(customer, *pair).failed == 1
    entry = SynchEntry.objects.get(job__type="Coupling")
    assert (entry.code, "already coupled to" in entry.message, "Adatum" in entry.message) == ("already-coupled", True, True)
    assert Coupling.objects.count() == 1


@pytest.mark.rule("4.stale")
def test_a_coupling_whose_customer_is_gone_gives_way(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    people.create_bc("customers", number="C1", displayName="Adatum")
    command("synchronize", "CUSTOMER")
    stale = Coupling.objects.get()
    delete_bc(people, "customers", str(stale.bc_key))
    key = people.create_bc("customers", number="C2", displayName="Adatum")["id"]
    job = couple(customer, key, str(stale.sales_key))
    assert (job.coupled, job.failed) == (1, 0)
    assert [(row.bc_key, row.sales_key) for row in Coupling.objects.all()] == [(key, stale.sales_key)]


@pytest.mark.rule("4.stale")
def test_it_stays_where_its_successor_does_not_exist_either(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    people.create_bc("customers", number="C1", displayName="Adatum")
    command("synchronize", "CUSTOMER")
    stale = Coupling.objects.get()
    delete_bc(people, "customers", str(stale.bc_key))
    assert couple(customer, str(uuid.uuid4()), str(stale.sales_key)).failed == 1
    assert Coupling.objects.get() == stale


@pytest.fixture
def salesperson(company: People) -> Coupling:
    """A salesperson coupled to a user, then deleted in Business Central."""
    made = company.create_standard("salespeoplePurchasers", code="AB", displayName="Ann Beebe")
    user = company.rows_sales("systemusers", "islicensed eq true and isintegrationuser eq false")[0]["systemuserid"]
    mapping = IntegrationTableMapping.objects.get(name="SALESPEOPLE")
    row = Coupling.objects.create(mapping=mapping, bc_key=made["id"], bc_number="AB", sales_key=user)
    delete_bc(company, "salespeoplePurchasers", made["id"], company.bc_root.replace("saleslink/sync/v1.0", "v2.0"))
    return row


@pytest.mark.rule("4.salesperson")
def test_the_coupling_of_a_deleted_salesperson_goes_when_the_user_is_read(salesperson: Coupling, command: Command) -> None:
    code, told = command("synchronize", "SALESPEOPLE")
    assert (code, told["jobs"][0]["uncoupled"], told["jobs"][0]["failed"]) == (0, 1, 0)
    assert not Coupling.objects.exists()


@pytest.mark.rule("4.salesperson")
def test_the_coupling_of_a_deleted_salesperson_goes_when_deletions_are_looked_for(salesperson: Coupling) -> None:
    runner.run(enqueue(mapping=salesperson.mapping, run_kind=RunKind.FIND_DELETED).pk)
    assert not Coupling.objects.exists()
    assert SynchEntry.objects.get().message == "The record was deleted in Business Central."


@pytest.mark.rule("4.salesperson")
def test_other_deletions_leave_their_coupling(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    people.create_bc("customers", number="C1", displayName="Adatum")
    command("synchronize", "CUSTOMER")
    delete_bc(people, "customers", str(Coupling.objects.get().bc_key))
    command("synchronize", "CUSTOMER", "--full")
    runner.run(enqueue(mapping=customer, run_kind=RunKind.FIND_DELETED).pk)
    assert Coupling.objects.get().skipped


@pytest.mark.rule("4.company")
def test_a_company_with_mappings_and_couplings_cannot_be_removed(customer: IntegrationTableMapping) -> None:
    Coupling.objects.create(mapping=customer, bc_key="b", sales_key="s")
    with pytest.raises(ProtectedError):
        System.objects.get(kind="business_central").delete()
    with pytest.raises(ProtectedError):
        customer.delete()


@pytest.mark.rule("4.success", "4.failure", "4.not-unskipped")
def test_results_and_stamps_are_those_of_the_direction_that_ran(
    customer: IntegrationTableMapping, people: People, command: Command
) -> None:
    made = people.create_bc("customers", number="C1", displayName="Adatum")
    command("synchronize", "CUSTOMER")
    key = str(Coupling.objects.get().sales_key)
    people.change_sales("accounts", key, address1_line1=LONG)
    command("synchronize", "CUSTOMER", "--direction", "from")
    failed = Coupling.objects.get()
    assert (failed.to_result, failed.from_result) == ("Success", "Failure")
    people.change_bc("customers", made["id"], city="Graz")
    jobs = command("synchronize", "CUSTOMER", "--direction", "to")[1]["jobs"]
    after = Coupling.objects.get()
    assert (after.to_result, after.to_job_id, after.from_result) == ("Success", jobs[0]["id"], "Failure")
    assert (after.from_job_id, after.from_error) == (failed.from_job_id, failed.from_error)
    assert after.bc_modified_at > failed.bc_modified_at
    assert Direction(jobs[0]["direction"]) is Direction.TO_INTEGRATION
    assert not JobQueueEntry.objects.filter(status="Error").exists()
