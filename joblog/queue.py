"""The one door to django-q2: the doorbell that tells a worker which entry to look at, and the processes that hear it."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType
from typing import Protocol

from django.utils import timezone
from django_q import cluster as django_q_cluster
from django_q.tasks import async_task

from joblog.models import JobQueueEntry, QueueStatus, RunKind, Trigger
from joblog.scope import Scope
from mappings.changes import Person
from mappings.models import IntegrationTableMapping

_DESCRIPTION = {
    RunKind.SYNCHRONIZE: "Synchronize {name}",
    RunKind.PREVIEW: "Preview {name}",
    RunKind.COUPLE: "Couple records of {name}",
    RunKind.UNCOUPLE: "Uncouple records of {name}",
    RunKind.MATCH: "Match-based coupling of {name}",
    RunKind.FIND_DELETED: "Find for deleted of {name}",
    RunKind.RESTORE: "Restore records of {name}",
    RunKind.DELETE: "Delete records of {name}",
    RunKind.STATISTICS: "Customer statistics",
    RunKind.RETENTION: "Delete old log entries",
}


class Queue(Protocol):
    """What becomes of a run: :func:`enqueue` gives it to the workers, :func:`new_entry` leaves it to the caller."""

    def __call__(
        self, *, mapping: IntegrationTableMapping, run_kind: RunKind, scope: Scope, user: Person, trigger: Trigger
    ) -> JobQueueEntry: ...


def enqueue(
    *,
    mapping: IntegrationTableMapping,
    run_kind: RunKind,
    scope: Scope = Scope(),  # noqa: B008  (frozen)
    user: Person = None,
    trigger: Trigger = Trigger.PERSON,
) -> JobQueueEntry:
    """Makes a job queue entry that is due now and rings the workers; both in the caller's transaction, if there is one."""
    entry = new_entry(mapping=mapping, run_kind=run_kind, scope=scope, user=user, trigger=trigger)
    entry.status = QueueStatus.READY
    entry.save()
    ring(entry.pk)
    return entry


def new_entry(*, mapping: IntegrationTableMapping, run_kind: RunKind, scope: Scope, user: Person, trigger: Trigger) -> JobQueueEntry:
    """An entry for one run, not saved yet."""
    person = user if user is not None and user.is_authenticated else None
    return JobQueueEntry(
        description=_DESCRIPTION[run_kind].format(name=mapping.name),
        run_kind=run_kind,
        mapping=mapping,
        parameters=scope.to_json(),
        user_id=person.pk if person else None,
        trigger=trigger,
        earliest_start=timezone.now(),
        last_ready_at=timezone.now(),
        rung_at=timezone.now(),
    )


def ring(entry_id: int) -> None:
    """Asks a worker to look at an entry. Ringing twice does no harm: the claim decides who works."""
    async_task("joblog.tasks.run_entry", entry_id)


class Cluster:
    """The processes of a worker: a guard, and below it those that run entries. ``on_signal`` is called for SIGTERM and SIGINT."""

    def __init__(self, on_signal: Callable[[int, FrameType | None], None]) -> None:
        self._cluster = django_q_cluster.Cluster()
        for number in (signal.SIGTERM, signal.SIGINT):  # django-q2's own handler would stop in the middle of a statement of ours
            signal.signal(number, on_signal)

    def start(self) -> None:
        self._cluster.start()

    def alive(self) -> bool:
        return bool(self._cluster.sentinel.is_alive())

    def stop(self) -> None:
        """Waits until every process has ended what it was doing."""
        self._cluster.stop()

    def kill(self) -> None:
        """The guard goes without a last word."""
        self._cluster.sentinel.kill()
        self._cluster.sentinel.join()
