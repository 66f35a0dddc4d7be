"""Section 2, field mappings: which take part, and what becomes of a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from joblog.models import SynchEntry, SynchJob
from mappings.models import IntegrationFieldMapping, IntegrationTableMapping
from syncadmin.sync.errors import RecordError
from syncadmin.sync.plan import FieldRule
from syncadmin.sync.tables import Field, FieldType
from syncadmin.sync.transfer import new_value
from syncadmin.sync.transform import Rule, RuleType
from tests.people import People
from tests.sync.world import TO, make_plan, text

Command = Callable[..., tuple[int, dict[str, Any]]]


def map_fields(mapping: IntegrationTableMapping, field: str, integration_field: str, direction: str, **values: Any) -> None:
    plain = {"position": 99, "status": "Enabled"} | values
    IntegrationFieldMapping.objects.create(mapping=mapping, field=field, integration_field=integration_field, direction=direction, **plain)


@pytest.mark.rule("2.1.custom")
def test_a_field_that_no_default_mapping_knows_travels_like_any_other(
    customer: IntegrationTableMapping, people: People, command: Command
) -> None:
    map_fields(customer, "taxRegistrationNumber", "description", "Bidirectional")
    made = people.create_bc("customers", displayName="Adatum", taxRegistrationNumber="DE 1")
    command("synchronize", "CUSTOMER")
    (account,) = people.rows_sales("accounts")
    assert account["description"] == "DE 1"
    people.change_sales("accounts", account["accountid"], description="DE 2")
    assert command("synchronize", "CUSTOMER")[1]["jobs"][1]["modified"] == 1
    assert people.rows_bc("customers", f"id eq {made['id']}")[0]["taxRegistrationNumber"] == "DE 2"


@pytest.mark.rule("2.2.direction")
@pytest.mark.parametrize(
    ("direction", "status", "arrives"),
    [
        ("ToIntegrationTable", "Enabled", "DE 1"),
        ("Bidirectional", "Enabled", "DE 1"),
        ("FromIntegrationTable", "Enabled", None),
        ("ToIntegrationTable", "Disabled", None),
    ],
)
def test_enabled_fields_of_the_direction_take_part(
    customer: IntegrationTableMapping, people: People, command: Command, direction: str, status: str, arrives: str | None
) -> None:
    map_fields(customer, "taxRegistrationNumber", "description", direction, status=status)
    people.create_bc("customers", displayName="Adatum", taxRegistrationNumber="DE 1")
    command("synchronize", "CUSTOMER", "--direction", "to")
    assert people.rows_sales("accounts")[0]["description"] == arrives


@pytest.mark.rule("2.2.none")
def test_a_run_without_field_mappings_stops_and_writes_nothing(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    people.create_bc("customers", displayName="Adatum")
    customer.field_mappings.update(status="Disabled")
    code, told = command("synchronize", "CUSTOMER")
    assert (code, told["jobs"][0]["status"], told["jobs"][0]["inserted"]) == (2, "Error", 0)
    assert "CUSTOMER has no enabled field mapping" in told["jobs"][0]["message"]
    assert people.rows_sales("accounts") == []
    assert SynchJob.objects.get().code == "no-fields"


@pytest.mark.rule("2.3.unparsable")
@pytest.mark.parametrize(("source", "due"), [("2026 03 01", "2026-03-01"), ("next week", None)])
def test_what_a_transformation_gives_must_be_a_date_for_a_date_field(source: str, due: str | None) -> None:
    hyphens = Rule(code="HYPHENS", type=RuleType.REPLACE, parameters={"find": " ", "replace": "-"})
    rule = FieldRule(bc=text("word"), sales=Field("due", FieldType.DATE, label="Due"), transformation="HYPHENS")
    plan = make_plan(transformations={"HYPHENS": hyphens})
    if due is not None:
        assert new_value(plan, rule, TO, source, {}) == due
        return
    with pytest.raises(RecordError, match="Word next-week cannot become Due") as caught:
        new_value(plan, rule, TO, source, {})
    assert (caught.value.code, caught.value.fields) == ("bad-value", ("word",))


@pytest.mark.rule("2.3.validate")
def test_a_value_that_business_central_itself_refuses_fails_the_record_and_only_when_it_is_sent(
    customer: IntegrationTableMapping, people: People, command: Command
) -> None:
    IntegrationFieldMapping.objects.filter(mapping=customer, field="paymentTermsCode").delete()
    map_fields(customer, "paymentTermsCode", "description", "FromIntegrationTable")
    people.create_bc("customers", displayName="Adatum")
    command("synchronize", "CUSTOMER")
    (account,) = people.rows_sales("accounts")
    people.change_sales("accounts", account["accountid"], address1_city="Graz")
    assert command("synchronize", "CUSTOMER", "--direction", "from")[1]["jobs"][0]["modified"] == 1
    people.change_sales("accounts", account["accountid"], description="NOWHERE")
    assert command("synchronize", "CUSTOMER", "--direction", "from")[1]["jobs"][0]["failed"] == 1
    assert "NOWHERE" in SynchEntry.objects.get(action="Failed").message
    assert people.rows_bc("customers")[0]["paymentTermsCode"] == ""


@pytest.mark.rule("2.3.insert", "2.3.constant", "2.3.modify")
def test_an_insert_carries_constants_and_a_modification_what_differs(
    customer: IntegrationTableMapping, people: People, command: Command
) -> None:
    map_fields(customer, "", "description", "ToIntegrationTable", constant_value="From Business Central")
    made = people.create_bc("customers", displayName="Adatum", city="Ulm")
    command("synchronize", "CUSTOMER")
    assert people.rows_sales("accounts")[0]["description"] == "From Business Central"
    people.change_bc("customers", made["id"], city="Graz")
    command("synchronize", "CUSTOMER", "--direction", "to")
    entry = SynchEntry.objects.get(action="Modified")
    assert [(change["field"], change["old"], change["new"]) for change in entry.changes] == [("address1_city", "Ulm", "Graz")]
