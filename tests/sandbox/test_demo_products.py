"""The products of the demo and their units."""

from __future__ import annotations

from tests.sandbox.demo import business_central, by, sales


def test_every_unit_group_has_one_base_unit_and_those_of_business_central_no_other() -> None:
    for group in sales()["uomschedules"]:
        units = [unit for unit in sales()["uoms"] if unit["_uomscheduleid_value"] == group["uomscheduleid"]]
        assert [unit["name"] for unit in units if unit["isschedulebaseuom"]] == [group["baseuomname"]]
        assert len(units) == 1 or not group["name"].startswith("NAV ")


def test_products_have_the_unit_of_their_item() -> None:
    groups = by(sales()["uomschedules"], "uomscheduleid")
    sources = by(business_central()["items"] + business_central()["resources"], "number")
    known = [product for product in sales()["products"] if product["productnumber"] in sources]
    assert len(known) == 60
    for product in known:
        group = groups[product["_defaultuomscheduleid_value"]]["name"]
        assert group == f"NAV {sources[product['productnumber']]['baseUnitOfMeasureCode']}"
