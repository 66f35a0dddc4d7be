"""What commands say when they cannot do what they are asked: exit code 2, the reason, and the JSON object (commands.md section 2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from joblog import foreground
from joblog.models import JobQueueEntry, SynchJob
from mappings.models import IntegrationTableMapping, System
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]
JOB_KEYS = {
    "id", "mapping", "type", "direction", "status", "inserted", "modified", "deleted", "unchanged", "skipped", "failed", "coupled",
    "uncoupled", "message", "requests", "seconds",
}  # fmt: skip


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person at the terminal who does not wait for a busy system."""
    monkeypatch.setattr(foreground, "PATIENCE", timedelta(0))


def complaint(*arguments: str) -> tuple[int, str]:
    """The exit code of a command without --json, and what it wrote to the error output."""
    said = StringIO()
    with pytest.raises(SystemExit) as stop:
        call_command(*arguments, stdout=StringIO(), stderr=said)
    return int(stop.value.code or 0), said.getvalue()


# ---- the mapping, the company


@pytest.mark.rule("11.stop-mapping")
@pytest.mark.parametrize(
    "arguments",
    [("synchronize", "NOTHING"), ("match", "NOTHING"), ("uncouple", "NOTHING", "C1"), ("couple", "NOTHING", "C1", "A1")],
    ids=lambda arguments: arguments[0],
)
def test_an_unknown_mapping_is_told_with_those_there_are(company: People, command: Command, arguments: tuple[str, ...]) -> None:
    code, told = command(*arguments)
    assert (code, told["jobs"], told["status"]) == (2, [], "Error")
    assert "CUSTOMER" in told["message"]
    assert complaint(*arguments) == (2, f"{told['message']}\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("synchronize", "CUSTOMER"), ("synchronize", "--all"), ("synchronize", "--all", "--full"), ("match", "CUSTOMER"),
        ("uncouple", "CUSTOMER", "--all"), ("couple", "CUSTOMER", "C1", "A1"),
    ],
)  # fmt: skip
def test_a_company_that_is_not_set_up_is_told_with_those_that_are(company: People, command: Command, arguments: tuple[str, ...]) -> None:
    code, told = command(*arguments, "--company", "FABRIKAM")
    assert (code, told["status"], told["message"]) == (2, "Error", "The company FABRIKAM is not set up. Companies: CRONUS.")


@pytest.mark.parametrize("arguments", [("synchronize", "--all"), ("match", "CUSTOMER")])
def test_nothing_set_up_is_said(db: None, command: Command, arguments: tuple[str, ...]) -> None:
    code, told = command(*arguments)
    assert (code, told["message"]) == (2, "No mapping is set up yet. Run setup default first.")


# ---- options that do not go together


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("synchronize",), "Name the mappings to synchronize, or use --all."),
        (("synchronize", "CUSTOMER", "--all"), "Name the mappings to synchronize, or use --all."),
        (("synchronize", "CUSTOMER", "ITEM-PRODUCT", "--record", "1"), "--record goes with exactly one mapping."),
        (("synchronize", "--all", "--record", "1"), "--record goes with exactly one mapping."),
        (("synchronize", "CUSTOMER STATISTICS", "--preview"), "has no preview"),
        (("uncouple", "CUSTOMER"), "Name the records to uncouple, or use --all."),
        (("uncouple", "CUSTOMER", "C1", "--all"), "There is no mapping C1."),
    ],
)
def test_options_that_do_not_go_together_are_refused(company: People, command: Command, arguments: tuple[str, ...], reason: str) -> None:
    code, told = command(*arguments)
    assert (code, told["jobs"], told["status"], reason in told["message"]) == (2, [], "Error", True)
    assert not SynchJob.objects.exists()


# ---- the records


@pytest.mark.rule("A18.job", "6.wrong-table")
def test_a_record_that_nobody_has_leaves_a_job_with_the_reason(company: People, command: Command) -> None:
    code, told = command("synchronize", "CUSTOMER", "--record", "NOBODY")
    (job,) = told["jobs"]
    assert (code, told["status"], job["status"], job["read"], job["failed"]) == (2, "Error", "Error", 0, 0)
    assert told["message"] == job["message"] == "No record NOBODY was found on either side of the mapping CUSTOMER."
    assert job.keys() >= JOB_KEYS
    assert not JobQueueEntry.objects.filter(recurring=False).exists()


@pytest.mark.parametrize(
    "arguments", [("uncouple", "CUSTOMER", "NOBODY"), ("couple", "CUSTOMER", "NOBODY", "NOBODY")], ids=lambda arguments: arguments[0]
)
def test_other_commands_name_the_record_that_nobody_has(company: People, command: Command, arguments: tuple[str, ...]) -> None:
    code, told = command(*arguments)
    assert (code, told["status"], "NOBODY" in told["message"]) == (2, "Error", True)


@pytest.mark.parametrize(
    "arguments",
    [("synchronize", "CUSTOMER", "--record", "A1"), ("uncouple", "CUSTOMER", "A1"), ("couple", "CUSTOMER", "C1", "A1")],
    ids=lambda arguments: arguments[0],
)
def test_a_number_that_several_records_have_is_refused_with_their_keys(
    company: People, command: Command, arguments: tuple[str, ...]
) -> None:
    company.create_bc("customers", number="C1", displayName="One")
    keys = [company.create_sales("accounts", accountnumber="A1", name=name, customertypecode=3)["accountid"] for name in ("One", "Two")]
    code, told = command(*arguments)
    assert (code, "several records A1" in told["message"]) == (2, True)
    assert all(key in told["message"] for key in keys)


def test_a_number_in_small_letters_finds_its_record(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    people.create_bc("customers", number="C1", displayName="One")
    assert command("synchronize", "CUSTOMER", "--record", "c1")[1]["jobs"][0]["inserted"] == 1
    assert command("synchronize", "CUSTOMER", "--record", "c1")[1]["jobs"][0]["unchanged"] == 1


# ---- the direction


@pytest.mark.rule("A18.job", "6.wrong-direction")
@pytest.mark.parametrize(("mapping", "direction"), [("SALESPEOPLE", "to"), ("CURRENCY", "from")])
def test_a_direction_that_the_mapping_does_not_go_leaves_a_job_with_the_reason(
    company: People, command: Command, mapping: str, direction: str
) -> None:
    code, told = command("synchronize", mapping, "--direction", direction)
    (job,) = told["jobs"]
    assert (code, told["status"], job["status"], job["code"]) == (2, "Error", "Error", "wrong-direction")
    assert "is not configured for" in job["message"]
    assert (job["direction"] == "ToIntegrationTable") is (direction == "to")
    assert IntegrationTableMapping.objects.get(name=mapping).last_run_status == "Error"


# ---- a system that cannot be reached, or does not let us in


@pytest.mark.parametrize("arguments", [("synchronize", "CUSTOMER"), ("match", "CUSTOMER"), ("synchronize", "CUSTOMER", "--preview")])
def test_a_system_out_of_reach_leaves_the_job_to_the_workers(
    company: People, command: Command, impatient: None, arguments: tuple[str, ...]
) -> None:
    System.objects.filter(kind="sales").update(address="http://127.0.0.1:9")
    people_there(company)
    code, told = command(*arguments)
    assert (code, told["status"]) == (2, "Error")
    assert told["message"].endswith("The job is left to the workers.")
    assert {job["status"] for job in told["jobs"]} <= {"In Process", "Finished"}
    assert JobQueueEntry.objects.get(recurring=False).status == "Ready"


def people_there(company: People) -> None:
    company.create_bc("customers", displayName="Adatum")


def test_a_record_that_cannot_be_looked_for_leaves_a_job_with_the_reason(company: People, command: Command) -> None:
    System.objects.filter(kind="business_central").update(address="http://127.0.0.1:9")
    code, told = command("synchronize", "CUSTOMER", "--record", "C1")
    assert (code, told["status"], [job["status"] for job in told["jobs"]]) == (2, "Error", ["Error"])
    assert "Business Central" in told["message"]


@pytest.mark.rule("A18.job", "11.stop-connection")
@pytest.mark.parametrize(
    "arguments", [("synchronize", "CUSTOMER"), ("match", "CUSTOMER"), ("uncouple", "CUSTOMER", "--all"), ("synchronize", "CURRENCY")]
)
def test_a_connection_that_is_switched_off_leaves_a_job_with_the_reason(
    company: People, command: Command, arguments: tuple[str, ...]
) -> None:
    System.objects.filter(kind="sales").update(enabled=False)
    code, told = command(*arguments)
    assert (code, told["status"], {job["status"] for job in told["jobs"]}) == (2, "Error", {"Error"})
    assert "is switched off" in told["message"]


def test_full_synchronization_tells_what_is_out_of_reach(company: People, command: Command) -> None:
    System.objects.filter(kind="sales").update(address="http://127.0.0.1:9")
    code, told = command("synchronize", "--all", "--full")
    assert (code, told["status"], {job["type"] for job in told["jobs"]} - {"Statistics"}) == (2, "Error", set())
    assert "Sales" in told["message"]


# ---- the mapping's own mistakes


@pytest.mark.rule("A18.job", "11.stop-fields", "2.2.none")
def test_a_mapping_without_fields_leaves_a_job_with_the_reason(company: People, command: Command) -> None:
    IntegrationTableMapping.objects.get(name="CUSTOMER").field_mappings.update(status="Disabled")
    code, told = command("synchronize", "CUSTOMER")
    assert (code, told["status"], told["jobs"][0]["status"], told["jobs"][0]["code"]) == (2, "Error", "Error", "no-fields")


@pytest.mark.rule("11.stop-filter", "11.finish")
def test_a_filter_that_the_system_refuses_stops_both_directions_and_touches_nothing(
    customer: IntegrationTableMapping, people: People, command: Command
) -> None:
    people.create_bc("customers", displayName="Adatum")
    people.create_sales("accounts", name="Contoso", customertypecode=3)
    IntegrationTableMapping.objects.filter(pk=customer.pk).update(table_filter="nothing eq 1")
    code, told = command("synchronize", "CUSTOMER")
    assert (code, told["status"], [(job["direction"], job["status"]) for job in told["jobs"]]) == (
        2, "Error", [("ToIntegrationTable", "Error")],
    )  # fmt: skip
    assert told["jobs"][0]["finished_at"]
    assert (len(people.rows_bc("customers")), len(people.rows_sales("accounts"))) == (1, 1)


# ---- one mapping of several


def test_what_can_run_runs_and_the_exit_code_is_that_of_the_worst(company: People, command: Command) -> None:
    System.objects.filter(kind="sales").update(enabled=True)
    IntegrationTableMapping.objects.get(name="CURRENCY").field_mappings.update(status="Disabled")
    code, told = command("synchronize", "CURRENCY", "CUSTOMER")
    assert (code, told["status"]) == (2, "Error")
    assert [(job["mapping"], job["status"]) for job in told["jobs"]] == [
        ("CURRENCY", "Error"), ("CUSTOMER", "Finished"), ("CUSTOMER", "Finished"),
    ]  # fmt: skip


@pytest.mark.rule("11.job")
def test_every_job_is_told_with_all_its_keys(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    people.create_bc("customers", displayName="Adatum")
    code, told = command("synchronize", "CUSTOMER")
    assert (code, set(told)) == (0, {"jobs"})
    for job in told["jobs"]:
        assert job.keys() >= JOB_KEYS
        assert set(job["requests"]) == {"business_central", "sales"}
        assert job["started_at"] <= job["finished_at"]
        assert SynchJob.objects.get(pk=job["id"]).log_entry is not None


def test_nothing_to_do_is_all_well(company: People, command: Command) -> None:
    code, told = command("synchronize", "CUSTOMER")
    assert (code, [job["direction"] for job in told["jobs"]]) == (0, ["ToIntegrationTable", "FromIntegrationTable"])
    assert sum(job["inserted"] + job["modified"] + job["failed"] for job in told["jobs"]) == 0


def test_failed_records_are_code_one(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    people.create_sales("accounts", name="Too long", address1_city="x" * 50, customertypecode=3)
    code, told = command("synchronize", "CUSTOMER")
    assert (code, "status" in told, told["jobs"][1]["failed"]) == (1, False, 1)


@pytest.mark.rule("5.unconditional")
@pytest.mark.parametrize("named", [("CUSTOMER",), ("--all",)])
def test_unconditional_both_ways_is_refused_and_says_what_to_add(company: People, command: Command, named: tuple[str, ...]) -> None:
    code, told = command("synchronize", *named, "--unconditional")
    assert (code, told["jobs"]) == (2, [])
    assert "CUSTOMER" in told["message"]
    assert "--direction to or from" in told["message"]
    assert not SynchJob.objects.exists()


@pytest.mark.parametrize("more", [("--direction", "to"), ("--direction", "from"), ("--use", "sales")])
def test_unconditional_runs_where_it_is_said_who_overwrites_whom(company: People, command: Command, more: tuple[str, ...]) -> None:
    assert command("synchronize", "CUSTOMER", "--unconditional", *more)[0] == 0
    assert command("synchronize", "CURRENCY", "--unconditional")[0] == 0
