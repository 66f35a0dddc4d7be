"""What is wrong at this moment: entries whose runs fail, and mappings with records that are not synchronized.

Seen from outside, by what the queue and the couplings say: no run waits for it, and a worker that dies in between loses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import F, Q
from django.utils import timezone

from joblog.models import JobQueueEntry, JobQueueLogEntry, QueueStatus, Trigger, Trouble
from mappings.models import IntegrationTableMapping
from mappings.troubleshooting import with_troubles

_Key = tuple[str, int]


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
    """Records that failed and those left out after repeated errors: being left out is no recovery."""
    rows = with_troubles(IntegrationTableMapping.objects.all()).annotate(broken=F("failed") + F("skipped")).filter(broken__gt=0)
    found = {}
    for row in rows:
        parts = [f"{number} {word}" for number, word in ((row.failed, "failed"), (row.skipped, "left out after repeated errors")) if number]
        few = "record" if row.broken == 1 else "records"
        title = f"{row.broken} {few} of {row.name} {'is' if row.broken == 1 else 'are'} not synchronized"
        found[Trouble.Kind.RECORDS.value, row.pk] = Found(row.name, title, f"{', '.join(parts)}.", row.broken, row)
    return found


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
    """Records are fine again. Runs are when one has gone well; an entry that a person restarts is not yet, one that is deleted is gone."""
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
