"""Customer statistics and invoice status: one job queue entry, two jobs per company (engine.md section 20 and A24)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from joblog.account_statistics import AccountStatistics
from joblog.claims import Claim
from joblog.invoice_payments import InvoicePayments
from joblog.journal import DatabaseJournal
from joblog.models import JobQueueEntry, JobQueueLogEntry, JobStatus, JobType, RunKind, SynchJob, Trigger
from joblog.synchronization import traffic_from_now
from mappings.models import Coupling, IntegrationTableMapping, SystemTable
from mappings.systems import both_connected
from syncadmin.sync.errors import RunError
from syncadmin.sync.plan import TablePlan
from syncadmin.sync.records import Direction
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


_STEPS: Mapping[str, tuple[str, str, Callable[..., Step]]] = {
    CUSTOMER_STATISTICS: ("customers", "updated account statistics", AccountStatistics),
    INVOICE_STATUS: ("salesInvoices", "updated payment status", InvoicePayments),
}


def is_statistics(name: str) -> bool:
    """Whether people mean the statistics, by the name of either job, in any case."""
    return name.strip().upper() in NAMES


def statistics_entry(company: str = "") -> JobQueueEntry:
    """An entry for one run, not saved yet; of all companies where none is named."""
    parameters = {"company": company} if company else {}
    return JobQueueEntry(
        description="Customer statistics",
        run_kind=RunKind.STATISTICS,
        parameters=parameters,
        trigger=Trigger.COMMAND,
        earliest_start=timezone.now(),
    )


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
    return all(run.job_of(name, mapping) for name, (table, _, _) in _STEPS.items() for mapping in _mappings(table, company))


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

    def job_of(self, name: str, mapping: IntegrationTableMapping) -> bool:
        """True when the job of this name and company is done."""
        _, message, kind = _STEPS[name]
        with both_connected(mapping) as connectors:
            step = kind(mapping, connectors)
            job = self._open(name, mapping)
            if job.status != JobStatus.IN_PROCESS:
                return True
            journal = DatabaseJournal(job, self.claim, step.plan, traffic_from_now(connectors))
            return self._pages(job, mapping, step, journal, message)

    def _pages(self, job: SynchJob, mapping: IntegrationTableMapping, step: Step, journal: DatabaseJournal, message: str) -> bool:
        reached = Cursor.from_json(job.cursor).reached
        if not reached:
            journal.expect(self._chosen(mapping).count())
        while page := self._page(mapping, reached):
            reached = page[-1].pk
            journal.settle(step.work(page, job), read=len(page), cursor=Cursor(phase=EXPLICIT, reached=reached))
            if len(page) == _PAGE and self.pause():
                return False
        self._finish(job, message)
        return True

    def _page(self, mapping: IntegrationTableMapping, after: int) -> list[Coupling]:
        return list(self._chosen(mapping).filter(id__gt=after).order_by("id")[:_PAGE])

    def _chosen(self, mapping: IntegrationTableMapping) -> QuerySet[Coupling]:
        return Coupling.objects.filter(mapping=mapping, pending="", skipped=False).exclude(bc_key=None).exclude(sales_key=None)

    def _open(self, name: str, mapping: IntegrationTableMapping) -> SynchJob:
        last = SynchJob.objects.filter(mapping_name=name, mapping=mapping, status=JobStatus.FINISHED).order_by("-started_at", "-id").first()
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
                "watermark_before": last.watermark_after if last else None,
            },
        )
        return job

    def _finish(self, job: SynchJob, message: str) -> None:
        values: dict[str, Any] = {"status": JobStatus.FINISHED, "finished_at": timezone.now(), "phase": "", "message": message}
        with transaction.atomic():
            self.claim.hold()
            SynchJob.objects.filter(pk=job.pk).update(cursor=Cursor(phase=DONE).to_json(), **values)
