"""The Integration Synchronization Log."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from joblog.models import SynchJob
from mappings.models import IntegrationTableMapping
from tests.joblog.conftest import MakeEntry, MakeJob, MakeMapping

LOG = "/log/"
# session, person, 2 x permissions, names of the mapping filter, count, jobs, systems of the top bar, pause
QUERIES = 9


def shown(client: Client, query: str = "") -> list[int]:
    """The jobs of the list, from top to bottom."""
    return [row.record.pk for row in client.get(f"{LOG}{query}").context["table"].page.object_list]


def test_the_newest_job_stands_first_and_the_last_seven_days_are_shown(reader: Client, make_job: MakeJob) -> None:
    old, older_than_new, new = make_job(days=8), make_job(days=2), make_job(days=1)
    assert shown(reader) == [new.pk, older_than_new.pk]
    assert shown(reader, "?period=all") == [new.pk, older_than_new.pk, old.pk]
    assert shown(reader, "?period=1") == []


@pytest.mark.rule("11.to-errors")
def test_each_count_links_to_its_entries_and_zero_is_no_link(reader: Client, make_job: MakeJob) -> None:
    job = make_job(inserted=2, failed=3, unchanged=41, modified=1234)
    page = reader.get(LOG).content.decode()
    entries = reverse("joblog:job-entries", args=[job.pk])
    assert f'<a class="" href="{entries}?action=Inserted" aria-label="2 Inserted">2</a>' in page
    assert f'<a class="" href="{entries}?action=Modified" aria-label="1,234 Modified">1,234</a>' in page
    assert f'<a class="pill bad" href="{entries}?action=Failed" aria-label="3 Failed">3</a>' in page
    assert "action=Deleted" not in page
    assert "action=Unchanged" not in page


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("?mapping=CONTACT", 0),
        ("?status=Error", 1),
        ("?direction=FromIntegrationTable", 2),
        ("?type=Preview", 3),
        ("?trigger=retry", 4),
        ("?search=sign-in", 1),
        ("?status=Error&until=9999-12-31", 1),
    ],
)
def test_the_list_is_filtered(reader: Client, make_job: MakeJob, make_mapping: MakeMapping, query: str, place: int) -> None:
    jobs = [
        make_job(mapping=make_mapping("CONTACT")),
        make_job(status="Error", message="Sales refused the sign-in."),
        make_job(direction="FromIntegrationTable"),
        make_job(type="Preview"),
        make_job(trigger="retry"),
    ]
    assert shown(reader, query) == [jobs[place].pk]


def test_jobs_with_failures_are_those_with_failed_records_and_those_that_stopped(reader: Client, make_job: MakeJob) -> None:
    make_job(inserted=4)
    failed, stopped = make_job(failed=1), make_job(status="Error")
    assert shown(reader, "?failures=on") == [stopped.pk, failed.pk]


def test_what_needs_attention_has_records_that_still_fail_or_stopped_for_good(
    reader: Client, make_job: MakeJob, make_entry: MakeEntry
) -> None:
    settled, failing, stopped = make_job(failed=1), make_job(failed=1), make_job(status="Error")
    make_job(status="Error", recovered_at=stopped.started_at)
    make_entry(settled, source_key="1" * 36)
    make_entry(failing, source_key="1" * 36)
    assert shown(reader, "?attention=on") == [stopped.pk, failing.pk]


def test_everybody_finds_what_they_started(reader: Client, make_job: MakeJob) -> None:
    mine = make_job(user_name=User.objects.get().username)
    make_job(user_name="anna")
    assert shown(reader, "?mine=on") == [mine.pk]


def test_the_views_stand_above_the_list(reader: Client, make_job: MakeJob) -> None:
    running, full = make_job(days=10, status="In Process"), make_job(days=10, type="Full")
    make_job()
    page = reader.get(LOG)
    views = dict(page.context["views"])
    assert list(views) == ["Needs attention", "Running now", "Full syncs", "Previews", "Mine"]
    assert shown(reader, f"?{views['Running now']}") == [running.pk]
    assert shown(reader, f"?{views['Full syncs']}") == [full.pk]
    assert '<a href="?mine=on&amp;period=30" aria-current="page">' in reader.get(f"{LOG}?{views['Mine']}").content.decode()


def test_an_opened_row_begins_with_the_causes(reader: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    job = make_job(failed=3)
    made = [make_entry(job, fields=["name"]) for _ in range(2)]
    make_entry(job, code="conflict")
    row = reader.get(reverse("joblog:job-failures", args=[job.pk])).content.decode()
    address = f"{reverse('joblog:job-entries', args=[job.pk])}?cause={made[0].cause_id}"
    assert f'<a href="{address}"' in row
    assert "<b>2</b> A text is too long (name)" in row
    entries = reader.get(address).context["table"].page.object_list
    assert {one.record.pk for one in entries} == {one.pk for one in made}


def test_dates_bound_the_list_and_replace_the_seven_days(reader: Client, make_job: MakeJob) -> None:
    old, new = make_job(days=30), make_job()
    assert shown(reader, f"?until={old.started_at:%Y-%m-%d}") == [old.pk]
    assert shown(reader, f"?since={new.started_at:%Y-%m-%d}") == [new.pk]


@pytest.mark.rule("23.record.log")
def test_the_log_of_one_record_shows_all_jobs_that_touched_it(reader: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    as_source, as_destination, _other = make_job(days=40), make_job(days=1), make_job()
    make_entry(as_source, source_key="a" * 36)
    make_entry(as_destination, "Modified", destination_key="a" * 36)
    assert shown(reader, f"?record={'a' * 36}") == [as_destination.pk, as_source.pk]


def test_the_log_of_a_record_that_many_jobs_touched_shows_the_newest_and_says_so(
    reader: Client, make_job: MakeJob, make_entry: MakeEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("joblog.filters.JOBS_OF_RECORD", 2)
    jobs = [make_job() for _ in range(3)]
    for job in jobs:
        make_entry(job, source_key="a" * 36)
    address = f"?record={'a' * 36}"
    assert shown(reader, address) == [jobs[2].pk, jobs[1].pk]
    assert "jobs of this record are shown" in reader.get(f"{LOG}{address}").content.decode()
    jobs[2].delete()
    assert "jobs of this record are shown" not in reader.get(f"{LOG}{address}").content.decode()


def test_a_running_job_shows_how_far_it_is(reader: Client, make_job: MakeJob) -> None:
    make_job(status="In Process", read=620, to_read=1000)
    make_job(status="In Process", read=4100)
    page = reader.get(LOG).content.decode()
    assert '<progress max="100" value="62" aria-label="62 % read"></progress> 62 %' in page
    assert "4,100 read" in page


def test_the_list_is_fetched_again_often_while_a_job_runs_and_seldom_otherwise(reader: Client, make_job: MakeJob) -> None:
    job = make_job(status="In Process")
    assert 'hx-trigger="every 2s"' in reader.get(LOG).content.decode()
    SynchJob.objects.filter(pk=job.pk).update(status="Finished")
    assert 'hx-trigger="every 5s"' in reader.get(LOG).content.decode()


def test_a_further_page_without_running_jobs_is_left_alone(reader: Client, make_job: MakeJob) -> None:
    for _ in range(26):
        make_job()
    assert "data-live" not in reader.get(f"{LOG}?per_page=25&page=2").content.decode()


def test_the_list_asks_no_query_per_row(reader: Client, make_job: MakeJob, django_assert_num_queries) -> None:
    make_job(failed=1)
    reader.get(LOG)
    with django_assert_num_queries(QUERIES):
        reader.get(LOG)
    for _ in range(40):
        make_job(failed=2, inserted=3, status="In Process", read=2)
    with django_assert_num_queries(QUERIES):
        reader.get(LOG)


def test_a_coupling_job_says_what_it_did_and_its_columns_show(reader: Client, make_job: MakeJob) -> None:
    make_job(type="Coupling", coupled=31)
    assert "31 coupled" in reader.get(LOG).content.decode()
    assert "action=Coupled" in reader.get(f"{LOG}?type=Coupling").content.decode()


def test_a_row_opens_to_its_failed_records(operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    job = make_job(failed=1, modified=1)
    entry = make_entry(job, message="The currency <b>GBP</b> is not coupled.")
    make_entry(job, "Modified", source_label="Somebody else")
    assert f'data-expands="{reverse("joblog:job-failures", args=[job.pk])}"' in operator.get(LOG).content.decode()
    row = operator.get(reverse("joblog:job-failures", args=[job.pk])).content.decode()
    assert "The currency &lt;b&gt;GBP&lt;/b&gt; is not coupled." in row
    assert reverse("joblog:record", args=[job.mapping_id, "business_central", entry.source_key]) in row
    assert "not created" in row
    assert f'name="only" value="{entry.pk}"' in row
    assert "Somebody else" not in row


def test_an_opened_row_shows_twenty_records_and_links_to_the_others(reader: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    job = make_job(failed=23)
    for _ in range(23):
        make_entry(job)
    row = reader.get(reverse("joblog:job-failures", args=[job.pk])).content.decode()
    assert row.count('class="error"') == 20
    assert "3 more failed records" in row


def test_only_those_who_may_operate_see_the_retry_button(
    reader: Client, operator: Client, make_job: MakeJob, make_entry: MakeEntry
) -> None:
    job = make_job(failed=1)
    make_entry(job)
    address = reverse("joblog:job-failures", args=[job.pk])
    assert "Retry" in operator.get(address).content.decode()
    assert "Retry" not in reader.get(address).content.decode()
    assert "Retry Failed Records" not in reader.get(LOG).content.decode()


@pytest.mark.parametrize("address", [LOG, "/errors/", "/job-queue/"])
def test_somebody_without_a_role_sees_nothing(client: Client, db: None, address: str) -> None:
    assert client.get(address).status_code == 302
    client.force_login(User.objects.create_user("nobody"))
    assert client.get(address).status_code == 403


def test_the_rows_can_be_exported(reader: Client, mapping: IntegrationTableMapping, make_job: MakeJob) -> None:
    make_job(inserted=2, message="=cmd()")
    lines = b"".join(reader.get(f"{LOG}?export=csv")).decode().splitlines()
    assert lines[0].startswith("Start,Duration,Mapping,Direction,Inserted")
    assert ",4.0,CUSTOMER,ToIntegrationTable,2,0,0,0,0,0,Finished,'=cmd()" in lines[1]


def test_a_count_stops_at_ten_thousand(reader: Client, make_job: MakeJob, mapping: IntegrationTableMapping) -> None:
    first = make_job()
    rows = [
        SynchJob(mapping=mapping, mapping_name="CUSTOMER", direction=first.direction, status="Finished", started_at=first.started_at)
        for _ in range(10_004)
    ]
    SynchJob.objects.bulk_create(rows)
    page = reader.get(f"{LOG}?per_page=200&page=50").content.decode()
    assert "10,000+ jobs" in page
    assert "Narrow the filters to see them." in page


def test_filtering_keeps_how_many_rows_a_page_has(reader: Client, make_job: MakeJob) -> None:
    make_job()
    assert '<input type="hidden" name="per_page" value="25">' in reader.get(f"{LOG}?per_page=25").content.decode()
    assert 'name="per_page"' not in reader.get(LOG).content.decode()
