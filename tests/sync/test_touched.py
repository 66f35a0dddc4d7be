"""A cursor can be kept between slices."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from syncadmin.sync.touched import RETRY, WINDOW, Cursor


def test_json_keeps_a_cursor() -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    cursor = Cursor(WINDOW, 7, "https://example.org/next", noon, noon)
    assert Cursor.from_json(json.loads(json.dumps(cursor.to_json()))) == cursor


def test_an_empty_cursor_is_the_beginning() -> None:
    assert Cursor.from_json({}) == Cursor(RETRY, 0, "", None, None)
    assert Cursor.from_json(Cursor().to_json()) == Cursor()
