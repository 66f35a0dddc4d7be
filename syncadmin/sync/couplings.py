"""What the engine knows of a coupling: a frozen picture of the row, and the steps it can take (engine.md section 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from syncadmin.sync.errors import RecordError
from syncadmin.sync.plan import FieldRule
from syncadmin.sync.records import Direction, Record, Side, Value
from syncadmin.sync.values import canonical, to_json

Baseline = Mapping[str, tuple[Any, Any]]  # "field|integration_field" -> JSON values of both sides as of the last success

# The error of an attempt that did not fail and yet has something left to do: it keeps the record in the retry set, so that a change which
# this direction has read, and had to leave, is looked at again even if its record is never modified any more.
OWED = "owed"


@dataclass(frozen=True, slots=True)
class Attempt:
    """The last attempt in one direction. ``error`` is code and fields of a failure ("" after a success); skipping compares it (A3)."""

    failed: bool = False
    succeeded: bool = False
    job_id: int | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Ends:
    """What a coupling knows of one of its records."""

    key: str | None = None
    label: str = ""
    etag: str = ""
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """What people said about leaving a record out: ``by`` holds it ("": nobody does) for a ``reason``; ``changed_at`` is when one of them
    last held it or let it run again."""

    by: str = ""
    reason: str = ""
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CouplingState:
    """One coupling; ``id`` is None until it was saved.

    ``pending`` is the direction of an insert that is not finished, ``pending_since`` our clock when it was first sent without a certain
    answer: None as long as it surely has not happened. ``template_owed`` is the template of a new record whose default dimensions are not
    known to be written yet. ``gone`` is the side whose record was found to be deleted ("": both are there, as far as is known; "both":
    neither). ``was_skipped`` and ``hold`` are as they were read: a run that has skipped the record itself is told from a person who has
    held or released it meanwhile by them.
    """

    id: int | None
    bc: Ends
    sales: Ends
    bc_number: str = ""
    pending: Direction | None = None
    pending_since: datetime | None = None
    skipped: bool = False
    baseline: Baseline = field(default_factory=dict)
    to_sales: Attempt = Attempt()
    from_sales: Attempt = Attempt()
    message: str = ""
    origin: str = ""
    template_owed: str = ""
    synchronized_at: datetime | None = None
    failed_at: datetime | None = None
    gone: str = ""
    was_skipped: bool = False
    hold: Hold = Hold()

    @property
    def why_skipped(self) -> str:
        """In words, of one that is skipped."""
        if self.hold.by:
            return f"Held by {self.hold.by}, until somebody retries it.{f' Reason: {self.hold.reason}' if self.hold.reason else ''}"
        why = "Skipped because a record is missing" if self.gone else "Skipped after repeated errors"
        return f"{why}, until somebody retries it. {self.message}".strip()

    def end(self, side: Side) -> Ends:
        return self.bc if side is Side.BUSINESS_CENTRAL else self.sales

    def attempt(self, direction: Direction) -> Attempt:
        return self.to_sales if direction is Direction.TO_INTEGRATION else self.from_sales

    def known(self, rule: FieldRule, side: Side) -> tuple[bool, Value]:
        """Whether the baseline has this rule, and that side's canonical value in it; one that the field cannot hold any more is none."""
        pair = self.baseline.get(rule.pair)
        own = rule.side(side)
        if pair is None or own is None:
            return False, None
        try:
            return True, canonical(pair[0 if side is Side.BUSINESS_CENTRAL else 1], own)
        except RecordError:
            return False, None

    def with_end(self, side: Side, end: Ends) -> CouplingState:
        return replace(self, bc=end) if side is Side.BUSINESS_CENTRAL else replace(self, sales=end)

    def error_code(self, direction: Direction) -> str:
        """The code of the last failure in this direction, "" for none."""
        return self.attempt(direction).error.partition(":")[0]

    def with_attempt(self, direction: Direction, attempt: Attempt) -> CouplingState:
        return replace(self, to_sales=attempt) if direction is Direction.TO_INTEGRATION else replace(self, from_sales=attempt)

    def changed(self, side: Side, record: Record) -> bool:
        """Whether the record's stamp is newer than at the last success; without one it counts as changed (engine.md section 4.1)."""
        known = self.end(side).modified_at
        return known is None or record.modified_at is None or record.modified_at > known

    def failed(self, direction: Direction, *, job_id: int | None, error: str, message: str, passing: bool, gone: str = "") -> CouplingState:
        """After a failure; the same error twice in a row in one direction makes it skipped, errors that may pass never do (A3)."""
        repeated = self.attempt(direction).failed and self.attempt(direction).error == error and not passing
        attempt = Attempt(failed=True, job_id=job_id, error=error)
        return replace(self.with_attempt(direction, attempt), skipped=self.skipped or repeated, message=message, gone=gone)

    def succeeded(self, direction: Direction, *, job_id: int | None) -> CouplingState:
        """After a success: only the result of this direction changes, and the message if it was this direction's (engine.md section 4)."""
        message = self.message if self.attempt(direction.opposite).failed else ""
        attempt = Attempt(succeeded=True, job_id=job_id)
        return replace(self.with_attempt(direction, attempt), pending=None, pending_since=None, message=message, gone="")

    def owing(self, direction: Direction, *, job_id: int | None, message: str) -> CouplingState:
        """After an attempt that left its part to the opposite direction, or to a person; a failure that is noted already stays."""
        if self.attempt(direction).failed and self.attempt(direction).error != OWED:
            return self
        return replace(self.with_attempt(direction, Attempt(failed=True, job_id=job_id, error=OWED)), message=message or self.message)

    def paid(self, direction: Direction) -> CouplingState:
        """After both records were found equal to the baseline: nothing is left for this direction."""
        attempt = self.attempt(direction)
        if attempt.error != OWED:
            return self
        message = self.message if self.attempt(direction.opposite).failed else ""
        return replace(self.with_attempt(direction, Attempt(succeeded=True, job_id=attempt.job_id)), message=message)


def baseline_pair(bc: Value, sales: Value) -> tuple[Any, Any]:
    return (to_json(bc), to_json(sales))


def stamp_later(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later of two stamps; stamps of a coupling only move forward."""
    known = [stamp for stamp in (one, other) if stamp is not None]
    return max(known) if known else None
