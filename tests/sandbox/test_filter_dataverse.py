"""$filter of Dataverse over HTTP (web-apis.md, section 2)."""

from __future__ import annotations

import pytest

from syncadmin.sandbox.ids import BASE_CURRENCY_ID, INTEGRATION_USER_ID
from tests.sandbox.client import Client


@pytest.fixture
def accounts(sales: Client) -> Client:
    """Three accounts: Adatum (limit 100, with primary contact Ada), Müller (limit 200, on hold), Nod (no number, no limit)."""
    ada = sales.add("contacts", {"firstname": "Ada", "lastname": "Byron"})
    bound = {"primarycontactid@odata.bind": f"/contacts({ada['contactid']})"}
    sales.add("accounts", {"name": "Adatum", "accountnumber": "A1", "creditlimit": 100, "telephone1": "A1", **bound})
    sales.add("accounts", {"name": "Müller", "accountnumber": "B2", "creditlimit": 200.5, "creditonhold": True})
    sales.add("accounts", {"name": "Nod 10%"})
    return sales


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("name eq 'ADATUM'", ["Adatum"]),
        ("name eq 'muller'", ["Müller"]),
        ("accountnumber ne 'A1'", ["Müller", "Nod 10%"]),
        ("accountnumber eq null", ["Nod 10%"]),
        ("accountnumber ne null", ["Adatum", "Müller"]),
        ("not (accountnumber eq 'A1')", ["Müller", "Nod 10%"]),
        ("creditlimit gt 100 and creditlimit le 200.5", ["Müller"]),
        ("100 lt creditlimit", ["Müller"]),
        ("creditonhold eq true", ["Müller"]),
        ("name gt 'b'", ["Müller", "Nod 10%"]),
        ("accountnumber eq telephone1", ["Adatum"]),
        ("contains(name,'AT')", ["Adatum"]),
        ("startswith(name,'n') or endswith(name,'R')", ["Müller", "Nod 10%"]),
        ("not contains(name,'d')", ["Müller"]),
        ("contains(name,'[%]')", ["Nod 10%"]),
        ("contains(name,'_dat')", ["Adatum"]),
        ("primarycontactid/fullname eq 'ada byron'", ["Adatum"]),
        ("primarycontactid/contactid eq null", ["Müller", "Nod 10%"]),
        ("Microsoft.Dynamics.CRM.In(PropertyName='accountnumber',PropertyValues=['a1','B2'])", ["Adatum", "Müller"]),
        ('Microsoft.Dynamics.CRM.NotIn(PropertyName="accountnumber",PropertyValues=["A1"])', ["Müller", "Nod 10%"]),
        ("Microsoft.Dynamics.CRM.Between(PropertyName='creditlimit',PropertyValues=['150','250'])", ["Müller"]),
        ("Microsoft.Dynamics.CRM.EqualUserId(PropertyName='ownerid')", ["Adatum", "Müller", "Nod 10%"]),
        ("Microsoft.Dynamics.CRM.LastXDays(PropertyName='createdon',PropertyValue=1)", ["Adatum", "Müller", "Nod 10%"]),
        ("Microsoft.Dynamics.CRM.OnOrAfter(PropertyName='createdon',PropertyValue='2100-01-01')", []),
        (f"_ownerid_value eq {INTEGRATION_USER_ID} and name eq @p1&@p1='Adatum'", ["Adatum"]),
        ("createdon gt 2100-01-01T00:00:00Z", []),
    ],
)
def test_conditions(accounts: Client, text: str, names: list[str]) -> None:
    found = accounts.rows(f"accounts?$select=name&$filter={text.replace('%', '%25')}")
    assert sorted(row["name"] for row in found) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("contact_customer_accounts/any(c:c/lastname eq 'Byron')", ["Parent"]),
        ("contact_customer_accounts/any()", ["Parent"]),
        ("contact_customer_accounts/all(c:c/lastname eq 'Byron')", ["Alone", "Parent"]),
        ("not contact_customer_accounts/any()", ["Alone"]),
    ],
)
def test_lambdas_over_collections(sales: Client, text: str, names: list[str]) -> None:
    parent = sales.add("accounts", {"name": "Parent"})
    sales.add("accounts", {"name": "Alone"})
    sales.add("contacts", {"lastname": "Byron", "parentcustomerid_account@odata.bind": f"/accounts({parent['accountid']})"})
    assert sorted(row["name"] for row in sales.rows(f"accounts?$select=name&$filter={text}")) == names


def test_a_polymorphic_lookup_leads_only_to_rows_of_its_own_table(sales: Client) -> None:
    other = sales.add("contacts", {"lastname": "Parent"})
    sales.add("contacts", {"lastname": "Child", "parentcustomerid_contact@odata.bind": f"/contacts({other['contactid']})"})
    found = sales.rows("contacts?$filter=_parentcustomerid_value ne null and parentcustomerid_account/accountid ne null")
    assert found == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("nonsense eq 1", "0x0"),
        ("Name eq 'x'", "0x0"),
        ("name eq 1", "0x80060888"),
        ("_ownerid_value eq 'x'", "0x80060888"),
        ("statecode eq '0'", "0x80060888"),
        ("tolower(name) eq 'x'", "0x80060888"),
        ("year(createdon) eq 2026", "0x80060888"),
        ("name in ('a','b')", "0x80060888"),
        ("Microsoft.Dynamics.CRM.Nonsense(PropertyName='name')", "0x80060888"),
        ("contact_customer_accounts/all()", "0x80060888"),
        ("name", "0x80060888"),
        ("name eq", "0x80060888"),
    ],
)
def test_what_dataverse_refuses(sales: Client, text: str, code: str) -> None:
    assert sales.refusal("GET", f"accounts?$filter={text}") == (400, code)


def test_moments_between_two_seconds_compare_right(sales: Client) -> None:
    row = sales.add("accounts", {"name": "Adatum"})
    whole = row["modifiedon"].removesuffix("Z")
    for operator, found in (("gt", 0), ("ge", 0), ("lt", 1), ("le", 1), ("eq", 0), ("ne", 1)):
        assert len(sales.rows(f"accounts?$filter=modifiedon {operator} {whole}.500Z")) == found


def test_numbers_are_quoted_in_property_values(sales: Client) -> None:
    text = f"""Microsoft.Dynamics.CRM.In(PropertyName='transactioncurrencyid',PropertyValues=["{BASE_CURRENCY_ID}"])"""
    assert len(sales.rows(f"transactioncurrencies?$filter={text}")) == 1
