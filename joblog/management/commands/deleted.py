"""manage.py deleted: records whose counterpart is gone: find them, restore what is missing, delete what survived (engine.md section 9)."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from joblog.deleted_records import CODE
from joblog.models import RunKind, Trigger
from joblog.naming import find_mapping, find_records
from joblog.queue import new_entry
from joblog.scope import Scope
from joblog.terminal import Terminal
from mappings.models import Coupling, IntegrationTableMapping
from syncadmin.sync.errors import SyncError

_KINDS = {"find": RunKind.FIND_DELETED, "restore": RunKind.RESTORE, "delete": RunKind.DELETE}


class Command(BaseCommand):
    help = "Finds, restores or deletes coupled records of which one is gone. Exit code 0: all well, 1: some failed, 2: it could not run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        find = commands.add_parser("find", help="skip coupled records whose counterpart is gone, with the reason")
        restore = commands.add_parser("restore", help="create the missing records again from those that survived")
        delete = commands.add_parser("delete", help="delete the records that survived, and their couplings")
        for one in (find, restore, delete):
            one.add_argument("mapping", metavar="MAPPING", help="name or alias, any case")
            one.add_argument("--company", default="", help="the Business Central company, where several are set up")
            one.add_argument("--json", action="store_true")
        for one in (restore, delete):
            one.add_argument("keys", nargs="*", metavar="KEY", help="keys or numbers of either side")
            one.add_argument("--found", action="store_true", help="all that were found so far")

    def handle(self, *args: Any, **options: Any) -> None:
        terminal = Terminal(self, as_json=options["json"])
        try:
            mapping = find_mapping(options["mapping"], options["company"])
            scope = Scope() if options["command"] == "find" else _chosen(mapping, options)
        except (SyncError, CommandError) as error:
            terminal.complain(str(error))
            terminal.end()
        kind = _KINDS[options["command"]]
        terminal.run(new_entry(mapping=mapping, run_kind=kind, scope=scope, user=None, trigger=Trigger.COMMAND), mapping.name)
        terminal.end()


def _chosen(mapping: IntegrationTableMapping, options: dict[str, Any]) -> Scope:
    if bool(options["keys"]) == options["found"]:
        raise CommandError("Name the records, or use --found.")
    if not options["found"]:
        bc_keys, sales_keys = find_records(mapping, options["keys"])
        return Scope(bc_keys=bc_keys, sales_keys=sales_keys)
    rows = [row for row in Coupling.objects.filter(mapping=mapping, skipped=True) if f"{CODE}:" in (row.to_error, row.from_error)]
    if not rows:
        raise CommandError(f"No deleted record of {mapping.name} was found so far. Run deleted find first.")
    return Scope.of_couplings(rows)
