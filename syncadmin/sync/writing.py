"""Sending the decided writes of a page, and making sense of the answers: stale, lost, taken, refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from syncadmin.sync.couplings import Ends
from syncadmin.sync.decide import Decision, Kind
from syncadmin.sync.lost import LostInserts
from syncadmin.sync.pages import PageWork
from syncadmin.sync.records import Change, Insert, Modify, Outcome, Record, WriteResult
from syncadmin.sync.results import Write, taken
from syncadmin.sync.touched import Touched

_ROUNDS = 5  # a row that changes under our hands that often is left to the next run
_STOP = "The record keeps changing while it is being synchronized. The next run tries again."
_NO_ANSWER = "Creating the record was sent several times without an answer. The next run looks whether it has arrived."


@dataclass
class Writer:
    """Writes what a page decided. :meth:`write` gives what became of each record, :meth:`imagined` what would have."""

    work: PageWork
    new_key: Callable[[], str]
    now: Callable[[], datetime]
    done: list[Touched] = field(default_factory=list)
    waiting: list[Write] = field(default_factory=list)
    unsaved_keys: list[Write] = field(default_factory=list)
    no_answer: set[str] = field(default_factory=set)

    def imagined(self) -> list[Touched]:
        """The entries of a preview: nothing is sent (A11)."""
        return [*self.work.landed, *(self.work.results.good(write, None) for write in self.work.writes)]

    def write(self) -> list[Touched]:
        """Saves the intentions, sends the batches, reads again and decides again where the answer asks for it.

        When a system stops answering as a whole the error goes on to the caller, and :meth:`rescued` has what was certain until then.
        """
        self.done = list(self.work.landed)
        self.waiting = list(self.work.writes)
        if self.waiting:
            self.work.rules.before_write(self.work.direction, [write.source.key for write in self.waiting])
            self._announce()
        for _ in range(_ROUNDS):
            if not self.waiting:
                break
            self._round()
        self.done.extend(self._given_up(write) for write in self.waiting)
        return self._after()

    def rescued(self) -> list[Touched]:
        """What was answered before the run broke off; keys that a system has chosen meanwhile are saved with the pending couplings."""
        if self.unsaved_keys:
            self.work.journal.sending([self.work.results.intended(write) for write in self.unsaved_keys])
        return self._after()

    def _after(self) -> list[Touched]:
        return list(self.work.rules.after_write(self.work.direction, self.done)) if self.done else []

    def _announce(self) -> None:
        """Inserting is two steps: the pending coupling with its key is saved before the batch is sent (architecture.md section 3)."""
        chosen = self.work.plan.table(self.work.direction.destination).chosen_keys
        for write in self.waiting:
            if write.decision.kind is Kind.INSERT:
                write.key = write.key or (self.new_key() if chosen else "")
                since, owed = write.coupling.pending_since or self.now(), self._owed(write)
                write.coupling = replace(write.coupling, pending_since=since, template_owed=owed)
        saved = self.work.journal.sending([self.work.results.intended(write) for write in self.waiting])
        for write in self.waiting:
            write.coupling = saved.get(write.source.key, write.coupling)

    def _owed(self, write: Write) -> str:
        """The template whose default dimensions have to follow this insert, "" for none."""
        template = self.work.plan.template(self.work.direction.destination, write.decision.template)
        return template.code if template and template.dimensions else ""

    def _round(self) -> None:
        """One call for all inserts and one for all modifications; what they leave unclear waits for the next round."""
        new = [write for write in self.waiting if write.decision.kind is Kind.INSERT]
        old = [write for write in self.waiting if write.decision.kind is not Kind.INSERT]
        self.waiting = []
        unclear = [*(self._insert(new) if new else ()), *(self._modify(old) if old else ())]
        if unclear:
            self._look_again(unclear)

    def _insert(self, writes: Sequence[Write]) -> list[tuple[Write, WriteResult]]:
        table = self.work.plan.table(self.work.direction.destination)
        answers = self.work.destination.insert(table, [Insert(write.key, write.decision.values) for write in writes])
        unclear = []
        for write, answer in zip(writes, answers, strict=True):
            if answer.outcome is Outcome.DONE:
                self._inserted(write, answer)
            elif answer.outcome is Outcome.REFUSED:
                self._refused(write, answer)
            else:
                unclear.append((write, answer))
        return unclear

    def _inserted(self, write: Write, answer: WriteResult) -> None:
        """Done, or ready for the values that the destination takes only on update (A19)."""
        write.key = answer.key or write.key
        if not write.decision.later:
            self.done.append(self.work.results.good(write, answer))
            return
        values = {**write.decision.values, **answer.values}
        write.created, write.destination = True, Record(write.key, values, answer.etag, answer.modified_at)
        later = write.decision.later
        write.made = tuple(change for change in write.decision.changes if change.field not in later)
        write.decision = _only_later(write.decision)
        self.unsaved_keys.append(write)
        self.waiting.append(write)

    def _modify(self, writes: Sequence[Write]) -> list[tuple[Write, WriteResult]]:
        table = self.work.plan.table(self.work.direction.destination)
        rows = [Modify(write.key, (write.destination.etag if write.destination else "") or "*", write.decision.values) for write in writes]
        unclear = []
        for write, answer in zip(writes, self.work.destination.modify(table, rows), strict=True):
            if answer.outcome is Outcome.DONE:
                self._finish(write, self.work.results.good(write, answer))
            elif answer.outcome is Outcome.REFUSED:
                self._refused(write, answer)
            else:
                unclear.append((write, answer))
        return unclear

    def _finish(self, write: Write, touched: Touched) -> None:
        self.done.append(touched)
        self.unsaved_keys = [other for other in self.unsaved_keys if other is not write]

    def _refused(self, write: Write, answer: WriteResult) -> None:
        if write.decision.kind is Kind.INSERT:  # surely not created
            write.coupling = replace(write.coupling, pending_since=None, template_owed="")
            if answer.code == "duplicate":  # the next attempt must not take the record that has the key for its own
                write.coupling = write.coupling.with_end(self.work.direction.destination, Ends())
        text = answer.text or "The system refused the record without a reason."
        code, said = answer.code or "refused", answer.answer
        self._finish(write, self.work.results.failed(write, code, text, answer.fields, passing=answer.passing, answer=said))

    def _given_up(self, write: Write) -> Touched:
        code, text = ("unknown-result", _NO_ANSWER) if write.decision.kind is Kind.INSERT else ("changed-meanwhile", _STOP)
        return self.work.results.failed(write, code, text, passing=True)

    # ---- answers that settle nothing

    def _look_again(self, unclear: Sequence[tuple[Write, WriteResult]]) -> None:
        """Looks at the destination anew, and decides again."""
        lost = self._look_for_lost(unclear)
        side = self.work.direction.destination
        keys = [write.key for write, _ in unclear if write.key]
        present = self.work.destination.read_records(self.work.plan.table(side), keys, self.work.plan.fields(side)) if keys else {}
        for write, answer in unclear:
            there = present.get(write.key) or lost.found.get(write.source.key)
            if write.decision.kind is Kind.INSERT:
                self._insert_again(write, answer, there, lost)
            else:
                self._modify_again(write, there)

    def _look_for_lost(self, unclear: Sequence[tuple[Write, WriteResult]]) -> LostInserts:
        """Rows that exist under a name of ours are a lost insert only if one was lost before."""
        lost = LostInserts(self.work.plan, self.work.direction, self.work.destination, self.work.couplings)
        self.no_answer |= {write.source.key for write, answer in unclear if answer.outcome is Outcome.UNKNOWN}
        asked = [
            write for write, _ in unclear if not write.key and write.decision.kind is Kind.INSERT and write.source.key in self.no_answer
        ]
        if asked:
            lost.look_for(asked)
        return lost

    def _insert_again(self, write: Write, answer: WriteResult, present: Record | None, lost: LostInserts) -> None:
        if present is not None:
            self.work.review_created(write, present, write.decision.changes)
            self.unsaved_keys.append(write)
            self._continue(write)
        elif write.source.key in lost.doubtful:
            self.done.append(self.work.results.failed(write, "pending", lost.doubtful[write.source.key]))
        elif answer.outcome is Outcome.EXISTS:
            text = answer.text or "Another record has the same number or name already."
            self._refused(write, replace(answer, code=answer.code or "duplicate", text=text))
        else:
            self.waiting.append(write)

    def _modify_again(self, write: Write, present: Record | None) -> None:
        if present is None:
            gone = self.work.direction.destination
            text = f"The coupled record was deleted in {gone.label}."
            self._finish(write, self.work.results.failed(write, "deleted", text, gone=gone))
            return
        # A stale etag may be the one that our own write has left behind when its first answer was lost on the way.
        sent = taken(write.decision.changes, present, self.work.plan.table(self.work.direction.destination), whole=True)
        write.made = _together(write, sent)
        self.work.review(write, present)
        self._continue(write)

    def _continue(self, write: Write) -> None:
        """Sends the rest, or notes what became of the record."""
        if write.decision.values:
            self.waiting.append(write)
            return
        lists = (self.work.touched, self.work.landed)
        before = [len(one) for one in lists]
        self.work.place(write)
        for one, length in zip(lists, before, strict=True):
            for touched in one[length:]:
                self._finish(write, touched)
            del one[length:]


def _only_later(decision: Decision) -> Decision:
    """What is left of an insert after its first values were taken."""
    return replace(
        decision,
        kind=Kind.MODIFY,
        values=decision.later,
        later={},
        changes=tuple(change for change in decision.changes if change.field in decision.later),
        baseline={**decision.baseline, **decision.later_baseline},
        later_baseline={},
    )


def _together(write: Write, sent: Sequence[Change]) -> tuple[Change, ...]:
    return replace(write, decision=replace(write.decision, changes=tuple(sent))).changes
