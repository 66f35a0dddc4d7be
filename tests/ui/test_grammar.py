"""The filter grammar: what a person types, and which rows it selects."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.db.models import Q

from syncadmin.ui.grammar import FilterError, FilterField, Kind, Reading, condition, quoted

NAME = FilterField(name="name", label="Name", path="username", kind=Kind.TEXT)
NUMBER = FilterField(name="failed", label="Failed", path="failed", kind=Kind.NUMBER)
DAY = FilterField(name="due", label="Due", path="due", kind=Kind.DAY)
MOMENT = FilterField(name="start", label="Start", path="start", kind=Kind.MOMENT)
FLAG = FilterField(name="active", label="Active", path="active", kind=Kind.FLAG)
STATUS = FilterField(
    name="status", label="Status", path="status", kind=Kind.CHOICE, choices=(("In Process", "In Process"), ("Error", "Error"), ("", "None"))
)
READING = Reading(today=date(2026, 3, 31), words={"%me": "zoe"})


def asked(text: str, on: FilterField, reading: Reading = READING) -> Q:
    return condition(text, on, reading)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ann", "ann"),
        ("Ann", ""),
        ("@ANN", "ann"),
        ("a*", "ann arne"),
        ("*n", "ann"),
        ("*o*", "bob cleo zoe"),
        ("@*O*", "bob cleo zoe"),
        ("?o?", "bob zoe"),
        ("a*e", "arne"),
        ("<>ann", "arne bob cleo zoe"),
        ("<>a*", "bob cleo zoe"),
        ("ann|zoe", "ann zoe"),
        ("a*&*e", "arne"),
        ("b..c", "bob"),
        ("bob..", "bob cleo zoe"),
        ("..bob", "ann arne bob"),
        (">bob", "cleo zoe"),
        (">=bob&<zoe", "bob cleo"),
        ("%me", "zoe"),
        ("'ann'", "ann"),
        ("=ann", "ann"),
    ],
)
def test_texts(text: str, names: str) -> None:
    User.objects.bulk_create([User(username=name) for name in ("ann", "arne", "bob", "cleo", "zoe")])
    found = User.objects.filter(condition(text, NAME, READING)).order_by("username")
    assert " ".join(user.username for user in found) == names


@pytest.mark.django_db
def test_signs_of_the_grammar_are_ordinary_in_quotes() -> None:
    names = ["a|b", "a&b", "1..2", "a*", "it's", "<x>"]
    User.objects.bulk_create([User(username=name) for name in [*names, "a", "b"]])
    for name in names:
        assert [user.username for user in User.objects.filter(condition(quoted(name), NAME, READING))] == [name]


def test_empty_is_two_quotation_marks() -> None:
    assert asked("''", NAME) == Q(username__isnull=True) | Q(username="")
    assert asked("<>''", NAME) == ~(Q(username__isnull=True) | Q(username=""))
    assert asked("''", NUMBER) == Q(failed__isnull=True) | Q(failed=0)


def test_numbers() -> None:
    assert asked("10..20|>50", NUMBER) == (Q(failed__gte=Decimal(10)) & Q(failed__lte=Decimal(20))) | Q(failed__gt=Decimal(50))
    assert asked("-3.5", NUMBER) == Q(failed=Decimal("-3.5"))


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-01-31", date(2026, 1, 31)),
        ("today", date(2026, 3, 31)),
        ("t", date(2026, 3, 31)),
        ("Yesterday", date(2026, 3, 30)),
        ("tomorrow", date(2026, 4, 1)),
        ("today-7D", date(2026, 3, 24)),
        ("-1M", date(2026, 2, 28)),
        ("t+1Y-1D", date(2027, 3, 30)),
        ("+2W", date(2026, 4, 14)),
        ("today-1Q", date(2025, 12, 31)),
    ],
)
def test_days(text: str, day: date) -> None:
    assert asked(text, DAY) == Q(due=day)


def test_a_day_of_a_moment_is_the_whole_day_in_the_zone_of_the_person() -> None:
    zone = ZoneInfo("Europe/Copenhagen")
    reading = Reading(zone=zone, today=date(2026, 3, 31))
    start, end = datetime(2026, 3, 29, tzinfo=zone), datetime(2026, 3, 30, tzinfo=zone)
    assert asked("2026-03-29", MOMENT, reading) == Q(start__gte=start, start__lt=end)
    assert (end.astimezone(UTC) - start.astimezone(UTC)).total_seconds() == 23 * 3600
    assert asked(">2026-03-29", MOMENT, reading) == Q(start__gte=end)
    assert asked("2026-03-29..2026-03-29", MOMENT, reading) == Q(start__gte=start) & Q(start__lt=end)


def test_a_minute_of_a_moment_and_a_moment_in_utc() -> None:
    assert asked("2026-03-01 08:30", MOMENT) == Q(
        start__gte=datetime(2026, 3, 1, 8, 30, tzinfo=UTC), start__lt=datetime(2026, 3, 1, 8, 31, tzinfo=UTC)
    )
    reading = Reading(zone=ZoneInfo("America/New_York"))
    assert asked("<=2026-03-01T08:30:10Z", MOMENT, reading) == Q(start__lt=datetime(2026, 3, 1, 8, 30, 11, tzinfo=UTC))


@pytest.mark.parametrize("clock", ["17:30:05", "17.30.05", "5:30:05 PM", "5:30:05\u202fpm", "17:30:05 UTC", "17:30:05Z"])
def test_a_time_of_day_is_read_in_every_way_of_writing_it(clock: str) -> None:
    second = datetime(2026, 3, 1, 17, 30, 5, tzinfo=UTC)
    assert asked(f"2026-03-01 {clock}", MOMENT) == Q(start__gte=second, start__lt=second + timedelta(seconds=1))
    assert asked(f"2026-03-01 {clock}..", MOMENT) == Q(start__gte=second)


def test_choices_are_found_by_label_without_letter_case() -> None:
    assert asked("error|in*", STATUS) == Q(status__in=["Error"]) | Q(status__in=["In Process"])
    with pytest.raises(FilterError, match=r"Status has no “Eror”. It has: In Process, Error, None\."):
        asked("Eror", STATUS)


def test_flags() -> None:
    assert asked("Yes", FLAG) == Q(active=True)
    assert asked("<>yes", FLAG) == ~Q(active=True)


def test_people_write_dates_and_numbers_as_at_home() -> None:
    reading = Reading(day=lambda text: datetime.strptime(text, "%d.%m.%Y").date(), number=lambda text: Decimal(text.replace(",", ".")))
    assert asked("31.01.2026", DAY, reading) == Q(due=date(2026, 1, 31))
    assert asked("1,5..2", NUMBER, reading) == Q(failed__gte=Decimal("1.5")) & Q(failed__lte=Decimal(2))
    assert asked("01.01.2026..31.01.2026", DAY, reading) == Q(due__gte=date(2026, 1, 1)) & Q(due__lte=date(2026, 1, 31))


@pytest.mark.parametrize(
    ("text", "on", "words"),
    [
        ("a|", NAME, "missing"),
        ("'a", NAME, "not closed"),
        ("%you", NAME, "stands for nothing"),
        ("many", NUMBER, "Failed is a number"),
        ("NaN", NUMBER, "Failed is a number"),
        ("31.02.", DAY, "no date"),
        ("today-99999999D", DAY, "no date"),
        ("-9999Y", DAY, "no date"),
        ("2026-01-01 25:00", MOMENT, "no time of day"),
        ("2026-01-01 17.30 PM", MOMENT, "“17.30 PM” is no time of day"),
        ("9999-12-31", MOMENT, "could be compared"),
        ("2026-01-01..9999-12-31", MOMENT, "could be compared"),
        ("9999-12-31 23:59", MOMENT, "could be compared"),
        ("maybe", FLAG, "yes or no"),
        ("..", NUMBER, "no range"),
        (">yes", FLAG, "cannot be compared"),
        ("x" * 501, NAME, "at most 500"),
        ("|".join("a" * 101), NAME, "at most 100"),
    ],
)
def test_what_makes_no_sense_is_said(text: str, on: FilterField, words: str) -> None:
    with pytest.raises(FilterError, match=words):
        asked(text, on)


def test_the_first_day_of_all_is_no_moment_east_of_greenwich() -> None:
    with pytest.raises(FilterError, match="could be compared"):
        asked(">=0001-01-01", MOMENT, Reading(today=date(2026, 3, 31), zone=ZoneInfo("Asia/Tokyo")))
