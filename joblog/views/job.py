"""One synch job, and the entries behind its counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Max, QuerySet
from django.shortcuts import get_object_or_404

from joblog.addresses import entries_url, log_url
from joblog.cause_tables import causes_in
from joblog.entry_tables import EntryTable, destination_link, source_link
from joblog.filters import EntryFilter
from joblog.job_text import WITHOUT_WINDOW, job_name
from joblog.models import EntryAction, JobQueueEntry, SynchEntry, SynchJob
from joblog.scope import Scope
from joblog.scope_words import scope_in_words
from joblog.settings_used import settings_used
from joblog.tables import JOB_TONES, PHASES, progress
from joblog.views.job_lines import lines_tab
from syncadmin.ui.views import ListPage, Page

ENTRIES_SHOWN, CAUSES_SHOWN = 25, 50
_COUNTED = tuple(action for action in EntryAction if action is not EntryAction.SENDING)


@dataclass(frozen=True)
class Tab:
    """One counter of the job as a tab; ``action`` is "" for all entries."""

    label: str
    action: str
    number: int
    current: bool


class JobPage(Page):
    """A head with what the job did so far, and its tabs. While the job runs, its fragment is fetched again every few seconds."""

    template_name = "joblog/job.html"
    fragment_template = "joblog/job_body.html"

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        job = get_object_or_404(SynchJob.objects.select_related("mapping", "log_entry__entry"), pk=self.kwargs["pk"])
        scope = Scope.from_json(job.scope)
        tab = self.request.GET.get("tab", "")
        tab = tab if tab in _TABS else "records"
        return super().get_context_data(
            title=job_name(job),
            job=job,
            running_entry=_running_entry(job),
            progress=progress(job) if job.running else "",
            phase=PHASES.get(job.phase, job.phase),
            tone=JOB_TONES.get(job.status, ""),
            tab=tab,
            all_tabs=[(name, label, name == tab) for name, label in _TABS.items()],
            tab_template=f"joblog/job_{tab}.html",
            log_url=log_url(job.mapping_name),
            scope=scope_in_words(scope),
            reads_window=not scope.explicit and not scope.pairs and job.type not in WITHOUT_WINDOW,
            live_seconds=2 if job.running else 0,
            **self._contents(tab, job),
            **extra,
        )

    def _contents(self, tab: str, job: SynchJob) -> dict[str, Any]:
        return lines_tab(job, self.request) if tab == "lines" else _CONTENTS[tab](job, self.request.GET.get("action", ""))


def _running_entry(job: SynchJob) -> JobQueueEntry | None:
    """The entry whose run this job is a part of, while both go on."""
    entry = job.log_entry.entry if job.running and job.log_entry else None
    return entry if entry is not None and entry.current_log_id == job.log_entry_id else None


def _records(job: SynchJob, wanted: str) -> dict[str, Any]:
    tabs = _tabs(job, wanted)
    action = next((tab.action for tab in tabs if tab.current), "")
    rows = entries_of(job.pk)
    rows = rows.filter(action=action) if action else rows
    table = EntryTable(rows.order_by("-id")[:ENTRIES_SHOWN], orderable=False, exclude=("action",) if action else ())
    return {"tabs": tabs, "table": table, "entries_url": entries_url(job, action), "empty_text": _empty_text(job)}


def _causes(job: SynchJob, _wanted: str) -> dict[str, Any]:
    """Why records of this job failed, the most frequent cause first; a preview has causes too."""
    return {"causes": causes_in(job, limit=CAUSES_SHOWN)}


def _changes(job: SynchJob, wanted: str) -> dict[str, Any]:
    """Each changed field from what to what; what was modified first, unless inserted records are asked for."""
    shown = EntryAction.INSERTED if wanted == EntryAction.INSERTED or not job.modified else EntryAction.MODIFIED
    counted = [(EntryAction.MODIFIED, job.modified), (EntryAction.INSERTED, job.inserted)]
    entries = list(entries_of(job.pk).filter(action=shown).order_by("-id")[:ENTRIES_SHOWN])
    return {
        "tabs": [Tab(action.label, action.value, number, action is shown) for action, number in counted if number],
        "diffs": [(destination_link(entry), source_link(entry), entry.changes) for entry in entries],
        "entries_url": entries_url(job, shown.value),
    }


def _settings(job: SynchJob, _wanted: str) -> dict[str, Any]:
    return {"used": settings_used(job)}


_TABS = {"records": "Records", "causes": "Causes", "changes": "Changes", "lines": "Log lines", "settings": "Settings used"}
_CONTENTS: dict[str, Callable[[SynchJob, str], dict[str, Any]]] = {
    "records": _records,
    "causes": _causes,
    "changes": _changes,
    "settings": _settings,
}


def _tabs(job: SynchJob, wanted: str) -> list[Tab]:
    """All entries, then each counter that is not zero; failed ones first unless another tab is asked for."""
    counts = {action.value: getattr(job, action.value.lower()) for action in _COUNTED}
    shown = wanted if counts.get(wanted) or wanted == "all" else EntryAction.FAILED.value if job.failed else "all"
    tabs = [Tab("All", "", sum(counts.values()), shown == "all")]
    return tabs + [Tab(name, name, number, shown == name) for name, number in counts.items() if number]


def _empty_text(job: SynchJob) -> str:
    if job.running:
        return "No record has been touched yet."
    return "No record was touched: every record that was read is unchanged." if job.unchanged else "No record was touched."


def entries_of(job_id: int) -> QuerySet[SynchEntry]:
    """The entries of a job, with it.

    Asked for below its last id: the database may walk the primary key down instead of the job's own index, and has to begin there then,
    not at the newest entry of the whole log.
    """
    own = SynchEntry.objects.filter(job=job_id)
    last = own.aggregate(last=Max("pk"))["last"]
    return own.filter(pk__lte=last).select_related("job") if last else own.none()


class JobEntries(ListPage):
    """Exactly the entries behind a count."""

    noun = ("record", "records")
    template_name = "joblog/entries.html"
    table_class = EntryTable
    filter_class = EntryFilter
    actions_template = "joblog/entries_actions.html"
    empty_text = "This job touched no record."

    def get_rows(self) -> QuerySet[Any]:
        return entries_of(self.kwargs["pk"])

    def get_context_data(self, **extra: Any) -> dict[str, Any]:
        job = get_object_or_404(SynchJob.objects.select_related("mapping"), pk=self.kwargs["pk"])
        return super().get_context_data(title=f"{job_name(job)} · Records", job=job, **extra)
