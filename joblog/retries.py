"""Retrying what failed: skipped couplings are freed, and exactly these records run again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import QuerySet

from joblog.models import JobQueueEntry, JobType, RunKind, SynchError, Trigger
from joblog.queue import Queue, enqueue
from joblog.scope import Scope
from mappings.changes import Person
from mappings.holds import release
from mappings.models import Coupling, IntegrationTableMapping, SynchResult
from syncadmin.sync.errors import OPTION_MAPPING
from syncadmin.sync.records import Direction, Side
from syncadmin.sync.transfer import Reference

RECORDS_PER_RUN = 5_000  # keys travel in the entry's parameters
_CHUNK = 500
_Item = TypeVar("_Item")
_SYNCHRONIZING = {JobType.SYNCHRONIZATION, JobType.FULL, JobType.FIND_DELETED}


@dataclass(frozen=True)
class Retried:
    """How many records run again, of which mappings (names), in words what could not be retried, and the entries of the runs."""

    records: int
    mappings: list[str]
    left_out: list[str]
    entries: list[JobQueueEntry] = field(default_factory=list)


@dataclass
class _Work:
    """What shall run again of one mapping."""

    ways: set[Direction] = field(default_factory=set)
    records: dict[tuple[Side, str], list[Reference]] = field(default_factory=dict)  # with what has to be coupled first
    pairs: dict[tuple[str, str], None] = field(default_factory=dict)

    def add(self, way: Direction, side: Side, key: str, missing: Sequence[Reference] = ()) -> None:
        self.ways.add(way)
        self.records.setdefault((side, key), []).extend(missing)


def retry_errors(
    errors: QuerySet[SynchError], *, user: Person, use: Side | None = None, missing_first: bool = False, queue: Queue = enqueue
) -> Retried:
    """Retries the records of these errors in the direction in which they failed; ``use`` names the side whose value wins.

    With ``missing_first`` the runs begin by coupling what the records refer to and is not coupled.
    """
    work: dict[int, _Work] = defaultdict(_Work)
    couplings: set[int] = set()
    left_out: dict[str, None] = {}
    columns = ("job__mapping", "job__type", "job__direction", "source_key", "destination_key", "coupling_id", "detail")
    rows = errors.order_by().values_list(*columns)
    for mapping_id, kind, direction, source, destination, coupling_id, detail in rows.iterator(chunk_size=_CHUNK):
        if not mapping_id:
            left_out["A mapping of these errors was deleted, so its records cannot be retried."] = None
        elif kind in _SYNCHRONIZING and source:
            missing = _missing(detail) if missing_first else []
            work[mapping_id].add(Direction(direction), Direction(direction).source, source, missing)
            couplings.update([coupling_id] if coupling_id else [])
        elif kind == JobType.COUPLING and source and destination:
            work[mapping_id].pairs[source, destination] = None
        else:
            left_out[f"Records that failed in a job of type {kind} run again with the next such job."] = None
    return _run_again(work, couplings, list(left_out), user=user, use=use, queue=queue)


def retry_couplings(couplings: QuerySet[Coupling], *, user: Person, use: Side | None = None, queue: Queue = enqueue) -> Retried:
    """Retries these couplings in the directions in which their last attempt failed, in all of their mapping where none did."""
    work: dict[int, _Work] = defaultdict(_Work)
    chosen: set[int] = set()
    for row in _read(couplings):
        side, key = (Side.BUSINESS_CENTRAL, row.bc_key) if row.bc_key else (Side.SALES, row.sales_key)
        failed = {Direction.TO_INTEGRATION: row.to_result, Direction.FROM_INTEGRATION: row.from_result}
        for way in [way for way in row.mapping.directions if failed[way] == SynchResult.FAILURE] or row.mapping.directions:
            work[row.mapping_id].add(way, side, str(key))
        chosen.add(row.pk)
    return replace(_run_again(work, chosen, [], user=user, use=use, queue=queue), records=len(chosen))


def synchronize_couplings(couplings: QuerySet[Coupling], *, user: Person, use: Side | None = None, queue: Queue = enqueue) -> Retried:
    """Lifts the skip of these couplings and synchronizes them in all directions of their mappings, one job per mapping (section 9.3)."""
    work: dict[int, _Work] = defaultdict(_Work)
    chosen: set[int] = set()
    for row in _read(couplings):
        side, key = (Side.BUSINESS_CENTRAL, row.bc_key) if row.bc_key else (Side.SALES, row.sales_key)
        for way in row.mapping.directions:
            work[row.mapping_id].add(way, side, str(key))
        chosen.add(row.pk)
    return replace(_run_again(work, chosen, [], user=user, use=use, queue=queue), records=len(chosen))


def _read(couplings: QuerySet[Coupling]) -> Iterator[Coupling]:
    """With their mappings, however many, and without what was last synchronized."""
    rows = couplings.select_related(None).select_related("mapping").order_by("pk")
    return rows.only("mapping", "bc_key", "sales_key", "to_result", "from_result", "mapping__direction").iterator(chunk_size=_CHUNK)


def _run_again(
    work: dict[int, _Work], couplings: set[int], left_out: list[str], *, user: Person, use: Side | None, queue: Queue
) -> Retried:
    mappings = {row.pk: row for row in IntegrationTableMapping.objects.filter(pk__in=work).order_by("order", "name")}
    runs = {pk: list(_runs(mapping, work[pk], use)) for pk, mapping in mappings.items()}
    with transaction.atomic():
        for chunk in chunks(sorted(couplings), _CHUNK):
            release(Coupling.objects.filter(pk__in=chunk))
        entries = [
            queue(mapping=mappings[pk], run_kind=kind, scope=scope, user=user, trigger=Trigger.RETRY)
            for pk, planned in runs.items()
            for kind, scope in planned
        ]
    counts = {pk: sum(len(scope.pairs) + len(scope.bc_keys) + len(scope.sales_keys) for _, scope in runs[pk]) for pk in mappings}
    lost = [mappings[pk].name for pk, number in counts.items() if number < len(work[pk].records) + len(work[pk].pairs)]
    left_out += [f"The mapping {name} does not run any more in the direction in which its records failed." for name in lost]
    return Retried(sum(counts.values()), [row.name for row in mappings.values()], left_out, entries)


def _runs(mapping: IntegrationTableMapping, work: _Work, use: Side | None) -> Iterator[tuple[RunKind, Scope]]:
    """What runs again of a mapping: no record whose direction the mapping has lost."""
    for pairs in chunks(work.pairs, RECORDS_PER_RUN):
        yield RunKind.COUPLE, Scope(pairs=tuple(pairs))
    ways = tuple(way for way in mapping.directions if way in work.ways)
    for chunk in chunks(work.records if ways else (), RECORDS_PER_RUN):
        yield (
            RunKind.SYNCHRONIZE,
            Scope(
                directions=mapping.directions if use else ways,  # the winner may be what the opposite direction brings
                bc_keys=_of(chunk, Side.BUSINESS_CENTRAL),
                sales_keys=_of(chunk, Side.SALES),
                use=use,
                first=_first(work.records, chunk),
            ),
        )


def _missing(detail: Mapping[str, Any]) -> list[Reference]:
    found = [(str(one["mapping"]), str(one["value"])) for one in detail.get("missing", ())]
    return [(mapping, value) for mapping, value in found if not mapping.startswith(OPTION_MAPPING)]


def _first(
    records: Mapping[tuple[Side, str], Sequence[Reference]], chunk: Sequence[tuple[Side, str]]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What these records refer to, by mapping."""
    wanted: dict[str, dict[str, None]] = defaultdict(dict)
    for one in chunk:
        for mapping, value in records[one]:
            wanted[mapping][value] = None
    return tuple((mapping, tuple(values)) for mapping, values in wanted.items())


def _of(named: Sequence[tuple[Side, str]], side: Side) -> tuple[str, ...]:
    return tuple(key for own, key in named if own is side)


def chunks(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    """The items in their order, at most ``size`` together."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk
