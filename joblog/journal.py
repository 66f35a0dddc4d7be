"""The Journal port on the database: one short transaction per page before its writes, and one after them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from joblog.call_stacks import CallStacks
from joblog.causes import CARRIED, close_issues, keep_issues
from joblog.claims import Claim
from joblog.follow_ups import FollowUps, followed, remember
from joblog.job_story import page_done, part_done
from joblog.known_differences import note_differences
from joblog.link_jobs import remove
from joblog.log_lines import now_about
from joblog.models import EntryAction, JobType, SynchEntry, SynchJob
from joblog.previews import noted
from joblog.stopwatch import COMPARE, READ, SAVE, WRITE, Stopwatch
from mappings.holds import carried_over
from mappings.models import Coupling
from mappings.option_pairs import remove_couplings, save_with_pairs
from syncadmin.sync.couplings import CouplingState
from syncadmin.sync.plan import TablePlan
from syncadmin.sync.records import Action, Change, Direction
from syncadmin.sync.tables import Field
from syncadmin.sync.touched import DONE, WINDOW, Cursor, Touched
from syncadmin.sync.values import display

_COUNTER = {
    Action.INSERTED: "inserted", Action.MODIFIED: "modified", Action.DELETED: "deleted", Action.UNCHANGED: "unchanged",
    Action.SKIPPED: "skipped", Action.FAILED: "failed", Action.COUPLED: "coupled", Action.UNCOUPLED: "uncoupled",
}  # fmt: skip
_UPDATED = (
    "action", "intended", "source_label", "destination_key", "destination_label", "coupling_id", "changes", "code", "fields", "message",
    "detail", "at", "resolved_at", "cause", "issue", "first_seen_at", "attempts", *CARRIED,
)  # fmt: skip
_GOOD = {Action.INSERTED, Action.MODIFIED, Action.UNCHANGED, Action.COUPLED}


class DatabaseJournal:
    """What one job did (syncadmin.sync.ports.Journal).

    ``traffic`` tells the requests sent so far to Business Central and to Sales, ``follow_up`` what has to follow these records.
    """

    def __init__(
        self,
        job: SynchJob,
        claim: Claim,
        plan: TablePlan,
        traffic: Callable[[], tuple[int, int]],
        follow_up: Callable[[Sequence[Touched]], FollowUps] = lambda _: (),
    ) -> None:
        self.job, self.claim, self.plan, self.traffic, self.follow_up = job, claim, plan, traffic, follow_up
        self._earlier_traffic = (job.bc_requests, job.sales_requests)
        self._entry_ids: dict[str, int] = {}
        self._stacks = CallStacks()
        self._watch = Stopwatch(job.timings)
        self._part, self._part_seconds, self._told_traffic = "", 0.0, (0, 0)
        self.counts: Counter[str] = Counter({name: getattr(job, name) for name in ("read", *SynchJob.COUNTERS)})
        now_about(job=job.pk, mapping=job.mapping_name)
        self._expected: int | None = None

    @property
    def job_id(self) -> int:
        return self.job.pk

    @property
    def _real(self) -> bool:
        """A preview leaves couplings alone (A11)."""
        return self.job.type != JobType.PREVIEW

    def handled(self, keys: Sequence[str]) -> dict[str, Touched]:
        self._watch.turn(COMPARE)
        rows = SynchEntry.objects.filter(job=self.job, source_key__in=list(keys)) if keys else ()
        return {row.source_key: self._noted(row) for row in rows}

    def failed_conflicts(self, direction: Direction, keys: Sequence[str]) -> set[str]:
        if not self.job.log_entry_id:
            return set()
        rows = SynchEntry.objects.filter(
            job__log_entry=self.job.log_entry_id, job__direction=direction.opposite.value, code="conflict", destination_key__in=list(keys)
        )
        return set(rows.values_list("destination_key", flat=True))

    def unsettled(self) -> list[Touched]:
        return [self._noted(row) for row in SynchEntry.objects.filter(job=self.job, action=EntryAction.SENDING).order_by("id")]

    def sending(self, items: Sequence[Touched]) -> dict[str, CouplingState]:
        self._watch.turn(SAVE)
        with transaction.atomic():
            self.claim.hold()
            couplings = self._save_couplings(items)
            self._save_entries(items, couplings)
        self._watch.turn(WRITE)
        return couplings

    def expect(self, rows: int) -> None:
        self._expected = rows

    def settle(self, items: Sequence[Touched], *, read: int, cursor: Cursor) -> None:
        counted = Counter(_COUNTER[item.action] for item in items)
        following = self.follow_up(followed(items, preview=not self._real))
        self._watch.turn(SAVE)
        with transaction.atomic():
            self.claim.hold()
            couplings = self._save_couplings(items) if self._real else {}
            self._save_entries(items, couplings)
            self._forget([item for item in items if item.action is Action.UNCHANGED])
            note_differences(self.job, items)
            self._uncouple([item for item in items if item.uncouple and self._real])
            remember(self.job, following)
            SynchJob.objects.filter(pk=self.job.pk).update(
                read=F("read") + read, cursor=cursor.to_json(), phase=cursor.phase, message="", **self._traffic(),
                timings=self.timings(),
                conflicts=F("conflicts") + sum(item.code == "conflict" for item in items),
                **{name: F(name) + count for name, count in counted.items()}, **self._to_read(),
            )  # fmt: skip
        self._watch.turn(READ)
        self._tell(cursor.phase, read, counted)

    def timings(self) -> dict[str, float]:
        """Seconds of each phase so far; those of saving the last page come with the next."""
        return self._watch.so_far()

    def _tell(self, phase: str, read: int, counted: Counter[str]) -> None:
        """A line for the page, unless it was empty, and one where a part of the run is done."""
        seconds, traffic = self._watch.next_page(), self.traffic()
        requests = (traffic[0] - self._told_traffic[0], traffic[1] - self._told_traffic[1])
        self.counts.update({"read": read, **counted})
        part = WINDOW if phase == DONE else phase  # only the last page of the window leads to the end
        if self._part not in ("", part):
            part_done(self.job, self._part, self._part_seconds)
            self._part_seconds = 0.0
        if read or counted:
            page_done(self.job, part, read=read, counts=counted, seconds=seconds, requests=requests)
        self._part, self._part_seconds, self._told_traffic = part, self._part_seconds + sum(seconds.values()), traffic

    def _noted(self, row: SynchEntry) -> Touched:
        self._entry_ids[row.source_key] = row.pk
        return Touched(
            source_key=row.source_key,
            source_label=row.source_label,
            destination_key=row.destination_key,
            destination_label=row.destination_label,
            action=Action(row.action),
            intended=Action(row.intended) if row.intended else None,
            changes=tuple(Change(one["field"], one["old"], one["new"]) for one in row.changes),
            code=row.code,
            text=row.message,
            fields=tuple(row.fields),
            detail=row.detail,
        )

    def _save_couplings(self, items: Sequence[Touched]) -> dict[str, CouplingState]:
        kept = [item for item in items if item.coupling is not None and not item.uncouple]
        states = [item.coupling for item in kept if item.coupling is not None]
        states = self._displace(states)
        saved = save_with_pairs(self.plan, states, job_id=self.job.pk)
        return {item.source_key: state for item, state in zip(kept, saved, strict=True)}

    def _displace(self, states: list[CouplingState]) -> list[CouplingState]:
        """Inserts that never succeeded give way to the records that were found; what they failed of is settled with them."""
        new = [state for state in states if state.id is None and state.pending is None]
        if not new:
            return states
        ends = Q(bc_key__in=[state.bc.key for state in new]) | Q(sales_key__in=[state.sales.key for state in new])
        given_up = list(Coupling.objects.filter(ends, mapping=self.plan.mapping_id).exclude(pending="").defer("baseline"))
        remove(row.pk for row in given_up)
        return carried_over(states, given_up)

    def _save_entries(self, items: Sequence[Touched], couplings: dict[str, CouplingState]) -> None:
        noted = [item for item in items if item.action is not Action.UNCHANGED]
        rows = [self._row(item, couplings.get(item.source_key) or item.coupling) for item in noted]
        well = [item.source_key for item in items if item.action in _GOOD]
        synchronized = [state.id for key in well if (state := couplings.get(key)) is not None and state.id is not None]
        self._stacks.keep(rows)
        keep_issues(self.job, rows, well=well, couplings=synchronized, label=self._label)
        new, old = [row for row in rows if row.pk is None], [row for row in rows if row.pk is not None]
        for row in SynchEntry.objects.bulk_create(new):
            self._entry_ids[row.source_key] = row.pk
        SynchEntry.objects.bulk_create(old, update_conflicts=True, unique_fields=["id"], update_fields=list(_UPDATED))

    def _row(self, item: Touched, coupling: CouplingState | None) -> SynchEntry:
        return SynchEntry(
            pk=self._entry_ids.get(item.source_key),
            job=self.job,
            action=item.action.value,
            intended=item.intended.value if item.intended else "",
            source_key=item.source_key[:36],  # what a person named may be no key at all
            source_label=item.source_label[:250],
            destination_key=item.destination_key,
            destination_label=item.destination_label[:250],
            coupling_id=coupling.id if coupling else None,
            changes=[self._change(one) for one in item.changes],
            code=item.code,
            fields=list(item.fields),
            message=item.text,
            detail={**item.detail, **({} if self._real else noted(item))},
            at=timezone.now(),
        )

    def _change(self, change: Change) -> dict[str, Any]:
        own = self._field(change.field)
        return {"field": change.field, "label": own.label if own else "", "old": display(change.old), "new": display(change.new)}

    def _field(self, name: str) -> Field | None:
        """The destination's field; errors may also name one of the source."""
        direction = Direction(self.job.direction)
        return self.plan.table(direction.destination).fields.get(name) or self.plan.table(direction.source).fields.get(name)

    def _label(self, name: str) -> str:
        own = self._field(name)
        return (own.label if own else "") or name

    def _forget(self, items: Sequence[Touched]) -> None:
        """A record that turned out to be unchanged is counted only; an entry announced for it goes away."""
        ids = [self._entry_ids.pop(item.source_key) for item in items if item.source_key in self._entry_ids]
        if ids:
            SynchEntry.objects.filter(pk__in=ids).delete()

    def _uncouple(self, items: Sequence[Touched]) -> None:
        ids = [item.coupling.id for item in items if item.coupling is not None and item.coupling.id is not None]
        if ids:
            close_issues(ids)
            remove_couplings(ids)

    def _to_read(self) -> dict[str, Any]:
        rows, self._expected = self._expected, None
        return {} if rows is None else {"to_read": F("read") + rows}

    def _traffic(self) -> dict[str, int]:
        business_central, sales = self.traffic()
        return {"bc_requests": self._earlier_traffic[0] + business_central, "sales_requests": self._earlier_traffic[1] + sales}
