"""The role center: cues that open exactly what they count, and their thresholds."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from joblog.cues import cues
from joblog.models import CueReset, CueThreshold, JobQueueEntry, QueuePause, Worker
from mappings.models import ConfigurationChange, Coupling, IntegrationTableMapping, System
from tests.joblog.conftest import MakeEntry, MakeJob

HOME = "/home/"


@pytest.fixture
def trouble(make_job: MakeJob, make_entry: MakeEntry, make_coupling: Callable[..., Coupling], mapping: IntegrationTableMapping) -> None:
    """Two failed jobs of today and one of last week, three open errors, a skipped record, a job that runs, an entry in Error, one due."""
    make_coupling(skipped=True, to_result="Failure")
    make_coupling(to_result="Failure")
    job = make_job(failed=2)
    make_entry(job, code="conflict", issue=True)
    make_entry(job, action="Skipped", code="too-long", issue=True)
    make_entry(job, code="too-long", issue=True)
    make_entry(job, code="too-long", issue=True, resolved_at=timezone.now())
    make_job(status="Error")
    make_job(days=7, failed=1)
    make_job(status="In Process")
    JobQueueEntry.objects.create(mapping=mapping, description="Broken", status="Error")
    JobQueueEntry.objects.create(mapping=mapping, description="Due", status="Ready", earliest_start=timezone.now())


def tones() -> dict[str, tuple[int, str]]:
    return {cue.kind.name: (cue.number, cue.tone) for cue in cues()}


def test_cues_count_what_needs_a_look(trouble: None) -> None:
    assert tones() == {
        "failed-jobs": (2, "warn"),
        "errors": (3, "warn"),
        "conflicts": (1, "warn"),
        "skipped": (1, "warn"),
        "stale": (1, "warn"),
        "queue-errors": (1, "bad"),
        "in-queue": (1, "good"),
        "running": (1, ""),
    }


def test_every_cue_opens_exactly_what_it_counts(reader: Client, trouble: None) -> None:
    page = reader.get(HOME).content.decode()
    links = re.findall(r'<a class="cue \w*" href="([^"]+)"[^>]*><span class="soft">([^<]+)</span><b>(\d+)', page)
    assert len(links) == 8
    for url, label, number in links:
        assert len(reader.get(url.replace("&amp;", "&")).context["table"].rows) == int(number), label


def test_zero_is_dimmed_and_no_link(reader: Client, db: None) -> None:
    page = reader.get(HOME).content.decode()
    assert page.count('<b class="zero">0</b>') == 8
    assert 'class="cue good" href' not in page


def test_the_next_run_is_a_tile_that_opens_its_entry(reader: Client, mapping: IntegrationTableMapping) -> None:
    now = timezone.now()
    JobQueueEntry.objects.create(mapping=mapping, description="Later", status="Ready", earliest_start=now + timedelta(hours=3))
    JobQueueEntry.objects.create(description="Resting", status="On Hold", earliest_start=now)
    soon = JobQueueEntry.objects.create(mapping=mapping, description="Soon", status="Ready", earliest_start=now + timedelta(minutes=12))
    tile = re.search(r'<a class="cue" href="([^"]+)" title="Soon">(.*?)</a>', reader.get(HOME).content.decode())
    assert tile is not None
    assert tile[1] == f"/job-queue/{soon.pk}/" and "CUSTOMER" in tile[2] and "<b>12 min</b>" in tile[2]


def test_the_tile_of_the_next_run_says_what_is_overdue_that_all_is_paused_and_that_nothing_is_planned(reader: Client, db: None) -> None:
    assert '<b class="zero">none</b>' in reader.get(HOME).content.decode()
    JobQueueEntry.objects.create(description="Due", status="Ready", earliest_start=timezone.now() - timedelta(minutes=1))
    assert "<b>now</b>" in reader.get(HOME).content.decode()
    QueuePause.objects.create(reason="Maintenance", since=timezone.now())
    assert "<b>paused</b>" in reader.get(HOME, headers={"HX-Request": "true"}).content.decode()


def test_a_reset_leaves_out_what_failed_before_and_opens_exactly_what_failed_later(
    signed_in: Callable[[str], Client], make_job: MakeJob
) -> None:
    operator, now = signed_in("Operator"), timezone.now()
    make_job(failed=1, started_at=now - timedelta(hours=2), finished_at=now - timedelta(hours=1))
    make_job(status="Error", started_at=now - timedelta(hours=3), finished_at=now - timedelta(hours=2))
    running = make_job(status="In Process", failed=4, started_at=now - timedelta(hours=1), finished_at=None)
    answer = operator.post(f"{HOME}reset/", follow=True)
    assert "Earlier ones stay in the log." in answer.content.decode()
    later = make_job(failed=2, started_at=now - timedelta(minutes=30), finished_at=timezone.now() + timedelta(seconds=1))
    page = operator.get(HOME).content.decode()
    found = re.search(
        r'<a class="cue warn" href="([^"]+)" title="Reset by [^"]+"><span class="soft">Failed jobs since reset</span><b>2</b>', page
    )
    assert found is not None
    rows = operator.get(found[1].replace("&amp;", "&")).context["table"].rows
    assert {row.record.pk for row in rows} == {running.pk, later.pk}


def test_a_reset_may_be_undone_and_ends_by_itself_after_a_day(signed_in: Callable[[str], Client], trouble: None) -> None:
    operator = signed_in("Operator")
    operator.post(f"{HOME}reset/")
    assert "Undo Reset" in operator.get(HOME).content.decode()
    operator.post(f"{HOME}reset/", {"undo": "1"})
    assert tones()["failed-jobs"] == (2, "warn")
    assert "Undo Reset" not in operator.get(HOME).content.decode()
    operator.post(f"{HOME}reset/")
    CueReset.objects.update(at=timezone.now() - timedelta(hours=25))
    assert "Undo Reset" not in operator.get(HOME).content.decode()
    assert tones()["failed-jobs"] == (2, "warn")
    whats = ConfigurationChange.objects.filter(name="Failed jobs").order_by("pk").values_list("what", flat=True)
    assert list(whats) == ["Reset", "Reset undone", "Reset"]


def test_who_may_only_read_cannot_reset(reader: Client, trouble: None) -> None:
    assert "Reset Failed Jobs" not in reader.get(HOME).content.decode()
    assert reader.post(f"{HOME}reset/").status_code == 403
    assert tones()["failed-jobs"] == (2, "warn")


def test_thresholds_are_set_by_administrators_and_kept_in_the_change_log(signed_in: Callable[[str], Client], trouble: None) -> None:
    administrator = signed_in("Administrator")
    assert administrator.post(f"{HOME}thresholds/", {"errors-warn": "2", "errors-bad": "3", "conflicts-bad": "5"}).status_code == 302
    assert tones()["errors"] == (3, "bad")
    assert tones()["conflicts"] == (1, "good")
    assert tones()["skipped"] == (1, "")
    change = ConfigurationChange.objects.get(kind="role center")
    assert change.before["errors"] == {"warn_from": 1, "bad_from": 100}
    assert change.after["errors"] == {"warn_from": 2, "bad_from": 3}


def test_red_begins_above_yellow(signed_in: Callable[[str], Client], db: None) -> None:
    page = signed_in("Administrator").post(f"{HOME}thresholds/", {"errors-warn": "5", "errors-bad": "5"}).content.decode()
    assert "Red begins above yellow." in page
    assert not CueThreshold.objects.exists()


def test_days_without_a_job_are_in_the_chart_and_each_day_opens_its_jobs(reader: Client, make_job: MakeJob) -> None:
    make_job(days=2, inserted=5, modified=2, failed=1)
    answer = reader.get(HOME)
    days = [bar.day for bar in answer.context["bars"]]
    assert len(days) == 14
    assert [(day.written, day.failed) for day in days if day.written] == [(7, 1)]
    busy = next(bar for bar in answer.context["bars"] if bar.day.written)
    assert len(reader.get(busy.url).context["table"].rows) == 1


@pytest.mark.parametrize(
    ("locale", "day", "numbers"),
    [
        ("", "%Y-%m-%d", "12,345 written, 1,001 failed"),
        ("de_DE", "%d.%m.%Y", "12.345 written, 1.001 failed"),
        ("da_DK", "%d.%m.%Y", "12.345 written, 1.001 failed"),
    ],
)
def test_a_day_of_the_chart_is_told_in_the_formats_of_the_reader(
    reader: Client, make_job: MakeJob, locale: str, day: str, numbers: str
) -> None:
    reader.post("/my-settings/", {"time_zone": "UTC", "locale": locale, "appearance": "", "moments": ""})
    make_job(days=2, inserted=12_345, failed=1001)
    page = reader.get(HOME).content.decode()
    told = f"{timezone.now() - timedelta(days=2):{day}}: {numbers}"
    assert f"<title>{told}</title>" in page and f'aria-label="{told}"' in page


def test_a_day_of_the_chart_opens_the_jobs_that_it_counts_in_a_zone_with_half_hours(reader: Client, make_job: MakeJob) -> None:
    reader.cookies["zone"] = "Asia/Kolkata"  # 5 h 30 min ahead of UTC: the same moment is the next day there
    evening = timezone.now().replace(hour=20, minute=0) - timedelta(days=3)
    make_job(started_at=evening, inserted=5)
    make_job(started_at=evening - timedelta(hours=2), modified=3)
    bars = [bar for bar in reader.get(HOME).context["bars"] if bar.day.written]
    assert [bar.day.written for bar in bars] == [3, 5]
    assert [[job.record.inserted for job in reader.get(bar.url).context["table"].rows] for bar in bars] == [[0], [5]]


def test_the_health_of_systems_and_workers_is_told(reader: Client, make_job: MakeJob) -> None:
    System.objects.filter(kind="sales").update(last_test_at=timezone.now(), last_test_message="Not in order: Sign-in.")
    now = timezone.now()
    Worker.objects.create(host="alpha", pid=1, started_at=now, heartbeat_at=now)
    Worker.objects.create(host="beta", pid=2, started_at=now, heartbeat_at=now - timedelta(hours=1))
    page = reader.get(HOME).content.decode()
    assert re.search(r'pill bad">failed</span> <a [^>]+>contoso\.crm', page)
    assert re.search(r'pill good">Running</span> alpha', page)
    assert re.search(r'pill bad">Lost</span> beta', page)


def test_without_a_worker_it_says_what_to_do(reader: Client, db: None) -> None:
    assert "manage.py qcluster" in reader.get(HOME).content.decode()


def test_the_page_costs_the_same_whatever_there_is(
    reader: Client, trouble: None, make_job: MakeJob, django_assert_max_num_queries: Any
) -> None:
    reader.get(HOME)
    with django_assert_max_num_queries(26) as few:
        reader.get(HOME)
    for _ in range(20):
        make_job(failed=1)
    with django_assert_max_num_queries(len(few)):
        reader.get(HOME)
