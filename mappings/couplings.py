"""The Couplings port on the database: whole pages per statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils import timezone

from mappings.models import Coupling, IntegrationTableMapping, SynchResult
from syncadmin.sync.couplings import Attempt, CouplingState, Ends, Hold
from syncadmin.sync.records import Direction, Side
from syncadmin.sync.transfer import Reference, References

PREVIEWED = "NEW-"
_KEY = {Side.BUSINESS_CENTRAL: "bc_key", Side.SALES: "sales_key"}
_SAVED = (
    "bc_key", "sales_key", "bc_number", "bc_label", "sales_label", "pending", "pending_since", "baseline", "bc_modified_at",
    "sales_modified_at", "bc_etag", "sales_etag", "to_result", "to_job_id", "to_error", "from_result", "from_job_id", "from_error",
    "last_error", "failed_at", "last_synch_at", "template_owed", "gone", "differs_since",
)  # fmt: skip


@dataclass(frozen=True)
class DatabaseCouplings:
    """The couplings of one mapping (syncadmin.sync.ports.Couplings)."""

    mapping: IntegrationTableMapping

    def for_records(self, side: Side, keys: Sequence[str]) -> dict[str, CouplingState]:
        rows = Coupling.objects.filter(mapping=self.mapping, **{f"{_KEY[side]}__in": list(keys)}) if keys else ()
        return {getattr(row, _KEY[side]): to_state(row) for row in rows}

    def others(self, side: Side, keys: Sequence[str]) -> list[CouplingState]:
        rows = Coupling.objects.filter(mapping=self.mapping, pending="").exclude(**{f"{_KEY[side]}__in": list(keys)})
        return [to_state(row) for row in rows.order_by("id")]

    def retry_set(self, direction: Direction, *, after: int, limit: int, before_job: int) -> list[tuple[int, str]]:
        failed, job = _attempt_columns(direction)
        rows = (
            Coupling.objects.filter(mapping=self.mapping, skipped=False, id__gt=after)
            .filter(_to_retry(direction, failed))
            .filter(Q(**{f"{job}__lt": before_job}) | Q(**{f"{job}__isnull": True}))
            .exclude(**{_KEY[direction.source]: None})
            .order_by("id")
            .values_list("id", _KEY[direction.source])[:limit]
        )
        return [(number, str(key)) for number, key in rows]

    def references(self, direction: Direction, wanted: set[Reference]) -> References:
        source, destination = ("bc_number", "sales_key") if direction is Direction.TO_INTEGRATION else ("sales_key", "bc_number")
        chosen = Q()
        for name in {name for name, _ in wanted}:
            chosen |= Q(**{"mapping__name": name, f"{source}__in": [value for owner, value in wanted if owner == name]})
        rows = Coupling.objects.filter(chosen, mapping__business_central=self.mapping.business_central_id, pending="")
        return {(name, value): found for name, value, found in rows.values_list("mapping__name", source, destination) if found}

    def sales_keys(self, name: str, values: Sequence[str], *, by: str) -> dict[str, str]:
        """Sales keys of coupled records of the mapping ``name`` of the same company, by ``bc_key``, ``bc_number`` or ``sales_key``."""
        rows = Coupling.objects.filter(mapping__name=name, mapping__business_central=self.mapping.business_central_id, pending="")
        found = rows.filter(**{f"{by}__in": list(values)}).exclude(sales_key=None).values_list(by, "sales_key") if values else ()
        return {str(own): str(key) for own, key in found}


def couplings_of(mapping: IntegrationTableMapping) -> DatabaseCouplings:
    """The couplings that a run of the mapping works with: in a preview also those that it, and previews before it, would have made."""
    known: DatabaseCouplings | None = mapping.previewed
    return known or DatabaseCouplings(mapping)


def is_previewed(number: str) -> bool:
    """Whether a number stands for a record that a preview would create, and Business Central would number."""
    return number.startswith(PREVIEWED)


def save_states(mapping_id: int, states: Sequence[CouplingState], *, job_id: int) -> list[CouplingState]:
    """Saves new and changed couplings, two statements, and three more where the run skips some; the same states with their ids, in order.

    ``job_id`` is the job that made them: what it attempted gets the time of now. Call it in a transaction. Whether a record is skipped is
    written only where the run has changed that, and no person has held or released the record since the run read it.

    Raises IntegrityError when a record is coupled to another one already (engine.md A16).
    """
    rows = [_to_row(mapping_id, state, job_id) for state in states]
    new = [row for row in rows if row.pk is None]
    if new:
        Coupling.objects.bulk_create(new)
    old = [row for state, row in zip(states, rows, strict=True) if state.id is not None]
    if old:
        old.sort(key=lambda row: row.pk)  # as people lock them, so that nobody waits for each other
        Coupling.objects.bulk_create(old, update_conflicts=True, unique_fields=["id"], update_fields=list(_SAVED))
        _save_skips([state for state in states if state.id is not None and state.skipped is not state.was_skipped])
    return [_with_id(state, row) for state, row in zip(states, rows, strict=True)]


def to_state(row: Coupling) -> CouplingState:
    """The engine's picture of a saved coupling."""
    return CouplingState(
        id=row.pk,
        bc=Ends(row.bc_key, row.bc_label, row.bc_etag, row.bc_modified_at),
        sales=Ends(row.sales_key, row.sales_label, row.sales_etag, row.sales_modified_at),
        bc_number=row.bc_number,
        pending=Direction(row.pending) if row.pending else None,
        pending_since=row.pending_since,
        skipped=row.skipped,
        baseline={pair: (values[0], values[1]) for pair, values in row.baseline.items()},
        to_sales=_attempt(row.to_result, row.to_job_id, row.to_error),
        from_sales=_attempt(row.from_result, row.from_job_id, row.from_error),
        message=row.last_error,
        origin=row.origin,
        template_owed=row.template_owed,
        synchronized_at=row.last_synch_at,
        failed_at=row.failed_at,
        gone=row.gone,
        was_skipped=row.skipped,
        hold=Hold(row.held_by, row.held_note, row.hold_changed_at),
    )


def _save_skips(states: Sequence[CouplingState]) -> None:
    """Compares with what the run had read, in rows that this transaction has locked."""
    if not states:
        return
    wanted = {state.id: state for state in states if state.id is not None}
    rows = Coupling.objects.filter(pk__in=list(wanted)).values_list("pk", "hold_changed_at")
    own = [wanted[pk] for pk, changed_at in rows if wanted[pk].hold.changed_at == changed_at]
    for skipped in (True, False):
        ids = [state.id for state in own if state.skipped is skipped and state.id]
        if ids:
            Coupling.objects.filter(pk__in=ids).update(skipped=skipped)


def _to_row(mapping_id: int, state: CouplingState, job_id: int) -> Coupling:
    now = timezone.now()
    attempts = [attempt for attempt in (state.to_sales, state.from_sales) if attempt.job_id == job_id]
    values: dict[str, Any] = {
        "bc_key": state.bc.key,
        "sales_key": state.sales.key,
        "bc_number": state.bc_number[:100],
        "bc_label": state.bc.label[:250],
        "sales_label": state.sales.label[:250],
        "pending": state.pending.value if state.pending else "",
        "pending_since": state.pending_since,
        "skipped": state.skipped,
        "held_by": state.hold.by,
        "held_note": state.hold.reason,
        "hold_changed_at": state.hold.changed_at,
        "baseline": {pair: list(both) for pair, both in state.baseline.items()},
        "bc_modified_at": state.bc.modified_at,
        "sales_modified_at": state.sales.modified_at,
        "bc_etag": state.bc.etag,
        "sales_etag": state.sales.etag,
        "last_error": state.message,
        "template_owed": state.template_owed,
        "gone": state.gone,
        "differs_since": None,  # whoever saves it has just looked at both records
        "failed_at": now if any(attempt.failed for attempt in attempts) else state.failed_at,
        "last_synch_at": now if any(attempt.succeeded for attempt in attempts) else state.synchronized_at,
    }
    return Coupling(
        pk=state.id, mapping_id=mapping_id, origin=state.origin, created_at=now, **values,
        **_result("to", state.to_sales), **_result("from", state.from_sales),
    )  # fmt: skip


def _with_id(state: CouplingState, row: Coupling) -> CouplingState:
    return state if state.id is not None else to_state(row)


def _attempt(result: str, job_id: int | None, error: str) -> Attempt:
    return Attempt(failed=result == SynchResult.FAILURE, succeeded=result == SynchResult.SUCCESS, job_id=job_id, error=error)


def _result(prefix: str, attempt: Attempt) -> dict[str, Any]:
    result = SynchResult.FAILURE if attempt.failed else SynchResult.SUCCESS if attempt.succeeded else SynchResult.NONE
    return {f"{prefix}_result": result, f"{prefix}_job_id": attempt.job_id, f"{prefix}_error": attempt.error}


def _to_retry(direction: Direction, failed: str) -> Q:
    """What failed, is not finished, or waits for the default dimensions of its template."""
    wanted = Q(**{failed: SynchResult.FAILURE}) | Q(pending=direction.value)
    return wanted | ~Q(template_owed="") if direction is Direction.FROM_INTEGRATION else wanted


def _attempt_columns(direction: Direction) -> tuple[str, str]:
    prefix = "to" if direction is Direction.TO_INTEGRATION else "from"
    return f"{prefix}_result", f"{prefix}_job_id"
