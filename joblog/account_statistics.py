"""The figures of coupled customers as statistics of their accounts (engine.md section 20.1)."""

from __future__ import annotations

import uuid
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from django.db.models import Q

from joblog.account_figures import LINK, TABLE
from joblog.models import SynchJob
from mappings.couplings import to_state
from mappings.defaults import default_setup
from mappings.models import Coupling, IntegrationTableMapping
from mappings.rules.related import related_table
from syncadmin.sync.couplings import CouplingState, Ends, stamp_later
from syncadmin.sync.decide import Decision, Kind, Policy, decide_existing
from syncadmin.sync.plan import FieldRule, TablePlan
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Action, Change, Direction, Insert, Modify, Outcome, Record, Side, WriteResult
from syncadmin.sync.tables import FieldType
from syncadmin.sync.touched import Touched

_DIRECTION = Direction.TO_INTEGRATION
_ROWS = uuid.UUID("6c1b53a0-7d0f-5a57-9d3a-0d0a8a2b5f11")  # names the row of an account, so that an interrupted insert is found again
_OVERLAP = timedelta(minutes=5)  # against rows that Business Central commits late (engine.md A17)
_NEW = CouplingState(None, Ends(), Ends())


@dataclass
class _Work:
    """One customer whose statistics may have to be written."""

    coupling: Coupling
    figures: Record
    account: Record
    row: str
    new: bool
    decision: Decision = field(default_factory=lambda: Decision(kind=Kind.UNCHANGED))
    problem: WriteResult | None = None


class AccountStatistics:
    """Works page by page, with a handful of requests each.

    ``again`` are customers, by their Business Central key, whose turn it is whether their entries changed or not; ``moves_mark`` tells
    whether the next run starts where this one has read to.
    """

    def __init__(
        self, mapping: IntegrationTableMapping, connectors: Mapping[Side, Connector], *, again: Container[str] = (), moves_mark: bool = True
    ) -> None:
        self._again, self._moves_mark = again, moves_mark
        self._bc, self._sales = connectors[Side.BUSINESS_CENTRAL], connectors[Side.SALES]
        self._accounts = related_table(mapping, Side.SALES, "accounts")
        self.plan = _plan(mapping)

    def work(self, couplings: list[Coupling], job: SynchJob) -> list[Touched]:
        accounts = self._sales.read_records(self._accounts, [str(one.sales_key) for one in couplings], [LINK, "name"])
        source = self._bc.read_records(self.plan.bc, [str(one.bc_key) for one in couplings], self.plan.fields(Side.BUSINESS_CENTRAL))
        gone = [one for one in couplings if one.bc_key not in source or one.sales_key not in accounts]
        works = [self._work_of(one, source, accounts) for one in couplings if one not in gone]
        works = [one for one in works if one.new or one.coupling.bc_key in self._again or _active(one.figures, job)]
        self._decide(works)
        self._create([one for one in works if one.new])
        self._write([one for one in works if one.problem is None and one.decision.values])
        if self._moves_mark:
            _remember_stamp(job, source.values())
        lost = [_missing(one, job, customer=one.bc_key in source, account=one.sales_key in accounts) for one in gone]
        return [*lost, *(self._told(one) for one in works)]

    def _work_of(self, coupling: Coupling, source: Mapping[str, Record], accounts: Mapping[str, Record]) -> _Work:
        account = accounts[str(coupling.sales_key)]
        row = str(account.values.get(LINK) or "")
        return _Work(coupling, source[str(coupling.bc_key)], account, row or str(uuid.uuid5(_ROWS, account.key)), new=not row)

    def _decide(self, works: Sequence[_Work]) -> None:
        """Only what differs is written; a row that somebody has deleted is made anew."""
        keys = [one.row for one in works if not one.new]
        present = self._sales.read_records(self.plan.sales, keys, self.plan.fields(Side.SALES)) if keys else {}
        for one in works:
            one.new = one.new or one.row not in present
            there = self._first(one) if one.new else present[one.row]
            one.decision = decide_existing(self.plan, _DIRECTION, one.figures, there, _NEW, {}, Policy(unconditional=True))

    def _first(self, work: _Work) -> Record:
        """A new row has 1 in every amount first: a figure that was always 0 shows as empty (rule create-row)."""
        amounts = [rule.sales.name for rule in self.plan.rules if rule.sales and rule.sales.type is FieldType.DECIMAL]
        return Record(work.row, dict.fromkeys(amounts, 1))

    def _create(self, works: Sequence[_Work]) -> None:
        if not works:
            return
        rows = [Insert(one.row, {**self._first(one).values, "nav_name": one.figures.values.get("displayName")}) for one in works]
        for work, answer in zip(works, self._sales.insert(self.plan.sales, rows), strict=True):
            work.problem = None if answer.outcome in (Outcome.DONE, Outcome.EXISTS) else answer
        made = [one for one in works if one.problem is None and one.account.values.get(LINK) != one.row]
        links = [Modify(one.account.key, "*", {LINK: one.row}) for one in made]
        for work, answer in zip(made, self._sales.modify(self._accounts, links) if links else [], strict=True):
            work.problem = None if answer.outcome is Outcome.DONE else answer
            if work.problem is None:
                _absorb(work, answer)

    def _write(self, works: Sequence[_Work]) -> None:
        rows = [Modify(one.row, "*", one.decision.values) for one in works]
        for work, answer in zip(works, self._sales.modify(self.plan.sales, rows) if rows else [], strict=True):
            work.problem = None if answer.outcome is Outcome.DONE else answer

    def _told(self, work: _Work) -> Touched:
        decision, problem = work.decision, work.problem
        plain = Touched(
            source_key=str(work.coupling.bc_key),
            source_label=work.coupling.bc_label or self.plan.label(Side.BUSINESS_CENTRAL, work.figures),
            destination_key=work.row,
            destination_label=str(work.account.values.get("name") or ""),
            action=Action.UNCHANGED,
        )
        if problem is not None:
            text = problem.text or "Dynamics 365 Sales did not take the statistics."
            return replace(plain, action=Action.FAILED, code=problem.code or problem.outcome.value, text=text, fields=problem.fields)
        if decision.kind is Kind.FAIL:
            return replace(plain, action=Action.FAILED, code=decision.code, text=decision.text, fields=decision.fields)
        if work.new:
            changes = tuple(Change(one.field, None, one.new) for one in decision.changes)
            return replace(plain, action=Action.INSERTED, changes=changes)
        return replace(plain, action=Action.MODIFIED, changes=decision.changes) if decision.values else plain


def _plan(mapping: IntegrationTableMapping) -> TablePlan:
    """The sixteen figures of default_setup.json; those that a system does not have are left out.

    Where Sales has no caption for one, it is called as in Business Central.
    """
    bc = related_table(mapping, Side.BUSINESS_CENTRAL, "customerStatistics")
    sales = related_table(mapping, Side.SALES, TABLE)
    rules, captions = [], {}
    for one in default_setup()["job_queue_entries"][-1]["statistics"]["figures"]:
        source, target = bc.fields.get(one["bc_property"]), sales.fields.get(one["sales_attribute"])
        if target is None or source is None:
            continue
        if target.type is FieldType.LOOKUP:  # the local currency's row
            rules.append(FieldRule(bc=None, sales=target, direction=_DIRECTION.value, constant=mapping.business_central.sales_currency_id))
        else:
            own = replace(target, label=source.label) if target.label in ("", target.name) else target
            captions[target.name] = own
            rules.append(FieldRule(bc=source, sales=own, direction=_DIRECTION.value))
    sales = replace(sales, fields={**sales.fields, **captions})
    return TablePlan(mapping_id=mapping.pk, name=mapping.name, bc=bc, sales=sales, rules=tuple(rules), bidirectional=False)


def _active(figures: Record, job: SynchJob) -> bool:
    """Whether the customer was active since the last run.

    The reference looks at ledger entries and sales lines, which no page of API v2.0 shows: the stamp of the custom page stands for them.
    """
    before = job.watermark_before
    return before is None or figures.modified_at is None or figures.modified_at >= before - _OVERLAP


def _remember_stamp(job: SynchJob, records: Iterable[Record]) -> None:
    for record in records:
        job.watermark_after = stamp_later(job.watermark_after or job.watermark_before, record.modified_at)
    SynchJob.objects.filter(pk=job.pk).update(watermark_after=job.watermark_after)


def _absorb(work: _Work, answer: WriteResult) -> None:
    """Our link on the account is no change of anybody; one that was pending before is still seen."""
    seen, before = work.coupling.sales_etag, work.account.etag
    if seen and seen == before and answer.etag:
        rows = Coupling.objects.filter(Q(sales_etag=seen), pk=work.coupling.pk)
        rows.update(sales_etag=answer.etag, sales_modified_at=stamp_later(work.coupling.sales_modified_at, answer.modified_at))


def _missing(coupling: Coupling, job: SynchJob, *, customer: bool, account: bool) -> Touched:
    """Failed, and the coupling skipped at once (rule missing-record); only what is still there has a name."""
    gone = [side for side, there in ((Side.BUSINESS_CENTRAL, customer), (Side.SALES, account)) if not there]
    where = " and in ".join(side.label for side in gone)
    text = f"The record was deleted in {where}, so its statistics cannot be updated. Restore it, or remove the coupling."
    which = "both" if len(gone) > 1 else gone[0].value
    state = to_state(coupling).failed(_DIRECTION, job_id=job.pk, error="deleted:", message=text, passing=True, gone=which)
    return Touched(
        source_key=str(coupling.bc_key),
        source_label=coupling.bc_label if customer else "",
        destination_key=str(coupling.sales_key) if account else "",
        destination_label=coupling.sales_label if account else "",
        action=Action.FAILED,
        code="deleted",
        text=text,
        coupling=replace(state, skipped=True),
    )
