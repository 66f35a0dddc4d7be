"""One page of match-based coupling: read, search, decide, couple; a handful of requests and statements for a thousand records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db import IntegrityError, transaction

from joblog.claims import Claim
from joblog.journal import DatabaseJournal
from joblog.models import SynchJob
from syncadmin.sync.couplings import CouplingState, Ends
from syncadmin.sync.matching import Candidate, Match, Search, Verdict
from syncadmin.sync.partners import PartnerSearch
from syncadmin.sync.plan import TablePlan
from syncadmin.sync.ports import Connector, Couplings
from syncadmin.sync.records import Action, Direction, Record, Side
from syncadmin.sync.rules import TableRules
from syncadmin.sync.touched import DONE, EXPLICIT, WINDOW, Cursor, Touched

PAGE = 1000
_TRIES = 5  # each further one means that somebody coupled one of the records in that very moment
_TO, _SIDE = Direction.TO_INTEGRATION, Side.BUSINESS_CENTRAL


@dataclass
class MatchRun:
    """``unmatched`` says what becomes of records without match ("": they fail); ``keys`` are Business Central keys (empty: all of the
    filter)."""

    job: SynchJob
    claim: Claim
    plan: TablePlan
    business_central: Connector
    couplings: Couplings
    journal: DatabaseJournal
    partners: PartnerSearch
    rules: TableRules
    unmatched: str
    keys: Sequence[str] = ()

    def page(self, cursor: Cursor) -> Cursor:
        """The next records of Business Central, coupled or explained; the cursor after them, which is in the journal too."""
        after, records, missing = self._named(cursor) if cursor.phase == EXPLICIT else self._window(cursor)
        chosen = self.rules.prepare(_TO, self.rules.select(_TO, records))
        done = self.journal.handled([record.key for record in chosen])
        open_ones = self._uncoupled([record for record in chosen if record.key not in done])
        self._settle(self.partners.search(open_ones), missing, read=len(records), after=after)
        return after

    # ---- reading

    def _window(self, cursor: Cursor) -> tuple[Cursor, Sequence[Record], list[Touched]]:
        table, condition = self.plan.table(_SIDE), self.plan.filters.get(_SIDE, "")
        fields = self.partners.fields(_SIDE)
        counted = not cursor.link
        page = self.business_central.read_changes(table, fields, condition=condition, link=cursor.link, page_size=PAGE, counted=counted)
        if page.total is not None:
            self.journal.expect(page.total)
        return Cursor(phase=WINDOW if page.next else DONE, link=page.next), page.records, []

    def _named(self, cursor: Cursor) -> tuple[Cursor, Sequence[Record], list[Touched]]:
        keys = self.keys[cursor.reached : cursor.reached + PAGE]
        if not cursor.reached:
            self.journal.expect(len(self.keys))
        reached = cursor.reached + len(keys)
        table, condition = self.plan.table(_SIDE), self.plan.filters.get(_SIDE, "")
        found = self.business_central.read_records(table, keys, self.partners.fields(_SIDE), condition=condition)
        missing = [_outside(key) for key in keys if key not in found]
        return replace(cursor, phase=EXPLICIT if reached < len(self.keys) else DONE, reached=reached), list(found.values()), missing

    def _uncoupled(self, records: Sequence[Record]) -> list[Record]:
        """A pending coupling is none (engine.md A2)."""
        known = self.couplings.for_records(_SIDE, [record.key for record in records])
        return [record for record in records if (state := known.get(record.key)) is None or state.pending]

    # ---- writing

    def _settle(self, searches: Sequence[Search], missing: Sequence[Touched], *, read: int, after: Cursor) -> None:
        """Couples and journals the page in one short transaction.

        The database lets a record have one partner. When somebody couples one of these records between the look and the transaction, all
        of it is taken back, and the next look finds the record taken.
        """
        for left in reversed(range(_TRIES)):
            still = {record.key for record in self._uncoupled([search.record for search in searches])}
            open_ones = [search for search in searches if search.record.key in still]
            touched = [self._touched(one) for one in self.partners.decide(open_ones)]
            try:
                with transaction.atomic():
                    self.claim.hold()
                    self.journal.settle([*missing, *touched], read=read, cursor=after)
            except IntegrityError:
                if not left:
                    raise
            else:
                return

    def _touched(self, match: Match) -> Touched:
        label = self.plan.label(_SIDE, match.record)
        if match.verdict is Verdict.COUPLE:
            return self._coupled(match, label)
        if match.verdict is Verdict.NO_MATCH and match.certain and self.unmatched:
            text = f"{match.text} {self.unmatched}"
            return Touched(source_key=match.record.key, source_label=label, action=Action.SKIPPED, text=text)
        owner = match.candidates[0] if match.verdict is Verdict.TAKEN else Candidate("", "")
        return Touched(
            source_key=match.record.key,
            source_label=label,
            destination_key=owner.key,
            destination_label=owner.label,
            action=Action.FAILED,
            code=match.verdict.value,
            text=f"{match.text} {match.remedy}",
            detail=match.detail,
        )

    def _coupled(self, match: Match, label: str) -> Touched:
        partner = match.candidates[0]
        coupling = CouplingState(
            id=None,
            bc=Ends(match.record.key, label),
            sales=Ends(partner.key, partner.label),
            bc_number=self.plan.number(_SIDE, match.record),
            origin="match",
        )
        return Touched(
            source_key=match.record.key,
            source_label=label,
            destination_key=partner.key,
            destination_label=partner.label,
            action=Action.COUPLED,
            text=match.text,
            coupling=coupling,
        )


def _outside(key: str) -> Touched:
    text = "Business Central has no such record inside the Table Filter of the mapping. Change the filter, or couple the record by hand."
    return Touched(source_key=key, source_label=key, action=Action.FAILED, code="outside-filter", text=text)
