"""Carries out the fix that a person chose for open issues: of a cause, or of those selected in a list (joblog/remedies.py)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from joblog.coupling_actions import enqueue_records, keys_of
from joblog.models import ErrorCause, RunKind, SynchError
from joblog.models.synch_entry import OPEN_ISSUE
from joblog.remedies import Fix
from joblog.retries import Retried, chunks, retry_errors
from joblog.scope import Scope
from mappings.changes import Person, save_with_history
from mappings.models import Coupling, FieldStatus, IntegrationFieldMapping, IntegrationTableMapping
from syncadmin.sync.records import Direction, Side

_AT_ONCE = 500
_KINDS = {Fix.RESTORE: RunKind.RESTORE, Fix.DELETE: RunKind.DELETE, Fix.UNCOUPLE: RunKind.UNCOUPLE}


class CannotFix(Exception):
    """The text says why and what to do instead."""


@dataclass(frozen=True)
class _Chosen:
    """The issues to mend and who mends them; ``cause`` where they are all of one."""

    issues: QuerySet[SynchError]
    user: Person
    cause: ErrorCause | None = None


def fix_cause(cause: ErrorCause, fix: Fix, *, user: Person) -> Retried:
    """Mends all open records of a cause. Raises CannotFix."""
    issues = SynchError.objects.filter(OPEN_ISSUE, cause=cause)
    return _FIXES[fix](_Chosen(issues, user, cause))


def fix_issues(issues: QuerySet[SynchError], fix: Fix, *, user: Person) -> Retried:
    """Mends these issues, of whatever causes. Raises CannotFix."""
    return _FIXES[fix](_Chosen(issues, user))


def _retry(chosen: _Chosen) -> Retried:
    return retry_errors(chosen.issues, user=chosen.user)


def _keep(side: Side) -> Callable[[_Chosen], Retried]:
    return lambda chosen: retry_errors(chosen.issues, user=chosen.user, use=side)


def _couple_missing(chosen: _Chosen) -> Retried:
    """Retries; the same runs couple what the records refer to first (joblog/reference_runs.py)."""
    return retry_errors(chosen.issues, user=chosen.user, missing_first=True)


def _truncate(chosen: _Chosen) -> Retried:
    cause = chosen.cause
    mapping = cause.mapping if cause else None
    if cause is None or mapping is None:
        raise CannotFix("Nothing was changed: choose a cause with a field.")
    rows = _cut_fields(cause, mapping)
    if not rows:
        raise CannotFix(f"Nothing was changed: {mapping.name} has no enabled field mapping of {cause.field_labels} in this direction.")

    def save() -> None:
        for row in rows:
            row.truncate = True
        IntegrationFieldMapping.objects.bulk_update(rows, ["truncate"])

    with transaction.atomic():
        save_with_history(mapping, chosen.user, f"Truncate {cause.field_labels}"[:250], save)
        return _retry(chosen)


def _cut_fields(cause: ErrorCause, mapping: IntegrationTableMapping) -> list[IntegrationFieldMapping]:
    """The field mappings that an error names by its source or its destination, as far as they take part in this direction."""
    names, ways = set(cause.fields.split(",")), {"Bidirectional", cause.direction}
    rows = mapping.field_mappings.filter(status=FieldStatus.ENABLED).exclude(field="").exclude(integration_field="")
    return [row for row in rows if row.direction in ways and names & {row.field, row.integration_field}]


def _about_couplings(fix: Fix) -> Callable[[_Chosen], Retried]:
    def run(chosen: _Chosen) -> Retried:
        ids = {pk for pk in chosen.issues.values_list("coupling_id", flat=True) if pk}
        keys: dict[int, list[tuple[Side, str]]] = defaultdict(list)
        for chunk in chunks(ids, _AT_ONCE):
            for mapping_id, named in keys_of(Coupling.objects.filter(pk__in=chunk)).items():
                keys[mapping_id] += named
        if not keys:
            raise CannotFix("Nothing was started: these records are not coupled any more. Retry them.")
        return enqueue_records(keys, _KINDS[fix], user=chosen.user)

    return run


def _match(*, create: bool) -> Callable[[_Chosen], Retried]:
    def run(chosen: _Chosen) -> Retried:
        keys: dict[int, list[tuple[Side, str]]] = defaultdict(list)
        rows = chosen.issues.filter(job__direction=Direction.TO_INTEGRATION).exclude(source_key="").exclude(job__mapping=None)
        for mapping_id, key in rows.values_list("job__mapping", "source_key"):
            keys[mapping_id].append((Side.BUSINESS_CENTRAL, key))
        if not keys:
            raise CannotFix("Nothing was started: matching begins with records of Business Central.")
        return enqueue_records(keys, RunKind.MATCH, Scope(create_new=True if create else None), user=chosen.user)

    return run


_FIXES: Mapping[Fix, Callable[[_Chosen], Retried]] = {
    Fix.RETRY: _retry,
    Fix.KEEP_BC: _keep(Side.BUSINESS_CENTRAL),
    Fix.KEEP_SALES: _keep(Side.SALES),
    Fix.COUPLE: _couple_missing,
    Fix.TRUNCATE: _truncate,
    Fix.RESTORE: _about_couplings(Fix.RESTORE),
    Fix.DELETE: _about_couplings(Fix.DELETE),
    Fix.UNCOUPLE: _about_couplings(Fix.UNCOUPLE),
    Fix.MATCH: _match(create=False),
    Fix.CREATE: _match(create=True),
}
