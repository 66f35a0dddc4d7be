"""How each person sees moments and numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.db.models import Q
from django.test import Client, RequestFactory
from django.utils import timezone

from mappings.models import ConfigurationChange
from syncadmin.ui.columns import ValueColumn
from syncadmin.ui.grammar import FilterField, Kind, condition
from syncadmin.ui.models import PersonalSettings
from syncadmin.ui.presentation import LOCALES, Presentation, PresentationMiddleware, zone_named

NOON = datetime(2026, 7, 1, 12, 0, 5, tzinfo=UTC)
SignIn = Callable[[str], Client]


@pytest.mark.parametrize(
    ("locale", "moment", "number"),
    [
        ("", "2026-07-01 14:00:05", "1,234.5"),
        ("de_DE", "01.07.2026 14:00:05", "1.234,5"),
        ("da_DK", "01.07.2026 14.00.05", "1.234,5"),
        ("en_US", "7/1/2026 2:00:05\u202fPM", "1,234.5"),
    ],
)
def test_formats_of_a_language(locale: str, moment: str, number: str) -> None:
    shown = Presentation(zone=zone_named("Europe/Berlin"), locale=locale)
    assert (shown.moment(NOON), shown.number(1234.5)) == (moment, number)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_day_is_written_as_in_a_moment(locale: str) -> None:
    shown, moment = Presentation(zone=UTC, locale=locale), datetime(2026, 3, 4, 17, 30, tzinfo=UTC)
    assert shown.moment(moment).startswith(f"{shown.day(moment.date())} ")


@pytest.mark.parametrize("locale", LOCALES)
def test_what_a_language_shows_can_be_typed_into_filters(locale: str) -> None:
    shown = Presentation(zone=UTC, locale=locale)
    reading = shown.reading(user_name="zoe")
    assert reading.day(shown.moment(datetime(2026, 12, 31, tzinfo=UTC)).split(" ")[0]).isoformat() == "2026-12-31"
    assert str(reading.number(shown.number(1234.5))) == "1234.5"


@pytest.mark.parametrize("locale", LOCALES)
def test_a_moment_as_it_is_shown_is_a_filter_that_selects_it(locale: str) -> None:
    shown = Presentation(zone=zone_named("Europe/Berlin"), locale=locale)
    field = FilterField(name="at", label="When", path="at", kind=Kind.MOMENT)
    found = condition(shown.moment(NOON), field, shown.reading(user_name="zoe"))
    assert found == Q(at__gte=NOON, at__lt=NOON + timedelta(seconds=1))


def test_a_date_in_a_list_is_written_as_its_reader_writes_dates() -> None:
    request = RequestFactory().get("/")
    request.user = SimpleNamespace(is_authenticated=True, personal_settings=PersonalSettings(locale="de_DE"))  # type: ignore[assignment]
    column = ValueColumn(of=lambda row: row)
    assert PresentationMiddleware(lambda _: column.render(date(2026, 12, 31)))(request) == "31.12.2026"  # type: ignore[arg-type, return-value]


def test_without_a_zone_moments_say_utc() -> None:
    assert Presentation().moment(NOON) == "2026-07-01 12:00:05 UTC"
    assert zone_named("../../etc/passwd") is None


@pytest.fixture
def change(db: None) -> ConfigurationChange:
    made = ConfigurationChange.objects.create(kind="mapping", name="X", what="changed", changed_by_name="zoe", before={}, after={})
    ConfigurationChange.objects.update(changed_at=NOON)
    return made


def shown_to(client: Client) -> str:
    return client.get("/change-log/").content.decode()


def test_the_zone_of_the_browser_counts_until_a_person_chooses(change: ConfigurationChange, signed_in: SignIn) -> None:
    reader = signed_in("Reader")
    assert "2026-07-01 12:00:05 UTC</time>" in shown_to(reader)
    reader.cookies["zone"] = "America/New_York"
    assert 'title="2026-07-01 12:00:05 UTC" data-local>2026-07-01 08:00:05</time>' in shown_to(reader)
    reader.post("/my-settings/", {"time_zone": "Asia/Tokyo", "locale": "de_DE", "appearance": "dark"})
    page = shown_to(reader)
    assert ">01.07.2026 21:00:05</time>" in page
    assert 'data-appearance="dark"' in page


def test_a_cookie_that_is_no_zone_is_passed_over(change: ConfigurationChange, signed_in: SignIn) -> None:
    reader = signed_in("Reader")
    reader.cookies["zone"] = "'><script>"
    assert "2026-07-01 12:00:05 UTC</time>" in shown_to(reader)


def test_settings_that_do_not_exist_are_refused(signed_in: SignIn) -> None:
    page = signed_in("Reader").post("/my-settings/", {"time_zone": "Mars/Olympus", "locale": "", "appearance": ""})
    assert page.status_code == 200
    assert not PersonalSettings.objects.exclude(time_zone="").exists()


def test_opening_the_settings_saves_nothing(signed_in: SignIn) -> None:
    assert signed_in("Reader").get("/my-settings/").status_code == 200
    assert not PersonalSettings.objects.exists()


def test_who_wants_it_sees_how_long_ago_with_the_exact_time_on_hover_and_exports_stay_exact(
    change: ConfigurationChange, signed_in: SignIn
) -> None:
    reader = signed_in("Reader")
    ConfigurationChange.objects.update(changed_at=timezone.now() - timedelta(minutes=5, seconds=2))
    reader.post("/my-settings/", {"time_zone": "Europe/Berlin", "locale": "de_DE", "appearance": "", "moments": "relative"})
    page = shown_to(reader)
    assert " data-relative>5 min ago</time>" in page and re.search(
        r'title="\d\d\.\d\d\.\d{4} \d\d:\d\d:\d\d · \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"', page
    )
    assert 'data-now="' in page
    assert "ago" not in reader.get("/change-log/?export=csv").getvalue().decode()
    reader.post("/my-settings/", {"time_zone": "Europe/Berlin", "locale": "de_DE", "appearance": "", "moments": ""})
    assert "data-relative" not in shown_to(reader) and "data-now" not in shown_to(reader)
