"""What a person does about issues beside mending them: take them, say something, hold their records, ignore them, open them again.

Each works on any number of issues, a few statements for some thousands of them, and keeps a remark on every issue that it changed. What is
resolved by now is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from joblog.causes import ignore_issues
from joblog.models import IssueRemark, SynchEntry, SynchError, SynchJob
from joblog.models.synch_entry import UNRESOLVED_ISSUE
from joblog.retries import chunks
from mappings.holds import hold as hold_couplings

BATCH = 2_000  # issues of one transaction, so that no run waits for long
_Kind = IssueRemark.Kind
_Batch = QuerySet[SynchEntry]
_NEEDED = ("job_id", "source_key", "coupling_id")


@dataclass
class Handled:
    """How many issues were ``changed``; how many were so before, and how many have no coupling that could be held."""

    changed: int = 0
    already: int = 0
    uncoupled: int = 0


def assign(issues: QuerySet[SynchError], owner: User | None, *, by: str) -> Handled:
    """Gives issues to a person, or with None back to nobody."""
    own = Q(owner=owner.pk) if owner else Q(owner__isnull=True)

    def change(batch: _Batch, handled: Handled) -> None:
        handled.already += batch.filter(own).count()
        rows = _locked(batch.exclude(own))
        _update(rows, owner=owner)
        _remark(handled, rows, _Kind.ASSIGNED, f"to {owner.get_username()}" if owner else "to nobody", by=by)

    return _handle(issues, change)


def note(issues: QuerySet[SynchError], text: str, *, by: str) -> Handled:
    def change(batch: _Batch, handled: Handled) -> None:
        rows = _locked(batch)
        _update(rows, note=text)
        _remark(handled, rows, _Kind.NOTE, text, by=by)

    return _handle(issues, change)


def hold(issues: QuerySet[SynchError], text: str, *, by: str) -> Handled:
    """Holds the couplings of these issues: no run touches them until a person retries them (engine.md section 11)."""

    def change(batch: _Batch, handled: Handled) -> None:
        # Couplings before entries, as runs lock them (joblog/journal.py).
        before = hold_couplings(batch.values_list("coupling_id", flat=True), by=by, reason=text)
        rows = _locked(batch)
        held = [row for row in rows if before.get(row.coupling_id or 0) is False]
        if text:
            _update(held, note=text)
        _remark(handled, held, _Kind.HELD, text, by=by)
        handled.already += sum(before.get(row.coupling_id or 0, False) for row in rows)
        handled.uncoupled += sum(row.coupling_id not in before for row in rows)

    return _handle(issues, change)


def ignore(issues: QuerySet[SynchError], reason: str, *, by: str) -> Handled:
    """They are neither open nor resolved from now on; a record that fails for another cause is open again."""

    def change(batch: _Batch, handled: Handled) -> None:
        rows = ignore_issues(batch, timezone.now())
        _update(rows, note=reason)
        _remark(handled, rows, _Kind.IGNORED, reason, by=by)

    return _handle(issues, change)


def reopen(issues: QuerySet[SynchError], *, by: str) -> Handled:
    return _handle(issues, lambda batch, handled: _remark(handled, ignore_issues(batch, None), _Kind.REOPENED, "", by=by))


def remarks_on(entry: SynchEntry) -> QuerySet[IssueRemark]:
    """What people said about the entry's record in its direction, the newest first; needs ``entry.job`` at hand."""
    rows = IssueRemark.objects.filter(**_place(entry.job))
    if entry.source_key:
        return rows.filter(source_key=entry.source_key)
    return rows.filter(source_key="", entry_number=entry.pk)


def _handle(issues: QuerySet[SynchError], change: Callable[[_Batch, Handled], None]) -> Handled:
    """Changes the unresolved ones among them, each batch in a transaction.

    All are named before the first is changed: what is changed may fit the question no more.
    """
    handled = Handled()
    for ids in chunks(list(issues.order_by("pk").values_list("pk", flat=True)), BATCH):
        with transaction.atomic():
            change(SynchEntry.objects.filter(UNRESOLVED_ISSUE, pk__in=ids), handled)
    return handled


def _locked(batch: _Batch) -> list[SynchEntry]:
    """In the order in which runs lock entries (joblog/causes.py)."""
    return list(batch.only(*_NEEDED).order_by("pk").select_for_update(no_key=True))


def _update(rows: Iterable[SynchEntry], **values: object) -> None:
    SynchEntry.objects.filter(pk__in=[row.pk for row in rows]).update(**values)


def _remark(handled: Handled, rows: Sequence[SynchEntry], kind: IssueRemark.Kind, text: str, *, by: str) -> None:
    """Counts what was changed, and keeps who did it."""
    handled.changed += len(rows)
    now = timezone.now()
    jobs = SynchJob.objects.only("company", "mapping_name", "direction").in_bulk({row.job_id for row in rows})
    IssueRemark.objects.bulk_create(
        IssueRemark(**_place(jobs[row.job_id]), source_key=row.source_key, entry_number=row.pk, at=now, user_name=by, kind=kind, text=text)
        for row in rows
    )


def _place(job: SynchJob) -> dict[str, str]:
    """Where a record failed, without its key: failures elsewhere are another person's business."""
    return {"company": job.company, "mapping_name": job.mapping_name, "direction": job.direction}
