"""The reference's rules, sections 10 to 17, 19, 20 and 22."""

from __future__ import annotations

GROUPS: dict[str, dict[str, str]] = {}

OPEN: frozenset[str] = frozenset()
