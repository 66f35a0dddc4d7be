"""Customers over HTTP: owner, company, blocking and the window of their contacts (engine.md section 19, Customer/Vendor)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mappings.models import Coupling, IntegrationTableMapping, System, SystemKind
from syncadmin.sandbox.ids import TEAM_ID
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.mark.rule("3.1.person-none")
def test_a_new_account_without_salesperson_belongs_to_the_companys_team(
    customer: IntegrationTableMapping, people: People, command: Command
) -> None:
    people.create_bc("customers", number="C1", displayName="Adatum")
    assert command("synchronize", "CUSTOMER")[0] == 0
    (account,) = people.rows_sales("accounts")
    assert (account["_owningteam_value"], account["_owninguser_value"]) == (TEAM_ID, None)


def test_without_the_base_solution_it_belongs_to_the_team_of_the_business_unit(
    customer: IntegrationTableMapping, people: People, command: Command
) -> None:
    System.objects.filter(kind=SystemKind.BUSINESS_CENTRAL).update(sales_company_id="")
    people.create_bc("customers", number="C1", displayName="Adatum")
    assert command("synchronize", "CUSTOMER")[0] == 0
    assert people.rows_sales("accounts")[0]["_owningteam_value"] == TEAM_ID


@pytest.mark.rule("3.1.person-to")
def test_a_new_account_with_a_salesperson_belongs_to_their_user(
    customer: IntegrationTableMapping, people: People, command: Command
) -> None:
    IntegrationTableMapping.objects.filter(name="SALESPEOPLE").update(synch_only_coupled=False)
    command("synchronize", "SALESPEOPLE")
    people.create_bc("customers", number="C1", displayName="Adatum", salespersonCode="SP NO. 00001")
    assert command("synchronize", "CUSTOMER")[0] == 0
    (account,) = people.rows_sales("accounts")
    assert account["_owninguser_value"] is not None


def test_an_account_that_becomes_a_customer_carries_the_company(
    customer: IntegrationTableMapping, people: People, command: Command
) -> None:
    people.create_sales("accounts", name="Adatum", customertypecode=3)
    assert command("synchronize", "CUSTOMER", "--direction", "from")[0] == 0
    own = System.objects.get(kind=SystemKind.BUSINESS_CENTRAL).sales_company_id
    assert people.rows_sales("accounts")[0]["_bcbi_companyid_value"] == own
    assert [job["modified"] for job in command("synchronize", "CUSTOMER")[1]["jobs"]] == [0, 0]


@pytest.mark.rule("19.customers.blocked")
def test_an_inactive_account_blocks_its_customer_and_an_active_one_leaves_it_blocked(
    customer: IntegrationTableMapping, people: People, command: Command
) -> None:
    IntegrationTableMapping.objects.filter(pk=customer.pk).update(integration_table_filter="customertypecode eq 3")
    people.create_bc("customers", number="C1", displayName="Adatum")
    command("synchronize", "CUSTOMER")
    (account,) = people.rows_sales("accounts")
    people.change_sales("accounts", account["accountid"], statecode=1)
    assert command("synchronize", "CUSTOMER")[1]["jobs"][1]["modified"] == 1
    people.change_sales("accounts", account["accountid"], statecode=0)
    assert command("synchronize", "CUSTOMER")[1]["jobs"][1]["modified"] == 0
    assert people.rows_bc("customers")[0]["blocked"] == "All"


@pytest.mark.rule("19.customers.blocked")
def test_an_inactive_account_outside_of_the_filter_blocks_nobody(
    customer: IntegrationTableMapping, people: People, command: Command
) -> None:
    """By default the filter keeps inactive accounts away; not even a run of this very record blocks its customer."""
    people.create_bc("customers", number="C1", displayName="Adatum")
    command("synchronize", "CUSTOMER")
    people.change_sales("accounts", people.rows_sales("accounts")[0]["accountid"], statecode=1)
    command("synchronize", "CUSTOMER", "--direction", "from")
    command("synchronize", "CUSTOMER", "--direction", "from", "--record", "C1")
    assert people.rows_bc("customers")[0]["blocked"] == "_x0020_"


def test_an_inactive_account_leaves_another_block_alone(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    IntegrationTableMapping.objects.filter(pk=customer.pk).update(integration_table_filter="customertypecode eq 3")
    made = people.create_bc("customers", number="C1", displayName="Adatum")
    command("synchronize", "CUSTOMER")
    people.change_bc("customers", made["id"], blocked="Ship")
    people.change_sales("accounts", people.rows_sales("accounts")[0]["accountid"], statecode=1)
    command("synchronize", "CUSTOMER", "--direction", "from")
    assert people.rows_bc("customers")[0]["blocked"] == "Ship"


@pytest.fixture
def persons(customer: IntegrationTableMapping, people: People, command: Command) -> list[str]:
    """A customer with a person in Business Central that was synchronized before the customer had an account; keys of both."""
    IntegrationTableMapping.objects.filter(name="CONTACT").update(synch_only_coupled=False)
    made = people.create_bc("customers", number="C1", displayName="Adatum", type="Company")
    person = person_of(people, "C1", "Ann Beebe")
    command("synchronize", "CONTACT")
    return [made["id"], person["id"]]


def person_of(people: People, customer: str, name: str) -> dict[str, Any]:
    (firm,) = people.rows_bc("contacts", f"customerNumber eq '{customer}' and type eq 'Company'")
    first, last = name.split()
    return people.create_bc("contacts", type="Person", firstName=first, surname=last, companyNumber=firm["number"])


@pytest.mark.rule("19.customers.rewind")
def test_contacts_that_were_there_before_their_account_follow_it(persons: list[str], people: People, command: Command) -> None:
    """Exactly those of the customer, in a job of their own; the others are not read again."""
    people.create_bc("customers", number="C2", displayName="Trey", type="Company")
    person_of(people, "C2", "Bob Kelly")
    told = command("synchronize", "CUSTOMER", "--record", "C1", "--direction", "to")[1]["jobs"]
    assert [(job["mapping"], job["direction"], job["inserted"], job["read"]) for job in told] == [
        ("CUSTOMER", "ToIntegrationTable", 1, 1), ("CONTACT", "ToIntegrationTable", 1, 1),
    ]  # fmt: skip
    assert [row["fullname"] for row in people.rows_sales("contacts")] == ["Ann Beebe"]


@pytest.mark.rule("19.customers.rewind")
def test_contacts_that_were_skipped_meanwhile_follow_it_too(persons: list[str], people: People, command: Command) -> None:
    command("synchronize", "CONTACT")
    assert Coupling.objects.get(mapping__name="CONTACT").skipped
    assert command("synchronize", "CUSTOMER")[0] == 0
    assert [row["fullname"] for row in people.rows_sales("contacts")] == ["Ann Beebe"]
    assert not Coupling.objects.get(mapping__name="CONTACT").skipped


def test_where_only_coupled_contacts_go_nobody_follows(persons: list[str], people: People, command: Command) -> None:
    Coupling.objects.filter(mapping__name="CONTACT").delete()
    IntegrationTableMapping.objects.filter(name="CONTACT").update(synch_only_coupled=True)
    told = command("synchronize", "CUSTOMER")[1]["jobs"]
    assert {job["mapping"] for job in told} == {"CUSTOMER"}


def test_a_preview_frees_and_creates_no_contact(persons: list[str], people: People, command: Command) -> None:
    command("synchronize", "CONTACT")
    command("synchronize", "CUSTOMER", "--preview")
    assert people.rows_sales("contacts") == people.rows_sales("accounts") == []
    assert Coupling.objects.get(mapping__name="CONTACT").skipped


@pytest.mark.rule("19.customers.company")
def test_a_change_of_the_account_reaches_the_company_contact(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    """Business Central does that itself, and the company contact is in no job."""
    people.create_bc("customers", number="C1", displayName="Adatum", type="Company")
    command("synchronize", "CUSTOMER")
    (account,) = people.rows_sales("accounts")
    people.change_sales("accounts", account["accountid"], telephone1="555", name="Adatum Ltd.")
    assert command("synchronize", "CUSTOMER")[0] == 0
    (firm,) = people.rows_bc("contacts", "type eq 'Company'")
    assert (firm["phoneNumber"], firm["displayName"]) == ("555", "Adatum Ltd.")
    assert {job["read"] for job in command("synchronize", "CONTACT")[1]["jobs"]} == {0}


# ---- the primary contact


@pytest.fixture
def primary(customer: IntegrationTableMapping, people: People, command: Command) -> dict[str, str]:
    """A coupled pair without primary contact: keys of customer and account, of a contact on each side, and the number of the first."""
    made = people.create_bc("customers", number="C1", displayName="Adatum", type="Company")
    person = person_of(people, "C1", "Ann Beebe")
    command("synchronize", "CUSTOMER")
    account = people.rows_sales("accounts")[0]["accountid"]
    contact = people.create_sales("contacts", lastname="Kelly")["contactid"]
    return {"customer": made["id"], "account": account, "person": person["id"], "number": person["number"], "contact": contact}


def couple_contacts(primary: dict[str, str]) -> None:
    contacts = IntegrationTableMapping.objects.get(name="CONTACT")
    Coupling.objects.create(mapping=contacts, bc_key=primary["person"], bc_number=primary["number"], sales_key=primary["contact"])


@pytest.mark.rule("3.primary-contact")
@pytest.mark.parametrize("coupled", [False, True])
def test_an_empty_primary_contact_from_sales_keeps_one_that_is_not_coupled(
    primary: dict[str, str], people: People, command: Command, coupled: bool
) -> None:
    if coupled:
        couple_contacts(primary)
    bind = {"primarycontactid@odata.bind": f"/contacts({primary['contact']})"}
    people.change_sales("accounts", primary["account"], **bind)
    people.change_bc("customers", primary["customer"], primaryContactNumber=primary["number"])
    command("synchronize", "CUSTOMER")
    people.change_sales("accounts", primary["account"], **{"primarycontactid@odata.bind": None})
    _, told = command("synchronize", "CUSTOMER", "--direction", "from")
    assert (told["jobs"][0]["failed"], people.rows_bc("customers")[0]["primaryContactNumber"]) == (0, "" if coupled else primary["number"])


@pytest.mark.rule("3.primary-contact")
@pytest.mark.parametrize("coupled", [False, True])
def test_a_primary_contact_from_sales_that_is_not_coupled_keeps_one_that_is_not(
    primary: dict[str, str], people: People, command: Command, coupled: bool
) -> None:
    people.change_bc("customers", primary["customer"], primaryContactNumber=primary["number"])
    command("synchronize", "CUSTOMER")
    if coupled:
        couple_contacts(primary)
    other = people.create_sales("contacts", lastname="Other")["contactid"]
    people.change_sales("accounts", primary["account"], **{"primarycontactid@odata.bind": f"/contacts({other})"})
    command("synchronize", "CUSTOMER", "--direction", "from")
    assert people.rows_bc("customers")[0]["primaryContactNumber"] == ("" if coupled else primary["number"])


@pytest.mark.rule("3.primary-contact")
@pytest.mark.parametrize("coupled", [False, True])
def test_an_empty_primary_contact_of_the_customer_keeps_one_in_sales_that_is_not_coupled(
    primary: dict[str, str], people: People, command: Command, coupled: bool
) -> None:
    people.change_bc("customers", primary["customer"], primaryContactNumber=primary["number"])
    people.change_sales("accounts", primary["account"], **{"primarycontactid@odata.bind": f"/contacts({primary['contact']})"})
    command("synchronize", "CUSTOMER", "--use", "sales")
    if coupled:
        couple_contacts(primary)
    people.change_bc("customers", primary["customer"], primaryContactNumber="")
    _, told = command("synchronize", "CUSTOMER", "--direction", "to")
    kept = people.rows_sales("accounts")[0]["_primarycontactid_value"]
    assert (told["jobs"][0]["failed"], kept) == (0, None if coupled else primary["contact"])
    assert [job["modified"] + job["failed"] for job in command("synchronize", "CUSTOMER")[1]["jobs"]] == [0, 0]
