"""A change on one side arrives on the other by itself, although the entry of its mapping is idle (engine.md section 21.6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.installation import Installation, free_place, wait_until
from tests.people import People

pytestmark = pytest.mark.processes

OFFSET = 5
COLLECTING = 5  # seconds that Business Central gathers changes before it tells of them; 30 in reality
_IDLE = """
from datetime import timedelta
from django.utils import timezone
from joblog.models import JobQueueEntry, QueueStatus
from mappings.models import IntegrationTableMapping
IntegrationTableMapping.objects.update(synch_only_coupled=False)
JobQueueEntry.objects.exclude(mapping__name__in=["CUSTOMER", "CONTACT"]).delete()
JobQueueEntry.objects.update(status=QueueStatus.INACTIVE, earliest_start=timezone.now() + timedelta(hours=12))
"""
_QUIET = """
from datetime import timedelta
from django.utils import timezone
from joblog.models import JobQueueEntry, WatchedTable
rows = WatchedTable.objects.filter(name__in=["customers", "accounts", "contacts"])
told = {row.name for row in rows if row.subscription}
looked = len(rows) == 4 and all(row.looked_at for row in rows)
resting = JobQueueEntry.objects.filter(earliest_start__gt=timezone.now() + timedelta(minutes=5)).exclude(status="In Process")
print(looked and {"customers", "accounts"} & told == set(%s) and resting.count() == 2)
"""
Start = Callable[..., Installation]


@pytest.fixture
def start(tmp_path: Path, people: People) -> Iterator[Start]:
    """Starts everything with both entries at rest, and waits until both systems were looked at."""
    made: list[Installation] = []

    def begin(**environment: str) -> Installation:
        people.control("POST", "settings", {"webhook_delay_seconds": COLLECTING})
        offset = {"SYNCADMIN_WAKE_SECONDS": str(OFFSET), "SYNCADMIN_WORKERS": "1"}
        installation = Installation(tmp_path, people.url, **offset, **environment)
        made.append(installation)
        installation.python(_IDLE)
        if "SYNCADMIN_PUBLIC_URL" in environment:
            installation.start_web(environment["SYNCADMIN_PUBLIC_URL"].removeprefix("http://"))
        installation.start_worker()
        rest(installation)
        return installation

    yield begin
    for installation in made:
        installation.close()


def rest(installation: Installation) -> None:
    """Waits until nothing is about to run, and every table was looked at and is told of, where it can be."""
    told = '{"customers", "accounts"}' if "SYNCADMIN_PUBLIC_URL" in installation.environment else "[]"
    wait_until(lambda: installation.python(_QUIET % told).strip() == "True", seconds=120, what="rest")


@pytest.mark.rule("21.6.arrives")
def test_changes_arrive_from_both_sides(start: Start, people: People) -> None:
    installation = start(SYNCADMIN_PUBLIC_URL=f"http://{free_place()}")
    people.create_sales("accounts", name="From Sales", customertypecode=3)
    wait_until(lambda: people.rows_bc("customers", "displayName eq 'From Sales'"), seconds=10, what="the account's arrival")

    rest(installation)
    people.create_bc("customers", displayName="From Business Central")
    arrived = "name eq 'From Business Central'"
    wait_until(lambda: people.rows_sales("accounts", arrived), seconds=COLLECTING + 15, what="the customer's arrival")


@pytest.mark.rule("21.6.looked-at")
def test_contacts_are_found_by_looking(start: Start, people: People) -> None:
    installation = start(SYNCADMIN_POLL_SALES_SECONDS="2", SYNCADMIN_POLL_BUSINESS_CENTRAL_SECONDS="2")
    account = people.create_sales("accounts", name="Adatum", customertypecode=3)
    wait_until(lambda: people.rows_bc("customers", "displayName eq 'Adatum'"), seconds=30, what="the account's arrival")
    rest(installation)
    contact = people.rows_bc("contacts", "displayName eq 'Adatum'")[0]
    people.create_bc("contacts", displayName="Ada Byron", type="Person", companyNumber=contact["companyNumber"])
    arrived = f"_parentcustomerid_value eq {account['accountid']}"
    wait_until(lambda: people.rows_sales("contacts", arrived), seconds=30, what="the contact's arrival")
