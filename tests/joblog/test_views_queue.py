"""Job Queue Entries, and what a person does to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ

from joblog.models import JobQueueEntry, JobQueueLogEntry, QueueStatus
from mappings.models import IntegrationTableMapping
from tests.joblog.conftest import MakeJob

QUEUE, STATE = "/job-queue/", "/job-queue/state/"
# session, person, 2 x permissions, names of the mapping filter, count, entries, systems of the top bar, pause
QUERIES = 9


@pytest.fixture
def make(mapping: IntegrationTableMapping):
    def entry(status: str = "Ready", **values: Any) -> JobQueueEntry:
        plain = {"description": "CUSTOMER", "mapping": mapping, "recurring": True, "minutes_between_runs": 30, "status": status}
        return JobQueueEntry.objects.create(**(plain | values))

    return entry


def status_of(entry: JobQueueEntry) -> str:
    entry.refresh_from_db()
    return entry.status


def test_moments_are_exported_as_moments_and_never_as_markup(reader: Client, make: Any) -> None:
    make("Ready", earliest_start=datetime(2026, 12, 31, 17, 30, tzinfo=UTC), attempts=2, maximum_attempts=10)
    text = reader.get(f"{QUEUE}?export=csv").getvalue().decode()
    assert "2026-12-31 17:30:00 UTC,Every 30 min,2 of 10" in text
    assert "<" not in text


def test_the_list_tells_schedule_attempts_and_last_error(reader: Client, make) -> None:
    make("Error", attempts=2, maximum_attempts=10, error_message="Sales refused the sign-in.")
    page = reader.get(QUEUE).content.decode()
    for text in ("Every 30 min", "2 of 10", "Sales refused the sign-in.", '<span class="pill bad">Error</span>'):
        assert text in page


def test_an_entry_on_hold_has_no_next_run(reader: Client, make) -> None:
    make("On Hold", earliest_start=timezone.now())
    assert "<time" not in reader.get(QUEUE).content.decode()
    make("Ready", earliest_start=timezone.now())
    assert "<time" in reader.get(QUEUE).content.decode()


def test_the_list_is_filtered_by_mapping_and_status(reader: Client, make) -> None:
    make("Ready", description="Waits"), make("On Hold", description="Rests", mapping=None)
    page = reader.get(f"{QUEUE}?mapping=CUSTOMER").content.decode()
    assert "Waits" in page and "Rests" not in page
    assert "Rests" in reader.get(f"{QUEUE}?status=On+Hold").content.decode()


def test_no_query_per_entry(reader: Client, make, django_assert_num_queries) -> None:
    make()
    reader.get(QUEUE)
    with django_assert_num_queries(QUERIES):
        reader.get(QUEUE)
    for _ in range(10):
        make("On Hold")
    with django_assert_num_queries(QUERIES):
        reader.get(QUEUE)


@pytest.mark.parametrize(
    ("do", "before", "after"),
    [
        ("hold", "Ready", "On Hold"),
        ("hold", "In Process", "In Process"),
        ("restart", "Error", "Ready"),
        ("restart", "On Hold", "On Hold"),
        ("ready", "On Hold", "Ready"),
        ("ready", "Error", "Ready"),
        ("ready", "In Process", "In Process"),
        ("run", "On Hold with Inactivity Timeout", "Ready"),
        ("run", "In Process", "In Process"),
    ],
)
def test_a_person_changes_what_does_not_run(operator: Client, make, do: str, before: str, after: str) -> None:
    entry = make(before)
    operator.post(STATE, {"entry": entry.pk, "do": do})
    assert status_of(entry) == after


def test_run_now_makes_an_entry_due_and_rings(operator: Client, make) -> None:
    entry = make("Ready", earliest_start=timezone.now() + timedelta(hours=1), attempts=3, error_message="No answer.")
    operator.post(STATE, {"entry": entry.pk, "do": "run"})
    entry.refresh_from_db()
    assert entry.earliest_start <= timezone.now()
    assert (entry.attempts, entry.error_message) == (0, "")
    assert OrmQ.objects.count() == 1


def test_ready_keeps_the_next_start_and_gives_all_attempts_back(operator: Client, make) -> None:
    later = timezone.now() + timedelta(hours=1)
    entry = make("Error", earliest_start=later, attempts=10)
    operator.post(STATE, {"entry": entry.pk, "do": "ready"})
    entry.refresh_from_db()
    assert (entry.earliest_start, entry.attempts) == (later, 0)
    assert not OrmQ.objects.exists()


def test_what_was_left_alone_is_said_with_the_reason(operator: Client, make) -> None:
    data = {"entry": [make("On Hold").pk, make("In Process").pk], "do": "ready"}
    told = operator.post(STATE, data, follow=True).content.decode()
    assert "1 job queue entry was set to Ready." in told
    assert "1 left alone: it is running: cancel it, or set it on hold, first." in told


def test_what_runs_is_asked_to_stop_by_name(operator: Client, make) -> None:
    entry = make("In Process")
    told = operator.post(STATE, {"entry": entry.pk, "do": "cancel"}, follow=True).content.decode()
    entry.refresh_from_db()
    assert (entry.stop_requested, entry.stop_by) == ("cancel", "operator@example.com")
    assert "1 stops at the next page of records." in told


def test_a_queued_run_is_canceled_before_it_begins(operator: Client, make) -> None:
    entry = make("Ready", recurring=False)
    operator.post(STATE, {"entry": entry.pk, "do": "cancel"})
    assert not JobQueueEntry.objects.exists()


def test_administrators_delete_prioritize_and_remove_what_failed(signed_in, make) -> None:
    administrator = signed_in("Administrator")
    kept, failed, recurring = make("On Hold"), make("Error", recurring=False), make("Error")
    administrator.post(STATE, {"entry": kept.pk, "do": "priority-high"})
    kept.refresh_from_db()
    assert kept.priority == 100
    told = administrator.post(STATE, {"do": "remove-failed"}, follow=True).content.decode()
    assert "1 job queue entry was removed." in told and "1 left alone: it is recurring: restart it instead." in told
    assert set(JobQueueEntry.objects.all()) == {kept, recurring} and failed.pk
    administrator.post(STATE, {"entry": kept.pk, "do": "delete"})
    assert not JobQueueEntry.objects.filter(pk=kept.pk).exists()


@pytest.mark.parametrize("do", ["delete", "remove-failed", "priority-low"])
def test_an_operator_does_not_configure_entries(operator: Client, make, do: str) -> None:
    entry = make("Error", recurring=False)
    assert operator.post(STATE, {"entry": entry.pk, "do": do}).status_code == 403
    assert JobQueueEntry.objects.get().priority == 1000
    assert "Remove Failed Entries" not in operator.get(QUEUE).content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [("due=on", ["Due"]), ("run_kind=statistics", ["Statistics"]), ("category=bci", ["Later"]), ("recurring=on", ["Later", "Statistics"])],
)
def test_entries_are_found_by_what_they_are(reader: Client, make, query: str, found: list[str]) -> None:
    make("Waiting", description="Due", recurring=False, earliest_start=timezone.now() - timedelta(minutes=1))
    make("Ready", description="Later", category="BCI", earliest_start=timezone.now() + timedelta(minutes=1))
    make("On Hold", description="Statistics", run_kind="statistics", mapping=None)
    rows = reader.get(f"{QUEUE}?{query}").context["table"].page.object_list
    assert sorted(row.record.description for row in rows) == found


def test_every_column_of_business_central_can_be_shown_and_exported(reader: Client, make) -> None:
    make("Ready", parameters={"full": True}, earliest_start=timezone.now(), starting_time="08:00", claim_token="x", claimed_by="host:1")
    table = reader.get(QUEUE).context["table"]
    page = reader.get(f"{QUEUE}?cols={','.join(name for name, _, _ in table.column_choices())}").content.decode()
    for heading in (
        "User ID",
        "Object to Run",
        "Job Queue Category Code",
        "Priority within Category",
        "User Session Started",
        "Parameter String",
        "Scheduled",
        "Recurring Job",
        "No. of Minutes between Runs",
        "Run on Mondays",
        "Run on Sundays",
        "Starting time",
        "Ending time",
        "Timeout (inactivity, min.)",
        "Next Run Date Formula",
    ):
        assert heading in page, heading
    assert "All records" in page and "08:00" in page and "host:1" in page
    assert "All records" in reader.get(f"{QUEUE}?export=csv&cols=parameters,scheduled").getvalue().decode()


@pytest.mark.parametrize("data", [{}, {"entry": "x", "do": "run"}, {"do": "run"}, {"entry": "1", "do": "explode"}])
def test_what_makes_no_sense_changes_nothing(operator: Client, make, data: dict[str, str]) -> None:
    entry = make("On Hold")
    assert b"Nothing was changed" in operator.post(STATE, data, follow=True).content
    assert status_of(entry) == QueueStatus.ON_HOLD


def test_a_reader_changes_nothing(reader: Client, operator: Client, make) -> None:
    entry = make("On Hold")
    assert reader.post(STATE, {"entry": entry.pk, "do": "run"}).status_code == 403
    assert operator.get(STATE).status_code == 405
    assert "Run Now" not in reader.get(QUEUE).content.decode()


def test_no_two_columns_have_the_same_heading(reader: Client) -> None:
    headings = [heading for _name, heading, _shown in reader.get("/job-queue/").context["table"].column_choices()]
    assert {"Scheduled", "Company"} <= set(headings)
    assert len(set(headings)) == len(headings)


def test_jobs_that_run_are_canceled_from_the_log(operator: Client, make, make_job: MakeJob) -> None:
    entry, other = make("In Process", claim_token="x"), make("In Process", claim_token="y", mapping=None)
    for one in (entry, other):
        one.current_log = JobQueueLogEntry.objects.create(entry=one, description="x", run_kind="synchronize", started_at=timezone.now())
        one.save()
    job, ended = make_job(status="In Process", log_entry=entry.current_log), make_job(log_entry=other.current_log)
    operator.post(STATE, {"job": [job.pk, ended.pk], "do": "cancel-jobs"})
    assert list(JobQueueEntry.objects.order_by("pk").values_list("stop_requested", flat=True)) == ["cancel", ""]


def test_of_jobs_that_ended_nothing_is_canceled(operator: Client, make, make_job: MakeJob) -> None:
    entry = make("Ready")
    told = operator.post(STATE, {"job": make_job().pk, "do": "cancel-jobs"}, follow=True).content.decode()
    assert "Nothing was canceled: select jobs that are In Process first." in told
    assert status_of(entry) == "Ready"


def test_show_record_leads_to_the_mapping_of_an_entry(reader: Client, make, mapping: IntegrationTableMapping) -> None:
    assert 'data-address="/job-queue/{key}/record/"' in reader.get(QUEUE).content.decode()
    assert reader.get(f"/job-queue/{make().pk}/record/").headers["Location"] == f"/mappings/{mapping.pk}/"
    without = JobQueueEntry.objects.create(description="Delete old entries", run_kind="retention")
    assert "no record to show" in reader.get(f"/job-queue/{without.pk}/record/", follow=True).content.decode()


def test_the_list_leads_to_the_errors_of_an_entry(reader: Client, make) -> None:
    entry = make("Error")
    page = reader.get(QUEUE).content.decode()
    assert "/job-queue/log/?entry={key}&amp;status=Error" in page
    assert reader.get(f"/job-queue/log/?entry={entry.pk}&status=Error").status_code == 200
