"""Demo data of Business Central: items, resources and sales prices."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from syncadmin.sandbox.demo_rows import (
    BLANK_DATE,
    BLANK_ID,
    Row,
    Rows,
    business_central_row,
    cents,
    chance,
    company,
    in_milliseconds,
    some_moment,
)
from syncadmin.sandbox.ids import LOCAL_CURRENCY, fixed_id

# The known failure: their unit was never set, and Sales knows no product without a unit.
ITEMS_WITHOUT_UNIT = ("3215", "3228")

_BLOCKED_EVERY = 23
_OUT_OF_STOCK_EVERY = 60
_ITEMS_PER_GROUP = 70
_QUANTITY_BREAKS_PER_GROUP = 15
_CUSTOMER_PRICES = 40
_GENERAL_PRICES = 20


def item_rows() -> Rows:
    """The items, numbered by family: some blocked, some with an inventory below zero, two without a unit."""
    entries = enumerate(entry for family in company()["item_families"] for entry in _numbered(family))
    return [_item(index, *entry) for index, entry in entries]


def _numbered(family: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], list[Any], str]]:
    number: int = family["first"]
    for product in family["products"]:
        for variant in family["variants"]:
            yield f"{number}{family['suffix']}", family, product, variant
            number += 1


def _item(index: int, number: str, family: dict[str, Any], product: list[Any], variant: str) -> Row:
    luck = chance(f"item {number}")
    name, list_price, weight, volume, *unit = product
    price = _shelf_price(luck, list_price, family["variants"].index(variant))
    unit_code = "" if number in ITEMS_WITHOUT_UNIT else unit[0] if unit else family["unit"]
    vendor = luck.choice(family["vendors"])
    stocked = "type" not in family
    return business_central_row(
        "items",
        id=fixed_id("items", number),
        number=number,
        displayName=_item_name(name, variant),
        type=family.get("type", "Inventory"),
        itemCategoryId=fixed_id("itemCategories", family["category"]),
        itemCategoryCode=family["category"],
        gtin=_gtin(luck) if stocked else "",
        inventory=_inventory(luck, index) if stocked else 0,
        blocked=index % _BLOCKED_EVERY == 11,
        unitPrice=price,
        unitCost=cents(price * luck.randrange(48, 72) / 100),
        taxGroupCode="FURNITURE" if stocked else "SERVICES",
        baseUnitOfMeasureId=fixed_id("unitsOfMeasure", unit_code) if unit_code else BLANK_ID,
        baseUnitOfMeasureCode=unit_code,
        generalProductPostingGroupCode="RETAIL" if stocked else "SERVICES",
        inventoryPostingGroupCode="RESALE" if stocked else "",
        lastModifiedDateTime=in_milliseconds(some_moment(luck)),
        unitVolume=cents(volume),
        grossWeight=cents(weight),
        vendorNumber=vendor,
        vendorItemNumber=f"{family['category'][:3]}-{luck.randrange(10_000, 99_999)}" if luck.random() < 0.7 else "",
    )


def _item_name(name: str, variant: str) -> str:
    return f"{name} {variant}" if name[-1] == "," or name.rsplit(" ", 1)[-1].islower() else f"{name}, {variant}"


def _shelf_price(luck: random.Random, list_price: int, variant: int) -> Decimal:
    dearer = list_price * (100 + 6 * variant + luck.randrange(0, 4)) // 100
    return cents(dearer) + luck.choice([Decimal("0.00"), Decimal("-0.10"), Decimal("0.50")])


def _gtin(luck: random.Random) -> str:
    digits = f"540{luck.randrange(10**9):09d}"
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-weighted % 10}"


def _inventory(luck: random.Random, index: int) -> int:
    return -luck.randrange(1, 6) if index % _OUT_OF_STOCK_EVERY == 7 else luck.choice([0, 3, 8, 14, 25, 40, 75, 120, 260])


def is_sellable(item: Row) -> bool:
    """Whether the item may stand in prices and invoices without making them fail: not blocked and with a unit."""
    return not item["blocked"] and item["baseUnitOfMeasureCode"] != ""


def resource_rows() -> Rows:
    """The resources; the last one is blocked."""
    return [_resource(entry) for entry in company()["resources"]]


def _resource(entry: list[Any]) -> Row:
    number, kind, name, work, unit, cost, price = entry
    luck = chance(f"resource {number}")
    return business_central_row(
        "resources",
        id=fixed_id("resources", number),
        number=number,
        type=kind,
        displayName=name,
        displayName2=work,
        searchName=name.upper(),
        resourceGroupCode="MACHINES" if kind == "Machine" else "PEOPLE",
        baseUnitOfMeasureCode=unit,
        directUnitCost=cents(cost),
        unitCost=cents(cost * Decimal("1.1")),
        unitPrice=cents(price),
        vendorNumber="62000" if kind == "Machine" else "",
        capacity=luck.choice([38, 76, 152]) if unit == "HOUR" else luck.choice([5, 10, 21]),
        blocked=work == "",
        lastModifiedDateTime=in_milliseconds(some_moment(luck)),
    )


def sales_price_rows(items: Rows, customers: Rows, *, rates: dict[str, Decimal]) -> Rows:
    """The prices of the customer price groups, of some customers and of all customers.

    ``rates``: units of a currency for one unit of the local one. Within one group all prices have the group's currency, and
    every item is sellable: anything else would make the group fail.
    """
    sellable = [item for item in items if is_sellable(item)]
    prices = [price for entry in company()["price_groups"] for price in _prices_of_group(entry, sellable, rates)]
    return prices + _prices_of_customers(sellable, customers, rates) + _prices_for_all(sellable)


def _prices_of_group(entry: list[str], items: Rows, rates: dict[str, Decimal]) -> Iterator[Row]:
    code, _description, currency, factor = entry
    luck = chance(f"prices {code}")
    for index, item in enumerate(luck.sample(items, _ITEMS_PER_GROUP)):
        amount = _in_currency(item["unitPrice"], Decimal(factor), currency, rates)
        yield _price(item, "Customer_x0020_Price_x0020_Group", code, currency, amount, luck=luck)
        if index < _QUANTITY_BREAKS_PER_GROUP:
            yield _price(
                item, "Customer_x0020_Price_x0020_Group", code, currency, cents(amount * Decimal("0.95")), luck=luck, from_quantity=10
            )


def _prices_of_customers(items: Rows, customers: Rows, rates: dict[str, Decimal]) -> Rows:
    luck = chance("prices of customers")
    chosen = luck.sample(items, _CUSTOMER_PRICES)
    return [_price_of_customer(item, luck.choice(customers), rates, luck) for item in chosen]


def _price_of_customer(item: Row, customer: Row, rates: dict[str, Decimal], luck: random.Random) -> Row:
    currency = "" if customer["currencyCode"] == LOCAL_CURRENCY else customer["currencyCode"]
    amount = _in_currency(item["unitPrice"], Decimal("0.88"), currency, rates)
    return _price(item, "Customer", customer["number"], currency, amount, luck=luck)


def _prices_for_all(items: Rows) -> Rows:
    luck = chance("prices for all")
    chosen = luck.sample(items, _GENERAL_PRICES)
    return [_price(item, "All_x0020_Customers", "", "", cents(item["unitPrice"] * 0.97), luck=luck, ends="2026-12-31") for item in chosen]


def _in_currency(price: float, factor: Decimal, currency: str, rates: dict[str, Decimal]) -> Decimal:
    return cents(Decimal(str(price)) * factor * (rates[currency] if currency else 1))


def _price(
    item: Row,
    sales_type: str,
    code: str,
    currency: str,
    amount: Decimal,
    *,
    luck: random.Random,
    from_quantity: int = 0,
    ends: str = BLANK_DATE,
) -> Row:
    key = (item["number"], sales_type, code, currency, str(from_quantity))
    return business_central_row(
        "salesPrices",
        id=fixed_id("salesPrices", *key),
        itemNumber=item["number"],
        salesType=sales_type,
        salesCode=code,
        currencyCode=currency,
        startingDate=luck.choice([BLANK_DATE, "2026-01-01", "2026-07-01"]),
        endingDate=ends,
        minimumQuantity=from_quantity,
        unitOfMeasureCode=item["baseUnitOfMeasureCode"] if luck.random() < 0.5 else "",
        unitPrice=amount,
        allowInvoiceDiscount=True,
        allowLineDiscount=True,
        lastModifiedDateTime=in_milliseconds(some_moment(luck)),
    )
