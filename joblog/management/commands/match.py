"""manage.py match: match-based coupling (commands.md section 2)."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from joblog.models import RunKind, Trigger
from joblog.naming import find_mapping
from joblog.queue import new_entry
from joblog.scope import Scope
from joblog.terminal import Terminal


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
        terminal = Terminal(self, as_json=options["json"])
        try:
            mapping = find_mapping(options["mapping"], options["company"])
        except CommandError as error:
            terminal.complain(str(error))
            terminal.end()
        scope = Scope(match=True, create_new=options["create_new"], synch_after=options["synch_after"])
        kind = RunKind.PREVIEW if options["preview"] else RunKind.MATCH
        terminal.run(new_entry(mapping=mapping, run_kind=kind, scope=scope, user=None, trigger=Trigger.COMMAND), mapping.name)
        terminal.end()
