"""Which uncoupled records of one side belong to which records of the other, by match criteria (engine.md section 14, A6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from syncadmin.sync.criteria import UNREADABLE, Criterion
from syncadmin.sync.errors import RecordError
from syncadmin.sync.plan import TablePlan
from syncadmin.sync.records import Record, Side, Value
from syncadmin.sync.transfer import References

CANDIDATES_SHOWN = 20  # of those that an ambiguous record may belong to


class Verdict(StrEnum):
    COUPLE = "couple"
    NO_MATCH = "no-match"
    AMBIGUOUS = "ambiguous"
    TAKEN = "taken"


_REMEDY = {
    Verdict.NO_MATCH: "Correct what is compared, or couple the record by hand.",
    Verdict.AMBIGUOUS: "Couple the right one by hand.",
    Verdict.TAKEN: "Couple the record by hand if it belongs to another one.",
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record that others may belong to, as people know it."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Found:
    """What the criteria of one priority found: how many, the first of them, and in words by which values."""

    number: int
    first: tuple[Candidate, ...]
    by: str
    problem: str = ""  # why nothing was compared
    refused: bool = False  # because a value cannot be carried over


@dataclass(frozen=True, slots=True)
class Search:
    """What was found for one record, by priority."""

    record: Record
    label: str
    found: tuple[Found, ...]

    @property
    def single(self) -> list[Candidate]:
        """Those to which the record may be coupled."""
        return [one.first[0] for one in self.found if one.number == 1]


@dataclass(frozen=True, slots=True)
class Match:
    """The verdict on one record: the partner to couple it with, or why it has none. ``candidates`` are the first of those that match.

    ``certain`` is false where something could not be compared: a partner may exist, and a new record would double it.
    """

    record: Record
    verdict: Verdict
    candidates: tuple[Candidate, ...]
    text: str
    certain: bool = True

    @property
    def remedy(self) -> str:
        """What a person can do where no partner was found."""
        return _REMEDY.get(self.verdict, "")

    @property
    def detail(self) -> Mapping[str, Any]:
        """The candidates for the entry of the record."""
        return {"candidates": [{"key": one.key, "label": one.label} for one in self.candidates]} if self.candidates else {}


@dataclass
class Matcher:
    """Finds partners for records of ``source`` among the other side's records that were added: criteria of one priority must all agree,
    priorities are independent.

    Which of two records agree does not depend on the side that searches: what is blank in Business Central is left out.
    """

    plan: TablePlan
    criteria: Sequence[Criterion]
    source: Side = Side.BUSINESS_CENTRAL
    _groups: list[_Group] = field(init=False)
    _candidates: dict[str, Candidate] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        grouped: defaultdict[int, list[Criterion]] = defaultdict(list)
        for criterion in self.criteria:
            grouped[criterion.priority].append(criterion)
        self._groups = [_Group(grouped[priority], self.source) for priority in sorted(grouped)]

    def fields(self, side: Side) -> list[str]:
        """The fields to read from that side: those that are compared, and those that name a record to people."""
        table = self.plan.table(side)
        compared = [own.name for criterion in self.criteria for own in criterion.fields(side)]
        return [name for name in dict.fromkeys([*compared, table.number, table.caption]) if name in table.fields]

    def add(self, records: Iterable[Record], references: References) -> None:
        """More records to choose from; those that are coupled count too (engine.md section 14.4).

        One that is changed while it is read comes again on a later page, and counts as it was last. ``references`` are the looked-up values
        of Business Central records (criteria.wanted_lookups); one that cannot be compared matches nothing.
        """
        for record in records:
            self._candidates[record.key] = Candidate(record.key, self.plan.label(self.source.other, record))
            for group in self._groups:
                group.put(record, references)

    def search(self, record: Record, references: References) -> Search:
        """What a record of the source matches; ``references`` as for :meth:`add`."""
        found = tuple(self._found(group, record, references) for group in self._groups)
        return Search(record, self.plan.label(self.source, record), found)

    def decide(self, searches: Iterable[Search], taken: Mapping[str, str], one_sided: Set[tuple[str, str]] = frozenset()) -> list[Match]:
        """A verdict for each record in order. ``taken`` are keys of coupled candidates with the label of their partner; of two records
        that meet the same candidate here, the first gets it. ``one_sided`` are pairs (record, candidate) that must not be coupled, because
        the candidate matches others as well: a person has to choose."""
        partners = dict(taken)
        return [self._verdict(search, partners, one_sided) for search in searches]

    def _found(self, group: _Group, record: Record, references: References) -> Found:
        try:
            keys = group.find(record, references)
        except RecordError as error:
            return Found(0, (), "", error.text, refused=True)
        if keys is None and all(one.optional for one in group.criteria):
            return Found(0, (), "")
        if keys is None:
            return Found(0, (), "", f"{group.labels} {'is' if len(group.criteria) == 1 else 'are'} blank.")
        first = tuple(self._candidates[key] for key in keys[:CANDIDATES_SHOWN])
        return Found(len(keys), first, group.words(record))

    def _verdict(self, search: Search, partners: dict[str, str], one_sided: Set[tuple[str, str]]) -> Match:
        singles = [one for one in search.found if one.number == 1]
        mutual = [one for one in singles if (search.record.key, one.first[0].key) not in one_sided]
        free = next((one for one in mutual if one.first[0].key not in partners), None)
        if free is not None:
            partners[free.first[0].key] = search.label
            return Match(search.record, Verdict.COUPLE, free.first, f"Matched by {free.by}.")
        several = next((one for one in search.found if one.number > 1), None)
        if several is not None:
            return Match(search.record, Verdict.AMBIGUOUS, several.first, self._ambiguous(several))
        if singles:
            return self._not_free(search.record, singles[0], partners)
        return Match(search.record, Verdict.NO_MATCH, (), self._none(search), certain=not any(one.refused for one in search.found))

    def _not_free(self, record: Record, found: Found, partners: Mapping[str, str]) -> Match:
        candidate = found.first[0]
        told = f"{candidate.label} matches by {found.by}, but"
        if candidate.key in partners:
            text = f"{told} is already coupled to {partners[candidate.key]}."
            return Match(record, Verdict.TAKEN, found.first, text)
        text = f"{told} matches other {self.plan.table(self.source).label} records as well."
        return Match(record, Verdict.AMBIGUOUS, found.first, text)

    def _ambiguous(self, several: Found) -> str:
        named = [one.label for one in several.first[:3]]
        rest = several.number - len(named)
        listed = ", ".join(named) + (f" and {rest} more" if rest else "")
        return f"{several.number} {self._searched} records match by {several.by}: {listed}."

    def _none(self, search: Search) -> str:
        asked = ", nor by ".join(one.by for one in search.found if one.by)
        problems = list(dict.fromkeys(one.problem for one in search.found if one.problem))
        return " ".join([f"No {self._searched} record matches by {asked}."] * bool(asked) + problems)

    @property
    def _searched(self) -> str:
        return self.plan.table(self.source.other).label


class _Group:
    """The criteria of one priority, and the values of all candidates for them."""

    def __init__(self, criteria: Sequence[Criterion], source: Side) -> None:
        self.criteria, self.source = criteria, source
        self._offered: dict[str, _Values] = {}
        self._combinations: list[_Places] = []
        self._indexes: dict[_Places, dict[_Values, list[str]]] = {}

    @property
    def labels(self) -> str:
        return " and ".join(criterion.label for criterion in self.criteria)

    def words(self, record: Record) -> str:
        """``Name (Adatum) and City (Atlanta)``, without what is blank."""
        shown = ((one.label, one.shown(self.source, record)) for one in self.criteria)
        return " and ".join(f"{label} ({value})" for label, value in shown if value) or self.labels

    def put(self, record: Record, references: References) -> None:
        self._offered[record.key] = tuple(_offered(one, self.source.other, record, references) for one in self.criteria)
        self._combinations.clear()
        self._indexes.clear()

    def find(self, record: Record, references: References) -> list[str] | None:
        """The keys of all candidates that agree; None where everything is blank. What is blank in Business Central is left out
        (engine.md section 14.3).

        Raises RecordError where no record can agree.
        """
        values = tuple(_value(one, self.source, record, references) for one in self.criteria)
        if self.source is Side.BUSINESS_CENTRAL:
            filled = _filled(values)
            return self._agreeing(filled, values) if filled else None
        if all(value is UNREADABLE for value in values):
            return None
        # Which criteria the candidates have filled in; few combinations occur.
        self._combinations = self._combinations or list(dict.fromkeys(_filled(offered) for offered in self._offered.values()))
        return [key for filled in self._combinations if filled for key in self._agreeing(filled, values)]

    def _agreeing(self, filled: _Places, values: _Values) -> list[str]:
        """Candidates that agree in these criteria; of those of Business Central only the ones that have just these filled in."""
        if filled not in self._indexes:
            index: defaultdict[_Values, list[str]] = defaultdict(list)
            for key, offered in self._offered.items():
                if self.source is Side.BUSINESS_CENTRAL or _filled(offered) == filled:
                    index[_at(filled, offered)].append(key)
            self._indexes[filled] = dict(index)
        return self._indexes[filled].get(_at(filled, values), [])


_Values = tuple[Value, ...]
_Places = tuple[int, ...]  # of criteria in their group
_INCOMPARABLE = object()  # equals nothing that is searched for


def _value(criterion: Criterion, side: Side, record: Record, references: References) -> Value:
    return criterion.wanted(record, references) if side is Side.BUSINESS_CENTRAL else criterion.offered(record)


def _offered(criterion: Criterion, side: Side, record: Record, references: References) -> Value:
    try:
        return _value(criterion, side, record, references)
    except RecordError:
        return _INCOMPARABLE


def _filled(values: _Values) -> _Places:
    return tuple(place for place, value in enumerate(values) if value is not None)


def _at(places: _Places, values: _Values) -> _Values:
    return tuple(values[place] for place in places)
