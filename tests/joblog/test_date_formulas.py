"""Date formulas as Business Central calculates them."""

from __future__ import annotations

from datetime import date

import pytest

from joblog.date_formulas import calculate

THURSDAY = date(2026, 1, 29)


@pytest.mark.parametrize(
    ("formula", "day", "then"),
    [
        ("1D", THURSDAY, date(2026, 1, 30)),
        ("<1D>", THURSDAY, date(2026, 1, 30)),
        ("2w", THURSDAY, date(2026, 2, 12)),
        ("1M", date(2026, 1, 31), date(2026, 2, 28)),
        ("1Q", THURSDAY, date(2026, 4, 29)),
        ("-1Y", date(2024, 2, 29), date(2023, 2, 28)),
        ("CD", THURSDAY, THURSDAY),
        ("CW", THURSDAY, date(2026, 2, 1)),
        ("-CW", THURSDAY, date(2026, 1, 26)),
        ("CM", THURSDAY, date(2026, 1, 31)),
        ("-CM", THURSDAY, date(2026, 1, 1)),
        ("CQ", THURSDAY, date(2026, 3, 31)),
        ("-CQ", date(2026, 12, 5), date(2026, 10, 1)),
        ("CY", THURSDAY, date(2026, 12, 31)),
        ("1D+CM", date(2026, 3, 31), date(2026, 4, 30)),
        ("CM+10D", THURSDAY, date(2026, 2, 10)),
        ("-1M + CM", THURSDAY, date(2025, 12, 31)),
        ("CQ+1M-10D", date(1996, 5, 21), date(1996, 7, 20)),
        ("3M-CQ+WD1", date(2021, 6, 15), date(2021, 7, 5)),
        ("WD4", THURSDAY, date(2026, 2, 5)),
        ("WD5", THURSDAY, date(2026, 1, 30)),
        ("-WD2", date(1996, 5, 21), date(1996, 5, 14)),
        ("-WD7", THURSDAY, date(2026, 1, 25)),
        ("D10", date(2021, 11, 5), date(2021, 11, 10)),
        ("D10", date(2021, 11, 10), date(2021, 12, 10)),
        ("-D10", date(2021, 11, 10), date(2021, 10, 10)),
        ("D31", date(2026, 2, 3), date(2026, 2, 28)),
    ],
)
def test_a_formula_gives_a_date(formula: str, day: date, then: date) -> None:
    assert calculate(formula, day) == then


@pytest.mark.parametrize(
    "formula", ["", "D", "1X", "CX", "1D CM 2", "1D1D", "C1D", "WD8", "WD0", "D32", "D0", "1D++1D", "+", "<>", "12345D"]
)
def test_what_is_no_formula_is_refused(formula: str) -> None:
    with pytest.raises(ValueError, match="no date formula"):
        calculate(formula, THURSDAY)


@pytest.mark.parametrize("formula", ["9999Y", "-9999M-9999M-9999M", "9999Y-1D"])
def test_a_date_that_no_calendar_has_is_refused(formula: str) -> None:
    with pytest.raises(ValueError, match="out of the calendar"):
        calculate(formula, THURSDAY)
