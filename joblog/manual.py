"""What a person does with selected records (engine.md section 12): synchronize, create, decide a conflict. What is left out, and why; the
rest in one job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.db import transaction

from joblog.link_jobs import KEY, read_ends, sides_there
from joblog.models import JobQueueEntry, RunKind, Trigger
from joblog.queue import Queue, enqueue
from joblog.scope import Scope
from mappings.changes import Person
from mappings.couplings import to_state
from mappings.holds import release
from mappings.models import Coupling, IntegrationTableMapping
from mappings.offers import Choice
from mappings.plans import build_plan
from mappings.systems import both_connected
from syncadmin.sync.decide import source_unchanged
from syncadmin.sync.errors import RunError
from syncadmin.sync.records import Direction, Record, Side

NOT_COUPLED = "not coupled"
SKIPPED = "skipped after repeated errors"
HELD = "held by a person"
MISSING = "skipped because a record is missing"
NEWER = "newer on the other side"
DELETED = "deleted on the other side"
COUPLED = "coupled already"


@dataclass(frozen=True)
class Scheduled:
    """How many of ``total`` records were scheduled, failed and were left out, with the reasons; ``entry`` is None where none was."""

    total: int
    scheduled: int
    failed: int
    skipped: int
    reasons: Mapping[str, int]
    entry: JobQueueEntry | None

    @property
    def message(self) -> str:
        """In words (M18)."""
        numbers = f"{self.scheduled} of {self.total} records; {self.failed} failed; {self.skipped} skipped."
        text = f"Synchronization has been scheduled for {numbers}"
        told = ", ".join(f"{number} {reason}" for reason, number in self.reasons.items())
        return f"{text} Left out: {told}." if told else text


def schedule_records(
    mapping: IntegrationTableMapping,
    side: Side,
    keys: Sequence[str],
    *,
    direction: Direction | None = None,
    user: Person = None,
    trigger: Trigger = Trigger.PERSON,
) -> Scheduled:
    """One job for those records of ``side`` that may be synchronized this way; None: all ways, so that nothing is overwritten.

    Reads both records of each coupling where a direction was chosen, and once more those that look newer on the other side. Raises
    RunError ``wrong-direction``, RetryLater.
    """
    if direction is not None:
        _refuse_wrong(mapping, direction)
    scope = Scope(directions=(direction,) if direction else (), use=direction.source if direction else None)
    wanted = list(dict.fromkeys(keys))
    return _schedule(mapping, side, wanted, _left_out(mapping, side, wanted, direction), scope, user=user, trigger=trigger)


def schedule_record(
    mapping: IntegrationTableMapping, side: Side, key: str, choice: Choice, *, user: Person = None, trigger: Trigger = Trigger.PERSON
) -> Scheduled:
    """One record, the way that a person has chosen (mappings.offers): also against a newer one. Raises RunError ``wrong-direction``."""
    for direction in choice.directions:
        _refuse_wrong(mapping, direction)
    scope = Scope(directions=choice.directions, use=choice.winner)
    return _schedule(mapping, side, [key], _left_out(mapping, side, [key], None), scope, user=user, trigger=trigger)


def create_new(
    mapping: IntegrationTableMapping, side: Side, keys: Sequence[str], *, user: Person = None, trigger: Trigger = Trigger.PERSON
) -> Scheduled:
    """Creates counterparts of these records of ``side`` on the other one, whatever the mapping says of uncoupled records.

    Those that are coupled are left out; a coupling whose counterpart is gone is replaced, also where it is skipped. Reads the records of
    couplings, two batches at most. Raises RunError ``wrong-direction``, RetryLater.
    """
    direction = next(way for way in Direction if way.source is side)
    _refuse_wrong(mapping, direction)
    wanted = list(dict.fromkeys(keys))
    rows = {str(getattr(row, KEY[side])): row for row in Coupling.objects.filter(mapping=mapping, **{f"{KEY[side]}__in": wanted})}
    reasons = dict.fromkeys(_whole(mapping, side, rows), COUPLED)
    scope = Scope(directions=(direction,), only_coupled=False, restore=True)
    with transaction.atomic():
        release(Coupling.objects.filter(pk__in=[row.pk for key, row in rows.items() if key not in reasons]))
        return _schedule(mapping, side, wanted, reasons, scope, user=user, trigger=trigger)


def keep_values(
    mapping: IntegrationTableMapping,
    side: Side,
    key: str,
    winners: Mapping[str, Side],
    *,
    user: Person = None,
    trigger: Trigger = Trigger.PERSON,
    queue: Queue = enqueue,
) -> JobQueueEntry:
    """Decides the conflict of one record field by field: ``winners`` names, by field of either side, the side whose value stays.

    A skip is lifted. A field of the conflict that is not named stays one.
    """
    scope = _scope_for(Scope(winners=tuple(winners.items())), side, (key,))
    with transaction.atomic():
        release(Coupling.objects.filter(mapping=mapping, **{KEY[side]: key}))
        return queue(mapping=mapping, run_kind=RunKind.SYNCHRONIZE, scope=scope, user=user, trigger=trigger)


def _refuse_wrong(mapping: IntegrationTableMapping, direction: Direction) -> None:
    if direction not in mapping.directions:
        raise RunError("wrong-direction", f"The mapping {mapping.name} is not configured for {direction.value} synchronization.")


def _schedule(
    mapping: IntegrationTableMapping,
    side: Side,
    wanted: Sequence[str],
    reasons: Mapping[str, str],
    scope: Scope,
    *,
    user: Person,
    trigger: Trigger,
) -> Scheduled:
    """One job for those without a reason to be left out."""
    chosen = tuple(key for key in wanted if key not in reasons)
    scope = _scope_for(scope, side, chosen)
    entry = enqueue(mapping=mapping, run_kind=RunKind.SYNCHRONIZE, scope=scope, user=user, trigger=trigger) if chosen else None
    counted = Counter(reasons.values())
    failed = counted[DELETED]
    return Scheduled(len(wanted), len(chosen), failed, len(reasons) - failed, dict(counted), entry)


def _scope_for(scope: Scope, side: Side, keys: tuple[str, ...]) -> Scope:
    return replace(scope, bc_keys=keys) if side is Side.BUSINESS_CENTRAL else replace(scope, sales_keys=keys)


def _whole(mapping: IntegrationTableMapping, side: Side, rows: Mapping[str, Coupling]) -> list[str]:
    """The keys of those whose counterpart exists."""
    both = {key: row for key, row in rows.items() if not row.pending and row.bc_key and row.sales_key}
    if not both:
        return []
    with both_connected(mapping) as connectors:
        found = read_ends(connectors, mapping, both.values())
    return [key for key, row in both.items() if side.other in sides_there(row, found)]


def _left_out(mapping: IntegrationTableMapping, side: Side, keys: Sequence[str], direction: Direction | None) -> dict[str, str]:
    """Why a record is left out, by key."""
    rows = Coupling.objects.filter(mapping=mapping, pending="", **{f"{KEY[side]}__in": keys}).exclude(bc_key=None).exclude(sales_key=None)
    couplings = {str(getattr(row, KEY[side])): row for row in rows}
    reasons = {key: NOT_COUPLED for key in keys if key not in couplings}
    reasons |= {key: _why_skipped(row) for key, row in couplings.items() if row.skipped}
    open_ones = {key: row for key, row in couplings.items() if key not in reasons}
    return reasons | (_against(mapping, open_ones, direction) if direction and open_ones else {})


def _why_skipped(row: Coupling) -> str:
    if row.held_by:
        return HELD
    return MISSING if row.gone else SKIPPED


def _against(mapping: IntegrationTableMapping, couplings: Mapping[str, Coupling], direction: Direction) -> dict[str, str]:
    with both_connected(mapping) as connectors:
        found = read_ends(connectors, mapping, couplings.values())
    reasons = {}
    for key, row in couplings.items():
        source = found[direction.source].get(str(getattr(row, KEY[direction.source])))
        destination = found[direction.destination].get(str(getattr(row, KEY[direction.destination])))
        if source is None or destination is None:
            reasons[key] = DELETED
        elif _is_newer(row, source, destination, direction):
            reasons[key] = NEWER
    newer = {key: row for key, row in couplings.items() if reasons.get(key) == NEWER}
    as_before = _as_before(mapping, newer, direction) if newer and direction.opposite in mapping.directions else set()
    return {key: reason for key, reason in reasons.items() if key not in as_before}


def _as_before(mapping: IntegrationTableMapping, couplings: Mapping[str, Coupling], direction: Direction) -> set[str]:
    """Those whose other side holds what was last synchronized, though its stamp is later: statistics, say, were written there."""
    plan, side = build_plan(mapping), direction.destination
    ends = {key: str(getattr(row, KEY[side])) for key, row in couplings.items()}
    with both_connected(mapping) as connectors:
        found = connectors[side].read_records(plan.table(side), list(ends.values()), plan.fields(side))
    rows = {key: (found.get(end), to_state(couplings[key])) for key, end in ends.items()}
    return {key for key, (record, state) in rows.items() if record and source_unchanged(plan, direction.opposite, record, state)}


def _is_newer(row: Coupling, source: Record, destination: Record, direction: Direction) -> bool:
    """Whether the other side has a change that this direction would overwrite, and the source none that is later."""
    if not _changed(row, destination, direction.destination):
        return False
    if not _changed(row, source, direction.source):
        return True
    return source.modified_at is not None and destination.modified_at is not None and destination.modified_at > source.modified_at


def _changed(row: Coupling, record: Record, side: Side) -> bool:
    etag, seen = (row.bc_etag, row.bc_modified_at) if side is Side.BUSINESS_CENTRAL else (row.sales_etag, row.sales_modified_at)
    if etag and etag == record.etag:
        return False
    # What an insert did not answer with is not known: then our clock at the last success has to do (section 12 allows for that).
    seen = seen or row.last_synch_at
    return record.modified_at is None or seen is None or record.modified_at > seen
