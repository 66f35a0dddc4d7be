"""Full Synchronization Review: what a full synchronization would do, and how far it is (engine.md section 17)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse

from joblog import full_synchronization as full
from joblog.addresses import log_url
from joblog.full_table import FullSynchronizationTable
from joblog.models import FullSynchronizationLine
from mappings.first_steps import missing_mapping
from mappings.models import System, SystemKind
from syncadmin.sync.errors import SyncError
from syncadmin.ui.empty import Empty
from syncadmin.ui.formatting import count
from syncadmin.ui.views import ListPage, next_url, posted_keys, tell, tell_scheduled

_NOTHING = "Nothing was changed: select lines that {which} first."


class FullSynchronization(ListPage):
    """A POST does ``do`` to the ticked lines ``line``: ``restart`` and ``full``; ``start``, ``refresh`` and ``reset`` to all lines of their
    companies, of every company where none is ticked."""

    title = "Full Synchronization Review"
    noun = ("line", "lines")
    change_permission = "mappings.operate"
    table_class = FullSynchronizationTable
    actions_template = "joblog/full_synchronization_actions.html"
    empty_text = "Nothing is recommended yet. Refresh Recommendation asks both systems what they have; it changes no record."
    live_seconds = 3

    def empty(self) -> Empty:
        missing = missing_mapping()
        return missing.so("there is nothing to recommend") if missing else super().empty()

    def get_rows(self) -> list[FullSynchronizationLine]:  # type: ignore[override]
        lines = list(full.all_lines())
        by_company: defaultdict[int, list[FullSynchronizationLine]] = defaultdict(list)
        for line in lines:
            by_company[line.mapping.business_central_id].append(line)
        for line in lines:
            line.waits_for = full.unsatisfied(line, by_company[line.mapping.business_central_id])  # type: ignore[attr-defined]
        return lines

    def act(self, request: HttpRequest) -> HttpResponseBase:
        ids = posted_keys(request, "line")
        verbs = {"start": self._start, "restart": self._restart, "full": self._recommend, "reset": self._reset, "refresh": self._refresh}
        verb = verbs.get(request.POST.get("do", ""))
        try:
            if verb is not None:
                verb(request, ids)
        except SyncError as error:
            tell(request, error.text, level=messages.ERROR)
        return HttpResponseRedirect(next_url(request, reverse("joblog:full-sync")))

    def _start(self, request: HttpRequest, ids: Sequence[int]) -> None:
        started = 0
        for company in _companies(ids):
            if not full.lines_of(company):
                full.refresh(company)
            started += full.start(company, user=request.user)
        if not started:
            tell(request, "Every line was started already. Restart lines in Error, or Reset to begin anew.", level=messages.WARNING)
            return
        text = f"{_lines(started)} started: each runs in the background when those it depends on are Finished."
        tell_scheduled(request, text, url=log_url())

    def _restart(self, request: HttpRequest, ids: Sequence[int]) -> None:
        started = full.restart(ids, user=request.user)
        if not started:
            tell(request, _NOTHING.format(which="are in Error or Finished"), level=messages.ERROR)
            return
        tell(request, f"{_lines(started)} restarted.", url=log_url(), label="Open the log")

    def _recommend(self, request: HttpRequest, ids: Sequence[int]) -> None:
        changed = full.recommend_full(ids)
        if not changed:
            tell(request, _NOTHING.format(which="are not started"), level=messages.ERROR)
            return
        tell(request, f"Full Synchronization is recommended for {count(changed)} {'line' if changed == 1 else 'lines'} now.")

    def _refresh(self, request: HttpRequest, ids: Sequence[int]) -> None:
        for company in _companies(ids):
            full.refresh(company)
        tell(request, "Both systems were asked what they have; lines that are not started follow it.")

    def _reset(self, request: HttpRequest, ids: Sequence[int]) -> None:
        for company in _companies(ids):
            full.reset(company)
        tell(request, "All lines were made anew.")


def _companies(ids: Sequence[int]) -> list[System]:
    rows = System.objects.filter(kind=SystemKind.BUSINESS_CENTRAL, mappings__isnull=False).distinct()
    return list(rows.filter(mappings__full_synchronization_line__in=ids) if ids else rows)


def _lines(number: int) -> str:
    return f"{count(number)} {'line was' if number == 1 else 'lines were'}"
