"""manage.py jobqueue: the job queue on a terminal or as JSON (commands.md section 2)."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from joblog import entry_states, pauses
from joblog.entry_states import Outcome
from joblog.foreground import run_existing
from joblog.models import JobQueueEntry, Worker
from joblog.progress import Progress
from joblog.queue_reports import queue_entry_line, queue_entry_to_json, worker_to_json
from joblog.reports import job_line, job_to_json
from joblog.turns import ORDER

_BY = "the command line"
_VERBS: dict[str, tuple[str, Callable[[Sequence[int]], Outcome]]] = {
    "ready": ("sets entries Ready, with all their attempts", entry_states.set_ready),
    "hold": ("sets entries On Hold; what runs stops at its next page", lambda ids: entry_states.set_on_hold(ids, _BY)),
    "now": ("lets the workers run entries at once, whatever their schedule", entry_states.run_now),
    "cancel": ("ends what runs at its next page; the schedule stays", lambda ids: entry_states.cancel(ids, _BY)),
    "delete": ("deletes entries that do not run; their log stays", entry_states.remove),
}


class Command(BaseCommand):
    help = "Lists job queue entries and changes their state. Exit code 0: done, 2: something could not be done."

    def add_arguments(self, parser: ArgumentParser) -> None:
        shared = ArgumentParser(add_help=False)
        shared.add_argument("--json", action="store_true")
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        listing = verbs.add_parser("list", parents=[shared], help="all entries, with their next run")
        listing.add_argument("--status", help="only entries with this status")
        listing.add_argument("--company", default="", help="only entries of this Business Central company")
        one = verbs.add_parser("run", parents=[shared], help="runs one entry once, in the foreground")
        one.add_argument("ids", type=int, nargs=1, metavar="ID")
        for name, (told, _) in _VERBS.items():
            some = verbs.add_parser(name, parents=[shared], help=told)
            some.add_argument("ids", type=int, nargs="+", metavar="ID")
        stop = verbs.add_parser("pause", parents=[shared], help="pauses everything: nothing is started, what runs stops at its next page")
        stop.add_argument("reason", help="why; shown on every page")
        verbs.add_parser("resume", parents=[shared], help="ends the pause; what was stopped goes on")
        verbs.add_parser("workers", parents=[shared], help="who works, and since when")

    def handle(self, *args: Any, **options: Any) -> None:
        handlers = {"list": self._list, "run": self._run, "pause": self._pause, "resume": self._resume, "workers": self._workers}
        handlers.get(options["verb"], self._change)(options)

    def _list(self, options: dict[str, Any]) -> None:
        rows = JobQueueEntry.objects.select_related("mapping__business_central").order_by("-recurring", *ORDER)
        if options["status"]:
            rows = rows.filter(status__iexact=options["status"])
        if options["company"]:
            rows = rows.filter(mapping__business_central__company__iexact=options["company"])
        if options["json"]:
            now = timezone.now()
            self.stdout.write(
                json.dumps({"entries": [queue_entry_to_json(row, now) for row in rows], "paused": str(pauses.open_pause() or "")})
            )
        else:
            self.stdout.write("\n".join(queue_entry_line(row) for row in rows) or "There is no job queue entry.")

    def _change(self, options: dict[str, Any]) -> None:
        _, change = _VERBS[options["verb"]]
        outcome = change(options["ids"])
        problems = [f"Entry {pk} was left alone: {reason}." for pk, reason in outcome.refused.items()]
        done = f"{outcome.changed} changed" + (f", {outcome.stopping} will stop at the next page" if outcome.stopping else "")
        self._end(options, done, problems, {"changed": outcome.changed, "stopping": outcome.stopping, **self._entries(options["ids"])})

    def _run(self, options: dict[str, Any]) -> None:
        entry = JobQueueEntry.objects.filter(pk=options["ids"][0]).first()
        if entry is None:
            self._end(options, "", [f"There is no job queue entry {options['ids'][0]}."], {"jobs": []})
        else:
            shown = not options["json"] and sys.stderr.isatty()
            with Progress(entry.mapping.name if entry.mapping else entry.description, shown=shown) as progress:
                jobs, message = run_existing(entry, tell=progress.tell)
            more = {"jobs": [job_to_json(job) for job in jobs], **self._entries([entry.pk])}
            self._end(options, "\n".join(job_line(job) for job in jobs), [message] if message else [], more)

    def _pause(self, options: dict[str, Any]) -> None:
        paused = pauses.pause(options["reason"], _BY)
        self._end(options, "Everything is paused.", [] if paused else [f"{pauses.open_pause()}. Resume first."])

    def _resume(self, options: dict[str, Any]) -> None:
        self._end(options, "The job queue goes on.", [] if pauses.resume(_BY) else ["Nothing is paused."])

    def _workers(self, options: dict[str, Any]) -> None:
        rows = Worker.objects.filter(stopped_at=None).prefetch_related("entries")
        told = [f"{row}  {row.state}  {row.processes} processes  since {row.started_at:%Y-%m-%d %H:%M} UTC" for row in rows]
        self._end(options, "\n".join(told) or "No worker runs.", [], {"workers": [worker_to_json(row) for row in rows]})

    def _entries(self, ids: Sequence[int]) -> dict[str, Any]:
        rows = JobQueueEntry.objects.select_related("mapping__business_central").filter(pk__in=ids).order_by("pk")
        now = timezone.now()
        return {"entries": [queue_entry_to_json(row, now) for row in rows]}

    def _end(self, options: dict[str, Any], told: str, problems: list[str], more: dict[str, Any] | None = None) -> None:
        if options["json"]:
            ended = {"status": "Error", "message": " ".join(problems)} if problems else {"message": ""}
            self.stdout.write(json.dumps((more or {}) | ended))
        else:
            self.stdout.write(told)
            self.stderr.write("\n".join(problems))
        sys.exit(2 if problems else 0)
