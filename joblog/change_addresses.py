"""Where the systems are to tell of changes, and how long to wait before something that failed is tried again."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from joblog.models import SystemWatch
from mappings.models import System, SystemKind

COMPARE = timedelta(minutes=15)  # how often it is looked whether a system still tells of all that it should
_FIRST, _LONGEST = timedelta(seconds=5), timedelta(hours=1)


def address_of(system: System) -> str:
    """Where the system is to tell of changes; "" while it is not to: switched off, or this installation has no public address."""
    name = "open:business-central" if system.kind == SystemKind.BUSINESS_CENTRAL else "open:sales"
    return settings.PUBLIC_URL + reverse(name, args=[system.pk]) if settings.PUBLIC_URL and system.enabled else ""


def compared_lately(watch: SystemWatch) -> bool:
    return watch.compared_at is not None and watch.compared_at > timezone.now() - COMPARE


def pause_after(tries: int) -> timedelta:
    """Longer each time."""
    return min(_FIRST * (1 << min(tries, 10)), _LONGEST)


def has_come(moment: datetime | None) -> bool:
    return moment is None or moment <= timezone.now()
