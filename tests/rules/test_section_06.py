"""Section 6, the decision per record, over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from joblog.models import SynchEntry, SynchJob
from mappings.models import Coupling, IntegrationTableMapping
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.mark.rule("6.insert", "6.unchanged", "6.nothing-differs", "6.modified", "6.no-duplicates")
def test_a_record_is_inserted_then_unchanged_then_modified(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    made = people.create_bc("customers", number="C1", displayName="Adatum")
    outcomes = [command("synchronize", "CUSTOMER", "--direction", "to")[1]["jobs"][0]]
    outcomes.append(command("synchronize", "CUSTOMER", "--direction", "to")[1]["jobs"][0])
    people.change_bc("customers", made["id"], city="Graz")
    people.change_sales("accounts", str(Coupling.objects.get().sales_key), address1_city="Graz")
    seen = Coupling.objects.get().bc_modified_at
    outcomes.append(command("synchronize", "CUSTOMER", "--direction", "to")[1]["jobs"][0])
    after = Coupling.objects.get()
    assert (after.to_result, after.to_job_id, after.bc_modified_at > seen) == ("Success", outcomes[-1]["id"], True)
    people.change_bc("customers", made["id"], city="Linz")
    outcomes.append(command("synchronize", "CUSTOMER", "--direction", "to")[1]["jobs"][0])
    assert [(job["inserted"], job["unchanged"], job["modified"]) for job in outcomes] == [(1, 0, 0), (0, 1, 0), (0, 1, 0), (0, 0, 1)]
    assert len(people.rows_sales("accounts")) == 1


@pytest.mark.rule("6.only-coupled")
def test_an_uncoupled_record_that_was_named_counts_as_skipped(company: People, command: Command) -> None:
    company.create_bc("customers", number="C1", displayName="Adatum")
    _, told = command("synchronize", "CUSTOMER", "--record", "C1")
    assert [(job["skipped"], job["inserted"]) for job in told["jobs"]] == [(1, 0)]
    assert "Couple it first" in SynchEntry.objects.get().message


@pytest.mark.rule("6.failed", "6.write-failure")
def test_a_record_that_business_central_refuses_fails_alone_with_its_own_reason(
    customer: IntegrationTableMapping, people: People, command: Command
) -> None:
    for number in (1, 2):
        people.create_bc("customers", number=f"C{number}", displayName=f"Customer {number}")
    command("synchronize", "CUSTOMER")
    customer.field_mappings.filter(field="country").update(field="paymentTermsCode", direction="FromIntegrationTable")
    customer.field_mappings.filter(integration_field="paymenttermscode").delete()
    for row, country in zip(people.rows_sales("accounts"), ("NOWHERE", ""), strict=True):
        people.change_sales("accounts", row["accountid"], address1_city="Graz", address1_country=country)
    job = command("synchronize", "CUSTOMER", "--direction", "from")[1]["jobs"][0]
    assert (job["failed"], job["modified"]) == (1, 1)
    entry = SynchEntry.objects.get(action="Failed")
    coupling = Coupling.objects.get(sales_key=entry.source_key)
    assert (entry.destination_key, entry.destination_label) == (coupling.bc_key, coupling.bc_label)
    assert "NOWHERE" in entry.message


@pytest.mark.rule("6.wrong-direction")
def test_named_records_in_a_direction_that_the_mapping_lacks_end_with_a_message(
    customer: IntegrationTableMapping, people: People, command: Command
) -> None:
    people.create_bc("customers", number="C1", displayName="Adatum")
    IntegrationTableMapping.objects.filter(pk=customer.pk).update(direction="FromIntegrationTable")
    code, told = command("synchronize", "CUSTOMER", "--record", "C1", "--direction", "to")
    (job,) = told["jobs"]
    assert (code, job["status"], job["code"], job["direction"]) == (2, "Error", "wrong-direction", "ToIntegrationTable")
    assert "not configured for ToIntegrationTable" in job["message"]
    assert sum(job[name] for name in SynchJob.COUNTERS) == 0
    assert SynchEntry.objects.count() == 0
    assert people.rows_sales("accounts") == []


@pytest.mark.rule("6.wrong-table")
def test_a_record_that_neither_table_holds_ends_with_a_message(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    item = people.create_standard("items", displayName="Chair")
    for name in (item["id"], "NOBODY"):
        code, told = command("synchronize", "CUSTOMER", "--record", name)
        assert (code, told["jobs"][0]["status"]) == (2, "Error")
        assert f"No record {name} was found on either side of the mapping CUSTOMER" in told["jobs"][0]["message"]
    assert {sum(getattr(job, name) for name in job.COUNTERS) for job in SynchJob.objects.all()} == {0}
    assert not SynchEntry.objects.exists()


@pytest.mark.rule("6.one-way-after")
def test_after_a_change_of_both_sides_one_way_fields_still_come_back(
    customer: IntegrationTableMapping, people: People, command: Command
) -> None:
    customer.field_mappings.create(
        field="taxRegistrationNumber", integration_field="description", direction="FromIntegrationTable", status="Enabled", position=99
    )
    IntegrationTableMapping.objects.filter(pk=customer.pk).update(update_conflict_resolution="SendUpdateToIntegration")
    made = people.create_bc("customers", number="C1", displayName="Adatum", city="Ulm")
    command("synchronize", "CUSTOMER")
    people.change_bc("customers", made["id"], city="Graz")
    people.change_sales("accounts", str(Coupling.objects.get().sales_key), address1_city="Linz", description="DE 1")
    _, told = command("synchronize", "CUSTOMER")
    assert [(job["modified"], job["failed"]) for job in told["jobs"]] == [(1, 0), (1, 0)]
    (row,) = people.rows_bc("customers")
    assert (row["city"], row["taxRegistrationNumber"]) == ("Graz", "DE 1")
    assert people.rows_sales("accounts")[0]["address1_city"] == "Graz"
