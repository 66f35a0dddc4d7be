"""manage.py match: match-based coupling (commands.md section 2)."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError

from joblog.foreground import run_in_foreground
from joblog.models import JobStatus, RunKind, Trigger
from joblog.naming import find_mapping
from joblog.progress import Progress
from joblog.queue import new_entry
from joblog.reports import exit_code, job_line, job_to_json
from joblog.scope import Scope


class Command(BaseCommand):
    help = "Couples uncoupled records by their match fields. Exit code 0: all well, 1: some found no partner, 2: it could not run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("mapping", metavar="MAPPING", help="name or alias, any case")
        parser.add_argument("--company", default="", help="the Business Central company, where several are set up")
        parser.add_argument("--create-new", action="store_true", default=None, help="create records in Sales for those without a match")
        parser.add_argument("--synch-after", action="store_true", default=None, help="synchronize what was coupled afterwards")
        parser.add_argument("--preview", action="store_true", help="couple nothing, list what would happen")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Exits with the code of the worst job."""
        try:
            mapping = find_mapping(options["mapping"], options["company"])
        except CommandError as error:
            self._stop(str(error), as_json=options["json"])
        scope = Scope(match=True, create_new=options["create_new"], synch_after=options["synch_after"])
        kind = RunKind.PREVIEW if options["preview"] else RunKind.MATCH
        entry = new_entry(mapping=mapping, run_kind=kind, scope=scope, user=None, trigger=Trigger.COMMAND)
        with Progress(mapping.name, shown=not options["json"] and sys.stderr.isatty()) as progress:
            jobs, message = run_in_foreground(entry, tell=progress.tell)
        if options["json"]:
            self.stdout.write(json.dumps({"jobs": [job_to_json(job) for job in jobs]}))
        else:
            self.stdout.write("\n".join(job_line(job) for job in jobs))
            if message and not any(job.message for job in jobs):
                self.stderr.write(message)
        sys.exit(exit_code(jobs, message))

    def _stop(self, text: str, *, as_json: bool) -> NoReturn:
        if as_json:
            self.stdout.write(json.dumps({"jobs": [], "status": JobStatus.ERROR, "message": text}))
        else:
            self.stderr.write(text)
        sys.exit(2)
