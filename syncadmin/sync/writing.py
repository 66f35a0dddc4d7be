"""Sending the decided writes of a page, and making sense of the answers: stale, lost, taken, refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from syncadmin.sync.couplings import CouplingState
from syncadmin.sync.decide import Kind
from syncadmin.sync.pages import PageWork, Write
from syncadmin.sync.records import Action, Direction, Insert, Modify, Outcome, Record, WriteResult
from syncadmin.sync.touched import Touched
from syncadmin.sync.values import display

_ROUNDS = 4  # a row that changes under our hands that often is left to the next run


@dataclass
class Writer:
    """Writes what a page decided. :meth:`write` gives what became of each record, :meth:`imagined` what would have."""

    work: PageWork
    new_key: Callable[[], str]
    done: list[Touched] = field(default_factory=list)
    given_up: set[str] = field(default_factory=set)

    def imagined(self) -> list[Touched]:
        """The entries of a preview: nothing is sent and no coupling is touched (A11)."""
        return [replace(self._good(write, None), coupling=None) for write in self.work.writes]

    def write(self) -> list[Touched]:
        """Saves the intentions, sends the batches, reads again and decides again where the answer asks for it."""
        if not self.work.writes:
            return []
        self._announce()
        waiting = self.work.writes
        for _ in range(_ROUNDS):
            waiting = self._round(waiting)
            if not waiting:
                return self._after(self.done)
        text = "The record keeps changing while it is being synchronized. The next run tries again."
        self.done.extend(self.work.failed(write, "changed-meanwhile", text, passing=True) for write in waiting)
        return self._after(self.done)

    def _after(self, done: list[Touched]) -> list[Touched]:
        return list(self.work.rules.after_write(self.work.direction, done))

    def _announce(self) -> None:
        """Inserting is two steps: the pending coupling with its key is saved before the batch is sent (architecture.md section 3)."""
        chosen = self.work.plan.table(self.work.direction.destination).chosen_keys
        for write in self.work.writes:
            if write.decision.kind is Kind.INSERT and chosen and not write.key:
                write.key = self.new_key()
        saved = self.work.journal.sending([self._intention(write) for write in self.work.writes])
        for write in self.work.writes:
            write.coupling = saved.get(write.source.key, write.coupling)

    def _intention(self, write: Write) -> Touched:
        coupling = None
        if write.decision.kind is Kind.INSERT:
            other = self.work.direction.destination
            end = replace(write.coupling.end(other), key=write.key or None)
            coupling = replace(self.work.named(write).with_end(other, end), baseline=dict(write.decision.baseline))
        good = self._good(write, None)
        return replace(good, action=Action.SENDING, intended=good.action, coupling=coupling)

    def _round(self, writes: Sequence[Write]) -> list[Write]:
        results = self._send(writes)
        unclear = [(write, result) for write, result in zip(writes, results, strict=True) if not self._clear(write, result)]
        if not unclear:
            return []
        self._find_lost([write for write, result in unclear if write.decision.kind is Kind.INSERT and not write.key])
        keys = [write.key for write, _ in unclear if write.key]
        table, fields = self.work.plan.table(self.work.direction.destination), self.work.plan.fields(self.work.direction.destination)
        present = self.work.destination.read_records(table, keys, fields) if keys else {}
        return [write for write, result in unclear if self._again(write, result, present.get(write.key))]

    def _send(self, writes: Sequence[Write]) -> list[WriteResult]:
        """One call for all inserts, one for all modifications, and one for what an insert could not take yet (A19)."""
        table = self.work.plan.table(self.work.direction.destination)
        new = [write for write in writes if write.decision.kind is Kind.INSERT]
        old = [write for write in writes if write.decision.kind is not Kind.INSERT]
        results: dict[int, WriteResult] = {}
        if new:
            answers = self.work.destination.insert(table, [Insert(write.key, write.decision.values) for write in new])
            results |= {id(write): answer for write, answer in zip(new, answers, strict=True)}
            self._send_later_values(new, results)
        if old:
            rows = [Modify(write.key, write.destination.etag if write.destination else "*", write.decision.values) for write in old]
            answers = self.work.destination.modify(table, rows)
            results |= {id(write): answer for write, answer in zip(old, answers, strict=True)}
        return [results[id(write)] for write in writes]

    def _send_later_values(self, new: Sequence[Write], results: dict[int, WriteResult]) -> None:
        ready = [write for write in new if write.decision.later and results[id(write)].outcome is Outcome.DONE]
        if not ready:
            return
        table = self.work.plan.table(self.work.direction.destination)
        rows = [Modify(results[id(write)].key or write.key, "*", write.decision.later) for write in ready]
        for write, answer in zip(ready, self.work.destination.modify(table, rows), strict=True):
            if answer.outcome is not Outcome.DONE:
                answer = replace(answer, outcome=Outcome.REFUSED, key=results[id(write)].key or write.key)  # noqa: PLW2901
            results[id(write)] = answer

    def _clear(self, write: Write, result: WriteResult) -> bool:
        """Whether the answer settles the record."""
        write.key = result.key or write.key
        if result.outcome is Outcome.DONE:
            self.done.append(self._good(write, result))
            return True
        if result.outcome is Outcome.REFUSED:
            self.done.append(self._refused(write, result))
            return True
        return False

    def _good(self, write: Write, result: WriteResult | None) -> Touched:
        decision = write.first_decision or write.decision
        coupling = self.work.synchronized(write, result)
        detail = {"template": decision.template} if decision.template else {}
        if write.decision.kind is Kind.FAIL:  # other fields flowed, the conflict stays
            failed = self.work.failed(write, decision.code, decision.text, decision.fields)
            return replace(failed, changes=decision.changes, coupling=_written_but_failed(coupling, failed, self.work.direction))
        action = Action.INSERTED if write.decision.kind is Kind.INSERT else Action.MODIFIED
        label = coupling.end(self.work.direction.destination).label
        return self.work.note(write, action, changes=decision.changes, detail=detail, coupling=coupling, destination_label=label)

    def _refused(self, write: Write, result: WriteResult) -> Touched:
        text = result.text or "The system refused the record without a reason."
        if write.decision.kind is Kind.INSERT and result.key:
            arrived = self.work.synchronized(write, result)
            write = replace(write, coupling=replace(arrived, pending=None))
        return self.work.failed(write, result.code or "refused", text, result.fields, passing=result.passing)

    def _again(self, write: Write, result: WriteResult, present: Record | None) -> bool:
        """Looks at the destination anew after an answer that settled nothing; True when the write has to be sent (again)."""
        if write.decision.kind is Kind.INSERT:
            return self._insert_again(write, result, present)
        if present is None:
            where = self.work.direction.destination.label
            self.done.append(self.work.failed(write, "deleted", f"The coupled record was deleted in {where}."))
            return False
        return self._modify_again(write, result, present)

    def _insert_again(self, write: Write, result: WriteResult, present: Record | None) -> bool:
        if present is not None:
            write.destination = present
            answer = WriteResult(Outcome.DONE, write.key, present.etag, present.modified_at, present.values)
            self.done.append(self._good(write, answer))
            return False
        if result.outcome is Outcome.EXISTS:
            text = result.text or "Another record has the same number or name already."
            self.done.append(self.work.failed(write, result.code or "duplicate", text, result.fields))
            return False
        return write.source.key not in self.given_up

    def _modify_again(self, write: Write, result: WriteResult, present: Record) -> bool:
        sent, write.destination = write.decision, present
        write.decision = self.work.review(write, present)
        if write.decision.values:
            return True
        lost_answer_was_good = result.outcome is Outcome.UNKNOWN
        if lost_answer_was_good and write.decision.kind is Kind.UNCHANGED:
            write.first_decision = sent
            coupling = self.work.synchronized(write, None)
            self.done.append(self.work.note(write, Action.MODIFIED, changes=sent.changes, coupling=coupling))
        else:
            before = len(self.work.touched)
            self.work.place(write)
            self.done.extend(self.work.touched[before:])
            del self.work.touched[before:]
        return False

    def _find_lost(self, writes: Sequence[Write]) -> None:
        """Where the system chooses keys, an insert without an answer is looked up by number, else by name, among uncoupled records (A2)."""
        table = self.work.plan.table(self.work.direction.destination)
        for name in dict.fromkeys((table.number, table.caption)):
            asked = [
                write for write in writes if not write.key and write.source.key not in self.given_up and write.decision.values.get(name)
            ]
            if name not in table.fields or not asked:
                continue
            values = [display(write.decision.values[name]) for write in asked]
            found = self.work.destination.find_records(table, name, values, self.work.plan.fields(self.work.direction.destination))
            coupled = self.work.couplings.for_records(self.work.direction.destination, [record.key for record in found])
            for write in asked:
                self._take_lost(write, name, [record for record in found if record.key not in coupled])

    def _take_lost(self, write: Write, name: str, found: Sequence[Record]) -> None:
        wanted = display(write.decision.values[name])
        since = write.coupling.pending_since
        fitting = [
            record
            for record in found
            if str(record.values.get(name)) == wanted and (since is None or record.modified_at is None or record.modified_at >= since)
        ]
        if len(fitting) == 1:
            write.key = fitting[0].key
        elif fitting:
            text = f"The answer to creating this record was lost, and {len(fitting)} records named {wanted} exist. Couple the right one."
            self.given_up.add(write.source.key)
            self.done.append(self.work.failed(write, "pending", text))


def _written_but_failed(written: CouplingState, failed: Touched, direction: Direction) -> CouplingState:
    """What was written counts as synchronized, the result of the direction is the failure."""
    state = failed.coupling
    if state is None:
        return written
    return replace(written.with_attempt(direction, state.attempt(direction)), skipped=state.skipped, message=state.message)
