"""What both systems share of OData 4: addresses, literals, JSON with exact numbers, and the bodies of errors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import quote

from syncadmin.connectors.http import Answer
from syncadmin.sync.records import Record
from syncadmin.sync.tables import Field, Table
from syncadmin.sync.values import moment

HEADERS = {
    "Accept": "application/json",
    "Accept-Language": "en-US",
    "OData-MaxVersion": "4.0",
    "OData-Version": "4.0",
    "User-Agent": "Sync-Admin",
}
JSON_BODY = {"Content-Type": "application/json"}

_Item = TypeVar("_Item")

_PLAIN = "(),'/:@$;="
_CORRELATION = re.compile(r"\s*CorrelationId:\s*[0-9a-fA-F-]{36}\.?\s*$")
_NO_SUCH_PROPERTY = re.compile(r"property (?:named )?'([^']+)'", re.IGNORECASE)
_QUOTED = re.compile(r"['\"]([A-Za-z_][A-Za-z0-9_]*)['\"]")


@dataclass(frozen=True, slots=True)
class Fault:
    """The error of an answer: HTTP status, the system's code and its words (without the correlation id)."""

    status: int
    code: str
    words: str
    retry_after: float = 60.0

    @property
    def unknown_property(self) -> str:
        """The property that the system says it does not have, or ""."""
        found = _NO_SUCH_PROPERTY.search(self.words)
        return found[1] if found else ""

    @property
    def quoted(self) -> list[str]:
        """Names in quotation marks, in order."""
        return _QUOTED.findall(self.words)


def fault_of(answer: Answer) -> Fault:
    """The error in an answer; code and words are empty where the body is no OData error."""
    document = answer.document if isinstance(answer.document, dict) else {}
    error = document.get("error")
    error = error if isinstance(error, dict) else {}
    words = _CORRELATION.sub("", str(error.get("message") or "")).strip()
    return Fault(answer.status, str(error.get("code") or ""), words or f"HTTP {answer.status}", answer.retry_after)


def address(root: str, options: Mapping[str, str]) -> str:
    """``root`` with the query options that are not empty, percent-encoded."""
    given = "&".join(f"{name}={quote(value, safe=_PLAIN)}" for name, value in options.items() if value)
    return f"{root}?{given}" if given else root


def both(*conditions: str) -> str:
    """One filter that asks for all of the conditions that are not empty."""
    given = [condition for condition in conditions if condition.strip()]
    return given[0] if len(given) == 1 else " and ".join(f"({condition})" for condition in given)


def text_literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def moment_literal(value: datetime, timespec: str) -> str:
    """``2026-01-31T08:00:00Z`` (timespec "seconds") or with milliseconds; what is finer is cut off, so never later than ``value``."""
    return value.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def moment_or_none(raw: Any) -> datetime | None:
    """The moment of a stamp on the wire; None where there is none."""
    return moment(raw) if isinstance(raw, str) and raw and not raw.startswith("0001-01-01") else None


def to_json(value: Any) -> str:
    """JSON in which a Decimal is a number with exactly its digits."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(name)}:{to_json(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(to_json, value)) + "]"
    if isinstance(value, Decimal):
        return format(value, "f")
    return json.dumps(value)


def record_of(row: Mapping[str, Any], table: Table, fields: Iterable[Field]) -> Record:
    """A row of an answer as a record with these fields; its key in lower case."""
    return Record(
        key=str(row[table.key]).lower(),
        values={field.name: row.get(field.property_name) for field in fields},
        etag=str(row.get("@odata.etag", "")),
        modified_at=moment_or_none(row.get(table.modified_on)) if table.modified_on else None,
    )


def chunks(items: Sequence[_Item], size: int) -> list[Sequence[_Item]]:
    """The items in their order, at most ``size`` together."""
    return [items[start : start + size] for start in range(0, len(items), size)]
