"""Switching a connection off and on, with the job queue entries that need it (engine.md section 21.7)."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from joblog.entry_states import set_on_hold, set_ready
from joblog.models import JobQueueEntry, JobQueueLogEntry, JobType, QueueStatus, SynchEntry
from mappings.changes import Person, keep_change
from mappings.models import System
from syncadmin.sync.records import Direction

_CREATE_PRIVILEGE = "prvCreate"  # how Dataverse names the privilege of each table


def switch_connection(system: System, *, enabled: bool, user: Person, reason: str = "") -> int:
    """Enables the system and sets its recurring entries to Ready, or disables it and puts them On Hold; how many entries changed.

    Entries in Error stay as they are, and so does one whose other system is still disabled. A run under way stops at its
    next page, or before that at its next request. A ``reason`` is kept with the connection.
    """
    rows = JobQueueEntry.objects.filter(Q(mapping__business_central=system) | Q(mapping__sales=system), recurring=True)
    with transaction.atomic():
        if not System.objects.filter(pk=system.pk, enabled=not enabled).update(enabled=enabled):
            return 0
        keep_change(
            user, kind="system", name=system.name, what="Enabled" if enabled else "Disabled",
            before={"enabled": not enabled}, after={"enabled": enabled} | ({"reason": reason} if reason else {}),
        )  # fmt: skip
        if reason:
            System.objects.filter(pk=system.pk).update(last_test_at=timezone.now(), last_test_message=reason)
        if enabled:
            usable = rows.filter(mapping__business_central__enabled=True, mapping__sales__enabled=True, status=QueueStatus.ON_HOLD)
            usable.update(earliest_start=timezone.now())
            return set_ready(_ids(usable)).done
        active = rows.exclude(status__in=(QueueStatus.ON_HOLD, QueueStatus.ERROR, QueueStatus.FINISHED))
        return set_on_hold(_ids(active), user.get_username() if user else "").done


def switch_off_without_privilege(execution: JobQueueLogEntry) -> None:
    """Disables the connection to Sales whose user turned out to lack the privilege to create records: every further record would fail the
    same way (engine.md section 11)."""
    failed = SynchEntry.objects.filter(job__log_entry=execution, code="permission", message__contains=_CREATE_PRIVILEGE)
    entry = failed.exclude(job__type=JobType.PREVIEW).select_related("job__mapping__sales").first()
    if entry is not None and entry.job.mapping is not None and entry.job.direction == Direction.TO_INTEGRATION.value:
        switch_connection(entry.job.mapping.sales, enabled=False, user=None, reason=entry.message)


def _ids(rows: QuerySet[JobQueueEntry]) -> list[int]:
    return list(rows.values_list("pk", flat=True))
