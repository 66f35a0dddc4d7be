"""Runs one job queue entry for one slice: claim, jobs, engine, result."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from joblog import executions
from joblog.claims import Claim, heartbeat, take, worker_name
from joblog.connections import switch_off_without_privilege
from joblog.coupling_runs import couple
from joblog.deleted_records import find_deleted
from joblog.full_synchronization import next_wave
from joblog.job_lines import kept_lines, save_lines
from joblog.log_lines import about, now_about
from joblog.matching_runs import match
from joblog.models import JobQueueEntry, JobQueueLogEntry, RunKind
from joblog.queue import ring
from joblog.record_actions import delete, restore
from joblog.reference_runs import synchronize_with_references
from joblog.retention import remove_old
from joblog.scope import Scope
from joblog.statistics import update_statistics
from joblog.stops import must_stop
from joblog.synchronization import synchronize_mapping
from joblog.uncoupling import uncouple
from joblog.workers import leave_if_abandoned
from mappings.models import System
from syncadmin.sync.errors import ClaimLost, RetryLater, RunError

log = logging.getLogger(__name__)

Pause = Callable[[], bool]


@dataclass(frozen=True)
class Work:
    """What carrying out an entry needs: the entry, its execution, the claim, and when to stop for this slice."""

    entry: JobQueueEntry
    execution: JobQueueLogEntry
    claim: Claim
    pause: Pause


def _preview(work: Work) -> bool:
    """Previews what the scope asks for; all previews are of one kind, because they block no other run (engine.md A11)."""
    run = match if Scope.from_json(work.entry.parameters).match else synchronize_mapping
    return run(work.entry, work.execution, work.claim, work.pause, preview=True)


_KINDS: dict[str, Callable[[Work], bool]] = {
    RunKind.SYNCHRONIZE: lambda work: synchronize_with_references(work.entry, work.execution, work.claim, work.pause),
    RunKind.PREVIEW: _preview,
    RunKind.COUPLE: lambda work: couple(work.entry, work.execution, work.claim, work.pause),
    RunKind.MATCH: lambda work: match(work.entry, work.execution, work.claim, work.pause),
    RunKind.UNCOUPLE: lambda work: uncouple(work.entry, work.execution, work.claim, work.pause),
    RunKind.FIND_DELETED: lambda work: find_deleted(work.entry, work.execution, work.claim, work.pause),
    RunKind.RESTORE: lambda work: restore(work.entry, work.execution, work.claim, work.pause),
    RunKind.DELETE: lambda work: delete(work.entry, work.execution, work.claim, work.pause),
    RunKind.RETENTION: lambda work: remove_old(work.entry, work.execution, work.claim, work.pause),
    RunKind.STATISTICS: lambda work: update_statistics(work.entry, work.execution, work.claim, work.pause),
}


def run(entry_id: int) -> None:
    """Works on an entry for a slice, if it can be claimed, and rings for the next slice where something is left. Never raises."""
    leave_if_abandoned()
    claim = take(entry_id)
    if claim is None:
        return
    end = time.monotonic() + settings.SLICE_SECONDS
    company = System.objects.filter(mappings__full_synchronization_line__entries=entry_id).first()
    if not carry_out(claim, lambda: time.monotonic() >= end):
        ring(entry_id)
    elif company is not None:
        next_wave(company)


def carry_out(claim: Claim, pause: Pause) -> bool:
    """Works on a claimed entry until it ends, or until ``pause`` or a person says to stop; False when it has to go on later.

    Every ending is written down: success, a put-off, a cancellation, an error with its message, a bug with its call stack.
    """
    with about(entry=claim.entry_id), kept_lines():
        return _carried_out(claim, pause)


def _carried_out(claim: Claim, pause: Pause) -> bool:
    rows = JobQueueEntry.objects.select_related("mapping__business_central", "mapping__sales", "user", "current_log")
    entry = rows.filter(pk=claim.entry_id).first()
    if entry is None:
        return True  # it was deleted with its mapping just now
    if entry.mapping is not None:
        now_about(mapping=entry.mapping.name, company=entry.mapping.business_central.company)
    _tell_beginning(entry, claim)
    try:
        execution = executions.begin(entry, claim)
        with heartbeat(claim):
            finished = _kind(entry)(Work(entry, execution, claim, lambda: _stops(entry, pause)))
        if not finished:
            stopped = executions.interrupt(entry, execution, claim)
            if not stopped:
                log.info("%s: its next slice goes on from here", entry.description)
            return stopped
        executions.succeed(entry, execution, claim)
        switch_off_without_privilege(execution)
        log.info("%s: ended well", entry.description)
    except ClaimLost:
        log.warning("%s: the claim was lost, another worker goes on", entry.description)
    except RetryLater as error:
        log.warning("%s: put off: %s", entry.description, error.text)
        executions.put_off(entry, claim, error)
    except RunError as error:
        log.warning("%s: stopped by an error (%s)", entry.description, error.code)
        executions.fail(entry, claim, error.code, error.text)
    except Exception as error:
        log.exception("%s: unexpected error", entry.description)
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        executions.fail(entry, claim, "unexpected", f"Unexpected error: {error}", traceback.format_exc())
    return True


def _tell_beginning(entry: JobQueueEntry, claim: Claim) -> None:
    if claim.after:
        log.warning("%s: %s gave no sign of life any more, %s goes on", entry.description, claim.after, worker_name())
    log.info("%s: at work in %s, triggered by %s", entry.description, worker_name(), entry.trigger)


def _stops(entry: JobQueueEntry, pause: Pause) -> bool:
    """Asked after each page; what it has logged is saved first."""
    save_lines()
    return pause() or must_stop(entry.pk)


def _kind(entry: JobQueueEntry) -> Callable[[Work], bool]:
    if entry.run_kind not in _KINDS:
        raise RunError("not-available", f"This version cannot run {entry.get_run_kind_display()}. Put the entry on hold.")
    return _KINDS[entry.run_kind]
