"""The facts of a job in words, label by label."""

from __future__ import annotations

from joblog.models import JobType, SynchJob
from joblog.scope import Scope
from joblog.scope_words import scope_in_words
from syncadmin.ui.formatting import DIRECTIONS, count, duration
from syncadmin.ui.presentation import current

_COUNTS = ("read", "inserted", "modified", "deleted", "unchanged", "skipped", "failed", "conflicts", "coupled", "uncoupled")
WITHOUT_WINDOW = {JobType.COUPLING, JobType.UNCOUPLING, JobType.FIND_DELETED, JobType.STATISTICS}


def job_name(job: SynchJob) -> str:
    """``CUSTOMER → To Sales``; for jobs without a direction what they are: ``CUSTOMER · Coupling``."""
    if job.type in WITHOUT_WINDOW:
        return f"{job.mapping_name} · {job.get_type_display()}"
    return f"{job.mapping_name} {job.arrow} {job.get_direction_display()}"


def job_facts(job: SynchJob) -> dict[str, str]:
    """Moments are in the reader's zone."""
    shown = current()
    return {
        "Mapping": job.mapping_name,
        "Company": job.company,
        "Direction": " ".join(DIRECTIONS[job.direction]),
        "Type": str(job.get_type_display()),
        "Status": str(job.get_status_display()),
        "Start": shown.moment(job.started_at),
        "Duration": duration(job.seconds),
        "Started by": " · ".join(part for part in (str(job.get_trigger_display()), job.user_name) if part),
        "Scope": scope_in_words(Scope.from_json(job.scope)),
        "Mapping version": str(job.mapping_version),
        "Watermark before": shown.moment(job.watermark_before) if job.watermark_before else "",
        "Watermark after": shown.moment(job.watermark_after) if job.watermark_after else "",
        **{name.capitalize(): count(getattr(job, name)) for name in _COUNTS},
        "Requests to Business Central": count(job.bc_requests),
        "Requests to Sales": count(job.sales_requests),
        "Message": job.message,
    }
