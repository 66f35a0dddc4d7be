"""The rows that the sandbox starts with, after both systems have had their say."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncadmin.sandbox import ids
from syncadmin.sandbox.schema import SALES as DV
from syncadmin.sandbox.schema import entities
from syncadmin.sandbox.server import Sandbox
from tests.sandbox.client import BUSINESS_CENTRAL, COMPANY, CUSTOM, SALES, Client


@pytest.fixture(scope="module")
def demo() -> Iterator[Sandbox]:
    with Sandbox(port=0, data="demo") as running:
        yield running


def test_an_empty_environment_has_its_set_up_and_no_other_rows(sales: Client, standard: Client, custom: Client) -> None:
    sizes = {name: len(sales.rows(name)) for name in entities(DV)}
    kept = {name: size for name, size in sizes.items() if size}
    one = dict.fromkeys(("organizations", "businessunits", "teams", "transactioncurrencies", "bcbi_companies"), 1)
    assert kept == {**one, "systemusers": 2}
    assert standard.rows("generalLedgerSetup")[0]["localCurrencyCode"] == ids.LOCAL_CURRENCY
    assert len(standard.rows("companyInformation")) == 1
    assert [name for name in ("customers", "contacts", "salesPrices") if custom.rows(name)] == []


def test_the_ids_are_the_fixed_ones(sales: Client) -> None:
    assert sales.rows("organizations")[0]["organizationid"] == ids.ORGANIZATION_ID
    assert sales.rows("transactioncurrencies")[0]["transactioncurrencyid"] == ids.BASE_CURRENCY_ID
    assert sales.rows("bcbi_companies")[0]["bcbi_externalid"] == ids.COMPANY_ID
    assert {row["systemuserid"] for row in sales.rows("systemusers")} == {ids.INTEGRATION_USER_ID, ids.SOMEONE_USER_ID}


def test_the_integration_user_is_marked(sales: Client) -> None:
    rows = sales.rows("systemusers?$filter=isdisabled eq false and islicensed eq true and isintegrationuser eq false")
    assert [row["systemuserid"] for row in rows] == [ids.SOMEONE_USER_ID]


def test_system_pricing_is_off(sales: Client, demo: Sandbox) -> None:
    for client in (sales, Client(demo, SALES)):
        assert client.rows("organizations")[0]["oobpricecalculationenabled"] is False


def test_demo_lookups_lead_to_rows(demo: Sandbox) -> None:
    sales = Client(demo, SALES)
    for entity in entities(DV).values():
        for known in entity.properties.values():
            loose = [f"_{known.attribute}_value ne null"] + [
                f"{item.name}/{entities(DV)[item.targets[0]].key} eq null"
                for item in entity.navigations.values()
                if item.attribute == known.attribute and known.attribute and len(item.targets) == 1
            ]
            if known.attribute and len(loose) > 1:
                assert sales.rows(f"{entity.name}?$filter={' and '.join(loose)}") == [], (entity.name, known.name)


def test_each_demo_customer_has_its_company_contact_and_statistics(demo: Sandbox) -> None:
    custom = Client(demo, CUSTOM + COMPANY)
    numbers = {row["number"] for row in custom.rows("customers?$select=number")}
    contacts = custom.rows("contacts?$filter=type eq 'Company' and customerNumber ne ''&$select=customerNumber")
    assert {row["customerNumber"] for row in contacts} == numbers
    assert {row["number"] for row in custom.rows("customerStatistics?$select=number")} == numbers


def test_the_demo_has_data_for_every_mapping(demo: Sandbox) -> None:
    standard, custom = Client(demo, BUSINESS_CENTRAL + COMPANY), Client(demo, CUSTOM + COMPANY)
    for name in ("salespeoplePurchasers", "currencies", "unitsOfMeasure", "customers", "contacts", "items", "salesInvoices"):
        assert standard.rows(f"{name}?$top=1"), name
    for name in ("resources", "customerPriceGroups", "salesPrices", "customerStatistics"):
        assert custom.rows(f"{name}?$top=1"), name


def test_a_drawn_number_is_free_in_the_demo(demo: Sandbox) -> None:
    custom = Client(demo, CUSTOM + COMPANY)
    for name in ("customers", "contacts", "items"):
        assert custom.add(name, {"displayName": "New"})["number"]
