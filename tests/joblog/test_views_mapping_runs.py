"""What the FactBox of a mapping tells of its runs."""

from __future__ import annotations

from datetime import UTC, datetime

from django.test import Client
from django.urls import reverse

from joblog.models import JobQueueEntry
from mappings.models import IntegrationTableMapping
from tests.joblog.conftest import MakeJob, MakeMapping

# session, person, 2 x permissions, mapping, jobs, entries
QUERIES = 7


def runs(client: Client, mapping: IntegrationTableMapping) -> str:
    return client.get(reverse("joblog:mapping-runs", args=[mapping.pk])).content.decode()


def test_the_strip_has_one_bar_per_job_oldest_first_at_most_24(reader: Client, mapping: IntegrationTableMapping, make_job: MakeJob) -> None:
    jobs = [make_job(days=30 - number, modified=number) for number in range(26)]
    page = runs(reader, mapping)
    assert page.count("<rect") == 24
    assert reverse("joblog:job", args=[jobs[1].pk]) not in page
    assert page.index(f"/log/{jobs[2].pk}/") < page.index(f"/log/{jobs[25].pk}/")


def test_failures_are_red_and_runs_without_work_are_grey(reader: Client, mapping: IntegrationTableMapping, make_job: MakeJob) -> None:
    make_job(modified=5)
    make_job(failed=1)
    make_job(status="Error")
    make_job(unchanged=9)
    page = runs(reader, mapping)
    assert (page.count('class="bar bad"'), page.count('class="bar none"'), page.count('class="bar "')) == (2, 1, 1)


def test_the_highest_bar_is_the_run_that_touched_most(reader: Client, mapping: IntegrationTableMapping, make_job: MakeJob) -> None:
    make_job(modified=1000)
    make_job(unchanged=9)
    page = runs(reader, mapping)
    assert 'y="0" width="8" height="54"' in page
    assert 'y="51" width="8" height="3"' in page


def test_previews_and_other_mappings_are_left_out(
    reader: Client, mapping: IntegrationTableMapping, make_mapping: MakeMapping, make_job: MakeJob
) -> None:
    make_job(type="Preview")
    make_job(mapping=make_mapping("CONTACT"))
    assert "This mapping has not run yet." in runs(reader, mapping)


def test_the_schedule_is_that_of_the_recurring_entry(reader: Client, mapping: IntegrationTableMapping) -> None:
    assert "No job queue entry runs this mapping by itself." in runs(reader, mapping)
    JobQueueEntry.objects.create(description="Once", mapping=mapping, status="Ready")
    JobQueueEntry.objects.create(description="Again", mapping=mapping, recurring=True, minutes_between_runs=30, status="On Hold")
    page = runs(reader, mapping)
    assert "Every 30 min" in page
    assert page.count("On Hold") == 1
    assert "Once" not in page


def test_the_number_of_queries_is_bounded(
    reader: Client, mapping: IntegrationTableMapping, make_job: MakeJob, django_assert_num_queries
) -> None:
    runs(reader, mapping)
    for _ in range(30):
        make_job(failed=1)
    with django_assert_num_queries(QUERIES):
        runs(reader, mapping)


def test_bars_tell_the_time_of_the_reader(reader: Client, mapping: IntegrationTableMapping, make_job: MakeJob) -> None:
    reader.cookies["zone"] = "Asia/Kolkata"
    make_job(started_at=datetime(2026, 3, 1, 20, 0, tzinfo=UTC))
    assert "2026-03-02 01:30:00 →" in runs(reader, mapping)
