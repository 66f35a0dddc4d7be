"""*Reset* of the cue of failed jobs: what was seen counts no more, while the log keeps all of it (screens.md section 1, Role Center).

A job that fails after the reset is new, whenever it started; so is one that still runs.
"""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from joblog.models import CueReset
from mappings.changes import keep_change

FAILED_JOBS = "failed-jobs"
_WHOLE = timedelta(days=1)


def last_reset() -> CueReset | None:
    """The reset that still leaves something out: None where nobody has reset, or nothing of that time would be counted anyway."""
    return CueReset.objects.filter(name=FAILED_JOBS, at__gt=timezone.now() - _WHOLE).first()


def since_reset() -> Q:
    """Jobs of the last 24 hours, without those that had ended when the cue was reset."""
    seen = CueReset.objects.filter(name=FAILED_JOBS, at__gte=OuterRef("finished_at"))
    return Q(~Exists(seen), started_at__gte=timezone.now() - _WHOLE)


def reset(user: User | AnonymousUser) -> None:
    """Lets the cue count from now on."""
    with transaction.atomic():
        row = {"at": timezone.now(), "user_name": user.get_username()}
        CueReset.objects.update_or_create(name=FAILED_JOBS, defaults=row)
        _keep(user, "Reset")


def undo_reset(user: User | AnonymousUser) -> None:
    """Lets the cue count all of the last 24 hours again."""
    with transaction.atomic():
        if CueReset.objects.filter(name=FAILED_JOBS).delete()[0]:
            _keep(user, "Reset undone")


def _keep(user: User | AnonymousUser, what: str) -> None:
    keep_change(user, kind="role center", name="Failed jobs", what=what)
