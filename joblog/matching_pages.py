"""One page of match-based coupling: read, search, decide, couple; a handful of requests and statements for a thousand records."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.db import IntegrityError, transaction
from django.db.models import Q

from joblog.claims import Claim
from joblog.journal import DatabaseJournal
from joblog.models import EntryAction, JobType, SynchEntry, SynchJob
from mappings.couplings import DatabaseCouplings
from mappings.models import Coupling, IntegrationTableMapping
from syncadmin.sync.couplings import CouplingState, Ends
from syncadmin.sync.criteria import wanted_lookups
from syncadmin.sync.matching import Candidate, Match, Matcher, Search, Verdict
from syncadmin.sync.plan import TablePlan
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Action, Direction, Page, Record, Side
from syncadmin.sync.rules import TableRules
from syncadmin.sync.touched import DONE, EXPLICIT, WINDOW, Cursor, Touched

PAGE = 1000
_TRIES = 5  # each further one means that somebody coupled one of the records in that very moment
_TO = Direction.TO_INTEGRATION
_REMEDY = {
    Verdict.NO_MATCH: "Correct what is compared, or couple the record by hand.",
    Verdict.AMBIGUOUS: "Couple the right one by hand.",
    Verdict.TAKEN: "Couple the record by hand if it belongs to another one.",
}


@dataclass
class MatchRun:
    """``create`` says whether records without match will be created; ``keys`` are Business Central keys (empty: all of the filter)."""

    job: SynchJob
    claim: Claim
    mapping: IntegrationTableMapping
    plan: TablePlan
    connectors: Mapping[Side, Connector]
    journal: DatabaseJournal
    matcher: Matcher
    rules: TableRules
    create: bool
    keys: Sequence[str] = ()
    _reading: float = field(init=False, default=-1.0)  # seconds that reading the candidates took
    _ready_at: float = field(init=False, default=0.0)

    @property
    def may_pause(self) -> bool:
        """Not before a slice has worked as long as it read the candidates, which every slice has to read for itself."""
        return self._reading < 0 or time.monotonic() - self._ready_at >= self._reading

    def page(self, cursor: Cursor) -> Cursor:
        """The next records of Business Central, coupled or explained; the cursor after them, which is in the journal too."""
        after, records, missing = self._named(cursor) if cursor.phase == EXPLICIT else self._window(cursor)
        chosen = self.rules.prepare(_TO, self.rules.select(_TO, records))
        done = self.journal.handled([record.key for record in chosen])
        open_ones = self._uncoupled([record for record in chosen if record.key not in done])
        if open_ones:
            self._read_candidates()
        wanted = wanted_lookups(self.plan, open_ones)
        references = self._couplings.references(_TO, wanted) if wanted else {}
        searches = [self.matcher.search(record, references) for record in open_ones]
        self._settle(searches, missing, read=len(records), after=after)
        return after

    # ---- reading

    def _window(self, cursor: Cursor) -> tuple[Cursor, Sequence[Record], list[Touched]]:
        page = self._read(Side.BUSINESS_CENTRAL, cursor.link)
        return Cursor(phase=WINDOW if page.next else DONE, link=page.next), page.records, []

    def _named(self, cursor: Cursor) -> tuple[Cursor, Sequence[Record], list[Touched]]:
        side = Side.BUSINESS_CENTRAL
        keys = self.keys[cursor.reached : cursor.reached + PAGE]
        reached = cursor.reached + len(keys)
        condition = self.plan.filters.get(side, "")
        found = self.connectors[side].read_records(self.plan.table(side), keys, self._fields(side), condition=condition)
        missing = [_outside(key) for key in keys if key not in found]
        return replace(cursor, phase=EXPLICIT if reached < len(self.keys) else DONE, reached=reached), list(found.values()), missing

    def _read_candidates(self) -> None:
        """All Sales records of the filter, once per slice, and only when there is something to compare with them."""
        if self._reading >= 0:
            return
        begun = time.monotonic()
        page = self._read(Side.SALES, "")
        self.matcher.add(page.records)
        while page.next:
            page = self._read(Side.SALES, page.next)
            self.matcher.add(page.records)
        self._ready_at = time.monotonic()
        self._reading = self._ready_at - begun

    def _read(self, side: Side, link: str) -> Page:
        condition = self.plan.filters.get(side, "")
        table, fields = self.plan.table(side), self._fields(side)
        return self.connectors[side].read_changes(table, fields, condition=condition, link=link, page_size=PAGE)

    def _fields(self, side: Side) -> list[str]:
        """What is compared, and what the table's rules look at in records of Business Central."""
        known = self.plan.table(side).fields
        also = self.plan.also_read.get(side, ()) if side is Side.BUSINESS_CENTRAL else ()
        return list(dict.fromkeys([*self.matcher.fields(side), *(name for name in also if name in known)]))

    # ---- what is coupled

    @property
    def _couplings(self) -> DatabaseCouplings:
        return DatabaseCouplings(self.mapping)

    def _uncoupled(self, records: Sequence[Record]) -> list[Record]:
        """A pending coupling is none (engine.md A2)."""
        known = self._couplings.for_records(Side.BUSINESS_CENTRAL, [record.key for record in records])
        return [record for record in records if (state := known.get(record.key)) is None or state.pending]

    def _taken(self, keys: Sequence[str]) -> dict[str, str]:
        """Those of these Sales keys that have a partner, with its label; in a preview also those that this job would have coupled."""
        states = self._couplings.for_records(Side.SALES, keys)
        taken = {key: state.bc.label or state.bc.key or "" for key, state in states.items() if not state.pending}
        if self.job.type == JobType.PREVIEW and keys:
            rows = SynchEntry.objects.filter(job=self.job, action=EntryAction.COUPLED, destination_key__in=list(keys))
            taken |= dict(rows.values_list("destination_key", "source_label"))
        return taken

    # ---- writing

    def _settle(self, searches: Sequence[Search], missing: Sequence[Touched], *, read: int, after: Cursor) -> None:
        """Couples and journals the page in one short transaction.

        The database lets a record have one partner. When somebody couples one of these records between the look and the transaction, all
        of it is taken back, and the next look finds the record taken.
        """
        for left in reversed(range(_TRIES)):
            still = {record.key for record in self._uncoupled([search.record for search in searches])}
            open_ones = [search for search in searches if search.record.key in still]
            taken = self._taken(list({candidate.key for search in open_ones for candidate in search.single}))
            touched = [self._touched(one) for one in self.matcher.decide(open_ones, taken)]
            try:
                with transaction.atomic():
                    self.claim.hold()
                    self._displace(touched)
                    self.journal.settle([*missing, *touched], read=read, cursor=after)
            except IntegrityError:
                if not left:
                    raise
            else:
                return

    def _displace(self, touched: Sequence[Touched]) -> None:
        """Inserts that never succeeded give way to the records that were found."""
        states = [item.coupling for item in touched if item.coupling is not None]
        if states:
            ends = Q(bc_key__in=[state.bc.key for state in states]) | Q(sales_key__in=[state.sales.key for state in states])
            Coupling.objects.filter(ends, mapping=self.mapping).exclude(pending="").delete()

    def _touched(self, match: Match) -> Touched:
        label = self.plan.label(Side.BUSINESS_CENTRAL, match.record)
        if match.verdict is Verdict.COUPLE:
            return self._coupled(match, label)
        if match.verdict is Verdict.NO_MATCH and match.certain and self.create:
            text = f"{match.text} A new record is created."
            return Touched(source_key=match.record.key, source_label=label, action=Action.SKIPPED, text=text)
        owner = match.candidates[0] if match.verdict is Verdict.TAKEN else Candidate("", "")
        return Touched(
            source_key=match.record.key,
            source_label=label,
            destination_key=owner.key,
            destination_label=owner.label,
            action=Action.FAILED,
            code=match.verdict.value,
            text=f"{match.text} {_REMEDY[match.verdict]}",
            detail={"candidates": [{"key": one.key, "label": one.label} for one in match.candidates]} if match.candidates else {},
        )

    def _coupled(self, match: Match, label: str) -> Touched:
        partner = match.candidates[0]
        coupling = CouplingState(
            id=None,
            bc=Ends(match.record.key, label),
            sales=Ends(partner.key, partner.label),
            bc_number=self.plan.number(Side.BUSINESS_CENTRAL, match.record),
            origin="match",
        )
        return Touched(
            source_key=match.record.key,
            source_label=label,
            destination_key=partner.key,
            destination_label=partner.label,
            action=Action.COUPLED,
            text=match.text,
            coupling=None if self.job.type == JobType.PREVIEW else coupling,
        )


def _outside(key: str) -> Touched:
    text = "Business Central has no such record inside the Table Filter of the mapping. Change the filter, or couple the record by hand."
    return Touched(source_key=key, source_label=key, action=Action.FAILED, code="outside-filter", text=text)
