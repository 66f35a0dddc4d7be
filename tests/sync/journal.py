"""The couplings and the journal in memory: kept as a database would, and the worker dies where it is told to."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from syncadmin.sync.couplings import CouplingState
from syncadmin.sync.records import Action, Change, Direction, Side
from syncadmin.sync.tables import Table
from syncadmin.sync.touched import Cursor, Touched
from syncadmin.sync.values import display
from tests.sync.memory import Killed


@dataclass
class Store:
    """The couplings of one mapping (syncadmin.sync.ports.Couplings), kept as a database would: baselines as JSON, keys unique."""

    states: dict[int, CouplingState] = field(default_factory=dict)
    known: dict[tuple[str, str], str] = field(default_factory=dict)

    def for_records(self, side: Side, keys: Sequence[str]) -> dict[str, CouplingState]:
        return {key: state for state in self.states.values() if (key := state.end(side).key) is not None and key in keys}

    def others(self, side: Side, keys: Sequence[str]) -> list[CouplingState]:
        return [state for state in self.states.values() if state.pending is None and state.end(side).key not in keys]

    def retry_set(self, direction: Direction, *, after: int, limit: int, before_job: int) -> list[tuple[int, str]]:
        found = []
        for number, state in sorted(self.states.items()):
            attempt = state.attempt(direction)
            due = (attempt.failed or state.pending is direction) and (attempt.job_id is None or attempt.job_id < before_job)
            key = state.end(direction.source).key
            if due and key and not state.skipped and number > after:
                found.append((number, key))
        return found[:limit]

    def references(self, direction: Direction, wanted: set[tuple[str, str]]) -> dict[tuple[str, str], str]:
        return {one: self.known[one] for one in wanted if one in self.known}

    def save(self, state: CouplingState) -> CouplingState:
        if state.id is None and state.pending is None:
            self._displace(state)
        number = state.id or max(self.states, default=0) + 1
        plain = json.loads(json.dumps({pair: list(both) for pair, both in state.baseline.items()}))
        saved = replace(state, id=number, baseline={pair: (both[0], both[1]) for pair, both in plain.items()})
        for side in Side:
            key = saved.end(side).key
            taken = {other.end(side).key for one, other in self.states.items() if one != number}
            assert key is None or key not in taken, f"{side.label} record {key} would be coupled twice"
        self.states[number] = saved
        return saved

    def _displace(self, new: CouplingState) -> None:
        """Inserts that never succeeded give way."""
        for number, state in list(self.states.items()):
            if state.pending is not None and any(state.end(side).key == new.end(side).key for side in Side):
                del self.states[number]

    def of(self, side: Side, key: str) -> CouplingState:
        return self.for_records(side, [key])[key]


@dataclass
class Job:
    """One synch job with its entries; ``failures`` names steps of the journal after which, or before which, the worker dies."""

    id: int
    direction: Direction
    execution: int
    store: Store
    table: Table
    preview: bool = False
    entries: dict[str, Touched] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    read: int = 0
    cursor: Cursor = field(default_factory=Cursor)
    done: bool = False
    others: list[Job] = field(default_factory=list)
    dies: list[str] = field(default_factory=list)
    transactions: list[str] = field(default_factory=list)
    follow_up: Callable[[Sequence[Touched]], Sequence[tuple[str, Sequence[str]]]] = lambda _: ()
    following: list[tuple[str, list[str]]] = field(default_factory=list)

    @property
    def job_id(self) -> int:
        return self.id

    def handled(self, keys: Sequence[str]) -> dict[str, Touched]:
        return {key: self.entries[key] for key in keys if key in self.entries}

    def failed_conflicts(self, direction: Direction, keys: Sequence[str]) -> set[str]:
        siblings = [job for job in self.others if job.execution == self.execution and job.direction is direction.opposite]
        found = {item.destination_key for job in siblings for item in job.entries.values() if item.code == "conflict"}
        return found & set(keys)

    def unsettled(self) -> list[Touched]:
        return [item for item in self.entries.values() if item.action is Action.SENDING]

    def sending(self, items: Sequence[Touched]) -> dict[str, CouplingState]:
        self._die("before sending")
        self.transactions.append("sending")
        assert not self.preview
        saved = {}
        for item in items:
            before = self.entries.get(item.source_key)
            assert before is None or before.action is Action.SENDING
            self.entries[item.source_key] = self._as_kept(item)
            if item.coupling is not None:
                saved[item.source_key] = self.store.save(item.coupling)
        self._die("after sending")
        return saved

    def expect(self, rows: int) -> None:
        self.expected = self.read + rows

    def settle(self, items: Sequence[Touched], *, read: int, cursor: Cursor) -> None:
        self._die("before settle")
        self.transactions.append("settle")
        keys = [item.source_key for item in items]
        assert len(set(keys)) == len(keys), "a record was settled twice in one page"
        good = [item for item in items if item.action not in (Action.FAILED, Action.SKIPPED)]
        self.following += [(name, list(keys)) for name, keys in self.follow_up(good)]
        for item in items:
            self._settle_one(item)
        self.read += read
        self.cursor = Cursor.from_json(json.loads(json.dumps(cursor.to_json())))
        self._die("after settle")

    def _settle_one(self, item: Touched) -> None:
        before = self.entries.pop(item.source_key, None)
        assert before is None or before.action is Action.SENDING, "a record was settled twice in one job"
        assert item.action is not Action.SENDING
        self.counts[item.action.value] += 1
        if item.action is not Action.UNCHANGED:
            self.entries[item.source_key] = self._as_kept(item)
        if self.preview:
            return
        if item.coupling is not None and item.uncouple:
            del self.store.states[item.coupling.id or 0]
        elif item.coupling is not None:
            self.store.save(item.coupling)

    def _as_kept(self, item: Touched) -> Touched:
        """Entries keep values as people read them."""
        changes = tuple(Change(one.field, display(one.old), display(one.new)) for one in item.changes)
        return replace(item, changes=changes, coupling=None)

    def _die(self, moment: str) -> None:
        if self.dies and self.dies[0] == moment:
            self.dies.pop(0)
            raise Killed

    def of(self, action: Action) -> list[Touched]:
        return [item for item in self.entries.values() if item.action is action]

    def only(self) -> Touched:
        (item,) = self.entries.values()
        return item

    def check(self) -> None:
        """The counters are sums of entries, and nothing is left open."""
        counted = Counter(item.action.value for item in self.entries.values())
        assert Action.SENDING.value not in counted
        assert counted == Counter({name: count for name, count in self.counts.items() if name != Action.UNCHANGED.value})
