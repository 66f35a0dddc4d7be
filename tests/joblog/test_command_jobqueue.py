"""manage.py jobqueue: list, ready, hold, now, cancel, delete, run, pause, resume, workers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from joblog import pauses, workers
from joblog.models import JobQueueEntry, JobQueueLogEntry
from mappings.models import IntegrationTableMapping
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def entry(mapping: IntegrationTableMapping) -> JobQueueEntry:
    return JobQueueEntry.objects.create(
        description="CUSTOMER job",
        mapping=mapping,
        recurring=True,
        minutes_between_runs=30,
        status="On Hold",
        earliest_start=timezone.now(),
    )


def test_the_list_tells_state_schedule_and_next_runs(entry: JobQueueEntry, command: Command) -> None:
    JobQueueEntry.objects.update(status="Ready", earliest_start=timezone.now() + timedelta(hours=1))
    code, told = command("jobqueue", "list")
    (one,) = told["entries"]
    assert (code, one["id"], one["mapping"], one["company"], one["status"]) == (0, entry.pk, "CUSTOMER", "CRONUS", "Ready")
    assert (one["recurrence"], len(one["next_runs"]), one["next_runs"][0]) == ("Every 30 min", 5, one["earliest_start"])


def test_the_list_is_narrowed_by_status_and_company(entry: JobQueueEntry, command: Command) -> None:
    assert command("jobqueue", "list", "--status", "on hold")[1]["entries"]
    assert not command("jobqueue", "list", "--status", "ready")[1]["entries"]
    assert not command("jobqueue", "list", "--company", "Nobody")[1]["entries"]


def test_the_list_reads_on_a_terminal(entry: JobQueueEntry) -> None:
    out = StringIO()
    call_command("jobqueue", "list", stdout=out)
    assert "On Hold" in out.getvalue() and "CUSTOMER job" in out.getvalue() and "Every 30 min" in out.getvalue()


@pytest.mark.parametrize(
    ("verb", "before", "after"),
    [("ready", "Error", "Ready"), ("hold", "Ready", "On Hold"), ("now", "On Hold with Inactivity Timeout", "Ready")],
)
def test_a_verb_changes_the_state(entry: JobQueueEntry, command: Command, verb: str, before: str, after: str) -> None:
    JobQueueEntry.objects.update(status=before)
    code, told = command("jobqueue", verb, str(entry.pk))
    assert (code, told["changed"], told["entries"][0]["status"]) == (0, 1, after)


def test_what_cannot_be_done_is_code_2_with_the_reason(entry: JobQueueEntry, command: Command) -> None:
    JobQueueEntry.objects.update(status="In Process", claim_token="x", heartbeat_at=timezone.now())
    code, told = command("jobqueue", "ready", str(entry.pk), "999")
    assert (code, told["status"]) == (2, "Error")
    assert f"Entry {entry.pk} was left alone: it is running" in told["message"]
    assert "Entry 999 was left alone: it is gone by now." in told["message"]
    assert command("jobqueue", "cancel", str(entry.pk))[1]["stopping"] == 1


def test_an_entry_is_deleted(entry: JobQueueEntry, command: Command) -> None:
    assert command("jobqueue", "delete", str(entry.pk))[0] == 0
    assert not JobQueueEntry.objects.exists()


def test_everything_is_paused_and_resumed(db: None, command: Command) -> None:
    assert command("jobqueue", "pause", "Maintenance")[0] == 0
    assert command("jobqueue", "list")[1]["paused"] == "Paused by the command line: Maintenance"
    assert command("jobqueue", "pause", "Again")[0] == 2
    assert command("jobqueue", "resume")[0] == 0
    assert command("jobqueue", "resume") == (2, {"status": "Error", "message": "Nothing is paused."})
    assert pauses.open_pause() is None


def test_workers_are_listed(db: None, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_own", None)
    worker = workers.sign_on()
    (one,) = command("jobqueue", "workers")[1]["workers"]
    assert (one["id"], one["state"], one["runs"]) == (worker.pk, "Running", [])


def test_an_unknown_verb_is_refused(db: None) -> None:
    with pytest.raises(CommandError):
        call_command("jobqueue", "explode")


# ---- run: once, in the foreground


@pytest.fixture
def currency(company: People) -> JobQueueEntry:
    """The recurring entry of CURRENCY, on hold."""
    row = JobQueueEntry.objects.get(mapping__name="CURRENCY")
    JobQueueEntry.objects.filter(pk=row.pk).update(status="On Hold")
    return row


def test_an_entry_runs_once_in_the_foreground_and_is_on_hold_again(currency: JobQueueEntry, command: Command) -> None:
    code, told = command("jobqueue", "run", str(currency.pk))
    assert (code, told["message"], [job["status"] for job in told["jobs"]]) == (0, "", ["Finished"])
    assert told["entries"][0]["status"] == "On Hold"
    assert JobQueueLogEntry.objects.get(entry=currency).status == "Success"


def test_an_entry_that_runs_once_is_gone_afterwards(currency: JobQueueEntry, command: Command) -> None:
    JobQueueEntry.objects.filter(pk=currency.pk).update(recurring=False)
    code, told = command("jobqueue", "run", str(currency.pk))
    assert (code, told["entries"], len(told["jobs"])) == (0, [], 1)


def test_a_run_that_fails_is_code_2_with_the_reason(currency: JobQueueEntry, command: Command) -> None:
    IntegrationTableMapping.objects.filter(name="CURRENCY").update(table_filter="nothing eq 1")
    code, told = command("jobqueue", "run", str(currency.pk))
    assert (code, told["status"], told["jobs"][0]["status"]) == (2, "Error", "Error")
    assert told["message"] == told["jobs"][0]["message"] != ""


def test_what_runs_already_or_does_not_exist_is_code_2(currency: JobQueueEntry, command: Command) -> None:
    JobQueueEntry.objects.filter(pk=currency.pk).update(status="In Process", claim_token="x", heartbeat_at=timezone.now())
    assert "it is running" in command("jobqueue", "run", str(currency.pk))[1]["message"]
    assert command("jobqueue", "run", "999999")[0] == 2


def test_an_expired_entry_is_not_run(currency: JobQueueEntry, command: Command) -> None:
    JobQueueEntry.objects.filter(pk=currency.pk).update(expiration=timezone.now() - timedelta(days=1))
    code, told = command("jobqueue", "run", str(currency.pk))
    assert code == 2 and "is gone" in told["message"]


def test_a_run_that_is_kept_back_is_left_to_the_workers(currency: JobQueueEntry, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("joblog.foreground.PATIENCE", timedelta(0))
    pauses.pause("Maintenance", "ann")
    code, told = command("jobqueue", "run", str(currency.pk))
    assert (code, told["message"]) == (2, "Paused by ann: Maintenance. The job is left to the workers.")
