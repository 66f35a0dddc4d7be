"""Section 1, the mapping: what a new one is like, what it remembers, and what goes with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from joblog.models import JobQueueEntry, SynchJob
from mappings.models import ConfigTemplate, Coupling, IntegrationFieldMapping, IntegrationTableMapping, System
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


def mapping(name: str) -> IntegrationTableMapping:
    return IntegrationTableMapping.objects.get(name=name)


@pytest.fixture
def new(company: People) -> IntegrationTableMapping:
    """A mapping that a person makes, with nothing but its tables chosen; not saved."""
    known = mapping("CUSTOMER")
    return IntegrationTableMapping(
        name="MY CUSTOMER",
        business_central=known.business_central,
        sales=known.sales,
        table="customers",
        table_label="Customer",
        integration_table="accounts",
        integration_table_label="Account",
    )


@pytest.mark.rule("1.1.name")
def test_a_name_has_up_to_twenty_capital_letters_and_stands_once_per_company(new: IntegrationTableMapping) -> None:
    for name in ("customer", "A" * 21, ""):
        new.name = name
        with pytest.raises(ValidationError, match="name"):
            new.full_clean()
    new.name = "CUSTOMER"
    with pytest.raises(ValidationError, match="exists already in this company"):
        new.full_clean()
    new.business_central = System.objects.create(name="Another", kind="business_central", address="http://127.0.0.1:9", company="Another")
    new.full_clean()


@pytest.mark.rule("1.1.only-coupled", "1.1.policies", "1.1.after-match", "1.1.watermarks")
def test_a_new_mapping_creates_decides_and_remembers_nothing(new: IntegrationTableMapping) -> None:
    assert new.synch_only_coupled
    assert (new.update_conflict_resolution, new.deletion_conflict_resolution) == ("None", "None")
    assert (new.create_new_if_no_match, new.synch_after_match) == (False, False)
    assert (new.bc_watermark, new.sales_watermark) == (None, None)


@pytest.mark.rule("1.1.after-match", "1.1.only-coupled")
def test_the_default_mappings_create_rows_of_prices_and_invoices_alone_and_synchronize_matched_currencies(company: People) -> None:
    rows = {"SALESPRC-PRODPRICE", "POSTEDSALESLINE-INV"}

    def chosen(**values: bool) -> set[str]:
        options = ["paymentTerms", "shipmentMethods", "shippingAgents"]
        return set(IntegrationTableMapping.objects.filter(**values).exclude(table__in=options).values_list("name", flat=True))

    assert chosen(synch_only_coupled=False) == rows
    assert chosen(create_new_if_no_match=True) == rows | {"CURRENCY"}
    assert chosen(synch_after_match=True) == {"CURRENCY"}


@pytest.mark.rule("1.1.watermarks", "1.1.two-watermarks", "5.4.empty", "5.9.other-side")
def test_the_first_run_reads_everything_and_each_direction_moves_the_watermark_of_its_source(
    customer: IntegrationTableMapping, people: People, command: Command
) -> None:
    people.create_bc("customers", displayName="Adatum")
    people.create_sales("accounts", name="Fabrikam", customertypecode=3)
    assert command("synchronize", "CUSTOMER", "--direction", "to")[1]["jobs"][0]["inserted"] == 1
    customer.refresh_from_db()
    assert (customer.bc_watermark is None, customer.sales_watermark is None) == (False, True)
    seen = customer.bc_watermark
    people.control("POST", "stats/reset")
    assert command("synchronize", "CUSTOMER", "--direction", "from")[1]["jobs"][0]["inserted"] == 1
    customer.refresh_from_db()
    assert (customer.bc_watermark, customer.sales_watermark is None) == (seen, False)


@pytest.mark.rule("1.2.delete")
def test_a_deleted_mapping_takes_its_configuration_along_and_leaves_its_log(company: People, command: Command) -> None:
    command("synchronize", "CUSTOMER")
    ConfigTemplate.objects.create(mapping=mapping("CUSTOMER"), side="business_central", code="OWN", defaults={})
    mapping("CUSTOMER").delete()
    for owned in (IntegrationFieldMapping, ConfigTemplate, JobQueueEntry):
        assert not owned.objects.filter(mapping__name="CUSTOMER").exists()
    assert not JobQueueEntry.objects.filter(description__icontains="customer", mapping=None).exclude(run_kind="statistics").exists()
    assert set(SynchJob.objects.values_list("mapping_name", "mapping")) == {("CUSTOMER", None)}


@pytest.mark.rule("1.4.scope", "1.4.watermark", "1.4.policies", "A4.forced")
def test_a_run_of_one_record_keeps_watermarks_and_goes_by_the_policies_of_its_mapping(
    customer: IntegrationTableMapping, people: People, command: Command
) -> None:
    rows = [people.create_bc("customers", number=f"C{number}", displayName=f"Customer {number}") for number in (1, 2)]
    command("synchronize", "CUSTOMER")
    customer.refresh_from_db()
    before = (customer.bc_watermark, customer.sales_watermark)
    assert command("synchronize", "CUSTOMER", "--record", "C1")[1]["jobs"][0]["unchanged"] == 1
    for row in rows:
        people.change_bc("customers", row["id"], city="Graz")
    people.change_sales("accounts", str(Coupling.objects.get(bc_number="C1").sales_key), address1_city="Linz")
    IntegrationTableMapping.objects.filter(pk=customer.pk).update(update_conflict_resolution="GetUpdateFromIntegration")
    _, told = command("synchronize", "CUSTOMER", "--record", "C1")
    assert [(job["mapping"], job["modified"], job["failed"]) for job in told["jobs"]] == [("CUSTOMER", 0, 0), ("CUSTOMER", 1, 0)]
    assert sorted(row["city"] for row in people.rows_bc("customers")) == ["Graz", "Linz"]
    customer.refresh_from_db()
    assert (customer.bc_watermark, customer.sales_watermark) == before
