"""Demo data of Sales: products, price lists and their prices."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from syncadmin.sandbox.demo_items import is_sellable
from syncadmin.sandbox.demo_rows import Row, Rows, cents, chance, company, sales_row, stamps
from syncadmin.sandbox.demo_sales import exchange_rate, sales_currency_id, unit_group_id, unit_id
from syncadmin.sandbox.ids import BASE_CURRENCY_ID, BCBI_COMPANY_ID, SOMEONE_USER_ID, fixed_id

_MATCHED_ITEMS = 56
_STANDARD_LIST = "Standard Retail"
_INVENTORY_TYPE, _SERVICE_TYPE = 1, 3
_ACTIVE = {"statecode": 0, "statuscode": 1}
_RETIRED = {"statecode": 1, "statuscode": 2}
_AUTHORS = {"_createdby_value": SOMEONE_USER_ID, "_modifiedby_value": SOMEONE_USER_ID}


def matched_items(items: Rows) -> Rows:
    """The items that Sales has as products, in the order of their numbers."""
    return sorted(chance("matched items").sample([item for item in items if is_sellable(item)], _MATCHED_ITEMS), key=_number)


def matched_resources(resources: Rows) -> Rows:
    """The resources that Sales has as products."""
    return [resource for resource in resources if resource["number"] in company()["coupled_resources"]]


def _number(row: Row) -> str:
    number: str = row["number"]
    return number


def product_rows(items: Rows, resources: Rows) -> dict[str, Rows]:
    """``products``, ``pricelevels`` and ``productpricelevels``.

    ``items``, ``resources``: those that ``matched_items`` and ``matched_resources`` gave. Sales names and prices them its own way, and has
    three products more, two of them retired. Every product stands in the standard list, some also in the others.
    """
    products = [_product_of(item, _INVENTORY_TYPE) for item in items] + [_product_of(resource, _SERVICE_TYPE) for resource in resources]
    products += [_other_product(*entry) for entry in company()["products_only_in_sales"]]
    return {
        "products": products,
        "pricelevels": [_price_list(name, currency) for name, currency, _factor in company()["price_lists"]],
        "productpricelevels": [price for entry in company()["price_lists"] for price in _prices_in(entry, products)],
    }


def product_id(number: str) -> str:
    """The id of the product with this number."""
    return fixed_id("products", number)


def _product_of(source: Row, product_type: int) -> Row:
    luck = chance(f"product {source['number']}")
    name: str = source["displayName"]
    price = cents(source["unitPrice"] * luck.choice([0.95, 0.98, 1.0, 1.0, 1.05]))
    return _product(
        source["number"],
        name.replace(", ", " - ") if luck.random() < 0.5 else name,
        source["baseUnitOfMeasureCode"],
        price,
        producttypecode=product_type,
        standardcost=cents(source["unitCost"]),
        standardcost_base=cents(source["unitCost"]),
        vendorid=source["vendorNumber"] or None,
        stockweight=source.get("grossWeight"),
        description=source.get("displayName2") or None,
        **_ACTIVE,
    )


def _other_product(number: str, name: str, price: int, sold: int) -> Row:
    kind = _INVENTORY_TYPE if sold else _SERVICE_TYPE
    return _product(
        number,
        name,
        "PCS" if sold else "HOUR",
        cents(price),
        producttypecode=kind,
        **(_RETIRED if "OLD" in number or not sold else _ACTIVE),
    )


def _product(number: str, name: str, unit: str, price: Decimal, **values: Any) -> Row:
    luck = chance(f"product row {number}")
    return sales_row(
        "products",
        productid=product_id(number),
        productnumber=number,
        name=name,
        price=price,
        price_base=price,
        quantitydecimal=2,
        _defaultuomid_value=unit_id(f"NAV {unit}", unit),
        _defaultuomscheduleid_value=unit_group_id(f"NAV {unit}"),
        exchangerate=1,
        _transactioncurrencyid_value=BASE_CURRENCY_ID,
        _pricelevelid_value=_price_list_id(_STANDARD_LIST),
        _bcbi_companyid_value=BCBI_COMPANY_ID if luck.random() < 0.5 else None,
        **stamps(luck),
        **_AUTHORS,
        **values,
    )


def _price_list(name: str, currency: str) -> Row:
    return sales_row(
        "pricelevels",
        pricelevelid=_price_list_id(name),
        name=name,
        begindate="2026-01-01T00:00:00Z" if "2026" in name else None,
        exchangerate=exchange_rate(currency),
        _transactioncurrencyid_value=sales_currency_id(currency),
        **stamps(chance(f"price list {name}")),
        **_AUTHORS,
    )


def _price_list_id(name: str) -> str:
    return fixed_id("pricelevels", name)


def _prices_in(entry: list[str], products: Rows) -> Rows:
    name, currency, factor = entry
    rate = exchange_rate(currency)
    listed = products if name == _STANDARD_LIST else products[::2]
    return [_price(product, name, currency, rate, cents(Decimal(str(product["price"])) * Decimal(factor))) for product in listed]


def _price(product: Row, list_name: str, currency: str, rate: Decimal, amount: Decimal) -> Row:
    return sales_row(
        "productpricelevels",
        productpricelevelid=fixed_id("productpricelevels", list_name, product["productnumber"]),
        amount=amount,
        amount_base=round(amount / rate, 4),
        productnumber=product["productnumber"],
        exchangerate=rate,
        _pricelevelid_value=_price_list_id(list_name),
        _productid_value=product["productid"],
        _uomid_value=product["_defaultuomid_value"],
        _uomscheduleid_value=product["_defaultuomscheduleid_value"],
        _transactioncurrencyid_value=sales_currency_id(currency),
        **stamps(chance(f"price {list_name} {product['productnumber']}")),
        **_AUTHORS,
    )
