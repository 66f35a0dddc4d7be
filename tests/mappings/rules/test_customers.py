"""Customers over HTTP: owner, company, blocking and the window of their contacts (engine.md section 19, Customer/Vendor)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mappings.models import IntegrationTableMapping, System, SystemKind
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


def test_an_inactive_account_leaves_another_block_alone(customer: IntegrationTableMapping, people: People, command: Command) -> None:
    IntegrationTableMapping.objects.filter(pk=customer.pk).update(integration_table_filter="customertypecode eq 3")
    made = people.create_bc("customers", number="C1", displayName="Adatum")
    command("synchronize", "CUSTOMER")
    people.change_bc("customers", made["id"], blocked="Ship")
    people.change_sales("accounts", people.rows_sales("accounts")[0]["accountid"], statecode=1)
    command("synchronize", "CUSTOMER", "--direction", "from")
    assert people.rows_bc("customers")[0]["blocked"] == "Ship"


@pytest.mark.rule("19.customers.rewind")
def test_contacts_that_were_there_before_their_account_are_read_again(
    customer: IntegrationTableMapping, people: People, command: Command
) -> None:
    IntegrationTableMapping.objects.filter(name="CONTACT").update(synch_only_coupled=False)
    for number in ("C1", "C2"):
        people.create_bc("customers", number=number, displayName=number, type="Company")
        (firm,) = people.rows_bc("contacts", f"customerNumber eq '{number}' and type eq 'Company'")
        people.create_bc("contacts", type="Person", firstName="Ann", surname=number, companyNumber=firm["number"])
    people.control("POST", "clock", {"system": "business_central", "offset_seconds": 600})
    people.create_bc("contacts", type="Person", firstName="Ben", surname="C1", companyNumber=firm["number"])
    command("synchronize", "CUSTOMER", "--record", "C1")
    command("synchronize", "CONTACT")
    contacts = IntegrationTableMapping.objects.get(name="CONTACT")
    command("synchronize", "CUSTOMER", "--record", "C2")
    rewound = IntegrationTableMapping.objects.get(name="CONTACT")
    assert rewound.bc_watermark < contacts.bc_watermark
    assert rewound.bc_read_at is None
