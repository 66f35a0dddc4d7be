"""Where the next run starts reading, and clocks that are set back (engine.md A17, section 5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from syncadmin.sync.errors import RunError
from syncadmin.sync.records import Outcome, Side, WriteResult
from syncadmin.sync.watermark import clock_set_back, moved, window_start
from tests.sync.memory import Fault
from tests.sync.world import BC, FROM, SALES, TO, World

REFUSED = WriteResult(Outcome.REFUSED, code="refused", text="Not today.")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EARLIER, LATER = NOON - timedelta(hours=1), NOON + timedelta(hours=1)


@pytest.mark.rule("A17.overlap")
@pytest.mark.parametrize(("side", "overlap"), [(BC, timedelta(minutes=5)), (SALES, timedelta(seconds=1))])
def test_reads_overlap(side: Side, overlap: timedelta) -> None:
    assert window_start(side, NOON, None) == NOON - overlap
    assert window_start(side, NOON, LATER) == LATER - overlap
    assert window_start(side, None, NOON) is None


@pytest.mark.rule("5.9.newest", "5.9.cap")
def test_the_watermark_is_the_newest_stamp_and_never_goes_back() -> None:
    assert moved(None, None, NOON) is None
    assert moved(None, EARLIER, NOON) == EARLIER
    assert moved(EARLIER, EARLIER - timedelta(hours=1), NOON) == EARLIER
    assert moved(EARLIER, None, NOON) == EARLIER


@pytest.mark.rule("5.9.cap")
def test_the_watermark_never_passes_the_clock_of_its_side() -> None:
    assert moved(EARLIER, LATER, NOON) == NOON


def test_a_mark_in_the_future_of_a_clock_that_was_set_back_is_drawn_back() -> None:
    assert moved(LATER, None, NOON) == NOON
    assert moved(LATER, EARLIER, NOON) == NOON


def test_a_clock_that_stands_before_the_last_read_was_set_back() -> None:
    assert clock_set_back(NOON, EARLIER)
    assert not clock_set_back(NOON, NOON)
    assert not clock_set_back(None, NOON)


@pytest.mark.parametrize("hours", [1, 24])
def test_nothing_is_lost_when_a_clock_is_set_back(hours: int) -> None:
    world = World()
    key, partner = world.pair()
    world.sales.offset = timedelta(hours=-hours)
    world.sales.change(partner, telephone="2")
    world.run(FROM)
    assert world.bc.value(key, "phone") == "2"
    world.clock.pass_(minutes=30)
    world.sales.change(partner, telephone="3")
    world.clock.pass_(minutes=10)
    world.run(FROM)
    assert world.bc.value(key, "phone") == "3"


@pytest.mark.rule("5.11.ahead", "5.11.behind")
@pytest.mark.parametrize("offset", [timedelta(minutes=-7), timedelta(minutes=7)])
def test_clocks_that_differ_lose_nothing(offset: timedelta) -> None:
    world = World()
    world.sales.offset = offset
    key, partner = world.pair()
    for number in range(5):
        world.sales.change(partner, telephone=str(number))
        world.bc.change(key, city=str(number))
        world.both()
        assert (world.bc.value(key, "phone"), world.sales.value(partner, "town")) == (str(number), str(number))
        world.clock.pass_(seconds=number)


@pytest.mark.rule("A17.overlap")
def test_a_late_commit_within_the_overlap_is_seen() -> None:
    world = World()
    key, partner = world.pair()
    begun = world.clock()
    world.clock.pass_(minutes=2)
    world.bc.add(number="C9", name="Quick one")
    world.run(TO)
    world.bc.change(key, phone="6")
    world.bc.rows[key].stamp = begun
    world.run(TO)
    assert world.sales.value(partner, "telephone") == "6"


@pytest.mark.rule("5.9.hard-error")
def test_a_run_that_broke_off_moves_no_watermark() -> None:
    world = World()
    world.pair()
    before = dict(world.watermarks)
    world.bc.add(number="C2", name="New")
    world.sales.faults = [Fault("insert", error=RunError("sign-in", "Sales refuses the sign-in."))]
    with pytest.raises(RunError):
        world.run(TO)
    assert world.watermarks == before


def test_a_change_between_the_retry_phase_and_the_window_is_not_lost() -> None:
    world = World()
    key, partner = world.pair()
    world.sales.refuse = lambda values: REFUSED if "telephone" in values else None
    world.bc.change(key, phone="2")
    world.run(TO)
    world.sales.refuse = lambda values: None
    world.clock.pass_(hours=1)
    job = world.run(TO, pause=lambda: True)
    assert job.counts == {"Modified": 1}
    world.bc.change(key, phone="3")
    world.clock.pass_(minutes=20)
    world.resume()
    world.clock.pass_(minutes=20)
    world.run(TO)
    assert world.sales.value(partner, "telephone") == "3"


@pytest.mark.rule("1.4.watermark")
def test_preview_and_named_records_leave_the_watermark() -> None:
    world = World()
    key, _ = world.pair()
    before = dict(world.watermarks)
    world.bc.change(key, phone="2")
    world.run(TO, preview=True)
    world.run(TO, keys=[key])
    assert world.watermarks == before


@pytest.mark.rule("A17.overlap")
def test_a_rerun_within_the_overlap_counts_nothing_twice() -> None:
    world = World()
    key, _ = world.pair()
    world.bc.change(key, phone="2")
    assert world.run(TO).counts == {"Modified": 1}
    assert world.run(TO).counts == {"Unchanged": 1}
    assert world.run(FROM).counts == {"Unchanged": 1}
