"""Time as each system writes it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from syncadmin.sandbox.clock import Clock, moment_text, parse_moment
from syncadmin.sandbox.schema import BUSINESS_CENTRAL, SALES


def test_milliseconds_here_whole_seconds_there() -> None:
    moment = datetime(2026, 8, 19, 6, 32, 44, 293_900, UTC)
    assert moment_text(moment, BUSINESS_CENTRAL) == "2026-08-19T06:32:44.293Z"
    assert moment_text(moment, SALES) == "2026-08-19T06:32:44Z"
    assert moment_text(datetime(1, 1, 1, tzinfo=UTC), BUSINESS_CENTRAL) == "0001-01-01T00:00:00Z"


@pytest.mark.parametrize("text", ["2026-08-19T08:32:44+02:00", "2026-08-19T06:32:44Z"])
def test_moments_are_read_with_their_zone(text: str) -> None:
    assert parse_moment(text) == datetime(2026, 8, 19, 6, 32, 44, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-08-19T06:32:44", "nonsense", "2026-13-01T00:00:00Z"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_moment(text)


def test_clocks_are_moved_one_by_one() -> None:
    clock = Clock()
    clock.offset_seconds[SALES] = 3600.0
    assert (clock.now(SALES) - clock.now(BUSINESS_CENTRAL)).total_seconds() > 3590
    assert clock.stamp(SALES, ago_seconds=60) < clock.stamp(SALES)
