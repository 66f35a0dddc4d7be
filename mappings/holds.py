"""What people say about leaving records out: they hold them, and let them run again (engine.md section 9.3).

A run saves couplings that it has read before; what a person said meanwhile is told by ``hold_changed_at``, and stays
(mappings/couplings.py). Rows are locked in the order of their ids, as runs lock them. Call everything here in a transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from django.db.models import Q, QuerySet
from django.utils import timezone

from mappings.models import Coupling, SynchResult
from syncadmin.sync.couplings import CouplingState, Hold

_MAY_BE_SKIPPED = Q(skipped=True) | Q(to_result=SynchResult.FAILURE) | Q(from_result=SynchResult.FAILURE)


def hold(couplings: Iterable[int | None], *, by: str, reason: str = "") -> dict[int, bool]:
    """Skips these couplings until a person releases them; two statements. By id, of those that exist: whether somebody held it already,
    who goes on holding it then."""
    rows = Coupling.objects.filter(pk__in={pk for pk in couplings if pk})
    known = {pk: bool(holder) for pk, holder in _locked(rows).values_list("pk", "held_by")}
    new = [pk for pk, held in known.items() if not held]
    Coupling.objects.filter(pk__in=new).update(skipped=True, held_by=by, held_note=reason, hold_changed_at=timezone.now())
    return known


def release(rows: QuerySet[Coupling]) -> None:
    """Lets them run again, whoever or whatever skipped them; two statements. A run that has read one before, and fails, does not skip it:
    a person wants to have it tried."""
    ids = list(_locked(rows.filter(_MAY_BE_SKIPPED)).values_list("pk", flat=True))
    if ids:
        Coupling.objects.filter(pk__in=ids).update(skipped=False, held_by="", held_note="", hold_changed_at=timezone.now())


def carried_over(states: Sequence[CouplingState], displaced: Iterable[Coupling]) -> list[CouplingState]:
    """The states, of which new ones take the place of displaced couplings: what a person holds stays held."""
    holds = {key: row for row in displaced if row.held_by for key in (row.bc_key, row.sales_key) if key}
    return [_in_place_of(state, holds.get(state.bc.key or "") or holds.get(state.sales.key or "")) for state in states]


def _in_place_of(state: CouplingState, held: Coupling | None) -> CouplingState:
    if held is None or state.id is not None:
        return state
    return replace(state, skipped=True, hold=Hold(held.held_by, held.held_note, held.hold_changed_at))


def _locked(rows: QuerySet[Coupling]) -> QuerySet[Coupling]:
    return rows.order_by("pk").select_for_update(no_key=True)
