"""What both connectors do alike: reading pages, reading by key, and sending writes in parallel batches with one result per row."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime
from functools import partial
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlsplit

from syncadmin.connectors.auth import Credential, sign_in
from syncadmin.connectors.http import Answer, Http, Limits, Repeat
from syncadmin.connectors.odata import address, both, chunks, fault_of, moment_literal, moment_or_none, record_of
from syncadmin.connectors.prepared import Prepared, Row, attempt, kept_key, undone
from syncadmin.connectors.refusals import no_such_row, refused_read, refused_write
from syncadmin.sync.errors import RecordError, RetryLater, RunError, SyncError
from syncadmin.sync.records import Delete, Insert, KeyPage, Outcome, Page, Record, WriteResult
from syncadmin.sync.tables import Field, Table

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_Result = TypeVar("_Result")


class ODataConnector(ABC):
    """One system, through OData. Implements the reading half of the Connector port; writing differs too much."""

    label: ClassVar[str]
    keys_at_once: ClassVar[int]
    counts_to: ClassVar[int | None] = None  # where the system stops counting the rows of a list
    parallel: ClassVar[int]
    precision: ClassVar[str]
    _key_headers: ClassVar[Mapping[str, str]] = {}

    def __init__(self, http: Http) -> None:
        self._http = http

    @property
    def requests(self) -> int:
        return self._http.traffic.requests

    @property
    def throttled(self) -> int:
        """Answers with status 429 so far."""
        return self._http.traffic.throttled

    @property
    def server_time(self) -> datetime | None:
        """See the port."""
        return self._http.traffic.server_time

    @property
    def requests_left(self) -> int | None:
        """Requests that are left in the present window, as the newest answer said; None where the system does not say."""
        return self._http.traffic.remaining

    @property
    @abstractmethod
    def front(self) -> str:
        """An address of the service that answers without sign-in, if only with a refusal."""

    @property
    @abstractmethod
    def credential(self) -> Credential: ...

    def reach(self) -> datetime:
        """The service's clock, asked without sign-in: proves the address. Raises RunError ``address``, ``certificate`` and RetryLater."""
        door = Http(self.label, limits=Limits(retries=0, read=30.0))
        try:
            answer = door.send("GET", self.front, repeat=Repeat.ALWAYS)
        finally:
            door.close()
        if answer.status == 404 or "date" not in answer.headers:
            raise RunError("address", f"{self.front} answers, and it is not {self.label}. Correct the address of the system.")
        return answer.date

    def prove_sign_in(self) -> None:
        """Fetches a new token. Raises RunError ``sign-in`` with the token service's reason, and RetryLater."""
        sign_in(self.credential).prove()

    def close(self) -> None:
        self._http.close()

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
        """See the port. A table without a stamp is read whole, in the system's own order."""
        chosen = self._chosen(table, fields)
        window = f"{table.modified_on} ge {moment_literal(since, self.precision)}" if since and table.modified_on else ""
        options = {
            "$select": _select(table, chosen),
            "$filter": both(condition, window),
            "$orderby": self._order(table, [table.modified_on]) if table.modified_on else "",
            "$count": "true" if counted else "",
        }
        return self._page(table, chosen, options, condition, link, page_size)

    def read_sorted(
        self,
        table: Table,
        fields: Iterable[str],
        order: Sequence[tuple[str, bool]],
        *,
        condition: str = "",
        link: str = "",
        page_size: int = 1000,
    ) -> Page:
        """One page in an order that a person chose: (property, descending), the first one first. ``link`` as in :meth:`read_changes`."""
        chosen = self._chosen(table, fields)
        by = self._order(table, [f"{name} desc" if descending else name for name, descending in order])
        options = {"$select": _select(table, chosen), "$filter": condition, "$orderby": by}
        return self._page(table, chosen, options, condition, link, page_size)

    def _page(self, table: Table, chosen: Sequence[Field], options: Mapping[str, str], condition: str, link: str, page_size: int) -> Page:
        url = self._own(link) if link else address(self._set_address(table), options)
        answer = self._get(url, headers={"Prefer": f"odata.maxpagesize={page_size}"})
        rows = self._rows(answer, table, chosen, condition)
        total = None if link else self._total(answer)
        return Page(tuple(record_of(row, table, chosen) for row in rows), _next_link(answer), answer.date, total)

    def read_records(self, table: Table, keys: Sequence[str], fields: Iterable[str], *, condition: str = "") -> dict[str, Record]:
        """See the port; keys in lower case. A key that a list leaves out is asked for alone before it counts as gone.

        What has not the form of a key names no record, and is not asked for: it would be part of the filter.
        """
        chosen = self._chosen(table, fields)
        wanted = [key for key in dict.fromkeys(key.lower() for key in keys) if _GUID.fullmatch(key)]
        filters = [both(condition, self._key_filter(table, part)) for part in chunks(wanted, self.keys_at_once)]
        found = {record.key: record for record in self._read_all(table, chosen, filters, condition)}
        if not condition:
            missing = [key for key in wanted if key not in found]
            found |= {record.key: record for record in self._confirmed(table, missing, chosen)}
        return found

    def find_records(self, table: Table, field: str, values: Sequence[str], fields: Iterable[str]) -> list[Record]:
        """See the port. Values that are longer than the field can hold are found nowhere and not asked for."""
        chosen, searched = self._chosen(table, fields), self._chosen(table, [field])[0]
        possible = [value for value in dict.fromkeys(values) if searched.max_length is None or len(value) <= searched.max_length]
        return self._read_all(table, chosen, self._value_filters(searched, possible), "")

    def read_keys(self, table: Table, *, link: str = "") -> KeyPage:
        """See the port."""
        url = self._own(link) if link else address(self._set_address(table), {"$select": table.key})
        answer = self._get(url, headers=self._key_headers)
        if not answer.ok:
            raise refused_read(fault_of(answer), system=self.label, table=table)
        rows = self.rows_of(answer)
        gone = [str(row["id"]).lower() for row in rows if row.get("reason") == "deleted" and table.key not in row]
        keys = [str(row[table.key]).lower() for row in rows if table.key in row and row.get("reason") != "deleted"]
        return KeyPage(tuple(keys), tuple(gone), _next_link(answer), str(answer.document.get("@odata.deltaLink") or ""))

    def first_records(self, probes: Sequence[tuple[Table, str, Sequence[str]]], *, limit: int) -> list[list[Record]]:
        """The first ``limit`` rows of each (table, condition, fields), in the order of the probes; one request per route of the tables."""
        answers = self._by_route([table for table, _, _ in probes], [self._first_address(*probe, limit) for probe in probes])
        found = []
        for (table, condition, fields), answer in zip(probes, answers, strict=True):
            chosen = self._chosen(table, fields)
            found.append([record_of(row, table, chosen) for row in self._rows(answer, table, chosen, condition)[:limit]])
        return found

    def newest_stamps(self, tables: Sequence[Table]) -> list[datetime | SyncError | None]:
        """The stamp of the newest row of each table: None for an empty one, the error for one that the system refuses.

        One request per route of the tables; raises RetryLater, RunError where that is refused as a whole.
        """
        urls = [
            address(self._set_address(table), {"$select": _select(table, []), "$orderby": f"{table.modified_on} desc", "$top": "1"})
            for table in tables
        ]
        return [self._newest(table, answer) for table, answer in zip(tables, self._by_route(tables, urls), strict=True)]

    def _newest(self, table: Table, answer: Answer) -> datetime | SyncError | None:
        try:
            rows = self._rows(answer, table, [], "")
        except SyncError as error:
            return error
        return moment_or_none(rows[0].get(table.modified_on)) if rows else None

    def _by_route(self, tables: Sequence[Table], urls: Sequence[str]) -> list[Answer]:
        """The answers to a GET for each table, in their order, in one request per route."""
        found: dict[int, Answer] = {}
        for route in dict.fromkeys(table.route for table in tables):
            places = [place for place, table in enumerate(tables) if table.route == route]
            found |= zip(places, self._answers([urls[place] for place in places]), strict=True)
        return [found[place] for place in range(len(tables))]

    def _first_address(self, table: Table, condition: str, fields: Sequence[str], limit: int) -> str:
        options = {"$select": _select(table, self._chosen(table, fields)), "$filter": condition, "$top": str(limit)}
        return address(self._set_address(table), options)

    # ---- what the systems do each in their own way

    @abstractmethod
    def _set_address(self, table: Table) -> str:
        """The absolute address of the table's set."""

    @abstractmethod
    def _order(self, table: Table, terms: Sequence[str]) -> str:
        """``$orderby`` that goes by these terms and repeats or loses no row across pages."""

    @abstractmethod
    def _key_filter(self, table: Table, keys: Sequence[str]) -> str:
        """A filter for at most ``keys_at_once`` keys."""

    @abstractmethod
    def _value_filters(self, field: Field, values: Sequence[str]) -> list[str]:
        """Filters that together select the rows whose field has one of the values."""

    @abstractmethod
    def _get_many(self, urls: Sequence[str]) -> list[Answer | None]:
        """The answers to several GETs in as few requests as possible; None for one that the system did not run."""

    # ---- reading

    def _total(self, answer: Answer) -> int | None:
        """The number of rows that a list says it has; None where it does not say, or counts no further."""
        total = answer.document.get("@odata.count")
        return total if isinstance(total, int) and (self.counts_to is None or total < self.counts_to) else None

    def _get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        return self._http.send("GET", url, repeat=Repeat.ALWAYS, headers=headers)

    def _chosen(self, table: Table, names: Iterable[str]) -> list[Field]:
        wanted = list(dict.fromkeys(names))
        for name in wanted:
            if name not in table.fields:
                raise RunError(
                    "unknown-field",
                    f"{self.label} has no field {name} in {table.label} ({table.name}). "
                    "Remove it from the field mappings or the filter, or refresh the tables of the system.",
                )
        return [table.fields[name] for name in wanted]

    def _own(self, link: str) -> str:
        # The token must not follow a link to somebody else.
        if urlsplit(link)[:2] != urlsplit(self._origin)[:2]:
            raise RunError(
                "address", f"{self.label} continues its list at another address ({link.partition('?')[0]}). Correct its address."
            )
        return link

    @property
    @abstractmethod
    def _origin(self) -> str:
        """An address of the system, for scheme and host."""

    def _read_all(self, table: Table, chosen: Sequence[Field], filters: Sequence[str], condition: str) -> list[Record]:
        select = _select(table, chosen)
        urls = [address(self._set_address(table), {"$select": select, "$filter": one}) for one in filters]
        records: list[Record] = []
        for answer in self._answers(urls):
            link = None
            while link != "":
                answer = self._get(self._own(link)) if link else answer  # noqa: PLW2901
                records += [record_of(row, table, chosen) for row in self._rows(answer, table, chosen, condition)]
                link = _next_link(answer)
        return records

    def _answers(self, urls: Sequence[str]) -> list[Answer]:
        if len(urls) <= 1:
            return [self._get(url) for url in urls]
        answers = self._get_many(urls)
        ran = [answer for answer in answers if answer is not None]
        if len(ran) < len(answers):
            raise RetryLater(f"{self.label} left part of a batch unanswered.", seconds=60)
        return ran

    def _confirmed(self, table: Table, keys: Sequence[str], chosen: Sequence[Field]) -> list[Record]:
        select = _select(table, chosen)
        urls = [address(f"{self._set_address(table)}({key})", {"$select": select}) for key in keys]
        records = []
        for answer in self._answers(urls):
            if answer.ok:
                records.append(record_of(answer.document, table, chosen))
            elif not no_such_row(fault_of(answer)):
                raise refused_read(fault_of(answer), system=self.label, table=table, fields=chosen)
        return records

    def _rows(self, answer: Answer, table: Table, chosen: Sequence[Field], condition: str) -> list[dict[str, Any]]:
        if not answer.ok:
            raise refused_read(fault_of(answer), system=self.label, table=table, fields=chosen, condition=condition)
        return self.rows_of(answer)

    def rows_of(self, answer: Answer) -> list[dict[str, Any]]:
        """The rows of a list; raises RunError ``refused`` for an error, ``address`` for an answer that is no list."""
        if not answer.ok:
            raise refused_read(fault_of(answer), system=self.label)
        rows = answer.document.get("value") if isinstance(answer.document, dict) else None
        if not isinstance(rows, list):
            raise RunError("address", f"{self.label} answered with something that is no list of rows. Correct the address of the system.")
        return rows

    # ---- writing

    def _write(
        self,
        rows: Sequence[Row],
        prepare: Callable[[Any], Mapping[str, Any]],
        send: Callable[[Sequence[Prepared]], list[WriteResult]],
        size: int,
        at_once: int = 0,
    ) -> list[WriteResult]:
        """Prepares every row, sends them ``size`` per request, and puts the results into the order of the rows.

        At most ``at_once`` requests run at a time, or as many as the system bears.
        """
        results: dict[int, WriteResult] = {}
        ready: list[tuple[int, Prepared]] = []
        for place, row in enumerate(rows):
            try:
                ready.append((place, Prepared(row, prepare(row))))
            except RecordError as error:
                results[place] = WriteResult(Outcome.REFUSED, key=kept_key(row), code=error.code, text=error.text, fields=error.fields)
        written = self._sent([one for _, one in ready], send, size, at_once)
        results |= {place: result for (place, _), result in zip(ready, written, strict=True)}
        return [results[place] for place in range(len(rows))]

    def _sent(
        self, ready: Sequence[Prepared], send: Callable[[Sequence[Prepared]], list[WriteResult]], size: int, at_once: int
    ) -> list[WriteResult]:
        batches = chunks(ready, size)
        outcomes = self._in_parallel([partial(attempt, send, batch) for batch in batches], at_once)
        errors = [outcome for outcome in outcomes if isinstance(outcome, SyncError)]
        if errors and len(errors) == len(batches):
            raise errors[0]
        # What has been written must be told even where another batch of the same call failed as a whole.
        pairs = zip(batches, outcomes, strict=True)
        return [one for batch, outcome in pairs for one in (undone(batch, outcome) if isinstance(outcome, SyncError) else outcome)]

    def _in_parallel(self, calls: Sequence[Callable[[], _Result]], at_once: int = 0) -> list[_Result]:
        workers = min(at_once or self.parallel, len(calls))
        if workers <= 1:
            return [call() for call in calls]
        with ThreadPoolExecutor(workers) as pool:
            # each with the context of this thread, so that what is logged there says what it is about
            return [one.result() for one in [pool.submit(copy_context().run, call) for call in calls]]

    def _result(self, table: Table, one: Prepared, answer: Answer | None) -> WriteResult:
        """The result of one row from its part of a batch."""
        if answer is None:
            text = f"{self.label} stopped before this record's turn. It will be tried again."
            return WriteResult(Outcome.REFUSED, key=kept_key(one.row), code="busy", text=text, passing=True)
        new = isinstance(one.row, Insert)
        if not answer.ok:
            values = {} if isinstance(one.row, Delete) else one.row.values
            return refused_write(fault_of(answer), table, one.row.key, values, system=self.label, new=new)
        row = answer.document if isinstance(answer.document, dict) else {}
        return WriteResult(
            Outcome.DONE,
            key=str(row.get(table.key) or one.row.key).lower(),
            etag=str(row.get("@odata.etag") or answer.headers.get("etag", "")),
            modified_at=moment_or_none(row.get(table.modified_on)),
            values={field.name: row[field.property_name] for field in table.fields.values() if field.property_name in row},
        )


def _select(table: Table, chosen: Sequence[Field]) -> str:
    names = [table.key, table.modified_on, *(field.property_name for field in chosen)]
    return ",".join(dict.fromkeys(name for name in names if name))


def _next_link(answer: Answer) -> str:
    return str(answer.document.get("@odata.nextLink") or "")
