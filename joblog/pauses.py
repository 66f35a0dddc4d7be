"""Pausing the whole job queue: nothing is started, what runs stops at its next page and goes on after the resume."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from joblog.models import JobQueueEntry, QueuePause, QueueStatus

_WAITING = (QueueStatus.READY, QueueStatus.WAITING, QueueStatus.INACTIVE, QueueStatus.IN_PROCESS)


def open_pause() -> QueuePause | None:
    """The pause that has not ended. One statement."""
    return QueuePause.objects.filter(open=True).first()


def pause(reason: str, user_name: str) -> bool:
    """Pauses everything; False where it is paused already."""
    try:
        with transaction.atomic():
            QueuePause.objects.create(reason=reason, user_name=user_name, since=timezone.now())
    except IntegrityError:
        return False
    return True


def resume(user_name: str) -> bool:
    """Ends the pause, so that workers ring for everything that has waited; False where there is none."""
    with transaction.atomic():
        ended = QueuePause.objects.filter(open=True).update(open=False, ended_at=timezone.now(), ended_by=user_name)
        if ended:
            JobQueueEntry.objects.filter(status__in=_WAITING).update(rung_at=None)
    return bool(ended)
