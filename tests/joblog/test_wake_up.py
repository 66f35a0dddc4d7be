"""A change wakes the entries that wait for it (engine.md section 21.6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from joblog import executions
from joblog.claims import Claim, take
from joblog.models import JobQueueEntry, JobQueueLogEntry, QueueStatus, RunKind
from joblog.pauses import pause, resume
from joblog.wake_up import soon, wake
from joblog.watched_tables import mappings_by_table
from mappings.models import IntegrationTableMapping, System
from syncadmin.sync.errors import RetryLater

MakeMapping = Callable[..., IntegrationTableMapping]


@pytest.fixture
def entry(mapping: IntegrationTableMapping) -> JobQueueEntry:
    """An idle entry of CUSTOMER."""
    return make_entry(mapping)


def make_entry(mapping: IntegrationTableMapping, status: QueueStatus = QueueStatus.INACTIVE, **values: object) -> JobQueueEntry:
    plain = {"recurring": True, "minutes_between_runs": 30, "earliest_start": timezone.now() + timedelta(hours=12)}
    return JobQueueEntry.objects.create(mapping=mapping, description=mapping.name, status=status, **(plain | values))


def sooner(entry: JobQueueEntry) -> bool:
    """Whether the entry is Ready, because of a change, and starts after the offset."""
    entry.refresh_from_db()
    due = entry.earliest_start is not None and entry.earliest_start <= timezone.now() + soon()
    return (entry.status, entry.trigger, due) == (QueueStatus.READY, "change", True)


@pytest.mark.rule("21.1.woken", "21.6.wakes")
@pytest.mark.parametrize("status", [QueueStatus.READY, QueueStatus.INACTIVE])
def test_a_change_on_either_side_wakes_what_rests(entry: JobQueueEntry, mapping: IntegrationTableMapping, status: QueueStatus) -> None:
    for system, table in ((mapping.business_central, "customers"), (mapping.sales, "accounts")):
        JobQueueEntry.objects.update(status=status, earliest_start=timezone.now() + timedelta(hours=1), trigger="schedule")
        assert wake(system, {table}) == 1
        assert sooner(entry)


def test_an_idle_entry_without_next_run_is_woken(mapping: IntegrationTableMapping) -> None:
    entry = make_entry(mapping, earliest_start=None)
    assert wake(mapping.sales, {"accounts"}) == 1 and sooner(entry)


@pytest.mark.rule("21.6.soon")
def test_what_starts_soon_anyway_keeps_its_time(mapping: IntegrationTableMapping) -> None:
    make_entry(mapping, QueueStatus.READY, earliest_start=timezone.now() + 2 * soon() - timedelta(seconds=1))
    assert wake(mapping.sales, {"accounts"}) == 0


def test_waking_twice_is_waking_once(entry: JobQueueEntry, mapping: IntegrationTableMapping) -> None:
    assert [wake(mapping.sales, {"accounts"}), wake(mapping.sales, {"accounts"})] == [1, 0]


@pytest.mark.rule("21.6.stopped")
@pytest.mark.parametrize("status", [QueueStatus.ON_HOLD, QueueStatus.ERROR, QueueStatus.FINISHED])
def test_what_a_person_stopped_sleeps_on(entry: JobQueueEntry, mapping: IntegrationTableMapping, status: QueueStatus) -> None:
    JobQueueEntry.objects.update(status=status)
    assert wake(mapping.sales, {"accounts"}) == 0


@pytest.mark.parametrize("values", [{"attempts": 1}, {"put_off": 1}, {"recurring": False}, {"run_kind": RunKind.PREVIEW}])
def test_what_waits_for_another_reason_keeps_its_time(
    entry: JobQueueEntry, mapping: IntegrationTableMapping, values: dict[str, object]
) -> None:
    JobQueueEntry.objects.update(**values)
    assert wake(mapping.sales, {"accounts"}) == 0


@pytest.mark.rule("21.6.refuses")
@pytest.mark.parametrize("values", [{"disable_event_reschedule": True}, {"enabled": False}])
def test_a_mapping_can_refuse_to_be_woken(entry: JobQueueEntry, mapping: IntegrationTableMapping, values: dict[str, bool]) -> None:
    IntegrationTableMapping.objects.update(**values)
    assert wake(mapping.sales, {"accounts"}) == 0


@pytest.mark.rule("21.6.refuses")
def test_nothing_wakes_while_a_connection_is_switched_off(entry: JobQueueEntry, mapping: IntegrationTableMapping) -> None:
    System.objects.filter(pk=mapping.business_central_id).update(enabled=False)
    assert wake(System.objects.get(pk=mapping.business_central_id), {"customers"}) == 0
    assert wake(mapping.sales, {"accounts"}) == 0


def test_nothing_wakes_while_everything_is_paused(entry: JobQueueEntry, mapping: IntegrationTableMapping) -> None:
    pause("Inventory", "ada")
    assert wake(mapping.sales, {"accounts"}) == 0
    resume("ada")
    assert wake(mapping.sales, {"accounts"}) == 1


@pytest.mark.rule("21.6.others")
def test_only_entries_of_that_table_are_woken(entry: JobQueueEntry, make_mapping: MakeMapping, mapping: IntegrationTableMapping) -> None:
    items = make_entry(make_mapping("ITEM-PRODUCT", table="items", integration_table="products", direction="ToIntegrationTable"))
    assert wake(mapping.business_central, {"items"}) == 1
    assert sooner(items) and not sooner(entry)
    assert wake(mapping.sales, {"products"}) == 0  # nobody reads products there


@pytest.mark.rule("21.6.lines")
def test_lines_wake_their_headers_and_rates_their_currencies(make_mapping: MakeMapping) -> None:
    one_way = {"direction": "ToIntegrationTable"}
    header = make_mapping("POSTEDSALESINV-INV", table="salesInvoices", integration_table="invoices", **one_way)
    make_mapping("POSTEDSALESLINE-INV", table="salesInvoiceLines", integration_table="invoicedetails", parent_name=header.name, **one_way)
    currency = make_mapping("CURRENCY", table="currencies", integration_table="transactioncurrencies", **one_way)
    found = mappings_by_table(header.business_central)
    assert found["salesInvoiceLines"] == {header.pk} and found["currencyExchangeRates"] == {currency.pk}


def running(entry: JobQueueEntry, mapping: IntegrationTableMapping) -> tuple[JobQueueLogEntry, Claim]:
    """A worker has begun with the entry, and a job of its mapping with it."""
    JobQueueEntry.objects.update(earliest_start=timezone.now())
    claim = take(entry.pk)
    assert claim is not None
    entry.refresh_from_db()
    execution = executions.begin(entry, claim)
    execution.jobs.create(mapping=mapping, mapping_name="CUSTOMER", direction="ToIntegrationTable", started_at=timezone.now())
    return execution, claim


@pytest.mark.rule("21.6.running")
def test_a_change_during_a_run_is_looked_at_after_it(entry: JobQueueEntry, mapping: IntegrationTableMapping) -> None:
    execution, claim = running(entry, mapping)
    wake(mapping.sales, {"accounts"})
    executions.succeed(entry, execution, claim)
    assert sooner(entry)


def test_a_change_while_a_run_is_put_off_is_looked_at_after_it(entry: JobQueueEntry, mapping: IntegrationTableMapping) -> None:
    _, claim = running(entry, mapping)
    executions.put_off(entry, claim, RetryLater("Sales is busy.", seconds=5))
    assert wake(mapping.sales, {"accounts"}) == 0
    JobQueueEntry.objects.update(earliest_start=timezone.now())
    claim = take(entry.pk)
    assert claim is not None
    entry.refresh_from_db()
    executions.succeed(entry, executions.begin(entry, claim), claim)
    assert sooner(entry)


def test_a_run_without_a_change_goes_back_to_its_schedule(entry: JobQueueEntry, mapping: IntegrationTableMapping) -> None:
    JobQueueEntry.objects.update(earliest_start=timezone.now(), trigger="change", changed_at=timezone.now())
    claim = take(entry.pk)
    assert claim is not None
    entry.refresh_from_db()
    execution = executions.begin(entry, claim)
    execution.jobs.create(mapping=mapping, mapping_name="CUSTOMER", direction="ToIntegrationTable", started_at=timezone.now())
    executions.succeed(entry, execution, claim)
    entry.refresh_from_db()
    assert entry.trigger == "schedule" and not sooner(entry)


def test_waking_nobody_costs_four_statements(mapping: IntegrationTableMapping, django_assert_num_queries: Callable[[int], object]) -> None:
    make_entry(mapping, QueueStatus.READY, earliest_start=timezone.now())
    with django_assert_num_queries(4):
        wake(mapping.sales, {"accounts"})
