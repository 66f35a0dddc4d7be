"""One page of source records, from couplings to decisions: whole pages at once, never a request or a statement per record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from syncadmin.sync.couplings import CouplingState, Ends
from syncadmin.sync.decide import Decision, Kind, Policy, decide_existing, decide_insert, source_unchanged, template_refused
from syncadmin.sync.lost import LostInserts
from syncadmin.sync.matching import Match, Verdict
from syncadmin.sync.partners import NOT_CREATED, PartnerSearch
from syncadmin.sync.plan import DeletionPolicy, TablePlan
from syncadmin.sync.ports import Connector, Couplings, Journal
from syncadmin.sync.records import Action, Change, Direction, Record
from syncadmin.sync.results import Results, Write, taken
from syncadmin.sync.rules import TableRules
from syncadmin.sync.touched import Touched
from syncadmin.sync.transfer import Reference, References, kept_references, wanted_references


@dataclass
class PageWork:
    """Sorts the records of a page: what is done without a write (``touched``), what turned out to be written already (``landed``), and
    what has to be written (``writes``)."""

    plan: TablePlan
    direction: Direction
    destination: Connector
    couplings: Couplings
    journal: Journal
    policy: Policy
    rules: TableRules
    explicit: bool = False  # a person named these records
    partners: PartnerSearch | None = None
    match_new: bool = False
    touched: list[Touched] = field(default_factory=list)
    landed: list[Touched] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    references: References = field(default_factory=dict)
    conflicts_failed: set[str] = field(default_factory=set)

    @property
    def results(self) -> Results:
        return Results(self.plan, self.direction, self.journal.job_id)

    def decide(self, records: Sequence[Record], *, interrupted: Mapping[str, Touched] | None = None) -> None:
        """Fills the three lists. ``interrupted`` are entries whose answers were lost, by the keys of these records."""
        if not records:
            return
        chosen = self.rules.prepare(self.direction, self.rules.select(self.direction, records))
        keys = [record.key for record in chosen]
        couplings = self.couplings.for_records(self.direction.source, keys)
        earlier = self.journal.handled(keys)
        if self.direction is Direction.FROM_INTEGRATION:
            self.conflicts_failed = self.journal.failed_conflicts(self.direction, keys)
        found = self._find_uncoupled(chosen, couplings)
        owners = self.couplings.for_records(self.direction.destination, list(found.values())) if found else {}
        matches = self._match([record for record in chosen if self._to_be_matched(record, couplings, found, earlier)])
        compare: list[Write] = []
        create: list[Write] = []
        quick: list[Write] = []
        for record in chosen:
            write = Write(record, couplings.get(record.key) or self._uncoupled(record), _UNDECIDED, earlier=earlier.get(record.key))
            if self._done_already(write, again=interrupted is not None) or self._is_taken(write, found, owners):
                continue
            if record.key not in matches or self._takes_match(write, matches[record.key]):
                self._sort(write, compare, create, quick, again=interrupted is not None)
        compare += self._note_unchanged(quick)
        self._decide_all(compare, create)
        self._note_leftovers(interrupted or {})
        self._name_missing()

    def review(self, write: Write, present: Record) -> None:
        """Decides a pair as it is now."""
        policy = replace(self.policy, ours=frozenset(change.field for change in write.made))
        if write.found and not write.matched:  # a rule's counterpart: "couple it and force" (engine.md section 6)
            policy = replace(policy, winner=policy.winner or self.direction.source)
        if write.source.key in self.conflicts_failed:
            policy = replace(policy, conflict_failed_already=True)
        write.destination = present
        write.decision = decide_existing(self.plan, self.direction, write.source, present, write.coupling, self.references, policy)

    def review_created(self, write: Write, present: Record, changes: Sequence[Change]) -> None:
        """Decides a record whose insert turned out to have happened; ``changes`` are what was sent."""
        write.created, write.key = True, present.key
        write.made = taken(changes, present, self.plan.table(self.direction.destination), whole=False)
        self.review(write, present)

    def place(self, write: Write) -> None:
        """Puts a decided record where it belongs: to the writes, or to what is done."""
        decision = write.decision
        if decision.values or decision.kind is Kind.INSERT:
            self.writes.append(write)
        elif decision.kind is Kind.FAIL and not decision.conflicts:
            self.touched.append(self.results.failed(write, decision.code, decision.text, decision.fields))
        elif decision.kind is Kind.SKIP and not (write.created or write.made):
            self.touched.append(self.results.yielded(write))
        else:
            done = self.results.good(write, None)
            (self.landed if write.created or write.made else self.touched).append(done)

    # ---- sorting by coupling

    def _find_uncoupled(self, chosen: Sequence[Record], couplings: Mapping[str, CouplingState]) -> dict[str, str]:
        """What the table's rule finds for records without coupling, and for those whose insert surely has not happened."""
        open_ones = [record for record in chosen if self._may_be_found(couplings.get(record.key))]
        return self.rules.find_uncoupled(self.direction, open_ones) if open_ones else {}

    def _may_be_found(self, coupling: CouplingState | None) -> bool:
        if coupling is None:
            return True
        return coupling.pending is self.direction and coupling.pending_since is None and not coupling.skipped

    def _is_taken(self, write: Write, found: Mapping[str, str], owners: Mapping[str, CouplingState]) -> bool:
        """Couples what was found; True (and noted) when that record belongs to another one (A16)."""
        key = found.get(write.source.key, "")
        if not key:
            return False
        others = [one for one, other in found.items() if other == key and one != write.source.key]
        owner = owners.get(key)
        if others or (owner is not None and owner.end(self.direction.source).key != write.source.key):
            text = "The record that belongs to it is coupled to another one, or claimed by another one. Couple them by hand."
            self.touched.append(self.results.note(write, Action.FAILED, code="already-coupled", text=text, destination_key=key))
            return True
        self._couple(write, Ends(key=key))
        return False

    def _couple(self, write: Write, end: Ends) -> None:
        """A coupling of its own, in place of the one of an insert that never succeeded."""
        write.found = True
        own = replace(write.coupling, id=None, pending=None, origin="match", template_owed="")
        write.coupling = own.with_end(self.direction.destination, end)

    # ---- matching before creating (engine.md section 14, A6)

    def _to_be_matched(
        self, record: Record, couplings: Mapping[str, CouplingState], found: Mapping[str, str], earlier: Mapping[str, Touched]
    ) -> bool:
        coupling, entry = couplings.get(record.key), earlier.get(record.key)
        if record.key in found or not self._may_be_found(coupling) or (entry is not None and entry.action is not Action.SENDING):
            return False
        if coupling is None:
            return self.match_new and not self.plan.only_coupled
        again = coupling.attempt(self.direction).job_id != self.journal.job_id
        return again and (self.match_new or coupling.error_code(self.direction) in NOT_CREATED)

    def _match(self, records: Sequence[Record]) -> dict[str, Match]:
        if self.partners is None or not records:
            return {}
        return {match.record.key: match for match in self.partners.decide(self.partners.search(records))}

    def _takes_match(self, write: Write, match: Match) -> bool:
        """Couples what matches; False (and noted) where a person has to choose, and nothing may be created."""
        if match.verdict is Verdict.COUPLE:
            partner = match.candidates[0]
            self._couple(write, Ends(partner.key, partner.label))
            write.matched = match.text
        elif match.verdict is Verdict.NO_MATCH:
            write.doubt = "" if match.certain else f"{match.text} {match.remedy}"
        else:
            self.touched.append(self.results.failed(write, match.verdict.value, f"{match.text} {match.remedy}", detail=match.detail))
            return False
        return True

    def _done_already(self, write: Write, *, again: bool) -> bool:
        """A record is handled once per job and direction, whatever phase reads it again."""
        if write.earlier is not None:
            return write.earlier.action is not Action.SENDING
        return not again and write.coupling.id is not None and write.coupling.attempt(self.direction).job_id == self.journal.job_id

    def _sort(self, write: Write, compare: list[Write], create: list[Write], quick: list[Write], *, again: bool) -> None:
        coupling = write.coupling
        if coupling.skipped:
            self.touched.append(self.results.skipped(write))
        elif coupling.id is None and not write.found:
            self._sort_uncoupled(write, create)
        elif coupling.pending is self.direction:
            create.append(write)
        elif self._is_quick(write, again=again):
            quick.append(write)
        else:
            compare.append(write)

    def _note_unchanged(self, quick: Sequence[Write]) -> list[Write]:
        """Those of the unchanged records that a rule wants to look at all the same; the others are done."""
        again = self.rules.look_again(self.direction, [write.source for write in quick]) if quick else ()
        done = [write.source.key for write in quick if write.source.key not in again]
        self.touched += [Touched(source_key=key, source_label="", action=Action.UNCHANGED) for key in done]
        return [write for write in quick if write.source.key in again]

    def _is_quick(self, write: Write, *, again: bool) -> bool:
        owed = write.coupling.attempt(self.direction).failed or bool(write.coupling.template_owed)
        if again or self.explicit or self.policy.unconditional or owed:
            return False
        return source_unchanged(self.plan, self.direction, write.source, write.coupling)

    def _sort_uncoupled(self, write: Write, create: list[Write]) -> None:
        if not self.plan.only_coupled:
            create.append(write)
        elif self.explicit:
            text = "The record is not coupled, and this mapping synchronizes only coupled records. Couple it first."
            self.touched.append(self.results.note(write, Action.SKIPPED, text=text))

    def _uncoupled(self, record: Record) -> CouplingState:
        source = Ends(key=record.key, label=self.plan.label(self.direction.source, record))
        empty = CouplingState(id=None, bc=Ends(), sales=Ends(), pending=self.direction, origin="insert")
        return empty.with_end(self.direction.source, source)

    def _note_leftovers(self, interrupted: Mapping[str, Touched]) -> None:
        """An interrupted record that takes part no more is settled too."""
        known = {item.source_key for item in (*self.touched, *self.landed)} | {write.source.key for write in self.writes}
        text = "The work on this record was interrupted, and it does not take part any more. Check the record on the other side."
        for key in interrupted.keys() - known:
            item = replace(interrupted[key], action=Action.FAILED, intended=None, code="interrupted", text=text, coupling=None)
            self.touched.append(item)

    def _name_missing(self) -> None:
        """Errors about references that are not coupled name the records that are meant, beside their keys: all of a page at once."""
        missing = {item.source_key: found for item in self.touched if (found := _missing(item))}
        names = self.rules.called(self.direction, {one for some in missing.values() for one in some}) if missing else {}
        if names:
            self.touched = [_naming(item, missing.get(item.source_key, ()), names) for item in self.touched]

    # ---- deciding with both records at hand

    def _decide_all(self, compare: list[Write], create: list[Write]) -> None:
        self._read_counterparts([*compare, *create])
        create = create + [write for write in compare if write.destination is None and self._restored(write)]
        pairs = [write for write in compare if write.destination is not None]
        wanted = wanted_references(self.plan, self.direction, [write.source for write in (*pairs, *create)])
        found = self.couplings.references(self.direction, wanted) if wanted else {}
        self.references = {**(self.rules.resolve(self.direction, wanted, found) if wanted else {}), **self._kept(pairs)}
        for write in pairs:
            self._decide_pair(write)
        new = self.rules.prepare_new(self.direction, [write.source for write in create]) if create else ()
        for write, record in zip(create, new, strict=True):
            write.source = record
        for write in create:
            write.decision = decide_insert(self.plan, self.direction, write.source, self.references)
        self._refuse_templates(create)
        lost = self._look_for_lost(create)
        for write in create:
            self._decide_new(write, lost)

    def _refuse_templates(self, create: Sequence[Write]) -> None:
        """What a template gives beside values is looked up before anything is created (engine.md section 10, A5)."""
        codes = {write.decision.template for write in create if write.decision.template}
        problems = self.rules.template_problems(self.direction, codes) if codes else {}
        for write in create:
            if write.decision.template in problems:
                write.decision = template_refused(problems[write.decision.template])

    def _kept(self, pairs: Sequence[Write]) -> References:
        there = [write.destination for write in pairs if write.destination is not None]
        wanted = kept_references(self.plan, self.direction, there)
        return self.couplings.references(self.direction.opposite, wanted) if wanted else {}

    def _read_counterparts(self, writes: Sequence[Write]) -> None:
        """A key that was chosen for an insert which surely has not happened is nobody's yet."""
        side = self.direction.destination
        keys = [key for write in writes if (key := write.coupling.end(side).key) and not _never_sent(write, self.direction)]
        present = self.destination.read_records(self.plan.table(side), keys, self.plan.fields(side)) if keys else {}
        for write in writes:
            write.key = write.coupling.end(side).key or ""
            write.destination = present.get(write.key)

    def _restored(self, write: Write) -> bool:
        """What the deletion policy says of a coupled record whose counterpart is gone (engine.md section 8, A7); True to create it anew."""
        policy = DeletionPolicy.NONE if self.explicit else self.plan.deletion_policy
        policy = DeletionPolicy.RESTORE if self.policy.restore else policy
        if policy is DeletionPolicy.RESTORE:
            coupling = write.coupling.with_end(self.direction.destination, Ends())
            write.key = self.rules.restored_key(write.key)
            write.coupling = replace(coupling, pending=self.direction, pending_since=None, baseline={})
            return True
        if policy is DeletionPolicy.REMOVE_COUPLING:
            self.touched.append(self.results.note(write, Action.UNCOUPLED, coupling=write.coupling, uncouple=True))
            return False
        where = self.direction.destination.label
        text = f"The coupled record was deleted in {where}. Restore it, remove the coupling, or delete this record too."
        self.touched.append(self.results.failed(write, "deleted", text, gone=self.direction.destination))
        return False

    def _decide_pair(self, write: Write) -> None:
        if write.destination is None:
            return
        if write.earlier is not None:
            table = self.plan.table(self.direction.destination)
            write.created = write.earlier.intended is Action.INSERTED
            write.made = taken(write.earlier.changes, write.destination, table, whole=not write.created)
        self.review(write, write.destination)
        self.place(write)

    def _look_for_lost(self, create: Sequence[Write]) -> LostInserts:
        """Where the system chooses keys, an insert that may have happened is looked for before it is sent again."""
        lost = LostInserts(self.plan, self.direction, self.destination, self.couplings)
        open_ones = [write for write in create if not write.key and write.coupling.pending_since and write.decision.kind is Kind.INSERT]
        if open_ones:
            lost.look_for(open_ones)
        return lost

    def _decide_new(self, write: Write, lost: LostInserts) -> None:
        present = write.destination or lost.found.get(write.source.key)
        if present is not None:  # the insert of an earlier attempt did arrive: go on as with any pair
            self.review_created(write, present, write.earlier.changes if write.earlier else write.decision.changes)
            self.place(write)
        elif write.source.key in lost.doubtful:
            self.touched.append(self.results.failed(write, "pending", lost.doubtful[write.source.key]))
        elif write.doubt and write.decision.kind is Kind.INSERT:
            self.touched.append(self.results.failed(write, Verdict.NO_MATCH.value, write.doubt))
        else:
            self.place(write)


def _missing(item: Touched) -> tuple[Reference, ...]:
    return tuple((one["mapping"], one["value"]) for one in item.detail.get("missing", ()))


def _naming(item: Touched, missing: Sequence[Reference], names: Mapping[Reference, str]) -> Touched:
    coupling = item.coupling
    if coupling is not None:
        coupling = replace(coupling, message=_with_names(coupling.message, missing, names))
    return replace(item, text=_with_names(item.text, missing, names), coupling=coupling)


def _with_names(text: str, missing: Sequence[Reference], names: Mapping[Reference, str]) -> str:
    for mapping, value in missing:
        if (mapping, value) in names:
            text = text.replace(value, f"{names[mapping, value]} ({value})", 1)
    return text


def _never_sent(write: Write, direction: Direction) -> bool:
    return write.coupling.pending is direction and write.coupling.pending_since is None and write.earlier is None


_UNDECIDED = Decision(kind=Kind.UNCHANGED)
