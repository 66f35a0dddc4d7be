"""The strip above the log: the jobs of the page in time, each as high as it took long."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils import timezone

from joblog.models import JobStatus, SynchJob
from syncadmin.ui import formatting
from syncadmin.ui.presentation import current

WIDTH, HEIGHT = 1000, 40  # units of the drawing; it is as wide as the list, whatever that is
_BAR, _LEAST = 4, 4
_FEWEST = 5  # jobs below which a strip tells nothing that the list does not
_TONES = {JobStatus.ERROR: "bad", JobStatus.CANCELED: "none", JobStatus.IN_PROCESS: "running"}


@dataclass(frozen=True)
class Bar:
    """One job as a bar of a chart, in units of its drawing; ``tone`` is "bad", "none", "running" or ""."""

    url: str
    title: str
    tone: str
    x: int
    y: int
    height: int


@dataclass(frozen=True)
class TimeStrip:
    bars: list[Bar]
    first: datetime
    last: datetime


def time_strip(jobs: Sequence[SynchJob]) -> TimeStrip | None:
    """The strip of these jobs, asking nothing more of the database; None where there are too few, or all began in one second."""
    if len(jobs) < _FEWEST:
        return None
    first, last = min(job.started_at for job in jobs), max(job.started_at for job in jobs)
    span = (last - first).total_seconds()
    if span < 1:
        return None
    longest = max(_seconds(job) for job in jobs)
    oldest_first = sorted(jobs, key=lambda job: (job.started_at, job.pk))
    return TimeStrip([_bar(job, (job.started_at - first).total_seconds() / span, longest) for job in oldest_first], first, last)


def _bar(job: SynchJob, place: float, longest: float) -> Bar:
    share = math.log1p(_seconds(job)) / math.log1p(longest) if longest else 0
    status = f"{formatting.count(job.failed)} failed" if job.failed else job.get_status_display()
    title = f"{job.mapping_name} {job.arrow} {current().moment(job.started_at)}, {formatting.duration(_seconds(job))}: {status}"
    tone = _TONES.get(JobStatus(job.status), "bad" if job.failed else "")
    x, height = round(place * (WIDTH - _BAR)), max(_LEAST, round(share * HEIGHT))
    return Bar(reverse("joblog:job", args=[job.pk]), title, tone, x, HEIGHT - height, height)


def _seconds(job: SynchJob) -> float:
    return max(0.0, ((job.finished_at or timezone.now()) - job.started_at).total_seconds())
