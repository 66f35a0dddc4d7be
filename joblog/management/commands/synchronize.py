"""manage.py synchronize: runs mappings now, in the foreground (commands.md section 2)."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError

from joblog.foreground import run_in_foreground
from joblog.full_foreground import lines_to_json, run_full, unfinished
from joblog.models import JobStatus, RunKind, SynchJob, Trigger
from joblog.naming import all_mappings, find_mapping, find_records
from joblog.progress import Progress
from joblog.queue import new_entry
from joblog.reports import exit_code, job_line, job_to_json
from joblog.scope import Scope
from joblog.statistics import NAMES, is_statistics, statistics_entry, statistics_possible
from mappings.models import IntegrationTableMapping
from syncadmin.sync.errors import SyncError
from syncadmin.sync.records import Direction, Side

_DIRECTIONS = {"to": (Direction.TO_INTEGRATION,), "from": (Direction.FROM_INTEGRATION,), "both": ()}
_SIDES = {"business-central": Side.BUSINESS_CENTRAL, "sales": Side.SALES}


class Command(BaseCommand):
    help = "Synchronizes mappings now. Exit code 0: all well, 1: some records failed, 2: a job could not run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("mappings", nargs="*", metavar="MAPPING", help="names or aliases, any case")
        parser.add_argument("--all", action="store_true", help="every mapping, in dependency order")
        parser.add_argument("--company", default="", help="the Business Central company, where several are set up")
        parser.add_argument("--direction", choices=list(_DIRECTIONS), default="both")
        parser.add_argument("--full", action="store_true", help="read everything; with --all the Full Synchronization, which also creates")
        parser.add_argument("--unconditional", action="store_true", help="read everything and overwrite what differs")
        parser.add_argument("--record", action="append", default=[], metavar="KEY", help="only this record: key or number of either side")
        parser.add_argument("--use", choices=list(_SIDES), help="whose value wins in a conflict")
        parser.add_argument("--preview", action="store_true", help="write nothing, list what would happen")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Exits with the code of the worst job."""
        jobs: list[dict[str, Any]] = []
        code = 0
        try:
            chosen = self._chosen(options)
        except CommandError as error:
            self._stop(options, str(error))
        if _is_full_synchronization(options):
            self._full(chosen, options)
        for mapping in chosen:
            found, worst = self._run(mapping, options)
            jobs.extend(found)
            code = max(code, worst)
        if _wants_statistics(options):
            found, worst = self._statistics(options)
            jobs.extend(found)
            code = max(code, worst)
        if options["json"]:
            self.stdout.write(json.dumps({"jobs": jobs}))
        sys.exit(code)

    def _full(self, chosen: list[IntegrationTableMapping], options: dict[str, Any]) -> NoReturn:
        """The Full Synchronization of each company (engine.md section 17); well only when every line is Finished."""
        told: list[dict[str, Any]] = []
        lines: list[dict[str, Any]] = []
        problems: list[str] = []
        failed = 0
        for company in dict.fromkeys(mapping.business_central for mapping in chosen):
            try:
                for done in run_full(company, scope=Scope(use=_SIDES.get(options["use"] or "")), shown=_bar(options)):
                    self._print(done.jobs, done.message, options)
                    told += [job_to_json(job) for job in done.jobs]
                    failed += sum(job.failed for job in done.jobs)
                problems += unfinished(company)
            except SyncError as error:
                problems.append(error.text)
            lines += lines_to_json(company)
        if options["json"]:
            ended = {"status": JobStatus.ERROR, "message": " ".join(problems)} if problems else {}
            self.stdout.write(json.dumps({"jobs": told, "lines": lines} | ended))
        elif problems:
            self.stderr.write("\n".join(problems))
        sys.exit(2 if problems else 1 if failed else 0)

    def _chosen(self, options: dict[str, Any]) -> list[IntegrationTableMapping]:
        if bool(options["mappings"]) == options["all"]:
            raise CommandError("Name the mappings to synchronize, or use --all.")
        if _is_full_synchronization(options) and options["direction"] != "both":
            raise CommandError("--all --full synchronizes both ways. Leave --direction out, or name the mappings.")
        if options["record"] and len(options["mappings"]) != 1:
            raise CommandError("--record goes with exactly one mapping.")
        if options["all"]:
            return all_mappings(options["company"])
        statistics = [name for name in options["mappings"] if is_statistics(name)]
        if statistics and (options["record"] or options["preview"]):
            raise CommandError(f"{statistics[0]} runs for all customers and has no preview. Leave --record and --preview out.")
        return [find_mapping(name, options["company"]) for name in options["mappings"] if name not in statistics]

    def _run(self, mapping: IntegrationTableMapping, options: dict[str, Any]) -> tuple[list[dict[str, Any]], int]:
        try:
            scope = _scope(mapping, options)
        except (SyncError, CommandError) as error:
            return [self._error(mapping, options, str(error))], 2
        kind = RunKind.PREVIEW if options["preview"] else RunKind.SYNCHRONIZE
        entry = new_entry(mapping=mapping, run_kind=kind, scope=scope, user=None, trigger=Trigger.COMMAND)
        with Progress(mapping.name, shown=_bar(options)) as progress:
            jobs, message = run_in_foreground(entry, tell=progress.tell)
        self._print(jobs, message, options)
        return [job_to_json(job) for job in jobs], exit_code(jobs, message)

    def _statistics(self, options: dict[str, Any]) -> tuple[list[dict[str, Any]], int]:
        with Progress(NAMES[0], shown=_bar(options)) as progress:
            jobs, message = run_in_foreground(statistics_entry(options["company"]), tell=progress.tell)
        self._print(jobs, message, options)
        told = [job_to_json(job) for job in jobs]
        return told or [{"mapping": NAMES[0], "status": JobStatus.ERROR, "message": message}], exit_code(jobs, message)

    def _print(self, jobs: list[SynchJob], message: str, options: dict[str, Any]) -> None:
        if options["json"]:
            return
        for job in jobs:
            self.stdout.write(job_line(job))
        if message and not any(job.message for job in jobs):
            self.stderr.write(message)

    def _error(self, mapping: IntegrationTableMapping, options: dict[str, Any], text: str) -> dict[str, Any]:
        if not options["json"]:
            self.stderr.write(f"{mapping.name}: {text}")
        return {"mapping": mapping.name, "status": JobStatus.ERROR, "message": text}

    def _stop(self, options: dict[str, Any], text: str) -> None:
        if options["json"]:
            self.stdout.write(json.dumps({"jobs": [], "status": "Error", "message": text}))
        else:
            self.stderr.write(text)
        sys.exit(2)


def _is_full_synchronization(options: dict[str, Any]) -> bool:
    return bool(options["all"] and options["full"] and not options["unconditional"] and not options["preview"])


def _wants_statistics(options: dict[str, Any]) -> bool:
    """Named, or last of all where they are possible (engine.md A24)."""
    if options["all"]:
        return not options["preview"] and statistics_possible(options["company"])
    return any(is_statistics(name) for name in options["mappings"])


def _bar(options: dict[str, Any]) -> bool:
    return not options["json"] and sys.stderr.isatty()


def _scope(mapping: IntegrationTableMapping, options: dict[str, Any]) -> Scope:
    bc_keys, sales_keys = find_records(mapping, options["record"]) if options["record"] else ((), ())
    return Scope(
        directions=_DIRECTIONS[options["direction"]],
        bc_keys=bc_keys,
        sales_keys=sales_keys,
        full=options["full"],
        unconditional=options["unconditional"],
        use=_SIDES.get(options["use"] or ""),
    )
