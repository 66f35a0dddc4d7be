"""The cues of the role center: numbers that need a look, each with the list that it counts (screens.md section 1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from joblog.addresses import log_url, with_query
from joblog.cue_resets import FAILED_JOBS, last_reset, since_reset
from joblog.models import CueReset, CueThreshold, ErrorCause, JobQueueEntry, JobStatus, QueueStatus, SynchError, SynchJob
from joblog.models.synch_entry import OPEN_ISSUE
from joblog.models.synch_job import FAILED
from joblog.schedule import PLANNED
from mappings.models import Coupling
from mappings.troubleshooting import stale_mappings
from syncadmin.ui.formatting import utc

_SKIPPED = "Skipped"
MOST_THRESHOLD = 1_000_000
MOST = 10_000  # more than that is told as "10,000+"


@dataclass(frozen=True)
class Kind:
    """What a cue counts. ``warn_from`` and ``bad_from`` are its thresholds until somebody sets others; None: never."""

    name: str
    label: str
    rows: Callable[[], QuerySet[Any]]
    url: Callable[[], str]
    warn_from: int | None = None
    bad_from: int | None = None


@dataclass(frozen=True)
class Cue:
    """One tile. ``tone`` is bad (Unfavorable), warn (Ambiguous), good (Favorable) or "" (Subordinate)."""

    kind: Kind
    number: int
    tone: str
    warn_from: int | None
    bad_from: int | None
    reset: CueReset | None = None

    @property
    def label(self) -> str:
        return "Failed jobs since reset" if self.reset else self.kind.label

    @property
    def hint(self) -> str:
        return f"Reset by {self.reset.user_name}, {utc(self.reset.at)}" if self.reset else ""

    @property
    def url(self) -> str:
        return self.kind.url() if self.number else ""

    @property
    def more(self) -> bool:
        return self.number >= MOST


def cues() -> list[Cue]:
    """All cues: one bounded statement each, and one for the thresholds and for what was reset."""
    thresholds = {row.name: row for row in CueThreshold.objects.all()}
    reset = last_reset()
    return [_cue(kind, thresholds, reset if kind.name == FAILED_JOBS else None) for kind in KINDS]


def _cue(kind: Kind, thresholds: Mapping[str, CueThreshold], reset: CueReset | None) -> Cue:
    own = thresholds.get(kind.name)
    warn, bad = (own.warn_from, own.bad_from) if own else (kind.warn_from, kind.bad_from)
    number = kind.rows().order_by()[:MOST].count()
    return Cue(kind, number, _tone(number, warn, bad), warn, bad, reset)


def _tone(number: int, warn: int | None, bad: int | None) -> str:
    if bad is not None and number >= bad:
        return "bad"
    if warn is not None and number >= warn:
        return "warn"
    return "" if warn is None and bad is None else "good"


def _failed_jobs() -> QuerySet[Any]:
    """Those that the log's filters ``failures`` and ``period=reset`` show."""
    return SynchJob.objects.filter(FAILED, since_reset())


def _errors_url(**query: str) -> str:
    return with_query(reverse("joblog:errors"), query)


def _open_errors() -> QuerySet[Any]:
    return SynchError.objects.filter(OPEN_ISSUE)


def _conflicts() -> QuerySet[Any]:
    """By their causes, as the list of errors finds them: no index of open errors knows codes."""
    return _open_errors().filter(cause__in=ErrorCause.objects.filter(records__gt=0, code="conflict"))


def _stale_url() -> str:
    return with_query(reverse("mappings:mapping-list"), {"stale": "on"})


def _queue_url() -> str:
    return with_query(reverse("joblog:queue"), {"status": QueueStatus.ERROR})


def _in_queue() -> QuerySet[Any]:
    """Those that the filter ``due`` of the job queue shows."""
    return JobQueueEntry.objects.filter(status__in=PLANNED, earliest_start__lte=timezone.now())


def _running_url() -> str:
    return log_url(status=JobStatus.IN_PROCESS, period="all")


KINDS: tuple[Kind, ...] = (
    Kind(FAILED_JOBS, "Failed jobs, 24 h", _failed_jobs, lambda: log_url(failures="on", period="reset"), warn_from=1, bad_from=10),
    Kind("errors", "Open errors", _open_errors, _errors_url, warn_from=1, bad_from=100),
    Kind("conflicts", "Conflicts", _conflicts, lambda: _errors_url(code="conflict"), warn_from=1, bad_from=25),
    Kind(
        "skipped",
        "Skipped records",
        lambda: Coupling.objects.filter(skipped=True),
        lambda: reverse("joblog:skipped"),
        warn_from=1,
        bad_from=50,
    ),
    Kind("stale", "Stale mappings", stale_mappings, _stale_url, warn_from=1, bad_from=5),
    Kind("queue-errors", "Entries in Error", lambda: JobQueueEntry.objects.filter(status=QueueStatus.ERROR), _queue_url, bad_from=1),
    Kind("in-queue", "In queue", _in_queue, lambda: with_query(reverse("joblog:queue"), {"due": "on"}), warn_from=25, bad_from=100),
    Kind("running", "Running now", lambda: SynchJob.objects.filter(status=JobStatus.IN_PROCESS), _running_url),
)
