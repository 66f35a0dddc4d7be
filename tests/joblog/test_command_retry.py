"""manage.py retry, and deciding a conflict on the command line (engine.md sections 9.3 and 12)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from joblog.models import JobQueueEntry, SynchEntry, SynchJob
from mappings.models import Coupling, IntegrationTableMapping
from mappings.troubleshooting import listed_mappings
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def failing(customer: IntegrationTableMapping, people: People, command: Command) -> dict[str, Coupling]:
    """C1 has a conflict in city and phone, C2 a street from Sales that is too long for Business Central; both are skipped by now."""
    for number in ("C1", "C2", "C3"):
        people.create_bc("customers", number=number, displayName=number)
    command("synchronize", "CUSTOMER")
    rows = {row.bc_number: row for row in Coupling.objects.all()}
    people.change_bc("customers", str(rows["C1"].bc_key), city="Graz", phoneNumber="11")
    people.change_sales("accounts", str(rows["C1"].sales_key), address1_city="Boston", telephone1="22")
    people.change_sales("accounts", str(rows["C2"].sales_key), address1_line1="x" * 120)
    command("synchronize", "CUSTOMER"), command("synchronize", "CUSTOMER")
    assert Coupling.objects.filter(skipped=True).count() == 2
    return rows


def mend(people: People, row: Coupling) -> None:
    people.change_sales("accounts", str(row.sales_key), address1_line1="Ring 1")


def skipped() -> set[str]:
    return set(Coupling.objects.filter(skipped=True).values_list("bc_number", flat=True))


@pytest.mark.rule("9.3.retry")
def test_what_was_mended_runs_again_and_the_rest_fails_again(failing: dict[str, Coupling], people: People, command: Command) -> None:
    mend(people, failing["C2"])
    code, told = command("retry", "CUSTOMER")
    assert (code, told["records"], {job["direction"] for job in told["jobs"]}) == (0, 2, {"ToIntegrationTable", "FromIntegrationTable"})
    assert skipped() == {"C1"}
    assert not SynchEntry.objects.filter(code="too-long", resolved_at=None).exists()


@pytest.mark.rule("9.3.retry-all", "11.retry")
@pytest.mark.parametrize(
    ("options", "left"),
    [
        (("--code", "too-long"), {"C1"}), (("--record", "C2"), {"C1"}), (("--direction", "from"), {"C1"}),
        (("--code", "nothing"), {"C1", "C2"}), (("--skipped", "--record", "C2"), {"C1"}), (("--skipped",), {"C1"}),
    ],
)  # fmt: skip
def test_a_choice_of_errors_runs_again(
    failing: dict[str, Coupling], people: People, command: Command, options: tuple[str, ...], left: set[str]
) -> None:
    mend(people, failing["C2"])
    command("retry", "CUSTOMER", *options)
    assert skipped() == left


def test_the_errors_of_one_job_run_again(failing: dict[str, Coupling], people: People, command: Command) -> None:
    mend(people, failing["C2"])
    job = SynchEntry.objects.filter(code="too-long").order_by("-id")[0].job_id
    assert command("retry", "--all", "--job", str(job))[1]["records"] == 1
    assert skipped() == {"C1"}


def test_a_side_is_named_whose_value_wins(failing: dict[str, Coupling], people: People, command: Command) -> None:
    code, told = command("retry", "CUSTOMER", "--code", "conflict", "--use", "sales")
    assert (code, told["records"], skipped()) == (0, 1, {"C2"})
    assert [row["city"] for row in people.rows_bc("customers", "number eq 'C1'")] == ["Boston"]


@pytest.mark.rule("9.3.synchronize")
def test_skipped_records_are_synchronized_all_ways_in_one_run(failing: dict[str, Coupling], people: People, command: Command) -> None:
    mend(people, failing["C2"])
    people.change_bc("customers", str(failing["C2"].bc_key), city="Linz")
    _, told = command("retry", "CUSTOMER", "--skipped", "--both-ways", "--record", "C2")
    assert [(job["direction"], job["modified"]) for job in told["jobs"]] == [("ToIntegrationTable", 1), ("FromIntegrationTable", 1)]


def test_the_workers_can_be_left_to_it(failing: dict[str, Coupling], command: Command) -> None:
    code, told = command("retry", "CUSTOMER", "--code", "too-long", "--background")
    assert (code, told["jobs"], told["records"]) == (0, [], 1)
    assert JobQueueEntry.objects.get(recurring=False).status == "Ready"


@pytest.mark.parametrize(
    "arguments",
    [("retry",), ("retry", "CUSTOMER", "--all"), ("retry", "--all", "--record", "C1"), ("retry", "CUSTOMER", "--both-ways"),
     ("retry", "CUSTOMER", "--skipped", "--code", "conflict"), ("retry", "CUSTOMER", "--record", "NOBODY"), ("retry", "NOTHING")],
)  # fmt: skip
def test_what_makes_no_retry_is_refused(company: People, command: Command, arguments: tuple[str, ...]) -> None:
    code, told = command(*arguments)
    assert (code, told["status"], told["jobs"]) == (2, "Error", [])


# ---- a conflict, field by field


@pytest.mark.rule("12.field")
def test_a_conflict_is_decided_field_by_field(failing: dict[str, Coupling], people: People, command: Command) -> None:
    code, _ = command("synchronize", "CUSTOMER", "--record", "C1", "--keep", "city=sales", "--keep", "telephone1=business-central")
    assert (code, skipped()) == (0, {"C2"})
    (row,) = people.rows_bc("customers", "number eq 'C1'")
    assert (row["city"], row["phoneNumber"]) == ("Boston", "11")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--keep", "city=sales"), "exactly one --record"),
        (("--record", "C1", "--keep", "city"), "FIELD=business-central"),
        (("--record", "C1", "--keep", "city=nobody"), "FIELD=business-central"),
        (("--record", "C1", "--keep", "city=sales", "--use", "sales"), "Leave --preview, --use and --direction out"),
        (("--record", "C1", "--keep", "rating=sales"), "both ways with the field rating"),
    ],
)
def test_what_decides_nothing_is_refused(failing: dict[str, Coupling], command: Command, options: tuple[str, ...], reason: str) -> None:
    code, told = command("synchronize", "CUSTOMER", *options)
    assert (code, reason in told["message"]) == (2, True)


@pytest.mark.rule("10.explicit")
def test_chosen_records_are_created_though_only_coupled_ones_go(company: People, command: Command) -> None:
    company.create_bc("customers", number="C1", displayName="One")
    company.create_bc("customers", number="C2", displayName="Two")
    assert command("synchronize", "CUSTOMER", "--record", "C1")[1]["jobs"][0]["skipped"] == 1
    assert command("synchronize", "CUSTOMER", "--record", "C1", "--create-new")[1]["jobs"][0]["inserted"] == 1
    assert [row["name"] for row in company.rows_sales("accounts")] == ["One"]
    assert IntegrationTableMapping.objects.get(name="CUSTOMER").synch_only_coupled


# ---- figures


@pytest.mark.rule("A22.retry", "A22.job")
def test_a_retry_is_seen_at_once_in_the_figures_of_the_mapping_and_not_in_those_of_the_job(
    failing: dict[str, Coupling], command: Command
) -> None:
    failed = SynchJob.objects.filter(skipped__gt=0).values_list("pk", "failed", "skipped")
    before = list(failed)
    assert listed_mappings().get(name="CUSTOMER").skipped == 2
    command("retry", "CUSTOMER", "--background")
    assert listed_mappings().get(name="CUSTOMER").skipped == 0
    assert before and list(failed) == before


@pytest.mark.rule("11.gone")
def test_a_record_that_is_gone_by_the_time_of_its_retry_is_told(failing: dict[str, Coupling], people: People, command: Command) -> None:
    people.delete_sales("accounts", str(failing["C2"].sales_key))
    code, _ = command("retry", "CUSTOMER", "--code", "too-long")
    entry = SynchEntry.objects.order_by("-id")[0]
    assert (code, entry.code, "does not exist in Dynamics 365 Sales" in entry.message) == (1, "deleted", True)
