"""Salespeople over HTTP: users of Sales become salespeople with codes of their own (engine.md section 19, Salespeople)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from mappings.models import Coupling, IntegrationTableMapping
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


def codes(people: People) -> list[str]:
    return sorted(row["code"] for row in people.rows_standard("salespeoplePurchasers"))


@pytest.mark.rule("19.salespeople.code")
def test_the_first_salesperson_gets_the_first_code(company: People, command: Command) -> None:
    IntegrationTableMapping.objects.filter(name="SALESPEOPLE").update(synch_only_coupled=False)
    assert command("synchronize", "SALESPEOPLE")[1]["jobs"][0]["inserted"] == 1
    assert codes(company) == ["SP NO. 00001"]
    assert command("synchronize", "SALESPEOPLE")[1]["jobs"][0]["inserted"] == 0


@pytest.mark.rule("19.salespeople.code")
def test_a_new_salesperson_gets_the_code_after_the_highest_one(company: People, command: Command) -> None:
    IntegrationTableMapping.objects.filter(name="SALESPEOPLE").update(synch_only_coupled=False)
    for code in ("SP NO. 00004", "SP NO. 00009", "XX"):
        company.create_standard("salespeoplePurchasers", code=code, displayName=code)
    assert command("synchronize", "SALESPEOPLE")[0] == 0
    assert codes(company) == ["SP NO. 00004", "SP NO. 00009", "SP NO. 00010", "XX"]


@pytest.mark.rule("19.salespeople.code")
def test_users_that_have_a_salesperson_already_use_up_no_code(demo_company: People, command: Command) -> None:
    (job,) = command("synchronize", "SALESPEOPLE", "--full", "--create-new")[1]["jobs"]
    assert (job["inserted"], job["modified"]) == (2, 6)
    assert [code for code in codes(demo_company) if code.startswith("SP")] == ["SP NO. 00001", "SP NO. 00002"]


@pytest.mark.rule("A2.lost-by-number")
def test_a_salesperson_whose_insert_was_not_answered_is_found_by_the_code_that_was_sent(company: People, command: Command) -> None:
    mapping = IntegrationTableMapping.objects.get(name="SALESPEOPLE")
    (user,) = company.rows_sales("systemusers", "islicensed eq true and isintegrationuser eq false")
    company.create_standard("salespeoplePurchasers", code="SP NO. 00001", displayName=user["fullname"])
    sent = {"code|=code": ["SP NO. 00001", "SP NO. 00001"]}
    Coupling.objects.create(
        mapping=mapping, sales_key=user["systemuserid"], pending="FromIntegrationTable", pending_since=timezone.now(), baseline=sent
    )
    command("synchronize", "SALESPEOPLE")
    assert codes(company) == ["SP NO. 00001"]
    assert Coupling.objects.get(pending="").bc_number == "SP NO. 00001"


@pytest.mark.rule("19.salespeople.one-way")
def test_nothing_of_a_salesperson_reaches_the_user(company: People, command: Command) -> None:
    IntegrationTableMapping.objects.filter(name="SALESPEOPLE").update(synch_only_coupled=False)
    command("synchronize", "SALESPEOPLE")
    before = company.rows_sales("systemusers")
    (own,) = company.rows_standard("salespeoplePurchasers")
    company.change_standard("salespeoplePurchasers", own["id"], displayName="Somebody else", email="else@example.com")
    assert [job["direction"] for job in command("synchronize", "SALESPEOPLE")[1]["jobs"]] == ["FromIntegrationTable"]
    assert command("synchronize", "SALESPEOPLE", "--direction", "to")[0] == 2
    assert company.rows_sales("systemusers") == before
