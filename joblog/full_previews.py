"""What a full synchronization would do: previews of all mappings that count with each other (engine.md A11 and section 17)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from joblog.foreground import run_in_foreground
from joblog.full_foreground import Done
from joblog.full_lines import ends_line
from joblog.full_synchronization import participants, scope_of
from joblog.models import FullSynchronizationLine, JobStatus, Recommendation, RunKind, SynchJob, Trigger
from joblog.naming import all_mappings
from joblog.progress import Progress
from joblog.queue import new_entry
from joblog.recommendations import recommendations
from joblog.scope import Scope
from mappings.models import IntegrationTableMapping, System


def preview_full(company: System, *, scope: Scope, shown: bool) -> Iterator[Done]:
    """Each mapping by its recommendation of now, in the order of dependencies; touches neither lines nor couplings.

    The lines of the answer are not saved. Raises RunError and RetryLater where a system cannot be asked what it has.
    """
    wanted = {mapping.pk: mapping for mapping in participants(company)}
    found = recommendations(list(wanted.values()))
    earlier: list[int] = []
    for mapping in (wanted[one.pk] for one in all_mappings(company.company) if one.pk in wanted):
        line = FullSynchronizationLine(mapping=mapping, recommendation=found[mapping.pk])
        yield _preview_line(line, scope, earlier, shown)


def _preview_line(line: FullSynchronizationLine, scope: Scope, earlier: list[int], shown: bool) -> Done:
    done = Done(line)
    for step in _steps(line, scope):
        jobs = _preview(line.mapping, replace(step, previews=tuple(earlier)), shown)
        earlier += dict.fromkeys(job.log_entry_id for job in jobs if job.log_entry_id)
        done.jobs += jobs
        stopped = [job for job in jobs if job.status != JobStatus.FINISHED]
        if stopped:
            line.message = stopped[0].message
            done.message = "" if ends_line(stopped[0].code) else stopped[0].message
            break
    return done


def _steps(line: FullSynchronizationLine, scope: Scope) -> list[Scope]:
    """What the line runs, one kind of preview after the other."""
    if line.recommendation == Recommendation.NONE:
        return []
    whole = scope_of(line, scope)
    return [whole, replace(whole, match=False)] if whole.match else [whole]


def _preview(mapping: IntegrationTableMapping, scope: Scope, shown: bool) -> list[SynchJob]:
    entry = new_entry(mapping=mapping, run_kind=RunKind.PREVIEW, scope=scope, user=None, trigger=Trigger.COMMAND)
    with Progress(mapping.name, shown=shown) as progress:
        return run_in_foreground(entry, tell=progress.tell)[0]
