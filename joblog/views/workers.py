"""Workers: who works, what waits, and pausing everything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Max, Min, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.generic import View

from joblog import pauses
from joblog.claims import RUNNABLE
from joblog.models import JobQueueEntry, QueueStatus, Worker
from joblog.queue_filters import WorkerFilter
from joblog.queue_tables import WorkerTable
from syncadmin.ui import formatting
from syncadmin.ui.views import ListPage, Permitted, next_url, tell


@dataclass(frozen=True)
class Tile:
    """A figure; ``url`` opens exactly what it counts, blank where that is nothing."""

    label: str
    shown: str
    tone: str = ""
    url: str = ""


class Workers(ListPage):
    title = "Workers"
    noun = ("worker", "workers")
    template_name = "joblog/workers.html"
    fragment_template = "joblog/workers_body.html"
    table_class = WorkerTable
    filter_class = WorkerFilter
    empty_text = "No worker has been seen lately, so nothing is synchronized. Start one where the product is installed: manage.py qcluster"
    live_seconds = 3

    def get_rows(self) -> QuerySet[Any]:
        return Worker.objects.prefetch_related("entries")

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        return super().get_context_data(tiles=_tiles(), paused=pauses.open_pause(), **extra)


class PauseQueue(Permitted, View):
    """``do``: ``pause`` with a ``reason``, or ``resume``."""

    permission = "mappings.operate"

    def post(self, request: HttpRequest) -> HttpResponse:
        name = request.user.get_username()
        if request.POST.get("do") == "resume":
            tell(request, "The job queue goes on." if pauses.resume(name) else "Nothing is paused.")
        elif reason := request.POST.get("reason", "").strip():
            if pauses.pause(reason[:250], name):
                tell(request, "Everything is paused: nothing is started, and what runs stops at its next page of records.")
            else:
                tell(request, "Everything is paused already.", level=messages.INFO)
        else:
            tell(request, "Nothing was paused: write down why, so that others know.", level=messages.ERROR)
        return HttpResponseRedirect(next_url(request, reverse("joblog:workers")))


def _tiles() -> list[Tile]:
    """Two statements."""
    now = timezone.now()
    waiting = Q(status__in=RUNNABLE, earliest_start__lte=now)
    entries = JobQueueEntry.objects.aggregate(
        running=Count("pk", filter=Q(status=QueueStatus.IN_PROCESS)),
        waiting=Count("pk", filter=waiting),
        oldest=Min("earliest_start", filter=waiting),
        active=Count("pk", filter=Q(recurring=True) & ~Q(status__in=(QueueStatus.ON_HOLD, QueueStatus.ERROR, QueueStatus.FINISHED))),
        recurring=Count("pk", filter=Q(recurring=True)),
    )
    alive = Q(stopped_at=None, heartbeat_at__gte=now - timedelta(seconds=settings.STALE_SECONDS))
    workers = Worker.objects.aggregate(alive=Count("pk", filter=alive), last=Max("heartbeat_at"))
    queue = reverse("joblog:queue")
    waiting_url = f"{queue}?due=on&sort=earliest_start" if entries["waiting"] else ""
    oldest = (now - entries["oldest"]).total_seconds() if entries["oldest"] else None
    seen = (now - workers["last"]).total_seconds() if workers["last"] else None
    return [
        Tile("Workers", formatting.count(workers["alive"]), "" if workers["alive"] else "bad"),
        Tile("Last sign of life", "never" if seen is None else f"{formatting.duration(seen // 1)} ago", "" if workers["alive"] else "bad"),
        Tile("In process", formatting.count(entries["running"]), "", f"{queue}?status=In+Process" if entries["running"] else ""),
        Tile("Queue length", formatting.count(entries["waiting"]), _late(oldest), waiting_url),
        Tile(
            "Oldest waiting",
            "none" if oldest is None else formatting.duration(oldest // 1),
            _late(oldest),
            f"{queue}?due=on&sort=earliest_start",
        ),
        Tile("Active jobs", f"{entries['active']} of {entries['recurring']}", "", f"{queue}?recurring=on"),
    ]


def _late(seconds: float | None) -> str:
    return "warn" if seconds is not None and seconds > settings.STALE_SECONDS else ""
