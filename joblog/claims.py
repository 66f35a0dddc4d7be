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
from django.db.models import Q, QuerySet
from django.utils import timezone

from joblog.models import JobQueueEntry, QueueStatus
from syncadmin.sync.errors import ClaimLost

log = logging.getLogger(__name__)

RUNNABLE = (QueueStatus.READY, QueueStatus.WAITING, QueueStatus.INACTIVE)


@dataclass(frozen=True)
class Claim:
    """This worker's hold on an entry."""

    entry_id: int
    token: str

    def hold(self) -> None:
        """Beats the heart; raises ClaimLost when the entry is somebody else's by now, or stopped."""
        if not self._rows().update(heartbeat_at=timezone.now()):
            raise ClaimLost

    def release(self, **values: object) -> None:
        """Gives the entry back with these column values; raises ClaimLost as :meth:`hold` does."""
        if not self._rows().update(claim_token="", heartbeat_at=timezone.now(), **values):
            raise ClaimLost

    def _rows(self) -> QuerySet[JobQueueEntry]:
        return JobQueueEntry.objects.filter(pk=self.entry_id, claim_token=self.token, status=QueueStatus.IN_PROCESS)


def take(entry_id: int) -> Claim | None:
    """Claims an entry that is due, that waits for its next slice, or whose worker is lost; None when there is nothing to claim.

    The database allows one run per mapping (constraint ``one_run_per_mapping``); a busy mapping gives None too.
    """
    now = timezone.now()
    due = Q(status__in=RUNNABLE) & (Q(earliest_start=None) | Q(earliest_start__lte=now))
    left = Q(status=QueueStatus.IN_PROCESS) & (Q(claim_token="") | Q(heartbeat_at__lt=stale_before()))
    token = str(uuid.uuid4())
    try:
        with transaction.atomic():
            taken = JobQueueEntry.objects.filter(due | left, pk=entry_id).update(
                status=QueueStatus.IN_PROCESS, claim_token=token, claimed_by=worker_name(), heartbeat_at=now
            )
    except IntegrityError:
        return None
    return Claim(entry_id, token) if taken else None


def stale_before() -> datetime:
    """A heartbeat older than this belongs to a lost worker."""
    return timezone.now() - timedelta(seconds=settings.STALE_SECONDS)


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
