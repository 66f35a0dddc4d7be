"""Find for Deleted: coupled records whose counterpart is gone are skipped, with the reason (engine.md section 9.4 and A8).

A list of keys, or a delta, only names candidates. What counts is that the system says of a single key that its row does not exist; so a
list that is empty, or that breaks off, marks nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from joblog.causes import close_issues
from joblog.claims import Claim
from joblog.link_jobs import chosen_couplings, entry_of, finish, keep, mapping_of, open_link_job, read_ends, remove, sides_there
from joblog.models import DeletionWatch, EntryAction, JobQueueEntry, JobQueueLogEntry, JobType, SynchJob
from joblog.retries import chunks
from joblog.scope import Scope
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


def find_deleted(entry: JobQueueEntry, execution: JobQueueLogEntry, claim: Claim) -> bool:
    """A job per direction of the mapping; entries are Skipped with code ``deleted``, or Uncoupled where both records are gone.

    Where the scope names records, because a system told of their deletion, only these are asked for. Raises RetryLater and RunError; then
    nothing was marked that the systems had not said. What is skipped for this reason already stays so.
    """
    mapping = mapping_of(entry)
    scope = Scope.from_json(entry.parameters)
    jobs = {way: open_link_job(entry, execution, mapping, JobType.FIND_DELETED, way)[0] for way in mapping.directions}
    with both_connected(mapping) as connectors:
        traffic = traffic_from_now(connectors)
        search = _Search(mapping, jobs, claim, connectors)
        listed = None if scope.explicit else search.sales_list()
        for keys in chunks(sorted(_named(mapping, scope) if listed is None else search.candidates(listed)), _CHUNK):
            search.judge(Coupling.objects.filter(mapping=mapping, pk__in=keys))
        first = next(iter(jobs.values()))
        count_requests(first.pk, traffic(), first)
    with transaction.atomic():
        claim.hold()
        if listed is not None:
            watched = {"system": mapping.sales, "table": mapping.integration_table, "link": listed.delta}
            DeletionWatch.objects.update_or_create(mapping=mapping, defaults=watched)
        for job in jobs.values():
            finish(job)
    return True


def _named(mapping: IntegrationTableMapping, scope: Scope) -> set[int]:
    return set(chosen_couplings(mapping, scope).filter(pending="").values_list("id", flat=True))


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

    @property
    def removing(self) -> bool:
        """Whether a rule of the table removes the coupling of a deleted record, where the mapping has no policy of its own."""
        own = self.mapping.deletion_conflict_resolution != DeletionConflictResolution.NONE
        return not own and deletion_policy(self.mapping) is DeletionPolicy.REMOVE_COUPLING

    def sales_list(self) -> _Listed:
        """By the delta since the last search; everything where there was none, or where Sales has forgotten it."""
        watch = DeletionWatch.objects.filter(mapping=self.mapping, system=self.mapping.sales, table=self.mapping.integration_table).first()
        if watch is not None and watch.link:
            try:
                return self._listed(Side.SALES, watch.link)
            except RunError as error:
                if error.code != "expired":
                    raise
        return self._listed(Side.SALES, "")

    def candidates(self, sales: _Listed) -> set[int]:
        """Ids of couplings of which a record may be gone."""
        there = self._listed(Side.BUSINESS_CENTRAL, "").keys or frozenset()
        rows = Coupling.objects.filter(mapping=self.mapping, pending="").values_list("id", "bc_key", "sales_key")
        return {
            number
            for number, bc_key, sales_key in rows.iterator(chunk_size=10_000)
            if bc_key not in there or (sales_key not in sales.keys if sales.keys is not None else sales_key in sales.deleted)
        }

    def judge(self, rows: Iterable[Coupling]) -> None:
        """Reads both records of each coupling by key, and marks those of which one is gone."""
        rows = list(rows)
        found = read_ends(self.connectors, self.mapping, rows)
        there = {row.pk: sides_there(row, found) for row in rows}
        with transaction.atomic():
            self.claim.hold()
            for way, job in self.jobs.items():
                own = [row for row in rows if len(there[row.pk]) < len(Side) and self._way(there[row.pk]) is way]
                gone = {row.pk: set(Side) - there[row.pk] for row in own}
                removed = {row.pk for row in own if not there[row.pk] or (self.removing and way.source in there[row.pk])}
                self._mark(job, [row for row in own if row.pk not in removed and not _is_marked(row)], there)
                self._remove(job, [row for row in own if row.pk in removed], gone)

    def _way(self, there: set[Side]) -> Direction:
        """The direction in which the survivor is the source; the mapping's own where it does not go that way."""
        return next((way for way in self.jobs if way.source in there), next(iter(self.jobs)))

    def _mark(self, job: SynchJob, rows: list[Coupling], there: Mapping[int, set[Side]]) -> None:
        prefix, entries, now = _PREFIX[Direction(job.direction)], [], timezone.now()
        for row in rows:
            gone = next(side for side in Side if side not in there[row.pk])
            text = f"The coupled record was deleted in {gone.label}. Restore it, remove the coupling, or delete the other record too."
            entries.append(entry_of(job, row, EntryAction.SKIPPED, code=CODE, message=text))
            failure = {f"{prefix}_result": SynchResult.FAILURE, f"{prefix}_job_id": job.pk, f"{prefix}_error": f"{CODE}:"}
            Coupling.objects.filter(pk=row.pk).update(skipped=True, last_error=text, failed_at=now, gone=gone.value, **failure)
        keep(job, entries)
        close_issues([row.pk for row in rows], code=CODE, but=job)

    def _remove(self, job: SynchJob, rows: list[Coupling], gone: Mapping[int, set[Side]]) -> None:
        where = {pk: " and ".join(side.label for side in Side if side in sides) for pk, sides in gone.items()}
        keep(job, [entry_of(job, row, EntryAction.UNCOUPLED, message=f"The record was deleted in {where[row.pk]}.") for row in rows])
        remove(row.pk for row in rows)

    def _listed(self, side: Side, link: str) -> _Listed:
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
            link = page.next


def _is_marked(row: Coupling) -> bool:
    return row.skipped and f"{CODE}:" in (row.to_error, row.from_error)
