"""What is said about a job is kept with it, and never hinders the run."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from joblog import entry_states, job_lines, runner
from joblog.claims import take
from joblog.job_lines import kept_lines, save_lines
from joblog.log_lines import about
from joblog.models import JobLine, JobQueueEntry, RunKind, SynchJob
from joblog.queue import enqueue
from mappings.models import IntegrationTableMapping, System
from tests.joblog.conftest import MakeJob
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]
log = logging.getLogger("joblog.test")


def no_room(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
    """A database whose disk is full."""
    if sql.startswith("INSERT"):
        raise OperationalError("no space left on device")
    return execute(sql, *rest)


def lines(job: SynchJob | None) -> str:
    return "\n".join(JobLine.objects.filter(job=job).values_list("text", flat=True))


def last_job(direction: str = "ToIntegrationTable") -> SynchJob:
    return SynchJob.objects.filter(direction=direction).latest("pk")


def test_a_run_tells_how_it_began_what_a_page_did_and_how_it_ended(
    customer: IntegrationTableMapping, people: People, command: Command
) -> None:
    people.create_many_bc("customers", [{"displayName": f"Customer {number}"} for number in range(3)])
    command("synchronize", "CUSTOMER", "--direction", "to")
    told = lines(last_job())
    for text in (
        ", triggered by command",
        "All modified records",
        "reads the whole table",
        "3 read, 3 inserted in",
        "Finished: 3 read, 3 inserted in",
    ):
        assert text in told
    assert "the watermark moves from none to" in told and "Customer 1" not in told
    assert set(last_job().timings) == {"read", "compare", "write", "save"}


def test_both_directions_and_a_preview_keep_their_lines_apart(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    people.create_bc("customers", displayName="One")
    command("synchronize", "CUSTOMER")
    assert "1 inserted" in lines(last_job()) and "To Sales" in lines(last_job())
    back = lines(last_job("FromIntegrationTable"))
    assert "From Sales" in back and "inserted" not in back
    command("synchronize", "CUSTOMER", "--direction", "to", "--preview")
    assert "Preview" in lines(last_job())


def test_a_wait_that_a_system_asked_for_is_told_without_the_address(
    customer: IntegrationTableMapping, people: People, command: Command
) -> None:
    people.create_bc("customers", displayName="Secretive")
    people.fault(system="sales", kind="status", status=429, retry_after=1, method="POST", path="CreateMultiple", times=1)
    command("synchronize", "CUSTOMER", "--direction", "to")
    line = JobLine.objects.get(job=last_job(), level="WARNING")
    assert line.text.startswith("Dynamics 365 Sales answered HTTP 429: ") and line.text.endswith("is sent again at its wish after 1 s")
    assert "http" not in line.text


def test_an_error_and_a_put_off_are_told(customer: IntegrationTableMapping, people: People) -> None:
    entry = enqueue(mapping=customer, run_kind=RunKind.SYNCHRONIZE)
    System.objects.filter(kind="sales").update(address="http://127.0.0.1:9", token_address="http://127.0.0.1:9/token")
    people.create_bc("customers", displayName="One")
    runner.run(entry.pk)
    assert "put off: " in lines(last_job())
    entry_states.cancel([entry.pk], by="anna")
    assert "Canceled: Canceled by anna. So far: " in lines(last_job())


def test_a_lost_worker_is_told_by_the_one_that_goes_on(customer: IntegrationTableMapping, people: People) -> None:
    entry = enqueue(mapping=customer, run_kind=RunKind.SYNCHRONIZE)
    assert take(entry.pk)
    long_ago = timezone.now() - timedelta(days=1)
    JobQueueEntry.objects.filter(pk=entry.pk).update(heartbeat_at=long_ago, claimed_by="gone:7")
    runner.run(entry.pk)
    assert "gone:7 gave no sign of life any more" in lines(last_job())


def test_a_bug_is_told_with_its_call_stack(make_job: MakeJob) -> None:
    job = make_job()
    with kept_lines(), about(job=job.pk):
        try:
            raise ValueError("lost")
        except ValueError:
            log.exception("unexpected\0")
    line = JobLine.objects.get(job=job)
    assert (
        line.level == "ERROR" and line.text.startswith("unexpected\N{REPLACEMENT CHARACTER}\nTraceback") and "ValueError: lost" in line.text
    )


def test_a_job_keeps_so_many_lines_and_counts_the_rest(make_job: MakeJob, monkeypatch: pytest.MonkeyPatch, reader: Client) -> None:
    monkeypatch.setattr(job_lines, "MOST_LINES", 5)
    job = make_job()
    for _slice in range(2):
        with kept_lines(), about(job=job.pk):
            for number in range(4):
                log.info("line %s", number)
            save_lines()
            log.info("one more")
    assert list(JobLine.objects.filter(job=job).values_list("left_out", flat=True)) == [0] * 5 + [5]
    assert "5 more lines were left out" in reader.get(reverse("joblog:job", args=[job.pk]), {"tab": "lines"}).content.decode()


def test_a_page_costs_one_statement(make_job: MakeJob) -> None:
    job = make_job()
    with kept_lines(), about(job=job.pk):
        log.info("first")
        save_lines()
        log.info("a page")
        log.info("and more")
        with CaptureQueriesContext(connection) as asked:
            save_lines()
    assert len([one for one in asked if "SAVEPOINT" not in one["sql"]]) == 1


def test_lines_that_cannot_be_saved_end_no_run_and_are_told(make_job: MakeJob, caplog: pytest.LogCaptureFixture) -> None:
    job = make_job()
    with kept_lines(), about(job=job.pk):
        log.info("kept")
        save_lines()
        with connection.execute_wrapper(no_room):
            log.info("lost")
            save_lines()
        log.info("kept again")
    assert lines(job) == "kept\nkept again"
    assert f"1 lines of the jobs [{job.pk}] could not be saved" in caplog.text


def test_lines_of_libraries_are_not_kept(make_job: MakeJob) -> None:
    job = make_job()
    with kept_lines(), about(job=job.pk):
        logging.getLogger("urllib3.connectionpool").warning("GET /accounts?$filter=name eq 'Adatum'")
        log.info("ours")
    assert lines(job) == "ours"
