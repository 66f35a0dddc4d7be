"""The scope of a run in words."""

from __future__ import annotations

from joblog.scope import Scope
from syncadmin.sync.records import Direction, Side
from syncadmin.ui.formatting import DIRECTIONS, count


def scope_in_words(scope: Scope) -> str:
    """``All modified records``, ``3 records of Business Central, to Sales only, Business Central wins`` and the like."""
    created = "those without a match are created" if scope.create_new else ""
    fields = [f"{side.label} wins {name}" for name, side in scope.winners]
    marked = "couplings that differ are marked" if scope.compare else ""
    winner = f"{scope.use.label} wins" if scope.use else ""
    parts = [_records(scope), _ways(scope.directions), winner, *fields, created, marked, _first(scope)]
    return ", ".join(part for part in parts if part)


def _records(scope: Scope) -> str:
    named = [_number(len(scope.keys(side)), side) for side in Side if scope.keys(side)]
    if scope.pairs:
        return f"{count(len(scope.pairs))} pair{'s' if len(scope.pairs) != 1 else ''} of records"
    if named:
        return " and ".join(named)
    if scope.after_match:
        return "Records of the match-based coupling"
    if scope.match:
        return "All uncoupled records"
    if scope.unconditional:
        return "All records, whatever differs is overwritten"
    return "All records" if scope.full else "All modified records"


def _first(scope: Scope) -> str:
    named = " and ".join(f"{count(len(values))} of {mapping}" for mapping, values in scope.first)
    return f"after coupling {named}" if named else ""


def _number(number: int, side: Side) -> str:
    return f"{count(number)} record{'s' if number != 1 else ''} of {side.label}"


def _ways(directions: tuple[Direction, ...]) -> str:
    return f"{DIRECTIONS[directions[0]][1].lower().replace('sales', 'Sales')} only" if len(directions) == 1 else ""
