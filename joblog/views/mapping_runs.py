"""What the FactBox of a mapping tells of its runs: a strip of the last jobs, the last run, the schedule."""

from __future__ import annotations

import math
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse

from joblog.models import JobQueueEntry, JobStatus, JobType, SynchJob
from joblog.queue_tables import QUEUE_TONES
from joblog.schedule import recurrence
from joblog.tables import JOB_TONES
from joblog.time_strip import Bar
from mappings.models import IntegrationTableMapping
from syncadmin.ui.formatting import count
from syncadmin.ui.presentation import current
from syncadmin.ui.views import Page

SHOWN = 24
_STEP, _WIDTH, _HEIGHT, _LOWEST = 11, 8, 54, 3  # units of the chart's viewBox


class MappingRuns(Page):
    template_name = "joblog/mapping_runs.html"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        mapping = get_object_or_404(IntegrationTableMapping, pk=self.kwargs["pk"])
        own = SynchJob.objects.filter(mapping_name=mapping.name, mapping=mapping).exclude(type=JobType.PREVIEW)
        jobs = list(own.order_by("-started_at", "-id")[:SHOWN])
        entries = list(JobQueueEntry.objects.filter(mapping=mapping, recurring=True).order_by("id")[:3])
        return super().get_context_data(
            mapping=mapping,
            last=jobs[0] if jobs else None,
            last_tone=JOB_TONES.get(jobs[0].status, "") if jobs else "",
            bars=_bars(jobs[::-1]),
            width=SHOWN * _STEP,
            height=_HEIGHT,
            schedules=[(entry, QUEUE_TONES.get(entry.status, ""), recurrence(entry)) for entry in entries],
            **extra,
        )


def _bars(jobs: list[SynchJob]) -> list[Bar]:
    """Oldest first, set against the right edge; the height grows with the logarithm of the records touched."""
    most = max((_touched(job) for job in jobs), default=0)
    return [_bar(job, SHOWN - len(jobs) + place, most) for place, job in enumerate(jobs)]


def _bar(job: SynchJob, place: int, most: int) -> Bar:
    share = math.log1p(_touched(job)) / math.log1p(most) if most else 0
    height = _LOWEST + round(share * (_HEIGHT - _LOWEST))
    bad = job.failed or job.status == JobStatus.ERROR
    told = f"{current().moment(job.started_at)} {job.arrow} {job.status}: {count(_touched(job))} touched, {count(job.failed)} failed"
    tone = "bad" if bad else "" if _touched(job) else "none"
    return Bar(reverse("joblog:job", args=[job.pk]), told, tone, place * _STEP, _HEIGHT - height, height)


def _touched(job: SynchJob) -> int:
    return int(job.inserted + job.modified + job.deleted + job.skipped + job.failed + job.coupled + job.uncoupled)
