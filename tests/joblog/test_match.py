"""Match-based coupling over HTTP: what is coupled and what is reported (engine.md section 14, A6)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from joblog.models import SynchEntry
from mappings.models import Coupling, IntegrationTableMapping
from tests.joblog.matching import Command, coupled, entries, told
from tests.people import People

EXPECTED = [
    ("C0 Adatum", "Coupled", ""),
    ("C1 Alone", "Failed", "no-match"),
    ("C2 Twins", "Failed", "ambiguous"),
    ("C3 Shared", "Coupled", ""),
    ("C4 SHARED", "Failed", "taken"),
]


@pytest.mark.rule("A6.each-entry", "14.1.local", "14.1.remote", "14.4.one", "14.6.failed")
def test_every_record_is_coupled_or_has_its_own_reason(both_sides: dict[str, str], command: Command) -> None:
    code, answer = command("match", "CUSTOMER")
    (job,) = answer["jobs"]
    assert (code, job["type"], job["status"], job["read"], job["coupled"], job["failed"]) == (1, "Coupling", "Finished", 5, 2, 3)
    assert [told(entry) for entry in entries(command, job)] == EXPECTED
    assert coupled() == {("C0 Adatum", "A0 ADATUM"), ("C3 Shared", "A3 Shared")}
    assert set(Coupling.objects.values_list("origin", "pending", "bc_number")) == {("match", "", "C0"), ("match", "", "C3")}


def test_an_ambiguous_record_is_reported_with_all_that_match(both_sides: dict[str, str], command: Command) -> None:
    command("match", "CUSTOMER")
    entry = SynchEntry.objects.get(code="ambiguous")
    assert {one["key"]: one["label"] for one in entry.detail["candidates"]} == {both_sides["A1"]: "A1 Twins", both_sides["A2"]: "A2 Twins"}
    assert entry.message.startswith("2 Account records match by Display Name (Twins): A")
    assert command("synchlog", "--errors")[1]["entries"][1]["candidates"] == entry.detail["candidates"]


def test_a_taken_record_names_its_partner(both_sides: dict[str, str], command: Command) -> None:
    command("match", "CUSTOMER")
    entry = SynchEntry.objects.get(code="taken")
    assert (entry.destination_key, entry.destination_label) == (both_sides["A3"], "A3 Shared")
    assert "already coupled to C3 Shared" in entry.message


def test_a_second_run_couples_nothing_twice(both_sides: dict[str, str], command: Command) -> None:
    command("match", "CUSTOMER")
    before = coupled()
    _, answer = command("match", "CUSTOMER")
    assert (answer["jobs"][0]["coupled"], answer["jobs"][0]["failed"], coupled()) == (0, 3, before)


def test_coupled_records_are_not_compared_again(only_coupled: IntegrationTableMapping, people: People, command: Command) -> None:
    people.create_bc("customers", displayName="Adatum")
    people.create_sales("accounts", name="Adatum", customertypecode=3)
    assert command("match", "CUSTOMER")[0] == 0
    code, answer = command("match", "CUSTOMER")
    assert (code, answer["jobs"][0]["requests"]) == (0, {"business_central": 1, "sales": 0})


@pytest.mark.rule("A11.match")
def test_a_preview_lists_the_same_and_couples_nothing(both_sides: dict[str, str], command: Command) -> None:
    code, answer = command("match", "CUSTOMER", "--preview", "--create-new", "--synch-after")
    (job,) = answer["jobs"]
    assert (code, job["type"], job["coupled"], job["failed"]) == (1, "Preview", 2, 2)
    assert [told(entry)[1] for entry in entries(command, job)] == ["Coupled", "Skipped", "Failed", "Coupled", "Failed"]
    assert not Coupling.objects.exists()
    assert IntegrationTableMapping.objects.get(name="CUSTOMER").last_job_id is None


@pytest.mark.rule("A2.pending-is-none")
def test_a_record_whose_insert_never_succeeded_is_a_candidate(
    both_sides: dict[str, str], only_coupled: IntegrationTableMapping, command: Command
) -> None:
    Coupling.objects.create(
        mapping=only_coupled, bc_key=both_sides["C0"], pending="ToIntegrationTable", to_result="Failure", pending_since=timezone.now()
    )
    Coupling.objects.create(mapping=only_coupled, sales_key=both_sides["A0"], pending="FromIntegrationTable", from_result="Failure")
    command("match", "CUSTOMER")
    row = Coupling.objects.get(bc_key=both_sides["C0"])
    assert (row.sales_key, row.pending, row.to_result) == (both_sides["A0"], "", "")
    assert not Coupling.objects.filter(sales_key=None).exists()


def test_what_somebody_coupled_in_that_moment_is_taken(
    both_sides: dict[str, str], only_coupled: IntegrationTableMapping, command: Command, after_the_look: Callable[..., Any]
) -> None:
    with after_the_look(mapping=only_coupled, bc_key="somebody", bc_label="X1 Somebody", sales_key=both_sides["A0"]):
        _, answer = command("match", "CUSTOMER")
    assert (answer["jobs"][0]["coupled"], answer["jobs"][0]["failed"]) == (1, 4)
    entry = SynchEntry.objects.get(source_label="C0 Adatum")
    assert (entry.code, "already coupled to X1 Somebody" in entry.message) == ("taken", True)


@pytest.fixture
def after_the_look(db: None) -> Callable[..., AbstractContextManager[None]]:
    """Saves a coupling right after the first look at the partners of Sales records, as another process would."""

    def coupling(**values: Any) -> AbstractContextManager[None]:
        made: list[Coupling] = []

        def wrapper(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
            answer = execute(sql, parameters, many, context)
            if not made and sql.startswith("SELECT") and '"sales_key" IN' in sql:
                made.append(Coupling(**values))
                made[0].save()
            return answer

        return connection.execute_wrapper(wrapper)

    return coupling


@pytest.mark.rule("14.1.remote")
def test_accounts_match_however_old_they_are(only_coupled: IntegrationTableMapping, people: People, command: Command) -> None:
    people.create_bc("customers", displayName="Adatum")
    people.create_sales("accounts", name="Adatum", customertypecode=3)
    IntegrationTableMapping.objects.filter(pk=only_coupled.pk).update(bc_watermark=timezone.now(), sales_watermark=timezone.now())
    assert command("match", "CUSTOMER")[1]["jobs"][0]["coupled"] == 1


@pytest.mark.rule("14.2.fields", "A9.nothing")
def test_a_field_mapping_that_is_disabled_is_not_compared(only_coupled: IntegrationTableMapping, people: People, command: Command) -> None:
    only_coupled.field_mappings.filter(field="phoneNumber").update(use_for_match=True)
    people.create_bc("customers", displayName="Adatum", phoneNumber="1")
    people.create_sales("accounts", name="Adatum", telephone1="2", customertypecode=3)
    assert command("match", "CUSTOMER", "--preview")[1]["jobs"][0]["coupled"] == 0
    only_coupled.field_mappings.filter(field="phoneNumber").update(status="Disabled")
    assert command("match", "CUSTOMER", "--preview")[1]["jobs"][0]["coupled"] == 1


# ---- what cannot run


@pytest.mark.rule("14.2.none", "A18.job")
def test_a_mapping_without_match_fields_says_what_to_specify(only_coupled: IntegrationTableMapping, command: Command) -> None:
    only_coupled.field_mappings.update(use_for_match=False)
    code, answer = command("match", "CUSTOMER")
    (job,) = answer["jobs"]
    assert (code, job["status"], job["code"]) == (2, "Error", "no-match-fields")
    assert "which fields of the mapping CUSTOMER" in job["message"]


@pytest.mark.rule("14.2.not-eligible")
def test_a_field_that_cannot_be_compared_is_named(
    both_sides: dict[str, str], only_coupled: IntegrationTableMapping, command: Command
) -> None:
    only_coupled.field_mappings.filter(field="", status="Enabled").update(use_for_match=True)
    only_coupled.field_mappings.create(field="creditLimit", integration_field="description", status="Enabled", use_for_match=True)
    _, answer = command("match", "CUSTOMER")
    assert (answer["jobs"][0]["status"], answer["jobs"][0]["coupled"]) == ("Finished", 2)
    assert "Not compared" in answer["jobs"][0]["message"]


def test_an_unknown_mapping_is_code_two(company: People, command: Command) -> None:
    code, answer = command("match", "NOTHING")
    assert (code, answer["jobs"], answer["status"]) == (2, [], "Error")
    assert "CUSTOMER" in answer["message"]


# ---- many


@pytest.mark.rule("14.many")
def test_five_thousand_customers_find_their_accounts_in_at_most_sixty_requests(
    only_coupled: IntegrationTableMapping, people: People, command: Command
) -> None:
    """By name first, then by phone: every tenth account has another name; two customers have one name that two accounts have, and two have
    one that a single account has."""
    only_coupled.field_mappings.filter(field="phoneNumber").update(use_for_match=True, match_priority=1)
    names = [f"Customer {number:05}" for number in range(5000)]
    names[1] = names[2] = "Twins"
    names[3] = names[4] = "Shared"
    phones = ["" if number in (1, 2, 3, 4) else f"{number:05}" for number in range(5000)]
    people.create_many_bc("customers", [{"displayName": name, "phoneNumber": phone} for name, phone in zip(names, phones, strict=True)])
    accounts = [{"name": names[at].upper(), "telephone1": f"{at:05}", "customertypecode": 3} for at in reversed(range(5000))]
    for account in [*accounts[::10], next(one for one in accounts if one["telephone1"] == "00004")]:
        account["name"] = "Another name"
    people.create_many_sales("accounts", "account", accounts)
    people.control("POST", "stats/reset")
    code, answer = command("match", "CUSTOMER")
    (job,) = answer["jobs"]
    assert (code, job["read"], job["coupled"], job["failed"]) == (1, 5000, 4997, 3)
    stats = people.stats()
    assert sum(stats[system]["requests"] for system in stats) == sum(job["requests"].values()) <= 60
    numbers = {row["accountid"]: row["telephone1"] for row in people.rows_sales("accounts")}
    check_partners(numbers)
    check_reasons(numbers)


def check_partners(numbers: dict[str, str]) -> None:
    """Everybody has the account of their own number, and nobody shares one; ``numbers`` are those of all accounts by key."""
    partners = list(Coupling.objects.values_list("bc_label", "sales_key"))
    assert len(partners) == len({key for _, key in partners}) == 4997
    assert all(numbers[str(key)] == label[-5:] for label, key in partners if not label.endswith("Shared"))


def check_reasons(numbers: dict[str, str]) -> None:
    failed = {entry.source_label.partition(" ")[2]: entry for entry in SynchEntry.objects.filter(action="Failed")}
    codes = list(SynchEntry.objects.filter(action="Failed").order_by("id").values_list("code", flat=True))
    assert sorted(codes) == ["ambiguous", "ambiguous", "taken"]
    assert {numbers[one["key"]] for one in failed["Twins"].detail["candidates"]} == {"00001", "00002"}
    assert numbers[failed["Shared"].destination_key] == "00003"
