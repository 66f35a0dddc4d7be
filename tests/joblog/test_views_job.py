"""The page of a job, and the entries behind its counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from joblog.claims import take
from joblog.models import JobLine, JobQueueEntry, JobQueueLogEntry, SynchJob
from mappings.changes import save_with_history
from mappings.models import IntegrationTableMapping
from tests.joblog.conftest import MakeEntry, MakeJob

# session, person, 2 x permissions, job, last entry, entries, systems of the top bar, pause
PAGE_QUERIES = 9
# session, person, 2 x permissions, job, last entry, count, entries, systems of the top bar, pause
ENTRIES_QUERIES = 10
# session, person, 2 x permissions, job, count, lines, systems of the top bar, pause
LINES_QUERIES = 9


def page(client: Client, job: SynchJob, query: str = "") -> str:
    return client.get(f"{reverse('joblog:job', args=[job.pk])}{query}").content.decode()


def entries(client: Client, job: SynchJob, query: str = "") -> list[int]:
    answer = client.get(f"{reverse('joblog:job-entries', args=[job.pk])}{query}")
    return [row.record.pk for row in answer.context["table"].page.object_list]


def test_the_page_tells_what_the_job_did(reader: Client, make_job: MakeJob) -> None:
    job = make_job(inserted=2, modified=3, read=46, unchanged=41, bc_requests=4, sales_requests=7, user_name="anna", trigger="person")
    told = page(reader, job)
    for text in ("Finished", "46 · 41 unchanged", "4 to Business Central, 7 to Sales", "Person · anna", "All modified records", "4 s"):
        assert text in told


def test_the_scope_is_told_in_words_and_a_run_of_records_shows_no_watermark(reader: Client, make_job: MakeJob) -> None:
    job = make_job(scope={"bc_keys": ["a", "b"], "directions": ["ToIntegrationTable"], "use": "sales"})
    assert "2 records of Business Central, to Sales only, Dynamics 365 Sales wins" in page(reader, job)
    assert "Watermark" not in page(reader, job)
    assert "Watermark before" in page(reader, make_job())


def test_what_failed_is_shown_first_and_each_tab_has_its_entries(reader: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    job = make_job(modified=1, failed=1)
    make_entry(job, "Modified", source_label="Went well")
    make_entry(job, "Failed", source_label="Went wrong")
    assert "Went wrong" in page(reader, job) and "Went well" not in page(reader, job)
    assert "Went well" in page(reader, job, "?action=Modified")
    assert all(label in page(reader, job, "?action=all") for label in ("Went well", "Went wrong"))
    assert "action=Inserted" not in page(reader, job)


def test_a_message_stands_out_and_the_call_stack_is_folded(reader: Client, make_job: MakeJob) -> None:
    job = make_job(status="Error", message="Sales refused the sign-in (401).", code="sign-in", call_stack="Traceback <module>")
    told = page(reader, job)
    assert "Sales refused the sign-in (401)." in told
    assert '<details class="stack"><summary>Call stack</summary>' in told
    assert "Traceback &lt;module&gt;" in told


def test_a_running_job_tells_how_far_it_is_and_when_it_ends(reader: Client, make_job: MakeJob) -> None:
    told = page(reader, make_job(status="In Process", phase="window", read=250, to_read=1000, inserted=30, modified=20))
    for text in ("250 of 1,000 read, 50 written", "changed records", "ends about"):
        assert text in told
    assert "ends about" not in page(reader, make_job(status="In Process", read=250))


def test_a_run_under_way_is_canceled_from_the_page_of_its_job(operator: Client, reader: Client, make_job: MakeJob) -> None:
    entry, job = make_running(make_job)
    assert 'value="cancel"' in page(operator, job) and 'value="cancel"' not in page(reader, job)
    answer = operator.post(reverse("joblog:queue-state"), {"entry": entry.pk, "do": "cancel", "next": f"/log/{job.pk}/"})
    assert answer.url == f"/log/{job.pk}/"
    told = page(operator, job)
    assert f"stops at its next page, asked by {JobQueueEntry.objects.get().stop_by}" in told and 'value="cancel"' not in told


def test_the_last_fragment_of_a_job_brings_the_buttons_that_fit_what_has_ended(operator: Client, make_job: MakeJob) -> None:
    _, job = make_running(make_job)
    address, htmx = reverse("joblog:job", args=[job.pk]), {"HX-Request": "true"}
    assert 'id="job-actions"' not in operator.get(address, headers=htmx).content.decode()
    SynchJob.objects.update(status="Canceled", failed=1)
    fragment = operator.get(address, headers=htmx).content.decode()
    assert 'id="job-actions" hx-swap-oob="true"' in fragment
    assert "Retry Failed Records" in fragment and 'value="cancel"' not in fragment and "every 2s" not in fragment


def test_the_job_of_an_earlier_execution_has_no_run_to_cancel(operator: Client, make_job: MakeJob) -> None:
    _, job = make_running(make_job)
    JobQueueEntry.objects.update(current_log=None)
    assert 'value="cancel"' not in page(operator, job)


def test_a_lost_worker_is_told_while_the_run_waits_and_after_it(operator: Client, make_job: MakeJob, settings: Any) -> None:
    entry, job = make_running(make_job)
    JobQueueEntry.objects.update(heartbeat_at=timezone.now(), claimed_by="far:1")
    assert "no sign of life" not in page(operator, job)
    JobQueueEntry.objects.update(heartbeat_at=timezone.now() - timedelta(seconds=settings.STALE_SECONDS + 1))
    assert "the worker gives no sign of life, another one goes on" in page(operator, job)
    assert 'pill bad">Lost</span>' in operator.get(reverse("joblog:queue-entry", args=[entry.pk])).content.decode()
    assert take(entry.pk)
    assert "far:1 gave no sign of life any more" in page(operator, job)


@pytest.mark.parametrize("phase", ["paused", "waiting"])
def test_nobody_knows_when_a_run_ends_that_does_not_go_on(reader: Client, make_job: MakeJob, phase: str) -> None:
    assert "ends about" not in page(reader, make_job(status="In Process", phase=phase, read=250, to_read=1000))


def make_running(make_job: MakeJob) -> tuple[JobQueueEntry, SynchJob]:
    """An entry In Process, and the job of its run."""
    entry = JobQueueEntry.objects.create(description="CUSTOMER job", status="In Process", claim_token="x")
    execution = JobQueueLogEntry.objects.create(entry=entry, description="x", run_kind="synchronize", started_at=timezone.now())
    JobQueueEntry.objects.update(current_log=execution)
    return entry, make_job(log_entry=execution, status="In Process")


def test_causes_of_a_job_are_counted_and_link_to_their_records(operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    job = make_job(failed=2)
    again, other = make_entry(job, source_key="1" * 36, fields=["name"]), make_entry(job, fields=["name"])
    make_entry(make_job(), source_key="1" * 36, fields=["name"])
    told = page(operator, job, "?tab=causes")
    assert "A text is too long" in told and "Retry 2 records" in told
    assert f'{reverse("joblog:job-entries", args=[job.pk])}?cause={again.cause_id}" aria-label="2 records"' in told
    assert entries(operator, job, f"?cause={other.cause_id}") == [other.pk, again.pk]
    assert entries(operator, job, "?state=open") == [other.pk]
    assert "Nothing failed in this job." in page(operator, make_job(), "?tab=causes")


def test_changes_are_listed_field_by_field(reader: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    job = make_job(modified=1, inserted=1)
    make_entry(job, "Modified", changes=[{"field": "telephone1", "label": "Phone", "old": "1", "new": "<2>"}])
    make_entry(job, "Inserted", changes=[{"field": "name", "label": "Name", "old": "", "new": "Adatum"}])
    told = page(reader, job, "?tab=changes")
    assert "<del>1</del>" in told and "<ins>&lt;2&gt;</ins>" in told and "Adatum</ins>" not in told
    assert "<ins>Adatum</ins>" in page(reader, job, "?tab=changes&action=Inserted")


def test_settings_are_those_of_the_version_that_ran(reader: Client, mapping: IntegrationTableMapping, make_job: MakeJob) -> None:
    mapping.field_mappings.create(field="displayName", integration_field="name", status="Enabled")
    old = make_job(mapping_version=mapping.version, watermark_before=timezone.now())

    def save() -> None:
        mapping.table_filter = "blocked eq ' '"
        mapping.save()

    save_with_history(mapping, None, "Filter", save)
    assert "blocked eq" not in page(reader, old, "?tab=settings")
    told = page(reader, make_job(mapping_version=2), "?tab=settings")
    assert "blocked eq &#x27; &#x27;" in told and "displayName" in told
    gone = make_job(mapping=None, mapping_version=9)
    assert "nothing is kept of this version" in page(reader, gone, "?tab=settings")


def test_a_running_job_is_fetched_again_and_a_finished_one_is_not(reader: Client, make_job: MakeJob) -> None:
    assert "data-live" in page(reader, make_job(status="In Process"))
    assert "data-live" not in page(reader, make_job())


def test_the_fragment_of_a_running_job_is_what_the_page_shows(reader: Client, make_job: MakeJob) -> None:
    job = make_job(status="In Process", read=12)
    fragment = reader.get(reverse("joblog:job", args=[job.pk]), headers={"HX-Request": "true"}).content.decode()
    assert fragment.strip() in page(reader, job)
    assert "<html" not in fragment


@pytest.mark.rule("11.to-errors")
def test_entries_are_exactly_those_behind_a_count(reader: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    job, other = make_job(), make_job()
    inserted, failed = make_entry(job, "Inserted"), make_entry(job, "Failed")
    make_entry(other, "Failed")
    assert entries(reader, job, "?action=Failed") == [failed.pk]
    assert entries(reader, job) == [failed.pk, inserted.pk]
    assert entries(reader, job, "?code=TOO-LONG") == [failed.pk]


def test_entries_of_one_record_are_found_by_its_key_on_either_side(reader: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    job = make_job()
    one = make_entry(job, "Modified", destination_key="b" * 36)
    make_entry(job, "Modified")
    assert entries(reader, job, f"?record={'b' * 36}") == [one.pk]


def test_changed_fields_show_from_what_to_what_and_never_as_markup(reader: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    job = make_job(modified=1)
    changes = [
        {"field": "telephone1", "label": "Phone", "old": "1", "new": "<script>"},
        {"field": "fax", "label": "", "old": "5", "new": ""},
    ]
    make_entry(job, "Modified", changes=changes)
    told = page(reader, job)
    assert '<b>Phone:</b> <del>1</del><span aria-hidden="true"> → </span><ins>&lt;script&gt;</ins>' in told
    assert '<b>fax:</b> <del>5</del><span aria-hidden="true"> → </span><ins><i class="soft">blank</i></ins>' in told


def test_a_conflict_shows_each_field_with_baseline_and_both_values(reader: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    job = make_job(failed=1)
    conflict = {
        "field": "phoneNumber",
        "integration_field": "telephone1",
        "label": "Phone No.",
        "baseline_bc": "100",
        "baseline_sales": "100",
        "bc": "101",
        "sales": "199",
    }
    make_entry(job, code="conflict", detail={"conflicts": [conflict]})
    told = page(reader, job)
    assert '<th scope="row" title="phoneNumber | telephone1">Phone No.</th><td>100</td><td>101</td><td>199</td>' in told


@pytest.mark.rule("11.open")
def test_records_link_to_their_pages_and_those_of_a_deleted_mapping_do_not(
    reader: Client, make_job: MakeJob, make_entry: MakeEntry
) -> None:
    job = make_job(direction="FromIntegrationTable", modified=1)
    entry = make_entry(job, "Modified", destination_key="c" * 36, destination_label="Adatum")
    told = page(reader, job)
    assert reverse("joblog:record", args=[job.mapping_id, "sales", entry.source_key]) in told
    assert reverse("joblog:record", args=[job.mapping_id, "business_central", "c" * 36]) in told
    gone = make_job(mapping=None, modified=1)
    make_entry(gone, "Modified")
    assert "<span>10000 Adatum</span>" in page(reader, gone)


def test_an_unknown_job_is_not_found(reader: Client) -> None:
    assert reader.get("/log/999/").status_code == 404
    assert reader.get("/log/999/entries/").status_code == 404
    assert reader.get("/log/999/failures/").status_code == 404


@pytest.mark.parametrize(("name", "queries"), [("joblog:job", PAGE_QUERIES), ("joblog:job-entries", ENTRIES_QUERIES)])
def test_no_query_per_entry(
    reader: Client, make_job: MakeJob, make_entry: MakeEntry, django_assert_num_queries, name: str, queries: int
) -> None:
    job = make_job(failed=20)
    address = reverse(name, args=[job.pk])
    make_entry(job)
    reader.get(address)
    with django_assert_num_queries(queries):
        reader.get(address)
    for _ in range(20):
        make_entry(job, destination_key="d" * 36, coupling_id=1)
    with django_assert_num_queries(queries):
        reader.get(address)


def test_log_lines_stand_below_the_phases_newest_first(reader: Client, make_job: MakeJob) -> None:
    job = make_job(timings={"read": 1.0, "write": 2.0})
    told = page(reader, job, "?tab=lines")
    assert "Nothing was said of this job" in told and "Reading <b>1 s</b>" in told and "Starting and waiting <b>1 s</b>" in told
    for text in ("line one", "<i>line two</i>\nTraceback"):
        JobLine.objects.create(job=job, at=timezone.now(), level="WARNING", text=text)
    told = page(reader, job, "?tab=lines")
    assert told.index("&lt;i&gt;line two") < told.index("line one") and '<span class="pill warn">Warning</span>' in told
    assert "Phases" not in page(reader, make_job(), "?tab=lines")


def test_the_list_of_log_lines_is_searched_filtered_and_exported(reader: Client, make_job: MakeJob) -> None:
    job, other = make_job(), make_job()
    JobLine.objects.create(job=job, at=timezone.now(), level="INFO", text="begins")
    JobLine.objects.create(job=job, at=timezone.now(), level="WARNING", text="waits")
    JobLine.objects.create(job=other, at=timezone.now(), level="WARNING", text="of another")
    address = reverse("joblog:job-lines", args=[job.pk])
    for query, found in (("", {"begins", "waits"}), ("?attention=on", {"waits"}), ("?level=INFO", {"begins"}), ("?search=WAI", {"waits"})):
        assert {row.record.text for row in reader.get(f"{address}{query}").context["table"].page.object_list} == found
    assert "waits" in reader.get(f"{address}?export=csv").getvalue().decode()


@pytest.mark.parametrize("rows", [1, 60])
def test_lines_cost_the_same_however_many(
    rows: int, reader: Client, make_job: MakeJob, django_assert_num_queries: Callable[[int], Any]
) -> None:
    job = make_job()
    JobLine.objects.bulk_create(JobLine(job=job, at=timezone.now(), text=f"line {number}") for number in range(rows))
    with django_assert_num_queries(LINES_QUERIES):
        page(reader, job, "?tab=lines")
    with django_assert_num_queries(LINES_QUERIES):
        reader.get(reverse("joblog:job-lines", args=[job.pk]))
