"""What previews that belong together would have coupled, for those that come after them (engine.md A11)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet

from joblog.models import EntryAction, JobType, SynchEntry, SynchJob
from joblog.scope import Scope
from mappings.couplings import PREVIEWED, DatabaseCouplings, couplings_of
from mappings.models import IntegrationTableMapping
from syncadmin.sync.couplings import Attempt, CouplingState, Ends
from syncadmin.sync.records import Direction, Side
from syncadmin.sync.touched import Touched
from syncadmin.sync.transfer import Reference, References

_COUPLING = "coupling"  # in the detail of an entry
_NEVER_SAVED = 0  # the id of a coupling that would be there


def couplings_for(job: SynchJob, mapping: IntegrationTableMapping) -> DatabaseCouplings:
    """The couplings that a job works with; for a preview with those that it, and the previews before it, would have made.

    The rules of the mapping see the same ones from now on.
    """
    mapping.previewed = None
    if job.type == JobType.PREVIEW:
        mapping.previewed = PreviewedCouplings(mapping, executions=(*Scope.from_json(job.scope).previews, job.log_entry_id or 0))
    return couplings_of(mapping)


def noted(item: Touched) -> dict[str, Any]:
    """What the entry of a previewed record has to keep of the coupling that it would have got; nothing for one that is coupled already."""
    state = item.coupling
    if state is None or state.id is not None or item.uncouple:
        return {}
    pending = state.pending.value if state.pending else ""
    kept = {"bc": state.bc.key, "sales": state.sales.key, "number": state.bc_number, "pending": pending}
    return {_COUPLING: {name: value for name, value in kept.items() if value}}


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two records that would be coupled: key and number in Business Central, key in Sales."""

    bc: str
    number: str
    sales: str

    def named(self, by: str) -> str:
        return {"bc_key": self.bc, "bc_number": self.number, "sales_key": self.sales}[by]


@dataclass(frozen=True)
class PreviewedCouplings(DatabaseCouplings):
    """Couplings as they would be after these executions, all of them previews."""

    executions: Sequence[int] = ()
    _known: dict[str, list[_Pair]] = field(default_factory=dict)  # by mapping name

    def for_records(self, side: Side, keys: Sequence[str]) -> dict[str, CouplingState]:
        known = super().for_records(side, keys)
        missing = [key for key in keys if key not in known]
        if not missing:
            return known
        as_source = Q(source_key__in=missing, job__direction=_from(side).value)
        as_destination = Q(destination_key__in=missing, job__direction=_from(side).opposite.value)
        rows = self._entries(self.mapping.name).filter(as_source | as_destination)
        states = [_state(row) for row in rows.select_related("job").order_by("id")]
        return {key: state for state in states if (key := state.end(side).key)} | known

    def references(self, direction: Direction, wanted: set[Reference]) -> References:
        known = dict(super().references(direction, wanted))
        for name in {name for name, _ in wanted - known.keys()}:
            for pair in self._pairs(name):
                own, other = (pair.number, pair.sales) if direction is Direction.TO_INTEGRATION else (pair.sales, pair.number)
                if (name, own) in wanted:
                    known.setdefault((name, own), other)
        return known

    def sales_keys(self, name: str, values: Sequence[str], *, by: str) -> dict[str, str]:
        known = super().sales_keys(name, values, by=by)
        missing = set(values) - known.keys()
        pairs = ((pair.named(by), pair.sales) for pair in self._pairs(name)) if missing else ()
        return known | {own: key for own, key in pairs if own in missing}

    def _pairs(self, name: str) -> list[_Pair]:
        """What previews before this one would have coupled, and this one so far."""
        if name == self.mapping.name or name not in self._known:
            rows = self._entries(name).exclude(action=EntryAction.FAILED)
            self._known[name] = [_pair(row) for row in rows.order_by("id")]
        return self._known[name]

    def _entries(self, name: str) -> QuerySet[SynchEntry]:
        """Entries of the mapping whose records are not coupled yet and would be, or would wait for it."""
        jobs = SynchJob.objects.filter(log_entry__in=self.executions, mapping__business_central=self.mapping.business_central_id)
        return SynchEntry.objects.filter(job__in=jobs.filter(mapping__name=name), detail__has_key=_COUPLING)


def _from(side: Side) -> Direction:
    return Direction.TO_INTEGRATION if side is Side.BUSINESS_CENTRAL else Direction.FROM_INTEGRATION


def _state(row: SynchEntry) -> CouplingState:
    """Needs ``row.job`` at hand."""
    kept, direction = row.detail[_COUPLING], Direction(row.job.direction)
    attempt = Attempt(failed=row.action == EntryAction.FAILED, error=f"{row.code}:" if row.code else "")
    state = CouplingState(
        id=_NEVER_SAVED,
        bc=Ends(kept.get("bc"), row.source_label if direction.source is Side.BUSINESS_CENTRAL else row.destination_label),
        sales=Ends(kept.get("sales"), row.source_label if direction.source is Side.SALES else row.destination_label),
        bc_number=kept.get("number", ""),
        pending=Direction(kept["pending"]) if "pending" in kept else None,
    )
    return state.with_attempt(direction, attempt)


def _pair(row: SynchEntry) -> _Pair:
    """A record that would be created has neither key nor number yet, and gets ones that nothing else has."""
    kept = row.detail[_COUPLING]
    new = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{row.job_id} {row.pk}"))
    return _Pair(kept.get("bc") or new, kept.get("number") or f"{PREVIEWED}{row.pk}", kept.get("sales") or new)
