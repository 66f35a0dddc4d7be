"""The payment status of coupled invoices (engine.md section 20.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from joblog.models import SynchJob
from mappings.models import Coupling, IntegrationTableMapping
from mappings.rules.invoice_status import SOURCE_FIELDS, State, StatusWriter, state_of, wanted_state
from mappings.rules.related import related_table
from syncadmin.sync.plan import TablePlan
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Action, Change, Outcome, Record, Side, WriteResult
from syncadmin.sync.touched import Touched

_LINES = "POSTEDSALESLINE-INV"
_STATE = ("statecode", "statuscode")


class InvoicePayments:
    """Sets what differs. An invoice that is gone on either side is left to the run of its mapping.

    The reference goes by the numbers of new customer ledger entries. No page shows them, and a part payment moves no stamp of the invoice
    (default-setup.md, doubt 9), so each run looks at all coupled invoices: there is no mark that *Update Account Statistics* could move.
    """

    def __init__(self, mapping: IntegrationTableMapping, connectors: Mapping[Side, Connector]) -> None:
        self._mapping = mapping
        self._bc, self._sales = connectors[Side.BUSINESS_CENTRAL], connectors[Side.SALES]
        tables = related_table(mapping, Side.BUSINESS_CENTRAL, mapping.table), related_table(mapping, Side.SALES, mapping.integration_table)
        self.plan = TablePlan(mapping_id=mapping.pk, name=mapping.name, bc=tables[0], sales=tables[1], rules=(), bidirectional=False)
        self._unfinished = self._without_lines()

    def of_customers(self, customers: Sequence[str]) -> list[str]:
        """Keys of all invoices of these customers."""
        return [row.key for row in self._bc.find_records(self.plan.bc, "customerId", customers, [])]

    def work(self, couplings: list[Coupling], job: SynchJob) -> list[Touched]:  # noqa: ARG002
        headers = self._bc.read_records(self.plan.bc, [str(one.bc_key) for one in couplings], SOURCE_FIELDS)
        invoices = self._sales.read_records(self.plan.sales, [str(one.sales_key) for one in couplings], _STATE)
        pairs = {
            str(one.sales_key): (one, state_of(invoices[str(one.sales_key)]), wanted_state(headers[str(one.bc_key)].values))
            for one in couplings
            if one.bc_key in headers and one.sales_key in invoices and one.bc_key not in self._unfinished
        }
        different = {key: (present, new) for key, (_, present, new) in pairs.items() if present != new}
        answers = StatusWriter(self._sales, self.plan.sales).write(different)
        return [_told(one, present, new, answers.get(key)) for key, (one, present, new) in pairs.items()]

    def _without_lines(self) -> set[str]:
        """Invoices with lines that have not arrived: a closed invoice would take them no more."""
        rows = Coupling.objects.filter(mapping__name=_LINES, mapping__business_central=self._mapping.business_central_id)
        keys = [str(key) for key in rows.exclude(to_result="Success").exclude(bc_key=None).values_list("bc_key", flat=True)]
        table = related_table(self._mapping, Side.BUSINESS_CENTRAL, "salesInvoiceLines")
        lines: Mapping[str, Record] = self._bc.read_records(table, keys, ["documentId"]) if keys else {}
        return {str(line.values.get("documentId")) for line in lines.values()}


def _told(coupling: Coupling, present: State, new: State, answer: WriteResult | None) -> Touched:
    refused = answer is not None and answer.outcome is not Outcome.DONE
    changes = tuple(Change(name, old, value) for name, old, value in zip(_STATE, present, new, strict=True) if old != value)
    return Touched(
        source_key=str(coupling.bc_key),
        source_label=coupling.bc_label,
        destination_key=str(coupling.sales_key),
        destination_label=coupling.sales_label,
        action=Action.UNCHANGED if answer is None else Action.FAILED if refused else Action.MODIFIED,
        changes=() if refused else changes,
        code=(answer.code or answer.outcome.value) if answer is not None and refused else "",
        text=(answer.text or "Dynamics 365 Sales did not take the status.") if answer is not None and refused else "",
    )
