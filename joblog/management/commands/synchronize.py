"""manage.py synchronize: runs mappings now, in the foreground (commands.md section 2)."""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import replace
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from joblog.full_foreground import line_to_json, lines_to_json, run_full, unfinished
from joblog.full_previews import preview_full
from joblog.manual import keep_values
from joblog.models import JobQueueEntry, RunKind, SynchJob, Trigger
from joblog.naming import all_mappings, find_mapping, find_records
from joblog.queue import new_entry
from joblog.scope import Scope
from joblog.statistics import NAMES, is_statistics, statistics_entry, statistics_possible
from joblog.terminal import Terminal
from mappings.models import Coupling, IntegrationTableMapping
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
        parser.add_argument("--keep", action="append", default=[], metavar="FIELD=SIDE", help="with --record: whose value of a field stays")
        parser.add_argument("--create-new", action="store_true", help="also create what is not coupled, whatever the mapping says")
        parser.add_argument("--preview", action="store_true", help="write nothing, list what would happen")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Exits with the code of the worst job."""
        terminal = Terminal(self, as_json=options["json"])
        try:
            chosen = _chosen(options)
        except CommandError as error:
            terminal.complain(str(error))
            terminal.end()
        more: dict[str, Any] = {}
        if _is_full_synchronization(options):
            more["lines"] = _full(chosen, options, terminal)
        else:
            _run_all(chosen, options, terminal)
        if _wants_statistics(options):
            _statistics(options, terminal)
        terminal.end(**more)


def _chosen(options: dict[str, Any]) -> list[IntegrationTableMapping]:
    if bool(options["mappings"]) == options["all"]:
        raise CommandError("Name the mappings to synchronize, or use --all.")
    if _is_full_synchronization(options) and options["direction"] != "both":
        raise CommandError("--all --full synchronizes both ways. Leave --direction out, or name the mappings.")
    if options["record"] and len(options["mappings"]) != 1:
        raise CommandError("--record goes with exactly one mapping.")
    if options["keep"] and (len(options["record"]) != 1 or options["preview"] or options["use"] or options["direction"] != "both"):
        raise CommandError("--keep decides the conflict of exactly one --record, both ways. Leave --preview, --use and --direction out.")
    _winners(options)
    chosen = _named(options)
    _refuse_both_ways(chosen, options)
    return chosen


def _named(options: dict[str, Any]) -> list[IntegrationTableMapping]:
    if options["all"]:
        return all_mappings(options["company"])
    statistics = [name for name in options["mappings"] if is_statistics(name)]
    if statistics and options["preview"]:
        raise CommandError(f"{statistics[0]} has no preview. Leave --preview out.")
    return [find_mapping(name, options["company"]) for name in options["mappings"] if name not in statistics]


def _refuse_both_ways(chosen: list[IntegrationTableMapping], options: dict[str, Any]) -> None:
    """Unconditional is for one way (engine.md section 5): both ways, the first would overwrite what the second is to bring."""
    both = [one.name for one in chosen if len(one.directions) > 1]
    if options["unconditional"] and options["direction"] == "both" and not options["use"] and both:
        raise CommandError(
            f"--unconditional overwrites what differs, and {', '.join(both)} goes both ways. Say which side overwrites the other: "
            "--direction to or from, or --use business-central or sales."
        )


def _full(chosen: list[IntegrationTableMapping], options: dict[str, Any], terminal: Terminal) -> list[dict[str, Any]]:
    """The Full Synchronization of each company (engine.md section 17), well only when every line is Finished, or its preview; the lines."""
    lines: list[dict[str, Any]] = []
    scope, shown = Scope(use=_SIDES.get(options["use"] or "")), terminal.shows_progress
    for company in dict.fromkeys(mapping.business_central for mapping in chosen):
        try:
            if options["preview"]:
                for done in preview_full(company, scope=scope, shown=shown):
                    terminal.show(done.jobs)
                    terminal.complain(*filter(None, [done.message]), silent=True)
                    lines.append(line_to_json(done.line))
                continue
            for done in run_full(company, scope=scope, shown=shown):
                terminal.show(done.jobs)  # the line tells how it ended
            terminal.complain(*unfinished(company))
        except SyncError as error:
            terminal.complain(error.text)
        lines += lines_to_json(company)
    return lines


def _run_all(chosen: list[IntegrationTableMapping], options: dict[str, Any], terminal: Terminal) -> None:
    """One mapping after the other; previews count with what those before them would have coupled (engine.md A11)."""
    earlier: list[int] = []
    for mapping in chosen:
        jobs = _run(mapping, options, terminal, tuple(earlier))
        if options["preview"]:
            earlier += dict.fromkeys(job.log_entry_id for job in jobs if job.log_entry_id)


def _run(mapping: IntegrationTableMapping, options: dict[str, Any], terminal: Terminal, earlier: tuple[int, ...]) -> list[SynchJob]:
    kind = RunKind.PREVIEW if options["preview"] else RunKind.SYNCHRONIZE
    scope = replace(_scope(options), previews=earlier)
    entry = new_entry(mapping=mapping, run_kind=kind, scope=scope, user=None, trigger=Trigger.COMMAND)
    try:
        bc_keys, sales_keys = find_records(mapping, options["record"]) if options["record"] else ((), ())
    except SyncError as error:
        terminal.refuse(entry, error.code, error.text)
    except CommandError as error:
        terminal.refuse(entry, "unknown-record", str(error))
    else:
        entry.parameters = replace(scope, bc_keys=bc_keys, sales_keys=sales_keys).to_json()
        return terminal.run(_deciding(mapping, entry, options) if options["keep"] else entry, mapping.name)
    return []


def _deciding(mapping: IntegrationTableMapping, entry: JobQueueEntry, options: dict[str, Any]) -> JobQueueEntry:
    """The run that decides the conflict of the entry's one record."""
    scope = Scope.from_json(entry.parameters)
    side, key = (Side.BUSINESS_CENTRAL, scope.bc_keys[0]) if scope.bc_keys else (Side.SALES, scope.sales_keys[0])
    return keep_values(mapping, side, key, _winners(options), trigger=Trigger.COMMAND, queue=new_entry)


def _statistics(options: dict[str, Any], terminal: Terminal) -> None:
    """Figures and payment status, of all customers or of those that are named (Update Account Statistics)."""
    company: str = options["company"]
    customers: tuple[str, ...] = ()
    try:
        if options["record"]:
            mapping = find_mapping("CUSTOMER", company)
            company, customers = mapping.business_central.company, _customers(mapping, options["record"])
    except (CommandError, SyncError) as error:
        terminal.refuse(statistics_entry(company), "unknown-record", str(error))
    else:
        terminal.run(statistics_entry(company, customers), NAMES[0])


def _customers(mapping: IntegrationTableMapping, names: list[str]) -> tuple[str, ...]:
    """Business Central keys of customers that are named by key or number of either side."""
    bc_keys, sales_keys = find_records(mapping, names)
    partners = Coupling.objects.filter(mapping=mapping, sales_key__in=sales_keys).exclude(bc_key=None).values_list("bc_key", flat=True)
    return tuple(dict.fromkeys([*bc_keys, *(str(key) for key in partners)]))


def _winners(options: dict[str, Any]) -> dict[str, Side]:
    """Raises CommandError for what is no FIELD=SIDE."""
    pairs = [text.rpartition("=") for text in options["keep"]]
    wrong = [f"{name}={side}" for name, _, side in pairs if not name or side not in _SIDES]
    if wrong:
        raise CommandError(f"--keep {wrong[0].lstrip('=')} is none of FIELD=business-central and FIELD=sales.")
    return {name: _SIDES[side] for name, _, side in pairs}


def _is_full_synchronization(options: dict[str, Any]) -> bool:
    return bool(options["all"] and options["full"] and not options["unconditional"])


def _wants_statistics(options: dict[str, Any]) -> bool:
    """Named, or last of all where they are possible (engine.md A24)."""
    if options["all"]:
        return not options["preview"] and statistics_possible(options["company"])
    return any(is_statistics(name) for name in options["mappings"])


def _scope(options: dict[str, Any]) -> Scope:
    return Scope(
        directions=_DIRECTIONS[options["direction"]],
        full=options["full"],
        unconditional=options["unconditional"],
        use=_SIDES.get(options["use"] or ""),
        only_coupled=False if options["create_new"] else None,
    )
