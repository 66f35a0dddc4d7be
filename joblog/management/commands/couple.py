"""manage.py couple: couples two records (commands.md section 2)."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from joblog.models import RunKind, Trigger
from joblog.naming import find_mapping, find_record
from joblog.queue import new_entry
from joblog.scope import Scope
from joblog.terminal import Terminal
from syncadmin.sync.errors import SyncError
from syncadmin.sync.records import Direction, Side


class Command(BaseCommand):
    help = "Couples a Business Central record with a Sales record. Exit code 0, or 2 with the reason."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("mapping", metavar="MAPPING", help="name or alias, any case")
        parser.add_argument("bc_key", metavar="BC_KEY", help="key, number or name in Business Central")
        parser.add_argument("sales_key", metavar="SALES_KEY", help="key, number or name in Sales")
        parser.add_argument("--synchronize", choices=["to", "from"], help="synchronize afterwards, with the data of the source winning")
        parser.add_argument("--move", action="store_true", help="even if one of them is coupled to another record: that one is uncoupled")
        parser.add_argument("--company", default="", help="the Business Central company, where several are set up")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        terminal = Terminal(self, as_json=options["json"])
        try:
            mapping = find_mapping(options["mapping"], options["company"])
            bc_key = find_record(mapping, Side.BUSINESS_CENTRAL, options["bc_key"])
            sales_key = find_record(mapping, Side.SALES, options["sales_key"])
        except (SyncError, CommandError) as error:
            terminal.complain(str(error))
            terminal.end()
        scope = Scope(pairs=((bc_key, sales_key),), move=options["move"], **_afterwards(options["synchronize"]))
        entry = new_entry(mapping=mapping, run_kind=RunKind.COUPLE, scope=scope, user=None, trigger=Trigger.COMMAND)
        terminal.require(terminal.run(entry, mapping.name))
        terminal.end()


def _afterwards(synchronize: str | None) -> dict[str, Any]:
    if synchronize is None:
        return {}
    direction = Direction.TO_INTEGRATION if synchronize == "to" else Direction.FROM_INTEGRATION
    return {"directions": (direction,), "use": direction.source}
