"""The card of a job queue entry: edited On Hold only, live facts, the next five runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from joblog.models import JobQueueEntry, JobQueueLogEntry
from mappings.models import ConfigurationChange, IntegrationTableMapping

# session, person, 2 x permissions, entry, last runs, mappings to choose from, systems of the top bar, pause
QUERIES = 9
NEW = "/job-queue/new/"


@pytest.fixture
def administrator(signed_in: Callable[[str], Client]) -> Client:
    return signed_in("Administrator")


@pytest.fixture
def entry(mapping: IntegrationTableMapping) -> JobQueueEntry:
    return JobQueueEntry.objects.create(
        description="CUSTOMER job",
        mapping=mapping,
        recurring=True,
        minutes_between_runs=30,
        time_zone="Europe/Copenhagen",
        status="On Hold",
        earliest_start=datetime(2026, 7, 1, 6, 0, 20, tzinfo=UTC),
    )


def card(entry: JobQueueEntry) -> str:
    return reverse("joblog:queue-entry", args=[entry.pk])


def filled_in(client: Client, address: str, **changes: Any) -> dict[str, Any]:
    """What the form posts when a person changes these fields and leaves the others as they are."""
    form = client.get(address).context["form"]
    shown = {name: form[name].value() for name in form.fields}
    for name in ("earliest_start", "expiration"):
        shown[name] = f"{shown[name]:%Y-%m-%dT%H:%M}" if shown[name] else ""
    return {name: value for name, value in (shown | changes).items() if value is not None}


def save(client: Client, entry: JobQueueEntry, **changes: Any) -> Any:
    answer = client.post(card(entry), filled_in(client, card(entry), **changes))
    entry.refresh_from_db()
    return answer


def errors(answer: Any) -> dict[str, list[str]]:
    return {name: list(texts) for name, texts in answer.context["form"].errors.items()}


def test_settings_are_saved_and_kept_in_the_change_log(administrator: Client, entry: JobQueueEntry) -> None:
    save(administrator, entry, minutes_between_runs=60, days=["monday", "friday"], starting_time="08:00", ending_time="18:00")
    assert (entry.minutes_between_runs, entry.weekdays, entry.recurring) == (60, frozenset({0, 4}), True)
    assert (f"{entry.starting_time:%H:%M}", f"{entry.ending_time:%H:%M}", entry.status) == ("08:00", "18:00", "On Hold")
    change = ConfigurationChange.objects.get(kind="job queue entry")
    assert (change.name, change.before["minutes_between_runs"], change.after["minutes_between_runs"]) == ("CUSTOMER job", 30, 60)
    assert "No. of Minutes between Runs" in change.what and "Run on" in change.what


@pytest.mark.parametrize("name", ["earliest_start", "expiration"])
@pytest.mark.parametrize("wall", ["9999-12-31T23:59", "0001-01-01T00:00"])
def test_a_moment_at_the_end_of_the_calendar_is_refused_with_words(
    administrator: Client, entry: JobQueueEntry, name: str, wall: str
) -> None:
    answer = save(administrator, entry, **{name: wall})
    assert errors(answer)[name] == ["Choose a year from 1970 to 8999; leave it blank for no such moment."]
    assert administrator.get("/job-queue/").status_code == 200


def test_saving_without_a_change_changes_nothing(administrator: Client, entry: JobQueueEntry) -> None:
    before = JobQueueEntry.objects.values().get()
    save(administrator, entry)
    assert JobQueueEntry.objects.values().get() == before
    assert not ConfigurationChange.objects.exists()


@pytest.mark.rule("21.1.edit")
@pytest.mark.parametrize("status", ["Ready", "In Process", "Error", "Waiting", "On Hold with Inactivity Timeout", "Finished"])
def test_only_an_entry_on_hold_takes_changes(administrator: Client, entry: JobQueueEntry, status: str) -> None:
    posted = filled_in(administrator, card(entry), minutes_between_runs=60)
    JobQueueEntry.objects.update(status=status)
    page = administrator.get(card(entry))
    assert all(field.disabled for field in page.context["form"].fields.values())
    assert "you must first choose the Set On Hold action" in page.content.decode()
    answer = administrator.post(card(entry), posted, follow=True)
    assert "ou must first choose the Set On Hold action" in answer.content.decode() or errors(answer)
    assert JobQueueEntry.objects.get().minutes_between_runs == 30


@pytest.mark.rule("21.3.zone")
def test_moments_are_meant_in_the_zone_of_the_entry(administrator: Client, entry: JobQueueEntry) -> None:
    assert 'value="2026-07-01T08:00"' in administrator.get(card(entry)).content.decode()
    save(administrator, entry, earliest_start="2026-07-01T09:00", expiration="2026-12-01T09:00")
    assert entry.earliest_start == datetime(2026, 7, 1, 7, tzinfo=UTC)
    assert entry.expiration == datetime(2026, 12, 1, 8, tzinfo=UTC)


@pytest.mark.rule("21.3.formula-or-days")
def test_a_formula_clears_the_days_and_days_clear_the_formula(administrator: Client, entry: JobQueueEntry) -> None:
    save(administrator, entry, next_run_formula="1D+CM")
    assert (entry.weekdays, entry.next_run_formula, entry.recurring) == (frozenset(), "1D+CM", True)
    save(administrator, entry, days=["monday"])
    assert (entry.weekdays, entry.next_run_formula, entry.recurring) == (frozenset({0}), "", True)


@pytest.mark.rule("21.3.recurring")
def test_without_days_and_formula_it_runs_once(administrator: Client, entry: JobQueueEntry) -> None:
    save(administrator, entry, days=[])
    assert not entry.recurring


@pytest.mark.rule("21.3.daily", "21.3.recurring")
def test_a_recurring_entry_without_minutes_runs_every_day(administrator: Client, entry: JobQueueEntry) -> None:
    save(administrator, entry, minutes_between_runs="")
    assert entry.minutes_between_runs == 1440


@pytest.mark.rule("21.3.expiration", "21.4.limits", "21.5.at-least")
@pytest.mark.parametrize(
    ("changes", "field", "text"),
    [
        ({"next_run_formula": "tomorrow"}, "next_run_formula", "no date formula"),
        ({"next_run_formula": "61 * * * *"}, "next_run_formula", "no cron expression"),
        ({"earliest_start": "2026-07-01T09:00", "expiration": "2026-07-01T08:00"}, "expiration", "later than the earliest start"),
        ({"earliest_start": "soon"}, "earliest_start", "no date and time"),
        ({"maximum_attempts": 11}, "maximum_attempts", "At most 10"),
        ({"rerun_delay_seconds": 3601}, "rerun_delay_seconds", "At most 3600"),
        ({"inactivity_minutes": 4}, "inactivity_minutes", "At least 5"),
        ({"mapping": ""}, "mapping", "Choose the mapping"),
        ({"time_zone": "Mars/Olympus"}, "time_zone", "not one of"),
        ({"priority": 40_000}, "priority", "32767"),
        ({"description": ""}, "description", "required"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_field(
    administrator: Client, entry: JobQueueEntry, changes: dict[str, Any], field: str, text: str
) -> None:
    found = errors(save(administrator, entry, **changes))
    assert text in found[field][0]


def test_a_change_on_top_of_somebody_elses_is_refused(administrator: Client, entry: JobQueueEntry) -> None:
    posted = filled_in(administrator, card(entry), minutes_between_runs=60)
    JobQueueEntry.objects.update(category="THEIRS")
    assert "Somebody else has changed this entry" in administrator.post(card(entry), posted).content.decode()
    assert JobQueueEntry.objects.get().minutes_between_runs == 30


@pytest.mark.rule("21.1.new")
def test_a_new_entry_is_on_hold_until_somebody_sets_it_ready(administrator: Client, mapping: IntegrationTableMapping) -> None:
    changes = {"description": "Customers at night", "mapping": mapping.pk, "days": ["sunday"], "starting_time": "02:00"}
    administrator.post(NEW, filled_in(administrator, NEW, **changes))
    made = JobQueueEntry.objects.get()
    assert (made.status, made.recurring, made.weekdays, made.user.username) == (
        "On Hold",
        True,
        frozenset({6}),
        "administrator@example.com",
    )
    assert ConfigurationChange.objects.get().what == "New"


@pytest.mark.rule("21.3.foreseen")
def test_the_card_tells_the_next_five_runs_and_the_last_ones(reader: Client, entry: JobQueueEntry) -> None:
    JobQueueEntry.objects.update(status="Ready", earliest_start=timezone.now() + timedelta(hours=1))
    JobQueueLogEntry.objects.create(entry=entry, description="x", run_kind="synchronize", started_at=timezone.now(), status="Error")
    page = reader.get(card(entry))
    assert len(page.context["runs"]) == 5
    assert page.context["runs"][1] - page.context["runs"][0] == timedelta(minutes=30)
    assert '<span class="pill bad">Error</span>' in page.content.decode()


@pytest.mark.parametrize(
    ("status", "runs", "told"), [("On Hold", 5, "once it is set to Ready"), ("In Process", 0, "when this run has ended")]
)
def test_the_card_foresees_what_setting_it_to_ready_would_give(
    reader: Client, entry: JobQueueEntry, status: str, runs: int, told: str
) -> None:
    start = timezone.now() + timedelta(hours=1)
    JobQueueEntry.objects.update(status=status, earliest_start=start)
    page = reader.get(card(entry))
    assert len(page.context["runs"]) == runs
    assert page.context["runs"][:1] == [start][:runs]
    assert told in page.content.decode()


def test_an_entry_that_runs_once_is_not_foreseen_after_its_expiration(reader: Client, entry: JobQueueEntry) -> None:
    JobQueueEntry.objects.update(recurring=False, earliest_start=None, expiration=timezone.now() - timedelta(hours=1))
    assert reader.get(card(entry)).context["runs"] == []


def test_an_entry_that_cannot_be_scheduled_says_why(reader: Client, entry: JobQueueEntry) -> None:
    JobQueueEntry.objects.update(status="Ready", next_run_formula="soon")
    assert "soon is no date formula" in reader.get(card(entry)).content.decode()


def test_what_runs_is_fetched_again_as_a_fragment(reader: Client, entry: JobQueueEntry, make_job: Any) -> None:
    execution = JobQueueLogEntry.objects.create(entry=entry, description="x", run_kind="synchronize", started_at=timezone.now())
    make_job(log_entry=execution, status="In Process", phase="paused", read=5)
    JobQueueEntry.objects.update(status="In Process", current_log=execution, claim_token="x", claimed_by="host:1", stop_requested="cancel")
    fragment = reader.get(card(entry), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    for text in ("In Process", "host:1", "5 read", "paused", "stops at its next page", "every 2s"):
        assert text in fragment


@pytest.mark.parametrize(
    ("shown", "status", "anew"),
    [
        ("In Process", "On Hold", True), ("Ready", "In Process", True), ("In Process", "Error", True),
        ("Ready", "Waiting", False), ("In Process", "In Process", False), ("On Hold", "Ready", False),
    ],
)  # fmt: skip
def test_the_page_is_loaded_anew_where_other_fields_and_buttons_have_their_time(
    reader: Client, entry: JobQueueEntry, shown: str, status: str, anew: bool
) -> None:
    JobQueueEntry.objects.update(status=status)
    answer = reader.get(card(entry), {"shown": shown}, headers={"HX-Request": "true"})
    assert (answer.headers.get("HX-Refresh") == "true") is anew
    assert f"?shown={shown.replace(' ', '%20')}" in answer.content.decode()


def test_a_reader_and_an_operator_change_nothing(reader: Client, operator: Client, entry: JobQueueEntry) -> None:
    for client in (reader, operator):
        assert client.post(card(entry), {"description": "Mine"}).status_code == 403
        assert client.post(NEW, {"description": "Mine"}).status_code == 403
        assert all(field.disabled for field in client.get(card(entry)).context["form"].fields.values())
    assert "Run once, now" not in reader.get(card(entry)).content.decode()
    assert "Run once, now" in operator.get(card(entry)).content.decode()


def test_the_card_costs_the_same_for_any_number_of_runs(reader: Client, entry: JobQueueEntry, django_assert_num_queries: Any) -> None:
    reader.get(card(entry))
    with django_assert_num_queries(QUERIES):
        reader.get(card(entry))
    for _ in range(10):
        JobQueueLogEntry.objects.create(entry=entry, description="x", run_kind="synchronize", started_at=timezone.now())
    with django_assert_num_queries(QUERIES):
        reader.get(card(entry))
