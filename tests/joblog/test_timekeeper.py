"""Workers keep time: what is due or left behind is rung for, and periodic duties are done by one of them."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import OrmQ, Schedule

from joblog import dispatcher, duties, workers
from joblog.duties import Duty
from joblog.models import DutyLease, JobQueueEntry, Worker
from joblog.timekeeper import Timekeeper
from mappings.models import IntegrationTableMapping
from syncadmin import settings
from tests.installation import Installation, wait_until
from tests.people import People

MakeEntry = Callable[..., JobQueueEntry]


@pytest.fixture
def make(mapping: IntegrationTableMapping) -> MakeEntry:
    """A job queue entry that is due since a minute."""

    def entry(**values: Any) -> JobQueueEntry:
        plain = {"description": "CUSTOMER", "status": "Ready", "earliest_start": timezone.now() - timedelta(minutes=1)}
        return JobQueueEntry.objects.create(**(plain | values))

    return entry


@pytest.fixture
def worker(db: None, monkeypatch: pytest.MonkeyPatch) -> Worker:
    monkeypatch.setattr(workers, "_own", None)
    return workers.sign_on()


def ago(seconds: float) -> Any:
    return timezone.now() - timedelta(seconds=seconds)


def test_what_is_due_is_rung_for_once_by_priority(make: MakeEntry) -> None:
    second, first = make(priority=20), make(priority=10)
    make(earliest_start=timezone.now() + timedelta(minutes=1)), make(status="On Hold"), make(status="Error")
    assert dispatcher.ring_for_due() == [first.pk, second.pk]
    assert dispatcher.ring_for_due() == []
    assert OrmQ.objects.count() == 2


@pytest.mark.rule("21.2.enqueued")
def test_a_ring_that_nobody_answered_is_repeated_after_a_while(make: MakeEntry, settings: Any) -> None:
    settings.STALE_SECONDS = 60
    entry = make(rung_at=ago(31))
    assert dispatcher.ring_for_due() == [entry.pk]


def test_the_ring_of_an_earlier_run_does_not_count(make: MakeEntry) -> None:
    entry = make(rung_at=ago(3), earliest_start=ago(1))
    assert dispatcher.ring_for_due() == [entry.pk]


def test_an_entry_of_a_disabled_mapping_is_not_rung_for(make: MakeEntry, mapping: IntegrationTableMapping) -> None:
    entry = make(mapping=mapping)
    IntegrationTableMapping.objects.update(enabled=False)
    assert dispatcher.ring_for_due() == []
    IntegrationTableMapping.objects.update(enabled=True)
    assert dispatcher.ring_for_due() == [entry.pk]


@pytest.mark.rule("21.7.lost")
def test_an_entry_whose_worker_is_silent_is_rung_for(make: MakeEntry, settings: Any) -> None:
    lost = make(status="In Process", claim_token="x", heartbeat_at=ago(settings.STALE_SECONDS + 1))
    make(status="In Process", claim_token="x", heartbeat_at=ago(1))
    assert dispatcher.ring_for_lost() == [lost.pk]
    assert dispatcher.ring_for_lost() == []


def test_looking_costs_one_statement_where_nothing_is_due(make: MakeEntry, django_assert_num_queries: Any) -> None:
    make(status="On Hold")
    with django_assert_num_queries(1):
        dispatcher.ring_for_due()
    with django_assert_num_queries(1):
        dispatcher.ring_for_lost()


def test_a_lost_worker_is_noticed_within_two_minutes() -> None:
    assert settings.STALE_SECONDS * 1.5 + 5 < 120  # silence, a ring that went astray, the next look


def test_no_schedule_of_the_worker_queue_is_left(db: None) -> None:
    assert not Schedule.objects.exists()


@pytest.fixture
def duty(monkeypatch: pytest.MonkeyPatch, db: None) -> tuple[Duty, list[int]]:
    """The only duty, and what it leaves behind each time."""
    done: list[int] = []
    one = Duty("sweep", 60, lambda: done.append(1), lease_seconds=300)
    monkeypatch.setattr(duties, "DUTIES", (one,))
    duties.make_leases()
    return one, done


def test_a_duty_is_done_by_one_worker_until_it_is_due_again(duty: tuple[Duty, list[int]]) -> None:
    one, done = duty
    assert duties.due_duties() == [one]
    assert [duties.perform(one), duties.perform(one), done] == [True, False, [1]]
    lease = DutyLease.objects.get()
    assert lease.ended_at is not None and timedelta(seconds=55) < lease.due_at - timezone.now() <= timedelta(seconds=60)
    assert duties.due_duties() == []
    DutyLease.objects.update(due_at=ago(1))
    assert duties.perform(one) and done == [1, 1]


def test_nobody_else_does_a_duty_while_it_is_being_done(duty: tuple[Duty, list[int]]) -> None:
    tried: list[bool] = []
    long = Duty("sweep", 0.01, lambda: tried.append(duties.perform(long)))
    assert duties.perform(long)
    assert tried == [False]


def test_a_duty_whose_worker_died_is_due_when_its_lease_is_over(duty: tuple[Duty, list[int]]) -> None:
    DutyLease.objects.update(due_at=ago(1), began_at=ago(301))
    assert duties.perform(duty[0])


def test_a_duty_that_raises_is_tried_again_at_its_next_time(duty: tuple[Duty, list[int]]) -> None:
    broken = Duty("sweep", 60, lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        duties.perform(broken)
    assert timezone.now() < DutyLease.objects.get().due_at <= timezone.now() + timedelta(seconds=60)


def test_leases_that_exist_are_left_alone(duty: tuple[Duty, list[int]]) -> None:
    duties.perform(duty[0])
    duties.make_leases()
    assert duties.due_duties() == []


def test_the_first_round_beats_and_rings(worker: Worker, make: MakeEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duties, "DUTIES", ())
    Worker.objects.update(heartbeat_at=ago(4000))
    make()
    Timekeeper(worker, stop=lambda: False, alive=lambda: True).round()
    worker.refresh_from_db()
    assert worker.state == "Running"
    assert OrmQ.objects.count() == 1


def test_the_state_of_a_worker(worker: Worker) -> None:
    assert (worker.state, workers.is_stopping()) == ("Running", False)
    workers.stopping(worker)
    assert (Worker.objects.get().state, workers.is_stopping()) == ("Stopping", True)
    Worker.objects.update(heartbeat_at=ago(4000))
    assert Worker.objects.get().state == "Lost"
    workers.sign_off(worker)
    assert Worker.objects.get().state == "Stopped"


@pytest.fixture
def installation(tmp_path: Path, people: People) -> Iterator[Installation]:
    made = Installation(tmp_path, people.url, SYNCADMIN_WORKERS="1")
    made.python("from joblog.models import *; JobQueueEntry.objects.exclude(mapping__name='CURRENCY').delete()")
    yield made
    made.close()


def states(installation: Installation) -> str:
    return installation.python("from joblog.models import *; print(*[row.state for row in Worker.objects.all()])").strip()


@pytest.mark.processes
def test_a_cluster_runs_what_is_due_and_stops_when_it_is_asked(installation: Installation) -> None:
    process = installation.start_worker()
    wait_until(lambda: [job["status"] for job in installation.ask("synchlog")["jobs"]] == ["Finished"], what="the job that is due")
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert states(installation) == "Stopped"
    done = installation.python("from joblog.models import *; print(DutyLease.objects.exclude(ended_at=None).exists())")
    assert done.strip() == "True"


@pytest.mark.processes
def test_a_worker_whose_guard_was_killed_starts_anew(installation: Installation) -> None:
    process = installation.start_worker()
    wait_until(lambda: [job["status"] for job in installation.ask("synchlog")["jobs"]] == ["Finished"], what="the job that is due")
    assert states(installation) == "Running"
    guard = wait_until(lambda: children(process.pid), what="its guard")
    os.kill(guard[0], signal.SIGKILL)
    wait_until(lambda: states(installation) == "Running Stopped", what="the new worker")
    wait_until(lambda: children(process.pid) not in ([], guard), what="its guard")
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    wait_until(lambda: not any_of_group(process.pid), what="the end of all its processes")


@pytest.mark.processes
def test_a_worker_that_became_deaf_starts_anew(tmp_path: Path, people: People) -> None:
    """A process that is killed while it waits for work takes the lock of the queue along. It waits again by the time that a command of a
    process of its own has answered."""
    made = Installation(tmp_path, people.url, SYNCADMIN_WORKERS="1", SYNCADMIN_STALE_SECONDS="4")
    try:
        process = made.start_worker()
        wait_until(lambda: len(made.ask("synchlog")["jobs"]) > 5, what="the first jobs")
        wait_until(lambda: "In Process" not in made.manage("jobqueue", "list"), what="the end of them")
        os.kill(children(children(process.pid)[0])[0], signal.SIGKILL)
        entry = made.ask("jobqueue", "list")["entries"][0]["id"]
        last = made.ask("synchlog")["jobs"][0]["id"]
        made.manage("jobqueue", "now", str(entry))
        wait_until(lambda: made.ask("synchlog")["jobs"][0]["id"] > last, what="the run that was asked for")
        wait_until(lambda: states(made) == "Running Stopped", what="the sign of life of the new worker")
    finally:
        made.close()


@pytest.mark.processes
def test_what_is_left_of_a_worker_that_was_killed_goes_by_itself(installation: Installation) -> None:
    process = installation.start_worker()
    wait_until(lambda: installation.ask("synchlog")["jobs"], what="the first job")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert any_of_group(process.pid)
    entry = installation.ask("jobqueue", "list")["entries"][0]["id"]
    installation.manage("jobqueue", "now", str(entry))
    wait_until(lambda: not any_of_group(process.pid), what="the end of what is left")


def children(pid: int) -> list[int]:
    return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def any_of_group(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_worker_is_deaf_that_has_no_work_while_nobody_answers(worker: Worker, make: MakeEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duties, "DUTIES", ())
    entry = make()
    keeper = Timekeeper(worker, stop=lambda: False, alive=lambda: True)
    keeper.round()
    assert dispatcher.waiting_to_be_heard() == {entry.pk} and not keeper.deaf
    monkeypatch.setattr("joblog.timekeeper.time.monotonic", lambda: 1e9)
    keeper.round()
    assert keeper.deaf
    JobQueueEntry.objects.create(description="Works", status="In Process", worker=worker)
    monkeypatch.setattr("joblog.timekeeper.time.monotonic", lambda: 2e9)
    keeper.round()
    assert not keeper.deaf
