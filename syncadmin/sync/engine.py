"""The loop of a run: pages in, decisions, batches out, checkpoint. Preview is the same loop without the write."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from syncadmin.sync.couplings import CouplingState, stamp_later
from syncadmin.sync.decide import Policy
from syncadmin.sync.errors import RetryLater, RunError
from syncadmin.sync.pages import PageWork
from syncadmin.sync.partners import PartnerSearch
from syncadmin.sync.plan import TablePlan
from syncadmin.sync.ports import Connector, Couplings, Journal
from syncadmin.sync.records import Action, Direction, Page, Record, Side
from syncadmin.sync.rules import TableRules
from syncadmin.sync.touched import DONE, EXPLICIT, RETRY, WINDOW, Cursor, Touched
from syncadmin.sync.unlisted import Unlisted
from syncadmin.sync.watermark import clock_set_back
from syncadmin.sync.writing import Writer


def _new_key() -> str:
    return str(uuid.uuid4())


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Run:
    """One direction of one mapping.

    ``keys`` are source keys of an explicit run (None: read the window from ``since``); ``read_at`` is the source's clock at the last
    complete read. ``partners`` searches for counterparts before records are created: for all of them with ``match_new``, otherwise for
    those that a search has kept from being created before. ``pause`` is asked after each page whether to stop and go on later; ``now`` is
    our own clock.
    """

    plan: TablePlan
    direction: Direction
    connectors: Mapping[Side, Connector]
    couplings: Couplings
    journal: Journal
    policy: Policy = field(default_factory=Policy)
    rules: TableRules = field(default_factory=TableRules)
    keys: Sequence[str] | None = None
    since: datetime | None = None
    read_at: datetime | None = None
    partners: PartnerSearch | None = None
    match_new: bool = False
    preview: bool = False
    page_size: int = 1000
    pause: Callable[[], bool] = lambda: False
    new_key: Callable[[], str] = _new_key
    now: Callable[[], datetime] = _utc_now
    previewed: set[str] = field(default_factory=set)  # unchanged ones of the retry set: a preview keeps no coupling that would tell

    @property
    def may_pause(self) -> bool:
        return self.partners is None or self.partners.may_pause

    @property
    def source(self) -> Connector:
        return self.connectors[self.direction.source]

    @property
    def destination(self) -> Connector:
        return self.connectors[self.direction.destination]


def synchronize(run: Run, cursor: Cursor) -> Cursor:
    """Works from the cursor until the end (phase ``done``) or until ``pause`` says to stop; gives the cursor to go on from.

    Raises RetryLater, RunError and ClaimLost; what was settled until then stays, and the cursor of the last settled page is in the journal.
    """
    cursor = _settle_interrupted(run, cursor)
    if run.keys is not None and cursor.phase == RETRY:
        cursor = replace(cursor, phase=EXPLICIT)
    steps = {RETRY: _retry_page, EXPLICIT: _explicit_page, WINDOW: _window_page}
    while cursor.phase != DONE:
        cursor = steps[cursor.phase](run, cursor)
        if cursor.phase != DONE and run.may_pause and run.pause():
            break
    return cursor


def _settle_interrupted(run: Run, cursor: Cursor) -> Cursor:
    """A21: what a lost worker left SENDING is read again; the new value there means done, the old one is sent again."""
    left = run.journal.unsettled()
    if left:
        cursor = _capped(run, cursor)
    for start in range(0, len(left), run.page_size):
        chunk = {item.source_key: item for item in left[start : start + run.page_size]}
        records = run.source.read_records(run.plan.table(run.direction.source), list(chunk), run.plan.fields(run.direction.source))
        gone = _sources_gone(run, [item for key, item in chunk.items() if key not in records])
        there = {key: item for key, item in chunk.items() if key in records}
        _work(run, list(records.values()), before=cursor, after=cursor, read=0, also=gone, interrupted=there)
    return cursor


def _sources_gone(run: Run, items: Sequence[Touched]) -> list[Touched]:
    text = "The source record was deleted while it was being synchronized. Check the record on the other side."
    states = run.couplings.for_records(run.direction.source, [item.source_key for item in items]) if items else {}
    items = [item for item in items if not _is_restored(item, states.get(item.source_key))]
    kept = {key: _lost(run, state, "source-deleted", text) for key, state in states.items()}
    return [
        replace(item, action=Action.FAILED, intended=None, changes=(), code="source-deleted", text=text, coupling=kept.get(item.source_key))
        for item in items
    ]


def _is_restored(item: Touched, state: CouplingState | None) -> bool:
    """Whether this source itself was about to be created anew: the whole table will be read, and tells that it is missing."""
    return item.intended is Action.INSERTED and state is not None and state.pending is None


def _capped(run: Run, cursor: Cursor) -> Cursor:
    """The cursor with the source's clock from before records are read outside the window: what it has told already, else it is asked.

    The window leaves out what was handled already, so the watermark must not pass changes that came after that.
    """
    if cursor.cap is not None or run.keys is not None or run.preview:
        return cursor
    if run.source.server_time is not None:
        return replace(cursor, cap=run.source.server_time)
    table, condition = run.plan.table(run.direction.source), run.plan.filters.get(run.direction.source, "")
    page = run.source.read_changes(table, [], condition=condition, since=run.since, page_size=1)
    return replace(cursor, cap=page.server_time)


def _retry_page(run: Run, cursor: Cursor) -> Cursor:
    """Failed records first, whatever their stamp (engine.md section 5.5), inside the filter (A8)."""
    found = run.couplings.retry_set(run.direction, after=cursor.reached, limit=run.page_size, before_job=run.journal.job_id)
    if not found:
        return _window_page(run, replace(cursor, phase=WINDOW, reached=0))  # at once: each step must leave a cursor behind
    cursor = _capped(run, cursor)
    side = run.direction.source
    table, condition = run.plan.table(side), run.plan.filters.get(side, "")
    records = run.source.read_records(table, [key for _, key in found], run.plan.fields(side), condition=condition)
    reached = replace(cursor, reached=found[-1][0])
    _work(run, list(records.values()), before=cursor, after=reached, read=len(records))
    return reached


def _explicit_page(run: Run, cursor: Cursor) -> Cursor:
    keys = list(run.keys or ())[cursor.reached : cursor.reached + run.page_size]
    if not keys:
        return replace(cursor, phase=DONE)
    if not cursor.reached:
        run.journal.expect(len(run.keys or ()))
    side = run.direction.source
    records = run.source.read_records(run.plan.table(side), keys, run.plan.fields(side))
    missing = _not_found(run, [key for key in keys if key not in records])
    reached = replace(cursor, reached=cursor.reached + len(keys))
    _work(run, list(records.values()), before=cursor, after=reached, read=len(records), also=missing)
    return reached


def _not_found(run: Run, keys: Sequence[str]) -> list[Touched]:
    side = run.direction.source
    text = f"The record does not exist in {side.label} ({run.plan.table(side).label})."
    states = run.couplings.for_records(side, keys) if keys else {}
    unknown = [
        Touched(source_key=key, source_label=key, action=Action.FAILED, code="deleted", text=text) for key in keys if key not in states
    ]
    return [*unknown, *(_coupled_not_found(run, key, state, text) for key, state in states.items())]


def _coupled_not_found(run: Run, key: str, state: CouplingState, text: str) -> Touched:
    """Skipped again where that was known already: Retry leaves missing records skipped (engine.md section 9.3)."""
    failed = _lost(run, state, "deleted:", text)
    action = Action.SKIPPED if failed.skipped and not state.skipped else Action.FAILED
    label = state.end(run.direction.source).label
    return Touched(source_key=key, source_label=label or key, action=action, code="deleted", text=text, coupling=failed)


def _lost(run: Run, state: CouplingState, error: str, text: str) -> CouplingState:
    """The coupling after its source was found to be gone."""
    gone = run.direction.source
    return state.failed(run.direction, job_id=run.journal.job_id, error=error, message=text, passing=False, gone=gone)


def _window_page(run: Run, cursor: Cursor) -> Cursor:
    page = _read_window(run, cursor)
    if page.total is not None and not cursor.link:
        run.journal.expect(page.total)
    opened = replace(cursor, cap=cursor.cap or page.server_time)
    stamps = [record.modified_at for record in page.records if record.modified_at is not None]
    newest = stamp_later(cursor.newest, max(stamps, default=None))
    reached = Cursor(phase=WINDOW if page.next else DONE, link=page.next, newest=newest, cap=opened.cap)
    gone = _sources_unlisted(run, page) if not cursor.link else ()
    _work(run, page.records, before=opened, after=reached, read=len(page.records), also=gone)
    return reached


def _sources_unlisted(run: Run, page: Page) -> Sequence[Touched]:
    """A table without stamps is read whole: what is coupled and not in it is gone. An empty page proves nothing."""
    if run.plan.table(run.direction.source).modified_on or page.next or not page.records:
        return ()
    known = run.couplings.others(run.direction.source, [record.key for record in page.records])
    return Unlisted(run.plan, run.direction, run.source, run.rules, run.journal, preview=run.preview).settled(known)


def _read_window(run: Run, cursor: Cursor) -> Page:
    side = run.direction.source
    table, fields, condition = run.plan.table(side), run.plan.fields(side), run.plan.filters.get(side, "")
    size, since = run.page_size, run.rules.since(run.direction, run.since)
    if cursor.link:
        return run.source.read_changes(table, fields, condition=condition, since=since, link=cursor.link, page_size=size)
    page = run.source.read_changes(table, fields, condition=condition, since=since, page_size=size, counted=True)
    if since and clock_set_back(run.read_at, page.server_time):
        return run.source.read_changes(table, fields, condition=condition, page_size=size, counted=True)
    return page


def _work(
    run: Run,
    records: Sequence[Record],
    *,
    before: Cursor,
    after: Cursor,
    read: int,
    also: Sequence[Touched] = (),
    interrupted: Mapping[str, Touched] | None = None,
) -> None:
    """One page from records to results; one transaction before its writes and one after them, none while a request is on the wire."""
    explicit = run.keys is not None
    ends = (run.plan, run.direction, run.destination, run.couplings, run.journal)
    work = PageWork(*ends, run.policy, run.rules, explicit, run.partners, run.match_new)
    work.decide([record for record in records if record.key not in run.previewed], interrupted=interrupted)
    writer = Writer(work, run.new_key, run.now)
    if run.preview:
        imagined = [*also, *work.touched, *writer.imagined()]
        if before.phase == RETRY:
            run.previewed.update(item.source_key for item in imagined if item.action is Action.UNCHANGED)
        run.journal.settle(imagined, read=read, cursor=after)
        return
    try:
        written = writer.write()
    except (RetryLater, RunError):
        # What was answered is certain and stays; the page is read again from where it began.
        if certain := writer.rescued():
            run.journal.settle(certain, read=0, cursor=before)
        raise
    finished = run.rules.complete(run.direction, run.rules.after_page(run.direction, [*work.touched, *written]))
    run.journal.settle([*also, *finished], read=read, cursor=after)
