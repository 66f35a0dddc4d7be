"""Job Queue Log Entries: every execution with its message, its jobs and the workers that were lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from joblog import runner
from joblog.models import JobQueueEntry, JobQueueLogEntry, SynchJob
from mappings.models import IntegrationTableMapping

LOG, MARK, DELETE = "/job-queue/log/", "/job-queue/log/mark-as-error/", "/log/delete/"
# session, person, 2 x permissions, names of the mapping filter, count, executions, systems of the top bar, pause
QUERIES = 9


@pytest.fixture
def make(db: None) -> Callable[..., JobQueueLogEntry]:
    def execution(status: str = "Success", *, days: float = 0, **values: Any) -> JobQueueLogEntry:
        start = timezone.now() - timedelta(days=days)
        ended = {} if status == "In Process" else {"ended_at": start + timedelta(seconds=90)}
        plain = {
            "description": "CUSTOMER job",
            "run_kind": "synchronize",
            "mapping_name": "CUSTOMER",
            "started_at": start,
            "status": status,
        }
        return JobQueueLogEntry.objects.create(**(plain | ended | values))

    return execution


def page_of(execution: JobQueueLogEntry) -> str:
    return reverse("joblog:queue-log-entry", args=[execution.pk])


def test_the_list_tells_duration_user_and_message(reader: Client, make) -> None:
    make("Error", user_name="ann", message="Sales refused the sign-in.")
    make("Success", lost_workers=2)
    make("In Process", lost_workers=1)
    page = reader.get(LOG).content.decode()
    for text in (
        "1 min 30 s",
        "ann",
        "Sales refused the sign-in.",
        "2 workers were lost, another went on.",
        "A worker was lost, another goes on.",
    ):
        assert text in page


@pytest.mark.parametrize(
    ("query", "number"),
    [("status=Error", 1), ("mapping=CUSTOMER", 2), ("lost=on", 1), ("search=refused", 1), ("entry={pk}", 1), ("run_kind=couple", 1)],
)
def test_executions_are_filtered(reader: Client, make, mapping: IntegrationTableMapping, query: str, number: int) -> None:
    entry = JobQueueEntry.objects.create(description="CUSTOMER job", mapping=mapping)
    make("Error", message="Sales refused the sign-in."), make(entry=entry)
    make(lost_workers=1, mapping_name="ITEM", run_kind="couple")
    assert len(reader.get(f"{LOG}?{query.format(pk=entry.pk)}").context["table"].page.object_list) == number


def test_an_execution_tells_its_jobs_call_stack_and_lost_workers(reader: Client, make, make_job: Callable[..., SynchJob]) -> None:
    execution = make("Error", message="Bad.", call_stack="Traceback (most recent call last)", notes="far:1 gave no sign of life any more")
    job = make_job(log_entry=execution)
    page = reader.get(page_of(execution)).content.decode()
    for text in ("Bad.", "Traceback (most recent call last)", "far:1 gave no sign of life", reverse("joblog:job", args=[job.pk])):
        assert text in page


def test_all_details_of_an_execution_are_copied_as_plain_text(reader: Client, make, make_job: Callable[..., SynchJob]) -> None:
    execution = make("Error", message="<b>Bad</b>.", call_stack="Traceback (most recent call last)", user_name="ann", notes="far:1 is gone")
    job = make_job(log_entry=execution, inserted=3, failed=1, message="One failed.")
    answer = reader.get(f"{page_of(execution)}text/")
    text = answer.content.decode()
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "Error Message: <b>Bad</b>.\n" in text and "Duration: 1 min 30 s\nUser ID: ann\n" in text and " UTC\n" in text
    assert f"Synch jobs:\n{job.pk} CUSTOMER ToIntegrationTable · Synchronization · Finished · 3 inserted, 1 failed · One failed." in text
    assert "Call stack:\nTraceback (most recent call last)\n" in text and "far:1 is gone" in text
    for page in (page_of(execution), LOG):
        assert re.search(r"data-copies[^>]*>Copy Details</a>", reader.get(page).content.decode())


def test_an_execution_leads_to_its_entry_while_there_is_one(reader: Client, make, mapping: IntegrationTableMapping) -> None:
    entry = JobQueueEntry.objects.create(description="CUSTOMER job", mapping=mapping)
    assert reader.get(f"{page_of(make(entry=entry))}entry/").headers["Location"] == f"/job-queue/{entry.pk}/"
    assert "does not exist any more" in reader.get(f"{page_of(make())}entry/", follow=True).content.decode()


def test_a_running_execution_is_fetched_again(reader: Client, make) -> None:
    running, ended = make("In Process"), make()
    assert "every 2s" in reader.get(page_of(running), headers={"HX-Request": "true"}).content.decode()
    assert "data-live" not in reader.get(page_of(ended)).content.decode()


def test_what_runs_is_marked_as_error_by_name(operator: Client, make) -> None:
    running, ended = make("In Process"), make()
    told = operator.post(MARK, {"execution": [running.pk, ended.pk]}, follow=True).content.decode()
    running.refresh_from_db()
    assert (running.status, running.message) == ("Error", "Marked as error by operator@example.com.")
    assert "1 marked as error." in told and "Only executions that are In Process" in told


@pytest.mark.rule("21.7.delete")
@pytest.mark.parametrize(("days", "left"), [("7", {"new", "running"}), ("0", {"running"})])
def test_old_executions_are_deleted_and_their_jobs_stay(signed_in, make, make_job, days: str, left: set[str]) -> None:
    old, _ = make(days=8, description="old"), make(days=6, description="new")
    make("In Process", days=9, description="running")
    job = make_job(log_entry=old)
    administrator = signed_in("Administrator")
    assert 'name="what" value="runs"' in administrator.get(LOG).content.decode()
    administrator.post(DELETE, {"what": "runs", "days": days})
    runner.run(JobQueueEntry.objects.get().pk)
    assert set(JobQueueLogEntry.objects.exclude(run_kind="retention").values_list("description", flat=True)) == left
    job.refresh_from_db()
    assert job.log_entry is None


def test_only_administrators_delete_and_readers_mark_nothing(reader: Client, operator: Client, make) -> None:
    running = make("In Process")
    assert reader.post(MARK, {"execution": running.pk}).status_code == 403
    assert "Only executions that are In Process" in operator.post(MARK, follow=True).content.decode()
    assert "Delete All Entries" not in operator.get(LOG).content.decode()


def test_no_query_per_execution(reader: Client, make, django_assert_num_queries) -> None:
    make()
    reader.get(LOG)
    with django_assert_num_queries(QUERIES):
        reader.get(LOG)
    for _ in range(10):
        make("Error", message="x")
    with django_assert_num_queries(QUERIES):
        reader.get(LOG)


def test_days_are_those_of_the_reader_in_a_zone_with_half_hours(reader: Client, make) -> None:
    reader.cookies["zone"] = "Asia/Kolkata"
    evening = timezone.now().replace(hour=20, minute=0) - timedelta(days=3)
    execution = make(started_at=evening)
    day = (evening + timedelta(days=1)).date().isoformat()
    page = reader.get(f"{LOG}?since={day}&until={day}").content.decode()
    assert page_of(execution) in page
    assert "From date" in page and "(UTC)" not in page
