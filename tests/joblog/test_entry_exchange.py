"""Job queue entries come in while workers are at work: what a worker writes meanwhile stays."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from joblog.claims import take
from joblog.exchange import EntryImport, entries_to_json
from joblog.models import JobQueueEntry
from mappings.exchange import Import
from mappings.models import IntegrationTableMapping, System


@pytest.fixture
def entry(mapping: IntegrationTableMapping) -> JobQueueEntry:
    return JobQueueEntry.objects.create(
        mapping=mapping, description="Customers", recurring=True, status="Ready", minutes_between_runs=30, earliest_start=timezone.now()
    )


def read(**changes: Any) -> Import:
    """A file with the one entry that there is, changed so; checked, and not yet carried out."""
    (plain,) = entries_to_json()
    whole = Import()
    EntryImport(whole).read({"job_queue_entries": [plain | changes]})
    return whole


def carry_out(whole: Import) -> None:
    assert whole.errors == []
    with transaction.atomic():
        whole.apply()


def test_an_entry_that_a_worker_takes_meanwhile_stays_in_process(entry: JobQueueEntry) -> None:
    whole = read(status="On Hold", minutes_between_runs=7)
    claim = take(entry.pk)
    assert claim is not None
    carry_out(whole)
    entry.refresh_from_db()
    assert (entry.status, entry.minutes_between_runs, entry.claim_token) == ("In Process", 7, claim.token)


def test_the_next_start_that_a_worker_sets_meanwhile_stays(entry: JobQueueEntry) -> None:
    whole, later = read(minutes_between_runs=7), timezone.now() + timedelta(hours=3)
    JobQueueEntry.objects.update(earliest_start=later)
    carry_out(whole)
    assert start_of(entry) == later


def test_an_entry_that_rests_until_a_change_goes_on_resting(entry: JobQueueEntry) -> None:
    JobQueueEntry.objects.update(status="On Hold with Inactivity Timeout", earliest_start=None)
    carry_out(read(minutes_between_runs=7))
    assert start_of(entry) is None


def test_an_entry_that_is_set_to_ready_gets_a_start(entry: JobQueueEntry) -> None:
    JobQueueEntry.objects.update(status="On Hold", earliest_start=None)
    carry_out(read(status="Ready"))
    assert start_of(entry) is not None


def test_an_entry_that_is_deleted_meanwhile_is_made_anew_without_a_claim(entry: JobQueueEntry) -> None:
    whole = read(minutes_between_runs=7)
    JobQueueEntry.objects.all().delete()
    carry_out(whole)
    made = JobQueueEntry.objects.get()
    assert (made.description, made.minutes_between_runs, made.claim_token, made.mapping) == ("Customers", 7, "", entry.mapping)


def test_in_process_is_no_status_for_a_file(entry: JobQueueEntry) -> None:
    assert read(status="In Process").errors == ["job queue entry Customers: status: only a worker sets an entry to In Process."]


def test_a_mapping_of_two_companies_needs_the_company(entry: JobQueueEntry, make_mapping: Any) -> None:
    other = System.objects.create(name="Fabrikam", kind="business_central", address="http://127.0.0.1:9/bc", company="Fabrikam")
    make_mapping(business_central=other)
    assert read(company=None).errors == ["job queue entry Customers: several companies have a mapping CUSTOMER. Name the company."]
    assert read().errors == []


def start_of(entry: JobQueueEntry) -> datetime | None:
    return JobQueueEntry.objects.get(pk=entry.pk).earliest_start
