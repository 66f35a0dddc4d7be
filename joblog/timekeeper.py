"""The main process of a worker: beats its heart, rings for what is due or left behind, and sees to periodic duties.

Any number of workers may keep time at once: a claim decides who runs an entry, a lease who does a duty.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Thread

from django.db import DatabaseError, InterfaceError, connection

from joblog import dispatcher, duties, turned_mappings, workers
from joblog.duties import Duty
from joblog.models import QueueStatus, Worker

log = logging.getLogger(__name__)

LOOK_SECONDS = 1
LOST_SECONDS = 5
_FAREWELL_SECONDS = 5


class Timekeeper:
    """Keeps time for one worker until ``stop`` says so, or until its children have to be started anew.

    That is when ``alive`` says that they are gone, or when they are ``deaf``: none of them works, and still nobody answers the ring for
    an entry. A process that was killed while it waited for work leaves the others of its worker waiting for ever.
    """

    def __init__(self, worker: Worker, *, stop: Callable[[], bool], alive: Callable[[], bool]) -> None:
        self.worker, self.stop, self.alive = worker, stop, alive
        self.deaf = False
        looks = (self._beat, self._see_turned, self._ring_for_due, self._ring_for_lost, self._see_to_duties, self._listen)
        self._next = dict.fromkeys(looks, 0.0)
        self._unheard: dict[int, float] = {}
        self._threads: dict[str, Thread] = {}

    def keep(self) -> None:
        """Returns when it was asked to stop, or when the children have to be started anew. Survives a database that is away for a while."""
        duties.make_leases()
        while not self.stop() and self.alive() and not self.deaf:
            self.round()
            time.sleep(LOOK_SECONDS)
        end = time.monotonic() + _FAREWELL_SECONDS
        for thread in self._threads.values():
            thread.join(max(0.0, end - time.monotonic()))

    def round(self) -> None:
        """Whatever is to be looked at now."""
        now = time.monotonic()
        try:
            for look in [look for look, at in self._next.items() if at <= now]:
                self._next[look] = now + look()
        except (DatabaseError, InterfaceError) as error:
            log.warning("the database does not answer, looking again in %s s: %s", LOOK_SECONDS, error)
            connection.close()

    def _beat(self) -> float:
        workers.beat(self.worker)
        return workers.beat_seconds()

    def _see_turned(self) -> float:
        """Before what is due is rung for: it may have to rest."""
        turned_mappings.rest_where_turned()
        return LOOK_SECONDS

    def _ring_for_due(self) -> float:
        dispatcher.ring_for_due()
        return LOOK_SECONDS

    def _ring_for_lost(self) -> float:
        dispatcher.ring_for_lost()
        return LOST_SECONDS

    def _listen(self) -> float:
        """Deaf is who has no work while an entry was to be heard three times."""
        now = time.monotonic()
        waiting = dispatcher.waiting_to_be_heard()
        if waiting and self.worker.entries.filter(status=QueueStatus.IN_PROCESS).exists():
            waiting = set()
        self._unheard = {entry: self._unheard.get(entry, now) for entry in waiting}
        longest = now - min(self._unheard.values(), default=now)
        self.deaf = longest > 3 * dispatcher.again_after().total_seconds()
        return LOST_SECONDS

    def _see_to_duties(self) -> float:
        for duty in duties.due_duties():
            running = self._threads.get(duty.name)
            if running is None or not running.is_alive():
                self._threads[duty.name] = Thread(target=_perform, args=(duty,), name=duty.name, daemon=True)
                self._threads[duty.name].start()
        return LOOK_SECONDS


def _perform(duty: Duty) -> None:
    """In a thread of its own: what it raises goes to ``threading.excepthook`` and ends only this thread."""
    try:
        duties.perform(duty)
    finally:
        connection.close()
