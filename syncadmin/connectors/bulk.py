"""CreateMultiple of Dataverse: one request for a page of inserts, all or nothing (web-apis.md section 4, bulk messages)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from syncadmin.connectors.http import BUSY, Answer, LostAnswer
from syncadmin.connectors.odata import Fault, fault_of, to_json
from syncadmin.connectors.prepared import Prepared, undone
from syncadmin.connectors.refusals import rolled_back
from syncadmin.sync.errors import SyncError
from syncadmin.sync.records import Outcome, WriteResult
from syncadmin.sync.tables import Table

_FEW = 16  # refused rows that are better asked one by one than halved again
_ENOUGH = 10  # refusals after which halving costs more than it saves

Rows = Sequence[Prepared]


class CreateMultiple:
    """The inserts of one call. A refused request is halved, since its answer does not say which row it is about.

    ``post`` sends a body and gives the answer or raises LostAnswer; ``one_by_one`` writes rows of which each answers for itself.
    """

    def __init__(self, table: Table, post: Callable[[bytes], Answer], one_by_one: Callable[[Rows], list[WriteResult]]) -> None:
        self._table = table
        self._post = post
        self._one_by_one = one_by_one
        self._refusals = 0

    def create(self, rows: Rows) -> list[WriteResult]:
        """One result per row in order; raises RetryLater or RunError only when no row has been written."""
        if self._refusals >= _ENOUGH:
            return self._each(rows)
        try:
            answer = self._post(self._body(rows))
        except LostAnswer as error:
            return _unknown(rows, error)
        if answer.ok:
            return self._created(rows, answer)
        fault = fault_of(answer)
        if answer.status in BUSY:
            return self._failed(rows, fault)
        self._refusals += 1
        return self._each(rows) if len(rows) <= _FEW or answer.status in {404, 405, 501} else self._halved(rows)

    def _halved(self, rows: Rows) -> list[WriteResult]:
        middle = len(rows) // 2
        first = self.create(rows[:middle])
        try:
            return first + self.create(rows[middle:])
        except SyncError as error:
            return first + undone(rows[middle:], error)

    def _each(self, rows: Rows) -> list[WriteResult]:
        try:
            return self._one_by_one(rows)
        except LostAnswer as error:
            return _unknown(rows, error)

    def _body(self, rows: Rows) -> bytes:
        kind = f"Microsoft.Dynamics.CRM.{self._table.type_name}"
        targets: list[dict[str, Any]] = [{"@odata.type": kind, **one.body} for one in rows]
        return to_json({"Targets": targets}).encode()

    def _created(self, rows: Rows, answer: Answer) -> list[WriteResult]:
        ids = answer.document.get("Ids", ()) if isinstance(answer.document, dict) else ()
        if len(ids) != len(rows):
            return _unknown(rows, LostAnswer("Dynamics 365 Sales did not say which records it has created."))
        return [WriteResult(Outcome.DONE, key=str(key).lower()) for key in ids]

    def _failed(self, rows: Rows, fault: Fault) -> list[WriteResult]:
        if not rolled_back(fault):
            return _unknown(rows, LostAnswer(f"Dynamics 365 Sales failed ({fault.words}); whether the records were created is not known."))
        text = f"Dynamics 365 Sales was busy with other changes: {fault.words} It will be tried again."
        return [WriteResult(Outcome.REFUSED, code="busy", text=text, passing=True) for _ in rows]


def _unknown(rows: Rows, error: LostAnswer) -> list[WriteResult]:
    return [WriteResult(Outcome.UNKNOWN, key=one.row.key, code=error.code, text=error.text, passing=True) for one in rows]
