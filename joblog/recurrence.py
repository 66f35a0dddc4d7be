"""When a recurring entry runs next (engine.md section 21.3). Pure: moments in, moments out, no database and no clock.

Minutes between runs are time that passes, whole days of them the same time of day; weekdays, starting and ending times are what
the clock on the wall of the entry's zone shows. On a day when clocks change, a time that comes twice means the first one, and
a time that is left out means the moment after the gap.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from joblog.date_formulas import calculate

EVERY_DAY = frozenset(range(7))
_MIDNIGHT = time()
_DAY = timedelta(days=1)
_INCLUSIVE = timedelta(minutes=1)  # an ending time of 13:30 lets a run begin at 13:30:40
_LONGEST_SEARCH = 800  # days


class NoNextRun(ValueError):
    """The settings of an entry name no moment at which it could run; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Recurrence:
    """``weekdays`` counts from Monday = 0. ``formula`` is a date formula, or a cron expression of five fields; it goes without weekdays.

    ``minutes`` 0 means once a day. A window from ``starting`` to ``ending`` may reach over midnight; it belongs to the day on which it
    begins.
    """

    zone: ZoneInfo
    weekdays: frozenset[int] = EVERY_DAY
    minutes: int = 0
    starting: time | None = None
    ending: time | None = None
    formula: str = ""

    @property
    def is_cron(self) -> bool:
        return len(self.formula.split()) > 1

    def next_run(self, after: datetime) -> datetime:
        """The moment (UTC) of the run that follows one at ``after``. Raises NoNextRun."""
        if self.is_cron:
            return self._by_cron(after)
        if self.formula:
            return self._by_formula(after)
        if self.minutes:
            return self.fitting(self._later(after))
        return self._opening(after + timedelta(microseconds=1))

    def fitting(self, moment: datetime) -> datetime:
        """This moment (UTC) if a run may begin at it, else the first later one. Raises NoNextRun."""
        moment = moment.astimezone(UTC)
        if self.is_cron:
            return moment
        today = moment.astimezone(self.zone).date()
        for day in (today - _DAY, today):
            opens, closes = self._window(day)
            if self._runs_on(day) and opens <= moment < closes:
                return moment
        return self._opening(moment)

    def upcoming(self, first: datetime, count: int = 5, until: datetime | None = None) -> list[datetime]:
        """The next runs (UTC), the first of them planned at ``first``; none after ``until``. Raises NoNextRun."""
        runs = islice(self._series(self.fitting(first)), count)
        return [run for run in runs if until is None or run <= until]

    def _series(self, run: datetime) -> Iterator[datetime]:
        while True:
            yield run
            run = self.next_run(run)

    def _later(self, after: datetime) -> datetime:
        days, minutes = divmod(self.minutes, 24 * 60)
        if minutes:
            return after + timedelta(minutes=self.minutes)
        wall = after.astimezone(self.zone)
        return self._moment(wall.date() + days * _DAY, wall.time())

    def _opening(self, moment: datetime) -> datetime:
        """The first beginning of a window that is not earlier."""
        today = moment.astimezone(self.zone).date()
        for number in range(9):
            day = today + number * _DAY
            opens, _ = self._window(day)
            if self._runs_on(day) and opens >= moment:
                return opens
        raise NoNextRun("No weekday is chosen on which the job could run.")

    def _runs_on(self, day: date) -> bool:
        return bool(self.formula) or day.weekday() in self.weekdays

    def _window(self, day: date) -> tuple[datetime, datetime]:
        opens = self._moment(day, self.starting or _MIDNIGHT)
        if self.ending is None:
            return opens, self._moment(day + _DAY, _MIDNIGHT)
        over_midnight = self.starting is not None and self.ending < self.starting
        return opens, self._moment(day + _DAY if over_midnight else day, self.ending) + _INCLUSIVE

    def _moment(self, day: date, at: time) -> datetime:
        """What the clock on the wall shows, as a moment (UTC)."""
        wall = datetime.combine(day, at, self.zone)
        moment = wall.astimezone(UTC)
        if moment.astimezone(self.zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
            return moment
        before = wall.replace(fold=1).astimezone(UTC)  # the offset behind the gap leads before it
        return _first_after_gap(before, moment, self.zone)

    def _by_formula(self, after: datetime) -> datetime:
        day = after.astimezone(self.zone).date()
        for number in range(_LONGEST_SEARCH):
            try:
                run = self._moment(calculate(self.formula, day + number * _DAY), self.starting or _MIDNIGHT)
            except (ValueError, OverflowError) as error:
                raise NoNextRun(str(error)) from error
            if run > after:
                return run
        raise NoNextRun(f"The next run date formula {self.formula} gives no day in the future.")

    def _by_cron(self, after: datetime) -> datetime:
        try:
            found = next(CronSim(_five(self.formula), after.astimezone(self.zone)), None)
        except CronSimError as error:
            raise NoNextRun(f"{self.formula} is no cron expression: {error}.") from error
        if found is None:
            raise NoNextRun(f"The cron expression {self.formula} names no moment in the next 50 years.")
        return found.astimezone(UTC)


def _five(expression: str) -> str:
    if len(expression.split()) != 5:
        raise CronSimError("it has five fields: minute, hour, day of the month, month, day of the week")
    return expression


def _first_after_gap(before: datetime, behind: datetime, zone: ZoneInfo) -> datetime:
    """The moment at which the clock jumps, between one before the gap and one behind it."""
    offset = before.astimezone(zone).utcoffset()
    while behind - before > timedelta(seconds=1):
        middle = before + (behind - before) / 2
        before, behind = (middle, behind) if middle.astimezone(zone).utcoffset() == offset else (before, middle)
    return behind.replace(microsecond=0)
