"""Default dimensions of new Business Central records: looked up before the insert, written after it, made good when that breaks off."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command

from joblog.models import SynchEntry
from mappings.models import ConfigTemplate, Coupling, IntegrationTableMapping, SystemTable
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]
Give = Callable[..., ConfigTemplate]
SALES_30 = ({"dimension": "DEPARTMENT", "value": "SALES"}, {"dimension": "AREA", "value": "30", "posting": "Same Code"})
WRITING = {"method": "POST", "path": r"api/v2.0/\$batch"}


@pytest.fixture
def give(customer: IntegrationTableMapping) -> Give:
    """Makes the one template for new customers, with these default dimensions."""

    def make(*dimensions: dict[str, str], **values: Any) -> ConfigTemplate:
        customer.templates.filter(side="business_central").delete()
        return customer.templates.create(side="business_central", code="T", dimensions=list(dimensions), **values)

    return make


def account(people: People, name: str = "Adatum", **values: Any) -> str:
    return people.create_sales("accounts", name=name, customertypecode=3, **values)["accountid"]


def dimensions(people: People, name: str = "Adatum") -> dict[str, tuple[str, str]]:
    """Value and rule of each default dimension of the customer, as Business Central shows them."""
    (customer,) = people.rows_bc("customers", f"displayName eq '{name}'")
    rows = people.rows_standard("defaultDimensions", f"parentId eq {customer['id']}")
    return {row["dimensionCode"]: (row["dimensionValueCode"], row["postingValidation"]) for row in rows}


@pytest.mark.rule("10.dimensions")
def test_a_new_customer_has_the_default_dimensions_of_its_template(give: Give, people: People, command: Command) -> None:
    give(*SALES_30)
    account(people)
    assert command("synchronize", "CUSTOMER")[0] == 0
    assert dimensions(people) == {"DEPARTMENT": ("SALES", "_x0020_"), "AREA": ("30", "Same_x0020_Code")}
    assert SynchEntry.objects.get(action="Inserted").detail["dimensions"] == {"DEPARTMENT": "SALES", "AREA": "30"}
    assert Coupling.objects.get().template_owed == ""


def test_the_next_run_finds_nothing_to_do(give: Give, people: People, command: Command) -> None:
    give(*SALES_30)
    account(people)
    command("synchronize", "CUSTOMER")
    _, told = command("synchronize", "CUSTOMER")
    assert [(job["inserted"], job["modified"], job["failed"]) for job in told["jobs"]] == [(0, 0, 0), (0, 0, 0)]


def test_a_hundred_customers_take_as_few_requests_as_one(give: Give, people: People, command: Command) -> None:
    give(*SALES_30)

    def requests(first: int, last: int) -> int:
        people.create_many_sales(
            "accounts", "account", [{"name": f"Adatum {number}", "customertypecode": 3} for number in range(first, last)]
        )
        _, told = command("synchronize", "CUSTOMER", "--direction", "from")
        return sum(job["requests"]["business_central"] for job in told["jobs"])

    one, many = requests(0, 1), requests(1, 51)
    assert many <= one + 1
    assert len(people.rows_standard("defaultDimensions")) == 102


def test_a_preview_tells_of_them_and_writes_nothing(give: Give, people: People, command: Command) -> None:
    give(*SALES_30)
    account(people)
    assert command("synchronize", "CUSTOMER", "--preview")[0] == 0
    assert SynchEntry.objects.get(action="Inserted").detail["dimensions"] == {"DEPARTMENT": "SALES", "AREA": "30"}
    assert not people.rows_bc("customers")
    assert not people.rows_standard("defaultDimensions")


@pytest.mark.rule("10.dimensions", "10.missing")
@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"dimension": "NOWHERE"}, "has no dimension NOWHERE"),
        ({"dimension": "AREA", "value": "SALES"}, "has no value SALES"),
    ],
)
@pytest.mark.parametrize("preview", [(), ("--preview",)])
def test_a_dimension_that_does_not_exist_fails_the_record_before_it_is_created(
    give: Give, people: People, command: Command, wrong: dict[str, str], told: str, preview: tuple[str, ...]
) -> None:
    give(wrong)
    account(people)
    command("synchronize", "CUSTOMER", *preview)
    entry = SynchEntry.objects.get(code="template")
    assert told in entry.message
    assert not people.rows_bc("customers")


def test_a_table_without_default_dimensions_says_so(give: Give, people: People, command: Command) -> None:
    contact = IntegrationTableMapping.objects.get(name="SALESPEOPLE")
    IntegrationTableMapping.objects.filter(pk=contact.pk).update(synch_only_coupled=False)
    contact.templates.create(side="business_central", code="T", dimensions=[{"dimension": "AREA", "value": "30"}])
    command("synchronize", "SALESPEOPLE")
    assert "has no default dimensions" in SynchEntry.objects.filter(code="template")[0].message


def test_a_set_up_that_has_not_read_the_dimensions_says_what_to_do(give: Give, people: People, command: Command) -> None:
    give(*SALES_30)
    SystemTable.objects.filter(name="dimensions").delete()
    account(people)
    command("synchronize", "CUSTOMER")
    assert "Run the default set-up" in SynchEntry.objects.get(code="template").message


@pytest.mark.rule("10.dimensions")
def test_what_business_central_refuses_fails_the_record_and_is_written_once_it_is_mended(
    give: Give, people: People, command: Command
) -> None:
    template = give({"dimension": "AREA", "value": "30", "posting": "No Code"})
    account(people)
    command("synchronize", "CUSTOMER")
    assert "its default dimensions could not be written" in SynchEntry.objects.get(action="Failed").message
    assert (Coupling.objects.get().failing, dimensions(people)) == (True, {})
    template.dimensions = [{"dimension": "AREA", "value": "30"}]
    template.save()
    command("synchronize", "CUSTOMER")
    assert dimensions(people) == {"AREA": ("30", "_x0020_")}
    assert (Coupling.objects.get().failing, Coupling.objects.get().template_owed) == (False, "")
    assert SynchEntry.objects.get(action="Modified").detail["dimensions"] == {"AREA": "30"}
    assert len(people.rows_bc("customers")) == 1


@pytest.mark.rule("10.dimensions")
@pytest.mark.parametrize("kind", ["apply-then-disconnect", "disconnect"])
def test_a_lost_answer_is_made_good_by_the_next_run(give: Give, people: People, command: Command, kind: str) -> None:
    give(*SALES_30)
    account(people)
    people.fault(system="business_central", kind=kind, times=5, **WRITING)
    command("synchronize", "CUSTOMER")
    people.control("DELETE", "faults")
    assert Coupling.objects.get().template_owed == "T"
    command("synchronize", "CUSTOMER")
    assert set(dimensions(people)) == {"DEPARTMENT", "AREA"}
    assert (len(people.rows_bc("customers")), Coupling.objects.get().template_owed) == (1, "")


def test_a_template_that_is_gone_owes_nothing(give: Give, people: People, command: Command) -> None:
    template = give({"dimension": "AREA", "value": "30", "posting": "No Code"})
    account(people)
    command("synchronize", "CUSTOMER")
    template.delete()
    command("synchronize", "CUSTOMER")
    assert (Coupling.objects.get().failing, Coupling.objects.get().template_owed) == (False, "")


def test_records_that_are_coupled_get_none(give: Give, people: People, command: Command) -> None:
    give(*SALES_30)
    people.create_bc("customers", number="C1", displayName="Adatum")
    key = account(people)
    command("couple", "CUSTOMER", "C1", key)
    command("synchronize", "CUSTOMER")
    assert dimensions(people) == {}


@pytest.mark.parametrize(
    ("side", "dimensions", "told"),
    [
        ("sales", [{"dimension": "AREA"}], "Only records of Business Central"),
        ("business_central", ["AREA"], "is an object"),
        ("business_central", {"AREA": "30"}, "is an object"),
        ("business_central", [{"dimension": "AREA", "code": "30"}], "is an object"),
        ("business_central", [{"value": "30"}], "needs the code"),
        ("business_central", [{"dimension": "AREA", "posting": "Sometimes"}], "posting is one of"),
        ("business_central", [{"dimension": "AREA", "value": "30", "posting": "No Code"}], "goes without a value"),
        ("business_central", [{"dimension": "AREA"}, {"dimension": "area"}], "given once"),
    ],
)
def test_dimensions_that_cannot_be_are_refused(side: str, dimensions: Any, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        ConfigTemplate(side=side, code="T", dimensions=dimensions).clean()


def test_they_are_exported_and_imported(give: Give, tmp_path: Path) -> None:
    give(*SALES_30)
    file = str(tmp_path / "setup.json")
    call_command("setup", "export", file, stdout=StringIO())
    give()
    call_command("setup", "import", file, stdout=StringIO())
    assert ConfigTemplate.objects.get(code="T").dimensions == list(SALES_30)
