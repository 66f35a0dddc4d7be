"""Retrying what failed: skipped couplings are freed, and exactly these records run again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from django.db import transaction
from django.db.models import QuerySet

from joblog.models import JobType, RunKind, SynchError, Trigger
from joblog.queue import enqueue
from joblog.scope import Scope
from mappings.changes import Person
from mappings.models import Coupling, IntegrationTableMapping, SynchResult
from syncadmin.sync.records import Direction, Side

RECORDS_PER_RUN = 5_000  # keys travel in the entry's parameters
_CHUNK = 500
_Item = TypeVar("_Item")
_SYNCHRONIZING = {JobType.SYNCHRONIZATION, JobType.FULL}


@dataclass(frozen=True)
class Retried:
    """How many records run again, of which mappings (names), and in words what could not be retried."""

    records: int
    mappings: list[str]
    left_out: list[str]


@dataclass
class _Work:
    """What shall run again of one mapping."""

    keys: dict[Direction, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    pairs: dict[tuple[str, str], None] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.pairs) + sum(len(keys) for keys in self.keys.values())


def retry_errors(errors: QuerySet[SynchError], *, user: Person, use: Side | None = None) -> Retried:
    """Retries the records of these errors in the direction in which they failed; ``use`` names the side whose value wins."""
    work: dict[int, _Work] = defaultdict(_Work)
    couplings: set[int] = set()
    left_out: dict[str, None] = {}
    rows = errors.order_by().values_list("job__mapping", "job__type", "job__direction", "source_key", "destination_key", "coupling_id")
    for mapping_id, kind, direction, source, destination, coupling_id in rows.iterator(chunk_size=_CHUNK):
        if not mapping_id:
            left_out["A mapping of these errors was deleted, so its records cannot be retried."] = None
        elif kind in _SYNCHRONIZING and source:
            work[mapping_id].keys[Direction(direction)][source] = None
            couplings.update([coupling_id] if coupling_id else [])
        elif kind == JobType.COUPLING and source and destination:
            work[mapping_id].pairs[source, destination] = None
        else:
            left_out[f"Records that failed in a job of type {kind} run again with the next such job."] = None
    return _run_again(work, couplings, list(left_out), user=user, use=use)


def retry_couplings(couplings: QuerySet[Coupling], *, user: Person, use: Side | None = None) -> Retried:
    """Retries these couplings in the directions in which their last attempt failed, in all of their mapping where none did."""
    work: dict[int, _Work] = defaultdict(_Work)
    chosen: set[int] = set()
    for row in couplings.select_related("mapping").order_by("pk"):
        failed = {Direction.TO_INTEGRATION: row.to_result, Direction.FROM_INTEGRATION: row.from_result}
        ways = [way for way in row.mapping.directions if failed[way] == SynchResult.FAILURE] or row.mapping.directions
        for way in ways:
            key = row.bc_key if way.source is Side.BUSINESS_CENTRAL else row.sales_key
            if key:
                work[row.mapping_id].keys[way][key] = None
                chosen.add(row.pk)
    return _run_again(work, chosen, [], user=user, use=use)


def _run_again(work: dict[int, _Work], couplings: set[int], left_out: list[str], *, user: Person, use: Side | None) -> Retried:
    mappings = {row.pk: row for row in IntegrationTableMapping.objects.filter(pk__in=work).order_by("order", "name")}
    with transaction.atomic():
        for chunk in _chunks(couplings, _CHUNK):
            Coupling.objects.filter(pk__in=chunk, skipped=True).update(skipped=False)
        records = sum(_enqueue(mapping, work[pk], user=user, use=use) for pk, mapping in mappings.items())
    if records < sum(len(work[pk]) for pk in mappings):
        left_out.append("Some records failed in a direction in which their mapping does not run any more.")
    return Retried(records, [row.name for row in mappings.values()], left_out)


def _enqueue(mapping: IntegrationTableMapping, work: _Work, *, user: Person, use: Side | None) -> int:
    """How many records were enqueued."""
    asked = tuple(way for way in mapping.directions if work.keys.get(way))
    ways = mapping.directions if use and asked else asked  # the winner may be what the opposite direction brings
    named = [(way.source, key) for way in asked for key in work.keys[way]]
    for chunk in _chunks(named, RECORDS_PER_RUN):
        scope = Scope(directions=ways, bc_keys=_of(chunk, Side.BUSINESS_CENTRAL), sales_keys=_of(chunk, Side.SALES), use=use)
        enqueue(mapping=mapping, run_kind=RunKind.SYNCHRONIZE, scope=scope, user=user, trigger=Trigger.RETRY)
    for pairs in _chunks(work.pairs, RECORDS_PER_RUN):
        enqueue(mapping=mapping, run_kind=RunKind.COUPLE, scope=Scope(pairs=tuple(pairs)), user=user, trigger=Trigger.RETRY)
    return len(named) + len(work.pairs)


def _of(named: Sequence[tuple[Side, str]], side: Side) -> tuple[str, ...]:
    return tuple(key for own, key in named if own is side)


def _chunks(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk
