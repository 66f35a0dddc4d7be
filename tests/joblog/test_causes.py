"""Issues and causes: one open issue per record, and causes that count exactly their open issues."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction

from joblog.causes import forget_issues, keep_issues
from joblog.models import ErrorCause, RunKind, SynchEntry, SynchError, SynchJob
from joblog.queue import enqueue
from joblog.runner import run
from joblog.scope import Scope
from mappings.models import Coupling, IntegrationTableMapping
from tests.joblog.conftest import MakeEntry, MakeJob
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


def opened() -> dict[str, int]:
    """Open records by code, as the causes count them: exactly the open issues, which jobs count too."""
    counted = Counter(SynchError.objects.filter(resolved_at=None).values_list("cause", flat=True))
    assert {row.pk: row.records for row in ErrorCause.objects.filter(records__gt=0)} == counted
    in_jobs = Counter(SynchError.objects.filter(resolved_at=None).values_list("job", flat=True))
    assert {row.pk: row.open_issues for row in SynchJob.objects.filter(open_issues__gt=0)} == in_jobs
    codes: Counter[str] = Counter()
    for row in ErrorCause.objects.filter(records__gt=0):
        codes[row.code] += row.records
    return dict(codes)


def test_records_that_fail_alike_have_one_cause(make_job: MakeJob, make_entry: MakeEntry) -> None:
    job = make_job()
    for _ in range(3):
        make_entry(job, fields=["name"])
    make_entry(job, fields=["city", "name"])
    make_entry(make_job(direction="FromIntegrationTable"), fields=["name"])
    rows = ErrorCause.objects.order_by("id").values_list("mapping_name", "direction", "code", "fields", "records")
    assert list(rows) == [
        ("CUSTOMER", "ToIntegrationTable", "too-long", "name", 3),
        ("CUSTOMER", "ToIntegrationTable", "too-long", "city,name", 1),
        ("CUSTOMER", "FromIntegrationTable", "too-long", "name", 1),
    ]


def test_a_record_that_fails_again_is_one_issue_with_its_attempts(make_job: MakeJob, make_entry: MakeEntry) -> None:
    first = make_entry(make_job(), source_key="1" * 36)
    second = make_entry(make_job(), "Skipped", code="too-long", source_key="1" * 36, message="Still 120 characters.")
    first.refresh_from_db()
    assert list(SynchError.objects.values_list("pk", "attempts", "first_seen_at")) == [(second.pk, 2, first.first_seen_at)]
    assert (first.issue, first.resolved_at is None) == (False, False)
    cause = ErrorCause.objects.get()
    assert (cause.records, cause.failures, cause.message) == (1, 2, "Still 120 characters.")
    assert cause.first_seen_at == first.first_seen_at and cause.last_seen_at is not None and cause.last_seen_at >= cause.first_seen_at


def test_another_cause_takes_the_record_over(make_job: MakeJob, make_entry: MakeEntry) -> None:
    make_entry(make_job(), source_key="1" * 36)
    make_entry(make_job(), source_key="1" * 36, code="refused")
    assert opened() == {"refused": 1}
    assert SynchError.objects.get().attempts == 1


def test_the_same_record_may_fail_in_both_directions(make_job: MakeJob, make_entry: MakeEntry) -> None:
    make_entry(make_job(), source_key="1" * 36)
    make_entry(make_job(direction="FromIntegrationTable"), source_key="1" * 36)
    assert opened() == {"too-long": 2}


def test_a_preview_names_causes_and_opens_nothing(make_job: MakeJob, make_entry: MakeEntry) -> None:
    open_one = make_entry(make_job(), source_key="1" * 36)
    foretold = make_entry(make_job(type="Preview"), source_key="1" * 36)
    assert opened() == {"too-long": 1}
    assert (foretold.cause, foretold.issue) == (open_one.cause, False)


def test_what_is_deleted_counts_no_more(make_job: MakeJob, make_entry: MakeEntry) -> None:
    job = make_job()
    make_entry(job)
    make_entry(make_job())
    with transaction.atomic():
        forget_issues(SynchEntry.objects.filter(job=job))
        SynchEntry.objects.filter(job=job).delete()
    assert opened() == {"too-long": 1}


def test_an_issue_closes_itself_and_stays_readable(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    row = people.create_sales("accounts", name="Too long", address1_city="x" * 50, customertypecode=3)
    command("synchronize", "CUSTOMER")
    command("synchronize", "CUSTOMER")
    (issue,) = SynchError.objects.all()
    assert (issue.attempts, issue.action, issue.cause and issue.cause.field_labels) == (2, "Skipped", "Address 1: City")
    people.change_sales("accounts", row["accountid"], address1_city="Short")
    command("uncouple", "CUSTOMER", row["accountid"])
    assert opened() == {}
    issue.refresh_from_db()
    assert (issue.issue, issue.resolved_at is None) == (True, False)


def test_couplings_resolve_what_matching_did_not_find(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    customer.field_mappings.filter(field="displayName").update(use_for_match=True)
    row = people.create_bc("customers", displayName="Nobody")
    command("match", "CUSTOMER")
    assert opened() == {"no-match": 1}
    account = people.create_sales("accounts", name="Somebody", customertypecode=3)
    command("couple", "CUSTOMER", row["id"], account["accountid"])
    assert opened() == {}


def test_statistics_that_fail_close_when_they_succeed(demo_company: People, command: Command) -> None:
    couple_a_customer(demo_company, command)
    demo_company.fault(system="sales", path="nav_accountstatisticses", method="POST", kind="apply-then-disconnect")
    command("synchronize", "CUSTOMER STATISTICS")
    assert opened() == {"lost-answer": 1}
    demo_company.control("DELETE", "faults")
    command("synchronize", "CUSTOMER STATISTICS")
    assert opened() == {}


def test_a_restored_record_is_deleted_for_nobody_any_more(demo_company: People, command: Command) -> None:
    account = couple_a_customer(demo_company, command)
    demo_company.delete_sales("accounts", account)
    command("synchronize", "CUSTOMER STATISTICS")
    assert opened() == {"deleted": 1}
    coupling = Coupling.objects.get(mapping__name="CUSTOMER")
    entry = enqueue(mapping=coupling.mapping, run_kind=RunKind.RESTORE, scope=Scope(bc_keys=(str(coupling.bc_key),)))
    run(entry.pk)
    assert opened() == {}


def couple_a_customer(people: People, command: Command) -> str:
    account = str(people.create_sales("accounts", name="Coupled", customertypecode=3)["accountid"])
    assert command("couple", "CUSTOMER", people.rows_bc("customers")[0]["number"], account)[0] == 0
    return account


def test_causes_count_their_open_issues_whatever_runs(demo_company: People, command: Command) -> None:
    IntegrationTableMapping.objects.update(synch_only_coupled=False)
    for options in ((), ("--full",), ("--preview",), ("--unconditional", "--use", "sales")):
        command("synchronize", "--all", *options)
        assert opened()
    first = SynchError.objects.filter(resolved_at=None, job__mapping_name="CUSTOMER").first()
    assert first is not None
    command("uncouple", "CUSTOMER", "--all")
    opened()


def test_a_page_without_failures_costs_two_statements(make_job: MakeJob, make_entry: MakeEntry, django_assert_num_queries) -> None:
    job = make_job()
    for _ in range(5):
        make_entry(make_job(direction="FromIntegrationTable"))
    keys = [str(number) for number in range(1000)]
    with transaction.atomic(), django_assert_num_queries(1):
        keep_issues(job, [], well=keys)
    make_entry(job)
    with transaction.atomic(), django_assert_num_queries(2):
        keep_issues(job, [], well=keys)


@pytest.mark.parametrize("records", [1, 300])
def test_failures_cost_the_same_statements_however_many(make_job: MakeJob, records: int, django_assert_num_queries) -> None:
    def failed(job: SynchJob) -> list[SynchEntry]:
        plain = {"action": "Failed", "code": "too-long", "at": job.started_at}
        return [SynchEntry(job=job, source_key=f"{number}", fields=["name"], **plain) for number in range(records)]

    first, second = make_job(), make_job()
    rows = failed(first)
    with transaction.atomic(), django_assert_num_queries(6):  # causes, the new one, causes, its figures: read and written, jobs
        keep_issues(first, rows)
    SynchEntry.objects.bulk_create(rows)
    with transaction.atomic(), django_assert_num_queries(6):  # causes, open issues, those closed, figures: read and written, jobs
        keep_issues(second, failed(second))


def test_errors_of_earlier_versions_get_their_causes(make_job: MakeJob) -> None:
    def entry(job: SynchJob, code: str, key: str, **values: Any) -> SynchEntry:
        return SynchEntry.objects.create(job=job, action="Failed", code=code, source_key=key, at=job.started_at, **values)

    old, new, preview = make_job(days=2), make_job(), make_job(type="Preview")
    first, second = entry(old, "too-long", "a"), entry(new, "too-long", "a")
    entry(new, "refused", "b", resolved_at=new.started_at)
    entry(preview, "refused", "c")
    SynchEntry.objects.create(job=new, action="Modified", source_key="d", at=new.started_at)
    importlib.import_module("joblog.migrations.0009_causes_of_earlier_errors").name_causes(apps, connection.schema_editor())
    importlib.import_module("joblog.migrations.0015_attention").count_open_issues(apps, connection.schema_editor())
    assert opened() == {"too-long": 1}
    first.refresh_from_db()
    assert (first.issue, first.resolved_at) == (False, second.at)
    assert list(SynchError.objects.filter(resolved_at=None)) == [SynchError.objects.get(pk=second.pk)]
    assert SynchEntry.objects.filter(cause=None).count() == 1
