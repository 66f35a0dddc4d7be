"""When a record that failed is tried again by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Min

from joblog.models import JobQueueEntry, JobType, QueueStatus, RunKind, SynchEntry
from mappings.models import Coupling

_WAITING = (QueueStatus.READY, QueueStatus.WAITING, QueueStatus.INACTIVE, QueueStatus.IN_PROCESS)
_BY_THEMSELVES = {JobType.SYNCHRONIZATION, JobType.FULL, JobType.FIND_DELETED}


@dataclass(frozen=True)
class NextTry:
    """``at`` where it is known, else ``words``."""

    at: datetime | None = None
    words: str = ""


def next_tries(entries: Sequence[SynchEntry]) -> dict[int, NextTry]:
    """By id of the entry, for open issues with their jobs at hand; two statements.

    A record comes back by itself as long as its coupling, pending or not, is not skipped (engine.md section 5.5).
    """
    open_ones = [one for one in entries if one.resolved_at is None]
    skipped = dict(Coupling.objects.filter(pk__in={one.coupling_id for one in open_ones if one.coupling_id}).values_list("pk", "skipped"))
    runs = JobQueueEntry.objects.filter(
        mapping__in={one.job.mapping_id for one in open_ones if one.job.mapping_id},
        recurring=True,
        run_kind=RunKind.SYNCHRONIZE,
        status__in=_WAITING,
    )
    starts = dict(runs.order_by().values_list("mapping").annotate(at=Min("earliest_start")))
    return {one.pk: _next(one, skipped.get(one.coupling_id or 0), starts) for one in open_ones}


def _next(entry: SynchEntry, skipped: bool | None, starts: dict[int | None, datetime | None]) -> NextTry:
    if skipped:
        return NextTry(words="when somebody retries it")
    if skipped is None or entry.job.type not in _BY_THEMSELVES:
        return NextTry(words="not by itself")
    if entry.job.mapping_id not in starts:
        return NextTry(words="with the next run")
    return NextTry(at=starts[entry.job.mapping_id], words="with the next run")
