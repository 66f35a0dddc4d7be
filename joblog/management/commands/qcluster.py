"""manage.py qcluster: a worker (commands.md section 2). Any number, on any number of machines, on one PostgreSQL."""

from __future__ import annotations

import logging
import os
import signal
import threading
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from joblog import workers
from joblog.queue import Cluster
from joblog.timekeeper import Timekeeper

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "A worker: runs job queue entries and keeps the time until it gets SIGTERM or SIGINT. Its jobs stop at their next page then."

    def handle(self, *args: Any, **options: Any) -> None:
        threading.excepthook = _report
        stop = _Stop()
        worker = workers.sign_on()
        connections.close_all()  # a connection must not be shared with the processes that are forked now
        cluster = Cluster(on_signal=stop)
        cluster.start()
        Timekeeper(worker, stop=stop.asked, alive=cluster.alive).keep()
        lost = not cluster.alive()
        workers.stopping(worker)
        cluster.stop()
        workers.sign_off(worker)
        if lost and not stop.asked():
            _end_orphans()
            raise CommandError("The guard of this worker's processes has died. Start it again; another worker goes on with what they ran.")


def _end_orphans() -> None:
    """What the guard can stop no longer, where the process group is our own; we only take note of the signal."""
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpgrp(), signal.SIGTERM)


class _Stop:
    """Remembers that somebody asked to stop."""

    def __init__(self) -> None:
        self._asked = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self._asked = True

    def asked(self) -> bool:
        return self._asked


def _report(broken: threading.ExceptHookArgs) -> None:
    """What a duty raised, in the log instead of on the standard error output."""
    name = broken.thread.name if broken.thread else "?"
    log.error("duty %s: unexpected error", name, exc_info=(broken.exc_type, broken.exc_value or broken.exc_type(), broken.exc_traceback))
