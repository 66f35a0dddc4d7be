"""Two jobs beside each other: their facts, the settings that they used, and the records that fared differently."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from joblog.entry_tables import ACTION_TONES
from joblog.job_text import job_facts
from joblog.models import EntryAction, SynchEntry, SynchJob
from joblog.settings_used import settings_as_of
from mappings.captions import captions_of
from mappings.differences import Line, differing_lines

COMPARED = 1000  # entries of each job, the newest ones
SHOWN = 200
_READ = ("pk", "job_id", "source_key", "source_label", "action", "code", "message", "changes")


@dataclass(frozen=True)
class Fact:
    label: str
    first: str
    second: str

    @property
    def differs(self) -> bool:
        return self.first != self.second


@dataclass(frozen=True)
class Fared:
    """A record that the jobs did not do the same with; None: that job did not touch it."""

    label: str
    first: SynchEntry | None
    second: SynchEntry | None

    @property
    def failed(self) -> bool:
        return any(one is not None and one.action == EntryAction.FAILED for one in (self.first, self.second))

    @property
    def first_tone(self) -> str:
        return ACTION_TONES.get(self.first.action, "") if self.first else ""

    @property
    def second_tone(self) -> str:
        return ACTION_TONES.get(self.second.action, "") if self.second else ""


@dataclass(frozen=True)
class Comparison:
    """``settings`` are the differences from the first to the second; None where nothing is kept of them, or they are of two mappings.
    ``more`` tells that there are more records than were compared or are shown; ``comparable`` that the jobs went the same way."""

    facts: list[Fact]
    settings: list[Line] | None
    fared: list[Fared]
    more: bool
    comparable: bool


def compare_jobs(first: SynchJob, second: SynchJob) -> Comparison:
    """Needs the mappings of the jobs at hand; two statements for their records, whatever their number."""
    comparable = (first.mapping_name, first.company, first.direction) == (second.mapping_name, second.company, second.direction)
    entries = [_newest(job) if comparable else [] for job in (first, second)]
    fared = list(_fared(*({entry.source_key: entry for entry in found if entry.source_key} for found in entries)))
    return Comparison(
        facts=[Fact(label, *values) for label, values in _beside(job_facts(first), job_facts(second))],
        settings=_settings(first, second),
        fared=fared[:SHOWN],
        more=len(fared) > SHOWN or any(len(found) == COMPARED for found in entries),
        comparable=comparable,
    )


def _beside(first: dict[str, str], second: dict[str, str]) -> Iterator[tuple[str, tuple[str, str]]]:
    for label in dict.fromkeys((*first, *second)):
        yield label, (first.get(label, ""), second.get(label, ""))


def _settings(first: SynchJob, second: SynchJob) -> list[Line] | None:
    if (first.mapping_name, first.company) != (second.mapping_name, second.company):
        return None
    if first.mapping_version == second.mapping_version:
        return []
    before, after = settings_as_of(first), settings_as_of(second)
    return None if before is None or after is None else differing_lines(before, after, captions_of("mapping"))


def _newest(job: SynchJob) -> list[SynchEntry]:
    return list(SynchEntry.objects.filter(job=job).only(*_READ).order_by("-id")[:COMPARED])


def _fared(first: dict[str, SynchEntry], second: dict[str, SynchEntry]) -> Iterator[Fared]:
    """Failed ones first, in either job; then by name."""
    keys = [key for key in dict.fromkeys((*first, *second)) if _outcome(first.get(key)) != _outcome(second.get(key))]
    rows = [Fared((second.get(key) or first[key]).source_label or key, first.get(key), second.get(key)) for key in keys]
    yield from sorted(rows, key=lambda row: (not row.failed, row.label))


def _outcome(entry: SynchEntry | None) -> tuple[object, ...]:
    return () if entry is None else (entry.action, entry.code, [(one["field"], one["old"], one["new"]) for one in entry.changes])
