"""Workers: who works, what waits, and pausing everything."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from joblog import pauses
from joblog.models import JobQueueEntry, QueuePause, Worker
from mappings.models import IntegrationTableMapping

WORKERS, PAUSE = "/workers/", "/workers/pause/"
# session, person, 2 x permissions, count, workers, their entries, 2 x figures, 2 x pause, systems of the top bar
QUERIES = 12


def make(host: str = "alpha", *, silent: float = 1, **values: Any) -> Worker:
    beat = timezone.now() - timedelta(seconds=silent)
    return Worker.objects.create(**({"host": host, "pid": 7, "processes": 2, "started_at": beat, "heartbeat_at": beat} | values))


def tiles(client: Client) -> dict[str, tuple[str, str]]:
    return {tile.label: (tile.shown, tile.url) for tile in client.get(WORKERS).context["tiles"]}


def test_workers_tell_their_state_and_what_they_run(reader: Client, mapping: IntegrationTableMapping) -> None:
    busy = make("alpha")
    make("beta", silent=4000), make("gamma", stopped_at=timezone.now())
    JobQueueEntry.objects.create(description="CUSTOMER job", mapping=mapping, status="In Process", worker=busy)
    page = reader.get(WORKERS).content.decode()
    for text in ("alpha:7", "Running", "beta:7", "Lost", "gamma:7", "Stopped", "CUSTOMER job</a>"):
        assert text in page


def test_workers_of_earlier_days_are_shown_when_they_are_asked_for(reader: Client) -> None:
    make("alpha"), make("old", silent=2 * 24 * 3600, stopped_at=timezone.now() - timedelta(days=2))
    assert "old:7" not in reader.get(WORKERS).content.decode()
    assert "old:7" in reader.get(f"{WORKERS}?all=on").content.decode()


@pytest.mark.rule("21.7.active")
def test_figures_tell_the_queue_and_open_what_they_count(reader: Client, mapping: IntegrationTableMapping) -> None:
    make(silent=5)
    due, later = timezone.now() - timedelta(seconds=200), timezone.now() + timedelta(hours=1)
    for status, start in (("Ready", due), ("Waiting", due), ("Ready", later), ("On Hold", due)):
        JobQueueEntry.objects.create(description=status, status=status, earliest_start=start, recurring=status != "Waiting")
    shown = tiles(reader)
    assert (shown["Workers"][0], shown["Last sign of life"][0], shown["Active jobs"][0]) == ("1", "5 s ago", "2 of 3")
    assert (shown["Queue length"][0], shown["Oldest waiting"][0], shown["In process"]) == ("2", "3 min 20 s", ("0", ""))
    rows = reader.get(shown["Queue length"][1]).context["table"].page.object_list
    assert len(rows) == 2


def test_without_a_worker_it_says_what_to_do(reader: Client) -> None:
    page = reader.get(WORKERS).content.decode()
    assert "manage.py qcluster" in page
    assert tiles(reader)["Last sign of life"] == ("never", "")


def test_the_figures_come_with_the_fragment(reader: Client) -> None:
    fragment = reader.get(WORKERS, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment and 'id="tiles" hx-swap-oob="true"' in fragment


def test_everything_is_paused_with_a_reason_and_every_page_says_so(operator: Client, reader: Client) -> None:
    operator.post(PAUSE, {"do": "pause", "reason": "Maintenance <b>of Sales</b>"})
    row = QueuePause.objects.get()
    assert (row.reason, row.user_name, row.open) == ("Maintenance <b>of Sales</b>", "operator@example.com", True)
    for address in (WORKERS, "/mappings/", "/job-queue/", "/log/"):
        page = reader.get(address).content.decode()
        assert "Everything is paused" in page and "operator@example.com" in page and "Maintenance &lt;b&gt;of Sales" in page, address
    assert "Resume" not in reader.get(WORKERS).content.decode()
    assert "Resume" in operator.get("/mappings/").content.decode()


def test_the_resume_goes_back_to_where_it_was_pressed(operator: Client) -> None:
    pauses.pause("Maintenance", "ann")
    answer = operator.post(PAUSE, {"do": "resume", "next": "/log/"})
    assert answer.headers["Location"] == "/log/"
    assert pauses.open_pause() is None
    assert "Everything is paused" not in operator.get("/log/").content.decode()


@pytest.mark.parametrize(
    ("posted", "told"),
    [({"do": "pause", "reason": "  "}, "write down why"), ({"do": "resume"}, "Nothing is paused."), ({}, "write down why")],
)
def test_what_makes_no_sense_changes_nothing(operator: Client, posted: dict[str, str], told: str) -> None:
    assert told in operator.post(PAUSE, posted, follow=True).content.decode()
    assert not QueuePause.objects.exists()


def test_a_second_pause_is_told(operator: Client) -> None:
    pauses.pause("Maintenance", "ann")
    assert "Everything is paused already." in operator.post(PAUSE, {"do": "pause", "reason": "Mine"}, follow=True).content.decode()


def test_a_reader_pauses_nothing(reader: Client) -> None:
    assert reader.post(PAUSE, {"do": "pause", "reason": "x"}).status_code == 403
    assert 'name="reason"' not in reader.get(WORKERS).content.decode()


def test_a_stranger_is_told_nothing(client: Client, db: None) -> None:
    pauses.pause("Secret maintenance", "ann")
    assert "Secret" not in client.get("/sign-in/").content.decode()


def test_no_query_per_worker(reader: Client, django_assert_num_queries: Any) -> None:
    make()
    reader.get(WORKERS)
    with django_assert_num_queries(QUERIES):
        reader.get(WORKERS)
    for number in range(10):
        make(f"host{number}")
    with django_assert_num_queries(QUERIES):
        reader.get(WORKERS)
