"""Writes on their way to a system: rows in the form of the wire, and the results of those that did not get there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syncadmin.connectors.http import LostAnswer
from syncadmin.sync.errors import SyncError
from syncadmin.sync.records import Delete, Insert, Modify, Outcome, WriteResult

Row = Insert | Modify | Delete


@dataclass(frozen=True, slots=True)
class Prepared:
    """A write whose values are in the form of the wire."""

    row: Row
    body: Mapping[str, Any]


def attempt(send: Callable[[Sequence[Prepared]], list[WriteResult]], batch: Sequence[Prepared]) -> list[WriteResult] | SyncError:
    """What sending the batch gave; outcome unknown for all its rows where the answer was lost, the error where nothing was written."""
    try:
        return send(batch)
    except LostAnswer as error:
        return [WriteResult(Outcome.UNKNOWN, key=one.row.key, code=error.code, text=error.text, passing=True) for one in batch]
    except SyncError as error:
        return error


def etag_of(one: Prepared) -> str:
    """The version that the row must have, "" for a new one."""
    return "" if isinstance(one.row, Insert) else one.row.etag


def kept_key(row: Row) -> str:
    """The key for the result of a row that was not written: an insert has none, since no such row came to be."""
    return "" if isinstance(row, Insert) else row.key


def undone(batch: Sequence[Prepared], error: SyncError) -> list[WriteResult]:
    """Results of rows that were not written because of ``error``, which may pass."""
    return [WriteResult(Outcome.REFUSED, key=kept_key(one.row), code="busy", text=error.text, passing=True) for one in batch]
