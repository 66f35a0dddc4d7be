"""The scope of a run: which records, which way, and how far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mappings.models import Coupling
from syncadmin.sync.records import Direction, Side

_OVERRULING = ("create_new", "synch_after", "only_coupled")


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Everything an entry says about its run beside the mapping.

    ``directions`` narrows the mapping's own directions (empty: all of them). ``bc_keys`` and ``sales_keys`` name records by their key on
    that side (both empty: the window by watermark). ``full`` reads everything, ``unconditional`` also overwrites what differs, ``use``
    names the side whose value wins, ``winners`` the one that wins a conflict in a single field (named as either side calls it).
    ``pairs`` are (Business Central key, Sales key) to couple; with ``move`` away from other records that they are coupled to.
    ``restore`` creates the missing counterparts of the named records anew, whatever the mapping says. ``first`` names records that have to
    be coupled before: (mapping, their keys or numbers on the side of the run's source).

    ``match`` makes a preview one of match-based coupling; ``create_new`` and ``synch_after`` overrule what the mapping does after it,
    ``after_match`` marks that synchronization. ``match`` and ``full`` together couple first and then synchronize everything.
    ``only_coupled`` overrules the mapping. ``previews`` are executions whose would-be couplings a preview counts with; ``compare`` makes a
    preview mark the couplings that differ.
    """

    directions: tuple[Direction, ...] = ()
    bc_keys: tuple[str, ...] = ()
    sales_keys: tuple[str, ...] = ()
    full: bool = False
    unconditional: bool = False
    use: Side | None = None
    winners: tuple[tuple[str, Side], ...] = ()
    pairs: tuple[tuple[str, str], ...] = field(default=())
    move: bool = False
    restore: bool = False
    first: tuple[tuple[str, tuple[str, ...]], ...] = ()
    match: bool = False
    compare: bool = False
    after_match: bool = False
    create_new: bool | None = None
    synch_after: bool | None = None
    only_coupled: bool | None = None
    previews: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """A plain structure with only what differs from the defaults; :meth:`from_json` reads it."""
        plain: dict[str, Any] = {
            "directions": [one.value for one in self.directions],
            "bc_keys": list(self.bc_keys),
            "sales_keys": list(self.sales_keys),
            "full": self.full,
            "unconditional": self.unconditional,
            "use": self.use.value if self.use else None,
            "winners": {name: side.value for name, side in self.winners},
            "pairs": [list(pair) for pair in self.pairs],
            "move": self.move,
            "restore": self.restore,
            "first": [[mapping, list(values)] for mapping, values in self.first],
            "match": self.match,
            "compare": self.compare,
            "after_match": self.after_match,
            "previews": list(self.previews),
        }
        overruled = {name: getattr(self, name) for name in _OVERRULING if getattr(self, name) is not None}
        return {name: value for name, value in plain.items() if value} | overruled

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Scope:
        """Raises ValueError for a direction or side that does not exist."""
        return cls(
            directions=tuple(Direction(one) for one in data.get("directions", ())),
            bc_keys=tuple(data.get("bc_keys", ())),
            sales_keys=tuple(data.get("sales_keys", ())),
            full=bool(data.get("full")),
            unconditional=bool(data.get("unconditional")),
            use=Side(data["use"]) if data.get("use") else None,
            winners=tuple((name, Side(side)) for name, side in data.get("winners", {}).items()),
            pairs=tuple((bc_key, sales_key) for bc_key, sales_key in data.get("pairs", ())),
            move=bool(data.get("move")),
            restore=bool(data.get("restore")),
            first=tuple((mapping, tuple(values)) for mapping, values in data.get("first", ())),
            match=bool(data.get("match")),
            compare=bool(data.get("compare")),
            after_match=bool(data.get("after_match")),
            previews=tuple(data.get("previews", ())),
            **{name: bool(data[name]) for name in _OVERRULING if data.get(name) is not None},
        )

    @classmethod
    def of_couplings(cls, couplings: Iterable[Coupling]) -> Scope:
        """The records of these couplings, each named by one side."""
        rows = list(couplings)
        return cls(
            bc_keys=tuple(row.bc_key for row in rows if row.bc_key),
            sales_keys=tuple(str(row.sales_key) for row in rows if not row.bc_key),
        )

    @property
    def explicit(self) -> bool:
        """Whether the run names its records instead of reading a window."""
        return bool(self.bc_keys or self.sales_keys or self.after_match)

    def keys(self, side: Side) -> tuple[str, ...]:
        return self.bc_keys if side is Side.BUSINESS_CENTRAL else self.sales_keys
