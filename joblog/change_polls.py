"""The light poll: the newest stamp of each table that somebody waits for, in one request per system (engine.md section 21.6)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from joblog.models import SystemWatch, WatchedTable
from joblog.pauses import open_pause
from joblog.wake_up import waiting_mappings, wake
from joblog.watched_tables import mappings_by_table, plain_tables, watched_tables
from mappings.models import Purpose, System
from mappings.systems import connected
from syncadmin.sync.errors import RetryLater, SyncError

log = logging.getLogger(__name__)

LOOK_SECONDS = 3.0
_TOLD_SECONDS = 120.0  # how often a table is looked at whose system tells of changes by itself
_LONGEST = timedelta(minutes=30)


def look_for_changes() -> None:
    """Looks at every system whose time has come.

    Nothing is asked of one that is switched off, or for which no entry waits, nor anything while everything is paused.
    """
    if open_pause() is not None:
        return
    now = timezone.now()
    rested = Q(watch=None) | Q(watch__look_at=None) | Q(watch__look_at__lte=now)
    for system in System.objects.filter(rested, enabled=True):
        _look_at(system)


def _look_at(system: System) -> None:
    watch = SystemWatch.of(system)
    tables = _due(system)
    if not tables:
        _look_again(watch, _interval(system))
        return
    try:
        changed = _read_newest(system, tables)
    except SyncError as error:
        _delay(watch, error)
        return
    if changed:
        wake(system, changed)
    # Only now: a worker that dies in between leaves the change to be seen once more, and waking twice does no harm.
    WatchedTable.objects.bulk_update(tables, ["looked_at", "newest"])
    _look_again(watch, _interval(system))


def _due(system: System) -> list[WatchedTable]:
    """Tables for which an entry waits and that were not looked at lately; what a system tells of by itself is looked at seldom."""
    waiting = waiting_mappings(system)
    if not waiting:
        return []
    by_table = mappings_by_table(system)
    wanted = [row for row in watched_tables(system) if by_table[row.name] & waiting]
    return [row for row in wanted if row.looked_at is None or row.looked_at + _pause(system, row) <= timezone.now()]


def _pause(system: System, row: WatchedTable) -> timedelta:
    """A little less than the interval, so that a look is not missed by the fraction of a second that the one before took."""
    told = row.subscription and (row.expires_at is None or row.expires_at > timezone.now())
    return timedelta(seconds=_TOLD_SECONDS) if told else _interval(system) * 0.9


def _interval(system: System) -> timedelta:
    return timedelta(seconds=settings.POLL_SECONDS[system.kind])


def _read_newest(system: System, rows: Sequence[WatchedTable]) -> set[str]:
    """Puts the newest stamps into the rows, unsaved; names of the tables that had another one before. Raises RetryLater, RunError."""
    tables = plain_tables(system, [row.name for row in rows])
    known = [row for row in rows if row.name in tables]
    with connected(system, purpose=Purpose.POLLS) as connector:
        stamps = connector.newest_stamps([tables[row.name] for row in known])
    changed = set()
    for row, stamp in zip(known, stamps, strict=True):
        first, row.looked_at = row.looked_at is None, timezone.now()
        if isinstance(stamp, SyncError):
            log.log(logging.WARNING if first else logging.DEBUG, "%s: %s", system, stamp.text)
        elif stamp != row.newest:
            row.newest = stamp
            changed.add(row.name)
    return changed


def _look_again(watch: SystemWatch, pause: timedelta) -> None:
    SystemWatch.objects.filter(pk=watch.pk).update(look_at=timezone.now() + pause * 0.9, delayed=0)


def _delay(watch: SystemWatch, error: SyncError) -> None:
    """Longer each time, and never before the system's own wish."""
    asked = timedelta(seconds=error.seconds if isinstance(error, RetryLater) else 0)
    pause = min(max(_interval(watch.system), asked) * (1 << min(watch.delayed, 10)), _LONGEST)
    SystemWatch.objects.filter(pk=watch.pk).update(look_at=timezone.now() + pause, delayed=watch.delayed + 1)
    log.warning("looking for changes in %s again in %.0f s: %s", watch.system, pause.total_seconds(), error.text)
