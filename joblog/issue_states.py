"""What a person does about issues beside mending them: take them, say something, hold their records, ignore them, open them again.

Each works on any number of issues, a few statements for some thousands of them, and keeps a remark on every issue that it changed. What is
resolved by now is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from joblog.causes import ignore_issues
from joblog.models import IssueRemark, SynchEntry, SynchError, SynchJob
from joblog.models.synch_entry import UNRESOLVED_ISSUE
from joblog.retries import chunks
from mappings.models import Coupling

BATCH = 2_000  # issues of one transaction, so that no run waits for long
_Kind = IssueRemark.Kind
_NEEDED = ("job_id", "source_key", "coupling_id")


@dataclass
class Handled:
    """How many issues were ``changed``; how many were so before, and how many have no coupling that could be held."""

    changed: int = 0
    already: int = 0
    uncoupled: int = 0


def assign(issues: QuerySet[SynchError], owner: User | None, *, by: str) -> Handled:
    """Gives issues to a person, or with None back to nobody."""
    handled = Handled()
    for batch in _batches(issues):
        own = Q(owner=owner.pk) if owner else Q(owner__isnull=True)
        handled.already += batch.filter(own).count()
        with _locked(batch.exclude(own)) as rows:
            _update(rows, owner=owner)
            _remark(rows, _Kind.ASSIGNED, f"to {owner.get_username()}" if owner else "to nobody", by=by)
        handled.changed += len(rows)
    return handled


def note(issues: QuerySet[SynchError], text: str, *, by: str) -> Handled:
    handled = Handled()
    for batch in _batches(issues):
        with _locked(batch) as rows:
            _update(rows, note=text)
            _remark(rows, _Kind.NOTE, text, by=by)
        handled.changed += len(rows)
    return handled


def hold(issues: QuerySet[SynchError], text: str, *, by: str) -> Handled:
    """Skips the couplings of these issues: no run touches them until a person retries them (engine.md section 11)."""
    handled = Handled()
    for batch in _batches(issues):
        with _locked(batch) as rows:
            skipped = dict(Coupling.objects.filter(pk__in={row.coupling_id for row in rows}).values_list("pk", "skipped"))
            held = [row for row in rows if skipped.get(row.coupling_id or 0) is False]
            Coupling.objects.filter(pk__in={row.coupling_id for row in held}).update(skipped=True)
            if text:
                _update(held, note=text)
            _remark(held, _Kind.HELD, text, by=by)
        handled.changed += len(held)
        handled.already += sum(bool(skipped.get(row.coupling_id or 0)) for row in rows)
        handled.uncoupled += sum(row.coupling_id not in skipped for row in rows)
    return handled


def ignore(issues: QuerySet[SynchError], reason: str, *, by: str) -> Handled:
    """They are neither open nor resolved from now on; a record that fails for another cause is open again."""
    handled = Handled()
    for batch in _batches(issues):
        with transaction.atomic():
            rows = ignore_issues(batch, timezone.now())
            _update(rows, note=reason)
            _remark(rows, _Kind.IGNORED, reason, by=by)
        handled.changed += len(rows)
    return handled


def reopen(issues: QuerySet[SynchError], *, by: str) -> Handled:
    handled = Handled()
    for batch in _batches(issues):
        with transaction.atomic():
            rows = ignore_issues(batch, None)
            _remark(rows, _Kind.REOPENED, "", by=by)
        handled.changed += len(rows)
    return handled


def remarks_on(entry: SynchEntry) -> QuerySet[IssueRemark]:
    """What people said about the entry's record in its direction, the newest first; needs ``entry.job`` at hand."""
    rows = IssueRemark.objects.filter(**_place(entry.job))
    if entry.source_key:
        return rows.filter(source_key=entry.source_key)
    return rows.filter(source_key="", entry_number=entry.pk)


def _batches(issues: QuerySet[SynchError]) -> Iterator[QuerySet[SynchEntry]]:
    """The unresolved ones among them. All are named before the first is changed: what is changed may fit the question no more."""
    for ids in chunks(list(issues.order_by("pk").values_list("pk", flat=True)), BATCH):
        yield SynchEntry.objects.filter(UNRESOLVED_ISSUE, pk__in=ids)


@contextmanager
def _locked(batch: QuerySet[SynchEntry]) -> Iterator[list[SynchEntry]]:
    """In a transaction, and in the order in which runs lock entries (joblog/causes.py)."""
    with transaction.atomic():
        yield list(batch.only(*_NEEDED).order_by("pk").select_for_update(no_key=True))


def _update(rows: Iterable[SynchEntry], **values: object) -> None:
    SynchEntry.objects.filter(pk__in=[row.pk for row in rows]).update(**values)


def _remark(rows: Iterable[SynchEntry], kind: IssueRemark.Kind, text: str, *, by: str) -> None:
    now, rows = timezone.now(), list(rows)
    jobs = SynchJob.objects.only("company", "mapping_name", "direction").in_bulk({row.job_id for row in rows})
    IssueRemark.objects.bulk_create(
        IssueRemark(**_place(jobs[row.job_id]), source_key=row.source_key, entry_number=row.pk, at=now, user_name=by, kind=kind, text=text)
        for row in rows
    )


def _place(job: SynchJob) -> dict[str, str]:
    """Where a record failed, without its key: failures elsewhere are another person's business."""
    return {"company": job.company, "mapping_name": job.mapping_name, "direction": job.direction}
