"""Find for Deleted: coupled records whose counterpart is gone are skipped, with the reason (engine.md section 9.4 and A8).

A list of keys, or a delta, only names candidates. What counts is that the system says of a single key that its row does not exist; so a
list that is empty, or that breaks off, marks nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from joblog.causes import close_issues
from joblog.claims import Claim
from joblog.link_jobs import chosen_couplings, entry_of, finish, keep, mapping_of, open_link_job, read_ends, remove, sides_there
from joblog.models import DeletionWatch, EntryAction, JobQueueEntry, JobQueueLogEntry, JobType, SynchJob
from joblog.scope import Scope
from joblog.stops import must_stop
from joblog.synchronization import count_requests, traffic_from_now
from mappings.models import Coupling, DeletionConflictResolution, IntegrationTableMapping, SynchResult
from mappings.rules.registry import deletion_policy
from mappings.systems import both_connected, table_of
from syncadmin.sync.errors import RunError
from syncadmin.sync.plan import DeletionPolicy
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Direction, Side

CODE = "deleted"
_CHUNK = 1000
_PREFIX = {Direction.TO_INTEGRATION: "to", Direction.FROM_INTEGRATION: "from"}


def find_deleted(entry: JobQueueEntry, execution: JobQueueLogEntry, claim: Claim, pause: Callable[[], bool]) -> bool:
    """A job per direction of the mapping; entries are Skipped with code ``deleted``, or Uncoupled where both records are gone.

    Where the scope names records, because a system told of their deletion, only these are asked for. False when ``pause`` stopped it, or
    a person did while it listed keys. Raises RetryLater and RunError; then nothing was marked that the systems had not said. What is
    skipped for this reason already stays so.
    """
    mapping = mapping_of(entry)
    scope = Scope.from_json(entry.parameters)
    jobs = {way: open_link_job(entry, execution, mapping, JobType.FIND_DELETED, way)[0] for way in mapping.directions}
    first = next(iter(jobs.values()))
    with both_connected(mapping) as connectors:
        traffic = traffic_from_now(connectors)
        search = _Search(mapping, jobs, claim, connectors, lambda: must_stop(entry.pk))
        todo = _Todo.from_json(first.cursor) or search.begin(scope)
        while todo and todo.candidates:
            todo = search.judge(todo)
            if todo.candidates and pause():
                break
        count_requests(first.pk, traffic(), first)
    if todo is None or todo.candidates:
        return False
    with transaction.atomic():
        claim.hold()
        if todo.delta is not None:
            watched = {"system": mapping.sales, "table": mapping.integration_table, "link": todo.delta}
            DeletionWatch.objects.update_or_create(mapping=mapping, defaults=watched)
        for job in jobs.values():
            finish(job)
    return True


def _named(mapping: IntegrationTableMapping, scope: Scope) -> set[int]:
    return set(chosen_couplings(mapping, scope).filter(pending="").values_list("id", flat=True))


@dataclass(frozen=True)
class _Todo:
    """What is left: ids of couplings of which a record may be gone, and where the next search goes on (None: this one listed nothing).

    Kept as the cursor of the execution's first job, so that the next slice lists nothing again.
    """

    candidates: list[int]
    delta: str | None

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> _Todo | None:
        return cls(plain["candidates"], plain["delta"]) if plain else None

    def to_json(self) -> dict[str, Any]:
        return {"candidates": self.candidates, "delta": self.delta}


@dataclass(frozen=True)
class _Listed:
    """What Sales told: all ``keys`` there are (None: only what was deleted since the last search), and where the next search goes on."""

    keys: frozenset[str] | None
    deleted: frozenset[str]
    delta: str


@dataclass(frozen=True)
class _Search:
    """One search at work."""

    mapping: IntegrationTableMapping
    jobs: Mapping[Direction, SynchJob]
    claim: Claim
    connectors: Mapping[Side, Connector]
    must_stop: Callable[[], bool]

    @property
    def removing(self) -> bool:
        """Whether a rule of the table removes the coupling of a deleted record, where the mapping has no policy of its own."""
        own = self.mapping.deletion_conflict_resolution != DeletionConflictResolution.NONE
        return not own and deletion_policy(self.mapping) is DeletionPolicy.REMOVE_COUPLING

    def begin(self, scope: Scope) -> _Todo | None:
        """Names the candidates; None where a person stopped it meanwhile."""
        if scope.explicit:
            return self._keep(_Todo(sorted(_named(self.mapping, scope)), None))
        sales = self._sales_list()
        there = self._listed(Side.BUSINESS_CENTRAL, "") if sales else None
        if sales is None or there is None:
            return None
        return self._keep(_Todo(sorted(self._candidates(sales, there.keys or frozenset())), sales.delta))

    def _sales_list(self) -> _Listed | None:
        """By the delta since the last search; everything where there was none, or where Sales has forgotten it."""
        watch = DeletionWatch.objects.filter(mapping=self.mapping, system=self.mapping.sales, table=self.mapping.integration_table).first()
        if watch is not None and watch.link:
            try:
                return self._listed(Side.SALES, watch.link)
            except RunError as error:
                if error.code != "expired":
                    raise
        return self._listed(Side.SALES, "")

    def _candidates(self, sales: _Listed, there: frozenset[str]) -> set[int]:
        rows = Coupling.objects.filter(mapping=self.mapping, pending="").values_list("id", "bc_key", "sales_key")
        return {
            number
            for number, bc_key, sales_key in rows.iterator(chunk_size=10_000)
            if bc_key not in there or (sales_key not in sales.keys if sales.keys is not None else sales_key in sales.deleted)
        }

    def _keep(self, todo: _Todo) -> _Todo:
        with transaction.atomic():
            self.claim.hold()
            self._save(todo)
        return todo

    def _save(self, todo: _Todo) -> None:
        SynchJob.objects.filter(pk=next(iter(self.jobs.values())).pk).update(cursor=todo.to_json())

    def judge(self, todo: _Todo) -> _Todo:
        """Reads both records of the next couplings by key, and marks those of which one is gone; what is left then."""
        rows = list(Coupling.objects.filter(mapping=self.mapping, pk__in=todo.candidates[:_CHUNK]))
        left = _Todo(todo.candidates[_CHUNK:], todo.delta)
        found = read_ends(self.connectors, self.mapping, rows)
        there = {row.pk: sides_there(row, found) for row in rows}
        with transaction.atomic():
            self.claim.hold()
            self._save(left)
            for way, job in self.jobs.items():
                own = [row for row in rows if len(there[row.pk]) < len(Side) and self._way(there[row.pk]) is way]
                gone = {row.pk: set(Side) - there[row.pk] for row in own}
                removed = {row.pk for row in own if not there[row.pk] or (self.removing and way.source in there[row.pk])}
                self._mark(job, [row for row in own if row.pk not in removed and not _is_marked(row)], there)
                self._remove(job, [row for row in own if row.pk in removed], gone)
        return left

    def _way(self, there: set[Side]) -> Direction:
        """The direction in which the survivor is the source; the mapping's own where it does not go that way."""
        return next((way for way in self.jobs if way.source in there), next(iter(self.jobs)))

    def _mark(self, job: SynchJob, rows: list[Coupling], there: Mapping[int, set[Side]]) -> None:
        prefix, entries = _PREFIX[Direction(job.direction)], []
        failure = {f"{prefix}_result": SynchResult.FAILURE, f"{prefix}_job_id": job.pk, f"{prefix}_error": f"{CODE}:"}
        for gone in Side:
            lost = [row for row in rows if gone not in there[row.pk]]
            text = f"The coupled record was deleted in {gone.label}. Restore it, remove the coupling, or delete the other record too."
            entries += [entry_of(job, row, EntryAction.SKIPPED, code=CODE, message=text) for row in lost]
            marked = {"skipped": True, "last_error": text, "failed_at": timezone.now(), "gone": gone.value, **failure}
            Coupling.objects.filter(pk__in=[row.pk for row in lost]).update(**marked)
        keep(job, entries)
        close_issues([row.pk for row in rows], code=CODE, but=job)

    def _remove(self, job: SynchJob, rows: list[Coupling], gone: Mapping[int, set[Side]]) -> None:
        where = {pk: " and ".join(side.label for side in Side if side in sides) for pk, sides in gone.items()}
        keep(job, [entry_of(job, row, EntryAction.UNCOUPLED, message=f"The record was deleted in {where[row.pk]}.") for row in rows])
        remove(row.pk for row in rows)

    def _listed(self, side: Side, link: str) -> _Listed | None:
        """None where a person stopped it meanwhile: half a list tells nothing, so the next slice begins anew."""
        table = table_of(self.mapping, side)
        keys: set[str] = set()
        deleted: set[str] = set()
        since = bool(link)
        while True:
            page = self.connectors[side].read_keys(table, link=link)
            keys.update(page.keys)
            deleted.update(page.deleted)
            if not page.next:
                return _Listed(None if since else frozenset(keys), frozenset(deleted), page.delta)
            if self.must_stop():
                return None
            link = page.next


def _is_marked(row: Coupling) -> bool:
    return row.skipped and f"{CODE}:" in (row.to_error, row.from_error)
