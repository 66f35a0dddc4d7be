"""Whose turn it is, how runs are stopped, and what two workers make of one entry (engine.md sections 21.2 and 21.7)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from joblog import dispatcher, entry_states, executions, runner
from joblog.claims import take
from joblog.models import JobQueueEntry, JobQueueLogEntry, QueueStatus, SynchEntry, SynchJob
from joblog.models.job_queue_entry import WEEKDAYS
from mappings.models import IntegrationTableMapping
from syncadmin.sync.errors import ClaimLost, RetryLater
from tests.joblog.queue_entries import Make, again, gone, make_entry, minutes_until, started, succeed

LATER = timedelta(hours=1)


@pytest.fixture
def make(mapping: IntegrationTableMapping) -> Make:
    """A recurring entry of CUSTOMER every half hour that is due since a moment ago."""
    return lambda status="Ready", **values: make_entry(status, **({"mapping": mapping} | values))


# ---- dispatch checks


@pytest.mark.rule("21.2.expired")
def test_an_expired_entry_is_deleted_without_a_run(make: Make) -> None:
    entry = make(expiration=timezone.now() - timedelta(minutes=1))
    assert take(entry.pk) is None
    assert gone(entry) and not JobQueueLogEntry.objects.exists()


def test_a_run_that_has_begun_goes_on_after_the_expiration(make: Make) -> None:
    entry = make(expiration=timezone.now() + LATER)
    running, _, claim = started(entry)
    executions.put_off(running, claim, RetryLater("Busy.", seconds=5))
    JobQueueEntry.objects.update(expiration=timezone.now() - LATER, earliest_start=timezone.now())
    assert take(entry.pk) is not None


@pytest.mark.rule("21.2.window")
def test_an_entry_outside_its_window_is_rescheduled_without_a_run(make: Make) -> None:
    now = datetime.now(UTC)
    window = {"starting_time": (now + timedelta(hours=2)).time(), "ending_time": (now + timedelta(hours=3)).time()}
    entry = make(**window)
    assert take(entry.pk) is None
    assert again(entry).status == "Ready"
    assert 118 < minutes_until(again(entry).earliest_start) <= 120
    assert not JobQueueLogEntry.objects.exists()


@pytest.mark.rule("21.3.no-day")
def test_an_entry_without_any_weekday_goes_on_hold_and_says_why(make: Make) -> None:
    entry = make(**{f"run_on_{day}": False for day in WEEKDAYS})
    assert take(entry.pk) is None
    assert (again(entry).status, again(entry).error_message) == ("On Hold", "No weekday is chosen on which the job could run.")


# ---- categories and priority


@pytest.mark.rule("21.1.waiting", "21.2.category", "21.2.next")
def test_one_entry_of_a_category_runs_and_the_others_wait_for_their_turn(make: Make) -> None:
    first = make(category="BCI CUST", mapping=None)
    last, second, other = make(category="BCI CUST", mapping=None), make(category="BCI CUST", mapping=None), make(category="", mapping=None)
    JobQueueEntry.objects.filter(pk=second.pk).update(priority=10)
    running, execution, claim = started(first)
    assert (take(last.pk), take(second.pk)) == (None, None)
    assert (again(last).status, again(second).status) == ("Waiting", "Waiting")
    assert take(other.pk) is not None
    executions.succeed(running, execution, claim)
    assert rung() == [second.pk]
    assert take(second.pk) is not None
    assert take(last.pk) is None


def rung() -> list[int]:
    ids = [row.task["args"][0] for row in OrmQ.objects.order_by("pk")]
    OrmQ.objects.all().delete()
    return ids


@pytest.mark.rule("21.2.next")
@pytest.mark.parametrize("end", ["fail", "put off", "canceled"])
def test_the_next_one_starts_however_the_running_one_ends(make: Make, end: str) -> None:
    first, second = make(category="A", mapping=None), make(category="A", mapping=None)
    running, execution, claim = started(first)
    assert take(second.pk) is None
    if end == "fail":
        executions.fail(running, claim, "x", "X.")
    elif end == "put off":
        executions.put_off(running, claim, RetryLater("Busy.", seconds=5))
    else:
        entry_states.cancel([first.pk], "ann")
        executions.interrupt(running, execution, claim)
    assert rung() == [second.pk]


def test_entries_of_one_mapping_wait_for_each_other_and_previews_do_not(make: Make) -> None:
    first, second, preview = make(), make(recurring=False), make(recurring=False, run_kind="preview")
    running, execution, claim = started(first)
    assert take(second.pk) is None
    assert again(second).status == "Waiting"
    assert take(preview.pk) is not None
    executions.succeed(running, execution, claim)
    assert rung() == [second.pk]


def test_an_entry_that_waits_for_two_is_not_rung_for_before_both_have_ended(make: Make) -> None:
    by_category, by_mapping = make(category="A", mapping=None), make()
    both = make(category="A", recurring=False)
    one, other = started(by_category), started(by_mapping)
    assert take(both.pk) is None
    executions.succeed(*one)
    assert rung() == []
    executions.succeed(*other)
    assert rung() == [both.pk]


def test_a_waiting_entry_does_not_wait_for_nobody(make: Make) -> None:
    entry = make("Waiting", category="A")
    assert take(entry.pk) is not None


def test_run_now_goes_before_a_better_priority(make: Make) -> None:
    running = started(make(category="A", mapping=None))
    better, asked = make(category="A", mapping=None, priority=1), make(category="A", mapping=None, priority=9)
    entry_states.run_now([asked.pk])
    assert (take(better.pk), take(asked.pk)) == (None, None)
    rung()
    executions.succeed(*running)
    assert rung() == [asked.pk]


# ---- cancel and hold of what runs


def test_a_canceled_run_ends_with_its_counts_and_the_schedule_goes_on(make: Make, make_job: Any) -> None:
    entry = make()
    running, execution, claim = started(entry)
    job = make_job(log_entry=execution, status="In Process", inserted=7)
    assert entry_states.cancel([entry.pk], "ann").stopping == 1
    assert executions.interrupt(running, execution, claim)
    job.refresh_from_db()
    execution.refresh_from_db()
    assert (job.status, job.inserted, job.message) == ("Canceled", 7, "Canceled by ann.")
    assert (execution.status, execution.message) == ("Canceled", "Canceled by ann.")
    assert (again(entry).status, minutes_until(again(entry).earliest_start)) == ("Ready", 30)
    assert again(entry).stop_requested == ""


def test_a_canceled_run_that_was_asked_for_once_is_gone(make: Make) -> None:
    entry = make(recurring=False)
    running, execution, claim = started(entry)
    entry_states.cancel([entry.pk], "ann")
    executions.interrupt(running, execution, claim)
    assert gone(entry)


def test_holding_what_runs_ends_its_run_and_puts_it_on_hold(make: Make) -> None:
    entry = make(recurring=False)
    running, execution, claim = started(entry)
    assert entry_states.set_on_hold([entry.pk], "ann").stopping == 1
    executions.interrupt(running, execution, claim)
    execution.refresh_from_db()
    assert (again(entry).status, execution.status, execution.message) == ("On Hold", "Canceled", "Set on hold by ann.")


@pytest.mark.parametrize(("ask", "status"), [(entry_states.set_on_hold, "On Hold"), (entry_states.cancel, "Ready")])
def test_a_run_that_ends_before_it_could_be_stopped_has_succeeded(make: Make, make_job: Any, ask: Any, status: str) -> None:
    entry = make()
    running, execution, claim = started(entry)
    make_job(log_entry=execution, inserted=1)
    ask([entry.pk], "ann")
    executions.succeed(running, execution, claim)
    execution.refresh_from_db()
    assert (again(entry).status, execution.status, again(entry).stop_requested) == (status, "Success", "")


def test_a_run_that_fails_while_it_is_to_be_stopped_is_not_tried_again(make: Make) -> None:
    held, canceled = make(maximum_attempts=5), make(maximum_attempts=5, mapping=None)
    for entry, ask in ((held, entry_states.set_on_hold), (canceled, entry_states.cancel)):
        running, _, claim = started(entry)
        ask([entry.pk], "ann")
        executions.fail(running, claim, "x", "X.")
    assert (again(held).status, again(canceled).status) == ("On Hold", "Error")


@pytest.mark.parametrize(("ask", "status"), [(entry_states.set_on_hold, "On Hold"), (entry_states.cancel, "Ready")])
def test_a_run_that_was_put_off_ends_at_once(make: Make, make_job: Any, ask: Any, status: str) -> None:
    entry = make()
    running, execution, claim = started(entry)
    job = make_job(log_entry=execution, status="In Process")
    SynchEntry.objects.create(job=job, action="Sending", source_key="a", at=timezone.now())
    executions.put_off(running, claim, RetryLater("Sales is busy.", seconds=5))
    ask([entry.pk], "ann")
    job.refresh_from_db()
    assert (again(entry).status, again(entry).current_log, job.status, job.failed) == (status, None, "Canceled", 1)
    assert SynchEntry.objects.get().code == "unknown-result"


def test_a_run_that_goes_on_is_not_told_to_wait_any_more(make: Make, make_job: Any) -> None:
    entry = make()
    running, execution, claim = started(entry)
    job = make_job(log_entry=execution, status="In Process", phase="window", cursor={"phase": "window"})
    executions.put_off(running, claim, RetryLater("Sales is busy.", seconds=5))
    job.refresh_from_db()
    assert (job.phase, "Will be tried again" in job.message) == ("waiting", True)
    JobQueueEntry.objects.update(earliest_start=timezone.now())
    started(entry)
    job.refresh_from_db()
    assert (job.phase, job.message) == ("window", "")


def test_a_run_is_canceled_when_it_would_be_put_off(make: Make) -> None:
    entry = make(recurring=False)
    running, execution, claim = started(entry)
    entry_states.cancel([entry.pk], "ann")
    executions.put_off(running, claim, RetryLater("Sales is busy.", seconds=5))
    execution.refresh_from_db()
    assert gone(entry) and execution.status == "Canceled"


def test_what_does_not_run_cannot_be_canceled(make: Make) -> None:
    entry = make()
    assert entry_states.cancel([entry.pk], "ann").refused == {entry.pk: "it does not run at this moment"}
    assert again(entry).status == "Ready"


# ---- the log: mark as error, lost workers


@pytest.mark.rule("21.7.mark")
def test_an_execution_is_marked_as_error_by_name_and_its_worker_loses_the_claim(make: Make, make_job: Any) -> None:
    entry = make()
    _running, execution, claim = started(entry)
    job = make_job(log_entry=execution, status="In Process")
    assert executions.mark_as_error(execution, "ann")
    job.refresh_from_db()
    execution.refresh_from_db()
    assert (again(entry).status, again(entry).error_message) == ("Error", "Marked as error by ann.")
    assert (execution.status, execution.message, job.status) == ("Error", "Marked as error by ann.", "Error")
    with pytest.raises(ClaimLost):
        claim.hold()


def test_an_execution_whose_entry_is_gone_is_marked_as_error_too(make: Make) -> None:
    _, execution, _ = started(make())
    JobQueueEntry.objects.all().delete()
    assert executions.mark_as_error(execution, "ann")


@pytest.mark.rule("21.7.mark")
def test_what_has_ended_is_not_marked(make: Make) -> None:
    log = succeed(make())
    assert not executions.mark_as_error(log, "ann")
    assert JobQueueLogEntry.objects.get().status == "Success"


@pytest.mark.rule("21.2.states", "21.7.lost")
def test_another_worker_goes_on_and_the_log_names_the_lost_one(make: Make, settings: Any) -> None:
    entry = make()
    _, execution, first = started(entry)
    assert take(entry.pk) is None
    JobQueueEntry.objects.update(claimed_by="far:1", heartbeat_at=timezone.now() - timedelta(seconds=settings.STALE_SECONDS + 1))
    _, same, _ = started(entry)
    assert (same.pk, same.lost_workers) == (execution.pk, 1)
    assert "far:1 gave no sign of life any more" in JobQueueLogEntry.objects.get().notes
    with pytest.raises(ClaimLost):
        first.hold()


def test_a_worker_that_is_lost_before_it_begins_is_named_too(make: Make, settings: Any) -> None:
    entry = make()
    take(entry.pk)
    JobQueueEntry.objects.update(claimed_by="far:1", heartbeat_at=timezone.now() - timedelta(seconds=settings.STALE_SECONDS + 1))
    started(entry)
    log = JobQueueLogEntry.objects.get()
    assert (log.lost_workers, "far:1" in log.notes) == (1, True)


@pytest.mark.rule("21.7.too-many-lost")
def test_an_entry_that_costs_one_worker_after_the_other_fails(make: Make, settings: Any) -> None:
    entry = make(maximum_attempts=0)
    started(entry)
    JobQueueLogEntry.objects.update(lost_workers=9)
    JobQueueEntry.objects.update(heartbeat_at=timezone.now() - timedelta(seconds=settings.STALE_SECONDS + 1))
    runner.run(entry.pk)
    assert again(entry).status == QueueStatus.ERROR
    assert "workers were lost" in again(entry).error_message


# ---- two workers, one entry


def test_a_worker_that_was_overtaken_before_it_began_writes_nothing(make: Make, settings: Any) -> None:
    entry = make()
    slow = take(entry.pk)
    before = JobQueueEntry.objects.get(pk=entry.pk)
    JobQueueEntry.objects.update(heartbeat_at=timezone.now() - timedelta(seconds=settings.STALE_SECONDS + 1))
    _, execution, _ = started(entry)
    assert slow is not None
    with pytest.raises(ClaimLost):
        executions.begin(before, slow)
    assert again(entry).current_log == execution and JobQueueLogEntry.objects.count() == 1


def test_a_late_ring_does_not_start_what_rests_without_a_next_run(make: Make) -> None:
    entry = make(inactivity_minutes=0)
    succeed(entry)
    assert take(entry.pk) is None
    assert again(entry).status == "On Hold with Inactivity Timeout"
    entry_states.run_now([entry.pk])
    assert take(entry.pk) is not None


def test_a_worker_is_lost_by_the_clock_of_the_database(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = make()
    started(entry)
    monkeypatch.setattr(timezone, "now", lambda: datetime.now(UTC) + timedelta(days=2))
    assert take(entry.pk) is None


def test_a_run_waits_while_another_one_has_a_part_of_its_mapping(make: Make, make_mapping: Any, make_job: Any) -> None:
    prices = make_mapping("SALESPRC-PRODPRICE")
    groups, own = make(), make(mapping=prices)
    running, execution, claim = started(groups)
    make_job(log_entry=execution, mapping=prices, status="In Process")
    assert take(own.pk) is None
    assert (again(own).status, again(own).claim_token, own.pk in dispatcher.ring_for_due()) == ("Waiting", "", False)
    executions.succeed(running, execution, claim)
    SynchJob.objects.update(status="Finished")
    assert own.pk in dispatcher.ring_for_due()
    assert take(own.pk) is not None


@pytest.mark.parametrize(("kind", "part"), [("preview", "Synchronization"), ("synchronize", "Preview")])
def test_a_preview_keeps_nobody_back(make: Make, make_mapping: Any, make_job: Any, kind: str, part: str) -> None:
    prices = make_mapping("SALESPRC-PRODPRICE")
    _, execution, _ = started(make())
    make_job(log_entry=execution, mapping=prices, status="In Process", type=part)
    assert take(make(mapping=prices, run_kind=kind).pk) is not None


def test_a_run_whose_entry_is_gone_ends_in_error(make: Make, make_job: Any, settings: Any) -> None:
    settings.STALE_SECONDS = 0
    entry, other = make(), make(mapping=None)
    running, execution, claim = started(entry)
    job = make_job(log_entry=execution, status="In Process")
    started(other)
    JobQueueEntry.objects.filter(pk=entry.pk).delete()
    executions.fail(running, claim, "no-mapping", "It is gone.")
    assert JobQueueLogEntry.objects.get(pk=execution.pk).status == "In Process"
    assert executions.end_orphans() == 1
    job.refresh_from_db()
    execution.refresh_from_db()
    assert (execution.status, job.status, job.code) == ("Error", "Error", "abandoned")
    assert again(other).current_log.status == "In Process"


def test_a_job_that_its_run_left_behind_ends_in_error(make: Make, make_job: Any, settings: Any) -> None:
    settings.STALE_SECONDS = 0
    entry = make()
    running, execution, claim = started(entry)
    left = make_job(log_entry=execution, mapping=None, status="In Process")
    executions.succeed(running, execution, claim)
    _, again_running, _ = started(make(mapping=None))
    going_on = make_job(log_entry=again_running, status="In Process")
    assert executions.end_orphans() == 0
    left.refresh_from_db()
    going_on.refresh_from_db()
    assert (left.status, left.code, going_on.status) == ("Error", "abandoned", "In Process")


def test_a_claim_of_an_entry_that_was_deleted_at_that_moment_does_nothing(make: Make) -> None:
    entry = make()
    claim = take(entry.pk)
    JobQueueEntry.objects.all().delete()
    assert claim is not None and runner.carry_out(claim, lambda: False)
