"""Skipped records: how they become so, and the ways back (engine.md section 9 and A3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from joblog import runner
from joblog.models import EntryAction, JobQueueEntry, SynchEntry, SynchJob
from joblog.retries import retry_couplings, synchronize_couplings
from mappings.models import Coupling, IntegrationTableMapping
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]
LONG = "A street with a name that is far too long for Business Central, " * 3


@pytest.fixture
def skipped(customer: IntegrationTableMapping, people: People, command: Command) -> Coupling:
    """Two customers; the street of the second account was too long for Business Central twice."""
    for number in (1, 2):
        people.create_bc("customers", number=f"C{number}", displayName=f"Customer {number}")
    command("synchronize", "CUSTOMER")
    people.change_sales("accounts", str(coupling("C2").sales_key), address1_line1=LONG)
    assert command("synchronize", "CUSTOMER")[1]["jobs"][1]["failed"] == 1
    assert command("synchronize", "CUSTOMER")[1]["jobs"][1]["skipped"] == 1
    return coupling("C2")


def coupling(number: str) -> Coupling:
    return Coupling.objects.get(bc_number=number)


def run_queued() -> list[SynchJob]:
    """Runs what waits; its jobs."""
    before = SynchJob.objects.order_by("-id").values_list("id", flat=True)[0]
    for entry in JobQueueEntry.objects.filter(status="Ready", recurring=False):
        runner.run(entry.pk)
    return list(SynchJob.objects.filter(pk__gt=before).order_by("id"))


@pytest.mark.rule("9.2.both")
def test_the_same_failure_twice_skips_the_record_in_both_directions(skipped: Coupling, people: People, command: Command) -> None:
    assert skipped.skipped
    people.change_bc("customers", str(skipped.bc_key), city="Graz")
    jobs = command("synchronize", "CUSTOMER")[1]["jobs"]
    assert (jobs[0]["modified"], jobs[0]["skipped"]) == (0, 1)


@pytest.mark.rule("4.success", "4.failure")
def test_results_are_kept_per_direction(skipped: Coupling) -> None:
    assert (skipped.to_result, skipped.from_result) == ("Success", "Failure")
    assert skipped.from_error.startswith("too-long")


@pytest.mark.rule("A3.may-pass")
def test_errors_that_may_pass_never_skip(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    row = people.create_bc("customers", number="C1", displayName="Customer 1")
    command("synchronize", "CUSTOMER")
    for city in ("Graz", "Linz", "Wien"):
        people.change_bc("customers", row["id"], city=city)
        people.fault(system="sales", kind="disconnect", method="POST", path="batch", times=2)
        command("synchronize", "CUSTOMER", "--direction", "to")
        people.control("DELETE", "faults")
    assert not coupling("C1").skipped


@pytest.mark.rule("9.3.retry")
def test_retrying_lifts_the_skip_and_runs_the_direction_that_failed(skipped: Coupling, people: People) -> None:
    people.change_sales("accounts", str(skipped.sales_key), address1_line1="Ring 1")
    retried = retry_couplings(Coupling.objects.filter(pk=skipped.pk), user=AnonymousUser())
    (job,) = run_queued()
    assert (retried.records, job.direction, job.modified) == (1, "FromIntegrationTable", 1)
    assert (coupling("C2").skipped, coupling("C2").from_result) == (False, "Success")
    assert not SynchEntry.objects.filter(resolved_at=None).exclude(code="").exists()


@pytest.mark.rule("9.3.retry-all")
def test_retrying_all_takes_what_a_filter_selects(skipped: Coupling, people: People) -> None:
    Coupling.objects.filter(bc_number="C1").update(skipped=True)
    retried = retry_couplings(Coupling.objects.filter(skipped=True, bc_label__contains="Customer 1"), user=AnonymousUser())
    assert retried.records == 1
    assert [one.bc_number for one in Coupling.objects.filter(skipped=True)] == ["C2"]


def test_a_record_that_fails_the_same_way_after_a_retry_is_skipped_again(skipped: Coupling) -> None:
    retry_couplings(Coupling.objects.filter(pk=skipped.pk), user=AnonymousUser())
    (job,) = run_queued()
    assert (job.failed, job.skipped) == (0, 1)
    assert SynchEntry.objects.filter(job=job, action=EntryAction.SKIPPED, code="too-long").exists()


@pytest.mark.rule("9.3.synchronize")
def test_synchronizing_skipped_records_goes_all_ways_in_one_run(skipped: Coupling, people: People) -> None:
    people.change_sales("accounts", str(skipped.sales_key), address1_line1="Ring 1")
    people.change_bc("customers", str(skipped.bc_key), city="Graz")
    synchronize_couplings(Coupling.objects.filter(skipped=True), user=AnonymousUser())
    assert [(job.direction, job.modified) for job in run_queued()] == [("ToIntegrationTable", 1), ("FromIntegrationTable", 1)]
    assert not coupling("C2").skipped
