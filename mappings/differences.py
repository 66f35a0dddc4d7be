"""What two versions of a configured object do not have in common, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Line:
    """``name`` is the path to the value, as ``fields · displayName / name · status``; a side that has nothing there shows "–"."""

    name: str
    before: str
    after: str


def differing_lines(before: Any, after: Any) -> list[Line]:
    """Every single value that was added, removed or changed between two plain structures (dicts, lists, values, None for nothing)."""
    return list(_compare((), before, after))


NOTHING = object()


def _compare(path: tuple[str, ...], before: Any, after: Any) -> Iterator[Line]:
    if before == after:
        return
    old, new = _parts(before), _parts(after)
    if (old and new) or ((old or new) and len(path) < 2):
        for name in [*old, *(name for name in new if name not in old)]:
            yield from _compare((*path, name), old.get(name, NOTHING), new.get(name, NOTHING))
    else:
        line = Line(" · ".join(path), _shown(before), _shown(after))
        if line.before != line.after:
            yield line


def _parts(value: Any) -> dict[str, Any]:
    """The named parts of a structure; rows of a list are told apart by what identifies them, so that order alone is no change."""
    if isinstance(value, dict):
        return {str(name).replace("_", " "): part for name, part in value.items()}
    if isinstance(value, list) and any(isinstance(part, dict) for part in value):
        return _named_rows(value)
    return {}


def _named_rows(rows: list[Any]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for position, row in enumerate(rows, start=1):
        name = _identity(row) if isinstance(row, dict) else ""
        named[name if name and name not in named else f"{name or 'row'} {position}"] = row
    return named


def _identity(row: dict[str, Any]) -> str:
    if "integration_field" in row:
        return f"{row.get('field') or 'constant'} / {row['integration_field'] or 'constant'}"
    return str(row.get("code") or row.get("name") or row.get("dimension") or "")


def _shown(value: Any) -> str:
    if value is NOTHING or value in (None, "", [], {}):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    parts = _parts(value)
    if parts:
        return ", ".join(f"{name} {_shown(part)}" for name, part in parts.items() if part not in (None, "", [], {}, False))
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
