"""What the engine asks of the world around it. Implemented by connectors, mappings/couplings.py and joblog/journal.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from syncadmin.sync.records import Insert, Modify, Page, Record, WriteResult
from syncadmin.sync.tables import Table


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
    ) -> Page:
        """One page in order of the stamp, oldest first.

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

    def tables(self) -> dict[str, Table]:
        """All tables with their fields, by set name, from the system's metadata (asked anew on every call)."""
        ...

    @property
    def requests(self) -> int:
        """HTTP requests sent so far, sign-in not counted."""
        ...


class Sleeper(Protocol):
    def __call__(self, seconds: float, /) -> None: ...


Connectors = Mapping[str, Connector]
