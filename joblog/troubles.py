"""What is wrong at this moment: entries whose runs fail, and mappings with open errors.

Seen from outside, by what the queue and the causes of errors say: no run waits for it, and a worker that dies in between loses nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from joblog.models import ErrorCause, JobQueueEntry, JobQueueLogEntry, QueueStatus, Trigger, Trouble
from mappings.models import IntegrationTableMapping

_Key = tuple[str, int]
_MOST_CAUSES = 3  # of a mapping in one notice
_TOLD = ("mapping", "records", "code", "message")


@dataclass(frozen=True)
class Found:
    """A trouble as it is now."""

    what: str
    title: str
    message: str
    count: int
    mapping: IntegrationTableMapping | None
    entry: JobQueueEntry | None = None
    final: bool = False


def look_for_troubles() -> list[Trouble]:
    """Brings the troubles up to date; those that are open, and those that have just ended with a recovery.

    Three statements where nothing is wrong and nothing was.
    """
    found = _failing_runs() | _failing_records()
    known = {_key(row): row for row in Trouble.objects.filter(ended_at=None).select_related("mapping", "entry__user")}
    fresh = [_new(key, one) for key, one in found.items() if key not in known]
    Trouble.objects.bulk_create(fresh)
    ended = [row for key, row in known.items() if key not in found and _has_ended(row)]
    for key, one in found.items():
        if key in known:
            _follow(known[key], one)
    Trouble.objects.bulk_update(ended, ["ended_at", "recovered"])
    return [*fresh, *(row for row in known.values() if row.ended_at is None or row.recovered)]


def _failing_runs() -> dict[_Key, Found]:
    failing = Q(status=QueueStatus.ERROR) | Q(attempts__gt=0)
    rows = JobQueueEntry.objects.filter(failing).select_related("mapping")
    rows = rows.exclude(trigger=Trigger.COMMAND)  # who runs a command reads what became of it
    return {(Trouble.Kind.RUNS.value, entry.pk): _of_entry(entry) for entry in rows}


def _of_entry(entry: JobQueueEntry) -> Found:
    final = entry.status == QueueStatus.ERROR
    count = entry.attempts + 1 if final else entry.attempts
    return Found(entry.description, f"{entry.description} fails", entry.error_message, count, entry.mapping, entry, final)


def _failing_records() -> dict[_Key, Found]:
    """Open errors by mapping, as causes count them: what people ignore is no trouble, what is on hold or left out stays one."""
    rows = ErrorCause.objects.filter(records__gt=0, mapping__isnull=False).select_related("mapping").order_by("-records", "id")
    by_mapping: dict[int, list[ErrorCause]] = defaultdict(list)
    for row in rows.only(*_TOLD, "mapping__name"):
        by_mapping[row.mapping_id or 0].append(row)
    return {(Trouble.Kind.RECORDS.value, number): _of_causes(causes) for number, causes in by_mapping.items()}


def _of_causes(causes: Sequence[ErrorCause]) -> Found:
    """A trouble of the causes of one mapping, the largest of them first."""
    mapping, number = causes[0].mapping, sum(row.records for row in causes)
    name = mapping.name if mapping else ""
    told = [f"{row.records} × {row.message or row.code}" for row in causes[:_MOST_CAUSES]]
    left = len(causes) - len(told)
    told += [f"{left} more cause{'' if left == 1 else 's'}."] if left else []
    return Found(name, f"{number} open error{'' if number == 1 else 's'} of {name}", "\n".join(told), number, mapping)


def _key(row: Trouble) -> _Key:
    return (row.kind, row.entry_number if row.kind == Trouble.Kind.RUNS else row.mapping_id or 0)


def _new(key: _Key, one: Found) -> Trouble:
    now, number = timezone.now(), one.entry.pk if one.entry else 0
    return Trouble(
        kind=key[0], mapping=one.mapping, entry=one.entry, entry_number=number, what=one.what, title=one.title[:250], message=one.message,
        count=one.count, final=one.final, since=now, seen_at=now,
    )  # fmt: skip


def _follow(row: Trouble, one: Found) -> None:
    if (row.title, row.message, row.count, row.final) != (one.title[:250], one.message, one.count, one.final):
        row.title, row.message, row.count, row.final, row.seen_at = one.title[:250], one.message, one.count, one.final, timezone.now()
        row.save(update_fields=["title", "message", "count", "final", "seen_at"])


def _has_ended(row: Trouble) -> bool:
    """Records are fine when none has an open error. Runs are when one has gone well; an entry that a person restarts is not yet, one that
    is deleted is gone."""
    if row.kind == Trouble.Kind.RUNS:
        row.recovered = _went_well(row)
        if not row.recovered and row.entry is not None:
            return False
    else:
        row.recovered = True
    row.ended_at = timezone.now()
    return True


def _went_well(row: Trouble) -> bool:
    ended = JobQueueLogEntry.objects.filter(status="Success", ended_at__gt=row.seen_at)
    if row.entry is None:  # one that runs once is deleted when it has gone well
        return ended.filter(entry=None, description=row.what).exists()
    return ended.filter(entry=row.entry).exists()
