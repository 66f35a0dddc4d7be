"""What the engine asks of the world around it. Implemented by connectors, mappings/couplings.py and joblog/journal.py."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from syncadmin.sync.couplings import CouplingState
from syncadmin.sync.records import Delete, Direction, Insert, KeyPage, Modify, Page, Record, Side, WriteResult
from syncadmin.sync.tables import Table
from syncadmin.sync.touched import Cursor, Touched
from syncadmin.sync.transfer import Reference, References


class Connector(Protocol):
    """One system. Every call may raise RetryLater (busy or out of reach after own retries) or RunError (nothing can go on)."""

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
        """One page in order of the stamp, oldest first; with ``counted`` the first one tells how many rows there are in all.

        ``fields`` are names of ``table.fields`` (key, stamp and etag always come along), ``condition`` is an OData filter in the system's
        own language, ``since`` keeps rows whose stamp is at or after it, ``link`` is the ``next`` of the page before (then ``condition``
        and ``since`` are those of that page and ignored). Raises RunError ``bad-filter``, ``unknown-table`` or ``unknown-field``.
        """
        ...

    def read_records(self, table: Table, keys: Sequence[str], fields: Iterable[str], *, condition: str = "") -> dict[str, Record]:
        """Rows by key, in as few requests as the system allows.

        Without ``condition`` a key that is missing from the answer does not exist: the system said 404 for it. With ``condition``, rows
        outside of it are missing too and nothing is said about their existence.
        """
        ...

    def find_records(self, table: Table, field: str, values: Sequence[str], fields: Iterable[str]) -> list[Record]:
        """All rows whose ``field`` has one of ``values``; in as few requests as the system allows."""
        ...

    def count(self, table: Table, condition: str = "") -> int:
        """How many rows a filter selects. Raises RunError ``bad-filter`` with the system's reason."""
        ...

    def insert(self, table: Table, rows: Sequence[Insert]) -> list[WriteResult]:
        """Creates rows and answers for each in order. Never repeats an insert whose answer was lost: that row's outcome is UNKNOWN."""
        ...

    def modify(self, table: Table, rows: Sequence[Modify]) -> list[WriteResult]:
        """Changes rows under their etag and answers for each in order."""
        ...

    def delete(self, table: Table, rows: Sequence[Delete]) -> list[WriteResult]:
        """Deletes rows under their etag and answers for each in order; a row that is not there any more is GONE."""
        ...

    def read_keys(self, table: Table, *, link: str = "") -> KeyPage:
        """One page of the keys of all rows, filter or not, for finding out what was deleted.

        ``link`` is the ``next`` of the page before, or an earlier ``delta``: then only what happened since. Raises RunError ``expired``
        for a ``delta`` that the system has forgotten. A key that is in no page may exist all the same: ask ``read_records``.
        """
        ...

    def tables(self, names: Iterable[str] | None = None) -> dict[str, Table]:
        """Tables with their fields, by set name, from the system's metadata (asked anew on every call); those of ``names`` that exist,
        or all there are (a real organization has thousands)."""
        ...

    @property
    def requests(self) -> int:
        """HTTP requests sent so far, sign-in not counted."""
        ...

    @property
    def server_time(self) -> datetime | None:
        """The system's clock as its newest answer told it; None before the first one."""
        ...


class Couplings(Protocol):
    """The couplings of one mapping; each call is one statement, however many records it is about."""

    def for_records(self, side: Side, keys: Sequence[str]) -> dict[str, CouplingState]:
        """Couplings by the key of the record on that side, pending ones included."""
        ...

    def others(self, side: Side, keys: Sequence[str]) -> list[CouplingState]:
        """All couplings, without pending ones, whose record on that side is none of these."""
        ...

    def retry_set(self, direction: Direction, *, after: int, limit: int, before_job: int) -> list[tuple[int, str]]:
        """(coupling id, source key) of those that failed in this direction before this job, or whose insert in this direction an earlier
        job has left pending; not the skipped ones; by id, above ``after``."""
        ...

    def references(self, direction: Direction, wanted: set[Reference]) -> References:
        """What coupled records are called on the destination: Sales keys for codes, codes for Sales keys. Pending couplings are none."""
        ...


class Journal(Protocol):
    """Keeps what a job did. Raises ClaimLost when the job is another worker's by now."""

    @property
    def job_id(self) -> int: ...

    def handled(self, keys: Sequence[str]) -> dict[str, Touched]:
        """What this job has noted of these source keys already, those still SENDING included."""
        ...

    def failed_conflicts(self, direction: Direction, keys: Sequence[str]) -> set[str]:
        """Which of these source keys the opposite direction of the same run has failed with a conflict."""
        ...

    def unsettled(self) -> list[Touched]:
        """What a run that was cut short left SENDING."""
        ...

    def sending(self, items: Sequence[Touched]) -> dict[str, CouplingState]:
        """Saves entries and pending couplings in one transaction before their batch is sent; couplings by source key, with ids.

        Called again for an entry of this job, it replaces it. ``pending_since`` is kept as given.
        """
        ...

    def expect(self, rows: int) -> None:
        """The number of rows that the run is going to read from here on; kept with the next :meth:`settle`."""
        ...

    def settle(self, items: Sequence[Touched], *, read: int, cursor: Cursor) -> None:
        """Saves results, couplings, counters and the cursor in one transaction; in a preview no couplings."""
        ...
