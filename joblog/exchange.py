"""Job queue entries in the exported configuration (commands.md section 1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from joblog.models import JobQueueEntry, QueueStatus
from mappings.exchange import Import
from mappings.models import IntegrationTableMapping

_ENTRY = (
    "description", "run_kind", "parameters", "status", "category", "priority", "recurring", "minutes_between_runs", "run_on_monday",
    "run_on_tuesday", "run_on_wednesday", "run_on_thursday", "run_on_friday", "run_on_saturday", "run_on_sunday", "starting_time",
    "ending_time", "next_run_formula", "time_zone", "inactivity_minutes", "maximum_attempts", "rerun_delay_seconds",
)  # fmt: skip
_RUNNING = "In Process"


def entries_to_json() -> list[dict[str, Any]]:
    """All recurring entries: the schedule. Work that is queued once is no configuration."""
    rows = JobQueueEntry.objects.filter(recurring=True).select_related("mapping__business_central")
    return [entry_plain(row) for row in rows]


def entry_plain(row: JobQueueEntry) -> dict[str, Any]:
    """The settings of an entry without what its runs leave on it; needs ``mapping.business_central`` at hand."""
    values = {name: getattr(row, name) for name in _ENTRY}
    times = {name: values[name].isoformat() if values[name] else None for name in ("starting_time", "ending_time")}
    return {
        **values,
        **times,
        "status": "Ready" if row.status == _RUNNING else row.status,
        "mapping": row.mapping.name if row.mapping else None,
        "company": row.mapping.business_central.company if row.mapping else None,
    }


@dataclass
class EntryImport:
    """Reads the entries of a file into the import of the rest, so that all is checked before anything is changed."""

    whole: Import

    def read(self, data: Mapping[str, Any]) -> None:
        planned = {plain.get("name") for plain in self.whole.rows(data, "mappings")}
        for plain in self.whole.rows(data, "job_queue_entries"):
            self._entry(plain, planned)

    def _entry(self, plain: Mapping[str, Any], planned: set[Any]) -> None:
        what = f"job queue entry {plain.get('description', '?')}"
        values = self.whole.known(what, plain, _ENTRY, also=("mapping", "company"))
        self._check(what, plain, planned)
        for one in ("starting_time", "ending_time"):
            if values.get(one):
                values[one] = self._time(what, one, values[one])
        row = _find(plain) or JobQueueEntry()
        changed = [key for key, value in values.items() if getattr(row, key) != value and not (key == "status" and row.status == _RUNNING)]
        for key in changed:
            setattr(row, key, values[key])
        if self.whole.checked(what, row, exclude=["mapping", "user", "parameters"]) and changed:
            self.whole.plan(f"{what}: {'change ' + ', '.join(changed) if row.pk else 'new'}", lambda: _save(row, plain, changed))

    def _check(self, what: str, plain: Mapping[str, Any], planned: set[Any]) -> None:
        name = plain.get("mapping")
        if name and name not in planned and not _mappings(plain).exists():
            self.whole.errors.append(f"{what}: there is no mapping {name}.")
        if name and len(_mappings(plain)) > 1:
            self.whole.errors.append(f"{what}: several companies have a mapping {name}. Name the company.")
        if plain.get("status") == _RUNNING:
            self.whole.errors.append(f"{what}: status: only a worker sets an entry to {_RUNNING}.")

    def _time(self, what: str, name: str, text: Any) -> time | None:
        try:
            return time.fromisoformat(str(text))
        except ValueError:
            self.whole.errors.append(f"{what}: {name}: {text!r} is no time (HH:MM).")
            return None


def _find(plain: Mapping[str, Any]) -> JobQueueEntry | None:
    rows = JobQueueEntry.objects.filter(recurring=True, description=plain.get("description"))
    if plain.get("company"):
        rows = rows.filter(mapping__business_central__company=plain["company"])
    return rows.first()


def _mappings(plain: Mapping[str, Any]) -> QuerySet[IntegrationTableMapping]:
    found = IntegrationTableMapping.objects.filter(name=plain["mapping"])
    return found.filter(business_central__company=plain["company"]) if plain.get("company") else found


def _save(row: JobQueueEntry, plain: Mapping[str, Any], changed: list[str]) -> None:
    """Of an entry that exists only what changes: workers write its other columns. One that was claimed since the file was read keeps its
    status, because the claim wins; one that was deleted since is made anew."""
    row.mapping = _mappings(plain).get() if plain.get("mapping") else row.mapping
    present = JobQueueEntry.objects.select_for_update().filter(pk=row.pk).first() if row.pk else None
    if present is None:
        own = {name: getattr(row, name) for name in (*_ENTRY, "mapping")}
        JobQueueEntry.objects.create(**own, earliest_start=timezone.now())
        return
    written = {name: getattr(row, name) for name in (*changed, "mapping") if name != "status" or present.status != _RUNNING}
    if present.earliest_start is None and written.get("status", present.status) != QueueStatus.INACTIVE:  # that one rests until a change
        written["earliest_start"] = timezone.now()
    JobQueueEntry.objects.filter(pk=row.pk).update(**written)
