"""This process as a worker: the row that tells others that it lives."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from joblog.models import Worker

_BEAT_SECONDS = 10
_REMEMBERED = timedelta(days=30)
_own: int | None = None
_main: int | None = None


def sign_on() -> Worker:
    """A row for this process. Processes that are forked from here on are of the same worker; long gone ones are forgotten."""
    global _own, _main
    now = timezone.now()
    Worker.objects.filter(heartbeat_at__lt=now - _REMEMBERED).delete()
    worker = Worker.objects.create(
        host=socket.gethostname()[:100], pid=os.getpid(), processes=settings.WORKERS, started_at=now, heartbeat_at=now
    )
    _own, _main = worker.pk, os.getpid()
    return worker


def own_id() -> int | None:
    """The worker that this process belongs to; None in a command or a web server."""
    return _own


def beat_seconds() -> float:
    """How often a worker gives a sign of life; several times before it would count as lost."""
    return min(_BEAT_SECONDS, settings.STALE_SECONDS / 4)


def beat(worker: Worker) -> None:
    """A sign of life. A worker that was taken for lost is there again."""
    Worker.objects.filter(pk=worker.pk).update(heartbeat_at=Now())


def stopping(worker: Worker) -> None:
    """Its jobs stop at their next page; other workers go on with them."""
    Worker.objects.filter(pk=worker.pk).update(stopping_at=timezone.now())


def sign_off(worker: Worker) -> None:
    Worker.objects.filter(pk=worker.pk).update(stopped_at=timezone.now())


def is_stopping() -> bool:
    """Whether the worker of this process has been asked to stop."""
    leaving = own_stopping()
    return leaving is not None and leaving.exists()


def own_stopping() -> QuerySet[Worker] | None:
    """The row of this process's worker, once it has been asked to stop; None in a command or a web server."""
    return None if _own is None else Worker.objects.filter(pk=_own).exclude(stopping_at=None)


def leave_if_abandoned() -> None:
    """Ends what is left of a worker whose main process was killed, which nobody can stop any more; others take over. In a child."""
    if _main is None or _main == os.getpid() or _exists(_main):
        return
    if os.getpgrp() == _main:
        os.killpg(_main, signal.SIGTERM)
    guard = multiprocessing.parent_process()
    if guard is not None and guard.pid is not None and guard.is_alive():
        os.kill(guard.pid, signal.SIGTERM)
    raise SystemExit


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
