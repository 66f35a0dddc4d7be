"""What commands print of their runs, and their exit code (commands.md section 2)."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from django.core.management.base import BaseCommand

from joblog.executions import refuse
from joblog.foreground import run_in_foreground
from joblog.models import EntryAction, JobQueueEntry, SynchEntry, SynchJob
from joblog.progress import Progress
from joblog.reports import job_line, job_to_json, problems_of, report


@dataclass
class Terminal:
    """Prints a line for each job when it ends, or one JSON object at the very end; ``problems`` say why a job could not run."""

    command: BaseCommand
    as_json: bool
    jobs: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    failed: int = 0

    @property
    def shows_progress(self) -> bool:
        return not self.as_json and sys.stderr.isatty()

    def run(self, entry: JobQueueEntry, name: str) -> list[SynchJob]:
        """Carries out an entry that is not saved yet, with a progress bar of this name; its jobs."""
        with Progress(name, shown=self.shows_progress) as progress:
            jobs, message = run_in_foreground(entry, tell=progress.tell)
        self.note(jobs, message)
        return jobs

    def note(self, jobs: Sequence[SynchJob], message: str = "") -> None:
        """Shows jobs that have ended, and why they did not end well."""
        self.show(jobs)
        self.complain(*problems_of(jobs, message), silent=any(job.message for job in jobs))

    def show(self, jobs: Sequence[SynchJob]) -> None:
        self.jobs += [job_to_json(job) for job in jobs]
        self.failed += sum(job.failed for job in jobs)
        if not self.as_json and jobs:
            self.command.stdout.write("\n".join(job_line(job) for job in jobs))

    def refuse(self, entry: JobQueueEntry, code: str, text: str) -> None:
        """A run that cannot start: its job is in the log all the same (engine.md A18)."""
        self.note([refuse(entry, code, text)])

    def require(self, jobs: Sequence[SynchJob]) -> None:
        """For commands that know no half success: what failed is a reason for exit code 2."""
        failed = SynchEntry.objects.filter(job__in=jobs, action=EntryAction.FAILED).order_by("id")
        self.complain(*dict.fromkeys(failed.values_list("message", flat=True)))

    def complain(self, *problems: str, silent: bool = False) -> None:
        """Why something could not be done; ``silent`` if the terminal shows it already."""
        self.problems += problems
        if problems and not (self.as_json or silent):
            self.command.stderr.write("\n".join(problems))

    def end(self, **more: Any) -> NoReturn:
        """Exits: 0 all well, 1 some records failed, 2 a job could not run. ``more`` are further keys of the JSON object."""
        if self.as_json:
            self.command.stdout.write(report(self.jobs, self.problems, **more))
        sys.exit(2 if self.problems else 1 if self.failed else 0)
