"""Both systems in memory: they keep rows, etags and stamps, and fail when they are told to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from syncadmin.sync.errors import RunError
from syncadmin.sync.plan import FieldRule
from syncadmin.sync.records import Insert, Modify, Outcome, Page, Record, Side, WriteResult
from syncadmin.sync.tables import Field, FieldType, Table
from syncadmin.sync.values import canonical, rounded, same

_EMPTY_IN_BC: dict[FieldType, Any] = {
    FieldType.TEXT: "",
    FieldType.CODE: "",
    FieldType.DECIMAL: 0,
    FieldType.INTEGER: 0,
    FieldType.BOOLEAN: False,
}


class Killed(BaseException):
    """The worker process dies here."""


class Clock:
    """Time that passes only when something happens."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 8, 0, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def pass_(self, **span: float) -> None:
        self.time += timedelta(**span)


@dataclass
class Row:
    values: dict[str, Any]
    etag: str
    stamp: datetime


class End:
    """One system (syncadmin.sync.ports.Connector).

    ``faults`` make calls fail, ``refuse`` refuses single rows by their values, ``unique`` names a field whose values must differ.
    ``whole_answers`` tells whether writes are answered with the row (as Business Central does) or with less. ``before_write`` is called
    before each row is written, for people who are quicker.
    """

    def __init__(self, side: Side, table: Table, clock: Clock, *, whole_answers: bool = True) -> None:
        self.side, self.table, self.clock, self.whole_answers = side, table, clock, whole_answers
        self.rows: dict[str, Row] = {}
        self.offset = timedelta()
        self.written: list[tuple[str, str, dict[str, Any]]] = []
        self.calls: list[str] = []
        self.faults: list[Fault] = []
        self.before_write: Callable[[str], None] = lambda key: None
        self.refuse: Callable[[dict[str, Any]], WriteResult | None] = lambda values: None
        self.unique = ""
        self.server_time: datetime | None = None
        self._numbers = 0

    # ---- people

    def add(self, **values: Any) -> str:
        return self._create("", values)

    def change(self, key: str, **values: Any) -> None:
        self._store(self.rows[key], values)

    def remove(self, key: str) -> None:
        del self.rows[key]

    def value(self, key: str, name: str) -> Any:
        return canonical(self.rows[key].values.get(name), self.table.fields[name])

    def named(self, name: str) -> list[str]:
        return [key for key, row in self.rows.items() if row.values.get("name") == name]

    # ---- the port

    @property
    def requests(self) -> int:
        return len(self.calls)

    def tables(self) -> dict[str, Table]:
        return {self.table.name: self.table}

    def count(self, table: Table, condition: str = "") -> int:
        return sum(_inside(row, condition) for row in self.rows.values())

    def read_changes(
        self,
        table: Table,
        fields: Iterable[str],
        *,
        condition: str = "",
        since: datetime | None = None,
        link: str = "",
        page_size: int = 1000,
        counted: bool = False,
    ) -> Page:
        self._called("read_changes", ())
        last = ("", "")
        if link:
            condition, last = json.loads(link)[0], tuple(json.loads(link)[1:])
        rows = [(row.stamp, key) for key, row in self.rows.items() if _inside(row, condition)]
        since = since if table.modified_on else None
        chosen = sorted(one for one in rows if (since is None or one[0] >= since) and (one[0].isoformat(), one[1]) > last)
        part = chosen[:page_size]
        more = json.dumps([condition, part[-1][0].isoformat(), part[-1][1]]) if len(chosen) > page_size else ""
        total = len(chosen) if counted and not link else None
        return Page(tuple(self._record(key, fields) for _, key in part), more, self._now().replace(microsecond=0), total)

    def read_records(self, table: Table, keys: Sequence[str], fields: Iterable[str], *, condition: str = "") -> dict[str, Record]:
        self._called("read_records", ())
        wanted = list(fields)
        return {key: self._record(key, wanted) for key in keys if key in self.rows and _inside(self.rows[key], condition)}

    def find_records(self, table: Table, field: str, values: Sequence[str], fields: Iterable[str]) -> list[Record]:
        self._called("find_records", ())
        wanted = list(fields)
        return [self._record(key, wanted) for key, row in self.rows.items() if str(row.values.get(field)) in values]

    def insert(self, table: Table, rows: Sequence[Insert]) -> list[WriteResult]:
        return self._write("insert", rows, self._insert_one)

    def modify(self, table: Table, rows: Sequence[Modify]) -> list[WriteResult]:
        return self._write("modify", rows, self._modify_one)

    # ---- inside

    def _write(self, call: str, rows: Sequence[Any], one: Callable[[Any], WriteResult]) -> list[WriteResult]:
        fault = self._called(call, rows)
        if fault is not None and not fault.arrives:
            return fault.answer(rows)
        answers = [one(row) for row in rows]
        return answers if fault is None else fault.answer(rows)

    def _called(self, call: str, rows: Sequence[Any]) -> Fault | None:
        self.calls.append(call)
        self.clock.pass_(seconds=1)
        self.server_time = self._now().replace(microsecond=0)
        fault = next((one for one in self.faults if one.call == call), None)
        if fault is None:
            return None
        fault.after -= 1
        if fault.after >= 0:
            return None
        self.faults.remove(fault)
        if fault.error is not None and not fault.arrives:
            raise fault.error
        return fault

    def _insert_one(self, row: Insert) -> WriteResult:
        self.before_write(row.key)
        values = dict(row.values)
        assert set(values) <= set(self.table.fields)
        assert all(self.table.fields[name].on_insert for name in values), "sent on insert what it takes only on update"
        assert bool(row.key) == self.table.chosen_keys
        taken = self.unique and any(other.values.get(self.unique) == values.get(self.unique) for other in self.rows.values())
        if row.key in self.rows or taken:
            return WriteResult(Outcome.EXISTS, row.key, code="duplicate", text="It exists already.")
        if (refused := self.refuse(values)) is not None:
            return replace(refused, key=row.key)
        key = self._create(row.key, values)
        self.written.append(("insert", key, values))
        return self._answer(key) if self.whole_answers else WriteResult(Outcome.DONE, key)

    def _modify_one(self, row: Modify) -> WriteResult:
        self.before_write(row.key)
        values = dict(row.values)
        assert values, "a write without a difference"
        assert all(self.table.fields[name].on_update for name in values), "sent on update what it takes only on insert"
        if row.key not in self.rows:
            return WriteResult(Outcome.GONE, row.key)
        if row.etag not in ("*", self.rows[row.key].etag):
            return WriteResult(Outcome.STALE, row.key)
        if (refused := self.refuse(values)) is not None:
            return replace(refused, key=row.key)
        self._store(self.rows[row.key], values)
        self.written.append(("modify", row.key, values))
        return self._answer(row.key)

    def _answer(self, key: str) -> WriteResult:
        row = self.rows[key]
        values = dict(row.values) if self.whole_answers else {}
        return WriteResult(Outcome.DONE, key, row.etag, row.stamp, values)

    def _create(self, key: str, values: dict[str, Any]) -> str:
        self._numbers += 1
        key = key or f"{self.side.value[0]}{self._numbers}"
        blank = {
            name: _EMPTY_IN_BC.get(own.type) if self.side is Side.BUSINESS_CENTRAL else None for name, own in self.table.fields.items()
        }
        self.rows[key] = Row(blank, "0", self._now())
        self._store(self.rows[key], values)
        return key

    def _store(self, row: Row, values: dict[str, Any]) -> None:
        self.clock.pass_(seconds=1)
        row.values |= {name: self._kept(value, self.table.fields[name]) for name, value in values.items()}
        row.etag, row.stamp = str(int(row.etag) + 1), self._now()

    def _kept(self, value: Any, own: Field) -> Any:
        if value is None and self.side is Side.BUSINESS_CENTRAL:
            return _EMPTY_IN_BC.get(own.type)
        return rounded(value, own.scale) if isinstance(value, Decimal) else value

    def _record(self, key: str, fields: Iterable[str]) -> Record:
        row = self.rows[key]
        return Record(key, {name: row.values.get(name) for name in fields}, row.etag, row.stamp if self.table.modified_on else None)

    def _now(self) -> datetime:
        now = self.clock() + self.offset
        return now if self.side is Side.BUSINESS_CENTRAL else now.replace(microsecond=0)


@dataclass
class Fault:
    """``call`` fails once: by raising ``error``, or by losing the answers of all its rows; ``arrives``: the rows are written all the same.
    ``after`` calls go well before."""

    call: str
    error: BaseException | None = None
    arrives: bool = False
    after: int = 0

    def answer(self, rows: Sequence[Any]) -> list[WriteResult]:
        if self.error is not None:
            raise self.error
        return [WriteResult(Outcome.UNKNOWN, row.key, code="lost-answer", passing=True) for row in rows]


def _inside(row: Row, condition: str) -> bool:
    if condition == "bad":
        raise RunError("bad-filter", "The system refuses the filter.")
    name, _, value = condition.partition("=")
    return not condition or str(row.values.get(name)) == value


def agree(rule: FieldRule, bc: Any, sales: Any) -> bool:
    """Whether a field holds the same on both sides."""
    assert rule.bc is not None
    return same(bc, sales, rule.bc, rule.sales)
