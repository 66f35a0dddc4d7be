"""Jobs that a job asks for: records of another mapping that follow, such as the lines of a document (engine.md section 19)."""

from __future__ import annotations

from collections.abc import Sequence

from joblog.models import JobQueueEntry, JobQueueLogEntry, JobStatus, JobType, QueueStatus, RunKind, SynchJob
from joblog.opening import opening_values
from joblog.scope import Scope
from mappings.models import IntegrationTableMapping
from syncadmin.sync.errors import RetryLater
from syncadmin.sync.records import Action, Direction, Side
from syncadmin.sync.touched import Touched

_GOOD = {Action.INSERTED, Action.MODIFIED, Action.UNCHANGED, Action.COUPLED}
_SECONDS = 15
FollowUps = Sequence[tuple[str, Sequence[str]]]  # mapping name, source keys


def followed(items: Sequence[Touched], *, preview: bool) -> list[Touched]:
    """The records whose follow-ups may run: those that went well, in a preview those that have a counterpart already."""
    good = _GOOD - {Action.INSERTED} if preview else _GOOD
    return [item for item in items if item.action in good]


def remember(job: SynchJob, wanted: FollowUps) -> None:
    """Opens a job for each mapping that was asked for, or adds to the one that waits already.

    A mapping that an administrator has removed is not missed; one that the execution itself runs has its turn anyway.
    """
    owner = job.mapping
    names = [name for name, keys in wanted if keys]
    if not names or owner is None:
        return
    rows = IntegrationTableMapping.objects.filter(business_central=owner.business_central_id, name__in=names)
    mappings = {row.name: row for row in rows if row.pk != _running(job)}
    for name, keys in wanted:
        if keys and name in mappings:
            _add(job, mappings[name], keys)


def next_follow_up(execution: JobQueueLogEntry, mapping: IntegrationTableMapping) -> SynchJob | None:
    """The oldest job of this execution that waits for its turn and is of another mapping than the execution itself."""
    waiting = SynchJob.objects.filter(log_entry=execution, status=JobStatus.IN_PROCESS).exclude(mapping=mapping).exclude(mapping=None)
    return waiting.select_related("mapping__business_central", "mapping__sales").order_by("id").first()


def wait_for_others(mapping: IntegrationTableMapping, entry_id: int) -> None:
    """Raises RetryLater while an entry of its own runs this mapping: two runs would create the same records."""
    others = JobQueueEntry.objects.filter(mapping=mapping, status=QueueStatus.IN_PROCESS).exclude(run_kind=RunKind.PREVIEW)
    if others.exclude(pk=entry_id).exists():
        raise RetryLater(f"The mapping {mapping.name} is running.", seconds=_SECONDS)


def _running(job: SynchJob) -> int | None:
    entry = job.log_entry.entry if job.log_entry else None
    return entry.mapping_id if entry else None


def _add(job: SynchJob, mapping: IntegrationTableMapping, keys: Sequence[str]) -> None:
    direction = Direction(job.direction)
    before = Scope.from_json(job.scope)
    kind = JobType.PREVIEW if job.type == JobType.PREVIEW else JobType.SYNCHRONIZATION
    own = {"log_entry": job.log_entry, "mapping": mapping, "direction": job.direction, "type": kind, "status": JobStatus.IN_PROCESS}
    waiting = SynchJob.objects.filter(**own).order_by("-id").first() or SynchJob(**own, **_names(job, mapping, direction))
    known = Scope.from_json(waiting.scope).keys(direction.source)
    together = tuple(dict.fromkeys([*known, *keys]))
    side = "bc_keys" if direction.source is Side.BUSINESS_CENTRAL else "sales_keys"
    kept = {"unconditional": before.unconditional, "use": before.use, "previews": before.previews}
    scope = Scope(directions=(direction,), **kept, **{side: together})  # type: ignore[arg-type]
    waiting.scope = scope.to_json()
    waiting.save()


def _names(job: SynchJob, mapping: IntegrationTableMapping, direction: Direction) -> dict[str, object]:
    values = opening_values(mapping, direction, trigger=job.trigger, user_name=job.user_name)
    return values | {"watermark_before": mapping.watermark(direction)}
