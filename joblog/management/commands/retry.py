"""manage.py retry: what failed runs again (engine.md section 9.3)."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q, QuerySet

from joblog.models import JobType, SynchError
from joblog.models.synch_entry import OPEN_ISSUE, UNRESOLVED_ISSUE
from joblog.naming import find_mapping, find_records
from joblog.queue import enqueue, new_entry
from joblog.retries import Retried, retry_couplings, retry_errors, synchronize_couplings
from joblog.terminal import Terminal
from mappings.models import Coupling, IntegrationTableMapping
from syncadmin.sync.errors import SyncError
from syncadmin.sync.records import Direction, Side

_DIRECTIONS = {"to": Direction.TO_INTEGRATION, "from": Direction.FROM_INTEGRATION}
_SIDES = {"business-central": Side.BUSINESS_CENTRAL, "sales": Side.SALES}


class Command(BaseCommand):
    help = "Lifts the skip of failed records and runs them again. Exit code 0: all well, 1: some failed again, 2: a job could not run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("mappings", nargs="*", metavar="MAPPING", help="names or aliases, any case; only what failed in these")
        parser.add_argument("--all", action="store_true", help="of every mapping")
        parser.add_argument("--record", action="append", default=[], metavar="KEY", help="only this record: key or number of either side")
        parser.add_argument("--code", help="only what failed with this code, for example conflict")
        parser.add_argument("--direction", choices=list(_DIRECTIONS), help="only what failed in this direction")
        parser.add_argument("--job", type=int, metavar="ID", help="only what failed in this job")
        parser.add_argument("--skipped", action="store_true", help="skipped records alone, whatever the log still knows of them")
        parser.add_argument("--both-ways", action="store_true", help="with --skipped: in all directions of the mapping (Synchronize)")
        parser.add_argument("--use", choices=list(_SIDES), help="whose value wins in a conflict")
        parser.add_argument("--background", action="store_true", help="leave the runs to the workers")
        parser.add_argument("--company", default="", help="the Business Central company, where several are set up")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        terminal = Terminal(self, as_json=options["json"])
        try:
            retried = _retried(options)
        except (SyncError, CommandError) as error:
            terminal.complain(str(error))
            terminal.end()
        if not options["background"]:
            for entry in retried.entries:
                terminal.run(entry, entry.mapping.name if entry.mapping else "")
        if not options["json"]:
            where = "left to the workers" if options["background"] else "run again"
            self.stdout.write(" ".join([f"{retried.records} records were {where}.", *retried.left_out]))
        terminal.end(records=retried.records, left_out=retried.left_out)


def _retried(options: dict[str, Any]) -> Retried:
    mappings, use = _mappings(options), _SIDES.get(options["use"] or "")
    queue = enqueue if options["background"] else new_entry
    if not options["skipped"]:
        if options["both_ways"]:
            raise CommandError("--both-ways goes with --skipped.")
        return retry_errors(_errors(mappings, options), user=None, use=use, queue=queue)
    if options["code"] or options["job"] or options["direction"]:
        raise CommandError("--skipped takes whole records: leave --code, --job and --direction out.")
    again = synchronize_couplings if options["both_ways"] else retry_couplings
    return again(_skipped(mappings, options), user=None, use=use, queue=queue)


def _mappings(options: dict[str, Any]) -> list[IntegrationTableMapping]:
    """Those named; none for all of them."""
    if bool(options["mappings"]) == options["all"]:
        raise CommandError("Name the mappings whose records to retry, or use --all.")
    if options["record"] and len(options["mappings"]) != 1:
        raise CommandError("--record goes with exactly one mapping.")
    return [find_mapping(name, options["company"]) for name in options["mappings"]]


def _errors(mappings: list[IntegrationTableMapping], options: dict[str, Any]) -> QuerySet[SynchError]:
    """Those that are open; of records that are named also what is ignored."""
    rows = SynchError.objects.filter(UNRESOLVED_ISSUE if options["record"] else OPEN_ISSUE).exclude(job__type=JobType.PREVIEW)
    if mappings:
        rows = rows.filter(job__mapping__in=mappings)
    elif options["company"]:
        rows = rows.filter(job__company__iexact=options["company"])
    if options["code"]:
        rows = rows.filter(code__iexact=options["code"])
    if options["direction"]:
        rows = rows.filter(job__direction=_DIRECTIONS[options["direction"]].value)
    if options["job"]:
        rows = rows.filter(job=options["job"])
    keys = _keys(mappings, options)
    return rows.filter(Q(source_key__in=keys) | Q(destination_key__in=keys)) if keys else rows


def _skipped(mappings: list[IntegrationTableMapping], options: dict[str, Any]) -> QuerySet[Coupling]:
    rows = Coupling.objects.filter(skipped=True)
    if mappings:
        rows = rows.filter(mapping__in=mappings)
    elif options["company"]:
        rows = rows.filter(mapping__business_central__company__iexact=options["company"])
    keys = _keys(mappings, options)
    return rows.filter(Q(bc_key__in=keys) | Q(sales_key__in=keys)) if keys else rows


def _keys(mappings: list[IntegrationTableMapping], options: dict[str, Any]) -> list[str]:
    bc_keys, sales_keys = find_records(mappings[0], options["record"]) if options["record"] else ((), ())
    return [*bc_keys, *sales_keys]
