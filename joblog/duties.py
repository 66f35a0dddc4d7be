"""Periodic duties: what one worker of all does from time to time. A new duty is one more line in DUTIES.

Each duty runs in a thread of its own in the main process of a worker, so it may take its time and wait for other systems. The lease row
decides by conditional UPDATE who does it, and nobody else does it meanwhile: a duty that ends is due again ``seconds`` after it began, one
whose worker died when its lease is over. A duty that raises is reported in the worker's log and tried again at its next time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from joblog import change_polls, change_subscriptions, deliveries, digests, executions, full_synchronization, notices, retention, totals
from joblog.models import DutyLease
from joblog.workers import own_id


@dataclass(frozen=True)
class Duty:
    """What to do how often; ``lease_seconds`` is longer than it ever takes."""

    name: str
    seconds: float
    function: Callable[[], object]
    lease_seconds: float = 300


DUTIES: tuple[Duty, ...] = (
    Duty("start waves of full synchronizations", 30, full_synchronization.next_waves),
    Duty("look for changes", change_polls.LOOK_SECONDS, change_polls.look_for_changes),
    Duty("end what nobody runs", executions.ORPHAN_SECONDS, executions.end_orphans),
    Duty("count ended jobs", totals.SECONDS, totals.count_jobs),
    Duty("tell of troubles", notices.SECONDS, notices.tell_of_troubles),
    Duty("send digests", digests.SECONDS, digests.send_digests),
    Duty("deliver notices", deliveries.SECONDS, deliveries.deliver),
    Duty("forget old notices", 3600, deliveries.forget_old_notices),
    Duty("delete old log entries", retention.DAILY, retention.delete_daily),
    Duty("keep subscriptions", change_subscriptions.UPKEEP_SECONDS, change_subscriptions.keep_subscriptions),
)


def make_leases() -> None:
    """A row for each duty that has none yet, due at once."""
    now = timezone.now()
    DutyLease.objects.bulk_create([DutyLease(name=duty.name, due_at=now) for duty in DUTIES], ignore_conflicts=True)


def due_duties() -> list[Duty]:
    """The duties whose time has come. One statement."""
    due = set(DutyLease.objects.filter(due_at__lte=timezone.now()).values_list("name", flat=True))
    return [duty for duty in DUTIES if duty.name in due]


def perform(duty: Duty) -> bool:
    """Does a duty, unless another worker does it or its time has not come; whether it was done."""
    began = timezone.now()
    due, lease = DutyLease.objects.filter(name=duty.name, due_at__lte=began), began + timedelta(seconds=duty.lease_seconds)
    if not due.update(due_at=lease, worker=own_id(), began_at=began, ended_at=None):
        return False
    try:
        duty.function()
    finally:
        own = DutyLease.objects.filter(name=duty.name, due_at=lease, worker=own_id(), began_at=began)
        own.update(due_at=began + timedelta(seconds=duty.seconds), ended_at=timezone.now())
    return True
