"""The people of the demo: whom they belong to and how they are reached."""

from __future__ import annotations

from tests.sandbox.demo import business_central, by, sales


def test_persons_share_the_company_contact_of_their_customer() -> None:
    contacts = by(business_central()["contacts"], "number")
    customers = by(business_central()["customers"], "number")
    for person in (row for row in contacts.values() if row["type"] == "Person" and row["customerNumber"]):
        head = contacts[person["companyNumber"]]
        assert (head["type"], head["customerNumber"], head["companyName"]) == ("Company", person["customerNumber"], person["companyName"])
        assert " ".join(filter(None, (person["firstName"], person["middleName"], person["surname"]))) == person["displayName"]
        assert contacts[customers[person["customerNumber"]]["primaryContactNumber"]]["customerNumber"] == person["customerNumber"]


def test_mail_addresses_of_persons_and_salespeople_belong_to_one_alone() -> None:
    persons = [row["email"] for row in business_central()["contacts"] if row["type"] == "Person"]
    assert len(set(persons)) == len(persons)
    contacts = [row["emailaddress1"].lower() for row in sales()["contacts"]]
    assert len(set(contacts)) == len(contacts)
    assert len({row["internalemailaddress"] for row in sales()["systemusers"]}) == len(sales()["systemusers"])
