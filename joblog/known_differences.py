"""Which couplings are known to differ: *Look for Differences* finds them, and the next run that looks at them forgets it again."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.utils import timezone

from joblog.link_jobs import KEY
from joblog.models import EntryAction, JobType, SynchEntry, SynchJob
from joblog.scope import Scope
from mappings.models import Coupling
from syncadmin.sync.records import Action, Direction
from syncadmin.sync.touched import Touched


def note_differences(job: SynchJob, items: Sequence[Touched]) -> None:
    """Keeps what this page of the job has shown; a statement or two. Call it in the transaction of the page.

    A preview that was not asked to compare leaves couplings alone (engine.md A11). What a run synchronizes needs no word here: its coupling
    is saved (mappings/couplings.py).
    """
    preview = job.type == JobType.PREVIEW
    if preview and not job.scope.get("compare"):
        return
    same = [item.source_key for item in items if item.action is Action.UNCHANGED]
    if same:
        same = _still_same(job, same) if preview else same
        _of(job, same).filter(differs_since__isnull=False).update(differs_since=None)
    differing = [item.source_key for item in items if item.action is Action.MODIFIED] if preview else []
    if differing:
        _of(job, differing).filter(pending="", differs_since__isnull=True).update(differs_since=timezone.now())


def _still_same(job: SynchJob, keys: Sequence[str]) -> list[str]:
    """Those to which the other direction of the same preview would bring nothing; known when the last direction has looked at them."""
    ways = Scope.from_json(job.scope).directions or (job.mapping.directions if job.mapping else ())
    if ways and job.direction != ways[-1]:
        return []
    entries = SynchEntry.objects.filter(job__log_entry=job.log_entry_id, action=EntryAction.MODIFIED, destination_key__in=keys)
    brought = set(entries.values_list("destination_key", flat=True))
    return [key for key in keys if key not in brought]


def _of(job: SynchJob, keys: Sequence[str]) -> QuerySet[Coupling]:
    return Coupling.objects.filter(mapping=job.mapping_id, **{f"{KEY[Direction(job.direction).source]}__in": keys})
