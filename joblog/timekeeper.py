"""The main process of a worker: beats its heart, rings for what is due or left behind, and sees to periodic duties.

Any number of workers may keep time at once: a claim decides who runs an entry, a lease who does a duty.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Thread

from django.db import DatabaseError, InterfaceError, connection

from joblog import dispatcher, duties, workers
from joblog.duties import Duty
from joblog.models import Worker

log = logging.getLogger(__name__)

LOOK_SECONDS = 1
LOST_SECONDS = 5
_FAREWELL_SECONDS = 5


class Timekeeper:
    """Keeps time for one worker until ``stop`` says so, or until ``alive`` says that its children are gone."""

    def __init__(self, worker: Worker, *, stop: Callable[[], bool], alive: Callable[[], bool]) -> None:
        self.worker, self.stop, self.alive = worker, stop, alive
        self._next = {self._beat: 0.0, self._ring_for_due: 0.0, self._ring_for_lost: 0.0, self._see_to_duties: 0.0}
        self._threads: dict[str, Thread] = {}

    def keep(self) -> None:
        """Returns when it was asked to stop, or when the children are gone. Survives a database that is away for a while."""
        duties.make_leases()
        while not self.stop() and self.alive():
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
        return workers.BEAT_SECONDS

    def _ring_for_due(self) -> float:
        dispatcher.ring_for_due()
        return LOOK_SECONDS

    def _ring_for_lost(self) -> float:
        dispatcher.ring_for_lost()
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
