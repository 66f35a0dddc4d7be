"""Subscriptions of Business Central, one per watched table (web-apis.md section 6, Webhooks)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from joblog.change_addresses import address_of, compared_lately, has_come, pause_after
from joblog.models import SystemWatch, WatchedTable
from joblog.watched_tables import plain_tables
from mappings.models import Purpose
from mappings.systems import connected
from syncadmin.connectors.business_central import BusinessCentral
from syncadmin.connectors.subscriptions import Subscription, can_be_subscribed
from syncadmin.sync.errors import RunError
from syncadmin.sync.tables import Table

_EARLY = timedelta(days=1)  # renewed so long before it ends
_NONE = "Business Central has no notifications for this table. It is looked at instead."


def see_to(watch: SystemWatch, wanted: Sequence[WatchedTable]) -> bool:
    """Subscribes to the wanted tables and ends all other subscriptions of ours; whether anything had to be done.

    What is refused of a single table is kept with it. Raises SyncError where nothing can be had.
    """
    extra = list(WatchedTable.objects.filter(system=watch.system).exclude(subscription="").exclude(pk__in=[row.pk for row in wanted]))
    tables = plain_tables(watch.system, [row.name for row in (*wanted, *extra)])
    possible = [row for row in wanted if row.name in tables and can_be_subscribed(tables[row.name])]
    moved = watch.address != address_of(watch.system)
    due = [row for row in possible if _is_due(row, moved)]
    if not due and not extra and (not possible or compared_lately(watch)):
        return False
    WatchedTable.objects.filter(pk__in=[row.pk for row in wanted if row not in possible]).update(message=_NONE)
    with connected(watch.system, purpose=Purpose.SUBSCRIPTIONS, even_disabled=True) as connector:
        assert isinstance(connector, BusinessCentral)  # noqa: S101 (for the type checker: the kind of the system says so)
        upkeep = _Upkeep(connector, watch, tables)
        for row in extra:
            upkeep.end(row)
        upkeep.compare(possible)
        for row in [row for row in possible if _is_due(row, moved)]:
            upkeep.tell_of(row)
    return True


def _is_due(row: WatchedTable, moved: bool) -> bool:
    ends = row.expires_at is None or row.expires_at < timezone.now() + _EARLY
    return has_come(row.retry_at) and (moved or not row.subscription or ends)


class _Upkeep:
    """The subscriptions of one company at work."""

    def __init__(self, connector: BusinessCentral, watch: SystemWatch, tables: dict[str, Table]) -> None:
        self.door, self.watch, self.tables = connector.subscriptions(), watch, tables
        self.address, self.secret = address_of(watch.system), watch.secret

    def compare(self, rows: Sequence[WatchedTable]) -> None:
        """Takes over what the system has for our address, forgets what it has lost, and ends what is there twice."""
        own = {row.subscription for row in rows} - {""}
        listed = self.door.listed(sorted({self.tables[row.name].route for row in rows})) if rows else []
        ours = {one.id: one for one in listed if one.id in own or one.address in (self.address, self.watch.address)}
        for row in rows:
            found = ours.pop(row.subscription, None) or next((one for one in ours.values() if one.table == row.name), None)
            if found is None:
                _forget(row)
            else:
                ours.pop(found.id, None)
                _keep(row, found)
        for one in ours.values():
            if one.table in self.tables:
                self.door.remove(self.tables[one.table].route, one.id)

    def tell_of(self, row: WatchedTable) -> None:
        """Subscribes to a table, or renews the subscription; a refusal is kept with the table and tried again later."""
        table = self.tables[row.name]
        try:
            made = self.door.renew(table, row.subscription, self.address, self.secret) if row.subscription else None
            _keep(row, made or self.door.subscribe(table, self.address, self.secret))
        except RunError as error:
            if error.code != "webhook":
                raise
            row.message, row.retry_at, row.tries = error.text, timezone.now() + pause_after(row.tries), row.tries + 1
            row.save(update_fields=["message", "retry_at", "tries"])

    def end(self, row: WatchedTable) -> None:
        """A table that the system has lost has no subscription left either."""
        if row.name in self.tables:
            self.door.remove(self.tables[row.name].route, row.subscription)
        _forget(row)


def _keep(row: WatchedTable, made: Subscription) -> None:
    row.subscription, row.expires_at, row.retry_at, row.tries, row.message = made.id, made.expires_at, None, 0, ""
    row.save(update_fields=["subscription", "expires_at", "retry_at", "tries", "message"])


def _forget(row: WatchedTable) -> None:
    row.subscription, row.expires_at = "", None
    row.save(update_fields=["subscription", "expires_at"])
