"""Ownership models over HTTP: records of Sales belong to a person or to a team (engine.md section 3.1)."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from joblog.full_synchronization import refresh
from joblog.models import JobQueueEntry, SynchEntry
from joblog.naming import all_mappings
from mappings.models import ConfigurationChange, Coupling, IntegrationFieldMapping, IntegrationTableMapping, OwnershipModel, System
from mappings.ownership import choose_ownership
from syncadmin.sandbox.ids import TEAM_ID
from tests.mappings.rules.invoicing import Office
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


def own_company() -> System:
    return System.objects.get(kind="business_central")


@pytest.fixture
def team(company: People) -> People:
    """A company whose records belong to its team; new accounts are created, and a salesperson that nobody has coupled is at work."""
    choose_ownership(own_company(), OwnershipModel.TEAM, None)
    IntegrationTableMapping.objects.filter(name="CUSTOMER").update(synch_only_coupled=False)
    company.create_standard("salespeoplePurchasers", code="JO", displayName="Jo")
    return company


@pytest.fixture
def person(company: People, command: Command) -> People:
    """A company with one coupled salesperson; the owner of an account is carried over both ways."""
    IntegrationTableMapping.objects.filter(name__in=["SALESPEOPLE", "CUSTOMER"]).update(synch_only_coupled=False)
    IntegrationFieldMapping.objects.filter(mapping__name="CUSTOMER", integration_field="ownerid").update(direction="Bidirectional")
    assert command("synchronize", "SALESPEOPLE")[0] == 0
    company.create_bc("customers", number="C1", displayName="Adatum", salespersonCode="SP NO. 00001")
    assert command("synchronize", "CUSTOMER")[0] == 0
    return company


def test_a_company_is_set_up_for_teams_without_salespeople(db: None, people: People) -> None:
    told = StringIO()
    call_command("setup", "default", sandbox=people.url, ownership="team", stdout=told)
    assert not IntegrationTableMapping.objects.filter(name="SALESPEOPLE").exists()
    assert not JobQueueEntry.objects.filter(description__startswith="SALESPEOPLE").exists()
    assert "SALESPEOPLE: It exists only with the ownership model Person." in told.getvalue()
    assert IntegrationTableMapping.objects.get(name="CUSTOMER").depends_on == [
        "CURRENCY",
        "PAYMENT TERMS",
        "SHIPMENT METHOD",
        "SHIPPING AGENT",
    ]
    owner = IntegrationFieldMapping.objects.get(mapping__name="CUSTOMER", integration_field="ownerid")
    assert (owner.status, "Team" in owner.status_reason) == ("Disabled", True)


def test_a_set_up_that_is_repeated_keeps_the_model(team: People) -> None:
    IntegrationTableMapping.objects.filter(name="CUSTOMER").update(synch_only_coupled=True)
    before = ConfigurationChange.objects.count()
    call_command("setup", "default", sandbox=team.url, stdout=StringIO())
    assert own_company().ownership_model == "Team"
    assert ConfigurationChange.objects.count() == before


@pytest.mark.rule("3.1.team-salespeople")
def test_salespeople_leave_the_full_list_and_come_back_with_persons(team: People) -> None:
    assert "SALESPEOPLE" not in {line.mapping.name for line in refresh(own_company())}
    assert "SALESPEOPLE" not in {mapping.name for mapping in all_mappings()}
    choose_ownership(own_company(), OwnershipModel.PERSON, None)
    assert "SALESPEOPLE" in {line.mapping.name for line in refresh(own_company())}
    assert "SALESPEOPLE" in IntegrationTableMapping.objects.get(name="CUSTOMER").depends_on
    assert IntegrationFieldMapping.objects.get(mapping__name="CUSTOMER", integration_field="ownerid").status == "Enabled"


@pytest.mark.rule("3.1.team")
def test_with_teams_a_new_account_belongs_to_the_team_whoever_sells_to_it(team: People, command: Command) -> None:
    team.create_bc("customers", number="C1", displayName="Adatum", salespersonCode="JO")
    assert command("synchronize", "CUSTOMER")[0] == 0
    assert team.rows_sales("accounts")[0]["_owningteam_value"] == TEAM_ID


@pytest.mark.rule("3.1.team")
def test_with_teams_the_owner_stays_when_the_customer_changes(team: People, command: Command) -> None:
    made = team.create_bc("customers", number="C1", displayName="Adatum")
    command("synchronize", "CUSTOMER")
    (account,) = team.rows_sales("accounts")
    user = team.rows_sales("systemusers", "isdisabled eq false")[0]["systemuserid"]
    team.change_sales("accounts", account["accountid"], **{"ownerid@odata.bind": f"/systemusers({user})"})
    team.change_bc("customers", made["id"], displayName="Adatum Ltd.", salespersonCode="JO")
    assert command("synchronize", "CUSTOMER")[1]["jobs"][0]["modified"] == 1
    (account,) = team.rows_sales("accounts")
    assert (account["name"], account["_owninguser_value"]) == ("Adatum Ltd.", user)


@pytest.mark.rule("3.1.team")
def test_with_teams_an_invoice_belongs_to_the_team(demo_company: People, command: Command) -> None:
    office = Office(demo_company)
    invoice = next(row for row in demo_company.rows_bc("salesInvoices", "status eq 'Open'") if row["salesperson"])
    office.ready(invoice)
    choose_ownership(own_company(), OwnershipModel.TEAM, None)
    assert command("synchronize", "POSTEDSALESINV-INV", "--record", invoice["number"])[0] == 0
    assert office.arrived(invoice)["_owningteam_value"] == TEAM_ID


def test_teams_need_a_team(team: People, command: Command) -> None:
    System.objects.filter(kind="business_central").update(sales_company_id="")
    team.control("POST", "commit-late", {"entity": "teams", "key": TEAM_ID, "seconds": 0, "values": {"isdefault": 0}})
    team.create_bc("customers", number="C1", displayName="Adatum")
    code, told = command("synchronize", "CUSTOMER")
    assert (code, told["jobs"][0]["status"], "owning team" in told["jobs"][0]["message"]) == (2, "Error", True)


@pytest.mark.rule("3.1.person-to", "3.1.person-none")
def test_with_persons_the_user_becomes_the_salesperson_and_back(person: People, command: Command) -> None:
    (account,) = person.rows_sales("accounts")
    assert account["_owninguser_value"] == Coupling.objects.get(mapping__name="SALESPEOPLE").sales_key
    person.change_bc("customers", person.rows_bc("customers")[0]["id"], salespersonCode="")
    command("synchronize", "CUSTOMER", "--direction", "to")
    assert person.rows_sales("accounts")[0]["_owninguser_value"] == account["_owninguser_value"]


@pytest.mark.rule("3.1.owner-team")
def test_with_persons_an_account_of_a_team_fails_on_its_way_to_a_salesperson(person: People, command: Command) -> None:
    (account,) = person.rows_sales("accounts")
    person.change_sales("accounts", account["accountid"], **{"ownerid@odata.bind": f"/teams({TEAM_ID})"})
    assert [job["failed"] for job in command("synchronize", "CUSTOMER")[1]["jobs"]] == [0, 1]
    entry = SynchEntry.objects.get(action="Failed")
    assert (entry.code, "belongs to a team" in entry.message) == ("owner-is-team", True)


@pytest.mark.rule("3.1.person-from")
def test_with_persons_a_user_who_is_no_salesperson_fails_the_account(person: People, command: Command) -> None:
    (account,) = person.rows_sales("accounts")
    known = Coupling.objects.get(mapping__name="SALESPEOPLE").sales_key
    other = next(row["systemuserid"] for row in person.rows_sales("systemusers") if row["systemuserid"] != known)
    person.change_sales("accounts", account["accountid"], **{"ownerid@odata.bind": f"/systemusers({other})"})
    command("synchronize", "CUSTOMER")
    assert SynchEntry.objects.get(action="Failed").code == "not-coupled"


def test_where_the_owner_is_not_mapped_from_sales_a_team_does_no_harm(
    customer: IntegrationTableMapping, people: People, command: Command
) -> None:
    made = people.create_sales("accounts", name="Adatum", customertypecode=3, **{"ownerid@odata.bind": f"/teams({TEAM_ID})"})
    assert command("synchronize", "CUSTOMER", "--direction", "from")[0] == 0
    assert Coupling.objects.get().sales_key == made["accountid"]


@pytest.mark.rule("4.salesperson")
def test_a_deleted_salesperson_loses_its_coupling(person: People, command: Command) -> None:
    user = Coupling.objects.get(mapping__name="SALESPEOPLE").sales_key
    person.delete_standard("salespeoplePurchasers", person.rows_standard("salespeoplePurchasers")[0]["id"])
    IntegrationTableMapping.objects.filter(name="SALESPEOPLE").update(synch_only_coupled=True)
    person.change_sales("systemusers", str(user), mobilephone="555")
    code, told = command("synchronize", "SALESPEOPLE")
    assert (code, told["jobs"][0]["uncoupled"], told["jobs"][0]["failed"]) == (0, 1, 0)
    assert not Coupling.objects.filter(mapping__name="SALESPEOPLE").exists()


@pytest.mark.rule("3.1.person-uncoupled")
def test_with_persons_a_salesperson_who_is_no_user_fails_the_customer(person: People, command: Command) -> None:
    person.create_standard("salespeoplePurchasers", code="JO", displayName="Jo")
    person.change_bc("customers", person.rows_bc("customers")[0]["id"], salespersonCode="JO")
    command("synchronize", "CUSTOMER", "--direction", "to")
    entry = SynchEntry.objects.get(action="Failed")
    assert (entry.code, "SALESPEOPLE" in entry.message) == ("not-coupled", True)


@pytest.mark.rule("3.1.person-from")
def test_with_persons_a_new_owner_becomes_the_salesperson(person: People, command: Command) -> None:
    other = next(
        row
        for row in person.rows_sales("systemusers")
        if row["systemuserid"] != Coupling.objects.get(mapping__name="SALESPEOPLE").sales_key
    )
    jo = person.create_standard("salespeoplePurchasers", code="JO", displayName="Jo")
    mapping = IntegrationTableMapping.objects.get(name="SALESPEOPLE")
    Coupling.objects.create(mapping=mapping, bc_key=jo["id"], bc_number="JO", sales_key=other["systemuserid"])
    (account,) = person.rows_sales("accounts")
    person.change_sales("accounts", account["accountid"], **{"ownerid@odata.bind": f"/systemusers({other['systemuserid']})"})
    assert [job["failed"] for job in command("synchronize", "CUSTOMER")[1]["jobs"]] == [0, 0]
    assert person.rows_bc("customers")[0]["salespersonCode"] == "JO"
