"""manage.py couple: couples two records (commands.md section 2)."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from joblog.foreground import run_in_foreground
from joblog.models import JobStatus, RunKind, SynchEntry, Trigger
from joblog.naming import find_mapping, find_record
from joblog.queue import new_entry
from joblog.reports import job_line, job_to_json
from joblog.scope import Scope
from syncadmin.sync.errors import SyncError
from syncadmin.sync.records import Direction, Side


class Command(BaseCommand):
    help = "Couples a Business Central record with a Sales record. Exit code 0, or 2 with the reason."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("mapping", metavar="MAPPING")
        parser.add_argument("bc_key", metavar="BC_KEY", help="key or number in Business Central")
        parser.add_argument("sales_key", metavar="SALES_KEY", help="key or number in Sales")
        parser.add_argument("--synchronize", choices=["to", "from"], help="synchronize afterwards, with the data of the source winning")
        parser.add_argument("--move", action="store_true", help="even if one of them is coupled to another record: that one is uncoupled")
        parser.add_argument("--company", default="")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        mapping = find_mapping(options["mapping"], options["company"])
        try:
            bc_key = find_record(mapping, Side.BUSINESS_CENTRAL, options["bc_key"])
            sales_key = find_record(mapping, Side.SALES, options["sales_key"])
        except (SyncError, CommandError) as error:
            self._refuse(str(error))
        scope = Scope(pairs=((bc_key, sales_key),), move=options["move"], **_afterwards(options["synchronize"]))
        entry = new_entry(mapping=mapping, run_kind=RunKind.COUPLE, scope=scope, user=None, trigger=Trigger.COMMAND)
        jobs, message = run_in_foreground(entry)
        if options["json"]:
            self.stdout.write(json.dumps({"jobs": [job_to_json(job) for job in jobs]}))
        else:
            self.stdout.write("\n".join(job_line(job) for job in jobs))
        reasons = SynchEntry.objects.filter(job__in=jobs, action="Failed").values_list("message", flat=True)
        if message or reasons or any(job.status != JobStatus.FINISHED for job in jobs):
            self._refuse(message or " ".join(reasons) or jobs[-1].message)

    def _refuse(self, text: str) -> None:
        self.stderr.write(text)
        sys.exit(2)


def _afterwards(synchronize: str | None) -> dict[str, Any]:
    if synchronize is None:
        return {}
    direction = Direction.TO_INTEGRATION if synchronize == "to" else Direction.FROM_INTEGRATION
    return {"directions": (direction,), "use": direction.source}
