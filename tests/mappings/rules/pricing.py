"""A company with items, customer price groups and their prices."""

from __future__ import annotations

from typing import Any

from tests.people import People

GROUP = "Customer_x0020_Price_x0020_Group"


def item(company: People, number: str = "1000", **values: Any) -> dict[str, Any]:
    """An item with the unit PCS."""
    return company.create_bc("items", **({"number": number, "displayName": f"Item {number}", "baseUnitOfMeasureCode": "PCS"} | values))


def group(company: People, code: str = "RETAIL", **values: Any) -> dict[str, Any]:
    return company.create_bc("customerPriceGroups", **({"code": code, "description": f"Group {code}"} | values))


def price(company: People, amount: float, **values: Any) -> dict[str, Any]:
    """A price of item 1000 in the group RETAIL."""
    plain = {"itemNumber": "1000", "salesType": GROUP, "salesCode": "RETAIL", "unitPrice": amount}
    return company.create_bc("salesPrices", **(plain | values))
