"""One form per value (engine.md A13)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from syncadmin.sync.errors import RecordError
from syncadmin.sync.tables import Field, FieldType
from syncadmin.sync.values import canonical, cut, display, length, moment, rounded, same, to_json


def a(kind: FieldType, **options: Any) -> Field:
    return Field("x", kind, label="X", **options)


@pytest.mark.rule("A13.numbers", "A13.moments", "A13.dates", "A13.guids", "A13.blank", "A13.codes")
@pytest.mark.parametrize(
    ("kind", "raw", "expected"),
    [
        (FieldType.TEXT, "", None),
        (FieldType.TEXT, "   ", None),
        (FieldType.TEXT, " a ", " a "),
        (FieldType.CODE, " usd ", "USD"),
        (FieldType.DECIMAL, Decimal("1.10"), Decimal("1.1")),
        (FieldType.DECIMAL, 0, Decimal(0)),
        (FieldType.INTEGER, Decimal("3.0"), 3),
        (FieldType.BOOLEAN, "Yes", True),
        (FieldType.DATE, "0001-01-01", None),
        (FieldType.DATE, "2026-03-01T00:00:00Z", "2026-03-01"),
        (FieldType.MOMENT, "0001-01-01T00:00:00Z", None),
        (FieldType.MOMENT, "2026-03-01T10:00:00.1234567+02:00", "2026-03-01T08:00:00.123Z"),
        (FieldType.GUID, "{ABCDEF00-0000-0000-0000-000000000001}", "abcdef00-0000-0000-0000-000000000001"),
        (FieldType.GUID, "00000000-0000-0000-0000-000000000000", None),
        (FieldType.OPTION, "_x0020_", None),
        (FieldType.OPTION, Decimal(3), 3),
        (FieldType.LOOKUP, None, None),
    ],
)
def test_every_type_has_one_form(kind: FieldType, raw: Any, expected: Any) -> None:
    value = canonical(raw, a(kind))
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        (FieldType.DECIMAL, "ten"),
        (FieldType.DECIMAL, "NaN"),
        (FieldType.INTEGER, "1.5"),
        (FieldType.BOOLEAN, "perhaps"),
        (FieldType.DATE, "31.2."),
        (FieldType.MOMENT, "9999-12-31T23:59:59-05:00"),
        (FieldType.DECIMAL, "1e999999"),
        (FieldType.INTEGER, "1e999999999"),
    ],
)
def test_a_value_of_another_type_names_its_field(kind: FieldType, raw: Any) -> None:
    with pytest.raises(RecordError, match="X holds") as caught:
        canonical(raw, a(kind))
    assert (caught.value.code, caught.value.fields) == ("bad-value", ("x",))


@pytest.mark.rule("A13.numbers", "A13.moments", "A13.dates", "A13.texts", "A13.codes")
@pytest.mark.parametrize(
    ("one", "other", "left", "right", "expected"),
    [
        (Decimal("1.005"), Decimal("1.01"), a(FieldType.DECIMAL, scale=3), a(FieldType.DECIMAL, scale=2), True),
        (Decimal("1.004"), Decimal("1.01"), a(FieldType.DECIMAL, scale=3), a(FieldType.DECIMAL, scale=2), False),
        (3, Decimal("3.00"), a(FieldType.INTEGER), a(FieldType.DECIMAL), True),
        ("2026-03-01", "2026-03-01T00:00:00.000Z", a(FieldType.DATE), a(FieldType.MOMENT), True),
        ("2026-03-01T08:00:00.123Z", "2026-03-01T08:00:00.000Z", a(FieldType.MOMENT), a(FieldType.MOMENT), True),
        ("usd ", "USD", a(FieldType.TEXT), a(FieldType.CODE), True),
        ("usd", "USD", a(FieldType.TEXT), a(FieldType.TEXT), False),
        ("a ", "a", a(FieldType.TEXT), a(FieldType.TEXT), False),
        (None, "", a(FieldType.TEXT), a(FieldType.TEXT), False),
        (None, Decimal(0), a(FieldType.DECIMAL), a(FieldType.DECIMAL), True),
        (False, None, a(FieldType.BOOLEAN), a(FieldType.BOOLEAN), True),
        (None, Decimal(1), a(FieldType.DECIMAL), a(FieldType.DECIMAL), False),
        (None, 0, a(FieldType.OPTION), a(FieldType.OPTION), False),
        ("teams/1a", "1a", a(FieldType.LOOKUP), a(FieldType.LOOKUP), True),
        ("teams/1a", "teams/1b", a(FieldType.LOOKUP), a(FieldType.LOOKUP), False),
    ],
)
def test_values_compare_by_what_both_sides_can_hold(one: Any, other: Any, left: Field, right: Field, expected: bool) -> None:
    assert same(one, other, left, right) is expected
    assert same(other, one, right, left) is expected


def test_halves_are_rounded_away_from_zero() -> None:
    assert rounded(Decimal("2.345"), 2) == Decimal("2.35")
    assert rounded(Decimal("-2.345"), 2) == Decimal("-2.35")
    assert rounded(Decimal("2.345"), None) == Decimal("2.345")


@pytest.mark.parametrize("value", [None, "text", 5, True, Decimal("12.5"), Decimal("100")])
def test_json_keeps_a_value(value: Any) -> None:
    kinds = {bool: FieldType.BOOLEAN, int: FieldType.INTEGER, Decimal: FieldType.DECIMAL}
    kept = to_json(value)
    assert not isinstance(kept, Decimal)
    assert canonical(kept, a(kinds.get(type(value), FieldType.TEXT))) == value


def test_people_see_plain_words() -> None:
    assert [display(value) for value in (None, True, False, Decimal("1E+2"), 7, "a")] == ["", "Yes", "No", "100", "7", "a"]


def test_a_moment_without_zone_is_utc() -> None:
    assert moment("2026-03-01T08:00:00") == moment("2026-03-01T09:00:00+01:00")


def test_numbers_of_any_size_are_compared() -> None:
    large = Decimal("1e35")
    assert same(large, large * 2, a(FieldType.DECIMAL, scale=10)) is False
    assert rounded(large, 10) == large
    assert canonical("0e-99", a(FieldType.DECIMAL)) == 0


@pytest.mark.parametrize(
    ("text", "most", "expected"), [("abc", 3, "abc"), ("ab c", 3, "ab"), ("a🙂b", 3, "a🙂"), ("a🙂b", 2, "a"), ("🙂🙂", 3, "🙂")]
)
def test_an_emoji_takes_two_characters_and_is_never_cut_in_half(text: str, most: int, expected: str) -> None:
    assert cut(text, most) == expected
    assert length(expected) <= most
