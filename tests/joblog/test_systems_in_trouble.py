"""What a run does when a system is in trouble (architecture.md section 5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.utils import timezone

from joblog import runner
from joblog.models import JobQueueEntry, JobStatus, QueueStatus, RunKind, SynchJob
from joblog.queue import enqueue
from mappings.models import IntegrationFieldMapping, IntegrationTableMapping, System, SystemTable
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def entry(customer: IntegrationTableMapping, people: People) -> JobQueueEntry:
    """A queued run of CUSTOMER, with three customers to send."""
    people.create_many_bc("customers", [{"displayName": f"Customer {number}"} for number in range(3)])
    return enqueue(mapping=customer, run_kind=RunKind.SYNCHRONIZE)


@pytest.mark.rule("11.stop-connection")
def test_a_refused_sign_in_stops_the_run_and_says_what_to_correct(
    customer: IntegrationTableMapping, people: People, command: Command
) -> None:
    people.create_bc("customers", displayName="Customer 1")
    system = System.objects.get(kind="sales")
    system.client_secret = "wrong"
    system.save()
    code, told = command("synchronize", "CUSTOMER")
    assert (code, told["jobs"][0]["status"], told["jobs"][0]["code"]) == (2, "Error", "sign-in")
    assert "secret" in told["jobs"][0]["message"]
    assert "wrong" not in told["jobs"][0]["message"].split()


def test_a_secret_of_another_key_stops_the_run_and_says_what_to_do(
    customer: IntegrationTableMapping, command: Command, settings: Any
) -> None:
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    code, told = command("synchronize", "CUSTOMER")
    assert (code, told["jobs"][0]["status"], told["jobs"][0]["code"]) == (2, "Error", "secret")
    assert "Store the secret again" in told["jobs"][0]["message"]


def test_an_unknown_company_stops_the_run_and_names_it(customer: IntegrationTableMapping, command: Command) -> None:
    System.objects.filter(kind="business_central").update(company_id="11111111-1111-1111-1111-111111111111", company="Nowhere")
    code, told = command("synchronize", "CUSTOMER")
    assert (code, told["jobs"][0]["status"], told["jobs"][0]["code"]) == (2, "Error", "unknown-company")


def test_a_property_that_was_removed_stops_the_run_and_is_named(customer: IntegrationTableMapping, command: Command) -> None:
    row = SystemTable.objects.get(name="customers", system__kind="business_central")
    gone = next(field for field in row.metadata["fields"] if field["name"] == "city") | {"name": "favouriteColour"}
    row.metadata["fields"].append(gone)
    row.save()
    IntegrationFieldMapping.objects.create(mapping=customer, field="favouriteColour", integration_field="description", status="Enabled")
    code, told = command("synchronize", "CUSTOMER")
    assert (code, told["jobs"][0]["status"], told["jobs"][0]["code"]) == (2, "Error", "unknown-field")
    assert "favouriteColour" in told["jobs"][0]["message"]


@pytest.mark.rule("5.1.connection")
def test_a_system_out_of_reach_puts_the_same_job_off_without_using_an_attempt(entry: JobQueueEntry) -> None:
    System.objects.filter(kind="sales").update(address="http://127.0.0.1:9", token_address="http://127.0.0.1:9/token")
    runner.run(entry.pk)
    entry.refresh_from_db()
    assert (entry.status, entry.attempts, entry.put_off) == (QueueStatus.READY, 0, 1)
    assert entry.earliest_start is not None and entry.earliest_start > timezone.now()
    job = SynchJob.objects.get()
    assert job.status == JobStatus.IN_PROCESS
    assert "Will be tried again at" in job.message


@pytest.mark.rule("5.1.connection")
@pytest.mark.parametrize("times", [2000, 10_000])
def test_a_system_that_stays_away_for_months_is_asked_every_half_hour(entry: JobQueueEntry, times: int) -> None:
    JobQueueEntry.objects.update(put_off=times)
    System.objects.filter(kind="sales").update(address="http://127.0.0.1:9", token_address="http://127.0.0.1:9/token")
    runner.run(entry.pk)
    entry.refresh_from_db()
    assert (entry.status, entry.put_off) == (QueueStatus.READY, min(times + 1, 10_000))
    assert entry.earliest_start is not None
    assert timedelta(minutes=29) < entry.earliest_start - timezone.now() <= timedelta(minutes=30)


def test_a_job_that_was_put_off_goes_on_when_the_system_is_back(entry: JobQueueEntry, people: People) -> None:
    people.fault(system="sales", kind="status", status=429, retry_after=60, method="POST", path="CreateMultiple", times=1)
    runner.run(entry.pk)
    assert SynchJob.objects.get().status == JobStatus.IN_PROCESS
    JobQueueEntry.objects.filter(pk=entry.pk).update(earliest_start=timezone.now() - timedelta(seconds=1))
    runner.run(entry.pk)
    to_sales, _ = SynchJob.objects.order_by("id")
    assert (to_sales.status, to_sales.inserted, to_sales.failed) == (JobStatus.FINISHED, 3, 0)
    assert len(people.rows_sales("accounts")) == 3
    assert not JobQueueEntry.objects.filter(pk=entry.pk).exists()


def test_a_short_throttling_is_waited_for(entry: JobQueueEntry, people: People) -> None:
    people.fault(system="sales", kind="status", status=429, retry_after=1, method="POST", path="CreateMultiple", times=2)
    runner.run(entry.pk)
    assert SynchJob.objects.order_by("id")[0].inserted == 3
    assert len(people.rows_sales("accounts")) == 3


def test_a_token_that_expires_in_mid_run_is_renewed(entry: JobQueueEntry, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    runner.run(entry.pk)
    people.control("POST", "tokens", {"expire": True})
    people.sign_in()
    people.create_bc("customers", displayName="One more")
    second = enqueue(mapping=IntegrationTableMapping.objects.get(name="CUSTOMER"), run_kind=RunKind.SYNCHRONIZE)
    runner.run(second.pk)
    assert [job.inserted for job in SynchJob.objects.order_by("id")] == [3, 0, 1, 0]


def test_a_lost_answer_to_an_insert_is_looked_up_before_anything_is_repeated(entry: JobQueueEntry, people: People) -> None:
    people.fault(system="sales", kind="apply-then-disconnect", method="POST", path="CreateMultiple", times=1)
    runner.run(entry.pk)
    assert SynchJob.objects.order_by("id")[0].inserted == 3
    assert sorted(row["name"] for row in people.rows_sales("accounts")) == ["Customer 0", "Customer 1", "Customer 2"]


def test_an_error_uses_up_an_attempt_and_the_failure_after_the_last_one_stops_the_entry(entry: JobQueueEntry) -> None:
    System.objects.filter(kind="sales").update(enabled=False)
    for attempt, status in ((1, QueueStatus.READY), (2, QueueStatus.READY), (2, QueueStatus.ERROR)):
        JobQueueEntry.objects.filter(pk=entry.pk).update(earliest_start=timezone.now())
        runner.run(entry.pk)
        entry.refresh_from_db()
        assert (entry.attempts, entry.status) == (attempt, status)
    assert "switched off" in entry.error_message


def test_a_mapping_never_runs_twice_at_once(entry: JobQueueEntry) -> None:
    JobQueueEntry.objects.filter(pk=entry.pk).update(status=QueueStatus.IN_PROCESS, claim_token="somebody", heartbeat_at=timezone.now())
    second = enqueue(mapping=IntegrationTableMapping.objects.get(name="CUSTOMER"), run_kind=RunKind.SYNCHRONIZE)
    runner.run(second.pk)
    second.refresh_from_db()
    assert second.status == QueueStatus.WAITING
    assert not SynchJob.objects.exists()


def test_an_unexpected_error_is_written_down_with_its_call_stack(entry: JobQueueEntry) -> None:
    JobQueueEntry.objects.filter(pk=entry.pk).update(parameters={"directions": ["Sideways"]})
    runner.run(entry.pk)
    entry.refresh_from_db()
    assert "Sideways" in entry.error_message
