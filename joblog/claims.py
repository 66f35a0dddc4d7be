"""Claims: who works on an entry. A claim is a token and a heartbeat; the database lets one of many takers win."""

from __future__ import annotations

import logging
import os
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, IntegrityError, InterfaceError, connection, transaction
from django.db.models import F, Q, QuerySet, TextField, Value
from django.db.models.functions import Concat, Now
from django.utils import timezone

from joblog.models import JobQueueEntry, JobQueueLogEntry, QueueStatus
from joblog.recurrence import NoNextRun
from joblog.schedule import rule_of
from joblog.stops import nothing_may_start
from joblog.turns import is_blocked
from joblog.workers import own_id
from syncadmin.sync.errors import ClaimLost

log = logging.getLogger(__name__)

RUNNABLE = (QueueStatus.READY, QueueStatus.WAITING, QueueStatus.INACTIVE)


@dataclass(frozen=True)
class Claim:
    """This worker's hold on an entry. ``after`` names a worker that was lost with it, ``lost`` one that had not begun the execution yet."""

    entry_id: int
    token: str
    lost: str = ""
    after: str = ""

    def hold(self) -> None:
        """Beats the heart; raises ClaimLost when the entry is somebody else's by now, or stopped."""
        if not self._rows().update(heartbeat_at=Now()):
            raise ClaimLost

    def release(self, **values: object) -> None:
        """Gives the entry back with these column values; raises ClaimLost as :meth:`hold` does."""
        if not self._rows().update(claim_token="", worker=None, heartbeat_at=Now(), **values):
            raise ClaimLost

    def _rows(self) -> QuerySet[JobQueueEntry]:
        return JobQueueEntry.objects.filter(pk=self.entry_id, claim_token=self.token, status=QueueStatus.IN_PROCESS)


def take(entry_id: int) -> Claim | None:
    """Claims an entry that is due, that waits for its next slice, or whose worker is lost; None when there is nothing to claim.

    The checks of engine.md section 21.2: an expired entry is deleted without a run, one outside its window is put off to the next. The
    database allows one run per mapping and one per category; an entry that they keep back is Waiting, and None comes back too. So is one
    whose mapping somebody else's run has a part of: either this claim sees that part, or that run sees this claim before it begins it.
    """
    entry = JobQueueEntry.objects.filter(pk=entry_id).first()
    if entry is None or nothing_may_start():
        return None
    if entry.status == QueueStatus.IN_PROCESS:
        return _take_over(entry)
    if entry.status not in RUNNABLE or not _may_start(entry):
        return None
    claim = _claim(entry) or (_claim(entry) if _waits(entry) else None)
    if claim is None or not is_blocked(entry.pk):
        return claim
    claim.release(status=QueueStatus.WAITING, rung_at=None)
    return None


def adopt(entry: JobQueueEntry) -> Claim | None:
    """Saves a new entry as claimed by this process; None when the database does not allow the run now, and nothing is saved."""
    claim = Claim(0, str(uuid.uuid4()))
    for name, value in _claimed(claim.token).items():
        setattr(entry, name, value)
    entry.heartbeat_at = timezone.now()
    try:
        with transaction.atomic():
            entry.save()
    except IntegrityError:
        entry.pk = None
        return None
    if is_blocked(entry.pk):
        entry.delete()
        return None
    return Claim(entry.pk, claim.token)


def stale_before() -> datetime:
    """A heartbeat older than this belongs to a lost worker."""
    return timezone.now() - timedelta(seconds=settings.STALE_SECONDS)


def silent() -> Q:
    """Entries whose worker is lost, by the clock of the database: those of several machines need not agree."""
    return Q(heartbeat_at=None) | Q(heartbeat_at__lt=Now() - timedelta(seconds=settings.STALE_SECONDS))


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


@contextmanager
def heartbeat(claim: Claim) -> Iterator[None]:
    """Beats while a long request is on the wire, so that a busy worker is never taken for a lost one."""
    stop = threading.Event()
    thread = threading.Thread(target=_beat, args=(claim, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _claimed(token: str) -> dict[str, object]:
    return {
        "status": QueueStatus.IN_PROCESS,
        "claim_token": token,
        "claimed_by": worker_name(),
        "worker_id": own_id(),
    }


def _take_over(entry: JobQueueEntry) -> Claim | None:
    """The next slice, or what a lost worker left behind; the log tells of the loss in the same transaction."""
    left = Q(claim_token="") | silent()
    lost = entry.claimed_by if entry.claim_token else ""
    token = str(uuid.uuid4())
    rows = JobQueueEntry.objects.filter(left, pk=entry.pk, status=QueueStatus.IN_PROCESS, claim_token=entry.claim_token)
    with transaction.atomic():
        if not rows.update(**_claimed(token), heartbeat_at=Now()):
            return None
        if lost and entry.current_log_id:
            note_loss(entry.current_log_id, lost)
    return Claim(entry.pk, token, "" if entry.current_log_id else lost, lost)


def note_loss(execution_id: int, lost: str) -> None:
    """A line in the log: who was lost, and who goes on."""
    line = f"{timezone.now():%Y-%m-%d %H:%M:%S} UTC: {lost} gave no sign of life any more, {worker_name()} goes on.\n"
    notes = Concat("notes", Value(line), output_field=TextField())
    JobQueueLogEntry.objects.filter(pk=execution_id).update(lost_workers=F("lost_workers") + 1, notes=notes, worker_name=worker_name())


def _may_start(entry: JobQueueEntry) -> bool:
    """Whether the time of the entry has come. What has begun already goes on, and what a person asked for runs at any time."""
    now = timezone.now()
    if entry.earliest_start is not None and entry.earliest_start > now:
        return False
    if entry.earliest_start is None and entry.status == QueueStatus.INACTIVE:
        return False  # it rests until a change: a late ring of its last run is no reason to start
    if entry.current_log_id is not None:
        return True
    unchanged = JobQueueEntry.objects.filter(pk=entry.pk, status__in=RUNNABLE, current_log=None, earliest_start=entry.earliest_start)
    if entry.expiration is not None and entry.expiration < now:
        unchanged.filter(expiration=entry.expiration).delete()
        return False
    return entry.forced or not entry.recurring or _in_window(entry, now, unchanged)


def _in_window(entry: JobQueueEntry, now: datetime, unchanged: QuerySet[JobQueueEntry]) -> bool:
    try:
        start = rule_of(entry).fitting(now)
    except NoNextRun as error:
        unchanged.update(status=QueueStatus.ON_HOLD, error_message=str(error))
        return False
    if start > now:
        unchanged.update(earliest_start=start)
    return start <= now


def _claim(entry: JobQueueEntry) -> Claim | None:
    now = timezone.now()
    waits = Q(earliest_start__lte=now) | (Q(earliest_start=None) & ~Q(status=QueueStatus.INACTIVE))
    due = JobQueueEntry.objects.filter(waits, pk=entry.pk, status__in=RUNNABLE)
    token = str(uuid.uuid4())
    try:
        with transaction.atomic():
            taken = due.update(**_claimed(token), heartbeat_at=Now())
    except IntegrityError:
        return None
    return Claim(entry.pk, token) if taken else None


def _waits(entry: JobQueueEntry) -> bool:
    """Lets the entry wait for its turn; whether its turn came meanwhile, so that nobody would ring for it any more."""
    waiting = JobQueueEntry.objects.filter(pk=entry.pk, status__in=RUNNABLE).update(status=QueueStatus.WAITING, rung_at=None)
    return bool(waiting) and not is_blocked(entry.pk)


def _beat(claim: Claim, stop: threading.Event) -> None:
    try:
        while not stop.wait(settings.STALE_SECONDS / 4):
            _try_to_hold(claim)
    except ClaimLost:
        return  # the run itself notices before its next write
    finally:
        connection.close()


def _try_to_hold(claim: Claim) -> None:
    """One silent quarter is no loss: a database that is away or locked for a moment must not end the heart for good."""
    try:
        claim.hold()
    except (DatabaseError, InterfaceError) as error:
        log.warning("entry %s: no sign of life could be written: %s", claim.entry_id, error)
        connection.close()
