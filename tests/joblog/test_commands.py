"""The commands that people script (commands.md section 2)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from joblog import foreground
from joblog.models import JobQueueEntry, SynchJob
from mappings.changes import save_with_history
from mappings.models import Coupling, IntegrationTableMapping
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def pair(customer: IntegrationTableMapping, people: People) -> tuple[dict[str, Any], dict[str, Any]]:
    """A customer and an account that are the same, not coupled."""
    bc = people.create_bc("customers", number="C1", displayName="Adatum Corporation", city="Atlanta")
    return bc, people.create_sales("accounts", name="ADATUM", address1_city="Boston", customertypecode=3)


@pytest.mark.rule("13.couple", "13.synchronize")
def test_couple_by_number_and_send(pair: tuple[dict[str, Any], dict[str, Any]], people: People, command: Command) -> None:
    code, told = command("couple", "customer", "C1", pair[1]["accountid"], "--synchronize", "to")
    assert (code, [(job["type"], job["coupled"], job["modified"]) for job in told["jobs"]]) == (
        0,
        [("Coupling", 1, 0), ("Synchronization", 0, 1)],
    )
    (account,) = people.rows_sales("accounts")
    assert (account["name"], account["address1_city"]) == ("Adatum Corporation", "Atlanta")


@pytest.mark.rule("13.synchronize")
def test_couple_and_get(pair: tuple[dict[str, Any], dict[str, Any]], people: People, command: Command) -> None:
    assert command("couple", "CUSTOMER", pair[0]["id"], pair[1]["accountid"], "--synchronize", "from")[0] == 0
    (customer,) = people.rows_bc("customers")
    assert (customer["displayName"], customer["city"]) == ("ADATUM", "Boston")


@pytest.mark.rule("4.taken")
def test_a_record_that_is_coupled_already_is_refused_with_the_name_of_its_partner(
    pair: tuple[dict[str, Any], dict[str, Any]], people: People, command: Command
) -> None:
    assert command("couple", "CUSTOMER", "C1", pair[1]["accountid"])[0] == 0
    other = people.create_sales("accounts", name="Another", customertypecode=3)
    said = StringIO()
    with pytest.raises(SystemExit) as stop:
        call_command("couple", "CUSTOMER", "C1", other["accountid"], stdout=StringIO(), stderr=said)
    assert stop.value.code == 2
    assert "already coupled to ADATUM" in said.getvalue()


@pytest.mark.rule("9.3.uncouple", "15.untouched")
def test_uncouple_leaves_both_records_alone(pair: tuple[dict[str, Any], dict[str, Any]], people: People, command: Command) -> None:
    command("couple", "CUSTOMER", "C1", pair[1]["accountid"])
    code, told = command("uncouple", "CUSTOMER", "C1")
    assert (code, told["jobs"][0]["type"], told["jobs"][0]["uncoupled"]) == (0, "Uncoupling", 1)
    assert not Coupling.objects.exists()
    assert len(people.rows_bc("customers")) == len(people.rows_sales("accounts")) == 1


@pytest.mark.rule("1.4.scope")
def test_one_record_is_synchronized_by_its_number(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    people.create_bc("customers", number="C1", displayName="One")
    people.create_bc("customers", number="C2", displayName="Two")
    _, told = command("synchronize", "CUSTOMER", "--record", "C2")
    assert [job["inserted"] for job in told["jobs"]] == [1, 0]
    assert [row["name"] for row in people.rows_sales("accounts")] == ["Two"]


@pytest.mark.rule("A4.winner")
def test_use_names_the_side_whose_value_wins(pair: tuple[dict[str, Any], dict[str, Any]], people: People, command: Command) -> None:
    command("couple", "CUSTOMER", "C1", pair[1]["accountid"])
    code, told = command("synchronize", "CUSTOMER", "--record", "C1", "--use", "sales")
    assert (code, sum(job["failed"] + job["skipped"] for job in told["jobs"])) == (0, 0)
    assert people.rows_bc("customers")[0]["city"] == people.rows_sales("accounts")[0]["address1_city"] == "Boston"


@pytest.mark.rule("A4.unconditional", "7.bidirectional-only")
def test_unconditional_overwrites_what_differs_on_the_other_side(
    customer: IntegrationTableMapping, people: People, command: Command
) -> None:
    people.create_bc("customers", displayName="One", city="Atlanta")
    command("synchronize", "CUSTOMER")
    (account,) = people.rows_sales("accounts")
    people.change_sales("accounts", account["accountid"], address1_city="Boston")
    assert command("synchronize", "CUSTOMER", "--direction", "to")[1]["jobs"][0]["modified"] == 0
    assert command("synchronize", "CUSTOMER", "--direction", "to", "--unconditional")[1]["jobs"][0]["modified"] == 1
    assert people.rows_sales("accounts")[0]["address1_city"] == "Atlanta"


@pytest.mark.rule("12.all")
def test_all_runs_in_the_order_of_dependencies(company: People, command: Command) -> None:
    _, told = command("synchronize", "--all")
    names = list(dict.fromkeys(job["mapping"] for job in told["jobs"]))
    assert names.index("SALESPEOPLE") < names.index("CUSTOMER") < names.index("CONTACT") < names.index("POSTEDSALESINV-INV")
    assert "POSTEDSALESLINE-INV" not in names


def test_an_alias_finds_its_mapping_and_an_unknown_name_says_what_there_is(company: People, command: Command) -> None:
    assert command("synchronize", "unitofmeasure")[0] == 0
    code, told = command("synchronize", "NOTHING")
    assert (code, told["status"]) == (2, "Error")
    assert "CUSTOMER" in told["message"]


def test_couple_refuses_an_unknown_record_with_code_two(company: People) -> None:
    with pytest.raises((SystemExit, CommandError)) as stop:
        call_command("couple", "CUSTOMER", "NOBODY", "NOBODY", stdout=StringIO(), stderr=StringIO())
    assert getattr(stop.value, "code", getattr(stop.value, "returncode", None)) == 2


@pytest.mark.rule("A12.old-new")
def test_the_log_lists_entries_with_what_changed(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    people.create_bc("customers", displayName="One", city="Atlanta")
    command("synchronize", "CUSTOMER")
    (entry,) = command("synchlog", "--mapping", "customer", "--entries")[1]["entries"]
    assert (entry["action"], entry["direction"], entry["code"]) == ("Inserted", "ToIntegrationTable", "")
    assert {"field": "address1_city", "old": "", "new": "Atlanta"} in entry["changes"]
    assert entry["destination"]["key"] == people.rows_sales("accounts")[0]["accountid"]


@pytest.mark.rule("A26.job")
def test_a_job_keeps_the_version_of_the_mapping_that_it_ran_with(customer: IntegrationTableMapping, command: Command) -> None:
    versions = []
    for _ in range(2):
        versions.append(IntegrationTableMapping.objects.get(pk=customer.pk).version)
        command("synchronize", "CUSTOMER", "--direction", "to")
        customer.description += "."
        save_with_history(customer, None, "Description", customer.save)
    assert list(SynchJob.objects.order_by("id").values_list("mapping_version", flat=True)) == versions == [versions[0], versions[0] + 1]


@pytest.mark.rule("A24.last")
def test_statistics_run_last_of_all(company: People, command: Command) -> None:
    _, told = command("synchronize", "--all")
    assert [job["mapping"] for job in told["jobs"]][-2:] == ["CUSTOMER STATISTICS", "INVOICE STATUS"]


def test_records_are_named_by_key_or_number_of_either_side_again_and_again(
    customer: IntegrationTableMapping, people: People, command: Command
) -> None:
    made = [people.create_bc("customers", number=f"C{number}", displayName=f"Customer {number}") for number in range(4)]
    command("synchronize", "CUSTOMER", "--record", "C0", "--record", made[1]["id"].upper(), "--record", "C2")
    accounts = {row["name"]: row for row in people.rows_sales("accounts")}
    assert set(accounts) == {"Customer 0", "Customer 1", "Customer 2"}
    for row in made:
        people.change_bc("customers", row["id"], city="Graz")
    people.create_sales("accounts", accountnumber="A9", name="Customer 9", customertypecode=3)
    named = ("C0", accounts["Customer 1"]["accountid"], "A9")
    _, told = command("synchronize", "CUSTOMER", *(part for name in named for part in ("--record", name)))
    assert [(job["direction"], job["inserted"], job["modified"]) for job in told["jobs"]] == [
        ("ToIntegrationTable", 0, 2), ("FromIntegrationTable", 1, 0),
    ]  # fmt: skip


def test_a_command_waits_for_a_run_of_the_same_mapping_that_is_under_way(
    customer: IntegrationTableMapping, people: People, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    people.create_bc("customers", displayName="Adatum")
    other = JobQueueEntry.objects.create(
        description="another", mapping=customer, status="In Process", claim_token="x", heartbeat_at=timezone.now()
    )
    waited: list[float] = []

    def the_other_run_ends(seconds: float) -> None:
        waited.append(seconds)
        if other.pk:
            other.delete()

    monkeypatch.setattr(foreground.time, "sleep", the_other_run_ends)
    code, told = command("synchronize", "CUSTOMER")
    assert (code, told["jobs"][0]["inserted"], bool(waited)) == (0, 1, True)


def test_the_log_is_narrowed_by_mapping_job_number_and_errors(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    people.create_bc("customers", displayName="Good")
    people.create_sales("accounts", name="Too long", address1_city="x" * 50, customertypecode=3)
    jobs = command("synchronize", "CUSTOMER", "CURRENCY")[1]["jobs"]
    assert [job["id"] for job in command("synchlog")[1]["jobs"]] == [job["id"] for job in reversed(jobs)]
    assert [job["mapping"] for job in command("synchlog", "--last", "1")[1]["jobs"]] == ["CURRENCY"]
    assert {job["mapping"] for job in command("synchlog", "--mapping", "customer")[1]["jobs"]} == {"CUSTOMER"}
    assert [job["id"] for job in command("synchlog", "--job", str(jobs[0]["id"]))[1]["jobs"]] == [jobs[0]["id"]]
    (failed,) = command("synchlog", "--errors")[1]["entries"]
    assert (failed["action"], failed["code"], failed["direction"]) == ("Failed", "too-long", "FromIntegrationTable")
    assert failed["message"] and failed["source"]["label"] == "Too long"
    assert command("synchlog", "--job", "999999")[1] == {"jobs": []}


def test_an_entry_of_the_log_has_the_keys_that_scripts_rely_on(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    people.create_bc("customers", displayName="Good")
    command("synchronize", "CUSTOMER")
    (entry,) = command("synchlog", "--entries")[1]["entries"]
    assert entry.keys() >= {"job", "mapping", "direction", "action", "source", "destination", "changes", "code", "message"}
    assert set(entry["source"]) == set(entry["destination"]) == {"key", "label"}
    assert all(set(change) == {"field", "old", "new"} for change in entry["changes"])


@pytest.mark.parametrize(
    "arguments", [("synchronize", "CUSTOMER"), ("match", "CUSTOMER"), ("synchlog",), ("synchlog", "--entries"), ("records", "CUSTOMER")]
)
def test_without_json_people_read_lines(customer: IntegrationTableMapping, people: People, arguments: tuple[str, ...]) -> None:
    people.create_bc("customers", displayName="Adatum")
    told = StringIO()
    with contextlib.suppress(SystemExit):
        call_command(*arguments, stdout=told, stderr=StringIO())
    assert told.getvalue().strip() and not told.getvalue().startswith("{")
