"""Which fields of two tables belong together, and what stands in the way of a pair: decided from metadata alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from syncadmin.sync.plan import BIDIRECTIONAL
from syncadmin.sync.records import Direction, Side
from syncadmin.sync.tables import Field, FieldType, Table

BAD, WARN = "bad", "warn"
TO, FROM = Direction.TO_INTEGRATION.value, Direction.FROM_INTEGRATION.value
_ALIKE_ENOUGH = 0.5

_TEXTS = frozenset({FieldType.TEXT, FieldType.CODE})
_NUMBERS = frozenset({FieldType.INTEGER, FieldType.DECIMAL})
_DAYS = frozenset({FieldType.DATE, FieldType.MOMENT})
_REFERENCES = frozenset({FieldType.LOOKUP, FieldType.GUID})
# Words of one meaning in the names of the two systems' fields.
_SAME_WORD = {
    "street": "line", "phone": "telephone", "telephone1": "telephone", "mail": "email", "emailaddress1": "email", "emailaddress": "email",
    "web": "website", "site": "website", "websiteurl": "website", "url": "website", "zip": "postal", "postalcode": "postal", "code": "",
    "stateorprovince": "state", "county": "state", "province": "state", "region": "country", "countryorregion": "country", "no": "number",
    "display": "", "main": "", "address1": "address", "1": "", "of": "", "or": "", "account": "", "transaction": "",
    "transactioncurrencyid": "currency", "mobilephone": "mobile", "firstname": "first", "lastname": "last", "jobtitle": "job",
    "title": "job", "middlename": "middle", "creditlimit": "limit", "credit": "", "fax": "fax",
}  # fmt: skip
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two fields by name, which way they go, and the mapping that carries a reference over."""

    field: str
    integration_field: str
    direction: str
    lookup: str = ""
    match: bool = False


@dataclass(frozen=True, slots=True)
class Remark:
    """``level`` is bad (the pair cannot run) or warn (some records may fail); ``text`` says it to people."""

    level: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A pair as a person wants it; a side without a field makes it a constant for the other one."""

    bc: Field | None
    sales: Field | None
    direction: str
    constant: str = ""
    lookup: str = ""
    options: bool = False
    transformation: bool = False
    truncate: bool = False

    def side(self, side: Side) -> Field | None:
        return self.bc if side is Side.BUSINESS_CENTRAL else self.sales

    @property
    def ways(self) -> tuple[Direction, ...]:
        return (Direction.TO_INTEGRATION, Direction.FROM_INTEGRATION) if self.direction == BIDIRECTIONAL else (Direction(self.direction),)


def propose(bc: Table, sales: Table, direction: str, lookups: Mapping[str, str]) -> list[Pair]:
    """Pairs by name and type for a mapping of this direction, the surest first; no field twice, and none that could not run.

    ``lookups`` are the mappings that carry references over, by the table of Sales that is referred to.
    """
    scored = sorted(_scored(bc, sales, direction, lookups), key=lambda one: -one[0])
    taken: set[str] = set()
    pairs = []
    for _, pair in scored:
        names = {f"bc {pair.field}", f"sales {pair.integration_field}"}
        if not names & taken:
            taken |= names
            pairs.append(pair)
    return pairs


def remarks(chosen: Chosen) -> list[Remark]:
    """What stands in the way of a pair, the worst first."""
    if chosen.bc is None and chosen.sales is None:
        return [Remark(BAD, "Choose a field on at least one side.")]
    found = [remark for way in chosen.ways for remark in _of_way(chosen, way)]
    return sorted(dict.fromkeys(found), key=lambda remark: remark.level != BAD)


def is_possible(chosen: Chosen) -> bool:
    return all(remark.level != BAD for remark in remarks(chosen))


def _scored(bc: Table, sales: Table, direction: str, lookups: Mapping[str, str]) -> Iterator[tuple[float, Pair]]:
    for own in _offered(bc):
        for other in _offered(sales):
            likeness = _likeness(own, other, bc, sales)
            if likeness < _ALIKE_ENOUGH:
                continue
            lookup = _lookup(other, lookups)
            way = _way(own, other, direction, lookup)
            if way:
                is_number = own.name == bc.number and other.name == sales.number
                yield likeness, Pair(field=own.name, integration_field=other.name, direction=way, lookup=lookup, match=is_number)


def _offered(table: Table) -> list[Field]:
    return [one for one in table.fields.values() if one.name not in {table.key, table.modified_on}]


def _lookup(other: Field, lookups: Mapping[str, str]) -> str:
    if other.type is not FieldType.LOOKUP:
        return ""
    return next((lookups[table] for table, _ in other.targets if table in lookups), "")


def _way(own: Field, other: Field, direction: str, lookup: str) -> str:
    """The widest way within the mapping's direction that could run, "" for none."""
    ways = (BIDIRECTIONAL, TO, FROM) if direction == BIDIRECTIONAL else (direction,)
    return next((way for way in ways if is_possible(Chosen(bc=own, sales=other, direction=way, lookup=lookup))), "")


def _likeness(own: Field, other: Field, bc: Table, sales: Table) -> float:
    """How much of their names two fields share, from 0 to 1; more for the fields that number and name the records."""
    if own.name == bc.number and other.name == sales.number:
        return 3.0
    if own.name == bc.caption and other.name == sales.caption:
        return 2.0
    mine, theirs = [_words(own.name), _words(own.label)], [_words(other.name), _words(other.label)]
    return max((len(one & two) / len(one | two) for one in mine for two in theirs if one and two), default=0.0)


@lru_cache(maxsize=8192)
def _words(text: str) -> frozenset[str]:
    """The words of a name or label, in one spelling for both systems."""
    raw = [part for chunk in re.split(r"[\s_:/.()-]+", text) for part in ([chunk] if chunk.lower() in _SAME_WORD else _WORD.findall(chunk))]
    return frozenset(word for part in raw if (word := _SAME_WORD.get(part.lower(), part.lower())))


def _of_way(chosen: Chosen, way: Direction) -> Iterator[Remark]:
    source, destination = chosen.side(way.source), chosen.side(way.destination)
    if destination is None:
        yield Remark(BAD, f"A constant goes to the side that has a field, which is {way.source.label}. Choose the other direction.")
        return
    yield from _writable(destination, way)
    if source is None:
        yield from _constant(chosen.constant, destination, way)
    else:
        yield from _types(chosen, source, destination, way)
        yield from _lengths(chosen, source, destination, way)


def _writable(destination: Field, way: Direction) -> Iterator[Remark]:
    name, system = _named(destination), way.destination.label
    if not destination.on_insert and not destination.on_update:
        yield Remark(BAD, f"{name} of {system} is read-only. Choose the direction that only reads it.")
    elif not destination.on_update:
        yield Remark(WARN, f"{name} of {system} is written when a record is created, and never changed afterwards.")


def _constant(text: str, destination: Field, way: Direction) -> Iterator[Remark]:
    if not text.strip():
        yield Remark(BAD, f"Give the constant value that {_named(destination)} of {way.destination.label} gets.")
    elif destination.options and destination.type is FieldType.OPTION:
        wanted = text.strip().casefold()
        if not any(wanted in (str(value).casefold(), label.casefold()) for value, label in destination.options):
            known = ", ".join(label or str(value) for value, label in destination.options)
            yield Remark(BAD, f"{_named(destination)} has no option “{text.strip()}”. It has: {known}.")


def _types(chosen: Chosen, source: Field, destination: Field, way: Direction) -> Iterator[Remark]:
    kinds = {source.type, destination.type}
    told = f"{_named(source)} is a {source.type.value}, {_named(destination)} of {way.destination.label} is a {destination.type.value}"
    if chosen.lookup:
        if not kinds & _REFERENCES:
            yield Remark(BAD, f"{told}: neither refers to another record. Leave the lookup mapping out.")
    elif chosen.options:
        if FieldType.OPTION not in kinds:
            yield Remark(BAD, f"{told}: neither is an option. Leave the option mapping out.")
    elif not chosen.transformation:
        level, reason = _difference(source, destination)
        if level:
            yield Remark(level, told + reason)


def _difference(source: Field, destination: Field) -> tuple[str, str]:
    """The level and the reason why a value of the one does not simply become one of the other; two blanks where it does."""
    one, other = source.type, destination.type
    if {one, other} & _REFERENCES:
        return BAD, ". A reference needs the lookup mapping that carries it over."
    if other is FieldType.OPTION:
        known = set(dict(source.options))
        fits = one is other and known and known <= set(dict(destination.options))
        return ("", "") if fits else (BAD, ". Options need an option mapping, or a transformation rule.")
    if one is other or {one, other} <= _DAYS or {one, other} <= _TEXTS:
        return "", ""
    if other in _TEXTS:
        return (WARN, ": it gets the stored value, not the caption.") if one is FieldType.OPTION else ("", "")
    if one in _TEXTS:
        return WARN, f": a record whose text is no {other.value} fails."
    if {one, other} <= _NUMBERS:
        return (WARN, ": a record with digits behind the point fails.") if other is FieldType.INTEGER else ("", "")
    return BAD, ". The one cannot become the other."


def _lengths(chosen: Chosen, source: Field, destination: Field, way: Direction) -> Iterator[Remark]:
    room = destination.max_length
    if room is None or chosen.truncate or chosen.lookup or chosen.options or source.type not in _TEXTS:
        return
    if source.max_length is None or source.max_length > room:
        most = f"up to {source.max_length} characters" if source.max_length else "any number of characters"
        yield Remark(
            WARN,
            f"{_named(source)} has {most}, {_named(destination)} of {way.destination.label} holds {room}. Longer ones fail, unless cut.",
        )


def _named(own: Field) -> str:
    return own.label or own.name
