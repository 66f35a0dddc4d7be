"""The decisions of the product, A1 to A17, where systems are involved: over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from joblog import runner
from joblog.models import JobQueueEntry, QueueStatus, RunKind, SynchEntry, SynchJob
from joblog.queue import enqueue
from mappings.couplings import DatabaseCouplings
from mappings.models import Coupling, IntegrationTableMapping
from mappings.record_lists import Asked, list_records
from syncadmin.sandbox.server import Sandbox
from syncadmin.sync.records import Direction, Outcome, Side, WriteResult
from tests.people import People
from tests.sync.world import TO, World

Command = Callable[..., tuple[int, dict[str, Any]]]
LONG = "A street with a name that is far too long for Business Central, " * 3
OPTION_TABLES = ["paymentTerms", "shipmentMethods", "shippingAgents"]
FIGURES = ("inserted", "modified", "skipped", "failed", "coupled")  # what a run inserts comes back as unchanged, and in a preview not


def told(command: Command, jobs: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """The entries of these jobs, without what a preview cannot know: the key of a new record."""
    entries = [entry for job in jobs for entry in command("synchlog", "--job", str(job["id"]), "--entries")[1]["entries"]]
    return sorted((e["direction"], e["source"]["key"], e["action"], e["code"], str(e["changes"])) for e in entries)


def counts(jobs: list[dict[str, Any]]) -> list[tuple[int, ...]]:
    return [tuple(job[name] for name in FIGURES) for job in jobs]


def account_of(number: str) -> str:
    return str(Coupling.objects.get(bc_number=number).sales_key)


# ---- A2


@pytest.mark.rule("A2.retried")
def test_a_failed_insert_is_tried_again_though_nobody_changed_its_source(
    customer: IntegrationTableMapping, people: People, command: Command
) -> None:
    people.create_standard("salespeoplePurchasers", code="AB", displayName="Ann Beebe")
    people.create_bc("customers", number="C1", displayName="Adatum", salespersonCode="AB")
    people.control("POST", "clock", {"system": "business_central", "offset_seconds": 3600})
    try:
        outcomes = [command("synchronize", "CUSTOMER", "--direction", "to")[1]["jobs"][0]]
        user = people.rows_sales("systemusers", "isdisabled eq false")[0]["systemuserid"]
        Coupling.objects.create(
            mapping=IntegrationTableMapping.objects.get(name="SALESPEOPLE"), bc_key=str(uuid.uuid4()), bc_number="AB", sales_key=user
        )
        outcomes.append(command("synchronize", "CUSTOMER", "--direction", "to")[1]["jobs"][0])
    finally:
        people.control("POST", "clock", {"system": "business_central", "offset_seconds": 0})
    assert [(job["failed"], job["inserted"]) for job in outcomes] == [(1, 0), (0, 1)]


@pytest.mark.rule("A2.pending-is-none")
def test_a_pending_coupling_is_none_for_look_ups_and_for_the_coupled_mark(
    customer: IntegrationTableMapping, people: People, command: Command
) -> None:
    currencies = IntegrationTableMapping.objects.get(name="CURRENCY")
    key = people.create_standard("currencies", code="EUR", displayName="Euro")["id"]
    Coupling.objects.create(mapping=currencies, bc_key=key, bc_number="EUR", sales_key=str(uuid.uuid4()), pending="ToIntegrationTable")
    assert DatabaseCouplings(customer).references(Direction.TO_INTEGRATION, {("CURRENCY", "EUR")}) == {}
    people.create_bc("customers", number="C1", displayName="Adatum", currencyCode="EUR")
    assert command("synchronize", "CUSTOMER", "--direction", "to")[1]["jobs"][0]["failed"] == 1
    listed = {one: len(list_records(currencies, Side.BUSINESS_CENTRAL, Asked(coupled=one)).rows) for one in (True, False)}
    assert listed == {True: 0, False: 1}


@pytest.fixture
def standard_pages(db: None) -> Iterator[People]:
    """Business Central with API v2.0 alone, which chooses the keys of new records; CUSTOMER creates what is not coupled."""
    with Sandbox(port=0, data="empty", custom_pages=False) as server:
        people = People(server.url)
        people.reset("empty")
        call_command("setup", "default", sandbox=server.url, stdout=StringIO())
        IntegrationTableMapping.objects.filter(name="CUSTOMER").update(synch_only_coupled=False)
        yield people


@pytest.mark.rule("A2.lost-by-number", "A2.lost-by-name", "A2.lost-none")
@pytest.mark.parametrize("kind", ["apply-then-disconnect", "disconnect"], ids=["it arrived", "it did not arrive"])
@pytest.mark.parametrize("number", [True, False], ids=["with number", "without number"])
def test_an_insert_with_a_lost_answer_happens_once(standard_pages: People, command: Command, kind: str, number: bool) -> None:
    mapping = IntegrationTableMapping.objects.get(name="CUSTOMER")
    if number:
        mapping.field_mappings.create(
            field="number", integration_field="accountnumber", direction="FromIntegrationTable", status="Enabled", position=0
        )
    account = standard_pages.create_sales("accounts", name="Adatum", accountnumber="A1" if number else None, customertypecode=3)
    standard_pages.fault(system="business_central", kind=kind, method="POST", path="batch", times=1)
    outcomes = [command("synchronize", "CUSTOMER", "--direction", "from")[1]["jobs"][0] for _ in range(2)]
    assert sum(job["inserted"] for job in outcomes) == 1
    (row,) = standard_pages.rows_standard("customers")
    assert row["displayName"] == "Adatum"
    assert [(one.bc_key, one.sales_key, one.pending) for one in Coupling.objects.all()] == [(row["id"], account["accountid"], "")]


# ---- A3


@pytest.mark.rule("A3.twice")
def test_the_same_code_for_the_same_fields_skips_whatever_the_wording() -> None:
    world = World()
    key, _ = world.pair()
    world.bc.change(key, phone="2")
    for wording, counted in (("Not like this.", "Failed"), ("Not today, at 10:42:17.", "Skipped")):
        refused = WriteResult(Outcome.REFUSED, code="refused", text=wording, fields=("telephone",))
        world.sales.refuse = lambda values, answer=refused: answer
        assert world.run(TO).counts == {counted: 1}


@pytest.mark.rule("A3.without-log")
def test_skipping_needs_no_log(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    people.create_bc("customers", number="C1", displayName="Adatum")
    command("synchronize", "CUSTOMER")
    people.change_sales("accounts", account_of("C1"), address1_line1=LONG)
    assert command("synchronize", "CUSTOMER")[1]["jobs"][1]["failed"] == 1
    SynchJob.objects.all().delete()
    assert command("synchronize", "CUSTOMER")[1]["jobs"][1]["skipped"] == 1


# ---- A4


@pytest.mark.rule("A4.forced", "A4.unconditional", "A4.full")
@pytest.mark.parametrize(
    "options", [("--record", "C1"), ("--full",), ("--unconditional", "--use", "sales"), ("--record", "C1", "--use", "sales")]
)
def test_no_kind_of_run_writes_where_nothing_differs(
    customer: IntegrationTableMapping, people: People, command: Command, options: tuple[str, ...]
) -> None:
    people.create_bc("customers", number="C1", displayName="Adatum", city="Ulm")
    for _ in range(2):
        command("synchronize", "CUSTOMER")
    before = (people.rows_bc("customers")[0]["@odata.etag"], people.rows_sales("accounts")[0]["@odata.etag"])
    _, done = command("synchronize", "CUSTOMER", *options)
    assert [(job["unchanged"], job["modified"]) for job in done["jobs"]] == [(1, 0), (1, 0)]
    assert (people.rows_bc("customers")[0]["@odata.etag"], people.rows_sales("accounts")[0]["@odata.etag"]) == before


# ---- A7


@pytest.mark.rule("A7.code", "A7.actions")
def test_a_record_whose_counterpart_is_gone_offers_the_three_ways_out(
    customer: IntegrationTableMapping, people: People, command: Command, signed_in: Callable[[str], Client]
) -> None:
    people.create_bc("customers", number="C1", displayName="Adatum")
    command("synchronize", "CUSTOMER")
    people.delete_sales("accounts", account_of("C1"))
    command("synchronize", "CUSTOMER", "--record", "C1", "--direction", "to")
    entry = SynchEntry.objects.get(action="Failed")
    assert (entry.code, "Restore it, remove the coupling, or delete this record too" in entry.message) == ("deleted", True)
    page = signed_in("Operator").get(reverse("joblog:causes")).content.decode()
    assert all(f'value="{fix}"' in page for fix in ("restore", "uncouple", "delete"))


# ---- A9


@pytest.mark.rule("A9.nothing")
def test_a_disabled_field_mapping_does_nothing_at_all(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    """Not even with a field that does not exist, a rule that cannot take the value, a constant, or as match field."""
    plain = {"status": "Disabled", "position": 99}
    customer.field_mappings.create(field="gone", integration_field="name", direction="Bidirectional", use_for_match=True, **plain)
    customer.field_mappings.create(
        field="displayName", integration_field="name", direction="Bidirectional", transformation_rule="YYYYMMDD_DATE", **plain
    )
    customer.field_mappings.create(
        field="", integration_field="description", constant_value="Never", direction="ToIntegrationTable", **plain
    )
    customer.field_mappings.filter(field="city").update(status="Disabled")
    people.create_bc("customers", number="C1", displayName="Adatum", city="Ulm")
    assert command("synchronize", "CUSTOMER")[0] == 0
    (account,) = people.rows_sales("accounts")
    assert (account["name"], account["description"], account["address1_city"]) == ("Adatum", None, None)
    people.change_sales("accounts", account["accountid"], address1_city="Graz")
    assert command("synchronize", "CUSTOMER")[1]["jobs"][1]["unchanged"] == 1
    people.create_bc("customers", number="C2", displayName="Fabrikam")
    people.create_sales("accounts", name="Fabrikam", customertypecode=3)
    assert command("match", "CUSTOMER")[1]["jobs"][0]["coupled"] == 1


# ---- A11


@pytest.fixture
def a_bit_of_everything(customer: IntegrationTableMapping, people: People, command: Command) -> IntegrationTableMapping:
    """New, changed, conflicting, failing, deleted and unchanged records."""
    rows = [people.create_bc("customers", number=f"C{number}", displayName=f"Customer {number}", city="Ulm") for number in range(6)]
    command("synchronize", "CUSTOMER")
    people.change_bc("customers", rows[0]["id"], city="Graz")
    people.change_bc("customers", rows[1]["id"], city="Graz")
    people.change_sales("accounts", account_of("C1"), address1_city="Linz", fax="1")
    people.change_sales("accounts", account_of("C2"), address1_line1=LONG)
    people.change_bc("customers", rows[3]["id"], city="Graz")
    people.delete_sales("accounts", account_of("C3"))
    people.create_bc("customers", number="N1", displayName="New")
    people.create_sales("accounts", name="Also new", customertypecode=3)
    return customer


@pytest.mark.rule("A11.same", "A11.job", "A11.leaves")
@pytest.mark.parametrize(
    "options",
    [
        pytest.param((), id="modified records"),
        pytest.param(("--full",), marks=pytest.mark.rule("A11.full"), id="full"),
        pytest.param(("--record", "C0", "--record", "C1", "--record", "N1"), marks=pytest.mark.rule("A11.records"), id="records"),
        pytest.param(("--unconditional", "--direction", "to"), id="unconditional"),
    ],
)
def test_a_preview_tells_what_the_run_then_does_and_leaves_everything_alone(
    a_bit_of_everything: IntegrationTableMapping, people: People, command: Command, options: tuple[str, ...]
) -> None:
    def everything() -> tuple[Any, ...]:
        return (
            people.rows_bc("customers"),
            people.rows_sales("accounts"),
            list(Coupling.objects.order_by("pk").values()),
            list(IntegrationTableMapping.objects.order_by("pk").values()),
        )

    before = everything()
    _, preview = command("synchronize", "CUSTOMER", *options, "--preview")
    assert everything() == before
    assert {job["type"] for job in preview["jobs"]} == {"Preview"}
    _, run = command("synchronize", "CUSTOMER", *options)
    assert told(command, preview["jobs"]) == told(command, run["jobs"]) != []
    assert counts(preview["jobs"]) == counts(run["jobs"])


@pytest.mark.rule("A11.blocks-none")
def test_a_preview_runs_beside_a_run_of_the_same_mapping_and_stops_none(customer: IntegrationTableMapping, people: People) -> None:
    people.create_bc("customers", displayName="Adatum")
    running, preview = (enqueue(mapping=customer, run_kind=kind) for kind in (RunKind.SYNCHRONIZE, RunKind.PREVIEW))
    JobQueueEntry.objects.filter(pk=running.pk).update(status=QueueStatus.IN_PROCESS, claim_token="x")
    runner.run(preview.pk)
    assert [job.inserted for job in SynchJob.objects.filter(type="Preview").order_by("id")] == [1, 0]
    JobQueueEntry.objects.filter(pk=running.pk).update(status=QueueStatus.READY, claim_token="")
    held = enqueue(mapping=customer, run_kind=RunKind.PREVIEW)
    JobQueueEntry.objects.filter(pk=held.pk).update(status=QueueStatus.IN_PROCESS, claim_token="x")
    runner.run(running.pk)
    assert SynchJob.objects.get(type="Synchronization", direction="ToIntegrationTable").inserted == 1


# ---- A15, A16, A17


@pytest.mark.rule("A15.file")
def test_the_default_mappings_have_their_names_and_directions(company: People) -> None:
    found = {row.name: row.direction for row in IntegrationTableMapping.objects.exclude(table__in=OPTION_TABLES)}
    assert found == {
        "SALESPEOPLE": "FromIntegrationTable",
        "CURRENCY": "ToIntegrationTable",
        "UNIT OF MEASURE": "ToIntegrationTable",
        "CUSTOMER": "Bidirectional",
        "CONTACT": "Bidirectional",
        "ITEM-PRODUCT": "ToIntegrationTable",
        "RESOURCE-PRODUCT": "ToIntegrationTable",
        "CUSTPRCGRP-PRICE": "ToIntegrationTable",
        "SALESPRC-PRODPRICE": "ToIntegrationTable",
        "POSTEDSALESINV-INV": "ToIntegrationTable",
        "POSTEDSALESLINE-INV": "ToIntegrationTable",
    }


@pytest.mark.rule("A16.mappings", "A16.once")
def test_the_database_takes_one_coupling_per_record_and_mapping(company: People) -> None:
    customers, contacts = (IntegrationTableMapping.objects.get(name=name) for name in ("CUSTOMER", "CONTACT"))
    for mapping in (customers, contacts):
        Coupling.objects.create(mapping=mapping, bc_key="b", sales_key="s")
    for bc_key, sales_key in (("b", "other"), ("other", "s")):
        with pytest.raises(IntegrityError), transaction.atomic():
            Coupling.objects.create(mapping=customers, bc_key=bc_key, sales_key=sales_key)
    assert Coupling.objects.count() == 2


@pytest.mark.rule("A17.hidden")
def test_a_persons_change_is_seen_though_we_wrote_the_row_afterwards(
    customer: IntegrationTableMapping, people: People, command: Command
) -> None:
    made = people.create_bc("customers", number="C1", displayName="Adatum", city="Ulm")
    command("synchronize", "CUSTOMER")
    people.change_sales("accounts", account_of("C1"), telephone1="1")
    people.change_bc("customers", made["id"], city="Graz")
    command("synchronize", "CUSTOMER", "--direction", "to")
    (account,) = people.rows_sales("accounts")
    assert (account["address1_city"], account["_modifiedby_value"]) == ("Graz", account["_createdby_value"])
    assert command("synchronize", "CUSTOMER", "--direction", "from")[1]["jobs"][0]["modified"] == 1
    assert people.rows_bc("customers")[0]["phoneNumber"] == "1"


@pytest.mark.rule("A17.overlap")
@pytest.mark.parametrize(("seconds", "city"), [(120, "Late"), (1200, "Ulm")], ids=["within five minutes", "later than that"])
def test_a_change_that_business_central_shows_late_is_seen_within_the_overlap(
    customer: IntegrationTableMapping, people: People, command: Command, seconds: int, city: str
) -> None:
    late = people.create_bc("customers", number="C1", displayName="Adatum", city="Ulm")
    for _ in range(2):
        command("synchronize", "CUSTOMER")
    people.control("POST", "commit-late", {"entity": "customers", "key": late["id"], "seconds": seconds, "values": {"city": "Late"}})
    command("synchronize", "CUSTOMER", "--direction", "to")
    assert people.rows_sales("accounts")[0]["address1_city"] == city


@pytest.mark.rule("A17.exceptions", "A17.one-counter")
def test_a_failed_record_is_compared_with_its_counterpart_though_it_is_as_it_was() -> None:
    world = World()
    key, _ = world.pair()
    world.sales.refuse = lambda values: WriteResult(Outcome.REFUSED, code="refused", text="No.")
    world.bc.change(key, phone="2")
    world.run(TO)
    world.bc.change(key, phone="1")
    world.sales.calls.clear()
    assert world.run(TO).counts == {"Unchanged": 1}
    assert world.sales.calls == ["read_records"]
