"""Adds ended jobs to the totals, each once, whoever ran it and however it ended."""

from __future__ import annotations

from collections import defaultdict

from django.db import transaction
from django.db.models import F

from joblog.models import JobTotals, SynchJob

SECONDS = 15
_AT_ONCE = 500
_Key = tuple[str, str, str, str]


def count_jobs() -> int:
    """Counts the jobs that ended since the last time; how many. Done by one worker at a time (joblog/duties.py)."""
    counted = 0
    while number := _count_some():
        counted += number
    return counted


def _count_some() -> int:
    with transaction.atomic():
        jobs = list(SynchJob.objects.select_for_update().filter(counted=False).exclude(finished_at=None).order_by("id")[:_AT_ONCE])
        for key, more in sorted(_sums(jobs).items()):
            company, mapping_name, kind, direction = key
            row, _ = JobTotals.objects.get_or_create(company=company, mapping_name=mapping_name, type=kind, direction=direction)
            JobTotals.objects.filter(pk=row.pk).update(**{name: F(name) + number for name, number in more.items()})
        SynchJob.objects.filter(pk__in=[job.pk for job in jobs]).update(counted=True)
    return len(jobs)


def _sums(jobs: list[SynchJob]) -> dict[_Key, dict[str, float]]:
    sums: dict[_Key, dict[str, float]] = defaultdict(lambda: defaultdict(int))
    for job in jobs:
        own = sums[job.company, job.mapping_name, job.type, job.direction]
        if job.status in JobTotals.STATUSES:
            own[JobTotals.STATUSES[job.status]] += 1
        own["seconds"] += job.seconds or 0
        for name in ("read", *JobTotals.COUNTERS):
            own[name] += getattr(job, name)
    return sums
