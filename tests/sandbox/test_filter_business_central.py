"""$filter of Business Central over HTTP, its known limits included (web-apis.md, section 5)."""

from __future__ import annotations

import pytest

from tests.sandbox.client import Client


@pytest.fixture
def contacts(custom: Client) -> Client:
    """A company, its person Ada, and a person Bob of no company."""
    custom.add("contacts", {"number": "COMP", "displayName": "Adatum", "type": "Company", "phoneNumber": "1"})
    custom.add("contacts", {"number": "ADA", "displayName": "Ada Byron", "type": "Person", "companyNumber": "COMP"})
    custom.add("contacts", {"number": "BOB", "displayName": "Bob", "type": "Person"})
    return custom


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("type eq 'Person' and companyNumber ne ''", ["ADA"]),
        ("number eq 'ada'", ["ADA"]),
        ("displayName eq 'bob'", []),
        ("tolower(displayName) eq 'bob'", ["BOB"]),
        ("startswith(displayName,'Ada')", ["ADA", "COMP"]),
        ("endswith(displayName,'Byron')", ["ADA"]),
        ("contains(displayName,'o')", ["ADA", "BOB"]),
        ("number eq 'ADA' or number eq 'BOB'", ["ADA", "BOB"]),
        ("(number eq 'ADA' or number eq 'BOB') and type eq 'Person'", ["ADA", "BOB"]),
        ("number ge 'B' and number lt 'C'", ["BOB"]),
        ("privacyBlocked eq false", ["ADA", "BOB", "COMP"]),
        ("phoneNumber ne null", ["ADA", "BOB", "COMP"]),
        ("phoneNumber eq null", []),
        ("lastModifiedDateTime gt 2100-01-01T00:00:00Z", []),
        ("lastInteractionDate eq 0001-01-01", ["ADA", "BOB", "COMP"]),
        ("contactBusinessRelation eq 'Bank Account'", []),
        ("lines/any(l:l/x eq 1)", ["ADA", "BOB", "COMP"]),
    ],
)
def test_conditions(contacts: Client, text: str, numbers: list[str]) -> None:
    assert sorted(row["number"] for row in contacts.rows(f"contacts?$select=number&$filter={text}")) == numbers


def test_blank_enum_members_are_written_in_two_ways(custom: Client) -> None:
    custom.add("customers", {"displayName": "Adatum"})
    for blank in (" ", "_x0020_"):
        assert len(custom.rows(f"customers?$filter=blocked eq '{blank}'")) == 1
    assert custom.rows("customers?$filter=blocked eq 'All'") == []


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        ("displayName eq 'a' or number eq 'b'", 400, "BadRequest"),
        ("(displayName eq 'a' and number eq 'b') or displayName eq 'c'", 400, "BadRequest"),
        ("not (number eq 'b')", 400, "BadRequest"),
        ("number in ('a','b')", 400, "BadRequest"),
        ("contains(tolower(displayName),'a')", 400, "BadRequest"),
        ("nonsense eq 'a'", 400, "BadRequest"),
        ("blocked eq 'Nonsense'", 400, "BadRequest"),
        ("currencyCode eq 'EUR'", 400, "BadRequest"),
        ("number eq 1", 400, "BadRequest"),
        ("year(lastModifiedDateTime) eq 2026", 501, "BadRequest_MethodNotImplemented"),
        ("number eq '123456789012345678901'", 400, "Application_FilterErrorException"),
    ],
)
def test_what_business_central_refuses(custom: Client, text: str, status: int, code: str) -> None:
    assert custom.refusal("GET", f"customers?$filter={text}") == (status, code)


def test_schema_version_two_point_one_brings_in_and_nested_functions_on_custom_pages(contacts: Client) -> None:
    assert len(contacts.rows("contacts?$schemaversion=2.1&$filter=number in ('ADA','bob')")) == 2
    assert len(contacts.rows("contacts?$schemaversion=2.1&$filter=contains(tolower(displayName),'ada')")) == 2


def test_the_standard_pages_stay_at_version_two(standard: Client) -> None:
    assert standard.refusal("GET", "customers?$schemaversion=2.1&$filter=number in ('A')") == (400, "BadRequest")


def test_custom_properties_are_unknown_on_standard_pages(standard: Client) -> None:
    assert standard.refusal("GET", "customers?$filter=faxNumber eq '1'") == (400, "BadRequest")
