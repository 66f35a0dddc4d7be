"""Every transition of a job queue entry (engine.md section 21.1), and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from django_q.models import OrmQ

from joblog import entry_states, executions, outcomes
from joblog.claims import Claim, take
from joblog.models import JobQueueEntry, JobQueueLogEntry, QueueStatus, SynchEntry, SynchJob
from joblog.models.job_queue_entry import WEEKDAYS
from mappings.models import IntegrationTableMapping
from syncadmin.sync.errors import ClaimLost, RetryLater

Make = Callable[..., JobQueueEntry]
LATER = timedelta(hours=1)
RESTING = ["Ready", "Error", "On Hold", "Finished", "On Hold with Inactivity Timeout", "Waiting"]


@pytest.fixture
def make(mapping: IntegrationTableMapping) -> Make:
    """A recurring entry every half hour that is due since a moment ago."""

    def entry(status: str = "Ready", **values: Any) -> JobQueueEntry:
        due = timezone.now() - timedelta(seconds=1)
        plain = {"description": "CUSTOMER", "recurring": True, "minutes_between_runs": 30, "inactivity_minutes": 720, "earliest_start": due}
        return JobQueueEntry.objects.create(**(plain | {"mapping": mapping, "status": status} | values))

    return entry


def started(entry: JobQueueEntry) -> tuple[JobQueueEntry, JobQueueLogEntry, Claim]:
    claim = take(entry.pk)
    assert claim is not None
    running = JobQueueEntry.objects.get(pk=entry.pk)
    return running, executions.begin(running, claim), claim


def again(entry: JobQueueEntry) -> JobQueueEntry:
    return JobQueueEntry.objects.get(pk=entry.pk)


def gone(entry: JobQueueEntry) -> bool:
    return not JobQueueEntry.objects.filter(pk=entry.pk).exists()


def minutes_until(moment: datetime | None) -> float:
    assert moment is not None
    return round((moment - timezone.now()).total_seconds() / 60, 1)


def succeed(entry: JobQueueEntry, make_job: Callable[..., SynchJob] | None = None, **counts: int) -> JobQueueLogEntry:
    running, execution, claim = started(entry)
    if make_job:
        make_job(log_entry=execution, **counts)
    executions.succeed(running, execution, claim)
    return JobQueueLogEntry.objects.get(pk=execution.pk)


def fail(entry: JobQueueEntry, text: str = "No such table.") -> JobQueueLogEntry:
    JobQueueEntry.objects.filter(pk=entry.pk).update(earliest_start=timezone.now())
    running, execution, claim = started(entry)
    executions.fail(running, claim, "unknown-table", text, "Traceback ...")
    return JobQueueLogEntry.objects.get(pk=execution.pk)


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
    from joblog import runner

    entry = make(maximum_attempts=0)
    started(entry)
    JobQueueLogEntry.objects.update(lost_workers=9)
    JobQueueEntry.objects.update(heartbeat_at=timezone.now() - timedelta(seconds=settings.STALE_SECONDS + 1))
    runner.run(entry.pk)
    assert again(entry).status == QueueStatus.ERROR
    assert "workers were lost" in again(entry).error_message
