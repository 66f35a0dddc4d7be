"""What travels through a run: records, planned writes and their results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from syncadmin.sync.errors import RecordError

Value = Any  # a canonical value: str, int, bool, Decimal or None; dates and moments are ISO texts (see values.py)


class Side(StrEnum):
    BUSINESS_CENTRAL = "business_central"
    SALES = "sales"

    @property
    def other(self) -> Side:
        return Side.SALES if self is Side.BUSINESS_CENTRAL else Side.BUSINESS_CENTRAL

    @property
    def label(self) -> str:
        return "Business Central" if self is Side.BUSINESS_CENTRAL else "Dynamics 365 Sales"


class Direction(StrEnum):
    """A run goes one way; only mappings and fields can be bidirectional."""

    TO_INTEGRATION = "ToIntegrationTable"
    FROM_INTEGRATION = "FromIntegrationTable"

    @property
    def source(self) -> Side:
        return Side.BUSINESS_CENTRAL if self is Direction.TO_INTEGRATION else Side.SALES

    @property
    def destination(self) -> Side:
        return self.source.other

    @property
    def opposite(self) -> Direction:
        return Direction.FROM_INTEGRATION if self is Direction.TO_INTEGRATION else Direction.TO_INTEGRATION


class Action(StrEnum):
    """What became of a record; SENDING is an entry whose batch has not been answered yet (engine.md A21)."""

    INSERTED = "Inserted"
    MODIFIED = "Modified"
    DELETED = "Deleted"
    UNCHANGED = "Unchanged"
    SKIPPED = "Skipped"
    FAILED = "Failed"
    COUPLED = "Coupled"
    UNCOUPLED = "Uncoupled"
    SENDING = "Sending"


@dataclass(frozen=True, slots=True)
class Record:
    """One row as it was read: ``values`` by field name (``Field.name``), raw as JSON gave them (numbers as int or Decimal).

    ``problem`` is why a rule of its table refuses it (then it fails with that).
    """

    key: str
    values: Mapping[str, Any]
    etag: str = ""
    modified_at: datetime | None = None
    problem: RecordError | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Rows read together. ``next`` continues after them ("" at the end); ``server_time`` is the clock of the side (its Date header).

    ``total`` is the number of rows of the whole list, where it was asked for and the system knows it.
    """

    records: tuple[Record, ...]
    next: str
    server_time: datetime
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One field of the destination, from what to what; canonical values."""

    field: str
    old: Value
    new: Value


@dataclass(frozen=True, slots=True)
class Insert:
    """A new row for the destination: canonical values by field name; ``key`` is chosen by us or "" where the system chooses."""

    key: str
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Modify:
    """Changed values of one row; ``etag`` is the version that the decision was made on ("*" for any)."""

    key: str
    etag: str
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Delete:
    """One row to delete, if it still has the version that was looked at ("*": any version)."""

    key: str
    etag: str


@dataclass(frozen=True, slots=True)
class KeyPage:
    """Keys read together, and keys that the system says were deleted. ``next`` continues ("" at the end); ``delta`` asks for what happens
    after the end of this list (at its end, and "" where the system keeps no record of that)."""

    keys: tuple[str, ...]
    deleted: tuple[str, ...]
    next: str
    delta: str


class Outcome(StrEnum):
    DONE = "done"
    REFUSED = "refused"  # the row was answered with an error: code, text and fields say which
    STALE = "stale"  # changed since it was read (409 or 412): read again and decide again
    GONE = "gone"  # the row does not exist (404 for this key)
    EXISTS = "exists"  # the chosen key, or a business key, is taken
    UNKNOWN = "unknown"  # the answer was lost: the insert may or may not have happened


@dataclass(frozen=True, slots=True)
class WriteResult:
    """The answer to one write, in the order the writes were given. ``etag`` and ``modified_at`` are empty where the system does not tell.

    ``key`` is empty for an insert that was refused: there is no such row.
    ``values`` holds what the system answered with (raw, by field name) where it answers with the row.
    ``answer`` is a refusal as the system worded it, with its status and code.
    ``passing`` marks a refusal that may pass by itself (lock, time-out, server error) and never counts towards skipping.
    """

    outcome: Outcome
    key: str = ""
    etag: str = ""
    modified_at: datetime | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""
    text: str = ""
    fields: tuple[str, ...] = ()
    passing: bool = False
    answer: str = field(default="", compare=False)
