"""Match-based coupling: which uncoupled Business Central records belong to which Sales records (engine.md section 14, A6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from syncadmin.sync.criteria import Criterion
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


@dataclass(frozen=True, slots=True)
class Candidate:
    """A Sales record as people know it."""

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


@dataclass
class Matcher:
    """Finds partners among the Sales records that were added: criteria of one priority must all agree, priorities are independent."""

    plan: TablePlan
    criteria: Sequence[Criterion]
    _groups: list[_Group] = field(init=False)
    _candidates: dict[str, Candidate] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        grouped: defaultdict[int, list[Criterion]] = defaultdict(list)
        for criterion in self.criteria:
            grouped[criterion.priority].append(criterion)
        self._groups = [_Group(grouped[priority]) for priority in sorted(grouped)]

    def fields(self, side: Side) -> list[str]:
        """The fields to read from that side: those that are compared, and those that name a record to people."""
        table = self.plan.table(side)
        compared = [own.name for criterion in self.criteria for own in criterion.fields(side)]
        return [name for name in dict.fromkeys([*compared, table.number, table.caption]) if name in table.fields]

    def add(self, records: Iterable[Record]) -> None:
        """More Sales records to choose from; those that are coupled count too (engine.md section 14.4).

        One that is changed while it is read comes again on a later page, and counts as it was last.
        """
        for record in records:
            self._candidates[record.key] = Candidate(record.key, self.plan.label(Side.SALES, record))
            for group in self._groups:
                group.put(record)

    def search(self, record: Record, references: References) -> Search:
        """What a Business Central record matches; ``references`` are its looked-up values (criteria.wanted_lookups)."""
        found = tuple(self._found(group, record, references) for group in self._groups)
        return Search(record, self.plan.label(Side.BUSINESS_CENTRAL, record), found)

    def decide(self, searches: Iterable[Search], taken: Mapping[str, str]) -> list[Match]:
        """A verdict for each record in order. ``taken`` are Sales keys of coupled records with the label of their partner; of two records
        that meet the same partner here, the first gets it."""
        partners = dict(taken)
        return [self._verdict(search, partners) for search in searches]

    def _found(self, group: _Group, record: Record, references: References) -> Found:
        try:
            keys = group.find(record, references)
        except RecordError as error:
            return Found(0, (), "", error.text, refused=True)
        if keys is None:
            return Found(0, (), "", f"{group.labels} {'is' if len(group.criteria) == 1 else 'are'} blank.")
        first = tuple(self._candidates[key] for key in keys[:CANDIDATES_SHOWN])
        return Found(len(keys), first, group.words(record))

    def _verdict(self, search: Search, partners: dict[str, str]) -> Match:
        free = next((one for one in search.found if one.number == 1 and one.first[0].key not in partners), None)
        if free is not None:
            partners[free.first[0].key] = search.label
            return Match(search.record, Verdict.COUPLE, free.first, f"Matched by {free.by}.")
        several = next((one for one in search.found if one.number > 1), None)
        if several is not None:
            return Match(search.record, Verdict.AMBIGUOUS, several.first, self._ambiguous(several))
        single = next((one for one in search.found if one.number == 1), None)
        if single is not None:
            partner = partners[single.first[0].key]
            text = f"{single.first[0].label} matches by {single.by}, but is already coupled to {partner}."
            return Match(search.record, Verdict.TAKEN, single.first, text)
        return Match(search.record, Verdict.NO_MATCH, (), self._none(search), certain=not any(one.refused for one in search.found))

    def _ambiguous(self, several: Found) -> str:
        named = [one.label for one in several.first[:3]]
        rest = several.number - len(named)
        listed = ", ".join(named) + (f" and {rest} more" if rest else "")
        return f"{several.number} {self.plan.sales.label} records match by {several.by}: {listed}."

    def _none(self, search: Search) -> str:
        asked = ", nor by ".join(one.by for one in search.found if one.by)
        problems = list(dict.fromkeys(one.problem for one in search.found if one.problem))
        return " ".join([f"No {self.plan.sales.label} record matches by {asked}."] * bool(asked) + problems)


class _Group:
    """The criteria of one priority, and the values of all candidates for them."""

    def __init__(self, criteria: Sequence[Criterion]) -> None:
        self.criteria = criteria
        self._offered: dict[str, tuple[Value, ...]] = {}
        self._indexes: dict[tuple[int, ...], dict[tuple[Value, ...], list[str]]] = {}

    @property
    def labels(self) -> str:
        return " and ".join(criterion.label for criterion in self.criteria)

    def words(self, record: Record) -> str:
        """``Name (Adatum) and City (Atlanta)``, without what is blank."""
        return " and ".join(f"{one.label} ({shown})" for one in self.criteria if (shown := one.shown(record))) or self.labels

    def put(self, record: Record) -> None:
        self._offered[record.key] = tuple(criterion.offered(record) for criterion in self.criteria)
        self._indexes.clear()

    def find(self, record: Record, references: References) -> list[str] | None:
        """The keys of all candidates that agree; None where everything is blank. Blank values are left out (engine.md section 14.3).

        Raises RecordError where no record can agree.
        """
        wanted = [criterion.wanted(record, references) for criterion in self.criteria]
        filled = tuple(place for place, value in enumerate(wanted) if value is not None)
        if not filled:
            return None
        return self._index(filled).get(tuple(wanted[place] for place in filled), [])

    def _index(self, filled: tuple[int, ...]) -> dict[tuple[Value, ...], list[str]]:
        """Candidates by their values for these criteria; made when first needed, because few combinations of blanks occur."""
        if filled not in self._indexes:
            index: defaultdict[tuple[Value, ...], list[str]] = defaultdict(list)
            for key, values in self._offered.items():
                index[tuple(values[place] for place in filled)].append(key)
            self._indexes[filled] = dict(index)
        return self._indexes[filled]
