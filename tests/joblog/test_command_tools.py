"""The commands deleted, fullsync, records and transform."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from joblog.models import FullSynchronizationLine
from mappings.models import Coupling, IntegrationTableMapping, System
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def coupled(customer: IntegrationTableMapping, people: People, command: Command) -> dict[str, str]:
    """C1 and C2, synchronized; keys of their accounts."""
    for number in ("C1", "C2"):
        people.create_bc("customers", number=number, displayName=f"Customer {number}", city="Graz")
    command("synchronize", "CUSTOMER")
    return {row.bc_number: str(row.sales_key) for row in Coupling.objects.all()}


# ---- deleted


@pytest.mark.rule("9.4.find", "9.3.restore")
def test_deleted_records_are_found_and_restored(coupled: dict[str, str], people: People, command: Command) -> None:
    people.delete_sales("accounts", coupled["C1"])
    code, told = command("deleted", "find", "CUSTOMER")
    assert (code, sum(job["skipped"] for job in told["jobs"]), Coupling.objects.get(skipped=True).bc_number) == (0, 1, "C1")
    code, told = command("deleted", "restore", "CUSTOMER", "--found")
    assert (code, [job["inserted"] for job in told["jobs"]], len(people.rows_sales("accounts"))) == (0, [1], 2)
    assert not Coupling.objects.filter(skipped=True).exists()


@pytest.mark.rule("9.3.delete")
def test_what_survived_is_deleted(coupled: dict[str, str], people: People, command: Command) -> None:
    people.delete_sales("accounts", coupled["C1"])
    code, told = command("deleted", "delete", "CUSTOMER", "C1", "C2")
    assert (code, told["jobs"][0]["deleted"], told["jobs"][0]["skipped"]) == (0, 1, 1)
    assert [row["number"] for row in people.rows_bc("customers")] == ["C2"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("restore", "CUSTOMER"), "Name the records, or use --found."),
        (("delete", "CUSTOMER", "C1", "--found"), "Name the records, or use --found."),
        (("restore", "CUSTOMER", "--found"), "No deleted record of CUSTOMER was found so far."),
        (("restore", "CUSTOMER", "NOBODY"), "No record NOBODY"),
        (("find", "NOTHING"), "There is no mapping NOTHING."),
    ],
)
def test_what_restores_and_deletes_nothing_is_refused(
    coupled: dict[str, str], command: Command, arguments: tuple[str, ...], reason: str
) -> None:
    code, told = command("deleted", *arguments)
    assert (code, told["status"], reason in told["message"]) == (2, "Error", True)


# ---- fullsync


def told_lines(answer: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {line["mapping"]: (line["recommendation"], line["status"]) for line in answer["lines"]}


@pytest.mark.rule("17.override", "17.restart", "17.reset")
def test_the_full_synchronization_is_reviewed_and_steered(company: People, command: Command) -> None:
    company.create_bc("customers", displayName="Adatum")
    company.create_sales("accounts", name="Adatum", customertypecode=3)
    code, told = command("fullsync", "review")
    assert (code, told_lines(told)["CUSTOMER"]) == (0, ("Couple Records", ""))
    assert command("fullsync", "recommend", "customer")[1]["changed"] == 1
    assert told_lines(command("fullsync", "refresh")[1])["CUSTOMER"] == ("Full Synchronization", "")
    FullSynchronizationLine.objects.filter(mapping__name="CURRENCY").update(status="Error")
    assert command("fullsync", "restart", "CURRENCY")[1]["changed"] == 1
    assert told_lines(command("fullsync", "review")[1])["CURRENCY"][1] == "Ready"
    code, told = command("fullsync", "start")
    assert (code, told["status"], "CURRENCY" in told["message"]) == (2, "Error", True)


@pytest.mark.rule("17.start")
def test_all_lines_are_started_for_the_workers(company: People, command: Command) -> None:
    code, told = command("fullsync", "start", "--company", "cronus")
    assert (code, told["changed"]) == (0, len(told["lines"]))
    assert {line["mapping"] for line in told["lines"] if line["status"] == "Ready"} == {"SALESPEOPLE", "CURRENCY"}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("restart", "CUSTOMER"), "There is no line for CUSTOMER. Run fullsync refresh first."),
        (("review", "--company", "NOBODY"), "The company NOBODY is not set up."),
    ],
)
def test_what_steers_nothing_is_refused(company: People, command: Command, arguments: tuple[str, ...], reason: str) -> None:
    code, told = command("fullsync", *arguments)
    assert (code, told["status"], reason in told["message"]) == (2, "Error", True)


def test_a_system_out_of_reach_is_told(company: People, command: Command) -> None:
    System.objects.filter(kind="sales").update(address="http://127.0.0.1:9")
    code, told = command("fullsync", "refresh")
    assert (code, told["status"], "Sales" in told["message"]) == (2, "Error", True)


# ---- records


@pytest.mark.rule("13.look-up")
def test_records_are_listed_by_side_search_and_coupling(coupled: dict[str, str], people: People, command: Command) -> None:
    people.create_sales("accounts", name="Contoso", customertypecode=3)
    told = command("records", "CUSTOMER", "--side", "sales", "--uncoupled")[1]
    assert ([row["label"] for row in told["records"]], told["more"]) == (["Contoso"], False)
    (row,) = command("records", "CUSTOMER", "c2")[1]["records"]
    assert (row["number"], row["coupled_to"]["key"]) == ("C2", coupled["C2"])


@pytest.mark.rule("13.values")
def test_one_record_is_shown_with_both_values(coupled: dict[str, str], people: People, command: Command) -> None:
    people.change_bc("customers", str(Coupling.objects.get(bc_number="C1").bc_key), city="Linz")
    code, told = command("records", "CUSTOMER", "--show", "C1")
    city = next(row for row in told["fields"] if row["field"] == "city")
    assert (city["bc_value"], city["sales_value"], city["baseline_bc"], city["mark"]) == ("Linz", "Graz", "Graz", "will be sent to Sales")
    assert (code, told["offer"]["preselected"], told["sales"]) == (0, "send", coupled["C1"])


@pytest.mark.rule("13.values")
def test_an_uncoupled_record_is_shown_beside_a_choice(coupled: dict[str, str], people: People, command: Command) -> None:
    people.create_bc("customers", number="C9", displayName="Contoso")
    people.create_sales("accounts", name="Contoso Ltd.", customertypecode=3)
    told = command("records", "CUSTOMER", "--show", "C9", "--beside", "Contoso")[1]
    name = next(row for row in told["fields"] if row["field"] == "displayName")
    assert (told["state"], name["bc_value"], name["sales_value"]) == ("not coupled", "Contoso", "Contoso Ltd.")


@pytest.mark.parametrize("arguments", [("NOTHING",), ("CUSTOMER", "--show", "NOBODY"), ("CUSTOMER", "--show", "C1", "--beside", "Nobody")])
def test_a_record_that_cannot_be_shown_is_told(coupled: dict[str, str], command: Command, arguments: tuple[str, ...]) -> None:
    code, told = command("records", *arguments)
    assert (code, told["status"]) == (2, "Error")


# ---- couple by name


@pytest.mark.rule("13.couple")
def test_records_are_coupled_by_their_names(company: People, command: Command) -> None:
    company.create_bc("customers", number="C1", displayName="Adatum")
    account = company.create_sales("accounts", name="Adatum Ltd.", customertypecode=3)["accountid"]
    assert command("couple", "CUSTOMER", "Adatum", "Adatum Ltd.")[0] == 0
    assert Coupling.objects.get().sales_key == account


def test_a_name_that_two_records_have_is_refused(company: People, command: Command) -> None:
    company.create_bc("customers", number="C1", displayName="Adatum")
    for _ in range(2):
        company.create_sales("accounts", name="Adatum Ltd.", customertypecode=3)
    code, told = command("couple", "CUSTOMER", "C1", "Adatum Ltd.")
    assert (code, "several records Adatum Ltd." in told["message"]) == (2, True)


# ---- transform


@pytest.mark.rule("22.sample")
def test_a_rule_is_tried_on_a_sample(company: People, command: Command) -> None:
    code, told = command("transform", "uppercase", "straße")
    assert (code, told["steps"]) == (0, [{"rule": "UPPERCASE", "text": "STRASSE"}])


@pytest.mark.parametrize(
    ("rule", "text", "reason"),
    [("NOTHING", "x", "There is no transformation rule NOTHING"), ("YYYYMMDD_DATE", "today", "cannot take today")],
)
def test_what_cannot_be_tried_says_why(company: People, command: Command, rule: str, text: str, reason: str) -> None:
    code, told = command("transform", rule, text)
    assert (code, told["status"], reason in told["message"]) == (2, "Error", True)
