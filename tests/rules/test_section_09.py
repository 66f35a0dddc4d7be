"""Section 9, skipped records: how they become so, what that means, and the ways back, over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.urls import reverse

from joblog import runner
from joblog.models import JobQueueEntry, RunKind, SynchEntry, SynchJob
from joblog.queue import enqueue
from joblog.retries import retry_couplings, synchronize_couplings
from joblog.scope import Scope
from mappings.models import Coupling, IntegrationTableMapping
from syncadmin.sandbox.ids import COMPANY_ID
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]
LONG = "A street with a name that is far too long for Business Central, " * 3


def coupling(number: str) -> Coupling:
    return Coupling.objects.get(bc_number=number)


def from_sales(command: Command, *options: str) -> tuple[int, int, int]:
    """What a run from Sales counts: modified, skipped, failed."""
    job = command("synchronize", "CUSTOMER", "--direction", "from", *options)[1]["jobs"][0]
    return job["modified"], job["skipped"], job["failed"]


def delete_customer(people: People, row: Coupling) -> None:
    address = f"{people.bc_root}/companies({COMPANY_ID})/customers({row.bc_key})"
    assert people.session.delete(address, headers={"If-Match": "*"}).status_code == 204


def run_queued() -> list[SynchJob]:
    """The jobs of what waits in the queue."""
    newest = SynchJob.objects.latest("id").pk
    for entry in JobQueueEntry.objects.filter(status="Ready", recurring=False).order_by("id"):
        runner.run(entry.pk)
    return list(SynchJob.objects.filter(pk__gt=newest).order_by("id"))


@pytest.fixture
def failing(customer: IntegrationTableMapping, people: People, command: Command) -> Coupling:
    """A customer whose account has a street that Business Central cannot hold; it has not been noticed yet."""
    people.create_bc("customers", number="C1", displayName="Adatum")
    command("synchronize", "CUSTOMER")
    row = coupling("C1")
    people.change_sales("accounts", str(row.sales_key), address1_line1=LONG)
    return row


@pytest.fixture
def skipped(failing: Coupling, command: Command) -> Coupling:
    assert [from_sales(command) for _ in range(2)] == [(0, 0, 1), (0, 1, 0)]
    return coupling("C1")


@pytest.mark.rule("9.1.second")
def test_the_second_equal_failure_counts_as_skipped_and_is_still_listed(failing: Coupling, command: Command) -> None:
    assert [from_sales(command) for _ in range(2)] == [(0, 0, 1), (0, 1, 0)]
    assert [(entry.action, entry.code) for entry in SynchEntry.objects.exclude(code="").order_by("id")] == [
        ("Failed", "too-long"), ("Skipped", "too-long"),
    ]  # fmt: skip


@pytest.mark.rule("9.1.other")
def test_another_failure_starts_over(failing: Coupling, people: People, command: Command) -> None:
    assert from_sales(command) == (0, 0, 1)
    people.change_sales("accounts", str(failing.sales_key), address1_line1="Ring 1", address1_city="x" * 50)
    assert [from_sales(command) for _ in range(2)] == [(0, 0, 1), (0, 1, 0)]


@pytest.mark.rule("9.2.both", "9.2.not-retried", "9.2.stays")
def test_a_skipped_record_is_counted_when_it_is_read_and_nothing_else(skipped: Coupling, people: People, command: Command) -> None:
    people.control("POST", "clock", {"system": "sales", "offset_seconds": 600})
    try:
        for _ in range(2):
            from_sales(command)
        job = SynchJob.objects.latest("id")
        assert (job.read, job.skipped) == (0, 0)  # outside of the window and not in the retry set
        people.change_sales("accounts", str(skipped.sales_key), address1_line1="Ring 1")
        assert from_sales(command) == (0, 1, 0)
    finally:
        people.control("POST", "clock", {"system": "sales", "offset_seconds": 0})
    people.change_bc("customers", str(skipped.bc_key), city="Graz")
    assert command("synchronize", "CUSTOMER", "--direction", "to")[1]["jobs"][0]["skipped"] == 1
    row = coupling("C1")
    assert (row.skipped, row.from_error) == (True, skipped.from_error)


@pytest.mark.rule("9.2.refused")
def test_a_run_of_a_skipped_record_by_name_leaves_it_alone_and_says_why(skipped: Coupling, people: People, command: Command) -> None:
    people.change_sales("accounts", str(skipped.sales_key), address1_line1="Ring 1")
    assert from_sales(command, "--record", "C1") == (0, 1, 0)
    entry = SynchEntry.objects.latest("id")
    assert "Skipped after repeated errors, until somebody retries it" in entry.message
    assert coupling("C1").skipped


@pytest.mark.rule("9.3.list")
def test_the_list_of_skipped_records_explains_each(skipped: Coupling, people: People, signed_in: Callable[[str], Client]) -> None:
    people.create_bc("customers", number="C2", displayName="Fine")
    page = signed_in("Reader").get(f"{reverse('joblog:coupling-list', args=[skipped.mapping_id])}?state=skipped", follow=True)
    (row,) = page.context["table"].page.object_list
    assert row.record == skipped
    shown = page.content.decode()
    assert "C1 Adatum" in shown and "Coupled Record Exists" in shown and skipped.last_error[:60] in shown
    assert skipped.failed_at is not None and f'datetime="{skipped.failed_at.isoformat()[:19]}' in shown


@pytest.mark.rule("9.3.list", "9.4.find")
def test_of_a_missing_record_the_list_says_in_which_system(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    for number in (1, 2):
        people.create_bc("customers", number=f"C{number}", displayName=f"Customer {number}")
    command("synchronize", "CUSTOMER")
    people.delete_sales("accounts", str(coupling("C1").sales_key))
    delete_customer(people, coupling("C2"))
    runner.run(enqueue(mapping=customer, run_kind=RunKind.FIND_DELETED).pk)
    assert [(row.skipped, "deleted in Dynamics 365 Sales" in row.last_error) for row in Coupling.objects.order_by("bc_number")] == [
        (True, True), (True, False),
    ]  # fmt: skip
    assert "deleted in Business Central" in coupling("C2").last_error


@pytest.mark.rule("9.3.retry")
def test_after_retry_the_record_goes_through(skipped: Coupling, people: People) -> None:
    people.change_sales("accounts", str(skipped.sales_key), address1_line1="Ring 1")
    retry_couplings(Coupling.objects.filter(pk=skipped.pk), user=AnonymousUser())
    assert [(job.direction, job.modified) for job in run_queued()] == [("FromIntegrationTable", 1)]
    assert not coupling("C1").skipped


@pytest.mark.rule("9.3.retry-missing")
@pytest.mark.parametrize("direction", ["Bidirectional", "ToIntegrationTable", "FromIntegrationTable"])
@pytest.mark.parametrize("gone", ["customer", "account"])
def test_retry_leaves_a_record_skipped_that_is_missing(
    customer: IntegrationTableMapping, people: People, command: Command, gone: str, direction: str
) -> None:
    people.create_bc("customers", number="C1", displayName="Adatum")
    command("synchronize", "CUSTOMER")
    IntegrationTableMapping.objects.filter(pk=customer.pk).update(direction=direction)
    if gone == "account":
        people.delete_sales("accounts", str(coupling("C1").sales_key))
    else:
        delete_customer(people, coupling("C1"))
    runner.run(enqueue(mapping=IntegrationTableMapping.objects.get(pk=customer.pk), run_kind=RunKind.FIND_DELETED).pk)
    assert coupling("C1").skipped
    retry_couplings(Coupling.objects.all(), user=AnonymousUser())
    jobs = run_queued()
    assert (sum(job.skipped for job in jobs), coupling("C1").skipped) == (1, True)
    assert (len(people.rows_bc("customers")), len(people.rows_sales("accounts"))) == ((1, 0) if gone == "account" else (0, 1))


@pytest.mark.rule("9.3.synchronize")
def test_synchronize_lifts_the_marks_and_makes_one_job_per_mapping_and_direction(
    customer: IntegrationTableMapping, people: People, command: Command
) -> None:
    for number in (1, 2):
        people.create_bc("customers", number=f"C{number}", displayName=f"Customer {number}")
    command("synchronize", "CUSTOMER")
    contacts = IntegrationTableMapping.objects.get(name="CONTACT")
    firm = people.rows_bc("contacts", "customerNumber eq 'C1'")[0]
    account = coupling("C1").sales_key
    person = people.create_bc("contacts", type="Person", firstName="Ann", surname="Beebe", companyNumber=firm["number"])
    there = people.create_sales("contacts", lastname="Beebe", **{"parentcustomerid_account@odata.bind": f"/accounts({account})"})
    Coupling.objects.create(mapping=contacts, bc_key=person["id"], bc_number=person["number"], sales_key=there["contactid"])
    Coupling.objects.update(skipped=True)
    told = synchronize_couplings(Coupling.objects.all(), user=AnonymousUser())
    assert (told.records, told.mappings) == (3, ["CUSTOMER", "CONTACT"])
    assert [(job.mapping_name, job.direction) for job in run_queued()] == [
        (name, way) for name in ("CUSTOMER", "CONTACT") for way in ("ToIntegrationTable", "FromIntegrationTable")
    ]
    assert not Coupling.objects.filter(skipped=True).exists()


@pytest.mark.rule("9.3.restore", "9.3.delete", "9.5.restore")
@pytest.mark.parametrize("kind", [RunKind.RESTORE, RunKind.DELETE])
def test_restore_and_delete_need_exactly_one_missing(
    customer: IntegrationTableMapping, people: People, command: Command, kind: RunKind
) -> None:
    for number in range(3):
        people.create_bc("customers", number=f"C{number}", displayName=f"Customer {number}")
    command("synchronize", "CUSTOMER")
    keys = tuple(str(row.bc_key) for row in Coupling.objects.order_by("bc_number"))
    for number in (1, 2):
        people.delete_sales("accounts", str(coupling(f"C{number}").sales_key))
    delete_customer(people, coupling("C2"))
    Coupling.objects.update(skipped=True)
    runner.run(enqueue(mapping=customer, run_kind=kind, scope=Scope(bc_keys=keys)).pk)
    job = SynchJob.objects.latest("id")
    assert (job.inserted, job.deleted, job.skipped, job.uncoupled) == ((1, 0, 1, 1) if kind is RunKind.RESTORE else (0, 1, 1, 1))
    left = {row.bc_number: row.skipped for row in Coupling.objects.all()}
    assert left == ({"C0": True, "C1": False} if kind is RunKind.RESTORE else {"C0": True})


@pytest.mark.rule("9.3.uncouple")
def test_a_skipped_record_can_be_uncoupled(skipped: Coupling, people: People, command: Command) -> None:
    assert command("uncouple", "CUSTOMER", "C1")[1]["jobs"][0]["uncoupled"] == 1
    assert not Coupling.objects.exists()
    assert (len(people.rows_bc("customers")), len(people.rows_sales("accounts"))) == (1, 1)
