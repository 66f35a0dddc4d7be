from datetime import UTC, datetime, timedelta, timezone

import pytest

from syncadmin.ui import formatting


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, ""), (0, "0 s"), (0.42, "0.4 s"), (4, "4 s"), (59.6, "1 min"), (200, "3 min 20 s"), (3600, "1 h"), (7530, "2 h 5 min")],
)
def test_durations_are_said_in_words(seconds, words):
    assert formatting.duration(seconds) == words


def test_a_moment_is_shown_in_utc_whatever_its_zone():
    at = datetime(2026, 11, 22, 12, 30, 2, tzinfo=timezone(timedelta(hours=1)))
    assert formatting.moment(at) == ('<time datetime="2026-11-22T11:30:02Z" title="2026-11-22 11:30:02 UTC">2026-11-22 11:30:02 UTC</time>')


def test_a_moment_that_never_was_shows_nothing():
    assert formatting.moment(None) == ""
    assert formatting.utc(datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02 00:00:00 UTC"


def test_a_count_links_to_its_rows():
    assert (
        formatting.count_link(4812, url="/rows/?a=1&b=2", label="rows")
        == '<a class="" href="/rows/?a=1&amp;b=2" aria-label="4,812 rows">4,812</a>'
    )


def test_zero_is_dimmed_and_no_link():
    assert formatting.count_link(0, url="/rows/", tone="bad") == '<span class="zero">0</span>'


def test_the_stored_direction_stays_readable_on_hover():
    assert 'title="ToIntegrationTable"' in formatting.direction("ToIntegrationTable")
    assert "→" in formatting.direction("ToIntegrationTable")


def test_what_people_typed_is_escaped():
    assert formatting.pill("<b>", "bad") == '<span class="pill bad">&lt;b&gt;</span>'


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "now"), (41, "41 s ago"), (310, "5 min ago"), (-720, "in 12 min"), (7300, "2 h ago"), (-4 * 86400, "in 4 d")],
)
def test_a_distance_is_said_in_one_unit(seconds, words):
    assert formatting.distance(seconds) == words
