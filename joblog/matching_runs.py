"""Match-based coupling as a job, and what follows it: new records for those without match, and a synchronization of the coupled ones
(engine.md section 14)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from django.db import transaction
from django.utils import timezone

from joblog.claims import Claim
from joblog.job_story import begins, finished
from joblog.journal import DatabaseJournal
from joblog.matching_pages import MatchRun
from joblog.models import EntryAction, JobQueueEntry, JobQueueLogEntry, JobStatus, JobType, SynchEntry, SynchJob
from joblog.opening import opening_values
from joblog.previews import couplings_for
from joblog.scope import Scope
from joblog.synchronization import count_requests, synchronize_mapping, traffic_from_now
from mappings.models import IntegrationTableMapping
from mappings.plans import build_plan
from mappings.rules.registry import rules_for
from mappings.systems import both_connected
from mappings.transformations import refresh_lookups
from syncadmin.sync.criteria import Criterion, criteria_of
from syncadmin.sync.errors import RunError
from syncadmin.sync.partners import PartnerSearch
from syncadmin.sync.plan import FieldRule, TablePlan, UpdatePolicy
from syncadmin.sync.records import Direction, Side
from syncadmin.sync.rules import TableRules
from syncadmin.sync.touched import DONE, EXPLICIT, WINDOW, Cursor

TO, FROM = Direction.TO_INTEGRATION, Direction.FROM_INTEGRATION


def match(entry: JobQueueEntry, execution: JobQueueLogEntry, claim: Claim, pause: Callable[[], bool], *, preview: bool = False) -> bool:
    """Couples what matches among the uncoupled records of the mapping, or the scope's Business Central records; then synchronizes what the
    mapping or the scope asks for, with ``full`` everything. A preview couples nothing and nothing follows it. False when ``pause`` stopped
    it in between.

    Raises RetryLater, ClaimLost and RunError: ``no-match-fields`` (M20), ``wrong-side``, ``wrong-direction`` and those of a plan.
    """
    if entry.mapping is None:
        raise RunError("no-mapping", "The job queue entry names no mapping.")
    mapping, scope = entry.mapping, replace(Scope.from_json(entry.parameters), match=True)
    job = _open_job(entry, execution, mapping, scope, preview=preview)
    if job.status == JobStatus.IN_PROCESS and not _match(job, claim, mapping, scope, pause):
        return False
    return preview or _follow_up(entry, execution, claim, pause, mapping, scope)


def has_match_fields(mapping: IntegrationTableMapping) -> bool:
    """Whether a record of the mapping can be matched at all: by match fields, or by what a rule of its table compares."""
    plan = build_plan(mapping)
    with both_connected(mapping) as connectors:
        return bool(criteria_of(plan)[0] or rules_for(mapping, plan, connectors).criteria(plan))


def _open_job(
    entry: JobQueueEntry, execution: JobQueueLogEntry, mapping: IntegrationTableMapping, scope: Scope, *, preview: bool
) -> SynchJob:
    """The execution's matching job, as far as it is; a new one at the beginning."""
    job, _ = SynchJob.objects.get_or_create(
        log_entry=execution,
        mapping=mapping,
        type=JobType.PREVIEW if preview else JobType.COUPLING,
        defaults={
            **opening_values(mapping, TO, trigger=entry.trigger, user_name=execution.user_name),
            "direction": TO.value,
            "scope": scope.to_json(),
        },
    )
    return job


def _match(job: SynchJob, claim: Claim, mapping: IntegrationTableMapping, scope: Scope, pause: Callable[[], bool]) -> bool:
    """Works from the job's cursor; True when all records were looked at and the job is finished."""
    if scope.sales_keys:
        raise RunError("wrong-side", "Match-based coupling starts from Business Central records. Select records of that side.")
    unmatched = _unmatched(mapping, scope)
    refresh_lookups(mapping, since=job.started_at)
    plan = build_plan(mapping)
    with both_connected(mapping) as connectors:
        rules = rules_for(mapping, plan, connectors)
        criteria, left_out = _criteria(plan, rules)
        traffic = traffic_from_now(connectors)
        couplings = couplings_for(job, mapping)
        run = MatchRun(
            job=job,
            claim=claim,
            plan=plan,
            business_central=connectors[Side.BUSINESS_CENTRAL],
            couplings=couplings,
            journal=DatabaseJournal(job, claim, plan, traffic),
            partners=PartnerSearch(plan, TO, connectors, couplings, criteria),
            rules=rules,
            unmatched=unmatched,
            keys=tuple(dict.fromkeys(key.lower() for key in scope.bc_keys)),
        )
        begins(job, None, reads_window=not scope.bc_keys)
        cursor = Cursor.from_json(job.cursor or {"phase": EXPLICIT if scope.bc_keys else WINDOW})
        while cursor.phase != DONE:
            cursor = run.page(cursor)
            if cursor.phase != DONE and run.partners.may_pause and pause():
                return False
        _finish(job, claim, _told(left_out), traffic())
        finished(job, run.journal.counts)
    return True


def _creates(mapping: IntegrationTableMapping, scope: Scope) -> bool:
    """Whether records without match are created in Sales; a mapping that only goes from Sales cannot (engine.md section 14.6)."""
    if TO in mapping.directions:
        return mapping.create_new_if_no_match if scope.create_new is None else scope.create_new
    if scope.create_new:
        raise RunError("wrong-direction", f"The mapping {mapping.name} only goes from Sales: it cannot create records there.")
    return False


def _unmatched(mapping: IntegrationTableMapping, scope: Scope) -> str:
    """What becomes of a record without match; "" where that is a failure. A full synchronization leaves it to its second step."""
    if TO not in mapping.directions and scope.full:
        return "The mapping only goes from Sales, so nothing is created for it."
    if scope.full and scope.only_coupled:
        return "No option is created for it: pair it with one, or recommend full synchronization to have it created."
    return "A new record is created." if scope.full or _creates(mapping, scope) else ""


def _criteria(plan: TablePlan, rules: TableRules) -> tuple[list[Criterion], list[FieldRule]]:
    criteria, left_out = criteria_of(plan)
    criteria += rules.criteria(plan)
    if not criteria:
        raise RunError(
            "no-match-fields",
            f"Specify which fields of the mapping {plan.name} are used for match-based coupling: "
            f"turn on Use For Match-Based Coupling in its field mappings. {_told(left_out)}".rstrip(),
        )
    return criteria, left_out


def _told(left_out: list[FieldRule]) -> str:
    named = ", ".join(" and ".join(own.label or own.name for own in (rule.bc, rule.sales) if own) for rule in left_out)
    return f"Not compared, because they are constants or their types differ: {named}." if named else ""


def _finish(job: SynchJob, claim: Claim, message: str, traffic: tuple[int, int]) -> None:
    with transaction.atomic():
        claim.hold()
        SynchJob.objects.filter(pk=job.pk).update(status=JobStatus.FINISHED, finished_at=timezone.now(), phase="", message=message)
        count_requests(job.pk, traffic, job)


# ---- what follows


def _follow_up(
    entry: JobQueueEntry,
    execution: JobQueueLogEntry,
    claim: Claim,
    pause: Callable[[], bool],
    mapping: IntegrationTableMapping,
    scope: Scope,
) -> bool:
    if scope.full:
        entry.parameters = Scope(full=True, only_coupled=scope.only_coupled, use=scope.use).to_json()
        return synchronize_mapping(entry, execution, claim, pause)
    records = _records(execution, mapping, scope)
    if not records:
        return True
    only_coupled = False if _creates(mapping, scope) else None
    entry.parameters = Scope(directions=tuple(records), after_match=True, only_coupled=only_coupled).to_json()
    return synchronize_mapping(entry, execution, claim, pause, records=records)


def _records(execution: JobQueueLogEntry, mapping: IntegrationTableMapping, scope: Scope) -> dict[Direction, tuple[str, ...]]:
    """The source keys to synchronize by direction, without directions that have none; read from entries, so the same in every slice."""
    records: dict[Direction, tuple[str, ...]] = {TO: (), FROM: ()}
    if _creates(mapping, scope):
        rows = SynchEntry.objects.filter(
            job__log_entry=execution, job__mapping=mapping, job__type=JobType.COUPLING, action=EntryAction.SKIPPED
        )
        records[TO] = tuple(rows.order_by("id").values_list("source_key", flat=True))
    if mapping.synch_after_match if scope.synch_after is None else scope.synch_after:
        pairs = _coupled(execution, mapping)
        for way in ways_after(mapping):
            records[way] += tuple(pair[way is FROM] for pair in pairs)
    return {way: keys for way, keys in records.items() if keys}


def _coupled(execution: JobQueueLogEntry, mapping: IntegrationTableMapping) -> list[tuple[str, str]]:
    """Both keys of what this execution coupled, and what earlier attempts had coupled before they failed: it is no candidate any more."""
    attempts = JobQueueLogEntry.objects.filter(entry=execution.entry_id, pk__lte=execution.pk)
    succeeded = attempts.filter(status="Success").order_by("-pk").values_list("pk", flat=True).first() or 0
    rows = SynchEntry.objects.filter(
        job__log_entry__in=attempts.filter(pk__gt=succeeded), job__mapping=mapping, job__type=JobType.COUPLING, action=EntryAction.COUPLED
    )
    return list(rows.order_by("id").values_list("source_key", "destination_key"))


def ways_after(mapping: IntegrationTableMapping) -> tuple[Direction, ...]:
    """The directions in which newly coupled records are synchronized (engine.md section 14.7)."""
    winner = UpdatePolicy(mapping.update_conflict_resolution).winner
    if winner is None or len(mapping.directions) == 1:
        return mapping.directions
    return (TO,) if winner is Side.BUSINESS_CENTRAL else (FROM,)
