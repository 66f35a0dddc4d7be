"""manage.py fullsync: the review of a full synchronization, and what a person does with its lines (engine.md section 17)."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from joblog import full_synchronization as full
from joblog.full_foreground import lines_to_json
from joblog.naming import companies, find_mapping
from mappings.models import System
from syncadmin.sync.errors import SyncError

_HELP = {
    "review": "list the lines; makes them where there are none",
    "refresh": "ask both systems anew what lines that are not started should do",
    "start": "start all lines that are not started, each in its wave; the workers run them",
    "restart": "start these lines anew that are in Error or Finished",
    "recommend": "recommend Full Synchronization for these lines, where they are not started",
    "reset": "throw all lines away and make them anew",
}


class Command(BaseCommand):
    help = "Reviews and steers the full synchronization. Exit code 0, or 2 with the reason."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        for name, text in _HELP.items():
            one = commands.add_parser(name, help=text)
            one.add_argument("--company", default="", help="the Business Central company; all of them without it")
            one.add_argument("--json", action="store_true")
            if name in _NAMED:
                one.add_argument("mappings", nargs="+", metavar="MAPPING", help="names or aliases, any case")

    def handle(self, *args: Any, **options: Any) -> None:
        chosen: list[System] = []
        changed, problem = 0, ""
        try:
            chosen = companies(options["company"])
            changed = _carry_out(options["command"], chosen, options)
        except (SyncError, CommandError) as error:
            problem = str(error)
        lines = [line for company in chosen for line in lines_to_json(company)]
        if options["json"]:
            ended = {"status": "Error", "message": problem} if problem else {}
            self.stdout.write(json.dumps({"lines": lines, "changed": changed} | ended))
        else:
            self.stdout.write("\n".join(_in_words(line) for line in lines))
            if problem:
                self.stderr.write(problem)
        sys.exit(2 if problem else 0)


def _carry_out(command: str, chosen: Sequence[System], options: dict[str, Any]) -> int:
    """How many lines it concerned. Raises SyncError and CommandError."""
    if command in _NAMED:
        return _NAMED[command](_lines(options))
    return sum(_WHOLE[command](company) for company in chosen)


def _lines(options: dict[str, Any]) -> list[int]:
    """Ids of the lines of the named mappings."""
    mappings = [find_mapping(name, options["company"]) for name in options["mappings"]]
    ids = {line.mapping_id: line.pk for line in full.all_lines().filter(mapping__in=mappings)}
    missing = [mapping.name for mapping in mappings if mapping.pk not in ids]
    if missing:
        raise CommandError(f"There is no line for {', '.join(missing)}. Run fullsync refresh first.")
    return list(ids.values())


def _review(company: System) -> int:
    return len(full.lines_of(company) or full.refresh(company))


def _start(company: System) -> int:
    _review(company)
    return full.start(company)


_WHOLE: dict[str, Callable[[System], int]] = {
    "review": _review,
    "refresh": lambda company: len(full.refresh(company)),
    "start": _start,
    "reset": lambda company: len(full.reset(company)),
}
_NAMED: dict[str, Callable[[Sequence[int]], int]] = {"restart": full.restart, "recommend": full.recommend_full}


def _in_words(line: dict[str, Any]) -> str:
    ways = ", ".join(f"{way} Sales {line[way]}" for way in ("to", "from") if line[way])
    told = " ".join(text for text in (f"({ways})" if ways else "", line["message"]) if text)
    return f"{line['company']:<20} {line['mapping']:<20} {line['recommendation']:<30} {line['status'] or 'not started':<12} {told}".rstrip()
