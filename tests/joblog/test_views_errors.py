"""Integration Synchronization Errors, and retrying them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from joblog.causes import keep_issues
from joblog.filters import ErrorFilter
from joblog.models import JobQueueEntry, RunKind, SynchError
from joblog.models.synch_entry import OPEN_ISSUE
from joblog.scope import Scope
from mappings.models import Coupling, IntegrationTableMapping
from syncadmin.sync.records import Direction, Side
from tests.joblog.conftest import MakeEntry, MakeJob, MakeMapping

ERRORS, RETRY = "/errors/", "/errors/retry/"
# session, person, 2 x permissions, names of the mapping filter, people of the owner filter, 2 x numbers of the tabs, count, entries, their
# jobs, couplings and next runs for the next retry, systems of the top bar, pause
QUERIES = 15
MakeCoupling = Callable[..., Coupling]


def shown(client: Client, query: str = "") -> list[int]:
    return [row.record.pk for row in client.get(f"{ERRORS}{query}").context["table"].page.object_list]


def scopes() -> dict[str, Scope]:
    """The scope of each entry that was made, by mapping."""
    return {entry.mapping.name: Scope.from_json(entry.parameters) for entry in JobQueueEntry.objects.select_related("mapping")}


def test_open_errors_are_shown_newest_first_and_resolved_ones_on_request(reader: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    job = make_job()
    first, second = make_entry(job), make_entry(job, "Skipped", code="conflict")
    resolved = make_entry(job, resolved_at=timezone.now())
    make_entry(job, "Modified")
    assert shown(reader) == [second.pk, first.pk]
    assert shown(reader, "?state=resolved") == [resolved.pk]
    assert "Resolved" in reader.get(f"{ERRORS}?state=resolved").content.decode()


def test_what_a_preview_foretold_is_no_error(reader: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    make_entry(make_job(type="Preview"))
    assert shown(reader) == []
    assert "There is no open error." in reader.get(ERRORS).content.decode()


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("?mapping=CONTACT", 0),
        ("?direction=FromIntegrationTable", 1),
        ("?code=conflict", 2),
        ("?action=Skipped", 3),
        ("?search=baker+gbp", 4),
    ],
)
def test_the_list_is_filtered(
    reader: Client, make_job: MakeJob, make_entry: MakeEntry, make_mapping: MakeMapping, query: str, place: int
) -> None:
    job = make_job()
    made = [
        make_entry(make_job(mapping=make_mapping("CONTACT"))),
        make_entry(make_job(direction="FromIntegrationTable")),
        make_entry(job, code="conflict"),
        make_entry(job, "Skipped", code="refused"),
        make_entry(job, source_label="Baker Street", message="GBP is not coupled."),
    ]
    assert shown(reader, query) == [made[place].pk]


def test_no_query_per_error(reader: Client, make_job: MakeJob, make_entry: MakeEntry, django_assert_num_queries) -> None:
    make_entry(make_job(), coupling_id=1)
    reader.get(ERRORS)
    with django_assert_num_queries(QUERIES):
        reader.get(ERRORS)
    for _ in range(20):
        make_entry(make_job(), destination_key="e" * 36)
    with django_assert_num_queries(QUERIES):
        reader.get(ERRORS)


@pytest.mark.rule("11.retry")
def test_retrying_selected_errors_runs_exactly_these_records_once_per_mapping(
    operator: Client, make_job: MakeJob, make_entry: MakeEntry, make_mapping: MakeMapping
) -> None:
    there, back = make_job(), make_job(direction="FromIntegrationTable")
    one, again, two = make_entry(there), make_entry(make_job(), source_key="1" * 36), make_entry(back, source_key="2" * 36)
    twice = make_entry(there, source_key="1" * 36)
    other = make_entry(make_job(mapping=make_mapping("CONTACT")))
    make_entry(there)
    operator.post(RETRY, {"entry": [one.pk, again.pk, twice.pk, two.pk, other.pk]})
    assert scopes()["CONTACT"] == Scope(directions=(Direction.TO_INTEGRATION,), bc_keys=(other.source_key,))
    customer = scopes()["CUSTOMER"]
    assert set(customer.bc_keys) == {one.source_key, "1" * 36}
    assert customer.sales_keys == ("2" * 36,)
    assert customer.directions == (Direction.TO_INTEGRATION, Direction.FROM_INTEGRATION)
    assert {entry.trigger for entry in JobQueueEntry.objects.all()} == {"retry"}


def test_retrying_frees_skipped_couplings_and_no_others(
    operator: Client, make_job: MakeJob, make_entry: MakeEntry, make_coupling: MakeCoupling
) -> None:
    chosen, other = make_coupling(skipped=True), make_coupling(skipped=True)
    entry = make_entry(make_job(), "Skipped", code="refused", coupling_id=chosen.pk, source_key=chosen.bc_key)
    operator.post(RETRY, {"entry": entry.pk})
    assert list(Coupling.objects.filter(skipped=True)) == [other]


@pytest.mark.rule("11.retry")
def test_the_button_of_a_row_retries_only_that_row(operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    job = make_job()
    ticked, pressed = make_entry(job), make_entry(job)
    operator.post(RETRY, {"entry": ticked.pk, "only": pressed.pk})
    assert scopes()["CUSTOMER"].bc_keys == (pressed.source_key,)


@pytest.mark.rule("9.3.retry-all")
def test_retrying_all_takes_what_the_filter_shows(operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    job = make_job()
    matching = {make_entry(job, code="conflict").source_key for _ in range(60)}
    make_entry(job, code="too-long")
    make_entry(job, code="conflict", resolved_at=timezone.now())
    operator.post(RETRY, {"all": "1", "next": "/errors/?code=conflict&per_page=25"})
    assert set(scopes()["CUSTOMER"].bc_keys) == matching


def test_retrying_all_with_a_filter_that_makes_no_sense_retries_nothing(operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    make_entry(make_job())
    operator.post(RETRY, {"all": "1", "next": "/errors/?mapping=NOBODY"})
    assert not JobQueueEntry.objects.exists()


def test_retrying_all_with_a_filter_that_the_list_does_not_have_retries_nothing_and_says_so(
    operator: Client, make_job: MakeJob, make_entry: MakeEntry
) -> None:
    make_entry(make_job())
    for address, data in ((RETRY, {}), ("/errors/fix/", {"do": "uncouple"}), ("/errors/handle/", {"do": "ignore", "text": "x"})):
        answer = operator.post(address, {"all": "1", "next": "/errors/?f.colour=red"} | data, follow=True)
        assert answer.redirect_chain[-1][0] == "/errors/?f.colour=red"
        assert "Nothing was started. This list has no field “colour” to filter by." in answer.content.decode()
    assert not JobQueueEntry.objects.exists()
    assert SynchError.objects.filter(OPEN_ISSUE).count() == 1


def test_retrying_jobs_takes_what_failed_in_them(operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    job = make_job(failed=2)
    failed = {make_entry(job).source_key, make_entry(job).source_key}
    make_entry(job, "Modified")
    make_entry(make_job(failed=1))
    operator.post(RETRY, {"job": job.pk})
    assert set(scopes()["CUSTOMER"].bc_keys) == failed


def test_a_side_can_be_named_whose_value_wins_whichever_way_it_travels(operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    entry = make_entry(make_job())
    operator.post(RETRY, {"entry": entry.pk, "use": "sales"})
    assert scopes()["CUSTOMER"] == Scope(directions=tuple(Direction), bc_keys=(entry.source_key,), use=Side.SALES)


def test_pairs_that_could_not_be_coupled_are_coupled_again(operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    entry = make_entry(make_job(type="Coupling"), destination_key="f" * 36)
    operator.post(RETRY, {"entry": entry.pk})
    made = JobQueueEntry.objects.get()
    assert made.run_kind == RunKind.COUPLE
    assert Scope.from_json(made.parameters).pairs == ((entry.source_key, "f" * 36),)


def test_errors_of_a_deleted_mapping_are_left_out_with_the_reason(operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    entry = make_entry(make_job(mapping=None))
    answer = operator.post(RETRY, {"entry": entry.pk}, follow=True)
    assert "A mapping of these errors was deleted" in answer.content.decode()
    assert not JobQueueEntry.objects.exists()


def test_a_direction_that_the_mapping_lost_is_left_out(
    operator: Client, mapping: IntegrationTableMapping, make_job: MakeJob, make_entry: MakeEntry
) -> None:
    entry = make_entry(make_job(direction="FromIntegrationTable"))
    IntegrationTableMapping.objects.filter(pk=mapping.pk).update(direction="ToIntegrationTable")
    assert "does not run any more" in operator.post(RETRY, {"entry": entry.pk}, follow=True).content.decode()
    assert not JobQueueEntry.objects.exists()


def test_retried_couplings_run_in_the_directions_in_which_they_failed(operator: Client, make_coupling: MakeCoupling) -> None:
    there = make_coupling(to_result="Failure", skipped=True)
    back = make_coupling(from_result="Failure")
    operator.post(RETRY, {"coupling": [there.pk, back.pk]})
    scope = scopes()["CUSTOMER"]
    assert (scope.bc_keys, scope.sales_keys) == ((there.bc_key, back.bc_key), ())
    assert scope.directions == (Direction.TO_INTEGRATION, Direction.FROM_INTEGRATION)
    assert not Coupling.objects.filter(skipped=True).exists()


def test_a_coupling_that_failed_both_ways_is_one_record(operator: Client, make_coupling: MakeCoupling) -> None:
    both = make_coupling(to_result="Failure", from_result="Failure")
    only_sales = make_coupling(bc_key=None, from_result="Failure")
    told = operator.post(RETRY, {"coupling": [both.pk, only_sales.pk]}, follow=True).content.decode()
    assert "2 records will be synchronized again." in told
    assert (scopes()["CUSTOMER"].bc_keys, scopes()["CUSTOMER"].sales_keys) == ((both.bc_key,), (only_sales.sales_key,))


def test_the_message_tells_how_many_and_links_to_the_log(operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    job = make_job()
    answer = operator.post(RETRY, {"entry": [make_entry(job).pk, make_entry(job).pk], "next": ERRORS}, follow=True)
    told = answer.content.decode()
    assert answer.redirect_chain == [(ERRORS, 302)]
    assert "2 records will be synchronized again." in told
    assert '<a href="/log/?mapping=CUSTOMER">Open the log</a>' in told


def test_nothing_selected_is_said(operator: Client, db: None) -> None:
    assert "Nothing was selected" in operator.post(RETRY, {"entry": "x"}, follow=True).content.decode()


def test_retrying_needs_the_permission_and_a_post(reader: Client, operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    assert reader.post(RETRY, {"entry": make_entry(make_job()).pk}).status_code == 403
    assert operator.get(RETRY).status_code == 405
    assert not JobQueueEntry.objects.exists()


def test_thousands_of_records_travel_in_several_runs(
    operator: Client, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch, make_entry
) -> None:
    monkeypatch.setattr("joblog.retries.RECORDS_PER_RUN", 4)
    job = make_job()
    keys = {make_entry(job).source_key for _ in range(10)}
    operator.post(RETRY, {"all": "1"})
    runs = [Scope.from_json(entry.parameters).bc_keys for entry in JobQueueEntry.objects.order_by("pk")]
    assert [len(run) for run in runs] == [4, 4, 2]
    assert {key for run in runs for key in run} == keys


def test_the_page_offers_retry_only_to_those_who_may_operate(reader: Client, operator: Client, mapping: IntegrationTableMapping) -> None:
    assert reverse("joblog:retry") in operator.get(ERRORS).content.decode()
    assert reverse("joblog:retry") not in reader.get(ERRORS).content.decode()


def test_a_conflict_that_a_named_winner_decides_is_no_error(reader: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    make_entry(make_job(), "Skipped", code="other-side-wins")
    assert shown(reader) == []


def test_open_errors_are_read_from_their_own_index(reader: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    plan = ErrorFilter({}, queryset=SynchError.objects.all()).qs.order_by("-pk")[:50].explain()
    if connection.vendor == "sqlite":
        assert "USING INDEX issue_open" in plan
        assert "TEMP B-TREE" not in plan


def test_a_record_that_keeps_failing_is_one_row_with_its_attempts(reader: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    make_entry(make_job(), source_key="1" * 36)
    last = make_entry(make_job(), source_key="1" * 36)
    assert shown(reader) == [last.pk]
    assert "2 attempts since<br><time" in reader.get(ERRORS).content.decode()
    lines = b"".join(reader.get(f"{ERRORS}?export=csv&cols=at,first_seen_at,attempts")).decode().splitlines()
    assert lines[0].endswith("Last Seen,First Seen,Attempts")
    assert lines[1].endswith(",2")
    assert "<" not in lines[1] and f"{last.at:%Y-%m-%d %H:%M:%S} UTC" in lines[1]


def test_the_next_retry_is_the_next_run_unless_the_record_is_skipped(
    reader: Client, mapping: IntegrationTableMapping, make_job: MakeJob, make_entry: MakeEntry, make_coupling: MakeCoupling
) -> None:
    start = timezone.now() + timedelta(hours=1)
    JobQueueEntry.objects.create(description="CUSTOMER", mapping=mapping, recurring=True, status="Ready", earliest_start=start)
    waiting = make_entry(make_job(), coupling_id=make_coupling().pk)
    skipped = make_entry(make_job(), "Skipped", code="refused", coupling_id=make_coupling(skipped=True).pk)
    elsewhere, uncoupled = make_entry(make_job(direction="FromIntegrationTable")), make_entry(make_job(type="Coupling"), code="no-match")
    cells = {row.record.pk: row.get_cell("next_try") for row in reader.get(ERRORS).context["table"].page.object_list}
    assert f"{start:%Y-%m-%d %H:%M:%S} UTC" in cells[waiting.pk]
    assert cells[skipped.pk] == "when somebody retries it"
    assert {cells[elsewhere.pk], cells[uncoupled.pk]} == {"not by itself"}


def test_retrying_an_older_job_takes_the_records_that_still_fail(operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    old, new = make_job(failed=3), make_job(failed=1)
    for key in "123":
        make_entry(old, source_key=key * 36)
    make_entry(new, source_key="1" * 36)
    with transaction.atomic():
        keep_issues(new, [], well=["2" * 36])
    make_entry(make_job(direction="FromIntegrationTable"), source_key="3" * 36)
    operator.post(RETRY, {"job": old.pk})
    assert (set(scopes()["CUSTOMER"].bc_keys), scopes()["CUSTOMER"].sales_keys) == ({"1" * 36, "3" * 36}, ())


def test_chosen_errors_can_be_restored_deleted_or_uncoupled(
    operator: Client, make_job: MakeJob, make_entry: MakeEntry, make_coupling: MakeCoupling
) -> None:
    one, other = make_coupling(), make_coupling(bc_key=None)
    entries = [make_entry(make_job(), code="deleted", coupling_id=row.pk).pk for row in (one, other)]
    for do, kind in (("restore", "restore"), ("delete", "delete"), ("uncouple", "uncouple")):
        operator.post("/errors/fix/", {"entry": entries, "do": do})
        made = JobQueueEntry.objects.get(run_kind=kind)
        assert Scope.from_json(made.parameters) == Scope(bc_keys=(str(one.bc_key),), sales_keys=(str(other.sales_key),))
    told = operator.post("/errors/fix/", {"entry": entries, "do": "truncate"}, follow=True).content.decode()
    assert "truncate is no way to mend errors" in told


def test_a_cause_is_explained_above_its_records(operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    entry, other = make_entry(make_job(), fields=["name"]), make_entry(make_job(), code="conflict")
    page = operator.get(f"{ERRORS}?cause={entry.cause_id}")
    assert [row.record.pk for row in page.context["table"].page.object_list] == [entry.pk]
    assert "A text is too long" in page.content.decode()
    assert shown(operator, f"?cause={other.cause_id}") == [other.pk]
    assert shown(operator, "?cause=999") == []


def test_an_error_leads_to_the_page_on_which_its_record_is_coupled(operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    job = make_job()
    error = make_entry(job)
    address = reverse("joblog:set-up-from-error", args=[error.pk])
    assert "/errors/{key}/set-up-coupling/" in operator.get(ERRORS).content.decode()
    side = Direction(job.direction).source.value
    assert operator.get(address).headers["Location"] == reverse("joblog:set-up-coupling", args=[job.mapping_id, side, error.source_key])


def test_an_error_leads_to_the_history_of_its_record(reader: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    job = make_job()
    error = make_entry(job)
    side = Direction(job.direction).source.value
    answer = reader.get(reverse("joblog:error-record-log", args=[error.pk]))
    assert answer.headers["Location"] == reverse("joblog:record-log", args=[job.mapping_id, side, error.source_key])


def test_an_error_of_a_deleted_mapping_leads_nowhere(operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    error = make_entry(make_job(mapping=None))
    assert operator.get(reverse("joblog:set-up-from-error", args=[error.pk])).status_code == 404


def test_no_column_of_the_chooser_is_without_a_name(reader: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    make_entry(make_job())
    headings = [heading for _name, heading, _shown in reader.get(ERRORS).context["table"].column_choices()]
    assert all(headings)
    assert len(set(headings)) == len(headings)
