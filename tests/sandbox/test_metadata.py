"""$metadata of both systems."""

from __future__ import annotations

from xml.etree import ElementTree

from syncadmin.sandbox.schema import BUSINESS_CENTRAL as BC
from syncadmin.sandbox.schema import SALES as DV
from syncadmin.sandbox.schema import entities
from syncadmin.sandbox.server import Sandbox
from tests.sandbox.client import BUSINESS_CENTRAL, CUSTOM, SALES, Client

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


def document(sandbox: Sandbox, path: str) -> ElementTree.Element:
    answer = Client(sandbox, path).get("$metadata")
    assert answer.headers["Content-Type"] == "application/xml"
    return ElementTree.fromstring(answer.content)


def type_of(tree: ElementTree.Element, name: str) -> ElementTree.Element:
    return next(item for item in tree.iter(f"{EDM}EntityType") if item.get("Name") == name)


def property_names(kind: ElementTree.Element) -> set[str]:
    return {str(item.get("Name")) for item in kind.iter(f"{EDM}Property")}


def test_each_route_of_business_central_shows_its_own_properties(sandbox: Sandbox) -> None:
    standard, custom = document(sandbox, BUSINESS_CENTRAL), document(sandbox, CUSTOM)
    assert property_names(type_of(custom, "customer")) == set(entities(BC)["customers"].properties)
    assert "faxNumber" not in property_names(type_of(standard, "customer"))
    sets = {item.get("Name") for item in standard.iter(f"{EDM}EntitySet")}
    assert "currencies" in sets and "resources" not in sets


def test_business_central_describes_lengths_enums_and_relations(sandbox: Sandbox) -> None:
    tree = document(sandbox, BUSINESS_CENTRAL)
    customer = type_of(tree, "customer")
    fields = {item.get("Name"): item for item in customer.iter(f"{EDM}Property")}
    assert fields["displayName"].get("MaxLength") == "100"
    assert fields["blocked"].get("Type") == "Microsoft.NAV.customerBlocked"
    members = [item.get("Name") for kind in tree.iter(f"{EDM}EnumType") if kind.get("Name") == "customerBlocked" for item in kind]
    assert members == ["_x0020_", "Ship", "Invoice", "All"]
    assert type_of(tree, "company").find(f"{EDM}NavigationProperty[@Name='customers']").get("ContainsTarget") == "true"


def test_dataverse_describes_lookups_and_their_partners(sandbox: Sandbox) -> None:
    tree = document(sandbox, SALES)
    account = type_of(tree, "account")
    assert account.get("BaseType") == "mscrm.crmbaseentity"
    assert property_names(account) == set(entities(DV)["accounts"].properties)
    contact = account.find(f"{EDM}NavigationProperty[@Name='primarycontactid']")
    assert contact.get("Type") == "mscrm.contact"
    constraint = contact.find(f"{EDM}ReferentialConstraint")
    assert (constraint.get("Property"), constraint.get("ReferencedProperty")) == ("_primarycontactid_value", "contactid")
    parent = type_of(tree, "contact").find(f"{EDM}NavigationProperty[@Name='parentcustomerid_account']")
    assert parent.get("Partner") == "contact_customer_accounts"


def test_annotations_tell_change_tracking(sales: Client) -> None:
    assert "ChangeTracking" not in sales.get("$metadata").text
    assert "ChangeTracking" in sales.get("$metadata?annotations=true").text
