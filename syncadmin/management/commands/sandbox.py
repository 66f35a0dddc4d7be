"""``manage.py sandbox``: serves the imitation of both systems until it is interrupted (commands.md, section 3)."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from syncadmin.sandbox.load import DATA_SETS
from syncadmin.sandbox.server import Sandbox


class Command(BaseCommand):
    help = "Serves Business Central and Dynamics 365 Sales, imitated, on 127.0.0.1. Needs no database."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8900, help="port to listen on, 0 for a free one (default 8900)")
        parser.add_argument("--data", choices=DATA_SETS, default="demo", help="rows to start with (default demo)")
        parser.add_argument("--store", metavar="FILE", help="keeps the rows in this file; rows that it has already stay")
        parser.add_argument("--no-custom-pages", action="store_true", help="leaves Business Central without the pages of saleslink")
        parser.add_argument("--certificate", metavar="FILE", help="PEM certificate registered for signing in with a client assertion")

    def handle(self, *_: Any, **options: Any) -> None:
        sandbox = _sandbox(options)
        self.stdout.write(f"Sandbox of Business Central and Sales at {sandbox.url} (Ctrl-C stops it)")
        self.stdout.flush()
        try:
            sandbox.serve_forever()
        except KeyboardInterrupt:
            self.stdout.write("Stopped.")


def _sandbox(options: dict[str, Any]) -> Sandbox:
    try:
        return Sandbox(
            port=options["port"],
            data=options["data"],
            store=options["store"],
            custom_pages=not options["no_custom_pages"],
            certificate=options["certificate"],
        )
    except OSError as error:
        raise CommandError(f"The sandbox cannot start: {error}. Choose another --port, --store or --certificate.") from error
    except ValueError as error:
        raise CommandError(f"The sandbox cannot start: {error}") from error
