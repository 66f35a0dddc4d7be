"""The light poll: a handful of requests that see changes on both sides (engine.md section 21.6)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from joblog import runner
from joblog.change_polls import look_for_changes
from joblog.models import JobQueueEntry, QueueStatus, SynchJob, SystemWatch, WatchedTable
from joblog.pauses import pause, resume
from mappings.models import IntegrationTableMapping, System, SystemTraffic
from tests.people import People


@pytest.fixture
def entry(customer: IntegrationTableMapping) -> JobQueueEntry:
    """The entry of CUSTOMER, idle, and the only one there is; both systems were looked at."""
    entry = JobQueueEntry.objects.get(mapping=customer, recurring=True)
    JobQueueEntry.objects.exclude(pk=entry.pk).delete()
    fall_asleep()
    look()
    fall_asleep()
    return entry


def fall_asleep() -> None:
    JobQueueEntry.objects.update(status=QueueStatus.INACTIVE, earliest_start=timezone.now() + timedelta(hours=12), trigger="schedule")


def look() -> None:
    """The time for the next look has come."""
    SystemWatch.objects.update(look_at=None)
    WatchedTable.objects.update(looked_at=None)
    look_for_changes()


def awake() -> bool:
    return JobQueueEntry.objects.filter(status=QueueStatus.READY, trigger="change").exists()


def requests(people: People) -> int:
    return sum(one["requests"] for one in people.stats().values())


@pytest.mark.parametrize("side", ["business_central", "sales"])
def test_a_change_on_either_side_is_seen(entry: JobQueueEntry, people: People, side: str) -> None:
    look()
    assert not awake()
    if side == "sales":
        people.create_sales("accounts", name="Adatum", customertypecode=3)
    else:
        people.create_bc("customers", displayName="Adatum")
    look()
    assert awake()


@pytest.mark.rule("21.6.looked-at")
def test_contacts_without_notifications_are_seen_too(company: People) -> None:
    contact = JobQueueEntry.objects.get(mapping__name="CONTACT")
    JobQueueEntry.objects.exclude(pk=contact.pk).delete()
    fall_asleep()
    look()
    fall_asleep()
    company.create_bc("contacts", displayName="Ada", type="Person")
    look()
    assert awake()


def test_codes_are_looked_at_and_options_without_stamps_are_not(company: People) -> None:
    terms = JobQueueEntry.objects.get(mapping__name="PAYMENT TERMS")
    JobQueueEntry.objects.exclude(pk=terms.pk).delete()
    fall_asleep()
    look()
    watched = set(WatchedTable.objects.values_list("name", flat=True))
    assert "paymentTerms" in watched
    assert [name for name in watched if "." in name] == []
    fall_asleep()
    company.create_standard("paymentTerms", code="NET90", displayName="Net 90 days")
    look()
    assert awake()
    IntegrationTableMapping.objects.filter(pk=terms.mapping_id).update(direction="FromIntegrationTable")
    fall_asleep()
    before = requests(company)
    look()
    assert (requests(company), awake()) == (before, False)


def test_an_idle_look_costs_one_request_per_system_and_is_counted(entry: JobQueueEntry, people: People) -> None:
    before, counted = requests(people), polls()
    look()
    assert requests(people) - before == polls() - counted == 2


def test_many_tables_cost_one_request_per_route(company: People) -> None:
    fall_asleep()
    look()
    fall_asleep()
    before = {name: one["requests"] for name, one in company.stats().items()}
    look()
    after = {name: one["requests"] for name, one in company.stats().items()}
    assert (after["sales"] - before["sales"], after["business_central"] - before["business_central"]) == (1, 2)
    assert WatchedTable.objects.count() > 10


def test_nothing_is_asked_before_its_time(entry: JobQueueEntry, people: People) -> None:
    before = requests(people)
    look_for_changes()
    assert requests(people) == before


def test_what_a_system_tells_of_by_itself_is_looked_at_seldom(entry: JobQueueEntry, people: People) -> None:
    WatchedTable.objects.filter(system__kind="sales").update(subscription="1")
    WatchedTable.objects.update(looked_at=timezone.now() - timedelta(minutes=1))
    SystemWatch.objects.update(look_at=None)
    before = people.stats()
    look_for_changes()
    after = people.stats()
    assert after["sales"]["requests"] == before["sales"]["requests"]
    assert after["business_central"]["requests"] > before["business_central"]["requests"]


@pytest.mark.parametrize("status", [QueueStatus.ON_HOLD, QueueStatus.ERROR, QueueStatus.IN_PROCESS])
def test_nothing_is_asked_while_no_entry_waits(entry: JobQueueEntry, people: People, status: QueueStatus) -> None:
    JobQueueEntry.objects.update(status=status)
    before = requests(people)
    look()
    assert requests(people) == before


def test_a_switched_off_system_is_not_asked(entry: JobQueueEntry, people: People) -> None:
    System.objects.update(enabled=False)
    before = requests(people)
    look()
    assert requests(people) == before


def test_a_change_during_a_pause_is_seen_after_it(entry: JobQueueEntry, people: People) -> None:
    pause("Inventory", "ada")
    people.create_sales("accounts", name="Adatum", customertypecode=3)
    before = requests(people)
    look()
    assert requests(people) == before and not awake()
    resume("ada")
    look()
    assert awake()


def test_a_busy_system_is_left_alone_for_longer_each_time(entry: JobQueueEntry, people: People) -> None:
    people.fault(system="sales", kind="status", status=429, retry_after=100)
    pauses = []
    for _ in range(3):
        look()
        watch = SystemWatch.objects.get(system__kind="sales")
        assert watch.look_at is not None
        pauses.append((watch.look_at - timezone.now()).total_seconds())
    assert pauses[0] > 90 and pauses[1] > 1.9 * pauses[0] and pauses[2] > 1.9 * pauses[1]
    people.control("DELETE", "faults")
    look()
    assert SystemWatch.objects.get(system__kind="sales").delayed == 0


@pytest.mark.rule("21.6.own-writes")
def test_our_own_writes_come_to_rest(entry: JobQueueEntry, people: People) -> None:
    people.create_bc("customers", displayName="Adatum")
    people.create_sales("accounts", name="Fabrikam", customertypecode=3)
    rounds = 0
    look()
    while awake():
        rounds += 1
        assert rounds < 9, "the two sides wake each other for ever"
        JobQueueEntry.objects.update(earliest_start=timezone.now())
        runner.run(entry.pk)
        look()
    assert rounds == 3  # one that writes, one that sees what it wrote there, one that sees what it wrote here
    written = [job.inserted + job.modified for job in SynchJob.objects.filter(trigger="change").order_by("id")]
    assert written == [1, 1, 0, 0, 0, 0]


def polls() -> int:
    return sum(SystemTraffic.objects.filter(purpose="polls").values_list("requests", flat=True))
