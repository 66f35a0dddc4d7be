"""What a person is asked before something is synchronized or coupled by hand (engine.md sections 12 and 13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from mappings.models import Coupling, IntegrationTableMapping
from mappings.records import BOTH_CHANGED, BRINGS, FieldRow, RecordPage
from syncadmin.sync.plan import BIDIRECTIONAL
from syncadmin.sync.records import Direction, Side

TO, FROM = Direction.TO_INTEGRATION, Direction.FROM_INTEGRATION


class Choice(StrEnum):
    """Send and get let the values of one side win; merge carries the changes of both."""

    SEND = "send"
    GET = "get"
    MERGE = "merge"

    @property
    def directions(self) -> tuple[Direction, ...]:
        """Empty: all that the mapping has."""
        return {Choice.SEND: (TO,), Choice.GET: (FROM,), Choice.MERGE: ()}[self]

    @property
    def winner(self) -> Side | None:
        return self.directions[0].source if self.directions else None


_WAY = {TO: Choice.SEND, FROM: Choice.GET}
_FLOWS = {Side.BUSINESS_CENTRAL: {BIDIRECTIONAL, TO.value}, Side.SALES: {BIDIRECTIONAL, FROM.value}}


@dataclass(frozen=True, kw_only=True)
class Offer:
    """``choices`` in their order (none: nothing can be synchronized, ``text`` says why); ``preselected`` None means No. Where ``asks`` is
    false there is nothing to decide."""

    text: str
    choices: tuple[Choice, ...] = ()
    preselected: Choice | None = None
    asks: bool = True


@dataclass(frozen=True, kw_only=True)
class CouplingOffer:
    """How the dialog for a coupling opens: which way it synchronizes afterwards (None: not at all), and whether it offers Create New."""

    afterwards: Direction | None
    may_create: bool


def synchronize_offer(mapping: IntegrationTableMapping, page: RecordPage) -> Offer:
    """What Synchronize Now asks about this record."""
    if page.coupling is None or page.coupling.pending:
        return Offer(text=f"{page.title} is not coupled. Set up a coupling first.")
    if page.coupling.skipped:
        return Offer(text=_left_out(page, page.coupling))
    if page.bc_modified_at is None or page.sales_modified_at is None:
        return Offer(text=page.next_text)
    ways = mapping.directions
    return _one_way(ways[0], page) if len(ways) == 1 else _both_ways(page)


def coupling_offer(mapping: IntegrationTableMapping, coupling: Coupling | None) -> CouplingOffer:
    """How Set Up Coupling opens for a record of Business Central with this coupling."""
    coupled = coupling is not None and not coupling.pending
    default = TO if TO in mapping.directions else FROM
    return CouplingOffer(afterwards=None if coupled else default, may_create=not coupled and default is TO)


def _left_out(page: RecordPage, coupling: Coupling) -> str:
    if coupling.held_by or coupling.gone:
        return f"{page.title} is left out. {page.next_text}"
    return f"The synchronization of {page.title} has been skipped after repeated errors. Retry it from the skipped records."


def _one_way(way: Direction, page: RecordPage) -> Offer:
    choice, other = _WAY[way], way.destination
    written = [row for row in page.fields if row.mark == BRINGS[way]]
    lost = [row for row in written if _changed(row, other)]
    if not written and all(any(_changed(row, side) for row in page.fields) for side in Side):
        return Offer(text=f"Both records of {page.title} were changed, and agree.", choices=(choice,), preselected=choice, asks=False)
    verb = f"Send data update to {other.label}" if choice is Choice.SEND else f"Get data update from {way.source.label}"
    if lost:
        text = f"{page.title} was changed in {other.label}, too: {_labels(lost)} would be overwritten. {verb} for {page.title}?"
        return Offer(text=text, choices=(choice,))
    return Offer(text=f"{verb} for {page.title}?", choices=(choice,), preselected=choice)


def _both_ways(page: RecordPage) -> Offer:
    conflicts = [row for row in page.fields if row.mark == BOTH_CHANGED]
    if conflicts:
        text = f"{page.title} was changed on both sides: {_labels(conflicts)}. Choose whose values stay."
        return Offer(text=text, choices=(Choice.SEND, Choice.GET), preselected=Choice.SEND)
    changed = {side for side in Side if any(_changed(row, side) and row.direction in _FLOWS[side] for row in page.fields)}
    preselected = Choice.GET if changed == {Side.SALES} else Choice.SEND if changed == {Side.BUSINESS_CENTRAL} else Choice.MERGE
    return Offer(text=f"How shall {page.title} be synchronized?", choices=tuple(Choice), preselected=preselected)


def _changed(row: FieldRow, side: Side) -> bool:
    return row.bc_changed if side is Side.BUSINESS_CENTRAL else row.sales_changed


def _labels(rows: Sequence[FieldRow]) -> str:
    return ", ".join(row.label or row.integration_field for row in rows)
