"""The webhook of Dataverse: one address for all watched tables, with a step for each message of each (web-apis.md section 3, Webhooks)."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from django.db.models import Q
from django.utils import timezone

from joblog.change_addresses import address_of, compared_lately, has_come, pause_after
from joblog.models import SystemWatch, WatchedTable
from mappings.models import Purpose
from mappings.systems import connected
from syncadmin.connectors.dataverse import Dataverse


def see_to(watch: SystemWatch, wanted: Sequence[WatchedTable]) -> bool:
    """Makes the webhook tell of exactly the wanted tables, removes it where there are none; whether anything had to be done.

    What is refused of a single table is kept with it. Raises SyncError where nothing can be had.
    """
    if not _is_due(watch, wanted):
        return False
    with connected(watch.system, purpose=Purpose.SUBSCRIPTIONS, even_disabled=True) as connector:
        assert isinstance(connector, Dataverse)  # noqa: S101 (for the type checker: the kind of the system says so)
        if wanted:
            _tell_of(connector, watch, wanted)
        else:
            _end(connector, watch)
    return True


def name_of(watch: SystemWatch) -> str:
    """Under which name the webhook is registered: of this installation alone, and the same wherever it moves to."""
    return f"Sync Admin {sha256(watch.secret.encode()).hexdigest()[:10]}"


def _is_due(watch: SystemWatch, wanted: Sequence[WatchedTable]) -> bool:
    told = WatchedTable.objects.filter(system=watch.system).exclude(subscription="")
    if not wanted or told.exclude(pk__in=[row.pk for row in wanted]).exists():
        return bool(watch.webhook or wanted)
    missing = any(not row.subscription and has_come(row.retry_at) for row in wanted)
    return missing or watch.address != address_of(watch.system) or not compared_lately(watch)


def _tell_of(connector: Dataverse, watch: SystemWatch, wanted: Sequence[WatchedTable]) -> None:
    webhooks, name, address = connector.webhooks(), name_of(watch), address_of(watch.system)
    key = webhooks.registered(name)
    if not key or key != watch.webhook or address != watch.address:
        key = webhooks.register(name, address, watch.secret, key)
        SystemWatch.objects.filter(pk=watch.pk).update(webhook=key)
    refused = webhooks.tell_of(key, name, [row.type_name for row in wanted])
    for row in wanted:
        row.message = refused.get(row.type_name, "")
        row.subscription = "" if row.message else key
        row.retry_at, row.tries = (timezone.now() + pause_after(row.tries), row.tries + 1) if row.message else (None, 0)
    WatchedTable.objects.bulk_update(wanted, ["subscription", "message", "retry_at", "tries"])
    WatchedTable.objects.filter(~Q(pk__in=[row.pk for row in wanted]), system=watch.system).update(subscription="")


def _end(connector: Dataverse, watch: SystemWatch) -> None:
    key = watch.webhook or connector.webhooks().registered(name_of(watch))
    if key:
        connector.webhooks().remove(key)
    SystemWatch.objects.filter(pk=watch.pk).update(webhook="")
    WatchedTable.objects.filter(system=watch.system).update(subscription="")
