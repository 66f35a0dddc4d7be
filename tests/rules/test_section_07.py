"""Section 7, update conflicts, over HTTP: what each strategy does in each direction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from joblog.models import SynchEntry
from mappings.models import Coupling, IntegrationTableMapping
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def conflict(customer: IntegrationTableMapping, people: People, command: Command) -> IntegrationTableMapping:
    """A customer in Graz in Business Central and in Linz in Sales, who was in Ulm when both were last synchronized."""
    made = people.create_bc("customers", number="C1", displayName="Adatum", city="Ulm")
    command("synchronize", "CUSTOMER")
    people.change_bc("customers", made["id"], city="Graz")
    people.change_sales("accounts", str(Coupling.objects.get().sales_key), address1_city="Linz")
    return customer


def cities(people: People) -> tuple[str, str]:
    return people.rows_bc("customers")[0]["city"], people.rows_sales("accounts")[0]["address1_city"]


@pytest.mark.parametrize(
    ("strategy", "direction", "counted", "result"),
    [
        pytest.param("None", "to", "failed", ("Graz", "Linz"), marks=pytest.mark.rule("7.none-to")),
        pytest.param("None", "from", "failed", ("Graz", "Linz"), marks=pytest.mark.rule("7.none-from")),
        pytest.param("SendUpdateToIntegration", "to", "modified", ("Graz", "Graz"), marks=pytest.mark.rule("7.send-to", "A1.send")),
        pytest.param("SendUpdateToIntegration", "from", "skipped", ("Graz", "Linz"), marks=pytest.mark.rule("7.send-from", "A1.send")),
        pytest.param("GetUpdateFromIntegration", "to", "skipped", ("Graz", "Linz"), marks=pytest.mark.rule("7.get-to", "A1.get")),
        pytest.param("GetUpdateFromIntegration", "from", "modified", ("Linz", "Linz"), marks=pytest.mark.rule("7.get-from", "A1.get")),
    ],
)
@pytest.mark.rule("7.not-skipped")
def test_what_a_strategy_does(
    conflict: IntegrationTableMapping,
    people: People,
    command: Command,
    strategy: str,
    direction: str,
    counted: str,
    result: tuple[str, str],
) -> None:
    IntegrationTableMapping.objects.filter(pk=conflict.pk).update(update_conflict_resolution=strategy)
    job = command("synchronize", "CUSTOMER", "--direction", direction)[1]["jobs"][0]
    assert {name: job[name] for name in ("modified", "skipped", "failed", "unchanged") if job[name]} == {counted: 1}
    assert cities(people) == result
    assert not Coupling.objects.get().skipped


@pytest.mark.rule("A4.full-conflicts", "A1.none")
def test_a_full_run_meets_the_conflict_like_any_run(conflict: IntegrationTableMapping, people: People, command: Command) -> None:
    _, told = command("synchronize", "CUSTOMER", "--full")
    assert [job["failed"] for job in told["jobs"]] == [1, 0]
    entry = SynchEntry.objects.get(action="Failed")
    assert (entry.code, entry.fields) == ("conflict", ["city"])
    assert all(word in entry.message for word in ("Ulm", "Graz", "Linz"))
    assert cities(people) == ("Graz", "Linz")


@pytest.mark.rule("7.same-values", "7.one-way-fields")
def test_the_same_value_and_one_way_fields_are_no_conflict(conflict: IntegrationTableMapping, people: People, command: Command) -> None:
    key = str(Coupling.objects.get().sales_key)
    people.change_sales("accounts", key, address1_city="Graz", creditlimit=5)
    people.change_bc("customers", str(Coupling.objects.get().bc_key), creditLimit=700)
    code, told = command("synchronize", "CUSTOMER")
    assert (code, told["jobs"][0]["modified"], cities(people)) == (0, 1, ("Graz", "Graz"))
    assert people.rows_sales("accounts")[0]["creditlimit"] == 700


@pytest.mark.rule("7.bidirectional-only")
def test_a_one_way_mapping_overwrites_when_its_source_changes_and_not_before(
    conflict: IntegrationTableMapping, people: People, command: Command
) -> None:
    IntegrationTableMapping.objects.filter(pk=conflict.pk).update(direction="ToIntegrationTable")
    assert command("synchronize", "CUSTOMER")[1]["jobs"][0]["modified"] == 1
    assert cities(people) == ("Graz", "Graz")
    people.change_sales("accounts", str(Coupling.objects.get().sales_key), address1_city="Linz")
    assert command("synchronize", "CUSTOMER", "--full")[1]["jobs"][0]["modified"] == 0
    assert cities(people) == ("Graz", "Linz")


@pytest.mark.rule("7.no-baseline-both", "A1.no-baseline")
def test_records_coupled_by_hand_conflict_where_they_differ(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    people.create_bc("customers", number="C1", displayName="Adatum", city="Graz")
    account = people.create_sales("accounts", name="Adatum", address1_city="Linz", customertypecode=3)
    command("couple", "CUSTOMER", "C1", account["accountid"])
    _, told = command("synchronize", "CUSTOMER")
    assert [job["failed"] for job in told["jobs"]] == [1, 0]
    entry = SynchEntry.objects.get(action="Failed")
    assert (entry.code, entry.fields) == ("conflict", ["city"])
