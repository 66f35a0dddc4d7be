"""The decisions of the product, A18 to A26."""

from __future__ import annotations

GROUPS: dict[str, dict[str, str]] = {}

OPEN: frozenset[str] = frozenset()
