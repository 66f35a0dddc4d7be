"""The daily digest: what ran in the last day, and what is wrong now."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Count, Q, Sum
from django.urls import reverse
from django.utils import timezone

from joblog.models import JobStatus, JobType, Notice, NoticeRule, SynchJob, Trouble
from joblog.notices import new_notice, recipients

SECONDS = 60
_DAY = timedelta(days=1)
_MOST = 30


def send_digests() -> int:
    """Makes the digests whose hour has come, once a day for each rule; how many. Sends nothing."""
    made = 0
    for rule in NoticeRule.objects.filter(enabled=True, daily_digest=True).select_related("person", "mapping"):
        now = timezone.now().astimezone(ZoneInfo(rule.time_zone))
        if now.time() >= rule.digest_time and rule.digest_on != now.date():
            made += _digest(rule, now)
    return made


def _digest(rule: NoticeRule, now: datetime) -> int:
    subject, text = digest(rule, now)
    name = rule.mapping.name if rule.mapping else ""
    with transaction.atomic():
        if not NoticeRule.objects.filter(~Q(digest_on=now.date()) | Q(digest_on=None), pk=rule.pk).update(digest_on=now.date()):
            return 0
        path = reverse("joblog:log")
        rows = [new_notice(rule, one, Notice.Kind.DIGEST, subject, text, path=path, mapping_name=name) for one in recipients(rule)]
        Notice.objects.bulk_create(rows)
    return len(rows)


def digest(rule: NoticeRule, now: datetime) -> tuple[str, str]:
    """Subject and text. Three statements."""
    jobs = SynchJob.objects.filter(started_at__gt=now - _DAY).exclude(type=JobType.PREVIEW)
    troubles = Trouble.objects.filter(ended_at=None)
    if rule.mapping_id:
        jobs, troubles = jobs.filter(mapping=rule.mapping_id), troubles.filter(mapping=rule.mapping_id)
    failed = Count("id", filter=Q(status=JobStatus.ERROR))
    records = {name: Sum(name, default=0) for name in ("inserted", "modified", "deleted", "failed", "skipped")}
    sums = jobs.aggregate(number=Count("id"), ended_in_error=failed, **{f"sum_{name}": one for name, one in records.items()})
    open_ones = [f"- {row.title} (since {row.since.astimezone(now.tzinfo):%Y-%m-%d %H:%M})" for row in troubles[: _MOST + 1]]
    of = f" of {rule.mapping.name}" if rule.mapping else ""
    ran = f"{sums['number']} jobs{of} ran in the last 24 hours, {sums['ended_in_error']} ended in error."
    told = ", ".join(f"{sums[f'sum_{name}']} {name}" for name in records)
    wrong = "\n".join(open_ones[:_MOST] + ["- and more"][: len(open_ones) > _MOST]) or "Nothing is wrong at this moment."
    subject = f"Digest of {now:%Y-%m-%d}{of}: " + (f"{troubles.count()} troubles" if open_ones else "all is well")
    return subject, f"{ran} Records: {told}.\n\n{wrong}"
