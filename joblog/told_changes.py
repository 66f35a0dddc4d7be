"""What the systems tell of changes, read as data: which tables changed, and which records were deleted (web-apis.md sections 3 and 6)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

_RESOURCE = re.compile(
    r"^/?(?:https?://[^/]+/.*)?api/.+/companies\(([0-9a-f-]{36})\)/(\w{1,100})(?:\(([0-9a-f-]{36})\))?(\?.*)?$", re.IGNORECASE
)
_GUID = re.compile(r"^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$", re.IGNORECASE)
_LONGEST = 1000
_NAME = re.compile(r"^\w{1,100}$")


@dataclass
class Told:
    """``tables`` changed; ``deleted`` has the keys of deleted records by table; of the tables in ``unsure`` some record may be deleted."""

    tables: set[str] = field(default_factory=set)
    deleted: dict[str, set[str]] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)


def notifications(document: Any, *, company: str, is_ours: Callable[[str], bool]) -> Told | None:
    """What a POST of Business Central tells of the company (its id, "" for any); None where no part of it carries our secret.

    A collection stands for more changes than are told one by one; without a filter deletions are among them.
    """
    values = document.get("value") if isinstance(document, Mapping) else None
    ours = (
        [one for one in values if isinstance(one, Mapping) and is_ours(str(one.get("clientState", "")))] if isinstance(values, list) else []
    )
    if not ours:
        return None
    told = Told()
    for one in ours:
        found = _RESOURCE.match(unquote(str(one.get("resource", ""))[:_LONGEST]))
        if found and company in ("", found[1].lower()):
            _add(told, str(one.get("changeType", "")), found[2], (found[3] or "").lower(), filtered=bool(found[4]))
    return told


def execution_context(document: Any, *, tables: Mapping[str, str]) -> Told:
    """What an execution context of Dataverse tells; ``tables`` are the watched ones by their logical name.

    Raises ValueError for what is no execution context.
    """
    context = document if isinstance(document, Mapping) else {}
    message, entity, key = (str(context.get(name, "")) for name in ("MessageName", "PrimaryEntityName", "PrimaryEntityId"))
    if not message or not _NAME.match(entity):
        raise ValueError("An execution context names MessageName and PrimaryEntityName.")
    told = Told()
    if entity in tables:
        _add(told, "deleted" if message == "Delete" else "updated", tables[entity], key.lower() if _GUID.match(key) else "", filtered=True)
    return told


def _add(told: Told, kind: str, table: str, key: str, *, filtered: bool) -> None:
    told.tables.add(table)
    if kind == "deleted" and key:
        told.deleted.setdefault(table, set()).add(key)
    elif kind == "deleted" or (kind == "collection" and not filtered):
        told.unsure.add(table)
