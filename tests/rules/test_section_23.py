"""Section 23, where people are told: record pages, messages, the role center, the list of mappings."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from joblog.connections import switch_connection
from joblog.models import JobQueueEntry, SynchEntry, SynchJob
from mappings.models import Coupling, IntegrationTableMapping, System
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]
LONG = "A street with a name that is far too long for Business Central, " * 3
FAILED = "The last synchronization failed"


@pytest.fixture
def adatum(customer: IntegrationTableMapping, people: People, command: Command) -> Coupling:
    """A coupled customer."""
    people.create_bc("customers", number="C1", displayName="Adatum")
    command("synchronize", "CUSTOMER")
    return Coupling.objects.get(bc_number="C1")


def record(client: Client, mapping: IntegrationTableMapping, key: object, side: str = "business_central") -> str:
    return client.get(reverse("joblog:record", args=[mapping.pk, side, str(key)])).content.decode()


def from_sales(people: People, command: Command, row: Coupling, street: str) -> None:
    people.change_sales("accounts", str(row.sales_key), address1_line1=street)
    command("synchronize", "CUSTOMER")


@pytest.mark.rule("23.record.failed", "23.record.later")
def test_a_record_says_why_its_last_attempt_failed_until_one_goes_well(
    adatum: Coupling, people: People, command: Command, signed_in: Callable[[str], Client]
) -> None:
    reader = signed_in("Reader")
    from_sales(people, command, adatum, LONG)
    for key, side in ((adatum.bc_key, "business_central"), (adatum.sales_key, "sales")):
        page = record(reader, adatum.mapping, key, side)
        assert FAILED in page and Coupling.objects.get().last_error in page
    from_sales(people, command, adatum, "Harbour Street 1")
    assert FAILED not in record(reader, adatum.mapping, adatum.bc_key)


@pytest.mark.rule("23.record.never-coupled", "23.record.job-gone")
def test_a_record_that_was_never_coupled_says_so_too_while_the_job_is_there(
    customer: IntegrationTableMapping, signed_in: Callable[[str], Client]
) -> None:
    reader, key = signed_in("Reader"), str(uuid.uuid4())
    job = SynchJob.objects.create(
        mapping=customer, mapping_name="CUSTOMER", direction="ToIntegrationTable", status="Finished", started_at=timezone.now()
    )
    SynchEntry.objects.create(
        job=job, action="Failed", source_key=key, code="ambiguous", message="Two accounts fit.", issue=True, at=timezone.now()
    )
    page = record(reader, customer, key)
    assert FAILED in page and "Two accounts fit." in page
    job.delete()
    assert FAILED not in record(reader, customer, key)


@pytest.mark.rule("23.told")
def test_a_message_says_how_many_were_scheduled_and_how_many_restored(
    adatum: Coupling, people: People, command: Command, signed_in: Callable[[str], Client]
) -> None:
    operator = signed_in("Operator")
    synchronize = {"mapping": adatum.mapping_id, "bc_key": str(adatum.bc_key), "run": "synchronize"}
    told = operator.post(reverse("joblog:synchronize"), synchronize, follow=True).content.decode()
    assert "will be synchronized in the background" in told
    people.delete_sales("accounts", str(adatum.sales_key))
    command("deleted", "find", "CUSTOMER")
    restore = {"coupling": adatum.pk, "run": "restore"}
    told = operator.post(reverse("joblog:deleted", args=[adatum.mapping_id]), restore, follow=True).content.decode()
    assert "The missing records of 1 coupling of CUSTOMER will be created again" in told


@pytest.mark.rule("23.coupled")
def test_a_list_of_records_says_which_are_coupled(adatum: Coupling, people: People, signed_in: Callable[[str], Client]) -> None:
    people.create_bc("customers", number="C2", displayName="Alone")
    address = reverse("joblog:record-list", args=[adatum.mapping_id])
    reader = signed_in("Reader")
    found = {word: reader.get(address, {"coupled": word}).content.decode() for word in ("yes", "no")}
    assert "Adatum" in found["yes"] and "Alone" not in found["yes"]
    assert "Alone" in found["no"] and "Adatum" not in found["no"]


@pytest.mark.rule("23.cues")
def test_the_role_center_counts_trouble_and_says_why_a_connection_is_disabled(
    adatum: Coupling, people: People, command: Command, signed_in: Callable[[str], Client]
) -> None:
    for _ in range(2):
        from_sales(people, command, adatum, LONG)
    switch_connection(System.objects.get(kind="sales"), enabled=False, user=None, reason="The user lacks prvCreateAccount.")
    JobQueueEntry.objects.filter(mapping__name="CURRENCY").update(status="Error")
    page = signed_in("Reader").get(reverse("joblog:home")).content.decode()
    assert "disabled" in page and "The user lacks prvCreateAccount." in page
    for cue in ("Skipped records", "Entries in Error"):
        assert f'<span class="soft">{cue}</span><b>1</b>' in page


@pytest.mark.rule("23.columns")
def test_the_list_of_mappings_tells_the_last_synchronization_and_what_is_wrong(
    adatum: Coupling, signed_in: Callable[[str], Client]
) -> None:
    Coupling.objects.update(skipped=True, to_result="Failure")
    table = signed_in("Reader").get("/mappings/?cols=last_run_at,sales_watermark,bc_watermark,failed,skipped").context["table"]
    row = next(row for row in table.page.object_list if row.record.name == "CUSTOMER")
    for column in ("last_run_at", "sales_watermark", "bc_watermark"):
        assert "<time" in str(row.get_cell(column)), column
    assert ">1</a>" in str(row.get_cell("skipped"))
