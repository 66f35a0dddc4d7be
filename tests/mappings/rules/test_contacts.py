"""Contacts over HTTP: their account or company, primary contacts, their company (engine.md section 19, Contacts)."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from joblog.models import SynchEntry
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


@pytest.mark.rule("19.contacts.primary")
def test_of_several_new_contacts_the_one_becomes_primary_that_the_customer_names(adatum: People, command: Command) -> None:
    people = [person_in_bc(adatum, name, company_number(adatum)) for name in ("Ann Beebe", "Bob Kelly", "Cy Young")]
    adatum.change_bc("customers", adatum.rows_bc("customers")[0]["id"], primaryContactNumber=people[1]["number"])
    command("synchronize", "CUSTOMER")
    assert counts(command, "inserted") == [(3,), (0,)]
    (contact,) = adatum.rows_sales("contacts", "lastname eq 'Kelly'")
    assert account(adatum)["_primarycontactid_value"] == contact["contactid"]


@pytest.mark.rule("19.contacts.primary")
def test_another_one_gives_way_when_the_right_one_arrives(adatum: People, command: Command) -> None:
    ann, bob = (person_in_bc(adatum, name, company_number(adatum)) for name in ("Ann Beebe", "Bob Kelly"))
    adatum.change_bc("customers", adatum.rows_bc("customers")[0]["id"], primaryContactNumber=bob["number"])
    command("synchronize", "CUSTOMER")
    command("synchronize", "CONTACT", "--record", ann["number"])
    assert account(adatum)["_primarycontactid_value"] == adatum.rows_sales("contacts")[0]["contactid"]
    command("synchronize", "CONTACT")
    (contact,) = adatum.rows_sales("contacts", "lastname eq 'Kelly'")
    assert account(adatum)["_primarycontactid_value"] == contact["contactid"]
    jobs = command("synchronize", "CUSTOMER")[1]["jobs"]
    assert [(job["modified"], job["failed"]) for job in jobs] == [(0, 0), (0, 0)]


@pytest.mark.rule("19.contacts.primary")
def test_one_that_a_person_chose_meanwhile_stays(adatum: People, command: Command) -> None:
    ann, bob = (person_in_bc(adatum, name, company_number(adatum)) for name in ("Ann Beebe", "Bob Kelly"))
    adatum.change_bc("customers", adatum.rows_bc("customers")[0]["id"], primaryContactNumber=bob["number"])
    command("synchronize", "CUSTOMER")
    command("synchronize", "CONTACT", "--record", ann["number"])
    own = person_in_sales(adatum, "Cy Young", account(adatum)["accountid"])["contactid"]
    bind = {"primarycontactid@odata.bind": f"/contacts({own})"}
    adatum.change_sales("accounts", account(adatum)["accountid"], **bind)
    command("synchronize", "CONTACT")
    assert account(adatum)["_primarycontactid_value"] == own


@pytest.mark.rule("19.contacts.primary")
def test_of_several_new_persons_the_one_becomes_primary_that_the_account_names(adatum: People, command: Command) -> None:
    made = [person_in_sales(adatum, name, account(adatum)["accountid"]) for name in ("Ann Beebe", "Bob Kelly")]
    bind = {"primarycontactid@odata.bind": f"/contacts({made[1]['contactid']})"}
    adatum.change_sales("accounts", account(adatum)["accountid"], **bind)
    command("synchronize", "CUSTOMER")
    assert counts(command, "inserted") == [(0,), (2,)]
    (contact,) = adatum.rows_bc("contacts", "surname eq 'Kelly'")
    assert adatum.rows_bc("customers")[0]["primaryContactNumber"] == contact["number"]


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


@pytest.mark.rule("19.contacts.from-first")
def test_an_account_that_nobody_has_coupled_is_synchronized_before_its_contact(adatum: People, command: Command) -> None:
    trey = adatum.create_sales("accounts", name="Trey", customertypecode=3)
    person_in_sales(adatum, "Ann Beebe", trey["accountid"])
    told = command("synchronize", "CONTACT", "--direction", "from")[1]["jobs"]
    assert [(job["mapping"], job["inserted"], job["failed"]) for job in told] == [("CONTACT", 1, 0), ("CUSTOMER", 1, 0)]
    (contact,) = adatum.rows_bc("contacts", "type eq 'Person'")
    (customer,) = adatum.rows_bc("customers", "displayName eq 'Trey'")
    assert (contact["customerNumber"], customer["primaryContactNumber"]) == (customer["number"], contact["number"])
    assert counts(command, "modified", "failed") == [(0, 0), (0, 0)]


def test_a_preview_takes_that_for_done_and_writes_nothing(adatum: People, command: Command) -> None:
    trey = adatum.create_sales("accounts", name="Trey", customertypecode=3)
    person_in_sales(adatum, "Ann Beebe", trey["accountid"])
    (job,) = command("synchronize", "CONTACT", "--direction", "from", "--preview")[1]["jobs"]
    assert (job["inserted"], job["failed"]) == (1, 0)
    assert len(adatum.rows_bc("customers")) == 1


def test_previews_of_all_mappings_count_customers_that_would_be_there_for_their_contacts(adatum: People, command: Command) -> None:
    adatum.create_bc("customers", number="C2", displayName="Fabrikam", type="Company")
    person_in_bc(adatum, "Bob Kelly", company_number(adatum, "C2"))
    trey = adatum.create_sales("accounts", name="Trey", customertypecode=3)
    person_in_sales(adatum, "Ann Beebe", trey["accountid"])
    told = command("synchronize", "--all", "--preview")[1]["jobs"]
    assert [(job["inserted"], job["failed"]) for job in told if job["mapping"] == "CONTACT"] == [(1, 0), (1, 0)]
    alone = command("synchronize", "CONTACT", "--preview", "--direction", "to")[1]["jobs"]
    assert [(job["inserted"], job["failed"]) for job in alone] == [(0, 1)]


@pytest.mark.rule("19.contacts.from-failed")
def test_a_contact_whose_account_may_not_become_a_customer_fails(adatum: People, command: Command) -> None:
    """M22."""
    IntegrationTableMapping.objects.filter(name="CUSTOMER").update(synch_only_coupled=True)
    trey = adatum.create_sales("accounts", name="Trey", customertypecode=3)
    person_in_sales(adatum, "Ann Beebe", trey["accountid"])
    assert counts(command, "inserted", "failed") == [(0, 0), (0, 1)]
    (failed,) = command("synchlog", "--errors", "--entries")[1]["entries"]
    assert (failed["code"], "its company does not exist" in failed["message"]) == ("not-coupled", True)


@pytest.mark.rule("19.contacts.from-failed")
def test_a_contact_of_a_customer_who_is_a_person_has_no_company_and_fails(adatum: People, command: Command) -> None:
    adatum.create_bc("customers", number="C2", displayName="Ann Beebe", type="Person")
    command("synchronize", "CUSTOMER")
    (account,) = adatum.rows_sales("accounts", "name eq 'Ann Beebe'")
    person_in_sales(adatum, "Bob Kelly", account["accountid"])
    assert counts(command, "inserted", "failed") == [(0, 0), (0, 1)]


@pytest.mark.rule("19.contacts.from-outside")
def test_a_contact_of_an_account_that_is_no_customer_is_created_without_company(adatum: People, command: Command) -> None:
    """And gets its company, and becomes the primary contact, when the account becomes a customer (rule child-contacts)."""
    trey = adatum.create_sales("accounts", name="Trey", customertypecode=1)["accountid"]
    person_in_sales(adatum, "Ann Beebe", trey)
    assert counts(command, "inserted", "failed") == [(0, 0), (1, 0)]
    assert adatum.rows_bc("contacts", "type eq 'Person'")[0]["companyNumber"] == ""
    adatum.change_sales("accounts", trey, customertypecode=3)
    told = command("synchronize", "CUSTOMER", "--direction", "from")[1]["jobs"]
    assert [(job["mapping"], job["inserted"], job["modified"]) for job in told] == [("CUSTOMER", 1, 0), ("CONTACT", 0, 1)]
    (contact,) = adatum.rows_bc("contacts", "type eq 'Person'")
    (customer,) = adatum.rows_bc("customers", "displayName eq 'Trey'")
    assert (contact["customerNumber"], customer["primaryContactNumber"]) == (customer["number"], contact["number"])


def test_a_contact_that_a_person_holds_is_not_freed_when_its_account_becomes_a_customer(adatum: People, command: Command) -> None:
    """The one beside it, which was skipped because its customer was not coupled, is."""
    trey = adatum.create_sales("accounts", name="Trey", customertypecode=1)["accountid"]
    for name in ("Ann Beebe", "Bob Kelly"):
        person_in_sales(adatum, name, trey)
    assert counts(command, "inserted", "failed") == [(0, 0), (2, 0)]
    contacts = Coupling.objects.filter(mapping__name="CONTACT")
    contacts.update(skipped=True, from_result="Failure", from_error="not-coupled:parentcustomerid")
    contacts.filter(sales_label__contains="Ann").update(held_by="anna")
    adatum.change_sales("accounts", trey, customertypecode=3)
    command("synchronize", "CUSTOMER", "--direction", "from")
    assert [(one.skipped, one.held_by) for one in contacts.order_by("sales_label")] == [(True, "anna"), (False, "")]


def test_a_contact_that_moves_to_a_company_without_account_fails(adatum: People, command: Command) -> None:
    person = person_in_bc(adatum, "Ann Beebe", company_number(adatum))
    command("synchronize", "CONTACT")
    adatum.create_bc("customers", number="C2", displayName="Trey", type="Company")
    adatum.change_bc("contacts", person["id"], companyNumber=company_number(adatum, "C2"))
    assert counts(command, "modified", "failed") == [(0, 1), (0, 0)]
    assert adatum.rows_sales("contacts")[0]["_parentcustomerid_value"] == account(adatum)["accountid"]


@pytest.mark.rule("19.contacts.orphan")
def test_a_contact_of_an_uncoupled_customer_is_synchronized_unconditionally_too(adatum: People, command: Command) -> None:
    person_in_bc(adatum, "Ann Beebe", company_number(adatum))
    command("synchronize", "CONTACT")
    Coupling.objects.filter(mapping__name="CUSTOMER").delete()
    IntegrationTableMapping.objects.filter(name="CONTACT").update(direction="ToIntegrationTable")
    _, told = command("synchronize", "CONTACT", "--unconditional")
    assert [(job["unchanged"], job["failed"]) for job in told["jobs"]] == [(1, 0)]
    assert adatum.rows_sales("contacts")[0]["_parentcustomerid_value"] == account(adatum)["accountid"]


@pytest.mark.parametrize("changed", [False, True])
def test_an_account_that_somebody_took_away_from_a_contact_comes_back(adatum: People, command: Command, changed: bool) -> None:
    """Rule parent-account-repair: with the next run that reads the contact, changed itself or not."""
    person = person_in_bc(adatum, "Ann Beebe", company_number(adatum))
    command("synchronize", "CONTACT")
    (contact,) = adatum.rows_sales("contacts")
    adatum.change_sales("contacts", contact["contactid"], **{"parentcustomerid_account@odata.bind": None})
    if changed:
        adatum.change_bc("contacts", person["id"], phoneNumber="555")
    assert counts(command, "modified", "failed") == [(1, 0), (0, 0)]
    assert adatum.rows_sales("contacts")[0]["_parentcustomerid_value"] == account(adatum)["accountid"]
    assert counts(command, "modified", "failed") == [(0, 0), (0, 0)]


@pytest.mark.rule("19.contacts.company", "19.contacts.ignored")
def test_a_company_contact_is_not_synchronized_even_when_it_is_named(adatum: People, command: Command) -> None:
    _, told = command("synchronize", "CONTACT", "--record", company_number(adatum))
    assert [(job["inserted"], job["skipped"], job["failed"]) for job in told["jobs"]] == [(0, 0, 0)]
    assert adatum.rows_sales("contacts") == []


@pytest.mark.rule("19.contacts.company")
def test_a_company_contact_is_coupled_with_nobody(adatum: People, command: Command) -> None:
    there = person_in_sales(adatum, "Ann Beebe", account(adatum)["accountid"])
    with pytest.raises(SystemExit):
        call_command("couple", "CONTACT", company_number(adatum), there["contactid"], stdout=StringIO(), stderr=StringIO())
    entry = SynchEntry.objects.get(action="Failed")
    assert (entry.code, "only persons are coupled" in entry.message.lower()) == ("never-coupled", True)
    assert not Coupling.objects.filter(mapping__name="CONTACT").exists()


def test_many_contacts_share_the_requests(adatum: People, command: Command) -> None:
    number = company_number(adatum)
    people = [{"type": "Person", "firstName": f"P{n}", "surname": "Many", "companyNumber": number} for n in range(200)]
    adatum.create_many_bc("contacts", people)
    to, back = command("synchronize", "CONTACT")[1]["jobs"]
    assert (to["inserted"], back["failed"]) == (200, 0)
    assert (to["requests"]["sales"] <= 5, to["requests"]["business_central"] <= 3) == (True, True)
    to, back = command("synchronize", "CONTACT", "--full")[1]["jobs"]
    assert (to["unchanged"], back["unchanged"]) == (200, 200)
    assert [(job["requests"]["sales"], job["requests"]["business_central"]) for job in (to, back)] == [(1, 1), (1, 1)]
