"""What follows when all lines of an invoice have arrived: rounding line, totals, status (rules rounding-line, totals, status)."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from mappings.models import IntegrationTableMapping
from mappings.rules.invoice_status import StatusWriter, state_of, wanted_state
from mappings.rules.references import amount
from mappings.rules.related import related_table
from syncadmin.sync.errors import RecordError
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Insert, Modify, Outcome, Record, Side, WriteResult
from syncadmin.sync.values import rounded

ROUNDING = "Rounding"
_LINE = ("invoiceid", "productdescription", "quantity", "priceperunit", "tax", "manualdiscountamount")
_TOTALS = ("totalamountlessfreight", "totalamount", "totaltax", "totallineitemdiscountamount", "totaldiscountamount")


@dataclass(frozen=True)
class Finished:
    """An invoice all of whose lines are in Sales: its key there, and header and lines of Business Central."""

    key: str
    header: Record
    lines: Sequence[Record]


class InvoiceTotals:
    """Finishes a page of invoices in a handful of requests. What is right already is not written."""

    def __init__(self, mapping: IntegrationTableMapping, sales: Connector) -> None:
        self._sales = sales
        self._invoices, self._details = (related_table(mapping, Side.SALES, name) for name in ("invoices", "invoicedetails"))

    def finish(self, invoices: Sequence[Finished]) -> dict[str, RecordError]:
        """What was refused, by invoice key."""
        problems = self._add_rounding([one for one in invoices if one.header.values.get("pricesIncludeTax")])
        left = [one for one in invoices if one.key not in problems]
        problems |= self._correct_totals(left)
        left = [one for one in left if one.key not in problems]
        return problems | self._set_status(left)

    def _add_rounding(self, invoices: Sequence[Finished]) -> dict[str, RecordError]:
        present = self._lines_in_sales(one.key for one in invoices)
        differences = {one.key: _difference(one, present[one.key]) for one in invoices if not _rounded_already(present[one.key])}
        rows = {str(uuid.uuid4()): (key, value) for key, value in differences.items() if value}
        if not rows:
            return {}
        inserted = self._sales.insert(self._details, [Insert(row, _rounding(key, value)) for row, (key, value) in rows.items()])
        amounts = [Modify(row, "*", {"baseamount": value, "extendedamount": value}) for row, (_, value) in rows.items()]
        refused = _refusals([key for key, _ in rows.values()], inserted)
        kept = [one for one, (key, _) in zip(amounts, rows.values(), strict=True) if key not in refused]
        answers = self._sales.modify(self._details, kept) if kept else []
        return refused | _refusals([rows[one.key][0] for one in kept], answers)

    def _lines_in_sales(self, keys: Iterable[str]) -> Mapping[str, list[Record]]:
        wanted = list(keys)
        found: defaultdict[str, list[Record]] = defaultdict(list)
        for line in self._sales.find_records(self._details, "invoiceid", wanted, _LINE) if wanted else ():
            found[str(line.values.get("invoiceid"))].append(line)
        return found

    def _correct_totals(self, invoices: Sequence[Finished]) -> dict[str, RecordError]:
        """The header's own run has sent them; Sales may have summed up the lines since."""
        present = self._sales.read_records(self._invoices, [one.key for one in invoices], [*_TOTALS, "statecode"])
        rows = []
        for one in invoices:
            row = present.get(one.key)
            if row is not None and not row.values.get("statecode"):
                wrong = {name: value for name, value in _totals(one).items() if amount(row.values.get(name)) != value}
                rows += [Modify(one.key, "*", wrong)] if wrong else []
        return _refusals([row.key for row in rows], self._sales.modify(self._invoices, rows)) if rows else {}

    def _set_status(self, invoices: Sequence[Finished]) -> dict[str, RecordError]:
        present = self._sales.read_records(self._invoices, [one.key for one in invoices], ["statecode", "statuscode"])
        states = {one.key: (state_of(present[one.key]), wanted_state(one.header.values)) for one in invoices if one.key in present}
        answers = StatusWriter(self._sales, self._invoices).write({key: both for key, both in states.items() if both[0] != both[1]})
        return _refusals(list(answers), list(answers.values()))


def _difference(invoice: Finished, lines: Sequence[Record]) -> Decimal:
    """Line amounts with tax of Business Central less what price, quantity, tax and discount of the lines in Sales come to."""
    expected = sum((amount(line.values.get("amountIncludingTax")) for line in invoice.lines), Decimal(0))
    return rounded(expected - sum((_worth(line) for line in lines), Decimal(0)), 2)


def _worth(line: Record) -> Decimal:
    price, quantity, tax, discount = (amount(line.values.get(name)) for name in ("priceperunit", "quantity", "tax", "manualdiscountamount"))
    return price * quantity + tax - discount


def _rounded_already(lines: Iterable[Record]) -> bool:
    return any(line.values.get("productdescription") == ROUNDING for line in lines)


def _rounding(invoice: str, value: Decimal) -> dict[str, Any]:
    return {
        "invoiceid": invoice,
        "isproductoverridden": True,
        "productdescription": ROUNDING,
        "ispriceoverridden": True,
        "quantity": Decimal(1),
        "priceperunit": value,
    }


def _totals(invoice: Finished) -> dict[str, Decimal]:
    values = invoice.header.values
    net, gross, discount = (amount(values.get(name)) for name in ("totalAmountExcludingTax", "totalAmountIncludingTax", "discountAmount"))
    on_lines = sum((amount(line.values.get("discountAmount")) for line in invoice.lines), Decimal(0))
    return dict(zip(_TOTALS, (net, gross, gross - net, on_lines, on_lines + discount), strict=True))


def _refusals(keys: Sequence[str], answers: Sequence[WriteResult]) -> dict[str, RecordError]:
    return {
        key: RecordError(answer.code or "refused", answer.text or "Dynamics 365 Sales refused the invoice's totals or status.")
        for key, answer in zip(keys, answers, strict=True)
        if answer.outcome is not Outcome.DONE
    }
