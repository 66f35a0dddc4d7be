"""Looks among the records of the other side for those that uncoupled records belong to (engine.md section 14)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from syncadmin.sync.criteria import Criterion, wanted_lookups
from syncadmin.sync.matching import Match, Matcher, Search, Verdict
from syncadmin.sync.plan import TablePlan
from syncadmin.sync.ports import Connector, Couplings
from syncadmin.sync.records import Direction, Record, Side
from syncadmin.sync.transfer import References

# Why a record was not created though its mapping creates: it is searched for again before it may be (A6).
NOT_CREATED = frozenset({Verdict.AMBIGUOUS.value, Verdict.TAKEN.value, Verdict.NO_MATCH.value})
_PAGE = 1000

Select = Callable[[Sequence[Record]], Sequence[Record]]


def _all_of_them(records: Sequence[Record]) -> Sequence[Record]:
    return records


@dataclass
class PartnerSearch:
    """The search for partners of one direction's source records, for one slice of a run.

    All records of the other side inside its filter are read once, when the first record is searched for; ``select`` leaves out those that
    take no part. From Sales to Business Central two records are partners only if the search from Business Central, which the rules of
    matching speak of, finds the same pair.
    """

    plan: TablePlan
    direction: Direction
    connectors: Mapping[Side, Connector]
    couplings: Couplings
    criteria: Sequence[Criterion]
    select: Select = _all_of_them
    _matcher: Matcher = field(init=False)
    _candidates: dict[str, Record] = field(init=False, default_factory=dict)  # of Business Central
    _back: PartnerSearch | None = field(init=False, default=None)
    _reading: float = field(init=False, default=-1.0)  # seconds that reading the candidates took
    _ready_at: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._matcher = Matcher(self.plan, self.criteria, self.direction.source)
        if self.direction is Direction.FROM_INTEGRATION:
            self._back = PartnerSearch(self.plan, self.direction.opposite, self.connectors, self.couplings, self.criteria)

    @property
    def may_pause(self) -> bool:
        """Not before a slice has worked as long as it read the candidates, which every slice has to read for itself."""
        return self._reading < 0 or time.monotonic() - self._ready_at >= self._reading

    def fields(self, side: Side) -> list[str]:
        """What is compared or names a record, and what the table's rules look at."""
        known = self.plan.table(side).fields
        also = (name for name in self.plan.also_read.get(side, ()) if name in known)
        return list(dict.fromkeys([*self._matcher.fields(side), *also]))

    def search(self, records: Sequence[Record]) -> list[Search]:
        """What each of these source records matches, in order; a handful of requests for all of them."""
        if not records:
            return []
        self._read_candidates()
        references = self._references(self.direction.source, records)
        return [self._matcher.search(record, references) for record in records]

    def decide(self, searches: Sequence[Search]) -> list[Match]:
        """A verdict for each, as couplings are now.

        A record that was created for another one, and whose coupling is not complete yet, is taken.
        """
        keys = list(dict.fromkeys(candidate.key for search in searches for candidate in search.single))
        states = self.couplings.for_records(self.direction.destination, keys) if keys else {}
        ends = {key: state.end(self.direction.source) for key, state in states.items() if state.pending is not self.direction.opposite}
        taken = {key: end.label or end.key or "" for key, end in ends.items()}
        return self._matcher.decide(searches, taken, self._one_sided(searches, taken))

    def _one_sided(self, searches: Sequence[Search], taken: Mapping[str, str]) -> set[tuple[str, str]]:
        """Pairs (source key, candidate key) that the search from Business Central does not find."""
        pairs = {(search.record.key, one.key) for search in searches for one in search.single if one.key not in taken}
        if self._back is None or not pairs:
            return set()
        candidates = [self._candidates[key] for key in dict.fromkeys(key for _, key in pairs)]
        matches = self._back.decide(self._back.search(candidates))
        return pairs - {(match.candidates[0].key, match.record.key) for match in matches if match.verdict is Verdict.COUPLE}

    def _read_candidates(self) -> None:
        if self._reading >= 0:
            return
        begun, link = time.monotonic(), ""
        side = self.direction.destination
        table, condition, fields = self.plan.table(side), self.plan.filters.get(side, ""), self.fields(side)
        while True:
            page = self.connectors[side].read_changes(table, fields, condition=condition, link=link, page_size=_PAGE)
            candidates = self.select(page.records)
            self._matcher.add(candidates, self._references(side, candidates))
            if self._back is not None:
                self._candidates.update({record.key: record for record in candidates})
            link = page.next
            if not link:
                break
        self._ready_at = time.monotonic()
        self._reading = self._ready_at - begun

    def _references(self, side: Side, records: Sequence[Record]) -> References:
        """Only values of Business Central are looked up: they are compared in the terms of Sales."""
        wanted = wanted_lookups(self.plan, records) if side is Side.BUSINESS_CENTRAL else set()
        return self.couplings.references(Direction.TO_INTEGRATION, wanted) if wanted else {}
