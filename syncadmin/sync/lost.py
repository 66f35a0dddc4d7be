"""Inserts without an answer where the system chooses the key: looking for what may have been created (engine.md A2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from syncadmin.sync.plan import TablePlan
from syncadmin.sync.ports import Connector, Couplings
from syncadmin.sync.records import Direction, Record, Value
from syncadmin.sync.results import Write
from syncadmin.sync.values import canonical, display, same

_CLOCKS_APART = timedelta(minutes=5)  # our clock says when it was sent, the system's when it was created


@dataclass
class LostInserts:
    """Looks for records that were created by inserts whose answers were lost.

    After :meth:`look_for`, ``found`` has the one record that fits, ``doubtful`` says why a person has to choose; both by source key. A
    write in neither was looked for and does not exist.
    """

    plan: TablePlan
    direction: Direction
    destination: Connector
    couplings: Couplings
    found: dict[str, Record] = field(default_factory=dict)
    doubtful: dict[str, str] = field(default_factory=dict)

    def look_for(self, writes: Sequence[Write]) -> None:
        """By number where one was sent, else by name, among uncoupled records that are not older than the insert; one request per field."""
        groups: defaultdict[str, list[Write]] = defaultdict(list)
        for write in writes:
            groups[self._searched(write)].append(write)
        for write in groups.pop("", []):
            text = "The answer to creating this record was lost, and it has neither number nor name to look for. Couple it if it exists."
            self.doubtful[write.source.key] = text
        for name, group in groups.items():
            self._look_by(name, group)

    def _searched(self, write: Write) -> str:
        table = self.plan.table(self.direction.destination)
        return next((name for name in (table.number, table.caption) if name and write.decision.values.get(name) is not None), "")

    def _look_by(self, name: str, writes: Sequence[Write]) -> None:
        table, fields = self.plan.table(self.direction.destination), self.plan.fields(self.direction.destination)
        values = list(dict.fromkeys(display(write.decision.values[name]) for write in writes))
        records = self.destination.find_records(table, name, values, fields)
        coupled = self.couplings.for_records(self.direction.destination, [record.key for record in records])
        free = [record for record in records if record.key not in coupled]
        for write in writes:
            self._take(write, name, [other for other in writes if self._same(name, other.decision.values[name], write)], free)

    def _take(self, write: Write, name: str, rivals: Sequence[Write], free: Sequence[Record]) -> None:
        own = self.plan.table(self.direction.destination).fields[name]
        fitting = [one for one in free if self._same(name, canonical(one.values.get(name), own), write) and _not_older(one, write)]
        if len(fitting) == 1 and len(rivals) == 1:
            self.found[write.source.key] = fitting[0]
        elif fitting:
            wanted = display(write.decision.values[name])
            text = f"The answer to creating this record was lost, and {_counted(len(fitting))} of the name {wanted}. Couple the right one."
            self.doubtful[write.source.key] = text

    def _same(self, name: str, value: Value, write: Write) -> bool:
        return same(value, write.decision.values[name], self.plan.table(self.direction.destination).fields[name])


def _not_older(record: Record, write: Write) -> bool:
    since = write.coupling.pending_since
    return since is None or record.modified_at is None or record.modified_at >= since - _CLOCKS_APART


def _counted(number: int) -> str:
    return "there is one new record" if number == 1 else f"there are {number} new records"
