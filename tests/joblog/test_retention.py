"""Deleting what is old of the log: what goes, what stays, in which batches, and that causes count right afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from joblog import retention, runner
from joblog.claims import take
from joblog.models import ErrorCause, JobLine, JobQueueEntry, JobQueueLogEntry, Kept, RetentionRule, RunKind, SynchEntry, SynchJob
from joblog.retention import RUNS, delete_daily, enqueue, retention_entry
from mappings.models import ConfigurationChange, Coupling
from tests.joblog.conftest import MakeEntry, MakeJob

Command = Callable[..., tuple[int, dict[str, Any]]]
PAGE, DELETE = "/log-retention/", "/log/delete/"


def delete(**what: Any) -> dict[str, Any]:
    """Runs one deletion to its end; what it says it removed."""
    entry = retention_entry(**what)
    enqueue(entry)
    while JobQueueEntry.objects.filter(pk=entry.pk).exists():
        runner.run(entry.pk)
    run = JobQueueLogEntry.objects.filter(run_kind=RunKind.RETENTION).latest("pk")
    assert run.status == "Success", run.message
    return dict(run.parameters["removed"])


def left() -> list[int]:
    return list(SynchJob.objects.order_by("pk").values_list("pk", flat=True))


def make_run(days: float, status: str = "Success") -> JobQueueLogEntry:
    at = timezone.now() - timedelta(days=days)
    return JobQueueLogEntry.objects.create(description="CUSTOMER", run_kind="synchronize", status=status, started_at=at, ended_at=at)


@pytest.mark.rule("11.delete-old")
def test_jobs_that_ended_before_go_with_their_entries(make_job: MakeJob, make_entry: MakeEntry) -> None:
    old, new = make_job(days=8, modified=2), make_job(days=6, modified=1)
    for job in (old, old, new):
        make_entry(job, "Modified")
    removed = delete(older_than=7)
    assert (removed["jobs"], removed["entries"], left()) == (1, 2, [new.pk])
    assert set(SynchEntry.objects.values_list("job", flat=True)) == {new.pk}


def test_lines_go_with_their_job_in_batches(make_job: MakeJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 10)
    old, new = make_job(days=8), make_job(days=6)
    JobLine.objects.bulk_create(JobLine(job=job, at=timezone.now(), text="said") for job in (old, new) for _ in range(25))
    delete(older_than=7)
    assert left() == [new.pk]
    assert JobLine.objects.filter(job=new).count() == JobLine.objects.count() == 25


@pytest.mark.rule("11.delete-all", "11.delete-running")
def test_what_is_in_process_stays_whatever_its_age(make_job: MakeJob) -> None:
    running = make_job(days=400, status="In Process")
    make_job()
    delete(older_than=0)
    assert left() == [running.pk]


@pytest.mark.rule("11.delete-explains")
def test_what_explains_a_skipped_coupling_stays(make_job: MakeJob, make_coupling: Callable[..., Coupling]) -> None:
    there, back, resolved, _other = (make_job(days=100, skipped=1) for _ in range(4))
    make_coupling(skipped=True, to_job_id=there.pk)
    make_coupling(skipped=True, from_job_id=back.pk)
    make_coupling(to_job_id=resolved.pk)
    delete(older_than=0)
    assert left() == [there.pk, back.pk]


@pytest.mark.rule("11.delete-errors")
def test_each_kind_has_its_own_time(make_job: MakeJob) -> None:
    kept = [make_job(days=29), make_job(days=89, failed=1), make_job(days=89, status="Error"), make_job(days=6, type="Preview")]
    for values in (
        {"days": 31},
        {"days": 91, "failed": 1},
        {"days": 91, "status": "Canceled"},
        {"days": 8, "type": "Preview", "failed": 1},
    ):
        make_job(**values)
    delete()
    assert left() == [job.pk for job in kept]


def test_a_kind_can_be_kept_for_ever_or_shorter(make_job: MakeJob) -> None:
    RetentionRule.objects.create(kept=Kept.PREVIEWS, days=None)
    RetentionRule.objects.create(kept=Kept.WELL, days=1)
    preview, failed = make_job(days=1000, type="Preview"), make_job(days=2, failed=1)
    make_job(days=2)
    delete()
    assert left() == [preview.pk, failed.pk]


def test_causes_and_jobs_count_right_afterwards(make_job: MakeJob, make_entry: MakeEntry) -> None:
    old, new = make_job(days=100, failed=2), make_job(failed=1)
    make_entry(old)
    make_entry(old, source_key="1" * 36)
    make_entry(new, source_key="1" * 36)
    delete()
    assert (ErrorCause.objects.get().records, left()) == (1, [new.pk])
    assert ErrorCause.objects.get().failures == 3  # how often it ever failed


def test_executions_go_once_their_jobs_are_gone(make_job: MakeJob) -> None:
    idle, with_failures = make_run(31), make_run(31)
    make_job(days=31, log_entry=idle)
    kept = make_job(days=31, log_entry=with_failures, failed=1)
    make_run(89, status="Error")
    make_run(91, status="Error")
    assert delete()["runs"] == 2
    kept.refresh_from_db()
    assert kept.log_entry == with_failures


def test_a_person_deletes_the_log_of_the_queue_and_the_jobs_stay(make_job: MakeJob) -> None:
    job = make_job(days=31, log_entry=make_run(31))
    young = make_run(1)
    assert delete(older_than=7, what=RUNS)["runs"] == 1
    job.refresh_from_db()
    assert (job.log_entry, JobQueueLogEntry.objects.filter(pk=young.pk).exists()) == (None, True)


# ---- batches


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 10)
    monkeypatch.setattr(retention, "_JOBS", 4)


def test_many_jobs_go_in_batches_and_none_is_forgotten(
    small: None, make_job: MakeJob, make_entry: MakeEntry, make_coupling: Callable[..., Coupling]
) -> None:
    jobs = [make_job(days=50, modified=3) for _ in range(11)]
    for job in jobs:
        for _ in range(3):
            make_entry(job, "Modified")
    make_coupling(skipped=True, to_job_id=jobs[5].pk)
    removed = delete(older_than=7)
    assert (removed["jobs"], removed["entries"], left()) == (10, 30, [jobs[5].pk])


def test_a_huge_job_is_emptied_in_several_transactions_and_says_so(
    small: None, reader: Client, make_job: MakeJob, make_entry: MakeEntry, settings: Any
) -> None:
    settings.SLICE_SECONDS = 0
    huge = make_job(days=50, failed=25)
    for _ in range(25):
        make_entry(huge)
    entry = retention_entry(older_than=7)
    enqueue(entry)
    runner.run(entry.pk)
    huge.refresh_from_db()
    assert (huge.entries.count(), huge.emptied_at is None, ErrorCause.objects.get().records, huge.open_issues) == (15, False, 15, 15)
    assert "its records are being deleted" in reader.get(f"/log/{huge.pk}/").content.decode()
    assert f"/log/{huge.pk}/entries/?action=Failed" not in reader.get("/log/?period=all").content.decode()
    for _ in range(5):
        runner.run(entry.pk)
    assert (left(), SynchEntry.objects.count(), ErrorCause.objects.get().records) == ([], 0, 0)
    run = JobQueueLogEntry.objects.latest("pk")
    assert (run.status, run.parameters["removed"]["entries"]) == ("Success", 25)
    assert "Deleted 1 jobs with 25 entries" in run.notes


def test_what_is_old_is_decided_once(small: None, make_job: MakeJob, settings: Any) -> None:
    settings.SLICE_SECONDS = 0
    for _ in range(6):
        make_job(days=50)
    entry = retention_entry(older_than=0)
    enqueue(entry)
    runner.run(entry.pk)
    later = make_job(finished_at=timezone.now() + timedelta(seconds=1))
    for _ in range(4):
        runner.run(entry.pk)
    assert left() == [later.pk]


def test_a_worker_that_lost_its_claim_deletes_nothing_more(make_job: MakeJob) -> None:
    job = make_job(days=50)
    entry = retention_entry(older_than=7)
    enqueue(entry)
    claim = take(entry.pk)
    assert claim is not None
    JobQueueEntry.objects.update(claim_token="somebody else")
    runner.carry_out(claim, lambda: False)
    assert left() == [job.pk]


def test_statements_do_not_grow_with_the_entries(make_job: MakeJob, make_entry: MakeEntry, django_assert_max_num_queries) -> None:
    for _ in range(30):
        job = make_job(days=50, modified=5)
        for _ in range(5):
            make_entry(job, "Modified")
    with django_assert_max_num_queries(80):
        delete(older_than=7)


# ---- who starts it


def test_a_worker_deletes_once_a_day_by_the_rules(make_job: MakeJob) -> None:
    make_job(days=400)
    delete_daily()
    delete_daily()
    entry = JobQueueEntry.objects.get(run_kind=RunKind.RETENTION)
    assert (entry.trigger, entry.parameters, entry.recurring) == ("schedule", {}, False)
    runner.run(entry.pk)
    assert left() == []


def test_an_administrator_deletes_by_hand_and_nobody_else(signed_in: Callable[[str], Client], make_job: MakeJob) -> None:
    administrator, operator = signed_in("Administrator"), signed_in("Operator")
    make_job(days=8)
    assert operator.post(DELETE, {"days": "7"}).status_code == 403
    assert DELETE not in operator.get("/log/").content.decode()
    told = administrator.post(DELETE, {"days": "7"}, follow=True).content.decode()
    assert "Delete entries older than 7 days of the synchronization log: this runs in the background." in told
    entry = JobQueueEntry.objects.get()
    assert (entry.parameters, entry.user and entry.user.username) == ({"older_than": 7, "what": "jobs"}, "administrator@example.com")
    runner.run(entry.pk)
    assert left() == []
    assert "Deleted 1 jobs with 0 entries" in administrator.get(PAGE).content.decode()


@pytest.mark.parametrize("sent", [{"days": "-1"}, {"days": "x"}, {"days": "7", "what": "users"}, {"days": "9" * 30}])
def test_nonsense_deletes_nothing(signed_in: Callable[[str], Client], sent: dict[str, str]) -> None:
    assert "Nothing was deleted" in signed_in("Administrator").post(DELETE, sent, follow=True).content.decode()
    assert not JobQueueEntry.objects.exists()


def test_rules_are_edited_and_the_change_is_kept(signed_in: Callable[[str], Client]) -> None:
    administrator = signed_in("Administrator")
    sent = {kept.value: "" for kept in Kept} | {"well": "14", "previews": "3"}
    administrator.post(PAGE, sent)
    assert retention.days_kept() == {**dict.fromkeys(Kept), Kept.WELL: 14, Kept.PREVIEWS: 3}
    change = ConfigurationChange.objects.get()
    assert (change.kind, change.before["well"], change.after["well"]) == ("log retention", 30, 14)
    administrator.post(PAGE, sent)
    assert ConfigurationChange.objects.count() == 1
    assert "Ensure this value is greater" in administrator.post(PAGE, {**sent, "well": "0"}).content.decode()


def test_a_reader_sees_the_rules_and_changes_none(reader: Client) -> None:
    page = reader.get(PAGE).content.decode()
    assert "Jobs that went well" in page and "Save" not in page
    assert reader.post(PAGE, {"well": "1"}).status_code == 403


def test_the_command_deletes_and_tells(make_job: MakeJob, make_entry: MakeEntry, command: Command) -> None:
    job, young = make_job(days=8, modified=1), make_job(days=6)
    make_entry(job, "Modified")
    code, told = command("synchlog", "--delete-older-than", "7")
    assert (code, told["status"], told["jobs"], told["entries"], left()) == (0, "Success", 1, 1, [young.pk])
    assert command("synchlog", "--delete-by-rules")[1]["jobs"] == 0
    assert not JobQueueEntry.objects.exists()


@pytest.mark.parametrize("page", ["/log/", "/job-queue/log/", "/log-retention/"])
def test_deleting_tells_beforehand_where_to_look_afterwards(signed_in: Callable[[str], Client], page: str) -> None:
    text = signed_in("Administrator").get(page).content.decode()
    assert "It runs in the background; details are available on the Job Queue Log Entries page." in text
    assert "It runs in the background." not in text


def test_the_page_is_in_the_menu(reader: Client) -> None:
    assert f'href="{reverse("joblog:retention")}"' in reader.get("/log/").content.decode()
