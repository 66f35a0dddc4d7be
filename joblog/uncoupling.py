"""Uncoupling as a job with entries: rows of Sales give up the company that they carry, accounts their statistics, then the coupling goes
(engine.md section 15)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from joblog.account_figures import AccountFigures, has_figures
from joblog.claims import Claim
from joblog.company_marks import FIELD, CompanyMarks, has_marks
from joblog.follow_ups import wait_for_others
from joblog.link_jobs import chosen_couplings, entry_of, expect, finish, keep, looked_at, mapping_of, open_link_job, remove
from joblog.models import EntryAction, JobQueueEntry, JobQueueLogEntry, JobStatus, JobType, SynchEntry, SynchJob
from joblog.retries import chunks
from joblog.scope import Scope
from joblog.synchronization import count_requests
from mappings.models import Coupling, IntegrationTableMapping
from mappings.systems import connected, table_of
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Outcome, Side, WriteResult

_CHUNK = 1000
_PARENTS = {"customers", "vendors"}


def uncouple(entry: JobQueueEntry, execution: JobQueueLogEntry, claim: Claim, pause: Callable[[], bool]) -> bool:
    """Removes the couplings of the scope's records, all of the mapping where it names none; False when ``pause`` stopped it.

    The business data of both records stays. Contacts below an account of a customer or vendor are uncoupled with it, in a job of their own.
    """
    mapping, scope = mapping_of(entry), Scope.from_json(entry.parameters)
    job, new = open_link_job(entry, execution, mapping, JobType.UNCOUPLING)
    if new:
        expect(job, chosen_couplings(mapping, scope))
    if job.status != JobStatus.IN_PROCESS:
        return True
    children = _children_of(mapping)
    for child in children:
        wait_for_others(child, entry.pk)
    _begin(job, mapping, scope, claim)
    with _sales(mapping, children) as sales:
        work = Uncoupling(job, mapping, claim, sales)
        done = _all_chunks(work, [_Children(entry, execution, child, claim, sales) for child in children], scope, pause)
        for keys in chunks(work.leftovers() if done and not scope.explicit else [], _CHUNK):
            work.clear(keys)
        if sales is not None:
            count_requests(job.pk, (0, sales.requests), job)
    if not done:
        return False
    finish(job)
    for other in SynchJob.objects.filter(log_entry=execution, type=JobType.UNCOUPLING, status=JobStatus.IN_PROCESS):
        finish(other)
    return True


@dataclass
class Uncoupling:
    """One job at work. ``sales`` is None where nothing has to be changed there."""

    job: SynchJob
    mapping: IntegrationTableMapping
    claim: Claim
    sales: Connector | None

    def remove(self, rows: Sequence[Coupling], *, moving: Set[str] = frozenset()) -> None:
        """Clears the company of the rows, notes and removes the couplings; one whose row the system was too busy to change stays.

        ``moving`` are keys of records that are about to be coupled to others: their rows keep the company.
        """
        cleared = self.clear([row.sales_key for row in rows if row.sales_key and row.sales_key not in moving])
        stay = {key for key, result in cleared.items() if result.outcome is not Outcome.DONE and result.passing}
        left = [row for row in rows if row.sales_key in stay]
        gone = [row for row in rows if row.sales_key not in stay]
        self._forget_figures([row.sales_key for row in gone if row.sales_key and row.sales_key not in moving])
        entries = [entry_of(self.job, row, EntryAction.UNCOUPLED, message=_told(cleared.get(str(row.sales_key)))) for row in gone]
        for row in left:
            text = cleared[str(row.sales_key)].text or "Dynamics 365 Sales is busy. Uncouple the record again."
            entries.append(entry_of(self.job, row, EntryAction.FAILED, code="busy", message=text))
        for one in entries:
            one.source_key = "" if one.source_key in moving else one.source_key  # it will have an entry of its own, as Coupled
        with transaction.atomic():
            self.claim.hold()
            keep(self.job, entries)
            remove(row.pk for row in gone)
            looked_at(self.job, rows)

    def clear(self, keys: Sequence[str]) -> dict[str, WriteResult]:
        """Empties the company of those rows that carry it, each with an entry (Modified); results by key."""
        marks = CompanyMarks.of(self.mapping, self.sales) if self.sales is not None else None
        if marks is None or not keys:
            return {}
        announced = {row.destination_key: row for row in self._announced(EntryAction.MODIFIED).filter(destination_key__in=list(keys))}
        carried = marks.carried(keys)
        new = {key: self._entry(key, marks.company) for key in carried if key not in announced}
        with transaction.atomic():
            self.claim.hold()
            keep(self.job, list(new.values()))
        results = marks.clear(carried)
        # Announced by a worker that was lost, and empty now: that worker's request arrived.
        done = {key: WriteResult(Outcome.DONE, key) for key in announced if key not in results}
        self._settle(announced | new, results | done)
        return results

    def leftovers(self) -> list[str]:
        """Rows that carry this company and that nobody has coupled."""
        marks = CompanyMarks.of(self.mapping, self.sales) if self.sales is not None else None
        return marks.uncoupled() if marks is not None else []

    def _forget_figures(self, accounts: Sequence[str]) -> None:
        """Deletes the statistics rows of these accounts, each with an entry (Deleted)."""
        figures = AccountFigures.of(self.mapping, self.sales) if self.sales is not None else None
        if figures is None:
            return
        announced = {row.destination_key: row for row in self._announced(EntryAction.DELETED)}
        keys = list(dict.fromkeys([*figures.linked(accounts), *announced]))
        label = figures.table.label
        new = {
            key: SynchEntry(job=self.job, action=EntryAction.SENDING, intended=EntryAction.DELETED, destination_key=key,
                            destination_label=label, at=timezone.now())
            for key in keys if key not in announced
        }  # fmt: skip
        with transaction.atomic():
            self.claim.hold()
            keep(self.job, list(new.values()))
        self._settle(announced | new, figures.delete(keys))

    def _settle(self, entries: dict[str, SynchEntry], results: dict[str, WriteResult]) -> None:
        """What was done is counted as it was intended; nothing is noted of the rest."""
        changed = [key for key, result in results.items() if result.outcome is Outcome.DONE]
        for key in changed:
            entries[key].action, entries[key].intended = entries[key].intended, ""
        with transaction.atomic():
            self.claim.hold()
            keep(self.job, [entries[key] for key in changed])
            SynchEntry.objects.filter(pk__in=[entries[key].pk for key in results.keys() - set(changed)]).delete()

    def _announced(self, intended: EntryAction) -> QuerySet[SynchEntry]:
        return SynchEntry.objects.filter(job=self.job, action=EntryAction.SENDING, intended=intended)

    def _entry(self, key: str, company: str) -> SynchEntry:
        label = table_of(self.mapping, Side.SALES).fields[FIELD].label
        change = {"field": FIELD, "label": label, "old": company, "new": ""}
        action, intended = EntryAction.SENDING, EntryAction.MODIFIED
        # Without a source: the record itself has an entry of its own, as Uncoupled.
        return SynchEntry(job=self.job, action=action, intended=intended, destination_key=key, changes=[change], at=timezone.now())


@dataclass
class _Children:
    """The contacts below accounts, which lose their coupling with them."""

    entry: JobQueueEntry
    execution: JobQueueLogEntry
    mapping: IntegrationTableMapping
    claim: Claim
    sales: Connector | None

    def below(self, rows: Sequence[Coupling]) -> None:
        """Uncouples what is coupled below the rows' accounts."""
        accounts = [row.sales_key for row in rows if row.sales_key]
        if self.sales is None or not accounts:
            return
        table = table_of(self.mapping, Side.SALES)
        keys = [record.key for record in self.sales.find_records(table, "parentcustomerid", accounts, [])]
        found = list(Coupling.objects.filter(mapping=self.mapping, sales_key__in=keys)) if keys else []
        if found:
            job, _ = open_link_job(self.entry, self.execution, self.mapping, JobType.UNCOUPLING)
            Uncoupling(job, self.mapping, self.claim, self.sales).remove(found)


def _all_chunks(work: Uncoupling, children: Sequence[_Children], scope: Scope, pause: Callable[[], bool]) -> bool:
    rows = chosen_couplings(work.mapping, scope).order_by("id")
    reached = work.job.cursor.get("reached", 0)
    while chunk := list(rows.filter(pk__gt=reached)[:_CHUNK]):
        for child in children:
            child.below(chunk)
        work.remove(chunk)
        reached = chunk[-1].pk
        if pause():
            return False
    return True


def _begin(job: SynchJob, mapping: IntegrationTableMapping, scope: Scope, claim: Claim) -> None:
    """Notes at the very beginning which of the named records are not coupled."""
    if job.cursor or not scope.explicit:
        return
    known = set(chosen_couplings(mapping, scope).values_list("bc_key", "sales_key"))
    coupled = {key for pair in known for key in pair}
    text = "The record is not coupled."
    missing = [Coupling(bc_key=key, bc_label=key) for key in scope.bc_keys if key not in coupled]
    missing += [Coupling(sales_key=key, sales_label=key) for key in scope.sales_keys if key not in coupled]
    job.cursor = {"reached": 0}
    with transaction.atomic():
        claim.hold()
        keep(job, [entry_of(job, row, EntryAction.SKIPPED, message=text) for row in missing])
        SynchJob.objects.filter(pk=job.pk).update(cursor=job.cursor)


def _children_of(mapping: IntegrationTableMapping) -> list[IntegrationTableMapping]:
    """The mappings of contacts that belong to the customers or vendors of this one."""
    if mapping.table not in _PARENTS or mapping.integration_table != "accounts":
        return []
    rows = IntegrationTableMapping.objects.select_related("business_central", "sales")
    return list(rows.filter(business_central=mapping.business_central_id, table="contacts", integration_table="contacts"))


@contextmanager
def _sales(mapping: IntegrationTableMapping, children: Sequence[IntegrationTableMapping]) -> Iterator[Connector | None]:
    """A connector to Sales where something has to be asked or changed there."""
    if not (children or has_marks(mapping) or has_figures(mapping)):
        yield None
        return
    with connected(mapping.sales) as connector:
        yield connector


def _told(result: WriteResult | None) -> str:
    if result is None or result.outcome in (Outcome.DONE, Outcome.GONE):
        return ""
    return f"The row of Sales keeps its company, because it could not be changed. {result.text}"
