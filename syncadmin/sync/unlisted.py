"""Coupled sources that do not exist any more, where a table was read as a whole (engine.md sections 8 and 16)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from syncadmin.sync.couplings import CouplingState
from syncadmin.sync.decide import Decision, Kind
from syncadmin.sync.plan import DeletionPolicy, TablePlan
from syncadmin.sync.ports import Connector, Journal
from syncadmin.sync.records import Action, Change, Direction, Insert, Outcome, Record, WriteResult
from syncadmin.sync.results import Results, Write
from syncadmin.sync.rules import TableRules
from syncadmin.sync.touched import Touched

_NO_ANSWER = "Creating the record anew was sent without an answer. The next run looks whether it has arrived."


@dataclass(frozen=True)
class Unlisted:
    """What the deletion policy says of sources that are gone: here the other record is the survivor."""

    plan: TablePlan
    direction: Direction
    source: Connector
    rules: TableRules
    journal: Journal
    preview: bool

    def settled(self, states: Iterable[CouplingState]) -> list[Touched]:
        """An entry for each of these couplings, whose source was not among all that there are."""
        touched, restored = [], []
        for state in states:
            write = self._write(state)
            if state.skipped:
                touched.append(self._results.skipped(write))
            elif self.plan.deletion_policy is DeletionPolicy.REMOVE_COUPLING:
                touched.append(self._results.note(write, Action.UNCOUPLED, coupling=state, uncouple=True))
            elif self.plan.deletion_policy is DeletionPolicy.RESTORE and self.rules.restored_key(write.source.key):
                restored.append(write)
            else:
                touched.append(self._results.failed(write, "deleted", self._text(), gone=self.direction.source))
        return touched + (self._restored(restored) if restored else [])

    @property
    def _results(self) -> Results:
        return Results(self.plan, self.direction, self.journal.job_id)

    def _text(self) -> str:
        where, other = self.direction.source.label, self.direction.destination.label
        return f"The coupled record was deleted in {where}. Restore it, remove the coupling, or delete the record of {other} too."

    def _write(self, state: CouplingState) -> Write:
        """The source as it was when it was last synchronized."""
        side, table = self.direction.source, self.plan.table(self.direction.source)
        end = state.end(side)
        known = {own.name: state.known(rule, side) for rule in self.plan.rules if (own := rule.side(side)) is not None}
        values = {name: value for name, (is_known, value) in known.items() if is_known and value is not None}
        named = {table.caption: end.label} if table.caption else {}
        source = Record(end.key or "", named | values)
        return Write(source, state, Decision(kind=Kind.UNCHANGED), key=state.end(self.direction.destination).key or "")

    def _restored(self, writes: Sequence[Write]) -> list[Touched]:
        """Announced first (A21): a run that is cut short finds the entries, and the records under the keys that they had."""
        planned = [self._results.note(write, Action.SENDING, intended=Action.INSERTED, changes=self._changes(write)) for write in writes]
        if self.preview:
            return [self._results.note(write, Action.INSERTED, changes=self._changes(write)) for write in writes]
        self.journal.sending(planned)
        rows = [Insert(self.rules.restored_key(write.source.key), self._values(write)) for write in writes]
        answers = self.source.insert(self.plan.table(self.direction.source), rows)
        return [self._answered(write, answer) for write, answer in zip(writes, answers, strict=True)]

    def _answered(self, write: Write, answer: WriteResult) -> Touched:
        if answer.outcome is Outcome.DONE:
            coupling = write.coupling.succeeded(self.direction, job_id=self.journal.job_id)
            text = f"The record was deleted in {self.direction.source.label}, and is created anew as it was."
            return self._results.note(write, Action.INSERTED, changes=self._changes(write), text=text, coupling=coupling)
        if answer.outcome is Outcome.UNKNOWN:
            return self._results.failed(write, "unknown-result", _NO_ANSWER, passing=True)
        code, said = answer.code or "refused", answer.answer
        return self._results.failed(write, code, answer.text, answer.fields, passing=answer.passing, answer=said)

    def _values(self, write: Write) -> dict[str, object]:
        fields = self.plan.table(self.direction.source).fields
        return {name: value for name, value in write.source.values.items() if name in fields and fields[name].on_insert}

    def _changes(self, write: Write) -> tuple[Change, ...]:
        return tuple(Change(name, None, value) for name, value in self._values(write).items())
