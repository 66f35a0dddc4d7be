"""Coupling of named records, as a job with entries (engine.md section 13)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from joblog.claims import Claim
from joblog.link_jobs import finish, keep, mapping_of, open_link_job, remove
from joblog.models import EntryAction, JobQueueEntry, JobQueueLogEntry, JobStatus, JobType, SynchEntry, SynchJob
from joblog.scope import Scope
from joblog.synchronization import synchronize_mapping
from joblog.uncoupling import Uncoupling
from mappings.models import Coupling, IntegrationTableMapping
from mappings.option_pairs import pair_up
from mappings.rules.registry import also_read, never_coupled
from mappings.systems import both_connected, table_of
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Record, Side
from syncadmin.sync.tables import Table
from syncadmin.sync.values import canonical, display

# What gives way to a person's choice: an insert that surely has not happened, or one that asks for that choice (engine.md A2).
_ASKS = Q(to_error__startswith="pending:") | Q(from_error__startswith="pending:")
_GIVES_WAY = ~Q(pending="") & (Q(pending_since=None) | _ASKS)


def couple(entry: JobQueueEntry, execution: JobQueueLogEntry, claim: Claim, pause: Callable[[], bool]) -> bool:
    """Couples the scope's pairs; then synchronizes them where the scope has directions. False when ``pause`` stopped it.

    A pair that cannot be coupled is a Failed entry with the reason (M05, M06), and nothing is synchronized for it; the others are coupled.
    """
    mapping, scope = mapping_of(entry), Scope.from_json(entry.parameters)
    job, new = open_link_job(entry, execution, mapping, JobType.COUPLING)
    if new or job.status == JobStatus.IN_PROCESS:
        _couple_pairs(job, mapping, scope, claim)
    keys = _coupled(mapping, scope.pairs) if scope.directions else ()
    if not keys:
        return True
    entry.parameters = Scope(directions=scope.directions, bc_keys=keys, use=scope.use).to_json()
    return synchronize_mapping(entry, execution, claim, pause)


def partner_of(mapping: IntegrationTableMapping, bc_key: str, sales_key: str) -> str:
    """Why these two cannot be coupled: the name of the present partner (M05, M06), "" when they can, or are coupled already."""
    rows = Coupling.objects.filter(Q(bc_key=bc_key) | Q(sales_key=sales_key), mapping=mapping)
    row = rows.exclude(bc_key=bc_key, sales_key=sales_key).exclude(_GIVES_WAY).first()
    return _told_partner(row, bc_key) if row else ""


def _coupled(mapping: IntegrationTableMapping, pairs: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """The Business Central keys of those pairs that are coupled with each other."""
    rows = Coupling.objects.filter(mapping=mapping, pending="", bc_key__in=[bc for bc, _ in pairs])
    present = set(rows.values_list("bc_key", "sales_key"))
    return tuple(bc for bc, sales in pairs if (bc, sales) in present)


def _couple_pairs(job: SynchJob, mapping: IntegrationTableMapping, scope: Scope, claim: Claim) -> None:
    pairs = scope.pairs
    with both_connected(mapping) as connectors:
        tables = {side: table_of(mapping, side) for side in Side}
        also = also_read(mapping)
        found = {
            side: _read(connectors[side], tables[side], [pair[side is Side.SALES] for pair in pairs], also.get(side, ())) for side in Side
        }
        both = {(bc, sales) for bc, sales in pairs if bc in found[Side.BUSINESS_CENTRAL] and sales in found[Side.SALES]}
        stale = _stale(mapping, both, connectors[Side.BUSINESS_CENTRAL])
        if scope.move:
            _leave(job, mapping, both, claim, connectors[Side.SALES])
        job.bc_requests += connectors[Side.BUSINESS_CENTRAL].requests
        job.sales_requests += connectors[Side.SALES].requests
    with transaction.atomic():
        claim.hold()
        remove(stale)
        entries = [_couple_one(job, mapping, tables, found, bc_key, sales_key) for bc_key, sales_key in pairs]
        keep(job, [one for one in entries if one is not None])
        SynchJob.objects.filter(pk=job.pk).update(
            unchanged=F("unchanged") + entries.count(None), bc_requests=job.bc_requests, sales_requests=job.sales_requests
        )
        finish(job)


def _stale(mapping: IntegrationTableMapping, pairs: Set[tuple[str, str]], business_central: Connector) -> list[int]:
    """Couplings of the pairs' Sales records whose Business Central record does not exist any more: they give way (engine.md section 4)."""
    others = Coupling.objects.filter(mapping=mapping, sales_key__in=[sales for _, sales in pairs], pending="")
    rows = {str(bc): pk for pk, bc, sales in others.values_list("pk", "bc_key", "sales_key") if (bc, sales) not in pairs}
    there = business_central.read_records(table_of(mapping, Side.BUSINESS_CENTRAL), list(rows), []) if rows else {}
    return [pk for key, pk in rows.items() if key not in there]


def _leave(job: SynchJob, mapping: IntegrationTableMapping, pairs: Set[tuple[str, str]], claim: Claim, sales: Connector) -> None:
    """Uncouples the records of the pairs from what they are coupled to now (engine.md section 13)."""
    keys = frozenset(key for pair in pairs for key in pair)
    rows = Coupling.objects.filter(Q(bc_key__in=keys) | Q(sales_key__in=keys), mapping=mapping)
    Uncoupling(job, mapping, claim, sales).remove([row for row in rows if (row.bc_key, row.sales_key) not in pairs], moving=keys)


def _read(connector: Any, table: Table, keys: Sequence[str], also: Sequence[str]) -> dict[str, Record]:
    names = [name for name in dict.fromkeys((table.number, table.caption, *also)) if name in table.fields]
    return dict(connector.read_records(table, keys, names))


def _couple_one(
    job: SynchJob,
    mapping: IntegrationTableMapping,
    tables: Mapping[Side, Table],
    found: Mapping[Side, Mapping[str, Record]],
    bc_key: str,
    sales_key: str,
) -> SynchEntry | None:
    """What became of the pair, not saved yet; None where it was coupled already."""
    bc, sales = found[Side.BUSINESS_CENTRAL].get(bc_key), found[Side.SALES].get(sales_key)
    labels = (_label(tables[Side.BUSINESS_CENTRAL], bc, bc_key), _label(tables[Side.SALES], sales, sales_key))
    reason = _why_not(mapping, bc, sales, bc_key, sales_key)
    if reason:
        code, text = reason
        return SynchEntry(**_values(job, EntryAction.FAILED, bc_key, labels[0], sales_key, labels[1]), code=code, message=text)
    number = _word(tables[Side.BUSINESS_CENTRAL], bc, tables[Side.BUSINESS_CENTRAL].number)
    given_way = Coupling.objects.filter(_GIVES_WAY, Q(bc_key=bc_key) | Q(sales_key=sales_key), mapping=mapping)
    remove(given_way.values_list("pk", flat=True))
    row, new = Coupling.objects.get_or_create(
        mapping=mapping,
        bc_key=bc_key,
        sales_key=sales_key,
        defaults={"bc_number": number, "bc_label": labels[0], "sales_label": labels[1], "origin": "manual"},
    )
    if not new:
        return None
    if mapping.is_option_mapping:
        pair_up(mapping.name, [(number, int(sales_key), labels[1])])
    return SynchEntry(**_values(job, EntryAction.COUPLED, bc_key, labels[0], sales_key, labels[1]), coupling_id=row.pk)


def _why_not(
    mapping: IntegrationTableMapping, bc: Record | None, sales: Record | None, bc_key: str, sales_key: str
) -> tuple[str, str] | None:
    for record, side, key in ((bc, Side.BUSINESS_CENTRAL, bc_key), (sales, Side.SALES, sales_key)):
        if record is None:
            return "deleted", f"{side.label} has no record {key} in this table. Choose another record."
    reason = never_coupled(mapping, bc) if bc is not None else ""
    if reason:
        return "never-coupled", reason
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
