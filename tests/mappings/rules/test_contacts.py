"""Contacts over HTTP: their account or company, primary contacts, their company (engine.md section 19, Contacts)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mappings.models import Coupling, IntegrationTableMapping, System, SystemKind
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def adatum(company: People, command: Command) -> People:
    """A customer that is coupled to its account; what is not coupled is created."""
    IntegrationTableMapping.objects.filter(name__in=["CUSTOMER", "CONTACT"]).update(synch_only_coupled=False)
    company.create_bc("customers", number="C1", displayName="Adatum", type="Company")
    assert command("synchronize", "CUSTOMER")[0] == 0
    return company


def account(people: People) -> dict[str, Any]:
    return people.rows_sales("accounts")[0]


def company_number(people: People, customer: str = "C1") -> str:
    """The number of the company contact of a customer."""
    return str(people.rows_bc("contacts", f"customerNumber eq '{customer}' and type eq 'Company'")[0]["number"])


def person_in_bc(people: People, name: str, company: str) -> dict[str, Any]:
    first, last = name.split()
    return people.create_bc("contacts", type="Person", firstName=first, surname=last, companyNumber=company)


def person_in_sales(people: People, name: str, parent: str) -> dict[str, Any]:
    first, last = name.split()
    bound = {"parentcustomerid_account@odata.bind": f"/accounts({parent})"}
    return people.create_sales("contacts", firstname=first, lastname=last, **bound)


def counts(command: Command, *names: str) -> list[tuple[int, ...]]:
    """The counters of both directions of a run of CONTACT."""
    return [tuple(job[name] for name in names) for job in command("synchronize", "CONTACT")[1]["jobs"]]


@pytest.mark.rule("19.contacts.to-parent", "19.contacts.primary")
def test_a_new_contact_in_sales_belongs_to_the_account_and_is_its_primary_contact(adatum: People, command: Command) -> None:
    person_in_bc(adatum, "Ann Beebe", company_number(adatum))
    assert counts(command, "inserted", "failed") == [(1, 0), (0, 0)]
    (contact,) = adatum.rows_sales("contacts")
    assert contact["_parentcustomerid_value"] == account(adatum)["accountid"]
    assert account(adatum)["_primarycontactid_value"] == contact["contactid"]


@pytest.mark.rule("19.contacts.from-parent", "19.contacts.primary")
def test_a_new_contact_in_business_central_belongs_to_the_company_and_is_its_primary_contact(adatum: People, command: Command) -> None:
    made = person_in_sales(adatum, "Ann Beebe", account(adatum)["accountid"])
    assert counts(command, "inserted", "failed") == [(0, 0), (1, 0)]
    (contact,) = adatum.rows_bc("contacts", "type eq 'Person'")
    assert (contact["displayName"], contact["companyNumber"], contact["customerNumber"]) == ("Ann Beebe", company_number(adatum), "C1")
    assert adatum.rows_bc("customers")[0]["primaryContactNumber"] == contact["number"]
    own = System.objects.get(kind=SystemKind.BUSINESS_CENTRAL).sales_company_id
    (stamped,) = adatum.rows_sales("contacts", f"contactid eq {made['contactid']}")
    assert stamped["_bcbi_companyid_value"] == own


@pytest.mark.rule("19.contacts.primary")
@pytest.mark.parametrize("side", ["bc", "sales"])
def test_the_primary_contact_is_not_seen_as_a_change_afterwards(adatum: People, command: Command, side: str) -> None:
    if side == "bc":
        person_in_bc(adatum, "Ann Beebe", company_number(adatum))
    else:
        person_in_sales(adatum, "Ann Beebe", account(adatum)["accountid"])
    command("synchronize", "CONTACT")
    jobs = command("synchronize", "CUSTOMER")[1]["jobs"]
    assert [(job["modified"], job["failed"]) for job in jobs] == [(0, 0), (0, 0)]
    assert [(job["modified"], job["failed"]) for job in command("synchronize", "CONTACT")[1]["jobs"]] == [(0, 0), (0, 0)]


def test_a_second_contact_leaves_the_primary_one_alone(adatum: People, command: Command) -> None:
    person_in_bc(adatum, "Ann Beebe", company_number(adatum))
    command("synchronize", "CONTACT")
    first = account(adatum)["_primarycontactid_value"]
    person_in_bc(adatum, "Bob Kelly", company_number(adatum))
    assert counts(command, "inserted") == [(1,), (0,)]
    assert account(adatum)["_primarycontactid_value"] == first


@pytest.mark.rule("19.contacts.ignored")
def test_contacts_of_no_customer_are_ignored(adatum: People, command: Command) -> None:
    firm = adatum.create_bc("contacts", type="Company", displayName="Nobody's customer")
    person_in_bc(adatum, "Ann Beebe", firm["number"])
    assert counts(command, "inserted", "failed", "skipped", "unchanged") == [(0, 0, 0, 0)] * 2


def test_a_contact_whose_customer_is_not_coupled_fails_and_leads_to_it(adatum: People, command: Command) -> None:
    person_in_bc(adatum, "Ann Beebe", company_number(adatum))
    Coupling.objects.filter(mapping__name="CUSTOMER").delete()
    assert counts(command, "failed") == [(1,), (0,)]
    (failed,) = command("synchlog", "--errors", "--entries")[1]["entries"]
    assert failed["code"] == "not-coupled"
    assert "CUSTOMER" in failed["message"]


@pytest.mark.rule("19.contacts.orphan")
def test_a_coupled_contact_stays_synchronizable_when_its_customer_is_uncoupled(adatum: People, command: Command) -> None:
    person = person_in_bc(adatum, "Ann Beebe", company_number(adatum))
    command("synchronize", "CONTACT")
    Coupling.objects.filter(mapping__name="CUSTOMER").delete()
    adatum.change_bc("contacts", person["id"], phoneNumber="555")
    assert counts(command, "modified", "failed") == [(1, 0), (0, 0)]
    assert adatum.rows_sales("contacts")[0]["telephone1"] == "555"


def test_a_contact_moves_to_another_company_with_its_account(adatum: People, command: Command) -> None:
    adatum.create_bc("customers", number="C2", displayName="Trey", type="Company")
    command("synchronize", "CUSTOMER")
    person_in_bc(adatum, "Ann Beebe", company_number(adatum))
    command("synchronize", "CONTACT")
    (trey,) = adatum.rows_sales("accounts", "name eq 'Trey'")
    contact = adatum.rows_sales("contacts")[0]["contactid"]
    adatum.change_sales("contacts", contact, **{"parentcustomerid_account@odata.bind": f"/accounts({trey['accountid']})"})
    assert counts(command, "modified", "failed") == [(0, 0), (1, 0)]
    assert adatum.rows_bc("contacts", "type eq 'Person'")[0]["companyNumber"] == company_number(adatum, "C2")


def test_contacts_of_customers_are_matched(adatum: People, command: Command) -> None:
    """Only those of customers: a person of another firm is no candidate."""
    ann = person_in_bc(adatum, "Ann Beebe", company_number(adatum))
    adatum.change_bc("contacts", ann["id"], email="ann@adatum.example")
    firm = adatum.create_bc("contacts", type="Company", displayName="Nobody's customer")
    person_in_bc(adatum, "Bob Kelly", firm["number"])
    there = person_in_sales(adatum, "Ann Beebe", account(adatum)["accountid"])
    adatum.change_sales("contacts", there["contactid"], emailaddress1="ann@adatum.example")
    (job,) = command("match", "CONTACT")[1]["jobs"]
    assert (job["coupled"], job["failed"]) == (1, 0)
