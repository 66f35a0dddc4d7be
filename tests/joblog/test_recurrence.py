"""When an entry runs next: every row of the table of engine.md section 21.3, and the days on which clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from joblog.recurrence import EVERY_DAY, NoNextRun, Recurrence

COPENHAGEN, NEW_YORK = ZoneInfo("Europe/Copenhagen"), ZoneInfo("America/New_York")
MONDAY, TUESDAY, SATURDAY, SUNDAY = 0, 1, 5, 6
SUNDAYS = frozenset({SUNDAY})
NO_MONDAY_TUESDAY = EVERY_DAY - {MONDAY, TUESDAY}


def at(text: str, zone: ZoneInfo = COPENHAGEN) -> datetime:
    """``1/1 13:00`` of 2012, whose first day is a Sunday; or a date in full."""
    moment = datetime.strptime(f"2012/{text}", "%Y/%d/%m %H:%M") if "/" in text else datetime.strptime(text, "%Y-%m-%d %H:%M")
    return moment.replace(tzinfo=zone)


def walls(runs: list[datetime], zone: ZoneInfo) -> list[str]:
    """What the clock on the wall shows."""
    return [f"{run.astimezone(zone):%d %H:%M%z}" for run in runs]


TABLE = [
    ({"minutes": 60}, "1/1 13:00", "1/1 14:00"),
    ({"minutes": 0}, "1/1 13:00", "2/1 00:00"),
    ({"minutes": 0, "starting": time(10)}, "1/1 13:00", "2/1 10:00"),
    ({"minutes": 0, "weekdays": SUNDAYS}, "1/1 13:00", "8/1 00:00"),
    ({"minutes": 1440, "weekdays": SUNDAYS}, "1/1 13:00", "8/1 00:00"),
    ({"minutes": 0, "weekdays": SUNDAYS, "starting": time(10)}, "1/1 13:00", "8/1 10:00"),
    ({"minutes": 1440, "weekdays": SUNDAYS, "starting": time(10)}, "1/1 13:00", "8/1 10:00"),
    ({"minutes": 30}, "1/1 23:30", "2/1 00:00"),
    ({"minutes": 2880}, "1/1 23:30", "3/1 23:30"),
    ({"minutes": 60, "starting": time(10)}, "1/1 23:30", "2/1 10:00"),
    ({"minutes": 60, "weekdays": NO_MONDAY_TUESDAY}, "1/1 23:30", "4/1 00:00"),
    ({"minutes": 60, "weekdays": NO_MONDAY_TUESDAY, "starting": time(10)}, "1/1 23:30", "4/1 10:00"),
    ({"minutes": 30, "ending": time(13, 30)}, "1/1 13:00", "1/1 13:30"),
    ({"minutes": 60, "ending": time(13, 30)}, "1/1 13:00", "2/1 00:00"),
    ({"minutes": 60, "ending": time(13, 30), "starting": time(10)}, "1/1 13:00", "2/1 10:00"),
    ({"minutes": 10, "starting": time(22), "ending": time(2)}, "1/1 23:55", "2/1 00:05"),
    ({"minutes": 10, "starting": time(22), "ending": time(2)}, "1/1 20:00", "1/1 22:00"),
    ({"formula": "1D+CM", "starting": time(11)}, "31/3 13:00", "30/4 11:00"),
    ({"minutes": 5, "starting": time(11), "ending": time(12), "weekdays": EVERY_DAY - {SUNDAY}}, "2/1 09:00", "2/1 11:00"),
]


@pytest.mark.rule("21.3.table")
@pytest.mark.parametrize("zone", [COPENHAGEN, NEW_YORK, ZoneInfo("UTC")], ids=str)
@pytest.mark.parametrize(("rule", "after", "then"), TABLE)
def test_the_table(rule: dict[str, Any], after: str, then: str, zone: ZoneInfo) -> None:
    assert Recurrence(zone=zone, **rule).next_run(at(after, zone)) == at(then, zone)


MORE = [
    # minutes may be large
    ({"minutes": 43200}, "1/1 13:00", "31/1 13:00"),
    # a run inside the last minute of the window is inside it
    ({"minutes": 30, "ending": time(13, 29)}, "1/1 12:59", "1/1 13:29"),
    # a window over midnight belongs to the day on which it begins
    ({"minutes": 60, "starting": time(22), "ending": time(2), "weekdays": frozenset({SATURDAY})}, "7/1 23:30", "8/1 00:30"),
    ({"minutes": 60, "starting": time(22), "ending": time(2), "weekdays": frozenset({SATURDAY})}, "8/1 01:30", "14/1 22:00"),
    ({"minutes": 60, "starting": time(22), "ending": time(2), "weekdays": SUNDAYS}, "1/1 00:10", "1/1 22:00"),
    ({"minutes": 0, "starting": time(22), "ending": time(2)}, "1/1 23:30", "2/1 22:00"),
    # once a day, and it ran early: the scheduled run of the day still comes
    ({"minutes": 0, "starting": time(10)}, "1/1 08:00", "1/1 10:00"),
    # a formula whose day is over counts from the next one
    ({"formula": "CM", "starting": time(11)}, "31/3 13:00", "30/4 11:00"),
    ({"formula": "CM", "starting": time(11)}, "31/3 10:00", "31/3 11:00"),
    ({"formula": "1W"}, "1/1 13:00", "8/1 00:00"),
    ({"formula": "D15", "weekdays": frozenset()}, "14/2 13:00", "15/2 00:00"),
    # cron
    ({"formula": "30 6 * * MON-FRI"}, "1/1 13:00", "2/1 06:30"),
    ({"formula": "*/20 * * * *"}, "1/1 13:00", "1/1 13:20"),
    ({"formula": "0 9 L * *"}, "1/2 09:00", "29/2 09:00"),
]


@pytest.mark.rule("21.3.many-minutes", "21.3.cron")
@pytest.mark.parametrize(("rule", "after", "then"), MORE)
def test_what_the_table_does_not_say(rule: dict[str, Any], after: str, then: str) -> None:
    assert Recurrence(zone=COPENHAGEN, **rule).next_run(at(after)) == at(then)


@pytest.mark.rule("21.3.no-day")
@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ({"weekdays": frozenset()}, "No weekday"),
        ({"minutes": 60, "weekdays": frozenset()}, "No weekday"),
        ({"formula": "-3Y"}, "no day in the future"),
        ({"formula": "tomorrow"}, "no date formula"),
        ({"formula": "9999Y"}, "out of the calendar"),
        ({"formula": "61 * * * *"}, "Bad minute"),
        ({"formula": "* * * * * *"}, "five fields"),
        ({"formula": "0 0 30 2 *"}, "no cron expression"),
        ({"formula": "0 0 * 2 MON#6"}, "no cron expression"),
    ],
)
def test_settings_that_name_no_moment_say_why(rule: dict[str, Any], why: str) -> None:
    with pytest.raises(NoNextRun, match=why):
        Recurrence(zone=COPENHAGEN, **rule).next_run(at("1/1 13:00"))


@pytest.mark.rule("21.3.early")
@pytest.mark.parametrize(
    ("rule", "moment", "fits"),
    [
        ({"minutes": 30}, "1/1 13:00", "1/1 13:00"),
        ({"starting": time(14)}, "1/1 13:00", "1/1 14:00"),
        ({"starting": time(8), "ending": time(12)}, "1/1 13:00", "2/1 08:00"),
        ({"starting": time(22), "ending": time(2)}, "1/1 01:59", "1/1 01:59"),
        ({"weekdays": frozenset({TUESDAY})}, "1/1 13:00", "3/1 00:00"),
        ({"formula": "1M", "starting": time(14)}, "1/1 13:00", "1/1 14:00"),
        ({"formula": "0 6 * * *", "starting": time(14)}, "1/1 13:00", "1/1 13:00"),
    ],
)
def test_a_run_outside_its_window_moves_to_the_next_beginning(rule: dict[str, Any], moment: str, fits: str) -> None:
    assert Recurrence(zone=COPENHAGEN, **rule).fitting(at(moment)) == at(fits)


@pytest.mark.rule("21.3.foreseen")
def test_the_next_five_runs() -> None:
    hourly = Recurrence(zone=COPENHAGEN, minutes=60, starting=time(8), ending=time(10), weekdays=EVERY_DAY - {MONDAY})
    runs = walls(hourly.upcoming(at("1/1 09:00")), COPENHAGEN)
    assert runs == ["01 09:00+0100", "01 10:00+0100", "03 08:00+0100", "03 09:00+0100", "03 10:00+0100"]


@pytest.mark.rule("21.3.foreseen")
def test_no_run_is_announced_after_the_expiration() -> None:
    hourly = Recurrence(zone=COPENHAGEN, minutes=60)
    assert len(hourly.upcoming(at("1/1 09:00"), until=at("1/1 11:00"))) == 3


# ---- clocks change: in Copenhagen on 29 March (02:00 -> 03:00) and 25 October 2026 (03:00 -> 02:00),
# in New York on 8 March (02:00 -> 03:00) and 1 November 2026 (02:00 -> 01:00)

SPRING = [(COPENHAGEN, "2026-03-28 12:00"), (NEW_YORK, "2026-03-07 12:00")]
AUTUMN = [(COPENHAGEN, "2026-10-24 12:00", time(2, 30)), (NEW_YORK, "2026-10-31 12:00", time(1, 30))]


@pytest.mark.rule("21.3.spring")
@pytest.mark.parametrize("formula", ["", "30 2 * * *", "1D"])
@pytest.mark.parametrize(("zone", "before"), SPRING)
def test_a_time_that_is_left_out_means_the_moment_after_the_gap(zone: ZoneInfo, before: str, formula: str) -> None:
    daily = Recurrence(zone=zone, starting=time(2, 30), formula=formula)
    first = daily.next_run(at(before, zone))
    second = daily.next_run(first)
    assert [f"{run.astimezone(zone):%H:%M}" for run in (first, second)] == ["03:00", "02:30"]
    assert second - first == timedelta(hours=23, minutes=30)


@pytest.mark.rule("21.3.autumn")
@pytest.mark.parametrize("formula", ["", "cron", "1D"])
@pytest.mark.parametrize(("zone", "before", "twice"), AUTUMN)
def test_a_time_that_comes_twice_means_the_first_one(zone: ZoneInfo, before: str, twice: time, formula: str) -> None:
    cron = f"{twice.minute} {twice.hour} * * *" if formula == "cron" else formula
    daily = Recurrence(zone=zone, starting=twice, formula=cron)
    first = daily.next_run(at(before, zone))
    second = daily.next_run(first)
    assert [run.astimezone(zone).time() for run in (first, second)] == [twice, twice]
    assert first.astimezone(zone).fold == 0
    assert second - first == timedelta(hours=25)


@pytest.mark.rule("21.3.minutes")
@pytest.mark.parametrize(("zone", "before"), SPRING)
def test_minutes_between_runs_pass_in_spring_as_on_any_day(zone: ZoneInfo, before: str) -> None:
    half_hours = Recurrence(zone=zone, minutes=30)
    start = at(before, zone).replace(hour=1) + timedelta(days=1)
    runs = half_hours.upcoming(start, 4)
    assert [f"{run.astimezone(zone):%H:%M}" for run in runs] == ["01:00", "01:30", "03:00", "03:30"]
    assert {later - earlier for earlier, later in pairwise(runs)} == {timedelta(minutes=30)}


@pytest.mark.rule("21.3.minutes")
@pytest.mark.parametrize(("zone", "before", "twice"), AUTUMN)
def test_minutes_between_runs_pass_in_autumn_as_on_any_day(zone: ZoneInfo, before: str, twice: time) -> None:
    half_hours = Recurrence(zone=zone, minutes=30)
    start = at(before, zone).replace(hour=twice.hour) + timedelta(days=1)
    runs = half_hours.upcoming(start, 5)
    hour = f"{twice.hour:02}"
    assert [f"{run.astimezone(zone):%H:%M}" for run in runs[:4]] == [f"{hour}:00", f"{hour}:30", f"{hour}:00", f"{hour}:30"]
    assert {later - earlier for earlier, later in pairwise(runs)} == {timedelta(minutes=30)}


@pytest.mark.rule("21.3.same-time")
@pytest.mark.parametrize(
    ("zone", "before", "hours"), [(*SPRING[0], 23), (*SPRING[1], 23), (*AUTUMN[0][:2], 25), (*AUTUMN[1][:2], 25)], ids=str
)
def test_a_run_every_1440_minutes_keeps_its_time_of_day(zone: ZoneInfo, before: str, hours: int) -> None:
    start = at(before, zone)
    run = Recurrence(zone=zone, minutes=1440).next_run(start)
    assert run.astimezone(zone).time() == start.time()
    assert run - start.astimezone(UTC) == timedelta(hours=hours)


@pytest.mark.rule("21.3.clock-window")
@pytest.mark.parametrize(("zone", "before"), SPRING)
def test_a_window_inside_the_gap_is_a_moment_after_it(zone: ZoneInfo, before: str) -> None:
    inside = Recurrence(zone=zone, minutes=10, starting=time(2, 10), ending=time(2, 50))
    run = inside.next_run(at(before, zone))
    assert f"{run.astimezone(zone):%H:%M}" == "03:00"
    assert f"{inside.next_run(run).astimezone(zone):%H:%M}" == "02:10"


@pytest.mark.rule("21.3.clock-window")
@pytest.mark.parametrize(("zone", "before", "twice"), AUTUMN)
def test_a_window_that_ends_in_the_hour_that_comes_twice_ends_the_first_time(zone: ZoneInfo, before: str, twice: time) -> None:
    window = Recurrence(zone=zone, minutes=30, starting=time(0), ending=twice)
    start = at(before, zone).replace(hour=twice.hour) + timedelta(days=1)
    runs = window.upcoming(start, 3)
    assert [f"{run.astimezone(zone):%d %H:%M}" for run in runs][1:] == [
        f"{start:%d} {twice:%H:%M}",
        f"{start + timedelta(days=1):%d} 00:00",
    ]
