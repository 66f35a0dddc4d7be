"""One page of source records, from couplings to decisions: whole pages at once, never a request or a statement per record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from syncadmin.sync.couplings import CouplingState, Ends, stamp_later
from syncadmin.sync.decide import Decision, Kind, Policy, decide_existing, decide_insert, source_unchanged
from syncadmin.sync.plan import DeletionPolicy, TablePlan
from syncadmin.sync.ports import Connector, Couplings, Journal
from syncadmin.sync.records import Action, Direction, Record, WriteResult
from syncadmin.sync.rules import TableRules
from syncadmin.sync.touched import Touched
from syncadmin.sync.transfer import References, wanted_references


class Group(Enum):
    """Where a record goes after a look at its coupling."""

    COMPARE = "compare"  # both records are known: look at the destination
    CREATE = "create"
    DONE = "done"  # noted already, or none of our business


@dataclass
class Write:
    """One record on its way to the destination."""

    source: Record
    coupling: CouplingState
    decision: Decision
    destination: Record | None = None
    key: str = ""
    earlier: Touched | None = None  # what an interrupted run had noted as SENDING
    first_decision: Decision | None = None  # what was sent first, where a second look was needed


@dataclass
class PageWork:
    """Sorts the records of a page into what is done already (``touched``) and what has to be written (``writes``)."""

    plan: TablePlan
    direction: Direction
    destination: Connector
    couplings: Couplings
    journal: Journal
    policy: Policy
    rules: TableRules
    touched: list[Touched] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    references: References = field(default_factory=dict)
    conflicts_failed: set[str] = field(default_factory=set)

    def decide(self, records: Sequence[Record], *, explicit: bool, interrupted: bool) -> None:
        """Fills ``touched`` and ``writes``. ``explicit``: a person named these records. ``interrupted``: their last answer was lost."""
        if not records:
            return
        chosen = self.rules.prepare(self.direction, self.rules.select(self.direction, records))
        keys = [record.key for record in chosen]
        couplings = self.couplings.for_records(self.direction.source, keys)
        earlier = self.journal.handled(keys)
        if self.direction is Direction.FROM_INTEGRATION:
            self.conflicts_failed = self.journal.failed_conflicts(self.direction, keys)
        found = self.rules.find_uncoupled(self.direction, [record for record in chosen if record.key not in couplings])
        compare, create = [], []
        for record in chosen:
            coupling = couplings.get(record.key)
            if self._done_already(record, coupling, earlier, interrupted=interrupted):
                continue
            if coupling is None and record.key in found:
                coupling = self._newly_found(record, found[record.key])
            group = self._sort(record, coupling, explicit=explicit, interrupted=interrupted)
            if group is Group.COMPARE and coupling is not None:
                compare.append(Write(record, coupling, _UNDECIDED, earlier=earlier.get(record.key)))
            elif group is Group.CREATE:
                create.append(Write(record, coupling or self._uncoupled(record), _UNDECIDED, earlier=earlier.get(record.key)))
        self._decide_all(compare, create, explicit=explicit)

    def review(self, write: Write, present: Record) -> Decision:
        """The decision for a pair as it is now."""
        known = write.source.key in self.conflicts_failed
        policy = replace(self.policy, conflict_failed_already=known) if known else self.policy
        return decide_existing(self.plan, self.direction, write.source, present, write.coupling, self.references, policy)

    def note(self, write: Write, action: Action, **details: object) -> Touched:
        """The entry of this record with both keys and labels."""
        end = write.coupling.end(self.direction.destination)
        plain = Touched(
            source_key=write.source.key,
            source_label=self.plan.label(self.direction.source, write.source),
            destination_key=write.key or end.key or "",
            destination_label=self.destination_label(write) or end.label,
            action=action,
        )
        return replace(plain, **details)  # type: ignore[arg-type]

    def destination_label(self, write: Write) -> str:
        """What the destination record is called once the values are written."""
        values: Mapping[str, object] = write.destination.values if write.destination else {}
        return self.plan.label(self.direction.destination, Record("", {**values, **write.decision.values}))

    def failed(self, write: Write, code: str, text: str, fields: tuple[str, ...] = (), *, passing: bool = False) -> Touched:
        """Failed, or Skipped when the same failure repeats itself (A3)."""
        error = f"{code}:{','.join(sorted(fields))}"[:300]
        coupling = self.named(write).failed(self.direction, job_id=self.journal.job_id, error=error, message=text, passing=passing)
        action = Action.SKIPPED if coupling.skipped and not write.coupling.skipped else Action.FAILED
        if action is Action.SKIPPED:
            text = f"{text} The same happened before, so the record is skipped until somebody retries it."
        detail = {"conflicts": [one.to_json() for one in write.decision.conflicts]} if write.decision.conflicts else {}
        return self.note(write, action, code=code, text=text, fields=fields, coupling=coupling, detail=detail)

    def named(self, write: Write) -> CouplingState:
        """The coupling with the present names of its records."""
        source = replace(
            write.coupling.end(self.direction.source), key=write.source.key, label=self.plan.label(self.direction.source, write.source)
        )
        coupling = write.coupling.with_end(self.direction.source, source)
        if self.direction is Direction.TO_INTEGRATION:
            coupling = replace(coupling, bc_number=self.plan.number(self.direction.source, write.source))
        return coupling

    def synchronized(self, write: Write, result: WriteResult | None) -> CouplingState:
        """The coupling after the destination took the values (or had them already: no result)."""
        side, other = self.direction.source, self.direction.destination
        coupling = self.named(write).succeeded(self.direction, job_id=self.journal.job_id)
        seen = coupling.end(side)
        fresh = not write.decision.conflicts
        coupling = coupling.with_end(
            side,
            replace(
                seen,
                etag=write.source.etag if fresh else "",
                modified_at=stamp_later(seen.modified_at, write.source.modified_at) if fresh else seen.modified_at,
            ),
        )
        coupling = coupling.with_end(other, self._destination_end(write, coupling.end(other), result))
        if other.value == "business_central":
            coupling = replace(coupling, bc_number=self._destination_number(write, result) or coupling.bc_number)
        return replace(coupling, baseline=dict(write.decision.baseline))

    def _destination_end(self, write: Write, known: Ends, result: WriteResult | None) -> Ends:
        """Etag and stamp are remembered only when nothing on that side still has to flow back; else the next read must look at it."""
        key = write.key or known.key
        etag = result.etag if result else (write.destination.etag if write.destination else "")
        stamp = result.modified_at if result else (write.destination.modified_at if write.destination else None)
        label = self._answered_label(write, result) or known.label
        if not write.decision.settled:
            return Ends(key=key, label=label, etag="", modified_at=known.modified_at)
        return Ends(key=key, label=label, etag=etag, modified_at=stamp_later(known.modified_at, stamp))

    def _answered_label(self, write: Write, result: WriteResult | None) -> str:
        if result and result.values:
            return self.plan.label(self.direction.destination, Record("", result.values))
        return self.destination_label(write)

    def _destination_number(self, write: Write, result: WriteResult | None) -> str:
        values = result.values if result and result.values else (write.destination.values if write.destination else {})
        return self.plan.number(self.direction.destination, Record(write.key, values)) if values else ""

    def _done_already(self, record: Record, coupling: CouplingState | None, earlier: Mapping[str, Touched], *, interrupted: bool) -> bool:
        """A record is handled once per job and direction, whatever phase reads it again."""
        before = earlier.get(record.key)
        if before is not None:
            return before.action is not Action.SENDING
        return not interrupted and coupling is not None and coupling.attempt(self.direction).job_id == self.journal.job_id

    def _sort(self, record: Record, coupling: CouplingState | None, *, explicit: bool, interrupted: bool) -> Group:
        if coupling is None:
            return self._sort_uncoupled(record, explicit=explicit)
        if coupling.skipped:
            self._note_skipped(record, coupling)
            return Group.DONE
        if coupling.pending is self.direction:
            return Group.CREATE
        if coupling.pending is not None:
            return Group.DONE  # the other direction is creating this very record
        quick = not (self.policy.unconditional or interrupted or coupling.attempt(self.direction).failed)
        if quick and not explicit and source_unchanged(self.plan, self.direction, record, coupling):
            self.touched.append(Touched(source_key=record.key, source_label="", action=Action.UNCHANGED))
            return Group.DONE
        return Group.COMPARE

    def _sort_uncoupled(self, record: Record, *, explicit: bool) -> Group:
        if not self.plan.only_coupled:
            return Group.CREATE
        if explicit:
            text = "The record is not coupled, and this mapping synchronizes only coupled records. Couple it first."
            label = self.plan.label(self.direction.source, record)
            self.touched.append(Touched(source_key=record.key, source_label=label, action=Action.SKIPPED, text=text))
        return Group.DONE

    def _note_skipped(self, record: Record, coupling: CouplingState) -> None:
        text = f"Skipped after repeated errors, until somebody retries it. {coupling.message}".strip()
        self.touched.append(self.note(Write(record, coupling, _UNDECIDED), Action.SKIPPED, text=text))

    def _uncoupled(self, record: Record) -> CouplingState:
        source = Ends(key=record.key, label=self.plan.label(self.direction.source, record))
        empty = CouplingState(id=None, bc=Ends(), sales=Ends(), pending=self.direction, origin="insert")
        return empty.with_end(self.direction.source, source)

    def _newly_found(self, record: Record, destination_key: str) -> CouplingState:
        coupling = replace(self._uncoupled(record), pending=None, origin="match")
        return coupling.with_end(self.direction.destination, Ends(key=destination_key))

    def _decide_all(self, compare: list[Write], create: list[Write], *, explicit: bool) -> None:
        keys = [key for write in (*compare, *create) if (key := write.coupling.end(self.direction.destination).key)]
        table = self.plan.table(self.direction.destination)
        fields = self.plan.fields(self.direction.destination)
        present = self.destination.read_records(table, keys, fields) if keys else {}
        for write in compare:
            write.key = write.coupling.end(self.direction.destination).key or ""
            write.destination = present.get(write.key)
            if write.destination is None and not self._restored(write, explicit=explicit):
                continue
            (create if write.destination is None else []).append(write)
        for write in create:
            write.key = write.coupling.end(self.direction.destination).key or ""
            write.destination = present.get(write.key)
        wanted = wanted_references(self.plan, self.direction, [write.source for write in (*compare, *create)])
        self.references = self.couplings.references(self.direction, wanted) if wanted else {}
        for write in compare:
            if write.destination is not None:
                self._decide_pair(write, write.destination)
        for write in create:
            self._decide_new(write)

    def _restored(self, write: Write, *, explicit: bool) -> bool:
        """What the deletion policy says of a coupled record whose counterpart is gone (engine.md section 8, A7); True to create it anew."""
        policy = DeletionPolicy.NONE if explicit else self.plan.deletion_policy
        if policy is DeletionPolicy.RESTORE:
            coupling = write.coupling.with_end(self.direction.destination, Ends())
            write.coupling = replace(coupling, pending=self.direction, baseline={})
            return True
        if policy is DeletionPolicy.REMOVE_COUPLING:
            self.touched.append(self.note(write, Action.UNCOUPLED, coupling=write.coupling, uncouple=True))
            return False
        where = self.direction.destination.label
        text = f"The coupled record was deleted in {where}. Restore it, remove the coupling, or delete this record too."
        self.touched.append(self.failed(write, "deleted", text))
        return False

    def _decide_pair(self, write: Write, present: Record) -> None:
        write.decision = self.review(write, present)
        self.place(write)

    def _decide_new(self, write: Write) -> None:
        if write.destination is not None:  # the insert of an earlier attempt did arrive: go on as with any pair
            self._decide_arrived(write, write.destination)
            return
        write.decision = decide_insert(self.plan, self.direction, write.source, self.references)
        self.place(write)

    def _decide_arrived(self, write: Write, present: Record) -> None:
        write.decision = self.review(write, present)
        if write.earlier is not None and not write.decision.values:
            self.touched.append(self.arrived(write))
        else:
            write.coupling = replace(write.coupling, pending=None)
            self.place(write)

    def arrived(self, write: Write) -> Touched:
        """The entry of an insert that turned out to have happened."""
        changes = write.earlier.changes if write.earlier else write.decision.changes
        return self.note(write, Action.INSERTED, changes=changes, coupling=self.synchronized(write, None))

    def place(self, write: Write) -> None:
        """Puts a decided record where it belongs: to the writes, or to what is done."""
        decision = write.decision
        if decision.values or decision.kind is Kind.INSERT:
            self.writes.append(write)
        elif decision.kind is Kind.FAIL:
            touched = self.failed(write, decision.code, decision.text, decision.fields)
            self.touched.append(self._with_earlier_changes(write, touched))
        elif decision.kind is Kind.SKIP:
            self.touched.append(self.note(write, Action.SKIPPED, code=decision.code, text=decision.text, fields=decision.fields))
        else:
            self._place_unchanged(write)

    def _place_unchanged(self, write: Write) -> None:
        coupling = self.synchronized(write, None)
        if write.earlier is not None and write.earlier.intended is not None:  # the lost answer was a good one
            self.touched.append(self.note(write, write.earlier.intended, changes=write.earlier.changes, coupling=coupling))
        else:
            self.touched.append(self.note(write, Action.UNCHANGED, coupling=coupling))

    def _with_earlier_changes(self, write: Write, touched: Touched) -> Touched:
        return replace(touched, changes=write.earlier.changes) if write.earlier else touched


_UNDECIDED = Decision(kind=Kind.UNCHANGED)
