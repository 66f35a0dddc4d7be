"""Why a run has to stop at its next page: a person asked for it, everything is paused, or its worker is stopping."""

from __future__ import annotations

from django.db.models import Exists

from joblog.models import JobQueueEntry, QueuePause
from joblog.workers import is_stopping, own_stopping


def must_stop(entry_id: int) -> bool:
    """Asked after every page. One statement; True also where the entry is gone."""
    goes_on = JobQueueEntry.objects.filter(pk=entry_id, stop_requested="").filter(~Exists(QueuePause.objects.filter(open=True)))
    leaving = own_stopping()
    return not (goes_on if leaving is None else goes_on.filter(~Exists(leaving))).exists()


def nothing_may_start() -> bool:
    """Whether everything is paused, or the worker of this process is stopping."""
    return QueuePause.objects.filter(open=True).exists() or is_stopping()
