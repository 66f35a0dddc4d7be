"""What a person decides about coupled records of which one is gone: restore it, or delete the other one too (engine.md section 9.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.db import transaction

from joblog.claims import Claim
from joblog.link_jobs import (
    KEY,
    chosen_couplings,
    entry_of,
    expect,
    finish,
    keep,
    looked_at,
    mapping_of,
    open_link_job,
    read_ends,
    remove,
    sides_there,
)
from joblog.models import EntryAction, JobQueueEntry, JobQueueLogEntry, JobType, SynchEntry, SynchJob
from joblog.scope import Scope
from joblog.synchronization import count_requests, open_job, synchronize_mapping, traffic_from_now
from mappings.holds import release
from mappings.models import Coupling, IntegrationTableMapping
from mappings.systems import both_connected, table_of
from syncadmin.sync.errors import RunError
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Delete, Direction, Outcome, Record, Side, WriteResult

TO, FROM = Direction.TO_INTEGRATION, Direction.FROM_INTEGRATION
_CHUNK = 1000
_BOTH = "Both records exist, so there is nothing to {do}."
_NONE = "Both records were deleted."


def restore(entry: JobQueueEntry, execution: JobQueueLogEntry, claim: Claim, pause: Callable[[], bool]) -> bool:
    """Creates the missing counterparts of the scope's couplings anew from the survivors, also where only coupled records go.

    Who survives is found out once, at the beginning. False when ``pause`` stopped it.
    """
    mapping, scope = mapping_of(entry), Scope.from_json(entry.parameters)
    if not scope.restore:
        _refuse_all(scope)
        scope = _survivors(entry, execution, mapping, scope, claim)
    return synchronize_mapping(entry, execution, claim, pause, records={TO: scope.bc_keys, FROM: scope.sales_keys})


def delete(entry: JobQueueEntry, execution: JobQueueLogEntry, claim: Claim, pause: Callable[[], bool]) -> bool:
    """Deletes the survivors of the scope's couplings, and the couplings; False when ``pause`` stopped it.

    Only where the other record is gone, and only in the version that was just read.
    """
    mapping, scope = mapping_of(entry), Scope.from_json(entry.parameters)
    _refuse_all(scope)
    job, new = open_link_job(entry, execution, mapping, JobType.UNCOUPLING)
    rows = chosen_couplings(mapping, scope).order_by("id")
    if new:
        expect(job, rows)
    with both_connected(mapping) as connectors:
        traffic = traffic_from_now(connectors)
        work = _Deletion(job, mapping, claim, connectors)
        reached, done = job.cursor.get("reached", 0), False
        while not done:
            chunk = list(rows.filter(pk__gt=reached)[:_CHUNK])
            work.remove(chunk)
            reached, done = (chunk[-1].pk, False) if chunk else (reached, True)
            if pause() and not done:
                break
        count_requests(job.pk, traffic(), job)
    if done:
        finish(job)
    return done


def _refuse_all(scope: Scope) -> None:
    if not scope.explicit:
        raise RunError("no-records", "No record was named. Select the records first.")


def _survivors(entry: JobQueueEntry, execution: JobQueueLogEntry, mapping: IntegrationTableMapping, scope: Scope, claim: Claim) -> Scope:
    """The scope of the restoration: keys of survivors. Notes what cannot be restored, and lifts the skip of the rest."""
    rows = list(chosen_couplings(mapping, scope))
    with both_connected(mapping) as connectors:
        found = read_ends(connectors, mapping, rows)
    there = {row.pk: sides_there(row, found) for row in rows}
    alone = {side: [row for row in rows if there[row.pk] == {side}] for side in Side}
    ways = {way: alone[way.source] for way in mapping.directions if alone[way.source]}
    chosen = tuple(ways) or mapping.directions[:1]
    named = {way.source: tuple(str(getattr(row, KEY[way.source])) for row in found_rows) for way, found_rows in ways.items()}
    sorted_out = replace(
        scope, directions=chosen, restore=True, bc_keys=named.get(Side.BUSINESS_CENTRAL, ()), sales_keys=named.get(Side.SALES, ())
    )
    entry.parameters = sorted_out.to_json()
    with transaction.atomic():
        claim.hold()
        JobQueueEntry.objects.filter(pk=entry.pk).update(parameters=entry.parameters)
        restored = [row.pk for found_rows in ways.values() for row in found_rows]
        release(Coupling.objects.filter(pk__in=restored))
        _note_others(open_job(entry, execution, mapping, sorted_out, chosen[0], preview=False), rows, there, set(restored))
    return sorted_out


def _note_others(job: SynchJob, rows: Sequence[Coupling], there: Mapping[int, set[Side]], restored: set[int]) -> None:
    others = [row for row in rows if row.pk not in restored]
    gone = [row for row in others if not there[row.pk]]
    entries = [entry_of(job, row, EntryAction.UNCOUPLED, message=_NONE) for row in gone]
    for row in others:
        if len(there[row.pk]) == len(Side):
            entries.append(entry_of(job, row, EntryAction.SKIPPED, message=_BOTH.format(do="restore")))
        elif there[row.pk]:
            text = "The mapping does not go in the direction that would create the missing record. Remove the coupling instead."
            entries.append(entry_of(job, row, EntryAction.FAILED, code="wrong-direction", message=text))
    keep(job, entries)
    remove(row.pk for row in gone)


@dataclass(frozen=True)
class _Deletion:
    """One job that deletes survivors."""

    job: SynchJob
    mapping: IntegrationTableMapping
    claim: Claim
    connectors: Mapping[Side, Connector]

    def remove(self, rows: Sequence[Coupling]) -> None:
        """One chunk: announced, sent and settled; what a lost worker had announced is settled by what is there now."""
        noted = {row.coupling_id: row for row in SynchEntry.objects.filter(job=self.job, coupling_id__in=[row.pk for row in rows])}
        rows = [row for row in rows if row.pk not in noted or noted[row.pk].action == EntryAction.SENDING]
        found = read_ends(self.connectors, self.mapping, rows)
        there = {row.pk: sides_there(row, found) for row in rows}
        doomed = [row for row in rows if len(there[row.pk]) == 1]
        entries = {row.pk: noted.get(row.pk) or self._entry(row, there[row.pk]) for row in rows}
        arrived = [row for row in rows if row.pk in noted and not there[row.pk]]
        for row in arrived:
            entries[row.pk].action, entries[row.pk].intended = EntryAction.DELETED, ""
        with transaction.atomic():
            self.claim.hold()
            keep(self.job, [one for pk, one in entries.items() if pk not in noted or one.action != EntryAction.SENDING])
            remove(row.pk for row in rows if not there[row.pk])
        self._settle(doomed, entries, self._send(doomed, there, found))
        with transaction.atomic():
            self.claim.hold()
            looked_at(self.job, rows)

    def _entry(self, row: Coupling, there: set[Side]) -> SynchEntry:
        if len(there) == len(Side):
            return entry_of(self.job, row, EntryAction.SKIPPED, message=_BOTH.format(do="delete"))
        if not there:
            return entry_of(self.job, row, EntryAction.UNCOUPLED, message=_NONE)
        return entry_of(self.job, row, EntryAction.SENDING, intended=EntryAction.DELETED)

    def _send(
        self, rows: Sequence[Coupling], there: Mapping[int, set[Side]], found: Mapping[Side, Mapping[str, Record]]
    ) -> dict[int, WriteResult]:
        results: dict[int, WriteResult] = {}
        for side in Side:
            own = {row.pk: str(getattr(row, KEY[side])) for row in rows if side in there[row.pk]}
            if own:
                wanted = [Delete(key, found[side][key].etag) for key in own.values()]
                answers = self.connectors[side].delete(table_of(self.mapping, side), wanted)
                results |= dict(zip(own, self._looked_up(side, wanted, answers), strict=True))
        return results

    def _looked_up(self, side: Side, wanted: Sequence[Delete], answers: Sequence[WriteResult]) -> list[WriteResult]:
        """Where the answer was lost, the row itself tells."""
        doubtful = [one.key for one, answer in zip(wanted, answers, strict=True) if answer.outcome is Outcome.UNKNOWN]
        left = self.connectors[side].read_records(table_of(self.mapping, side), doubtful, []) if doubtful else {}
        return [
            WriteResult(Outcome.GONE, one.key) if one.key in doubtful and one.key not in left else answer
            for one, answer in zip(wanted, answers, strict=True)
        ]

    def _settle(self, rows: Sequence[Coupling], entries: Mapping[int, SynchEntry], results: Mapping[int, WriteResult]) -> None:
        for row in rows:
            result, one = results[row.pk], entries[row.pk]
            gone = result.outcome in (Outcome.DONE, Outcome.GONE)
            one.action, one.intended = EntryAction.DELETED if gone else EntryAction.FAILED, ""
            if not gone:
                one.code, one.message, one.fields = result.code or "refused", _why(result), list(result.fields)
        with transaction.atomic():
            self.claim.hold()
            keep(self.job, [entries[row.pk] for row in rows])
            remove(row.pk for row in rows if entries[row.pk].action == EntryAction.DELETED)


def _why(result: WriteResult) -> str:
    if result.outcome is Outcome.STALE:
        return "The record was changed in the meantime, so it was not deleted. Look at it, then delete it again."
    return result.text
