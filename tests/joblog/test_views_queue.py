"""Job Queue Entries, and what a person does to them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ

from joblog.models import JobQueueEntry, QueueStatus
from mappings.models import IntegrationTableMapping

QUEUE, STATE = "/job-queue/", "/job-queue/state/"
# session, person, 2 x permissions, names of the mapping filter, count, entries, systems of the top bar
QUERIES = 8


@pytest.fixture
def make(mapping: IntegrationTableMapping):
    def entry(status: str = "Ready", **values: Any) -> JobQueueEntry:
        plain = {"description": "CUSTOMER", "mapping": mapping, "recurring": True, "minutes_between_runs": 30, "status": status}
        return JobQueueEntry.objects.create(**(plain | values))

    return entry


def status_of(entry: JobQueueEntry) -> str:
    entry.refresh_from_db()
    return entry.status


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


def test_what_was_left_alone_is_said(operator: Client, make) -> None:
    data = {"entry": [make("On Hold").pk, make("In Process").pk], "do": "ready"}
    told = operator.post(STATE, data, follow=True).content.decode()
    assert "1 job queue entry was set to Ready." in told
    assert "1 left alone: running, or gone by now." in told


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
