"""manage.py qcluster: a worker (commands.md section 2). Any number, on any number of machines, on one PostgreSQL."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn

from django.core.management.base import BaseCommand
from django.db import DatabaseError, InterfaceError, connections

from joblog import workers
from joblog.models import Worker
from joblog.queue import Cluster
from joblog.timekeeper import Timekeeper

log = logging.getLogger(__name__)

_BREATH = 2  # seconds, so that a worker that dies at once does not keep a computer busy


class Command(BaseCommand):
    help = "A worker: runs job queue entries and keeps the time until it gets SIGTERM or SIGINT. Its jobs stop at their next page then."

    def handle(self, *args: Any, **options: Any) -> None:
        threading.excepthook = _report
        stop = _Stop()
        worker = workers.sign_on()
        connections.close_all()  # a connection must not be shared with the processes that are forked now
        cluster = Cluster(on_signal=stop)
        cluster.start()
        timekeeper = Timekeeper(worker, stop=stop.asked, alive=cluster.alive)
        timekeeper.keep()
        if stop.asked():
            _sign(workers.stopping, worker)
            cluster.stop()
            _sign(workers.sign_off, worker)
        else:
            log.error("the processes of this worker %s: they are started anew", "do not answer" if timekeeper.deaf else "have died")
            _sign(workers.sign_off, worker)
            _start_anew(cluster)


def _sign(change: Callable[[Worker], None], worker: Worker) -> None:
    """A database that is away must not keep a worker from going."""
    try:
        change(worker)
    except (DatabaseError, InterfaceError) as error:
        log.warning("the worker's row could not be written: %s", error)


def _start_anew(cluster: Cluster) -> NoReturn:
    """Ends what is left of the children and becomes a fresh worker with the same process id.

    Where the process group is our own, nobody escapes; we only take note of the signal.
    """
    cluster.kill()
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpgrp(), signal.SIGTERM)
    time.sleep(_BREATH)
    os.execv(sys.executable, sys.orig_argv)  # noqa: S606


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
