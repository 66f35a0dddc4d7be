"""Keeps issues and causes right: which failed entry stands for its record now, and how many records each cause holds up.

Everything here runs inside the transaction that saves the entries: two statements for a page on which nothing fails and nothing had failed
before, a handful more otherwise, however many records it has. Rows are locked in the order of their ids, entries before causes before jobs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from datetime import datetime

from django.db.models import BigIntegerField, Case, F, Q, QuerySet, Value, When
from django.utils import timezone

from joblog.models import ErrorCause, JobType, SynchEntry, SynchJob
from joblog.models.synch_entry import UNRESOLVED_ISSUE
from syncadmin.sync.results import SKIPPED_NOW

_DELETED = "deleted"  # whoever synchronizes a coupling has shown that both of its records exist
CARRIED = ("owner", "note", "ignored_at")  # what people did about a record, which its next failed attempt takes over
_Name = tuple[str, str]  # code, fields


def keep_issues(
    job: SynchJob,
    entries: Sequence[SynchEntry],
    *,
    well: Iterable[str] = (),
    couplings: Iterable[int] = (),
    label: Callable[[str], str] = str,
) -> None:
    """Gives failed entries their cause and makes them the issues of their records; closes the issues of records that went ``well``.

    Call it right before the entries are saved. ``well`` are source keys, ``couplings`` the ids of couplings that were synchronized,
    ``label`` tells people's word for a property. A preview only names causes: it opens and closes nothing (engine.md A11).
    """
    failed = [one for one in entries if one.failure]
    keys = {*well, *(one.source_key for one in failed if one.source_key)}
    if not failed and (not keys or job.type == JobType.PREVIEW):
        return
    causes = _causes_of(job, failed, label)
    own = {(row.code, row.fields): row for row in causes if _is_own(job, row)}
    for one in failed:
        one.cause = own[name_of(one)]
    if job.type == JobType.PREVIEW:
        return
    unresolved = _unresolved(causes, own.values(), keys, couplings)
    if failed or unresolved:
        _take_over(failed, unresolved)


def close_issues(couplings: Iterable[int], *, code: str = "", but: SynchJob | None = None) -> None:
    """Closes what is unresolved of these couplings, of one code where it is given, and in other jobs than ``but``."""
    rows = SynchEntry.objects.filter(UNRESOLVED_ISSUE, coupling_id__in=list(couplings))
    rows = rows.filter(code=code) if code else rows
    rows = rows.exclude(job=but) if but else rows
    _take_over([], list(_locked(rows)))


def forget_issues(entries: QuerySet[SynchEntry]) -> None:
    """What is unresolved of these entries counts no more, because they are about to be deleted."""
    gone = list(_locked(entries.filter(UNRESOLVED_ISSUE)))
    _count(gone, [])
    _count_in_jobs(gone, [])


def ignore_issues(entries: QuerySet[SynchEntry], at: datetime | None) -> list[SynchEntry]:
    """Ignores those of these issues that are open; with None opens those again that are ignored. Tells which they were."""
    rows = list(_locked(entries.filter(UNRESOLVED_ISSUE, ignored_at__isnull=at is not None)))
    before = [copy(row) for row in rows]
    for row in rows:
        row.ignored_at = at
    SynchEntry.objects.filter(pk__in=[row.pk for row in rows]).update(ignored_at=at)
    _count(before, rows)
    _count_in_jobs(before, rows)
    return rows


def name_of(entry: SynchEntry) -> _Name:
    """What makes a cause of its own within a mapping and direction."""
    return entry.code, ",".join(sorted(entry.fields))[:300]


def _is_own(job: SynchJob, cause: ErrorCause) -> bool:
    return cause.mapping_name == job.mapping_name and cause.direction == job.direction


def _causes_of(job: SynchJob, failed: Sequence[SynchEntry], label: Callable[[str], str]) -> list[ErrorCause]:
    """The causes of the job's mapping that hold up records, and those of the failed entries, which are made where they are new."""
    holding = Q(records__gt=0) | Q(ignored__gt=0)
    wanted = holding | Q(code__in={one.code for one in failed}) if failed else holding
    rows = ErrorCause.objects.filter(wanted, mapping=job.mapping_id).order_by("id")
    known = list(rows)
    names = {(row.code, row.fields) for row in known if _is_own(job, row)}
    new = {name_of(one): one for one in failed if name_of(one) not in names}
    if new:
        ErrorCause.objects.bulk_create([_new_cause(job, one, label) for one in new.values()], ignore_conflicts=True)
        known = list(rows.all())
    return known


def _new_cause(job: SynchJob, entry: SynchEntry, label: Callable[[str], str]) -> ErrorCause:
    code, fields = name_of(entry)
    return ErrorCause(
        mapping_id=job.mapping_id,
        mapping_name=job.mapping_name,
        company=job.company,
        direction=job.direction,
        code=code,
        fields=fields,
        field_labels=", ".join(label(name) for name in sorted(entry.fields))[:300],
        message=entry.message,
    )


def _unresolved(causes: Iterable[ErrorCause], own: Iterable[ErrorCause], keys: Iterable[str], couplings: Iterable[int]) -> list[SynchEntry]:
    """The issues of these source keys, and that a record is deleted of these couplings, whichever job said so."""
    mine = [row.pk for row in own if row.unresolved]
    gone = [row.pk for row in causes if row.code == _DELETED and row.unresolved]
    wanted = Q(source_key__in=list(keys), cause__in=mine) if mine else Q()
    wanted |= Q(coupling_id__in=list(couplings), cause__in=gone) if gone else Q()
    return list(_locked(SynchEntry.objects.filter(UNRESOLVED_ISSUE & wanted))) if wanted else []


def _locked(rows: QuerySet[SynchEntry]) -> QuerySet[SynchEntry]:
    columns = ("job_id", "source_key", "cause_id", "first_seen_at", "attempts", *CARRIED)
    return rows.only(*columns).order_by("pk").select_for_update(no_key=True)


def _take_over(failed: Sequence[SynchEntry], unresolved: Sequence[SynchEntry]) -> None:
    """Failed entries go on with the issues of their records; the other issues are resolved."""
    now = timezone.now()
    before = {row.source_key: row for row in unresolved}
    for one in failed:
        _begin(one, before.get(one.source_key) if one.source_key else None, now)
    again, saved = {one.source_key for one in failed if one.source_key}, {one.pk for one in failed if one.pk}
    passed = [row.pk for row in unresolved if row.source_key in again and row.pk not in saved]
    resolved = [row.pk for row in unresolved if row.source_key not in again]
    if passed:
        SynchEntry.objects.filter(pk__in=passed).update(issue=False, resolved_at=now, owner=None)
    if resolved:
        SynchEntry.objects.filter(pk__in=resolved).update(resolved_at=now)
    _count(unresolved, failed, failed=failed, now=now)
    _count_in_jobs(unresolved, failed)


def _begin(entry: SynchEntry, before: SynchEntry | None, now: datetime) -> None:
    """A record stays with its owner whatever it fails for, but nobody has ignored a new cause yet."""
    entry.issue, entry.first_seen_at, entry.attempts = True, now, 1
    if before is None:
        return
    entry.owner_id, entry.note = before.owner_id, before.note
    if before.cause_id == entry.cause_id:
        entry.first_seen_at, entry.ignored_at = before.first_seen_at, before.ignored_at
        entry.attempts = before.attempts + (before.pk != entry.pk)


def _by_cause(entries: Iterable[SynchEntry], *, ignored: bool) -> Counter[int]:
    return Counter(one.cause_id for one in entries if one.cause_id and (one.ignored_at is not None) is ignored)


def _count(
    gone: Sequence[SynchEntry], come: Sequence[SynchEntry], *, failed: Sequence[SynchEntry] = (), now: datetime | None = None
) -> None:
    """Corrects the figures of the causes, of which ``failed`` are attempts; one that other transactions correct meanwhile is waited for."""
    latest = {one.cause_id: one for one in failed}
    attempts = Counter(one.cause_id for one in failed)
    change = {ignored: _by_cause(come, ignored=ignored) for ignored in (False, True)}
    for ignored, number in change.items():
        number.subtract(_by_cause(gone, ignored=ignored))
    rows = list(ErrorCause.objects.select_for_update(no_key=True).filter(pk__in={*change[False], *change[True], *latest}).order_by("pk"))
    for row in rows:
        row.records += change[False][row.pk]
        row.ignored += change[True][row.pk]
        if row.pk in latest:
            row.failures += attempts[row.pk]
            row.first_seen_at, row.last_seen_at = row.first_seen_at or now, now
            row.message, row.missing = latest[row.pk].message.removesuffix(SKIPPED_NOW).rstrip(), _missing(latest[row.pk])
    if rows:
        figures = ["records", "ignored", "failures", "first_seen_at", "last_seen_at", "message", "missing"]
        ErrorCause.objects.bulk_update(rows, figures)


def _count_in_jobs(gone: Iterable[SynchEntry], come: Iterable[SynchEntry]) -> None:
    """Jobs count what is open, ignored ones are nobody's trouble."""
    change = Counter(one.job_id for one in come if one.ignored_at is None)
    change.subtract(one.job_id for one in gone if one.ignored_at is None)
    cases = [When(pk=pk, then=Value(number)) for pk, number in change.items() if number]
    if cases:
        jobs = SynchJob.objects.filter(pk__in=change)
        jobs.update(open_issues=F("open_issues") + Case(*cases, default=Value(0), output_field=BigIntegerField()))


def _missing(entry: SynchEntry) -> str:
    """The mappings in which references of this record are not coupled, as :class:`RecordError` names them."""
    return ", ".join(dict.fromkeys(one["mapping"] for one in entry.detail.get("missing", ())))[:200]
