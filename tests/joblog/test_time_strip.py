"""The strip above the log: jobs in time, as high as they took long."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.test import Client

from joblog.models import SynchJob
from joblog.time_strip import HEIGHT, WIDTH, time_strip
from tests.joblog.conftest import MakeJob


def jobs(make_job: MakeJob, *seconds: float, **values: Any) -> list[SynchJob]:
    """One job a day, the first one today, of so many seconds each."""
    made = [make_job(days=day, **values) for day in range(len(seconds))]
    for job, length in zip(made, seconds, strict=True):
        job.finished_at = job.started_at + timedelta(seconds=length)
    return made


def test_the_first_job_stands_left_and_the_last_right_and_the_longest_is_highest(make_job: MakeJob) -> None:
    strip = time_strip(jobs(make_job, 1, 100, 10, 0, 1))
    assert strip is not None
    assert [bar.x for bar in strip.bars] == [0, 249, 498, 747, WIDTH - 4]
    assert [bar.height for bar in strip.bars] == [6, 4, 21, HEIGHT, 6], "a job without any duration is still seen"


def test_what_went_wrong_is_red_and_the_bar_opens_its_job(make_job: MakeJob) -> None:
    broken = [make_job(days=9, failed=3), make_job(days=10, status="Error"), make_job(days=11, status="Canceled")]
    rows = [*jobs(make_job, 1, 1, 1, 1), *broken]
    strip = time_strip(rows)
    assert strip is not None
    assert [bar.tone for bar in strip.bars] == ["none", "bad", "bad", "", "", "", ""]
    assert strip.bars[2].url == f"/log/{broken[0].pk}/" and strip.bars[2].title.endswith("4 s: 3 failed")


def test_few_jobs_or_all_at_once_need_no_strip(make_job: MakeJob) -> None:
    assert time_strip(jobs(make_job, 1, 1, 1, 1)) is None
    same = [make_job() for _ in range(6)]
    for job in same:
        job.started_at = same[0].started_at
    assert time_strip(same) is None
    assert time_strip([]) is None


def test_the_log_shows_the_strip_of_the_jobs_on_its_page(reader: Client, make_job: MakeJob) -> None:
    for day in range(6):
        make_job(days=day)
    assert reader.get("/log/").content.decode().count('class="bar ') == 6
    assert 'class="bar ' not in reader.get("/log/?status=Error").content.decode()
