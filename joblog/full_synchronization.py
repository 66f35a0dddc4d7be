"""The full synchronization of a company: its lines, and their waves in the order of dependencies (engine.md section 17).

All state is in the lines, so that any worker goes on where a lost one stopped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from joblog.claims import stale_before
from joblog.executions import abandon
from joblog.full_lines import release
from joblog.models import FullSynchronizationLine, JobQueueEntry, QueueStatus, Recommendation, Requested, RunKind, SynchJob, Trigger
from joblog.queue import new_entry, ring
from joblog.recommendations import recommendations
from joblog.scope import Scope
from mappings.changes import Person
from mappings.models import IntegrationTableMapping, System
from syncadmin.sync.errors import RunError

LONGEST = timedelta(hours=24)  # after that a full synchronization counts as dead (engine.md section 1.4)
_ENDED = (QueueStatus.FINISHED, QueueStatus.ERROR)
_BUSY = "A full synchronization of {company} is running ({names}). Wait for its end."


def all_lines() -> QuerySet[FullSynchronizationLine]:
    """Lines with what pages show of them, in five statements."""
    jobs = Prefetch("execution__jobs", SynchJob.objects.order_by("id"))
    rows = FullSynchronizationLine.objects.select_related("mapping__business_central", "mapping__sales", "execution", "to_job", "from_job")
    return rows.prefetch_related("entries", jobs)


def lines_of(company: System) -> list[FullSynchronizationLine]:
    return list(all_lines().filter(mapping__business_central=company))


def participants(company: System) -> list[IntegrationTableMapping]:
    """Mappings that have a line: not lines of documents, which travel with them, nor sales orders that only go one way."""
    rows = IntegrationTableMapping.objects.filter(business_central=company, enabled=True, parent_name="")
    rows = rows.select_related("business_central", "sales").order_by("order", "name")
    return [row for row in rows if row.integration_table != "salesorders" or len(row.directions) > 1]


# ---- the review


def refresh(company: System) -> list[FullSynchronizationLine]:
    """Adds missing lines and asks both systems anew what blank lines should do; a person's choice stays. Raises RunError and RetryLater."""
    wanted = participants(company)
    old = {line.mapping_id: line for line in lines_of(company)}
    blank = [mapping for mapping in wanted if mapping.pk not in old or not (old[mapping.pk].status or old[mapping.pk].overridden)]
    found = recommendations(blank)
    with transaction.atomic():
        for mapping in blank:
            FullSynchronizationLine.objects.update_or_create(mapping=mapping, defaults={"recommendation": found[mapping.pk]})
        gone = set(old) - {mapping.pk for mapping in wanted}
        FullSynchronizationLine.objects.filter(mapping__in=gone, status="").delete()
    return lines_of(company)


def recommend_full(ids: Sequence[int]) -> int:
    """A person knows better: these lines run Full Synchronization, where they are not started yet; how many."""
    rows = FullSynchronizationLine.objects.filter(pk__in=list(ids), status="")
    return rows.update(recommendation=Recommendation.FULL, overridden=True)


def reset(company: System) -> list[FullSynchronizationLine]:
    """Throws all lines away and makes them anew. Raises RunError ``busy`` while one runs, and those of :func:`refresh`."""
    refuse_if_running(company)
    with transaction.atomic():
        for line in lines_of(company):
            _let_go(line)
            line.delete()
    return refresh(company)


# ---- starting


def start(company: System, *, user: Person = None, by: Requested = Requested.WORKERS) -> int:
    """Starts all blank lines: those whose dependencies are satisfied at once, the others in their wave. How many were blank.

    Raises RunError ``busy``.
    """
    refuse_if_running(company)
    asked = FullSynchronizationLine.objects.filter(mapping__business_central=company, status="").update(requested=by)
    if by == Requested.WORKERS:
        next_wave(company, user=user)
    return asked


def restart(ids: Sequence[int], *, user: Person = None) -> int:
    """Starts lines anew that are in Error or Finished, or whose run is dead; how many. Those that run stay as they are."""
    chosen = [line for line in all_lines().filter(pk__in=list(ids)) if line.status and not alive(line)]
    with transaction.atomic():
        for line in chosen:
            _let_go(line)
            FullSynchronizationLine.objects.filter(pk=line.pk).update(**_BLANK, requested=Requested.WORKERS)
    for company in {line.mapping.business_central for line in chosen}:
        next_wave(company, user=user)
    return len(chosen)


def next_wave(company: System, *, user: Person = None) -> int:
    """Queues every requested line whose dependencies are satisfied; how many. Harmless at any time, by several workers at once."""
    ready = startable(lines_of(company))
    for line in ready:
        with transaction.atomic():
            entry = take(line, user=user)
            if entry is not None:
                entry.save()
                ring(entry.pk)
    return len(ready)


def next_waves() -> int:
    """The next wave of every company whose lines wait for the workers; a periodic duty of them."""
    waiting = FullSynchronizationLine.objects.filter(status="", requested=Requested.WORKERS)
    companies = System.objects.filter(pk__in=waiting.values("mapping__business_central"))
    return sum(next_wave(company) for company in companies)


def take(line: FullSynchronizationLine, *, user: Person = None, scope: Scope = Scope()) -> JobQueueEntry | None:  # noqa: B008  (frozen)
    """The line's job queue entry, not saved yet; None when somebody else has taken the line, or it has nothing to do and is Finished."""
    blank = FullSynchronizationLine.objects.filter(pk=line.pk, status="")
    now = timezone.now()
    if line.recommendation == Recommendation.NONE:
        blank.update(status=QueueStatus.FINISHED, requested="", started_at=now, finished_at=now)
        return None
    if not blank.update(status=QueueStatus.READY, started_at=now, finished_at=None, message=""):
        return None
    trigger = Trigger.COMMAND if line.requested == Requested.FOREGROUND else Trigger.PERSON
    kind = RunKind.MATCH if line.recommendation == Recommendation.COUPLE else RunKind.SYNCHRONIZE
    entry = new_entry(mapping=line.mapping, run_kind=kind, scope=scope_of(line, scope), user=user, trigger=trigger)
    entry.full_line, entry.status = line, QueueStatus.READY
    entry.description = f"Full synchronization of {line.mapping.name}"
    return entry


def scope_of(line: FullSynchronizationLine, asked: Scope) -> Scope:
    """What the line runs: where both sides have records it couples before it creates (engine.md A25).

    New options and codes change what everybody can choose, so they take somebody who recommends full synchronization, or a mapping that
    creates anyway.
    """
    mapping, couples = line.mapping, line.recommendation == Recommendation.COUPLE
    creates = not mapping.is_option_mapping or mapping.create_new_if_no_match or not mapping.synch_only_coupled
    return replace(asked, match=couples, full=True, only_coupled=couples and not creates)


def startable(lines: Iterable[FullSynchronizationLine]) -> list[FullSynchronizationLine]:
    """Requested lines whose dependencies are satisfied, of the lines of one company."""
    every = list(lines)
    return [line for line in every if line.requested and not line.status and not unsatisfied(line, every)]


def unsatisfied(line: FullSynchronizationLine, lines: Iterable[FullSynchronizationLine]) -> list[FullSynchronizationLine]:
    """The lines of the same company that must be Finished before this one; those without records do not count."""
    return [
        other
        for other in lines
        if other.mapping.name in line.mapping.depends_on
        and other.mapping.business_central_id == line.mapping.business_central_id
        and other.recommendation != Recommendation.NONE
        and other.state != QueueStatus.FINISHED
    ]


# ---- one at a time


def refuse_if_running(company: System) -> None:
    """Raises RunError ``busy`` while a line of the company has work under way or queued."""
    names = [line.mapping.name for line in lines_of(company) if alive(line)]
    if names:
        raise RunError("busy", _BUSY.format(company=company.name, names=", ".join(names)))


def alive(line: FullSynchronizationLine) -> bool:
    """Whether the line's run is under way or queued: not after 24 hours, and not when its worker is lost."""
    entry = line.entry
    if entry is None or entry.status in (*_ENDED, QueueStatus.ON_HOLD) or (line.started_at and line.started_at < timezone.now() - LONGEST):
        return False
    return entry.status != QueueStatus.IN_PROCESS or (entry.heartbeat_at is not None and entry.heartbeat_at >= stale_before())


_BLANK: dict[str, Any] = {
    "status": "", "execution": None, "to_job": None, "to_status": "", "from_job": None, "from_status": "", "started_at": None,
    "finished_at": None, "message": "", "held": {},
}  # fmt: skip


def _let_go(line: FullSynchronizationLine) -> None:
    """Ends what is left of the line's run: a worker that still lives loses its claim, and recurring entries go on."""
    for entry in line.entries.all():
        abandon(entry, "The full synchronization was started anew.")
    release(line)
