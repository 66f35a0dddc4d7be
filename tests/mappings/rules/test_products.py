"""Items and resources become products (engine.md section 19; special rules of ITEM-PRODUCT and RESOURCE-PRODUCT)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from joblog.models import SynchEntry
from mappings.models import IntegrationTableMapping, System
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]
LIST = "Business Central Default Price List"


@pytest.fixture
def goods(company: People, command: Command) -> People:
    """A company with the unit PCS in Sales, whose items and resources are created there."""
    company.create_standard("unitsOfMeasure", code="PCS", displayName="Piece")
    IntegrationTableMapping.objects.update(synch_only_coupled=False)
    assert command("synchronize", "UNIT OF MEASURE")[0] == 0
    return company


def item(company: People, number: str = "1000", **values: Any) -> dict[str, Any]:
    return company.create_bc("items", **({"number": number, "displayName": "Bicycle", "baseUnitOfMeasureCode": "PCS"} | values))


def product(company: People) -> dict[str, Any]:
    (row,) = company.rows_sales("products")
    return row


@pytest.mark.rule("19.products.type", "19.products.currency")
def test_a_new_item_becomes_an_active_product_of_its_type_with_unit_currency_and_price_list(goods: People, command: Command) -> None:
    item(goods, unitPrice=449)
    code, answer = command("synchronize", "ITEM-PRODUCT")
    assert (code, answer["jobs"][0]["inserted"]) == (0, 1)
    row = product(goods)
    (group,) = goods.rows_sales("uomschedules", "name eq 'NAV PCS'")
    (unit,) = goods.rows_sales("uoms", f"_uomscheduleid_value eq {group['uomscheduleid']}")
    (prices,) = goods.rows_sales("pricelevels", f"name eq '{LIST}'")
    assert (row["producttypecode"], row["quantitydecimal"], row["statecode"], row["statuscode"]) == (1, 2, 0, 1)
    assert (row["_defaultuomscheduleid_value"], row["_defaultuomid_value"]) == (group["uomscheduleid"], unit["uomid"])
    assert (row["_pricelevelid_value"], row["_transactioncurrencyid_value"]) == (
        prices["pricelevelid"],
        prices["_transactioncurrencyid_value"],
    )


@pytest.mark.rule("19.products.type")
def test_a_resource_becomes_a_product_of_type_services(goods: People, command: Command) -> None:
    goods.create_bc("resources", number="LIFT", displayName="Lift", baseUnitOfMeasureCode="PCS")
    assert command("synchronize", "RESOURCE-PRODUCT")[0] == 0
    assert product(goods)["producttypecode"] == 3


@pytest.mark.rule("19.products.price")
def test_the_product_has_one_price_in_the_default_price_list_which_follows_the_item(goods: People, command: Command) -> None:
    made = item(goods, unitPrice=449)
    command("synchronize", "ITEM-PRODUCT")
    assert [row["amount"] for row in goods.rows_sales("productpricelevels")] == [449]
    goods.change_bc("items", made["id"], unitPrice=499.5)
    command("synchronize", "ITEM-PRODUCT")
    (price,) = goods.rows_sales("productpricelevels")
    assert (price["amount"], price["productnumber"]) == (499.5, "1000")


def test_a_price_that_somebody_removed_comes_back_with_a_full_synchronization(goods: People, command: Command) -> None:
    item(goods, unitPrice=449)
    command("synchronize", "ITEM-PRODUCT")
    (price,) = goods.rows_sales("productpricelevels")
    goods.delete_sales("productpricelevels", price["productpricelevelid"])
    _, answer = command("synchronize", "ITEM-PRODUCT", "--full")
    assert (answer["jobs"][0]["unchanged"], len(goods.rows_sales("productpricelevels"))) == (1, 1)


def test_a_run_that_finds_nothing_new_asks_for_no_price(goods: People, command: Command) -> None:
    IntegrationTableMapping.objects.filter(name="ITEM-PRODUCT").update(table_filter="number eq 'NONE'")
    code, answer = command("synchronize", "ITEM-PRODUCT")
    assert (code, answer["jobs"][0]["requests"]["sales"], goods.rows_sales("pricelevels")) == (0, 0, [])


def test_many_products_share_the_requests(goods: People, command: Command) -> None:
    goods.create_many_bc("items", [{"number": f"I{n}", "displayName": "Bicycle", "baseUnitOfMeasureCode": "PCS"} for n in range(200)])
    _, answer = command("synchronize", "ITEM-PRODUCT")
    assert (answer["jobs"][0]["inserted"], len(goods.rows_sales("productpricelevels"))) == (200, 200)
    assert answer["jobs"][0]["requests"]["sales"] < 25


@pytest.mark.rule("19.products.price")
def test_a_list_of_that_name_in_another_currency_is_left_alone(goods: People, command: Command) -> None:
    euro = goods.create_sales(
        "transactioncurrencies", isocurrencycode="EUR", currencyname="Euro", currencysymbol="€", exchangerate=0.9, currencyprecision=2
    )
    bind = {"transactioncurrencyid@odata.bind": f"/transactioncurrencies({euro['transactioncurrencyid']})"}
    goods.create_sales("pricelevels", name=LIST, **bind)
    item(goods)
    assert command("synchronize", "ITEM-PRODUCT")[0] == 0
    local = IntegrationTableMapping.objects.get(name="ITEM-PRODUCT").business_central.local_currency
    assert {row["name"] for row in goods.rows_sales("pricelevels")} >= {LIST, f"Business Central {local} Default Price List"}


@pytest.mark.rule("19.products.negative")
def test_negative_price_and_stock_are_sent_as_zero(goods: People, command: Command) -> None:
    goods.create_bc("resources", number="LIFT", displayName="Lift", baseUnitOfMeasureCode="PCS", unitPrice=-5)
    command("synchronize", "RESOURCE-PRODUCT")
    assert product(goods)["price"] == 0
    assert [row["amount"] for row in goods.rows_sales("productpricelevels")] == [0]


@pytest.mark.rule("19.products.negative")
def test_a_stock_below_zero_is_sent_as_zero(goods: People, command: Command) -> None:
    made = item(goods)
    goods.control("POST", "commit-late", {"entity": "items", "key": made["id"], "seconds": 0, "values": {"inventory": -5}})
    command("synchronize", "ITEM-PRODUCT")
    assert product(goods)["quantityonhand"] == 0


@pytest.mark.rule("19.products.base-unit")
def test_a_blank_base_unit_fails(goods: People, command: Command) -> None:
    item(goods, baseUnitOfMeasureCode="")
    assert command("synchronize", "ITEM-PRODUCT")[1]["jobs"][0]["failed"] == 1
    entry = SynchEntry.objects.get(action="Failed")
    assert (entry.code, "must have a value" in entry.message) == ("unit-blank", True)


@pytest.mark.rule("19.products.group")
@pytest.mark.parametrize(("change", "code"), [({"quantity": 2}, "unit-quantity"), ({"name": "BOX"}, "unit-name")])
def test_a_unit_that_is_not_the_base_unit_fails(goods: People, command: Command, change: dict[str, Any], code: str) -> None:
    (unit,) = goods.rows_sales("uoms", "name eq 'PCS'")
    goods.change_sales("uoms", unit["uomid"], **change)
    item(goods)
    command("synchronize", "ITEM-PRODUCT")
    assert SynchEntry.objects.get(action="Failed").code == code


@pytest.mark.rule("19.products.group")
def test_a_unit_group_with_a_second_unit_fails(goods: People, command: Command) -> None:
    (group,) = goods.rows_sales("uomschedules", "name eq 'NAV PCS'")
    bind = {"uomscheduleid@odata.bind": f"/uomschedules({group['uomscheduleid']})"}
    goods.create_sales("uoms", name="DOZEN", quantity=12, **bind)
    item(goods)
    command("synchronize", "ITEM-PRODUCT")
    entry = SynchEntry.objects.get(action="Failed")
    assert (entry.code, "has 2 units" in entry.message) == ("unit-group-units", True)


@pytest.mark.rule("19.products.group")
def test_two_unit_groups_of_one_name_fail(goods: People, command: Command) -> None:
    """An environment without an alternate key on the name allows that."""
    other = goods.create_sales("uomschedules", name="Pieces", baseuomname="PCS")["uomscheduleid"]
    goods.control("POST", "commit-late", {"entity": "uomschedules", "key": other, "seconds": 0, "values": {"name": "NAV PCS"}})
    item(goods)
    command("synchronize", "ITEM-PRODUCT")
    entry = SynchEntry.objects.get(action="Failed")
    assert (entry.code, "exists 2 times" in entry.message) == ("unit-group-twice", True)


@pytest.mark.rule("19.products.group")
def test_an_inactive_unit_group_fails(goods: People, command: Command) -> None:
    (group,) = goods.rows_sales("uomschedules", "name eq 'NAV PCS'")
    goods.change_sales("uomschedules", group["uomscheduleid"], statecode=1)
    item(goods)
    command("synchronize", "ITEM-PRODUCT")
    assert SynchEntry.objects.get(action="Failed").code == "unit-group-inactive"


@pytest.mark.rule("19.products.group")
def test_a_unit_that_is_no_base_unit_fails(goods: People, command: Command) -> None:
    (unit,) = goods.rows_sales("uoms", "name eq 'PCS'")
    goods.control("POST", "commit-late", {"entity": "uoms", "key": unit["uomid"], "seconds": 0, "values": {"isschedulebaseuom": 0}})
    item(goods)
    command("synchronize", "ITEM-PRODUCT")
    assert SynchEntry.objects.get(action="Failed").code == "unit-not-base"


@pytest.mark.rule("19.products.group")
def test_a_missing_unit_group_fails(goods: People, command: Command) -> None:
    goods.create_standard("unitsOfMeasure", code="BOX", displayName="Box")
    goods.create_bc("resources", number="LIFT", displayName="Lift", baseUnitOfMeasureCode="BOX")
    command("synchronize", "RESOURCE-PRODUCT")
    assert SynchEntry.objects.get(action="Failed").code == "unit-group-missing"


def test_the_name_of_the_vendor_goes_along(goods: People, command: Command) -> None:
    goods.create_standard("vendors", number="V1", displayName="Fabrikam")
    item(goods, vendorNumber="V1")
    command("synchronize", "ITEM-PRODUCT")
    assert (product(goods)["vendorid"], product(goods)["vendorname"]) == ("V1", "Fabrikam")


@pytest.mark.rule("19.products.blocked")
@pytest.mark.parametrize(("table", "name"), [("items", "ITEM-PRODUCT"), ("resources", "RESOURCE-PRODUCT")])
def test_what_is_blocked_is_retired_and_comes_back(goods: People, command: Command, table: str, name: str) -> None:
    IntegrationTableMapping.objects.filter(name=name).update(table_filter="")
    made = goods.create_bc(table, number="1000", displayName="Bicycle", baseUnitOfMeasureCode="PCS")
    command("synchronize", name)
    goods.change_bc(table, made["id"], blocked=True)
    command("synchronize", name)
    assert (product(goods)["statecode"], product(goods)["statuscode"]) == (1, 2)
    goods.change_bc(table, made["id"], blocked=False)
    command("synchronize", name)
    assert (product(goods)["statecode"], product(goods)["statuscode"]) == (0, 1)


@pytest.mark.rule("19.products.blocked")
@pytest.mark.parametrize(("table", "name"), [("items", "ITEM-PRODUCT"), ("resources", "RESOURCE-PRODUCT")])
def test_a_retired_product_blocks_its_record_where_the_mapping_goes_both_ways(
    goods: People, command: Command, table: str, name: str
) -> None:
    everything = {"table_filter": "", "integration_table_filter": "", "direction": "Bidirectional"}
    IntegrationTableMapping.objects.filter(name=name).update(**everything)
    goods.create_bc(table, number="1000", displayName="Bicycle", baseUnitOfMeasureCode="PCS")
    command("synchronize", name)
    goods.change_sales("products", product(goods)["productid"], statecode=1, statuscode=2)
    command("synchronize", name)
    assert [row["blocked"] for row in goods.rows_bc(table)] == [True]
    assert product(goods)["statecode"] == 1
    goods.change_sales("products", product(goods)["productid"], statecode=0, statuscode=1)
    command("synchronize", name)
    assert [row["blocked"] for row in goods.rows_bc(table)] == [False]


@pytest.mark.rule("19.products.write-in")
@pytest.mark.parametrize("table", ["items", "resources"])
def test_the_write_in_product_is_left_alone(goods: People, command: Command, table: str) -> None:
    System.objects.filter(kind="business_central").update(write_in_product="free")
    for number in ("FREE", "1000"):
        goods.create_bc(table, number=number, displayName=number, baseUnitOfMeasureCode="PCS")
    name = "ITEM-PRODUCT" if table == "items" else "RESOURCE-PRODUCT"
    assert command("synchronize", name)[1]["jobs"][0]["inserted"] == 1
    assert product(goods)["productnumber"] == "1000"


def test_a_preview_creates_no_price_list(goods: People, command: Command) -> None:
    item(goods)
    _, answer = command("synchronize", "ITEM-PRODUCT", "--preview")
    assert (answer["jobs"][0]["inserted"], goods.rows_sales("pricelevels"), goods.rows_sales("products")) == (1, [], [])


def test_a_price_without_answer_fails_the_product_and_is_looked_for_again(goods: People, command: Command) -> None:
    item(goods)
    goods.fault(system="sales", kind="apply-then-disconnect", method="POST", path="/productpricelevels", times=1)
    command("synchronize", "ITEM-PRODUCT")
    assert SynchEntry.objects.get(job__mapping_name="ITEM-PRODUCT").code == "default-price"
    assert command("synchronize", "ITEM-PRODUCT")[0] == 0
    assert len(goods.rows_sales("productpricelevels")) == 1


@pytest.mark.rule("19.products.description-2")
def test_the_second_description_is_not_transferred(goods: People, command: Command) -> None:
    made = item(goods, displayName2="With basket")
    assert command("synchronize", "ITEM-PRODUCT")[0] == 0
    assert "With basket" not in {value for value in product(goods).values() if isinstance(value, str)}
    goods.change_bc("items", made["id"], displayName2="Without basket")
    assert command("synchronize", "ITEM-PRODUCT")[1]["jobs"][0]["modified"] == 0
