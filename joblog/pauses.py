"""Pausing the whole job queue: nothing is started, what runs stops at its next page and goes on after the resume."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from joblog.models import QueuePause


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
    """Ends the pause; False where there is none."""
    return bool(QueuePause.objects.filter(open=True).update(open=False, ended_at=timezone.now(), ended_by=user_name))
