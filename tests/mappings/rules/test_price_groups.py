"""Customer price groups and their prices (engine.md section 19; special rules of CUSTPRCGRP-PRICE and SALESPRC-PRODPRICE)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from joblog.models import SynchEntry
from mappings.models import Coupling, IntegrationTableMapping
from tests.mappings.rules.pricing import group, item, price
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def shop(company: People, command: Command) -> People:
    """A company with the item 1000 as a product in Sales, whose price groups are created there."""
    company.create_standard("unitsOfMeasure", code="PCS", displayName="Piece")
    IntegrationTableMapping.objects.update(synch_only_coupled=False)
    item(company)
    assert command("synchronize", "UNIT OF MEASURE", "ITEM-PRODUCT")[0] == 0
    return company


def the_list(company: People) -> dict[str, Any]:
    (row,) = company.rows_sales("pricelevels", "name eq 'RETAIL'")
    return row


def amounts(company: People) -> list[float]:
    return sorted(
        row["amount"] for row in company.rows_sales("productpricelevels", f"_pricelevelid_value eq {the_list(company)['pricelevelid']}")
    )


def add_euro(company: People, command: Command) -> str:
    """The currency EUR in both systems, coupled; its key in Sales."""
    company.create_standard("currencies", code="EUR", displayName="Euro")
    row = company.create_sales(
        "transactioncurrencies", isocurrencycode="EUR", currencyname="Euro", currencysymbol="€", exchangerate=0.9, currencyprecision=2
    )
    key: str = row["transactioncurrencyid"]
    mapping = IntegrationTableMapping.objects.get(name="CURRENCY")
    Coupling.objects.create(mapping=mapping, bc_key="euro", bc_number="EUR", sales_key=key)
    return key


def test_a_group_becomes_a_price_list_and_its_prices_follow_in_a_job_of_their_own(shop: People, command: Command) -> None:
    group(shop)
    price(shop, 399)
    code, answer = command("synchronize", "CUSTPRCGRP-PRICE")
    assert (code, [(job["mapping"], job["inserted"]) for job in answer["jobs"]]) == (
        0,
        [("CUSTPRCGRP-PRICE", 1), ("SALESPRC-PRODPRICE", 1)],
    )
    assert (the_list(shop)["description"], amounts(shop)) == ("Group RETAIL", [399])


@pytest.mark.rule("19.groups.currency")
def test_the_price_list_has_the_currency_of_its_prices(shop: People, command: Command) -> None:
    euro = add_euro(shop, command)
    group(shop)
    price(shop, 350, currencyCode="EUR")
    assert command("synchronize", "CUSTPRCGRP-PRICE")[0] == 0
    assert the_list(shop)["_transactioncurrencyid_value"] == euro


@pytest.mark.rule("19.groups.currency")
def test_a_group_without_prices_has_the_local_currency(shop: People, command: Command) -> None:
    group(shop)
    assert command("synchronize", "CUSTPRCGRP-PRICE")[0] == 0
    local = IntegrationTableMapping.objects.get(name="CUSTPRCGRP-PRICE").business_central.sales_currency_id
    assert the_list(shop)["_transactioncurrencyid_value"] == local


@pytest.mark.rule("19.groups.currency")
def test_prices_in_two_currencies_fail_the_group(shop: People, command: Command) -> None:
    add_euro(shop, command)
    group(shop)
    price(shop, 399)
    price(shop, 350, currencyCode="EUR")
    command("synchronize", "CUSTPRCGRP-PRICE")
    entry = SynchEntry.objects.get(job__mapping_name="CUSTPRCGRP-PRICE")
    assert (entry.action, entry.code, "EUR" in entry.message) == ("Failed", "several-currencies", True)
    assert shop.rows_sales("pricelevels", "name eq 'RETAIL'") == []


def test_a_price_list_in_another_currency_fails_the_group(shop: People, command: Command) -> None:
    add_euro(shop, command)
    group(shop)
    command("synchronize", "CUSTPRCGRP-PRICE")
    price(shop, 350, currencyCode="EUR")
    _, answer = command("synchronize", "CUSTPRCGRP-PRICE", "--record", "RETAIL")
    assert (answer["jobs"][0]["failed"], SynchEntry.objects.filter(code="price-list-currency").count()) == (1, 1)


def test_items_that_are_not_coupled_are_synchronized_first(shop: People, command: Command) -> None:
    """Rule one-currency: those that pass the filter of their mapping, together in one job."""
    IntegrationTableMapping.objects.filter(name="ITEM-PRODUCT").update(synch_only_coupled=True)
    group(shop)
    for number in ("2000", "3000"):
        item(shop, number)
        price(shop, 99, itemNumber=number)
    code, answer = command("synchronize", "CUSTPRCGRP-PRICE")
    assert (code, {job["mapping"]: job["inserted"] for job in answer["jobs"]}) == (
        0, {"CUSTPRCGRP-PRICE": 1, "ITEM-PRODUCT": 2, "SALESPRC-PRODPRICE": 2},
    )  # fmt: skip
    assert amounts(shop) == [99, 99]


def test_an_item_that_is_neither_coupled_nor_inside_the_filter_fails_its_group(shop: People, command: Command) -> None:
    group(shop)
    item(shop, "2000", blocked=True)
    price(shop, 99, itemNumber="2000")
    command("synchronize", "CUSTPRCGRP-PRICE")
    entry = SynchEntry.objects.get(job__mapping_name="CUSTPRCGRP-PRICE")
    assert (entry.code, "2000" in entry.message) == ("not-coupled", True)


def test_items_that_cannot_be_synchronized_first_fail_the_group_with_their_own_reason_beside_it(shop: People, command: Command) -> None:
    group(shop)
    item(shop, "2000", baseUnitOfMeasureCode="")
    price(shop, 99, itemNumber="2000")
    command("synchronize", "CUSTPRCGRP-PRICE")
    codes = dict(SynchEntry.objects.filter(action="Failed").values_list("job__mapping_name", "code"))
    assert codes == {"CUSTPRCGRP-PRICE": "not-coupled", "ITEM-PRODUCT": "unit-blank"}


def test_a_preview_synchronizes_no_item_first(shop: People, command: Command) -> None:
    group(shop)
    item(shop, "2000")
    price(shop, 99, itemNumber="2000")
    code, answer = command("synchronize", "CUSTPRCGRP-PRICE", "--preview")
    assert (code, [(job["mapping"], job["inserted"]) for job in answer["jobs"]]) == (0, [("CUSTPRCGRP-PRICE", 1)])
    assert len(shop.rows_sales("products")) == 1


def test_nothing_is_synchronized_first_for_groups_that_nobody_creates(shop: People, command: Command) -> None:
    IntegrationTableMapping.objects.filter(name="CUSTPRCGRP-PRICE").update(synch_only_coupled=True)
    group(shop)
    item(shop, "2000")
    price(shop, 99, itemNumber="2000")
    _, answer = command("synchronize", "CUSTPRCGRP-PRICE")
    assert [(job["mapping"], job["requests"]["sales"]) for job in answer["jobs"]] == [("CUSTPRCGRP-PRICE", 0)]
    assert len(shop.rows_sales("products")) == 1


@pytest.mark.rule("19.prices.item")
def test_a_price_whose_item_is_not_coupled_fails(shop: People, command: Command) -> None:
    group(shop)
    command("synchronize", "CUSTPRCGRP-PRICE")
    item(shop, "2000")
    price(shop, 99, itemNumber="2000")
    command("synchronize", "SALESPRC-PRODPRICE")
    entry = SynchEntry.objects.get(job__mapping_name="SALESPRC-PRODPRICE")
    assert (entry.code, "2000" in entry.message, "ITEM-PRODUCT" in entry.message) == ("not-coupled", True, True)


@pytest.mark.rule("19.groups.lines")
def test_prices_follow_every_time_also_when_the_group_is_unchanged(shop: People, command: Command) -> None:
    group(shop)
    made = price(shop, 399)
    command("synchronize", "CUSTPRCGRP-PRICE")
    shop.change_bc("salesPrices", made["id"], unitPrice=389)
    _, answer = command("synchronize", "CUSTPRCGRP-PRICE", "--full")
    assert [(job["unchanged"], job["modified"]) for job in answer["jobs"]] == [(1, 0), (0, 1)]
    assert amounts(shop) == [389]


@pytest.mark.rule("19.prices.parent")
def test_a_price_whose_group_is_not_coupled_fails_with_words(shop: People, command: Command) -> None:
    group(shop)
    price(shop, 399)
    command("synchronize", "SALESPRC-PRODPRICE")
    entry = SynchEntry.objects.get(job__mapping_name="SALESPRC-PRODPRICE")
    assert (entry.action, entry.code, "RETAIL is not coupled" in entry.message) == ("Failed", "not-coupled", True)


def test_a_price_that_waits_for_its_group_is_never_skipped(shop: People, command: Command) -> None:
    group(shop)
    price(shop, 399)
    for _ in range(3):
        _, answer = command("synchronize", "SALESPRC-PRODPRICE", "--full")
        assert (answer["jobs"][0]["failed"], answer["jobs"][0]["skipped"]) == (1, 0)
    assert command("synchronize", "CUSTPRCGRP-PRICE")[0] == 0
    assert amounts(shop) == [399]


def test_prices_of_groups_that_nobody_has_coupled_take_no_part_where_only_coupled_groups_do(shop: People, command: Command) -> None:
    IntegrationTableMapping.objects.filter(name="CUSTPRCGRP-PRICE").update(synch_only_coupled=True)
    group(shop)
    price(shop, 399)
    code, answer = command("synchronize", "SALESPRC-PRODPRICE")
    assert (code, answer["jobs"][0]["read"], answer["jobs"][0]["failed"]) == (0, 1, 0)


@pytest.mark.rule("19.prices.match")
def test_a_row_of_the_same_list_product_and_unit_is_coupled_and_overwritten(shop: People, command: Command) -> None:
    group(shop)
    command("synchronize", "CUSTPRCGRP-PRICE")
    (product,) = shop.rows_sales("products")
    binds = {
        "pricelevelid@odata.bind": f"/pricelevels({the_list(shop)['pricelevelid']})",
        "productid@odata.bind": f"/products({product['productid']})",
        "uomid@odata.bind": f"/uoms({product['_defaultuomid_value']})",
    }
    shop.create_sales("productpricelevels", amount=1, **binds)
    price(shop, 399)
    _, answer = command("synchronize", "SALESPRC-PRODPRICE")
    assert (answer["jobs"][0]["modified"], amounts(shop)) == (1, [399])


def test_a_unit_of_the_price_that_sales_does_not_know_fails(shop: People, command: Command) -> None:
    group(shop)
    command("synchronize", "CUSTPRCGRP-PRICE")
    shop.create_standard("unitsOfMeasure", code="BOX", displayName="Box")
    price(shop, 399, unitOfMeasureCode="BOX")
    command("synchronize", "SALESPRC-PRODPRICE")
    assert SynchEntry.objects.get(job__mapping_name="SALESPRC-PRODPRICE").code == "unit-group-missing"


def test_of_prices_that_meet_in_one_row_the_one_of_the_lowest_quantity_leads(shop: People, command: Command) -> None:
    group(shop)
    price(shop, 399)
    price(shop, 379, minimumQuantity=10)
    code, answer = command("synchronize", "CUSTPRCGRP-PRICE")
    assert (code, answer["jobs"][1]["inserted"], amounts(shop)) == (0, 1, [399])


def test_a_price_with_a_later_starting_date_takes_the_row_over(shop: People, command: Command) -> None:
    group(shop)
    price(shop, 399, startingDate="2026-01-01")
    command("synchronize", "CUSTPRCGRP-PRICE")
    price(shop, 419, startingDate="2026-07-01")
    code, answer = command("synchronize", "SALESPRC-PRODPRICE")
    assert (code, answer["jobs"][0]["modified"], amounts(shop)) == (0, 1, [419])


@pytest.mark.rule("19.prices.filter")
def test_prices_of_customers_are_left_alone(shop: People, command: Command) -> None:
    group(shop)
    price(shop, 399)
    shop.create_bc("customers", number="RETAIL", displayName="A customer called like the group")
    price(shop, 1, salesType="Customer")
    command("synchronize", "CUSTPRCGRP-PRICE")
    assert amounts(shop) == [399]


def test_a_preview_of_a_group_that_is_coupled_shows_its_prices(shop: People, command: Command) -> None:
    group(shop)
    command("synchronize", "CUSTPRCGRP-PRICE")
    price(shop, 399)
    _, answer = command("synchronize", "CUSTPRCGRP-PRICE", "--full", "--preview")
    assert [(job["type"], job["inserted"]) for job in answer["jobs"]] == [("Preview", 0), ("Preview", 1)]
    assert amounts(shop) == []
