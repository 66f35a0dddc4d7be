"""A run under way stops at its next page: canceled, held, because everything is paused, or because its worker is leaving."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from joblog import dispatcher, entry_states, pauses, runner, workers
from joblog.claims import Claim, take
from joblog.models import JobQueueEntry, JobQueueLogEntry, QueuePause, RunKind, SynchEntry, SynchJob, Worker
from joblog.queue import enqueue
from mappings.models import IntegrationTableMapping
from syncadmin.sync.engine import Run
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def claim(customer: IntegrationTableMapping, people: People, monkeypatch: pytest.MonkeyPatch) -> Claim:
    """A claimed run of CUSTOMER that sends five customers, two on a page."""
    monkeypatch.setattr("joblog.synchronization.Run", partial(Run, page_size=2))
    people.create_many_bc("customers", [{"displayName": f"Customer {number}"} for number in range(5)])
    taken = take(enqueue(mapping=customer, run_kind=RunKind.SYNCHRONIZE).pk)
    assert taken is not None
    return taken


def to_sales() -> SynchJob:
    return SynchJob.objects.order_by("id")[0]


def names(people: People) -> list[str]:
    return sorted(row["name"] for row in people.rows_sales("accounts"))


def never() -> bool:
    return False


def test_a_canceled_run_stops_at_its_next_page_and_is_honestly_counted(claim: Claim, people: People) -> None:
    entry_states.cancel([claim.entry_id], "ann")
    assert runner.carry_out(claim, never)
    job = to_sales()
    assert (job.status, job.code, job.message, job.inserted, job.read) == ("Canceled", "canceled", "Canceled by ann.", 2, 2)
    assert SynchEntry.objects.filter(job=job, action="Inserted").count() == len(names(people)) == 2
    assert not SynchEntry.objects.filter(action="Sending").exists()
    assert JobQueueLogEntry.objects.get().status == "Canceled"
    assert not JobQueueEntry.objects.filter(pk=claim.entry_id).exists()
    mapping = IntegrationTableMapping.objects.get(name="CUSTOMER")
    assert (mapping.last_run_status, mapping.last_run_message) == ("Canceled", "Canceled by ann.")


def test_the_run_after_a_canceled_one_brings_the_rest(claim: Claim, people: People) -> None:
    entry_states.cancel([claim.entry_id], "ann")
    runner.carry_out(claim, never)
    runner.run(enqueue(mapping=IntegrationTableMapping.objects.get(name="CUSTOMER"), run_kind=RunKind.SYNCHRONIZE).pk)
    assert names(people) == [f"Customer {number}" for number in range(5)]


def test_what_a_lost_worker_was_sending_is_settled_before_its_run_is_canceled(claim: Claim, people: People, settings: Any) -> None:
    people.fault(system="sales", kind="apply-then-disconnect", method="POST", path="CreateMultiple", times=1)
    people.fault(system="sales", kind="disconnect", method="GET", path="/accounts", times=100)
    runner.carry_out(claim, never)
    people.control("DELETE", "faults")
    assert SynchEntry.objects.filter(action="Sending").count() == 2
    silent = {"claim_token": "lost", "claimed_by": "far:1", "heartbeat_at": timezone.now() - timedelta(days=1)}
    JobQueueEntry.objects.filter(pk=claim.entry_id).update(status="In Process", **silent)
    entry_states.cancel([claim.entry_id], "ann")
    runner.run(claim.entry_id)
    assert to_sales().status == "Canceled"
    assert to_sales().inserted == len(names(people)) >= 2
    assert not SynchEntry.objects.filter(action__in=["Sending", "Failed"]).exists()


def test_a_paused_run_goes_on_where_it_was_after_the_resume(claim: Claim, people: People) -> None:
    pauses.pause("Maintenance of Sales", "ann")
    assert not runner.carry_out(claim, never)
    assert (to_sales().status, to_sales().phase, to_sales().inserted) == ("In Process", "paused", 2)
    assert take(claim.entry_id) is None
    assert dispatcher.ring_for_lost() == []
    assert pauses.resume("bob")
    assert dispatcher.ring_for_lost() == [claim.entry_id]
    runner.run(claim.entry_id)
    assert [(job.status, job.inserted, job.phase) for job in SynchJob.objects.order_by("id")] == [("Finished", 5, ""), ("Finished", 0, "")]
    assert names(people) == [f"Customer {number}" for number in range(5)]


def test_a_paused_run_is_canceled_at_once(claim: Claim) -> None:
    pauses.pause("Maintenance", "ann")
    runner.carry_out(claim, never)
    assert entry_states.cancel([claim.entry_id], "bob").changed == 1
    assert (to_sales().status, to_sales().message) == ("Canceled", "Canceled by bob.")


def test_nothing_is_started_or_rung_for_while_everything_is_paused(claim: Claim, customer: IntegrationTableMapping) -> None:
    JobQueueEntry.objects.all().delete()
    pauses.pause("Maintenance", "ann")
    OrmQ.objects.all().delete()
    entry = enqueue(mapping=customer, run_kind=RunKind.SYNCHRONIZE)
    JobQueueEntry.objects.update(rung_at=None)
    assert take(entry.pk) is None
    assert dispatcher.ring_for_due() == []
    pauses.resume("ann")
    assert entry.pk in dispatcher.ring_for_due()


def test_everything_is_paused_once_and_both_names_are_kept(db: None) -> None:
    assert pauses.pause("Maintenance", "ann")
    assert not pauses.pause("Once more", "bob")
    assert pauses.resume("bob")
    assert not pauses.resume("bob")
    row = QueuePause.objects.get()
    assert (row.reason, row.user_name, row.ended_by, row.open) == ("Maintenance", "ann", "bob", False)
    assert pauses.pause("Again", "ann")


def test_a_worker_that_is_stopping_leaves_its_run_to_others(claim: Claim, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_own", None)
    worker = workers.sign_on()
    workers.stopping(worker)
    assert not runner.carry_out(claim, never)
    assert to_sales().inserted == 2
    assert take(claim.entry_id) is None
    monkeypatch.setattr(workers, "_own", None)
    runner.run(claim.entry_id)
    assert to_sales().inserted == 5
    assert Worker.objects.get().state == "Stopping"


def test_a_foreground_run_that_is_canceled_ends_with_code_2(
    customer: IntegrationTableMapping, people: People, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("joblog.synchronization.Run", partial(Run, page_size=2))
    people.create_many_bc("customers", [{"displayName": f"Customer {number}"} for number in range(5)])
    monkeypatch.setattr("joblog.progress.Progress.tell", lambda _: cancel_all())
    code, told = command("synchronize", "CUSTOMER")
    assert code == 2
    assert [(job["status"], job["inserted"], job["message"]) for job in told["jobs"]] == [("Canceled", 2, "Canceled by ann.")]


def cancel_all() -> None:
    entry_states.cancel(list(JobQueueEntry.objects.filter(status="In Process").values_list("pk", flat=True)), "ann")


def test_a_foreground_run_waits_while_everything_is_paused_and_is_left_to_the_workers(
    customer: IntegrationTableMapping, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses.pause("Maintenance", "ann")
    monkeypatch.setattr("joblog.foreground.PATIENCE", timedelta(0))
    code, told = command("synchronize", "CUSTOMER")
    assert code == 2
    assert told["message"] == "Paused by ann: Maintenance. The job is left to the workers."
    assert JobQueueEntry.objects.filter(recurring=False, status="Ready").count() == 1
