"""One execution of a mapping: a synch job per direction, to Sales first, each run by the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from joblog.claims import Claim
from joblog.follow_ups import next_follow_up, remember, wait_for_others
from joblog.job_story import begins, finished
from joblog.journal import DatabaseJournal
from joblog.log_lines import about
from joblog.models import JobQueueEntry, JobQueueLogEntry, JobStatus, JobType, SynchJob
from joblog.opening import opening_values
from joblog.previews import couplings_for
from joblog.scope import Scope
from mappings.couplings import DatabaseCouplings
from mappings.models import Coupling, IntegrationTableMapping
from mappings.plans import build_plan
from mappings.rules.currencies import with_local_currency
from mappings.rules.registry import rules_for
from mappings.systems import both_connected
from mappings.transformations import refresh_lookups
from syncadmin.sync.criteria import criteria_of
from syncadmin.sync.decide import Policy
from syncadmin.sync.engine import Run, synchronize
from syncadmin.sync.errors import RunError
from syncadmin.sync.partners import PartnerSearch
from syncadmin.sync.plan import TablePlan
from syncadmin.sync.records import Direction, Side
from syncadmin.sync.touched import DONE, EXPLICIT, Cursor
from syncadmin.sync.watermark import moved, window_start


def synchronize_mapping(
    entry: JobQueueEntry,
    execution: JobQueueLogEntry,
    claim: Claim,
    pause: Callable[[], bool],
    *,
    preview: bool = False,
    records: Mapping[Direction, tuple[str, ...]] | None = None,
) -> bool:
    """Runs every direction of the entry's scope that is not done yet; False when ``pause`` stopped it in between.

    ``records`` are the source keys of each direction of the scope, where they are too many for the scope to name them; in every slice of
    an execution the same. Raises RetryLater, RunError and ClaimLost. A run that cannot start leaves a job with the reason (A18).
    """
    mapping = entry.mapping
    if mapping is None:
        raise RunError("no-mapping", "The job queue entry names no mapping.")
    scope = Scope.from_json(entry.parameters)
    ways = _directions(mapping, scope)
    if not ways:
        raise RunError("wrong-direction", f"The mapping {mapping.name} is not configured for {scope.directions[0].value} synchronization.")
    first = open_job(entry, execution, mapping, scope, ways[0], preview=preview)
    refresh_lookups(mapping, since=execution.started_at)
    plan = build_plan(mapping, only_coupled=scope.only_coupled)
    with both_connected(mapping) as connectors:
        if not preview:
            plan = with_local_currency(plan, mapping, connectors)
        for direction in ways:
            keys = _source_keys(mapping, scope, direction) if records is None else records[direction]
            if scope.explicit and not keys and len(ways) > 1:
                _drop_empty(first, direction)
                continue
            job = open_job(entry, execution, mapping, scope, direction, preview=preview)
            if job.status != JobStatus.IN_PROCESS:
                continue
            if not _one_direction(job, claim, plan, connectors, scope, keys, pause):
                return False
    return _follow_ups(execution, mapping, claim, pause)


def open_job(
    entry: JobQueueEntry,
    execution: JobQueueLogEntry,
    mapping: IntegrationTableMapping,
    scope: Scope,
    direction: Direction,
    *,
    preview: bool,
) -> SynchJob:
    """The execution's job for this direction, as far as it is; a new one at the beginning."""
    kind = JobType.PREVIEW if preview else JobType.FULL if scope.full or scope.unconditional else JobType.SYNCHRONIZATION
    job, _ = SynchJob.objects.get_or_create(
        log_entry=execution,
        mapping=mapping,
        direction=direction.value,
        type=kind,
        defaults={
            **opening_values(mapping, direction, trigger=entry.trigger, user_name=execution.user_name),
            "scope": entry.parameters,
            "watermark_before": mapping.watermark(direction),
        },
    )
    return job


def _directions(mapping: IntegrationTableMapping, scope: Scope) -> tuple[Direction, ...]:
    """The ways to run, to Sales first; the side whose value wins goes first, so that the other way finds nothing left to decide.

    None where the mapping does not go the asked way (M10).
    """
    chosen = tuple(one for one in mapping.directions if not scope.directions or one in scope.directions)
    return chosen[::-1] if scope.use is Side.SALES else chosen


def _source_keys(mapping: IntegrationTableMapping, scope: Scope, direction: Direction) -> tuple[str, ...] | None:
    """The named records as the source of this direction knows them; None for a run of the whole mapping."""
    if not scope.explicit:
        return None
    own, other = ("bc_key", "sales_key") if direction.source is Side.BUSINESS_CENTRAL else ("sales_key", "bc_key")
    partners = Coupling.objects.filter(mapping=mapping, **{f"{other}__in": scope.keys(direction.destination)}).exclude(**{own: None})
    return tuple(dict.fromkeys([*scope.keys(direction.source), *partners.values_list(own, flat=True)]))


def _drop_empty(job: SynchJob, direction: Direction) -> None:
    if job.direction == direction.value and job.status == JobStatus.IN_PROCESS:
        job.delete()


def _follow_ups(execution: JobQueueLogEntry, mapping: IntegrationTableMapping, claim: Claim, pause: Callable[[], bool]) -> bool:
    """Runs the jobs that the jobs of the mapping have asked for; False when ``pause`` stopped one."""
    while job := next_follow_up(execution, mapping):
        if job.mapping is None:
            raise RunError("no-mapping", f"The mapping {job.mapping_name} was deleted.")
        wait_for_others(job.mapping, claim.entry_id)
        scope = Scope.from_json(job.scope)
        refresh_lookups(job.mapping, since=execution.started_at)
        plan = build_plan(job.mapping)
        keys = scope.keys(Direction(job.direction).source)
        with both_connected(job.mapping) as connectors:
            if job.type != JobType.PREVIEW:
                plan = with_local_currency(plan, job.mapping, connectors)
            if not _one_direction(job, claim, plan, connectors, scope, keys, pause):
                return False
    return True


def _first(job: SynchJob, claim: Claim, name: str, keys: Sequence[str]) -> None:
    """Synchronizes, and creates, records of another mapping that records of this job refer to, as a job of the same execution."""
    remember(job, [(name, keys)])
    waiting = SynchJob.objects.filter(log_entry=job.log_entry, mapping__name=name, status=JobStatus.IN_PROCESS)
    first = waiting.select_related("mapping__business_central", "mapping__sales").order_by("-id").first()
    if first is None or first.mapping is None:
        return
    wait_for_others(first.mapping, claim.entry_id)
    plan = build_plan(first.mapping, only_coupled=False)
    with both_connected(first.mapping) as connectors:
        plan = with_local_currency(plan, first.mapping, connectors)
        _one_direction(first, claim, plan, connectors, Scope.from_json(first.scope), tuple(keys), lambda: False, match_new=True)


def _one_direction(
    job: SynchJob,
    claim: Claim,
    plan: TablePlan,
    connectors: Mapping[Side, Any],
    scope: Scope,
    keys: tuple[str, ...] | None,
    pause: Callable[[], bool],
    *,
    match_new: bool = False,
) -> bool:
    """Runs a direction from the job's cursor; True when it is done, its job finished and the watermark moved.

    ``match_new`` searches for existing counterparts before anything is created, as every full run that creates does.
    """
    mapping = job.mapping
    if mapping is None:
        raise RunError("no-mapping", f"The mapping {job.mapping_name} was deleted.")
    with about(job=job.pk, mapping=job.mapping_name):
        mapping.refresh_from_db(fields=["bc_watermark", "sales_watermark", "bc_read_at", "sales_read_at"])
        direction = Direction(job.direction)
        traffic = traffic_from_now(connectors)
        everything = scope.full or scope.unconditional
        watermark, read_at = mapping.watermark(direction), _read_at(mapping, direction)
        couplings = couplings_for(job, mapping)
        rules = rules_for(mapping, plan, connectors)
        rules.may_write = job.type != JobType.PREVIEW
        rules.synchronize_first = partial(_first, job, claim) if rules.may_write else None
        journal = DatabaseJournal(job, claim, plan, traffic, partial(rules.follow_up, direction))
        since = None if everything else window_start(direction.source, watermark, read_at)
        begins(job, since, reads_window=keys is None)
        run = Run(
            plan=plan,
            direction=direction,
            connectors=connectors,
            couplings=couplings,
            journal=journal,
            policy=Policy(unconditional=scope.unconditional, winner=scope.use, winners=_winners(plan, scope), restore=scope.restore),
            rules=rules,
            keys=keys,
            since=since,
            read_at=None if everything else read_at,
            partners=_partners(mapping, plan, direction, connectors, couplings),
            match_new=match_new or (scope.full and not plan.only_coupled),
            preview=job.type == JobType.PREVIEW,
            pause=pause,
            new_key=rules.new_key,
        )
        cursor = synchronize(run, Cursor.from_json(job.cursor))
        if cursor.phase != DONE:
            return False
        timings = journal.timings()
        after = _finish(job, claim, cursor, explicit=keys is not None, traffic=traffic(), timings=timings)
        finished(job, journal.counts, watermark=after, seconds=timings)
        return True


def _partners(
    mapping: IntegrationTableMapping,
    plan: TablePlan,
    direction: Direction,
    connectors: Mapping[Side, Any],
    couplings: DatabaseCouplings,
) -> PartnerSearch | None:
    """The search for existing counterparts by the mapping's match criteria; None where it has none."""
    others = rules_for(mapping, plan, connectors)  # an object of its own: candidates are of the other direction
    criteria = [*criteria_of(plan)[0], *others.criteria(plan)]
    if not criteria:
        return None
    select = partial(others.select, direction.opposite)
    return PartnerSearch(plan, direction, connectors, couplings, criteria, select)


def _winners(plan: TablePlan, scope: Scope) -> dict[str, Side]:
    """The sides that win single fields, by the pairs of the plan. Raises RunError for a field that cannot conflict."""
    found: dict[str, Side] = {}
    for name, side in scope.winners:
        pairs = [rule.pair for rule in plan.rules if plan.two_way(rule) and name in rule.pair.split("|")]
        if not pairs:
            raise RunError("unknown-field", f"The mapping {plan.name} has no enabled field mapping both ways with the field {name}.")
        found |= dict.fromkeys(pairs, side)
    return found


def _finish(
    job: SynchJob, claim: Claim, cursor: Cursor, *, explicit: bool, traffic: tuple[int, int], timings: dict[str, float]
) -> datetime | None:
    """The job is Finished; the watermark, which comes back, moves, because the read has completed (architecture.md section 3)."""
    direction = Direction(job.direction)
    with transaction.atomic():
        claim.hold()
        after = job.watermark_before
        mapping = job.mapping
        if mapping is not None and not explicit and job.type != JobType.PREVIEW and cursor.phase != EXPLICIT:
            after = moved(mapping.watermark(direction), cursor.newest, cursor.cap)
            side = "bc" if direction.source is Side.BUSINESS_CENTRAL else "sales"
            IntegrationTableMapping.objects.filter(pk=mapping.pk).update(**{f"{side}_watermark": after, f"{side}_read_at": cursor.cap})
        SynchJob.objects.filter(pk=job.pk).update(
            status=JobStatus.FINISHED, finished_at=timezone.now(), phase="", message="", watermark_after=after, cursor=cursor.to_json(),
            timings=timings,
        )  # fmt: skip
        count_requests(job.pk, traffic, job)
    return after


def traffic_from_now(connectors: Mapping[Side, Any]) -> Callable[[], tuple[int, int]]:
    """Tells how many requests were sent since now, to Business Central and to Sales."""
    before = {side: connector.requests for side, connector in connectors.items()}

    def traffic() -> tuple[int, int]:
        since = {side: connector.requests - before[side] for side, connector in connectors.items()}
        return since[Side.BUSINESS_CENTRAL], since[Side.SALES]

    return traffic


def count_requests(job_id: int, traffic: tuple[int, int], job: SynchJob) -> None:
    """Keeps the requests of this slice on top of what earlier slices had sent."""
    SynchJob.objects.filter(pk=job_id).update(bc_requests=job.bc_requests + traffic[0], sales_requests=job.sales_requests + traffic[1])


def _read_at(mapping: IntegrationTableMapping, direction: Direction) -> Any:
    return mapping.bc_read_at if direction.source is Side.BUSINESS_CENTRAL else mapping.sales_read_at
