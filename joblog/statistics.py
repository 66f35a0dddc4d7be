"""Customer statistics and invoice status: one job queue entry, two jobs per company (engine.md section 20 and A24)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from joblog.account_statistics import AccountStatistics
from joblog.claims import Claim
from joblog.invoice_payments import InvoicePayments
from joblog.job_story import begins, finished
from joblog.journal import DatabaseJournal
from joblog.models import (
    EntryAction,
    JobQueueEntry,
    JobQueueLogEntry,
    JobStatus,
    JobType,
    QueueStatus,
    RunKind,
    SynchEntry,
    SynchJob,
    Trigger,
)
from joblog.queue import ring
from joblog.scope import Scope
from joblog.synchronization import traffic_from_now
from mappings.changes import Person
from mappings.couplings import to_state
from mappings.models import Coupling, IntegrationTableMapping, SystemTable
from mappings.systems import both_connected
from syncadmin.sync.errors import RunError
from syncadmin.sync.plan import TablePlan
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Action, Direction, Side
from syncadmin.sync.touched import DONE, EXPLICIT, Cursor, Touched

CUSTOMER_STATISTICS, INVOICE_STATUS = "CUSTOMER STATISTICS", "INVOICE STATUS"
NAMES = (CUSTOMER_STATISTICS, INVOICE_STATUS)
_PAGE = 500
_DIRECTION = Direction.TO_INTEGRATION


class Step(Protocol):
    """One of the two jobs: what it reads and writes of a page of couplings."""

    plan: TablePlan

    def work(self, couplings: list[Coupling], job: SynchJob) -> list[Touched]:
        """Brings Sales up to date and tells what became of each record."""
        ...


_STEPS: Mapping[str, tuple[str, str]] = {
    CUSTOMER_STATISTICS: ("customers", "updated account statistics"),
    INVOICE_STATUS: ("salesInvoices", "updated payment status"),
}


def is_statistics(name: str) -> bool:
    """Whether people mean the statistics, by the name of either job, in any case."""
    return name.strip().upper() in NAMES


def statistics_entry(company: str = "", customers: Sequence[str] = ()) -> JobQueueEntry:
    """An entry for one run, not saved yet; of all companies where none is named.

    With ``customers`` (their Business Central keys) it is *Update Account Statistics*: the figures and invoices of these customers, whether
    anything has changed or not, while the turn of all the others stays where it is.
    """
    parameters = ({"company": company} if company else {}) | Scope(bc_keys=tuple(customers)).to_json()
    return JobQueueEntry(
        description="Update account statistics" if customers else "Customer statistics",
        run_kind=RunKind.STATISTICS,
        parameters=parameters,
        trigger=Trigger.COMMAND,
        earliest_start=timezone.now(),
    )


def update_account_statistics(company: str, customers: Sequence[str], *, user: Person) -> JobQueueEntry:
    """Queues *Update Account Statistics* for customers of a company and rings the workers; in the caller's transaction."""
    entry = statistics_entry(company, customers)
    person = user if user is not None and user.is_authenticated else None
    entry.user_id, entry.trigger, entry.status = person.pk if person else None, Trigger.PERSON, QueueStatus.READY
    entry.save()
    ring(entry.pk)
    return entry


def statistics_possible(company: str = "") -> bool:
    """Whether a company has customers mapped and Sales has the table of account statistics."""
    return bool(_mappings("customers", company))


def update_statistics(entry: JobQueueEntry, execution: JobQueueLogEntry, claim: Claim, pause: Callable[[], bool]) -> bool:
    """Runs both jobs for each company; False when ``pause`` stopped it in between. Raises RetryLater, RunError and ClaimLost."""
    company = str(entry.parameters.get("company", ""))
    if not statistics_possible(company):
        raise RunError(
            "no-statistics",
            "Customer statistics need the mapping CUSTOMER, the custom API page customerStatistics of Business Central and the table "
            "nav_accountstatistics of the Business Central integration solution in Dynamics 365 Sales.",
        )
    run = _Execution(entry, execution, claim, pause)
    return all(run.job_of(name, mapping) for name, (table, _) in _STEPS.items() for mapping in _mappings(table, company))


def _mappings(table: str, company: str) -> list[IntegrationTableMapping]:
    rows = IntegrationTableMapping.objects.filter(table=table, enabled=True, parent_name="").select_related("business_central", "sales")
    rows = rows.filter(business_central__company__iexact=company) if company else rows
    return [row for row in rows.order_by("business_central_id", "order") if table != "customers" or _has_tables(row)]


def _has_tables(mapping: IntegrationTableMapping) -> bool:
    wanted = ((mapping.business_central_id, "customerStatistics"), (mapping.sales_id, "nav_accountstatisticses"))
    return mapping.integration_table == "accounts" and all(
        SystemTable.objects.filter(system=system, name=name).exists() for system, name in wanted
    )


@dataclass(frozen=True)
class _Execution:
    entry: JobQueueEntry
    execution: JobQueueLogEntry
    claim: Claim
    pause: Callable[[], bool]

    @property
    def customers(self) -> tuple[str, ...]:
        """Business Central keys of the customers that a person has chosen; none: all of them."""
        return Scope.from_json(self.entry.parameters).bc_keys

    def job_of(self, name: str, mapping: IntegrationTableMapping) -> bool:
        """True when the job of this name and company is done."""
        with both_connected(mapping) as connectors:
            job = self._open(name, mapping)
            if job.status != JobStatus.IN_PROCESS:
                return True
            step, keys = self._step(job, mapping, connectors)
            journal = DatabaseJournal(job, self.claim, step.plan, traffic_from_now(connectors))
            return self._pages(job, mapping, step, journal, keys)

    def _step(
        self, job: SynchJob, mapping: IntegrationTableMapping, connectors: Mapping[Side, Connector]
    ) -> tuple[Step, Sequence[str] | None]:
        """What works, and the Business Central keys that it is narrowed to (None: all)."""
        chosen = self.customers
        if job.mapping_name == CUSTOMER_STATISTICS:
            again = set(chosen) or _failed_before(job)
            return AccountStatistics(mapping, connectors, again=again, moves_mark=not chosen), chosen or None
        payments = InvoicePayments(mapping, connectors)
        return payments, payments.of_customers(chosen) if chosen else None

    def _pages(
        self, job: SynchJob, mapping: IntegrationTableMapping, step: Step, journal: DatabaseJournal, keys: Sequence[str] | None
    ) -> bool:
        reached = Cursor.from_json(job.cursor).reached
        begins(job, None, reads_window=False)
        if not reached:
            journal.expect(self._chosen(mapping, keys).count())
            if keys and job.mapping_name == CUSTOMER_STATISTICS:
                journal.settle(_without_account(mapping, keys), read=0, cursor=Cursor(phase=EXPLICIT))
        while page := self._page(mapping, reached, keys):
            reached = page[-1].pk
            journal.settle(step.work(page, job), read=len(page), cursor=Cursor(phase=EXPLICIT, reached=reached))
            if len(page) == _PAGE and self.pause():
                return False
        self._finish(job, _STEPS[job.mapping_name][1])
        finished(job, journal.counts)
        return True

    def _page(self, mapping: IntegrationTableMapping, after: int, keys: Sequence[str] | None) -> list[Coupling]:
        return list(self._chosen(mapping, keys).filter(id__gt=after).order_by("id")[:_PAGE])

    def _chosen(self, mapping: IntegrationTableMapping, keys: Sequence[str] | None) -> QuerySet[Coupling]:
        rows = Coupling.objects.filter(mapping=mapping, pending="", skipped=False).exclude(bc_key=None).exclude(sales_key=None)
        return rows if keys is None else rows.filter(bc_key__in=list(keys))

    def _open(self, name: str, mapping: IntegrationTableMapping) -> SynchJob:
        mark = last.watermark_after if (last := _last_of_all(name, mapping)) else None
        chosen = Scope(bc_keys=self.customers)
        job, _ = SynchJob.objects.get_or_create(
            log_entry=self.execution,
            mapping=mapping,
            mapping_name=name,
            type=JobType.STATISTICS,
            direction=_DIRECTION.value,
            defaults={
                "company": mapping.business_central.company,
                "mapping_version": mapping.version,
                "trigger": self.entry.trigger,
                "user_name": self.execution.user_name,
                "source_label": mapping.table_label or mapping.table,
                "destination_label": "Account Statistics" if name == CUSTOMER_STATISTICS else mapping.integration_table_label,
                "started_at": timezone.now(),
                "scope": chosen.to_json(),
                "watermark_before": mark,
                "watermark_after": mark if chosen.explicit else None,
            },
        )
        return job

    def _finish(self, job: SynchJob, message: str) -> None:
        values: dict[str, Any] = {"status": JobStatus.FINISHED, "finished_at": timezone.now(), "phase": "", "message": message}
        with transaction.atomic():
            self.claim.hold()
            SynchJob.objects.filter(pk=job.pk).update(cursor=Cursor(phase=DONE).to_json(), **values)


def _last_of_all(name: str, mapping: IntegrationTableMapping, before: int | None = None) -> SynchJob | None:
    """The last finished job of this name that was for all customers."""
    jobs = SynchJob.objects.filter(mapping_name=name, mapping=mapping, type=JobType.STATISTICS, status=JobStatus.FINISHED)
    jobs = jobs if before is None else jobs.filter(pk__lt=before)
    return jobs.exclude(scope__has_key="bc_keys").order_by("-started_at", "-id").first()


def _failed_before(job: SynchJob) -> set[str]:
    """Customers whose statistics failed last time: their turn does not depend on new activity."""
    last = _last_of_all(job.mapping_name, job.mapping, before=job.pk) if job.mapping else None
    failed = SynchEntry.objects.filter(job=last, action=EntryAction.FAILED) if last else SynchEntry.objects.none()
    return set(failed.values_list("source_key", flat=True))


def _without_account(mapping: IntegrationTableMapping, keys: Sequence[str]) -> list[Touched]:
    """Chosen customers that have no statistics, because nobody has coupled them, or that are skipped."""
    rows = Coupling.objects.filter(mapping=mapping, bc_key__in=list(keys)).exclude(sales_key=None)
    known = {str(row.bc_key): row for row in rows}
    reasons = {key: "The customer is not coupled to an account, so it has no statistics there." for key in keys if key not in known}
    reasons |= {key: to_state(row).why_skipped for key, row in known.items() if row.skipped}
    return [
        Touched(
            source_key=key, source_label=known[key].bc_label if key in known else key, action=Action.SKIPPED, text=text,
        )
        for key, text in reasons.items()
    ]  # fmt: skip
