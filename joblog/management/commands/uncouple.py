"""manage.py uncouple: removes couplings (commands.md section 2)."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from joblog.models import RunKind, Trigger
from joblog.naming import find_mapping, find_records
from joblog.queue import new_entry
from joblog.scope import Scope
from joblog.terminal import Terminal
from mappings.models import IntegrationTableMapping
from syncadmin.sync.errors import SyncError


class Command(BaseCommand):
    help = "Removes couplings; the records themselves stay as they are. Exit code 0, or 2 with the reason."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("mapping", metavar="MAPPING", help="name or alias, any case")
        parser.add_argument("keys", nargs="*", metavar="KEY", help="keys or numbers of either side; with --all further mappings")
        parser.add_argument("--all", action="store_true", help="all couplings of the mappings")
        parser.add_argument("--company", default="", help="the Business Central company, where several are set up")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        terminal = Terminal(self, as_json=options["json"])
        try:
            runs = _whole(options) if options["all"] else [_chosen(options)]
        except (SyncError, CommandError) as error:
            terminal.complain(str(error))
            terminal.end()
        for mapping, scope in runs:
            entry = new_entry(mapping=mapping, run_kind=RunKind.UNCOUPLE, scope=scope, user=None, trigger=Trigger.COMMAND)
            terminal.require(terminal.run(entry, mapping.name))
        terminal.end()


def _whole(options: dict[str, Any]) -> list[tuple[IntegrationTableMapping, Scope]]:
    return [(find_mapping(name, options["company"]), Scope()) for name in (options["mapping"], *options["keys"])]


def _chosen(options: dict[str, Any]) -> tuple[IntegrationTableMapping, Scope]:
    mapping = find_mapping(options["mapping"], options["company"])
    if not options["keys"]:
        raise CommandError("Name the records to uncouple, or use --all.")
    bc_keys, sales_keys = find_records(mapping, options["keys"])
    return mapping, Scope(bc_keys=bc_keys, sales_keys=sales_keys)
