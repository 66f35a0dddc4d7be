"""The status of an invoice in Sales from its payment in Business Central (default_setup.json, rule ``status``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mappings.rules.references import amount
from syncadmin.sync.ports import Connector
from syncadmin.sync.records import Modify, Outcome, Record, WriteResult
from syncadmin.sync.tables import Table

State = tuple[int, int]  # statecode, statuscode
BILLED: State = (0, 4)
PAID: State = (2, 100001)
PARTLY_PAID: State = (2, 100002)
CANCELED: State = (3, 100003)

SOURCE_FIELDS = ("number", "status", "remainingAmount", "totalAmountIncludingTax")
"""What of a Business Central invoice tells its status."""


def wanted_state(values: Mapping[str, Any]) -> State:
    """The state of a posted invoice: its fields are those of ``SOURCE_FIELDS``."""
    if values.get("status") == "Canceled":
        return CANCELED
    remaining = amount(values.get("remainingAmount"))
    if not remaining:
        return PAID
    return BILLED if remaining == amount(values.get("totalAmountIncludingTax")) else PARTLY_PAID


def state_of(record: Record) -> State:
    return int(record.values.get("statecode") or 0), int(record.values.get("statuscode") or 0)


@dataclass(frozen=True)
class StatusWriter:
    """Sets the status of invoices, page by page."""

    sales: Connector
    invoices: Table

    def write(self, wanted: Mapping[str, tuple[State, State]]) -> dict[str, WriteResult]:
        """The answers by invoice key; ``wanted`` holds the present and the new state of those that differ.

        A closed invoice takes no change and is set back to Billed first (engine.md section 20).
        """
        closed = [key for key, (present, new) in wanted.items() if present[0] and new != BILLED]
        answers = self._set(dict.fromkeys(closed, BILLED))
        refused = {key: answer for key, answer in answers.items() if answer.outcome is not Outcome.DONE}
        return refused | self._set({key: new for key, (_, new) in wanted.items() if key not in refused})

    def _set(self, states: Mapping[str, State]) -> dict[str, WriteResult]:
        if not states:
            return {}
        rows = [Modify(key, "*", {"statecode": state, "statuscode": status}) for key, (state, status) in states.items()]
        return dict(zip(states, self.sales.modify(self.invoices, rows), strict=True))
