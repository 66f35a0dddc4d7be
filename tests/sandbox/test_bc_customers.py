"""A customer of Business Central and the rows that belong to it."""

from __future__ import annotations

from typing import Any

from tests.sandbox.client import Client


def contact_of(custom: Client, customer: dict[str, Any]) -> dict[str, Any]:
    return custom.rows(f"contacts?$filter=customerNumber eq '{customer['number']}' and type eq 'Company'")[0]


def person_of(custom: Client, customer: dict[str, Any], name: str = "Ada Byron") -> dict[str, Any]:
    company = contact_of(custom, customer)["number"]
    return custom.add("contacts", {"type": "Person", "displayName": name, "companyNumber": company})


def test_a_new_customer_gets_its_company_contact_and_statistics(custom: Client) -> None:
    customer = custom.add("customers", {"displayName": "Adatum", "city": "Ribe"})
    contact = contact_of(custom, customer)
    assert (contact["displayName"], contact["city"], contact["contactBusinessRelation"]) == ("Adatum", "Ribe", "Customer")
    assert custom.get(f"customerStatistics({customer['id']})").json()["displayName"] == "Adatum"


def test_a_person_customer_gets_a_person_as_primary_contact(custom: Client) -> None:
    customer = custom.add("customers", {"displayName": "Ada Byron", "type": "Person"})
    row = custom.get(f"customers({customer['id']})").json()
    contact = custom.rows(f"contacts?$filter=number eq '{row['primaryContactNumber']}'")[0]
    assert (contact["surname"], row["contactName"]) == ("Byron", "Ada Byron")


def test_persons_know_the_customer_of_their_company(custom: Client) -> None:
    customer = custom.add("customers", {"displayName": "Adatum"})
    person = person_of(custom, customer)
    assert (person["customerNumber"], person["contactBusinessRelation"]) == (customer["number"], "Customer")
    left = custom.call("PATCH", f"contacts({person['id']})", {"companyNumber": ""}, If_Match="*").json()
    assert (left["customerNumber"], left["companyName"]) == ("", "")


def test_what_changes_on_the_customer_changes_on_its_contact_and_back(custom: Client) -> None:
    customer = custom.add("customers", {"displayName": "Adatum"})
    custom.call("PATCH", f"customers({customer['id']})", {"displayName": "Nod", "city": "Ribe"}, If_Match="*")
    contact = contact_of(custom, customer)
    assert (contact["displayName"], contact["companyName"], contact["city"]) == ("Nod", "Nod", "Ribe")
    custom.call("PATCH", f"contacts({contact['id']})", {"phoneNumber": "77"}, If_Match="*")
    assert custom.get(f"customers({customer['id']})").json()["phoneNumber"] == "77"


def test_the_primary_contact_must_be_of_the_same_company(custom: Client) -> None:
    customer, other = (custom.add("customers", {"displayName": name}) for name in ("Adatum", "Nod"))
    person, stranger = person_of(custom, customer), person_of(custom, other, "Bob Stranger")
    path = f"customers({customer['id']})"
    row = custom.call("PATCH", path, {"primaryContactNumber": person["number"]}, If_Match="*").json()
    assert row["contactName"] == "Ada Byron"
    refused = custom.refusal("PATCH", path, {"primaryContactNumber": stranger["number"]}, If_Match="*")
    assert refused == (400, "Application_DialogException")


def test_a_renamed_customer_keeps_its_id_and_its_contacts(custom: Client) -> None:
    customer = custom.add("customers", {"displayName": "Adatum"})
    renamed = custom.call("PATCH", f"customers({customer['id']})", {"number": "NEW"}, If_Match="*").json()
    assert renamed["id"] == customer["id"]
    assert contact_of(custom, renamed)["displayName"] == "Adatum"


def test_deleting_a_customer_frees_its_contacts(custom: Client) -> None:
    customer = custom.add("customers", {"displayName": "Adatum"})
    contact = contact_of(custom, customer)
    assert custom.call("DELETE", f"customers({customer['id']})", If_Match="*").status_code == 204
    freed = custom.get(f"contacts({contact['id']})").json()
    assert (freed["customerNumber"], freed["contactBusinessRelation"]) == ("", "None")
    assert custom.get(f"customerStatistics({customer['id']})").status_code == 404


def test_deleting_a_contact_takes_it_off_its_customer(custom: Client) -> None:
    customer = custom.add("customers", {"displayName": "Adatum"})
    person = person_of(custom, customer)
    custom.call("PATCH", f"customers({customer['id']})", {"primaryContactNumber": person["number"]}, If_Match="*")
    custom.call("DELETE", f"contacts({person['id']})", If_Match="*")
    assert custom.get(f"customers({customer['id']})").json()["primaryContactNumber"] == ""


def test_a_customer_with_posted_invoices_stays(custom: Client, standard: Client) -> None:
    customer = custom.add("customers", {"displayName": "Adatum"})
    item = standard.add("items", {"displayName": "Bike", "unitPrice": 10})
    lines = [{"itemId": item["id"], "quantity": 1}]
    invoice = standard.add("salesInvoices", {"customerNumber": customer["number"], "salesInvoiceLines": lines})
    standard.call("POST", f"salesInvoices({invoice['id']})/Microsoft.NAV.post")
    assert custom.refusal("DELETE", f"customers({customer['id']})", If_Match="*") == (400, "Application_DialogException")


def test_contacts_of_a_customer_are_listed(custom: Client, standard: Client) -> None:
    customer = custom.add("customers", {"displayName": "Adatum"})
    person_of(custom, customer)
    rows = standard.rows(f"customers({customer['id']})/contactsInformation")
    assert sorted(row["contactName"] for row in rows) == ["Ada Byron", "Adatum"]
    assert {row["relatedId"] for row in rows} == {customer["id"]}


def test_the_financial_details_have_the_stamp_of_the_customer(custom: Client, standard: Client) -> None:
    customer = custom.add("customers", {"displayName": "Adatum"})
    changed = custom.call("PATCH", f"customers({customer['id']})", {"city": "Ribe"}, If_Match="*").json()
    details = standard.get(f"customers({customer['id']})/customerFinancialDetail").json()
    assert details["lastModifiedDateTime"] == changed["lastModifiedDateTime"]
