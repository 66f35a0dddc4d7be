"""Links into the real systems: only where their web client is known."""

from __future__ import annotations

import pytest

from mappings.models import IntegrationTableMapping, System
from mappings.web_links import web_link, web_root
from syncadmin.sync.records import Side
from syncadmin.sync.tables import Table

BC, SALES = Side.BUSINESS_CENTRAL, Side.SALES
KEY = "8c3ecc0b-5bd0-4a59-8d3f-4a1b5a7f0001"
ACCOUNTS = Table(name="accounts", label="Account", key="accountid", modified_on="modifiedon", type_name="account")


def business_central(**values: str) -> System:
    plain = {"address": "https://api.businesscentral.dynamics.com/v2.0", "tenant": "contoso.com", "environment": "Production"}
    return System(kind="business_central", name="CRONUS", company="CRONUS & Sons", **(plain | values))


def sales(address: str = "https://contoso.api.crm4.dynamics.com", **values: str) -> System:
    return System(kind="sales", name="contoso", address=address, **values)


def mapping(bc: System | None = None, crm: System | None = None) -> IntegrationTableMapping:
    return IntegrationTableMapping(name="X", business_central=bc or business_central(), sales=crm or sales())


def table(name: str) -> Table:
    return Table(name=name, label=name, key="id", modified_on="lastModifiedDateTime")


def test_a_customer_opens_on_its_card_in_its_company() -> None:
    link = web_link(mapping(), BC, table("customers"), key=KEY, number="C 1/2")
    assert link == (
        "https://businesscentral.dynamics.com/contoso.com/Production/?company=CRONUS%20%26%20Sons&page=21"
        "&filter=%27No.%27%20IS%20%27C%201%2F2%27"
    )


def test_an_account_opens_on_its_form() -> None:
    link = web_link(mapping(), SALES, ACCOUNTS, key=KEY, number="")
    assert link == f"https://contoso.crm4.dynamics.com/main.aspx?etn=account&pagetype=entityrecord&id={KEY}"


@pytest.mark.parametrize(("name", "number"), [("salesPrices", "P1"), ("customers", ""), ("customers", "O'Neil")])
def test_what_cannot_be_named_has_no_link(name: str, number: str) -> None:
    assert web_link(mapping(), BC, table(name), key=KEY, number=number) == ""


def test_an_option_and_a_record_that_is_not_there_have_no_link() -> None:
    options = Table(name="accounts.paymenttermscode", label="Terms", key="value", modified_on="", type_name="account")
    assert web_link(mapping(), SALES, options, key="1", number="") == ""
    assert web_link(mapping(), SALES, ACCOUNTS, key="", number="") == ""


def test_another_installation_is_linked_where_its_web_client_is_given() -> None:
    own = business_central(address="http://127.0.0.1:8099/v2.0", web_address="https://bc.example/BC/")
    assert web_root(business_central(address="http://127.0.0.1:8099/v2.0")) == ""
    assert web_root(sales("http://127.0.0.1:8099")) == ""
    assert web_link(mapping(own), BC, table("items"), key=KEY, number="1").startswith("https://bc.example/BC/?company=")
    assert web_root(sales("http://127.0.0.1:8099", web_address="https://crm.example")) == "https://crm.example"
