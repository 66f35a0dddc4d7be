"""Every transition of a job queue entry (engine.md section 21.1), and what is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from joblog import entry_states, executions, outcomes
from joblog.claims import take
from joblog.models import JobQueueEntry
from joblog.models.job_queue_entry import WEEKDAYS
from mappings.models import IntegrationTableMapping
from tests.joblog.queue_entries import Make, again, fail, gone, make_entry, minutes_until, started, succeed

LATER = timedelta(hours=1)
RESTING = ["Ready", "Error", "On Hold", "Finished", "On Hold with Inactivity Timeout", "Waiting"]


@pytest.fixture
def make(mapping: IntegrationTableMapping) -> Make:
    """A recurring entry of CUSTOMER every half hour that is due since a moment ago."""
    return lambda status="Ready", **values: make_entry(status, **({"mapping": mapping} | values))


# ---- a person: ready, on hold, run now, restart


@pytest.mark.rule("21.1.restart")
@pytest.mark.parametrize("before", RESTING)
def test_set_ready_gives_all_attempts_back_and_clears_the_error(make: Make, before: str) -> None:
    entry = make(before, attempts=10, error_message="No answer.", put_off=3)
    assert entry_states.set_ready([entry.pk]).changed == 1
    entry = again(entry)
    assert (entry.status, entry.attempts, entry.error_message, entry.put_off) == ("Ready", 0, "", 0)


@pytest.mark.rule("21.1.hold")
@pytest.mark.parametrize("before", RESTING)
def test_set_on_hold(make: Make, before: str) -> None:
    entry = make(before)
    assert entry_states.set_on_hold([entry.pk]).changed == 1
    assert again(entry).status == "On Hold"
    assert take(entry.pk) is None


def test_an_entry_on_hold_without_a_next_start_starts_at_once_when_it_is_ready(make: Make) -> None:
    entry = make("On Hold", earliest_start=None)
    entry_states.set_ready([entry.pk])
    assert take(entry.pk) is not None


@pytest.mark.rule("21.1.kept")
def test_what_runs_cannot_be_set_ready_run_again_or_deleted(make: Make) -> None:
    entry = make("In Process", claim_token="x", heartbeat_at=timezone.now())
    for verb in (entry_states.set_ready, entry_states.run_now, entry_states.remove):
        outcome = verb([entry.pk])
        assert outcome.changed == 0 and "it is running" in outcome.refused[entry.pk]
    assert again(entry).status == "In Process"


def test_what_is_gone_is_said(db: None) -> None:
    assert entry_states.set_ready([12345]).refused == {12345: "it is gone by now"}


@pytest.mark.parametrize("before", RESTING)
def test_a_resting_entry_is_deleted(make: Make, before: str) -> None:
    entry = make(before)
    assert entry_states.remove([entry.pk]).changed == 1
    assert gone(entry)


def test_removing_failed_entries_leaves_the_schedule(make: Make) -> None:
    once, recurring, good = make("Error", recurring=False), make("Error"), make("Ready", recurring=False)
    outcome = entry_states.remove_failed()
    assert (outcome.changed, list(outcome.refused)) == (1, [recurring.pk])
    assert gone(once) and not gone(recurring) and not gone(good)


def test_run_now_goes_before_all_others_and_outside_its_window(make: Make, mapping: IntegrationTableMapping) -> None:
    never = {f"run_on_{day}": False for day in WEEKDAYS} | {"run_on_monday": True}
    entry = make("Ready", earliest_start=timezone.now() + LATER, **never, starting_time="00:00", ending_time="00:00")
    entry_states.run_now([entry.pk])
    assert take(entry.pk) is not None


def test_run_now_of_an_entry_on_hold_leaves_it_on_hold(make: Make, make_job: Any) -> None:
    entry = make("On Hold")
    entry_states.run_now([entry.pk])
    succeed(entry, make_job, inserted=1)
    assert again(entry).status == "On Hold"
    assert not again(entry).forced
    entry_states.set_ready([entry.pk])
    succeed(entry, make_job, inserted=1)
    assert again(entry).status == "Ready"


def test_run_now_of_a_failed_entry_restarts_its_schedule(make: Make, make_job: Any) -> None:
    entry = make("Error", attempts=10)
    entry_states.run_now([entry.pk])
    succeed(entry, make_job, inserted=1)
    assert (again(entry).status, again(entry).attempts) == ("Ready", 0)


# ---- a worker: start, success, idle, failure


@pytest.mark.rule("21.1.start", "21.1.woken", "21.2.states", "21.2.log-start", "21.2.old-error")
@pytest.mark.parametrize("before", ["Ready", "Waiting", "On Hold with Inactivity Timeout"])
def test_a_due_entry_starts_and_its_log_entry_says_who_runs_what(make: Make, before: str) -> None:
    person = User.objects.create_user("ann")
    entry = make(before, user=person, error_message="Old trouble.")
    _, execution, _ = started(entry)
    assert (again(entry).status, again(entry).error_message, again(entry).current_log) == ("In Process", "", execution)
    assert (execution.status, execution.user_name, execution.mapping_name) == ("In Process", "ann", "CUSTOMER")
    assert execution.worker_name and execution.started_at <= timezone.now()


@pytest.mark.rule("21.1.rest", "21.2.states")
@pytest.mark.parametrize("before", ["Error", "On Hold", "Finished"])
def test_what_does_not_wait_for_a_run_does_not_start(make: Make, before: str) -> None:
    assert take(make(before).pk) is None


@pytest.mark.rule("21.1.not-due")
def test_an_entry_does_not_start_before_its_time(make: Make) -> None:
    assert take(make(earliest_start=timezone.now() + timedelta(seconds=5)).pk) is None


@pytest.mark.rule("21.3.missed", "21.3.past")
def test_an_earliest_start_in_the_past_means_one_run_at_once(make: Make, make_job: Any) -> None:
    entry = make(earliest_start=timezone.now() - timedelta(days=3))
    succeed(entry, make_job, modified=1)
    assert minutes_until(again(entry).earliest_start) == 30


@pytest.mark.rule("21.1.active", "21.2.log-end", "21.4.reset", "21.5.activity")
@pytest.mark.parametrize("counter", ["inserted", "modified", "deleted", "failed"])
def test_an_active_recurring_entry_is_ready_for_its_next_run(make: Make, make_job: Any, counter: str) -> None:
    entry = make(attempts=3)
    log = succeed(entry, make_job, **{counter: 1})
    entry = again(entry)
    assert (entry.status, entry.attempts, entry.current_log) == ("Ready", 0, None)
    assert minutes_until(entry.earliest_start) == 30
    assert (log.status, log.message) == ("Success", "") and log.seconds is not None


@pytest.mark.rule("21.1.idle", "21.5.no-activity", "21.5.timeout")
@pytest.mark.parametrize("counter", ["unchanged", "skipped", "coupled", "uncoupled", "read"])
def test_an_idle_recurring_entry_rests_until_its_timeout(make: Make, make_job: Any, counter: str) -> None:
    entry = make()
    succeed(entry, make_job, **{counter: 5})
    assert again(entry).status == "On Hold with Inactivity Timeout"
    assert minutes_until(again(entry).earliest_start) == 720


@pytest.mark.rule("21.5.no-timeout")
def test_an_idle_entry_without_a_timeout_has_no_next_run(make: Make) -> None:
    entry = make(inactivity_minutes=0)
    succeed(entry)
    assert (again(entry).status, again(entry).earliest_start) == ("On Hold with Inactivity Timeout", None)


@pytest.mark.parametrize("kind", ["match", "find_deleted", "statistics"])
def test_what_no_change_wakes_keeps_its_schedule_where_it_has_no_timeout(make: Make, kind: str) -> None:
    entry = make(inactivity_minutes=0, run_kind=kind)
    succeed(entry)
    assert (again(entry).status, minutes_until(again(entry).earliest_start)) == ("Ready", 30)


@pytest.mark.rule("21.1.once")
def test_an_entry_that_runs_once_is_deleted_and_its_log_stays(make: Make) -> None:
    entry = make(recurring=False)
    log = succeed(entry)
    assert gone(entry)
    assert (log.status, log.entry, log.description) == ("Success", None, "CUSTOMER")


@pytest.mark.rule("21.1.unscheduled")
def test_an_entry_that_cannot_be_scheduled_goes_on_hold_and_says_why(make: Make, make_job: Any) -> None:
    entry = make(next_run_formula="soon")
    JobQueueEntry.objects.update(forced=True)
    succeed(entry, make_job, inserted=1)
    assert again(entry).status == "On Hold"
    assert "soon is no date formula" in again(entry).error_message


@pytest.mark.rule("21.1.again", "21.1.error", "21.2.log-end", "21.4.again", "21.4.third", "21.4.recurring")
def test_two_attempts_mean_that_the_third_failure_is_an_error(make: Make) -> None:
    entry = make(maximum_attempts=2)
    for attempt in (1, 2):
        log = fail(entry)
        assert (again(entry).status, again(entry).attempts, again(entry).error_message) == ("Ready", attempt, "No such table.")
        assert (log.status, log.message, log.call_stack) == ("Error", "No such table.", "Traceback ...")
    fail(entry)
    assert (again(entry).status, again(entry).earliest_start) == ("Error", None)
    assert take(entry.pk) is None


@pytest.mark.rule("21.4.reset")
def test_a_success_in_between_resets_the_attempts(make: Make, make_job: Any) -> None:
    entry = make(maximum_attempts=2)
    fail(entry)
    JobQueueEntry.objects.update(earliest_start=timezone.now())
    succeed(entry, make_job, inserted=1)
    assert again(entry).attempts == 0


@pytest.mark.rule("21.4.records")
def test_a_failed_record_is_a_success_of_the_job(make: Make, make_job: Any) -> None:
    assert succeed(make(), make_job, failed=3).status == "Success"


@pytest.mark.rule("21.4.back-off")
@pytest.mark.parametrize(("attempt", "seconds"), [(1, 0.01), (2, 0.1), (3, 1), (4, 10), (5, 100), (7, 10_000), (8, 21_600), (10, 21_600)])
def test_the_back_off_grows_and_from_the_eighth_attempt_it_is_six_hours(attempt: int, seconds: float) -> None:
    assert outcomes.back_off(attempt) == seconds


@pytest.mark.rule("21.4.back-off")
def test_the_rerun_delay_comes_before_the_back_off(make: Make) -> None:
    entry = make(maximum_attempts=10, attempts=7, rerun_delay_seconds=60)
    fail(entry)
    assert minutes_until(again(entry).earliest_start) == 361


def test_jobs_of_a_failed_run_end_with_it(make: Make, make_job: Any) -> None:
    entry = make()
    running, execution, claim = started(entry)
    job = make_job(log_entry=execution, status="In Process")
    executions.fail(running, claim, "sign-in", "Refused.")
    job.refresh_from_db()
    assert (job.status, job.code, job.message) == ("Error", "sign-in", "Refused.")
