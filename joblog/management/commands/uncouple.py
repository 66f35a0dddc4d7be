"""manage.py uncouple: removes couplings (commands.md section 2)."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from joblog.foreground import run_in_foreground
from joblog.models import JobStatus, RunKind, Trigger
from joblog.naming import find_mapping, find_records
from joblog.queue import new_entry
from joblog.reports import job_line, job_to_json
from joblog.scope import Scope
from syncadmin.sync.errors import SyncError


class Command(BaseCommand):
    help = "Removes couplings; the records themselves stay as they are. Exit code 0, or 2 with the reason."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("mapping", metavar="MAPPING")
        parser.add_argument("keys", nargs="*", metavar="KEY", help="keys or numbers of either side")
        parser.add_argument("--all", action="store_true", help="all couplings of the mapping")
        parser.add_argument("--company", default="")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["keys"]) == options["all"]:
            raise CommandError("Name the records to uncouple, or use --all.", returncode=2)
        mapping = find_mapping(options["mapping"], options["company"])
        try:
            bc_keys, sales_keys = find_records(mapping, options["keys"])
        except (SyncError, CommandError) as error:
            self.stderr.write(str(error))
            sys.exit(2)
        scope = Scope(bc_keys=bc_keys, sales_keys=sales_keys)
        entry = new_entry(mapping=mapping, run_kind=RunKind.UNCOUPLE, scope=scope, user=None, trigger=Trigger.COMMAND)
        jobs, message = run_in_foreground(entry)
        if options["json"]:
            self.stdout.write(json.dumps({"jobs": [job_to_json(job) for job in jobs]}))
        else:
            self.stdout.write("\n".join(job_line(job) for job in jobs))
        if message or any(job.status != JobStatus.FINISHED for job in jobs):
            self.stderr.write(message)
            sys.exit(2)
