"""Jobs about links of records rather than their values: coupling, uncoupling, deletions. How they are opened, noted and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from joblog.causes import CARRIED, close_issues, keep_issues
from joblog.job_story import begins, changed, finished
from joblog.log_lines import now_about
from joblog.models import EntryAction, JobQueueEntry, JobQueueLogEntry, JobStatus, JobType, SynchEntry, SynchJob
from joblog.opening import opening_values
from joblog.scope import Scope
from mappings.models import Coupling, IntegrationTableMapping
from mappings.option_pairs import remove_couplings
from mappings.systems import table_of
from syncadmin.sync.errors import RunError
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Direction, Record, Side

KEY = {Side.BUSINESS_CENTRAL: "bc_key", Side.SALES: "sales_key"}
_LABEL = {Side.BUSINESS_CENTRAL: "bc_label", Side.SALES: "sales_label"}
Found = Mapping[Side, Mapping[str, Record]]


def mapping_of(entry: JobQueueEntry) -> IntegrationTableMapping:
    """Raises RunError ``no-mapping``."""
    if entry.mapping is None:
        raise RunError("no-mapping", "The job queue entry names no mapping.")
    return entry.mapping


def open_link_job(
    entry: JobQueueEntry,
    execution: JobQueueLogEntry,
    mapping: IntegrationTableMapping,
    kind: JobType,
    direction: Direction = Direction.TO_INTEGRATION,
) -> tuple[SynchJob, bool]:
    """The execution's job of this kind, mapping and direction, as far as it is, and whether it is new."""
    job, new = SynchJob.objects.get_or_create(
        log_entry=execution,
        type=kind,
        mapping=mapping,
        direction=direction.value,
        defaults={
            **opening_values(mapping, direction, trigger=entry.trigger, user_name=execution.user_name),
            "scope": entry.parameters,
        },
    )
    now_about(job=job.pk)
    if job.status == JobStatus.IN_PROCESS:
        begins(job, None, reads_window=False)
    return job, new


def expect(job: SynchJob, rows: QuerySet[Coupling]) -> None:
    """Notes how many couplings the job is going to look at."""
    SynchJob.objects.filter(pk=job.pk).update(to_read=rows.order_by().count())


def looked_at(job: SynchJob, rows: Sequence[Coupling]) -> None:
    """The job goes on behind these couplings; call it in the transaction that keeps what became of them."""
    if rows:
        SynchJob.objects.filter(pk=job.pk).update(cursor={"reached": max(row.pk for row in rows)}, read=F("read") + len(rows))


def chosen_couplings(mapping: IntegrationTableMapping, scope: Scope) -> QuerySet[Coupling]:
    """The couplings of the scope's records; all of the mapping where it names none."""
    rows = Coupling.objects.filter(mapping=mapping)
    return rows.filter(Q(bc_key__in=scope.bc_keys) | Q(sales_key__in=scope.sales_keys)) if scope.explicit else rows


def read_ends(connectors: Mapping[Side, Connector], mapping: IntegrationTableMapping, rows: Iterable[Coupling]) -> Found:
    """Those records of the couplings that exist, by side and key: what is missing does not exist, the system said so for each key."""
    rows = list(rows)
    found = {}
    for side in Side:
        keys = [key for row in rows if (key := getattr(row, KEY[side]))]
        found[side] = connectors[side].read_records(table_of(mapping, side), keys, []) if keys else {}
    return found


def sides_there(row: Coupling, found: Found) -> set[Side]:
    """On which sides the coupling's record exists."""
    return {side for side in Side if getattr(row, KEY[side]) in found[side]}


def entry_of(job: SynchJob, row: Coupling, action: EntryAction, **values: Any) -> SynchEntry:
    """An entry about a coupling, as the job's direction sees it; not saved."""
    direction = Direction(job.direction)
    return SynchEntry(
        job=job,
        action=action,
        source_key=getattr(row, KEY[direction.source]) or "",
        source_label=getattr(row, _LABEL[direction.source]),
        destination_key=getattr(row, KEY[direction.destination]) or "",
        destination_label=getattr(row, _LABEL[direction.destination]),
        coupling_id=row.pk,
        at=timezone.now(),
        **values,
    )


def keep(job: SynchJob, entries: Sequence[SynchEntry]) -> None:
    """Saves entries, new and known ones, and counts those that are settled; call it in a transaction that holds the claim."""
    fields = ["action", "intended", "code", "fields", "message", "changes", "at", "cause", "issue", "first_seen_at", "attempts", *CARRIED]
    coupled = [one for one in entries if one.action == EntryAction.COUPLED]
    keep_issues(job, entries, well=[one.source_key for one in coupled])
    SynchEntry.objects.bulk_create([one for one in entries if one.pk is None])
    SynchEntry.objects.bulk_update([one for one in entries if one.pk is not None], fields)
    counted = Counter(str(one.action).lower() for one in entries if one.action != EntryAction.SENDING)
    if counted:
        SynchJob.objects.filter(pk=job.pk).update(**{name: F(name) + number for name, number in counted.items()})
        changed(job, counted)


def remove(couplings: Iterable[int]) -> None:
    """Deletes couplings; their errors concern nobody any more."""
    ids = list(couplings)
    if ids:
        close_issues(ids)
        remove_couplings(ids)


def finish(job: SynchJob) -> None:
    job.status, job.finished_at = JobStatus.FINISHED, timezone.now()
    job.save(update_fields=["status", "finished_at"])
    job.refresh_from_db(fields=["read", *SynchJob.COUNTERS])
    finished(job, {name: getattr(job, name) for name in ("read", *SynchJob.COUNTERS)})
