"""What happened on the last days: records written and failed per day, from the jobs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import F, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from joblog.models import JobType, SynchJob

DAYS = 14


@dataclass(frozen=True)
class Day:
    day: date
    written: int
    failed: int


def activity(days: int = DAYS) -> list[Day]:
    """One entry per day in the reader's zone, oldest first, days without a job among them; one statement over the jobs of those days."""
    zone = timezone.get_current_timezone()
    first = timezone.localdate() - timedelta(days=days - 1)
    since = timezone.now() - timedelta(days=days)
    written = F("inserted") + F("modified") + F("deleted") + F("coupled") + F("uncoupled")
    rows = (
        SynchJob.objects.filter(started_at__gte=since)
        .exclude(type=JobType.PREVIEW)
        .annotate(day=TruncDate("started_at", tzinfo=zone))
        .order_by()
        .values("day")
        .annotate(written_sum=Sum(written), failed_sum=Sum("failed"))
    )
    found = {row["day"]: Day(row["day"], row["written_sum"], row["failed_sum"]) for row in rows}
    return [found.get(day, Day(day, 0, 0)) for day in (first + timedelta(days=number) for number in range(days))]
