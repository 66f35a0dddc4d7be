"""What two versions of a configured object do not have in common, line by line, in the words of the pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mappings.captions import PLAIN, Captions


@dataclass(frozen=True)
class Line:
    """``name`` is the path to the value, as ``Field Mappings · displayName / name · Status``; a side without one shows "–"."""

    name: str
    before: str
    after: str


def differing_lines(before: Any, after: Any, captions: Captions = PLAIN) -> list[Line]:
    """Every single value that was added, removed or changed between two plain structures (dicts, lists, values, None for nothing)."""
    return list(_compare((), _Value(before, captions), _Value(after, captions)))


NOTHING = object()


@dataclass(frozen=True)
class _Value:
    """A value with the captions of what is inside it."""

    plain: Any
    captions: Captions

    def parts(self) -> dict[str, _Value]:
        """The named parts of a structure; rows of a list are told apart by what identifies them, so that order alone is no change."""
        if isinstance(self.plain, dict):
            return {self.captions.name(str(key)): self._part(str(key), one) for key, one in self.plain.items()}
        if isinstance(self.plain, list) and any(isinstance(one, dict) for one in self.plain):
            return {name: _Value(row, self.captions) for name, row in _named_rows(self.plain).items()}
        return {}

    def _part(self, key: str, value: Any) -> _Value:
        return _Value(self.captions.label(key, value), self.captions.inside(key))

    def shown(self) -> str:
        if self.plain is NOTHING or self.plain in (None, "", [], {}):
            return "–"
        if isinstance(self.plain, bool):
            return "yes" if self.plain else "no"
        parts = self.parts()
        if parts:
            return ", ".join(f"{name}: {part.shown()}" for name, part in parts.items() if part.plain not in (None, "", [], {}, False))
        return ", ".join(map(str, self.plain)) if isinstance(self.plain, list) else str(self.plain)


def _compare(path: tuple[str, ...], before: _Value, after: _Value) -> Iterator[Line]:
    if before.plain == after.plain:
        return
    old, new = before.parts(), after.parts()
    if (old and new) or ((old or new) and len(path) < 2):
        nothing = _Value(NOTHING, PLAIN)
        for name in [*old, *(name for name in new if name not in old)]:
            yield from _compare((*path, name), old.get(name, nothing), new.get(name, nothing))
    else:
        line = Line(" · ".join(path), before.shown(), after.shown())
        if line.before != line.after:
            yield line


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
