"""How the state of a coupling follows what runs, previews and searches find."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from joblog import runner
from joblog.coupling_actions import Act, look_through
from joblog.models import RunKind
from joblog.queue import enqueue
from mappings.models import Coupling, IntegrationTableMapping
from syncadmin.sandbox.ids import COMPANY_ID
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def adatum(customer: IntegrationTableMapping, people: People, command: Command) -> Coupling:
    people.create_bc("customers", number="C1", displayName="Adatum")
    command("synchronize", "CUSTOMER")
    return Coupling.objects.get()


def state() -> str:
    return str(Coupling.objects.get().state)


def compare() -> None:
    """Look for Differences."""
    (entry,) = look_through(Act.COMPARE, [IntegrationTableMapping.objects.get(name="CUSTOMER")], user=None).entries
    runner.run(entry.pk)


def test_a_record_is_in_sync_after_its_run(adatum: Coupling) -> None:
    assert (state(), adatum.gone, adatum.differs_since) == ("in sync", "", None)


@pytest.mark.parametrize("side", ["business_central", "sales"])
def test_a_comparison_finds_what_differs_and_the_run_settles_it(adatum: Coupling, people: People, command: Command, side: str) -> None:
    if side == "sales":
        people.change_sales("accounts", str(adatum.sales_key), address1_city="Graz")
    else:
        people.change_bc("customers", str(adatum.bc_key), city="Graz")
    assert state() == "in sync"
    compare()
    assert state() == "differs"
    command("synchronize", "CUSTOMER")
    assert state() == "in sync"


def test_what_was_changed_back_does_not_differ_any_more(adatum: Coupling, people: People, command: Command) -> None:
    people.change_bc("customers", str(adatum.bc_key), city="Graz")
    compare()
    people.change_bc("customers", str(adatum.bc_key), city="")
    compare()
    assert state() == "in sync"


def test_a_plain_preview_leaves_couplings_alone(adatum: Coupling, people: People, command: Command) -> None:
    people.change_bc("customers", str(adatum.bc_key), city="Graz")
    command("synchronize", "CUSTOMER", "--preview")
    assert state() == "in sync"


@pytest.mark.parametrize("side", ["business_central", "sales"])
def test_the_time_since_which_it_differs_stays(adatum: Coupling, people: People, side: str) -> None:
    if side == "sales":
        people.change_sales("accounts", str(adatum.sales_key), address1_city="Graz")
    else:
        people.change_bc("customers", str(adatum.bc_key), city="Graz")
    compare()
    first = Coupling.objects.get().differs_since
    compare()
    assert Coupling.objects.get().differs_since == first


def test_a_conflict_fails_and_a_decision_brings_it_in_sync(adatum: Coupling, people: People, command: Command) -> None:
    people.change_bc("customers", str(adatum.bc_key), city="Graz")
    people.change_sales("accounts", str(adatum.sales_key), address1_city="Linz")
    command("synchronize", "CUSTOMER")
    assert state() == "failing"
    command("synchronize", "CUSTOMER", "--use", "sales")
    assert state() == "in sync"


@pytest.mark.parametrize("side", ["business_central", "sales"])
def test_a_search_finds_broken_couplings_and_says_where(
    adatum: Coupling, customer: IntegrationTableMapping, people: People, side: str
) -> None:
    if side == "sales":
        people.delete_sales("accounts", str(adatum.sales_key))
    else:
        address = f"{people.bc_root}/companies({COMPANY_ID})/customers({adatum.bc_key})"
        assert people.session.delete(address, headers={"If-Match": "*"}).status_code == 204
    runner.run(enqueue(mapping=customer, run_kind=RunKind.FIND_DELETED).pk)
    row = Coupling.objects.get()
    assert (row.state, row.gone, row.skipped) == ("broken", side, True)


def test_a_run_finds_a_broken_coupling_and_restoring_mends_it(adatum: Coupling, people: People, command: Command) -> None:
    people.delete_sales("accounts", str(adatum.sales_key))
    people.change_bc("customers", str(adatum.bc_key), city="Graz")
    command("synchronize", "CUSTOMER")
    assert (state(), Coupling.objects.get().gone) == ("broken", "sales")
    IntegrationTableMapping.objects.filter(name="CUSTOMER").update(deletion_conflict_resolution="RestoreRecords")
    command("synchronize", "CUSTOMER")
    assert (state(), Coupling.objects.get().gone) == ("in sync", "")


def test_a_named_record_that_is_gone_breaks_its_coupling(adatum: Coupling, people: People, command: Command) -> None:
    people.delete_sales("accounts", str(adatum.sales_key))
    command("synchronize", "CUSTOMER", "--direction", "from", "--record", str(adatum.sales_key))
    assert (state(), Coupling.objects.get().gone) == ("broken", "sales")


def test_an_insert_that_fails_is_failing_not_pending(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    people.create_sales("accounts", name="Too long a name " * 8, customertypecode=3)
    command("synchronize", "CUSTOMER")
    assert state() == "failing"
