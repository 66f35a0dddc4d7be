"""What becomes of a record: its entry, and the state that its coupling keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from syncadmin.sync.couplings import CouplingState, Ends, stamp_later
from syncadmin.sync.decide import Decision, Kind, nothing_flows_back
from syncadmin.sync.errors import RecordError
from syncadmin.sync.plan import TablePlan
from syncadmin.sync.records import Action, Change, Direction, Record, Side, WriteResult
from syncadmin.sync.tables import Field, Table
from syncadmin.sync.touched import Touched
from syncadmin.sync.values import canonical, display, same

SKIPPED_NOW = "The same happened before, so the record is skipped until somebody retries it."


@dataclass
class Write:
    """One record on its way to the destination.

    ``earlier`` is what an interrupted run had noted as SENDING. ``created`` tells that the insert has happened, ``made`` are changes that
    the destination is known to have taken, ``found`` that the counterpart was found just now: by a rule of its table, or by match criteria,
    as ``matched`` says in words. ``doubt`` is why the record may only be left alone where it would have to be created.
    """

    source: Record
    coupling: CouplingState
    decision: Decision
    destination: Record | None = None
    key: str = ""
    earlier: Touched | None = None
    created: bool = False
    found: bool = False
    matched: str = ""
    doubt: str = ""
    made: tuple[Change, ...] = ()

    @property
    def changes(self) -> tuple[Change, ...]:
        """All changes of the record in this job: a field that was changed twice goes from its first value to its last one."""
        merged = {change.field: change for change in self.made}
        for change in self.decision.changes:
            before = merged.get(change.field)
            merged[change.field] = replace(change, old=before.old) if before else change
        return tuple(merged.values())


def taken(changes: Sequence[Change], record: Record, table: Table, *, whole: bool) -> tuple[Change, ...]:
    """Which of these changes the record shows. ``whole``: all of them or none, as one write takes them."""
    shown = tuple(change for change in changes if _shows(record, change, table.fields.get(change.field)))
    return shown if not whole or len(shown) == len(changes) else ()


def _shows(record: Record, change: Change, own: Field | None) -> bool:
    if own is None or change.field not in record.values:
        return True  # written together with the others, and not read back
    present = canonical(record.values[change.field], own)
    if display(present) == display(change.new):
        return True
    try:
        return same(present, canonical(change.new, own), own)
    except RecordError:
        return False  # a journal may keep values as people read them


@dataclass(frozen=True)
class Results:
    """Entries and coupling states of one run and direction."""

    plan: TablePlan
    direction: Direction
    job_id: int

    def note(self, write: Write, action: Action, **details: object) -> Touched:
        """The entry of this record with both keys and labels."""
        end = write.coupling.end(self.direction.destination)
        plain = Touched(
            source_key=write.source.key,
            source_label=self.plan.label(self.direction.source, write.source),
            destination_key=write.key or end.key or "",
            destination_label=self._destination_label(write) or end.label,
            action=action,
        )
        return replace(plain, **details)  # type: ignore[arg-type]

    def good(self, write: Write, result: WriteResult | None) -> Touched:
        """The entry of a record that the destination has taken, or had already (no result)."""
        decision, coupling = write.decision, self.synchronized(write, result)
        if decision.kind is Kind.FAIL:  # other fields flowed, the conflict stays
            failed = self.failed(write, decision.code, decision.text, decision.fields)
            return replace(failed, changes=write.changes, coupling=_written_but_failed(coupling, failed, self.direction))
        label = coupling.end(self.direction.destination).label
        told = {"changes": write.changes, "detail": self._detail(write), "text": write.matched}
        return self.note(write, _action(write), **told, coupling=coupling, destination_label=label)

    def yielded(self, write: Write) -> Touched:
        """Skipped, because the other side's value wins: the opposite direction brings it (engine.md section 7)."""
        decision = write.decision
        coupling = self._named(write).owing(self.direction, job_id=self.job_id, message=decision.text)
        return self.note(write, Action.SKIPPED, code=decision.code, text=decision.text, fields=decision.fields, coupling=coupling)

    def skipped(self, write: Write) -> Touched:
        """Skipped by its coupling. What was read now is owed, should a person lift the skip."""
        owing = write.coupling.owing(self.direction, job_id=self.job_id, message="")
        return self.note(write, Action.SKIPPED, text=write.coupling.why_skipped, coupling=None if owing is write.coupling else owing)

    def failed(
        self,
        write: Write,
        code: str,
        text: str,
        fields: tuple[str, ...] = (),
        *,
        passing: bool = False,
        answer: str = "",
        detail: Mapping[str, Any] | None = None,
        gone: str = "",
    ) -> Touched:
        """Failed, or Skipped when the same failure repeats itself (A3); ``answer`` is what the system said, as it said it."""
        error = f"{code}:{','.join(sorted(fields))}"[:300]
        before = self._arrived(write) if write.created else self._named(write)
        coupling = before.failed(self.direction, job_id=self.job_id, error=error, message=text, passing=passing, gone=gone)
        action = Action.SKIPPED if coupling.skipped and not write.coupling.skipped else Action.FAILED
        if action is Action.SKIPPED:
            text = f"{text} {SKIPPED_NOW}"
        said = {"answer": answer} if answer else {}
        told = {"code": code, "text": text, "fields": fields, "detail": {**_failure_detail(write.decision), **(detail or {}), **said}}
        touched = self.note(write, action, **told, changes=write.made, coupling=coupling)
        never_made = write.decision.kind is Kind.INSERT and not write.created  # there is nothing under the key that was chosen
        return replace(touched, destination_key="", destination_label="") if never_made else touched

    def synchronized(self, write: Write, result: WriteResult | None) -> CouplingState:
        """The coupling after the destination took the values (or had them already: no result)."""
        side, other, decision = self.direction.source, self.direction.destination, write.decision
        coupling = self._attempted(write)
        seen = coupling.end(side)
        if not (decision.conflicts or decision.yielded):
            stamp = stamp_later(seen.modified_at, write.source.modified_at)
            coupling = coupling.with_end(side, replace(seen, etag=write.source.etag, modified_at=stamp))
        else:
            coupling = coupling.with_end(side, replace(seen, etag=""))
        coupling = coupling.with_end(other, self._destination_end(write, coupling.end(other), result))
        coupling = self._numbered(coupling, write, result)
        return replace(coupling, baseline=dict(decision.baseline))

    def intended(self, write: Write) -> Touched:
        """The entry of a write that is about to be sent, with the coupling where it is new: a pending one for an insert that is not
        finished, the whole one for a counterpart that was found."""
        coupling = None
        if write.found:
            coupling = self._named(write)
        elif write.decision.kind is Kind.INSERT or write.created:
            other = self.direction.destination
            end = replace(write.coupling.end(other), key=write.key or None)
            baseline = dict(write.decision.baseline) if write.decision.kind is Kind.INSERT else write.coupling.baseline
            coupling = replace(self._named(write).with_end(other, end), baseline=baseline)
        return self.note(
            write, Action.SENDING, intended=_action(write), changes=write.changes, detail=self._detail(write), coupling=coupling
        )

    def _detail(self, write: Write) -> Mapping[str, Any]:
        """The template whose values won, with its default dimensions (A5); an interrupted insert keeps what it was announced with."""
        if not write.decision.template:
            return write.earlier.detail if write.created and write.earlier else {}
        template = self.plan.template(self.direction.destination, write.decision.template)
        dimensions = template.dimension_values if template else {}
        return {"template": write.decision.template, **({"dimensions": dimensions} if dimensions else {})}

    def _attempted(self, write: Write) -> CouplingState:
        """Success for this direction, unless it has to come back to the record."""
        decision, before = write.decision, write.coupling
        coupling = self._named(write).succeeded(self.direction, job_id=self.job_id)
        if before.pending is self.direction.opposite:  # both records exist, but only the direction that creates can complete it
            coupling = replace(coupling, pending=before.pending, pending_since=before.pending_since)
        if decision.conflicts or decision.yielded:
            return coupling.owing(self.direction, job_id=self.job_id, message=before.message)
        return coupling.paid(self.direction.opposite) if decision.settled else coupling

    def _named(self, write: Write) -> CouplingState:
        """The coupling with the present names of its source record."""
        side = self.direction.source
        end = replace(write.coupling.end(side), key=write.source.key, label=self.plan.label(side, write.source))
        coupling = write.coupling.with_end(side, end)
        if self.direction is Direction.TO_INTEGRATION:
            return replace(coupling, bc_number=self.plan.number(side, write.source))
        return coupling

    def _arrived(self, write: Write) -> CouplingState:
        """The coupling of an insert that has happened and went no further: both records are there, as the first values left them."""
        end = Ends(key=write.key, label=self._destination_label(write))
        coupling = self._numbered(self._named(write).with_end(self.direction.destination, end), write, None)
        return replace(coupling, pending=None, pending_since=None)

    def _numbered(self, coupling: CouplingState, write: Write, result: WriteResult | None) -> CouplingState:
        if self.direction.destination is not Side.BUSINESS_CENTRAL:
            return coupling
        values = result.values if result and result.values else (write.destination.values if write.destination else {})
        number = self.plan.number(self.direction.destination, Record(write.key, values)) if values else ""
        return replace(coupling, bc_number=number or coupling.bc_number)

    def _destination_end(self, write: Write, known: Ends, result: WriteResult | None) -> Ends:
        """Its etag is remembered only when nothing on that side still has to flow back, and the system has shown so; else its next read
        must look at the values (engine.md A17)."""
        key, label = write.key or known.key, self._answered_label(write, result) or known.label
        if not write.decision.settled:
            return Ends(key=key, label=label, modified_at=known.modified_at)
        if result is None:
            present = write.destination or Record(write.key, {})
            return Ends(key, label, present.etag, stamp_later(known.modified_at, present.modified_at))
        settled = nothing_flows_back(self.plan, self.direction, write.decision.baseline, result.values)
        return Ends(key, label, result.etag if settled else "", stamp_later(known.modified_at, result.modified_at))

    def _answered_label(self, write: Write, result: WriteResult | None) -> str:
        table = self.plan.table(self.direction.destination)
        if result and any(name in result.values for name in (table.number, table.caption)):
            return self.plan.label(self.direction.destination, Record("", result.values))
        return self._destination_label(write)

    def _destination_label(self, write: Write) -> str:
        """What the destination record is called once the values are written."""
        values: Mapping[str, object] = write.destination.values if write.destination else {}
        return self.plan.label(self.direction.destination, Record("", {**values, **write.decision.values}))


def _action(write: Write) -> Action:
    if write.created or write.decision.kind is Kind.INSERT:
        return Action.INSERTED
    if write.made or write.decision.values:
        return Action.MODIFIED
    return Action.COUPLED if write.found else Action.UNCHANGED


def _failure_detail(decision: Decision) -> Mapping[str, Any]:
    """What a person needs to mend it: the conflicting values, the references that are not coupled, where it was found out."""
    conflicts = [one.to_json() for one in decision.conflicts]
    missing = [{"mapping": mapping, "value": value} for mapping, value in decision.missing]
    told = {"conflicts": conflicts, "missing": missing, "call_stack": decision.call_stack}
    return {name: value for name, value in told.items() if value}


def _written_but_failed(written: CouplingState, failed: Touched, direction: Direction) -> CouplingState:
    """What was written counts as synchronized, the result of the direction is the failure."""
    state = failed.coupling
    if state is None:
        return written
    return replace(written.with_attempt(direction, state.attempt(direction)), skipped=state.skipped, message=state.message)
