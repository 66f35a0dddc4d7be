"""What a job says of itself in its log lines: how it begins, each page, how it ends. Numbers and states, never what records contain."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime

from joblog.claims import worker_name
from joblog.job_text import job_name
from joblog.log_lines import about
from joblog.models import SynchJob
from joblog.scope import Scope
from joblog.scope_words import scope_in_words
from joblog.stopwatch import COMPARE, READ, SAVE, WRITE, in_words
from syncadmin.ui.formatting import utc

log = logging.getLogger(__name__)

STEPS = {READ: "reading", COMPARE: "comparing", WRITE: "writing", SAVE: "saving"}
PARTS = {"retry": "Records that had failed", "explicit": "Named records", "window": "Records of the window"}


def begins(job: SynchJob, since: datetime | None, *, reads_window: bool) -> None:
    """The first line of a job, or of a slice that goes on with it."""
    with about(job=job.pk):
        if job.cursor or any(_counts(job).values()):  # jobs about links have no cursor
            log.info("Goes on in %s, after %s", worker_name(), counted({"read": job.read} | _counts(job)))
            return
        window = f"; reads what changed from {utc(since)} on" if since else "; reads the whole table"
        scope, version = scope_in_words(Scope.from_json(job.scope)), f"version {job.mapping_version} of the mapping"
        log.info("%s, %s: %s; %s%s", job_name(job), job.get_type_display(), scope, version, window if reads_window else "")


def page_done(
    job: SynchJob, part: str, *, read: int, counts: Mapping[str, int], seconds: Mapping[str, float], requests: tuple[int, int]
) -> None:
    """A page of records was settled, read from ``part``; ``requests`` were sent for it to Business Central and to Sales."""
    took, sent = _spent(seconds), f"requests: {requests[0]:,} to Business Central, {requests[1]:,} to Sales"
    with about(job=job.pk):
        log.info("%s: %s in %s; %s", PARTS.get(part, "Records"), counted({"read": read} | dict(counts)), took, sent)


def part_done(job: SynchJob, part: str, seconds: float) -> None:
    if part in PARTS:
        with about(job=job.pk):
            log.info("%s: done after %s", PARTS[part], in_words(seconds))


def changed(job: SynchJob, counts: Mapping[str, int]) -> None:
    """Part of a job about links was settled."""
    with about(job=job.pk):
        log.info("%s", counted(counts))


def finished(
    job: SynchJob, counts: Mapping[str, int], *, watermark: datetime | None = None, seconds: Mapping[str, float] | None = None
) -> None:
    """``watermark`` is where it stands now, where the job moves one; ``seconds`` what its phases took."""
    moved = ""
    if watermark is not None and watermark != job.watermark_before:
        moved = f"; the watermark moves from {utc(job.watermark_before) if job.watermark_before else 'none'} to {utc(watermark)}"
    with about(job=job.pk):
        log.info("Finished: %s%s%s", counted(counts), f" in {_spent(seconds)}" if seconds else "", moved)


def ended(job: SynchJob, status: str, text: str) -> None:
    """A job that somebody or something ends before its time."""
    with about(job=job.pk, mapping=job.mapping_name):
        log.warning("%s: %s So far: %s", status, text, counted({"read": job.read} | _counts(job)))


def counted(counts: Mapping[str, int]) -> str:
    """``1,000 read, 12 inserted``: what is not zero, and what was read in any case."""
    told = [f"{number:,} {name}" for name, number in counts.items() if number or name == "read"]
    return ", ".join(told) or "nothing to do"


def _spent(seconds: Mapping[str, float]) -> str:
    """``1.2 s (reading 0.8 s, writing 0.4 s)``."""
    parts = ", ".join(f"{word} {in_words(seconds[step])}" for step, word in STEPS.items() if seconds.get(step, 0) >= 0.05)
    return f"{in_words(sum(seconds.values()))}{f' ({parts})' if parts else ''}"


def _counts(job: SynchJob) -> dict[str, int]:
    return {name: getattr(job, name) for name in SynchJob.COUNTERS}
