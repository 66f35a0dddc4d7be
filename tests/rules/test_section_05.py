"""Section 5, a scheduled run of a mapping: what is read, and how far, over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from joblog.models import JobStatus, SynchEntry, SynchJob
from mappings.models import Coupling, IntegrationTableMapping
from tests.people import People
from tests.sync.world import TO, World

Command = Callable[..., tuple[int, dict[str, Any]]]
LONG = "A street with a name that is far too long for Business Central, " * 3
ROUNDS = 30


def set_clock(people: People, system: str, seconds: int) -> None:
    people.control("POST", "clock", {"system": system, "offset_seconds": seconds})


@pytest.fixture
def clocks(people: People) -> Iterator[People]:
    """People who may set the clocks of both systems; they go right again afterwards."""
    yield people
    for system in ("business_central", "sales"):
        set_clock(people, system, 0)


def account(people: People) -> dict[str, Any]:
    (row,) = people.rows_sales("accounts")
    return row


@pytest.mark.rule("5.3.two-jobs")
def test_both_directions_have_a_job_of_their_own_though_nothing_was_read(company: People, command: Command) -> None:
    code, told = command("synchronize", "CUSTOMER")
    assert (code, [(job["direction"], job["status"]) for job in told["jobs"]]) == (
        0,
        [("ToIntegrationTable", "Finished"), ("FromIntegrationTable", "Finished")],
    )
    assert set(SynchJob.objects.values_list("read", "status")) == {(0, JobStatus.FINISHED)}


@pytest.mark.rule("5.4.to", "5.4.from", "5.modified")
def test_a_run_reads_what_changed_inside_the_filter_since_the_last_one(
    customer: IntegrationTableMapping, clocks: People, command: Command
) -> None:
    rows = [clocks.create_bc("customers", number=f"C{number}", displayName=f"Customer {number}") for number in range(4)]
    command("synchronize", "CUSTOMER")
    for system in ("business_central", "sales"):
        set_clock(clocks, system, 600)
    command("synchronize", "CUSTOMER")
    for system in ("business_central", "sales"):
        set_clock(clocks, system, 1200)
    clocks.change_bc("customers", rows[0]["id"], city="Graz")
    clocks.change_bc("customers", rows[1]["id"], blocked="All")
    clocks.change_sales("accounts", str(Coupling.objects.get(bc_number="C2").sales_key), address1_city="Linz")
    clocks.create_sales("accounts", name="A competitor", customertypecode=1)
    there = command("synchronize", "CUSTOMER", "--direction", "to")[1]["jobs"][0]
    assert (SynchJob.objects.get(pk=there["id"]).read, there["modified"]) == (1, 1)
    back = command("synchronize", "CUSTOMER", "--direction", "from")[1]["jobs"][0]
    assert (SynchJob.objects.get(pk=back["id"]).read, back["modified"], back["unchanged"]) == (2, 1, 1)  # ours comes back, unchanged


@pytest.mark.rule("5.5.keys")
def test_a_run_of_named_records_leaves_other_failed_ones_alone(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    for number in (1, 2):
        people.create_bc("customers", number=f"C{number}", displayName=f"Customer {number}")
    command("synchronize", "CUSTOMER")
    people.change_sales("accounts", str(Coupling.objects.get(bc_number="C1").sales_key), address1_line1=LONG)
    assert command("synchronize", "CUSTOMER")[1]["jobs"][1]["failed"] == 1
    _, told = command("synchronize", "CUSTOMER", "--record", "C2", "--direction", "from")
    assert [(job["failed"], job["skipped"], job["unchanged"]) for job in told["jobs"]] == [(0, 0, 1)]


@pytest.mark.rule("5.7.ignored")
def test_rows_that_the_table_leaves_out_count_nowhere_and_move_the_watermark(company: People, command: Command) -> None:
    IntegrationTableMapping.objects.filter(name="CONTACT").update(synch_only_coupled=False)
    firm = company.create_bc("contacts", type="Company", displayName="Nobody's customer")
    person = company.create_bc("contacts", type="Person", firstName="Ann", surname="Beebe", companyNumber=firm["number"])
    job = command("synchronize", "CONTACT", "--direction", "to")[1]["jobs"][0]
    assert sum(job[name] for name in ("inserted", "unchanged", "skipped", "failed")) == 0
    assert SynchJob.objects.get().read == 1
    moved = IntegrationTableMapping.objects.get(name="CONTACT").bc_watermark
    assert moved is not None and moved.isoformat()[:19] == person["lastModifiedDateTime"][:19]


@pytest.mark.rule("5.9.failed", "5.9.newest", "5.5.retry")
def test_a_failed_record_does_not_hold_the_watermark_back_and_comes_again(
    customer: IntegrationTableMapping, clocks: People, command: Command
) -> None:
    clocks.create_bc("customers", number="C1", displayName="Adatum")
    command("synchronize", "CUSTOMER")
    set_clock(clocks, "sales", 600)
    clocks.change_sales("accounts", account(clocks)["accountid"], address1_line1=LONG, address1_city="Graz")
    assert command("synchronize", "CUSTOMER")[1]["jobs"][1]["failed"] == 1
    customer.refresh_from_db()
    assert customer.sales_watermark is not None
    assert customer.sales_watermark.isoformat()[:19] == account(clocks)["modifiedon"][:19]
    set_clock(clocks, "sales", 1200)
    customer.field_mappings.filter(field="addressLine1").update(truncate=True)
    assert command("synchronize", "CUSTOMER")[1]["jobs"][1]["modified"] == 1
    assert clocks.rows_bc("customers")[0]["city"] == "Graz"


@pytest.mark.rule("5.9.cap")
def test_the_watermark_stays_where_nothing_was_read(customer: IntegrationTableMapping, clocks: People, command: Command) -> None:
    clocks.create_bc("customers", displayName="Adatum")
    command("synchronize", "CUSTOMER")
    seen = []
    for seconds in (60, 3600, 7200):  # the very first watermark is capped: the clock in an answer has whole seconds
        for system in ("business_central", "sales"):
            set_clock(clocks, system, seconds)
        command("synchronize", "CUSTOMER")
        customer.refresh_from_db()
        seen.append((customer.bc_watermark, customer.sales_watermark))
    assert None not in seen[0]
    assert seen == seen[:1] * 3


@pytest.mark.rule("5.10.one-job")
def test_however_many_records_are_named_there_is_one_job_with_all_counts() -> None:
    world = World(page_size=3)
    keys = [world.bc.add(number=f"C{number}", name=f"Customer {number}") for number in range(10)]
    job = world.run(TO, keys=keys)
    assert (job.counts, job.read, len(world.jobs)) == ({"Inserted": 10}, 10, 1)


@pytest.mark.rule("5.out-of-filter")
def test_a_record_that_leaves_the_filter_stays_coupled_and_rests(
    customer: IntegrationTableMapping, people: People, command: Command
) -> None:
    made = people.create_bc("customers", displayName="Adatum", city="Ulm")
    command("synchronize", "CUSTOMER")
    people.change_bc("customers", made["id"], blocked="All", city="Graz")
    code, told = command("synchronize", "CUSTOMER", "--full", "--direction", "to")
    assert (code, SynchJob.objects.get(pk=told["jobs"][0]["id"]).read) == (0, 0)
    assert (Coupling.objects.count(), account(people)["address1_city"]) == (1, "Ulm")


@pytest.mark.rule("5.full", "A4.full")
def test_a_full_run_reads_everything_writes_only_differences_and_creates_nothing_that_is_not_coupled(
    customer: IntegrationTableMapping, clocks: People, command: Command
) -> None:
    for number in range(3):
        clocks.create_bc("customers", displayName=f"Customer {number}")
    command("synchronize", "CUSTOMER")
    for system in ("business_central", "sales"):
        set_clock(clocks, system, 3600)
    command("synchronize", "CUSTOMER")
    IntegrationTableMapping.objects.filter(pk=customer.pk).update(synch_only_coupled=True)
    clocks.create_bc("customers", displayName="Not coupled")
    _, told = command("synchronize", "CUSTOMER", "--full")
    assert [SynchJob.objects.get(pk=job["id"]).read for job in told["jobs"]] == [4, 3]
    assert [(job["unchanged"], job["inserted"], job["modified"]) for job in told["jobs"]] == [(3, 0, 0), (3, 0, 0)]


@pytest.mark.rule("5.11.ahead", "5.11.behind", "5.11.settles")
@pytest.mark.parametrize("offset", [300, -300], ids=["5 minutes ahead", "5 minutes behind"])
def test_thirty_rounds_of_change_and_counter_change_with_a_sales_clock_that_is_wrong(
    customer: IntegrationTableMapping, clocks: People, command: Command, offset: int
) -> None:
    """Nothing is lost, nothing conflicts, and nothing is written but what people changed."""
    set_clock(clocks, "sales", offset)
    made = clocks.create_bc("customers", number="C1", displayName="Adatum")
    assert command("synchronize", "CUSTOMER")[0] == 0
    key = account(clocks)["accountid"]
    for number in range(ROUNDS):
        city, phone = f"City {number}", str(number)
        if number % 3 == 2:  # the counter-change: what came from there a moment ago goes back changed
            clocks.change_sales("accounts", key, address1_city=city)
            clocks.change_bc("customers", made["id"], phoneNumber=phone)
        else:
            clocks.change_bc("customers", made["id"], city=city)
            clocks.change_sales("accounts", key, telephone1=phone)
        code, told = command("synchronize", "CUSTOMER")
        assert (code, [(job["modified"], job["failed"], job["skipped"]) for job in told["jobs"]]) == (0, [(1, 0, 0), (1, 0, 0)]), number
        (there,) = clocks.rows_bc("customers")
        assert (there["city"], there["phoneNumber"]) == (city, phone)
        assert (account(clocks)["address1_city"], account(clocks)["telephone1"]) == (city, phone)
    assert not SynchEntry.objects.filter(action__in=["Failed", "Skipped"]).exists()
    written = SynchEntry.objects.count()
    for _ in range(3):
        _, told = command("synchronize", "CUSTOMER")
        assert sum(job["modified"] + job["inserted"] + job["failed"] for job in told["jobs"]) == 0
    assert SynchEntry.objects.count() == written == 2 * ROUNDS + 1


@pytest.mark.rule("5.11.settles", "5.11.ahead")
def test_rows_of_the_future_are_read_until_that_future_has_come(
    customer: IntegrationTableMapping, clocks: People, command: Command
) -> None:
    clocks.create_bc("customers", number="C1", displayName="Adatum")
    command("synchronize", "CUSTOMER")
    set_clock(clocks, "sales", 300)
    clocks.change_sales("accounts", account(clocks)["accountid"], address1_city="Graz")
    set_clock(clocks, "sales", 0)
    outcomes = [command("synchronize", "CUSTOMER", "--direction", "from")[1]["jobs"][0] for _ in range(3)]
    assert [(job["modified"], job["unchanged"]) for job in outcomes] == [(1, 0), (0, 1), (0, 1)]
    for seconds in (900, 1800):
        set_clock(clocks, "sales", seconds)
        last = command("synchronize", "CUSTOMER", "--direction", "from")[1]["jobs"][0]
    assert SynchJob.objects.get(pk=last["id"]).read == 0
