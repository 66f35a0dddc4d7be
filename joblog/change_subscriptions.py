"""Sees to it that the systems tell of changes by themselves (engine.md section 21.6, web-apis.md sections 3 and 6).

What is needed for that is made, renewed before it ends, made anew when the system has lost it, and removed when the system is switched off
or this installation has no public address any more. What cannot be had is told on the page of watched tables; the light poll
(joblog/change_polls.py) sees changes anyway.
"""

from __future__ import annotations

import logging

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Q
from django.utils import timezone

from joblog import sales_webhook, table_subscriptions
from joblog.change_addresses import address_of, pause_after
from joblog.models import SystemWatch, WatchedTable
from joblog.watched_tables import watched_tables
from mappings.models import System, SystemKind
from syncadmin.sync.errors import SyncError

log = logging.getLogger(__name__)

UPKEEP_SECONDS = 10


def keep_subscriptions() -> None:
    """Sees to every system. Sends nothing where all is in place and was compared with the system lately."""
    for system in System.objects.filter(Q(enabled=True) | ~Q(watch__address="")).distinct():
        watch = SystemWatch.of(system)
        if watch.retry_at is None or watch.retry_at <= timezone.now():
            _see_to(system, watch)


def _see_to(system: System, watch: SystemWatch) -> None:
    watched = watched_tables(system)
    wanted = watched if address_of(system) else []
    see_to = table_subscriptions.see_to if system.kind == SystemKind.BUSINESS_CENTRAL else sales_webhook.see_to
    try:
        done = see_to(watch, wanted)
    except SyncError as error:
        _put_off(watch, error.text)
    except ImproperlyConfigured as error:
        _put_off(watch, str(error))
    else:
        if done:
            values = {"retry_at": None, "tries": 0, "message": "", "compared_at": timezone.now()}
            SystemWatch.objects.filter(pk=watch.pk).update(address=address_of(system) if wanted else "", **values)
        WatchedTable.objects.filter(system=system, subscription="").exclude(pk__in=[row.pk for row in watched]).delete()


def _put_off(watch: SystemWatch, text: str) -> None:
    pause = pause_after(watch.tries)
    SystemWatch.objects.filter(pk=watch.pk).update(retry_at=timezone.now() + pause, tries=watch.tries + 1, message=text)
    log.warning("%s is not set up to tell of changes, again in %.0f s: %s", watch.system, pause.total_seconds(), text)
