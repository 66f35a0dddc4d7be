"""Coupling and uncoupling of named records, as jobs with entries (engine.md sections 13 and 15)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from joblog.claims import Claim
from joblog.models import EntryAction, JobQueueEntry, JobQueueLogEntry, JobStatus, JobType, SynchEntry, SynchJob
from joblog.scope import Scope
from joblog.synchronization import synchronize_mapping
from mappings.models import Coupling, IntegrationTableMapping
from mappings.systems import both_connected, table_of
from syncadmin.sync.errors import RunError
from syncadmin.sync.records import Direction, Record, Side
from syncadmin.sync.tables import Table
from syncadmin.sync.values import canonical, display


def couple(entry: JobQueueEntry, execution: JobQueueLogEntry, claim: Claim, pause: Callable[[], bool]) -> bool:
    """Couples the scope's pairs; then synchronizes them where the scope has directions. False when ``pause`` stopped it.

    A pair that cannot be coupled is a Failed entry with the reason (M05, M06); the others are coupled.
    """
    mapping, scope = _mapping(entry), Scope.from_json(entry.parameters)
    job, new = _job(entry, execution, mapping, JobType.COUPLING)
    if new or job.status == JobStatus.IN_PROCESS:
        _couple_pairs(job, mapping, scope.pairs, claim)
    if not scope.directions:
        return True
    entry.parameters = Scope(directions=scope.directions, bc_keys=tuple(bc for bc, _ in scope.pairs), use=scope.use).to_json()
    return synchronize_mapping(entry, execution, claim, pause)


def uncouple(entry: JobQueueEntry, execution: JobQueueLogEntry, claim: Claim) -> bool:
    """Removes the couplings of the scope's records, all of the mapping where it names none; neither record is changed."""
    mapping, scope = _mapping(entry), Scope.from_json(entry.parameters)
    job, _ = _job(entry, execution, mapping, JobType.UNCOUPLING)
    rows = Coupling.objects.filter(mapping=mapping)
    if scope.explicit:
        rows = rows.filter(Q(bc_key__in=scope.bc_keys) | Q(sales_key__in=scope.sales_keys))
    while chunk := list(rows.order_by("id")[:1000]):
        with transaction.atomic():
            claim.hold()
            entries = [
                _entry(job, EntryAction.UNCOUPLED, row.bc_key or "", row.bc_label, row.sales_key or "", row.sales_label) for row in chunk
            ]
            SynchEntry.objects.bulk_create(entries)
            Coupling.objects.filter(pk__in=[row.pk for row in chunk]).delete()
            job.uncoupled += len(chunk)
            job.save(update_fields=["uncoupled"])
    _finish(job)
    return True


def partner_of(mapping: IntegrationTableMapping, bc_key: str, sales_key: str) -> str:
    """Why these two cannot be coupled: the name of the present partner (M05, M06), "" when they can, or are coupled already."""
    for row in Coupling.objects.filter(Q(bc_key=bc_key) | Q(sales_key=sales_key), mapping=mapping).exclude(
        bc_key=bc_key, sales_key=sales_key
    ):
        return _told_partner(row, bc_key)
    return ""


def _mapping(entry: JobQueueEntry) -> IntegrationTableMapping:
    if entry.mapping is None:
        raise RunError("no-mapping", "The job queue entry names no mapping.")
    return entry.mapping


def _job(entry: JobQueueEntry, execution: JobQueueLogEntry, mapping: IntegrationTableMapping, kind: JobType) -> tuple[SynchJob, bool]:
    return SynchJob.objects.get_or_create(
        log_entry=execution,
        type=kind,
        defaults={
            "direction": Direction.TO_INTEGRATION.value,
            "mapping": mapping,
            "mapping_name": mapping.name,
            "company": mapping.business_central.company,
            "mapping_version": mapping.version,
            "trigger": entry.trigger,
            "user_name": execution.user_name,
            "scope": entry.parameters,
            "source_label": mapping.table_label or mapping.table,
            "destination_label": mapping.integration_table_label or mapping.integration_table,
            "started_at": timezone.now(),
        },
    )


def _couple_pairs(job: SynchJob, mapping: IntegrationTableMapping, pairs: Sequence[tuple[str, str]], claim: Claim) -> None:
    with both_connected(mapping) as connectors:
        tables = {side: table_of(mapping, side) for side in Side}
        found = {side: _read(connectors[side], tables[side], [pair[side is Side.SALES] for pair in pairs]) for side in Side}
        job.bc_requests += connectors[Side.BUSINESS_CENTRAL].requests
        job.sales_requests += connectors[Side.SALES].requests
    with transaction.atomic():
        claim.hold()
        for bc_key, sales_key in pairs:
            _couple_one(job, mapping, tables, found, bc_key, sales_key)
        job.save()
        _finish(job)


def _read(connector: Any, table: Table, keys: Sequence[str]) -> dict[str, Record]:
    names = [name for name in dict.fromkeys((table.number, table.caption)) if name in table.fields]
    return dict(connector.read_records(table, keys, names))


def _couple_one(
    job: SynchJob,
    mapping: IntegrationTableMapping,
    tables: Mapping[Side, Table],
    found: Mapping[Side, Mapping[str, Record]],
    bc_key: str,
    sales_key: str,
) -> None:
    bc, sales = found[Side.BUSINESS_CENTRAL].get(bc_key), found[Side.SALES].get(sales_key)
    labels = (_label(tables[Side.BUSINESS_CENTRAL], bc, bc_key), _label(tables[Side.SALES], sales, sales_key))
    reason = _why_not(mapping, bc, sales, bc_key, sales_key)
    if reason:
        code, text = reason
        SynchEntry.objects.create(**_values(job, EntryAction.FAILED, bc_key, labels[0], sales_key, labels[1]), code=code, message=text)
        job.failed += 1
        return
    number = _word(tables[Side.BUSINESS_CENTRAL], bc, tables[Side.BUSINESS_CENTRAL].number)
    Coupling.objects.filter(mapping=mapping, bc_key=bc_key, sales_key=None).delete()  # an insert that never succeeded gives way
    Coupling.objects.filter(mapping=mapping, bc_key=None, sales_key=sales_key).delete()
    row, new = Coupling.objects.get_or_create(
        mapping=mapping,
        bc_key=bc_key,
        sales_key=sales_key,
        defaults={"bc_number": number, "bc_label": labels[0], "sales_label": labels[1], "origin": "manual"},
    )
    if new:
        values = _values(job, EntryAction.COUPLED, bc_key, labels[0], sales_key, labels[1])
        SynchEntry.objects.create(**values, coupling_id=row.pk)
        job.coupled += 1
    else:
        job.unchanged += 1


def _why_not(
    mapping: IntegrationTableMapping, bc: Record | None, sales: Record | None, bc_key: str, sales_key: str
) -> tuple[str, str] | None:
    for record, side, key in ((bc, Side.BUSINESS_CENTRAL, bc_key), (sales, Side.SALES, sales_key)):
        if record is None:
            return "deleted", f"{side.label} has no record {key} in this table. Choose another record."
    partner = partner_of(mapping, bc_key, sales_key)
    return ("already-coupled", partner) if partner else None


def _told_partner(row: Coupling, bc_key: str) -> str:
    if row.bc_key == bc_key:
        partner = row.sales_label or row.sales_key or "a record that is being created"
        return f"{row.bc_label or bc_key} is already coupled to {partner}. Delete that coupling first."
    return f"{row.sales_label or row.sales_key} is already coupled to {row.bc_label or row.bc_key}. Delete that coupling first."


def _label(table: Table, record: Record | None, key: str) -> str:
    words = [_word(table, record, name) for name in dict.fromkeys((table.number, table.caption))]
    return " ".join(word for word in words if word)[:250] or key


def _word(table: Table, record: Record | None, name: str) -> str:
    return display(canonical(record.values.get(name), table.fields[name])) if record and name in table.fields else ""


def _values(job: SynchJob, action: EntryAction, source_key: str, source: str, destination_key: str, destination: str) -> dict[str, Any]:
    return {
        "job": job,
        "action": action,
        "source_key": source_key,
        "source_label": source,
        "destination_key": destination_key,
        "destination_label": destination,
        "at": timezone.now(),
    }


def _entry(job: SynchJob, action: EntryAction, source_key: str, source: str, destination_key: str, destination: str) -> SynchEntry:
    return SynchEntry(**_values(job, action, source_key, source, destination_key, destination))


def _finish(job: SynchJob) -> None:
    job.status, job.finished_at = JobStatus.FINISHED, timezone.now()
    job.save(update_fields=["status", "finished_at"])
