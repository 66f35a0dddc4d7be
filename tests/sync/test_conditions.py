"""Conditions of templates on a source record."""

from __future__ import annotations

from typing import Any

import pytest

from syncadmin.sync.conditions import holds
from syncadmin.sync.errors import RecordError
from syncadmin.sync.records import Record
from tests.sync.world import BC, table

RECORD = Record("1", {"number": "c1", "city": "Ulm", "credit": 5, "phone": ""})


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (("city", "=", "Ulm"), True),
        (("city", "<>", "Ulm"), False),
        (("number", "=", "C1"), True),
        (("credit", ">", "4.5"), True),
        (("credit", "<=", 4), False),
        (("phone", "=", ""), True),
        (("phone", "<", "9"), False),
    ],
)
def test_a_condition_compares_by_type(condition: tuple[str, str, Any], expected: bool) -> None:
    assert holds([condition], RECORD, table(BC)) is expected


def test_all_conditions_must_hold() -> None:
    assert holds([], RECORD, table(BC))
    assert not holds([("city", "=", "Ulm"), ("credit", "=", 1)], RECORD, table(BC))


def test_a_condition_that_cannot_be_compared_is_an_error() -> None:
    with pytest.raises(RecordError):
        holds([("credit", "=", "much")], RECORD, table(BC))
    with pytest.raises(KeyError):
        holds([("nowhere", "=", "x")], RECORD, table(BC))
