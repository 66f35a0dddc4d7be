"""The job queue's part of the answer to: why is this record not synchronizing? And the button that mends each step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from joblog.addresses import record_url, with_query
from joblog.models import JobQueueEntry, QueueStatus, RunKind, Worker
from joblog.naming import GUID
from joblog.pauses import open_pause
from mappings.models import IntegrationTableMapping
from mappings.reasons import Mend, Section, Step, bad, good, note
from syncadmin.sync.records import Direction, Side
from syncadmin.ui.formatting import moment

OPERATE, CONFIGURE, SEE = "mappings.operate", "mappings.configure", "mappings.see"


@dataclass(frozen=True, kw_only=True)
class Button:
    """A form that posts ``fields``, or a link where there are none; shown to people with ``permission``."""

    label: str
    url: str
    fields: tuple[tuple[str, str], ...] = ()
    permission: str = SEE


@dataclass(frozen=True)
class Place:
    """The record that is asked about."""

    mapping: IntegrationTableMapping
    side: Side
    key: str

    @property
    def url(self) -> str:
        return record_url(self.mapping.pk, self.side, self.key)


def queue_section(mapping: IntegrationTableMapping) -> Section:
    """Whether anything runs the mapping by itself; three statements."""
    return Section(title="Job queue", steps=tuple(_queue_steps(mapping)))


def with_buttons(sections: tuple[Section, ...], place: Place) -> list[tuple[str, list[tuple[Step, Button | None]]]]:
    """The sections by title, each step with the button that mends it."""
    return [(one.title, [(step, _button(step, place)) for step in one.steps]) for one in sections]


def _queue_steps(mapping: IntegrationTableMapping) -> Iterator[Step]:
    pause = open_pause()
    if pause is not None:
        yield bad("Pause", f"Everything is paused: {pause.reason or 'no reason was given'}.", Mend.WORKERS)
    workers = [worker for worker in Worker.objects.filter(stopped_at=None) if worker.state == "Running"]
    if workers:
        yield good("Workers", f"{len(workers)} running.")
    else:
        yield bad("Workers", "No worker runs at this moment, so nothing runs by itself.", Mend.WORKERS)
    name = mapping.parent_name or mapping.name
    own = {"mapping__name": name, "mapping__business_central": mapping.business_central_id}
    entries = list(JobQueueEntry.objects.filter(recurring=True, run_kind=RunKind.SYNCHRONIZE, **own).order_by("earliest_start"))
    yield _entry(name, entries)


def _entry(name: str, entries: list[JobQueueEntry]) -> Step:
    """The one of its recurring entries that comes first."""
    running = [entry for entry in entries if entry.status == QueueStatus.IN_PROCESS]
    waiting = [entry for entry in entries if entry.status in (QueueStatus.READY, QueueStatus.WAITING)]
    resting = [entry for entry in entries if entry.status == QueueStatus.INACTIVE]
    if running:
        return good("Job queue entry", f"{running[0].description} is running now.")
    if waiting:
        first = waiting[0]
        words = (first.description, first.get_status_display(), moment(first.earliest_start))
        return good("Job queue entry", format_html("{} is {}; next run {}.", *words))
    if resting:
        until = format_html("; next run {}", moment(resting[0].earliest_start)) if resting[0].earliest_start else SafeString("")
        return note("Job queue entry", format_html("{} rests until something changes{}.", resting[0].description, until))
    if entries:
        why = f" {entries[0].error_message}" if entries[0].error_message else ""
        text = f"{entries[0].description} is {entries[0].get_status_display()}, so it does not run by itself.{why}"
        return bad("Job queue entry", text, Mend.READY, entries[0].pk)
    return bad("Job queue entry", f"{name} has no recurring entry, so it runs only when somebody starts it.", Mend.SCHEDULE)


# ---- what mends a step


def _button(step: Step, place: Place) -> Button | None:
    return _BUTTONS[step.mend](step, place) if step.mend is not None else None


def _mapping_page(_: Step, place: Place) -> Button:
    return Button(label="Open the Mapping", url=reverse("mappings:mapping-edit", args=[place.mapping.pk]))


def _fields(_: Step, place: Place) -> Button:
    return Button(label="Open the Field Mappings", url=reverse("mappings:field-list", args=[place.mapping.pk]))


def _connection(step: Step, _place: Place) -> Button:
    return Button(label="Open the Connection", url=reverse("mappings:connection-edit", args=[step.target]))


def _couple(_: Step, place: Place) -> Button:
    url = reverse("joblog:set-up-coupling", args=[place.mapping.pk, place.side.value, place.key])
    return Button(label="Set Up Coupling", url=url, permission=OPERATE)


def _reference(step: Step, place: Place) -> Button | None:
    """The page of the record that is referred to where its key is known, else the list of records searched for its code."""
    name, _equals, value = step.target.partition("=")
    wanted = IntegrationTableMapping.objects.filter(name=name, business_central=place.mapping.business_central_id).first()
    if wanted is None:
        return None
    if GUID.fullmatch(value):
        return Button(label=f"Find it in {name}", url=record_url(wanted.pk, Side.SALES, value))
    address = reverse("joblog:record-list", args=[wanted.pk])
    return Button(label=f"Find it in {name}", url=with_query(address, {"side": Side.BUSINESS_CENTRAL.value, "q": value}))


def _option(step: Step, _place: Place) -> Button:
    name, _equals, value = step.target.partition("=")
    column = "value" if value.isdecimal() else "code"
    return Button(label=f"Add the pair in {name}", url=with_query(reverse("mappings:option-list"), {"name": name, column: value}))


def _retry(step: Step, place: Place) -> Button:
    return Button(label="Retry", url=reverse("joblog:retry"), fields=(("coupling", step.target), ("next", place.url)), permission=OPERATE)


def _record(label: str, anchor: str = "") -> Callable[[Step, Place], Button]:
    return lambda _, place: Button(label=label, url=f"{place.url}{anchor}", permission=OPERATE)


def _synchronize(step: Step, place: Place) -> Button:
    named = (("mapping", str(place.mapping.pk)), ("side", place.side.value), ("keys", place.key), ("run", "synchronize"))
    way = (("direction", step.target),) if step.target in set(Direction) else ()
    return Button(
        label="Synchronize Now", url=reverse("joblog:synchronize"), fields=(*named, *way, ("next", place.url)), permission=OPERATE
    )


def _schedule(_: Step, place: Place) -> Button:
    return Button(label="Open Job Queue Entries", url=with_query(reverse("joblog:queue"), {"mapping": place.mapping.name}))


def _ready(step: Step, place: Place) -> Button:
    fields = (("entry", step.target), ("do", "ready"), ("next", place.url))
    return Button(label="Set Status to Ready", url=reverse("joblog:queue-state"), fields=fields, permission=OPERATE)


def _workers(_step: Step, _place: Place) -> Button:
    return Button(label="Open Workers", url=reverse("joblog:workers"))


_BUTTONS: Mapping[Mend, Callable[[Step, Place], Button | None]] = {
    Mend.MAPPING: _mapping_page,
    Mend.FIELDS: _fields,
    Mend.CONNECTION: _connection,
    Mend.COUPLE: _couple,
    Mend.REFERENCE: _reference,
    Mend.OPTION: _option,
    Mend.RETRY: _retry,
    Mend.DECIDE: _record("Resolve on the Record", "#decide"),
    Mend.DELETED: _record("Restore or Delete on the Record"),
    Mend.SYNCHRONIZE: _synchronize,
    Mend.SCHEDULE: _schedule,
    Mend.READY: _ready,
    Mend.WORKERS: _workers,
}
