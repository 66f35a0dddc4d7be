"""A full synchronization in this process, wave after wave for ``synchronize --all --full`` (engine.md section 17)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from joblog.foreground import PATIENCE, run_in_foreground
from joblog.full_synchronization import alive, lines_of, reset, start, startable, take, unsatisfied
from joblog.models import FullSynchronizationLine, QueueStatus, Requested, SynchJob
from joblog.progress import Progress
from joblog.scope import Scope
from mappings.models import System

_POLL = 0.3  # seconds


@dataclass
class Done:
    """One line that was run: its jobs, and why it did not end well ("" when it did)."""

    line: FullSynchronizationLine
    jobs: list[SynchJob] = field(default_factory=list)
    message: str = ""


def run_full(company: System, *, scope: Scope, shown: bool) -> Iterator[Done]:
    """Makes the lines of the company anew and runs them one after the other, each when its dependencies are Finished.

    Lines that the services put off are left to the workers; this waits five minutes for those. Raises RunError ``busy``, and what
    asking both systems raises.
    """
    reset(company)
    start(company, by=Requested.FOREGROUND)
    deadline = timezone.now() + PATIENCE
    while True:
        lines = lines_of(company)
        ready = startable(lines)
        if ready:
            yield from _run(ready[0], scope, shown)
            deadline = timezone.now() + PATIENCE
        elif any(alive(line) for line in lines) and timezone.now() < deadline:
            time.sleep(_POLL)
        else:
            return


def unfinished(company: System) -> list[str]:
    """Why lines of the company are not Finished, a sentence each."""
    lines = lines_of(company)
    left = [line for line in lines if line.state != QueueStatus.FINISHED]
    return [f"{line.mapping.name} is {line.state or 'not started'}{_reason(line, lines)}" for line in left]


def lines_to_json(company: System) -> list[dict[str, Any]]:
    """Every line as ``synchronize --all --full --json`` prints it."""
    return [line_to_json(line) for line in lines_of(company)]


def line_to_json(line: FullSynchronizationLine) -> dict[str, Any]:
    return {
        "mapping": line.mapping.name,
        "company": line.mapping.business_central.company,
        "recommendation": line.recommendation,
        "status": line.state if line.pk else "",
        "to": line.to_status,
        "from": line.from_status,
        "message": line.message,
    }


def _run(line: FullSynchronizationLine, scope: Scope, shown: bool) -> Iterator[Done]:
    entry = take(line, scope=scope)
    if entry is None:
        return
    with Progress(line.mapping.name, shown=shown) as progress:
        jobs, message = run_in_foreground(entry, tell=progress.tell)
    yield Done(line, jobs, message)


def _reason(line: FullSynchronizationLine, lines: list[FullSynchronizationLine]) -> str:
    waits = [other.mapping.name for other in unsatisfied(line, lines)]
    if line.message:
        return f": {line.message}"
    return f", because it depends on {', '.join(waits)}." if waits and not line.status else "."
