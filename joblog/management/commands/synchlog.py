"""manage.py synchlog: the log on a terminal or as JSON (commands.md section 2)."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError

from joblog.foreground import run_in_foreground
from joblog.models import JobQueueLogEntry, LogStatus, RunKind, SynchEntry, SynchJob, Trigger
from joblog.reports import entry_to_json, job_line, job_to_json
from joblog.retention import JOBS, RUNS, retention_entry


class Command(BaseCommand):
    help = "Lists jobs, newest first, or the records that they touched."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--last", type=int, default=20, metavar="N", help="how many jobs (default 20)")
        parser.add_argument("--mapping", metavar="M")
        parser.add_argument("--company", default="", help="only jobs of this Business Central company")
        parser.add_argument("--job", type=int, metavar="ID")
        parser.add_argument("--entries", action="store_true", help="the records that these jobs touched")
        parser.add_argument("--errors", action="store_true", help="only the failed ones")
        delete = parser.add_mutually_exclusive_group()
        delete.add_argument("--delete-older-than", type=int, metavar="DAYS", help="delete jobs that ended before, with their records")
        delete.add_argument("--delete-by-rules", action="store_true", help="delete what the rules of Log Retention do not keep")
        parser.add_argument("--job-queue", action="store_true", help="with --delete-older-than: of the log of the job queue instead")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["delete_by_rules"] or options["delete_older_than"] is not None:
            self._delete(options)
        jobs = self._jobs(options)
        if options["entries"] or options["errors"]:
            self._entries(jobs, options)
        elif options["json"]:
            self.stdout.write(json.dumps({"jobs": [job_to_json(job) for job in jobs]}))
        else:
            self.stdout.write("\n".join(job_line(job) for job in jobs) or "No jobs yet.")

    def _delete(self, options: dict[str, Any]) -> NoReturn:
        """Prints what was deleted. Exit code 0, or 2 with the reason."""
        days = options["delete_older_than"]
        if days is not None and days < 0:
            raise CommandError("--delete-older-than takes 0 (all) or a number of days.", returncode=2)
        entry = retention_entry(older_than=days, what=RUNS if options["job_queue"] else JOBS, trigger=Trigger.COMMAND)
        run_in_foreground(entry)
        run = JobQueueLogEntry.objects.filter(run_kind=RunKind.RETENTION).latest("pk")
        failed = run.status != LogStatus.SUCCESS
        removed = {name: run.parameters.get("removed", {}).get(name, 0) for name in ("jobs", "entries", "runs", "seconds")}
        if options["json"]:
            self.stdout.write(json.dumps({"status": run.status, "message": run.message, **removed}))
        else:
            self.stdout.write(run.notes or run.message)
        sys.exit(2 if failed else 0)

    def _jobs(self, options: dict[str, Any]) -> list[SynchJob]:
        rows = SynchJob.objects.order_by("-id")
        if options["mapping"]:
            rows = rows.filter(mapping_name__iexact=options["mapping"])
        if options["company"]:
            rows = rows.filter(company__iexact=options["company"])
        if options["job"]:
            rows = rows.filter(pk=options["job"])
        return list(rows[: options["last"]])

    def _entries(self, jobs: list[SynchJob], options: dict[str, Any]) -> None:
        rows = SynchEntry.objects.filter(job__in=[job.pk for job in jobs]).select_related("job").order_by("id")
        if options["errors"]:
            rows = rows.filter(action__in=["Failed", "Skipped"]).exclude(code="")
        if options["json"]:
            self.stdout.write(json.dumps({"entries": [entry_to_json(row) for row in rows]}))
            return
        if not rows:
            self.stdout.write("No such records.")
        for row in rows:
            changes = ", ".join(f"{one['field']}: {one['old'] or 'blank'} -> {one['new'] or 'blank'}" for one in row.changes)
            told = f"{row.code}: {row.message}" if row.code else row.message
            self.stdout.write(f"{row.job_id:>6}  {row.action:<9} {row.source_label} -> {row.destination_label}  {changes} {told}".rstrip())
