"""What Dataverse and the sales tables fill in by themselves."""

from __future__ import annotations

from typing import Any

import pytest

from syncadmin.sandbox.ids import BASE_CURRENCY_ID, BUSINESS_UNIT_ID, TEAM_ID
from tests.sandbox.client import Client


def currency(sales: Client, code: str = "EUR", rate: float = 0.5) -> str:
    body = {"isocurrencycode": code, "currencyname": code, "currencysymbol": code, "currencyprecision": 2, "exchangerate": rate}
    return f"/transactioncurrencies({sales.add('transactioncurrencies', body)['transactioncurrencyid']})"


@pytest.fixture
def unit(sales: Client) -> dict[str, Any]:
    """The base unit of the unit group PCS."""
    group = sales.add("uomschedules", {"name": "NAV PCS", "baseuomname": "PCS"})
    return sales.rows(f"uoms?$filter=_uomscheduleid_value eq {group['uomscheduleid']}")[0]


@pytest.fixture
def product(sales: Client, unit: dict[str, Any]) -> dict[str, Any]:
    return sales.add("products", product_body(unit))


def product_body(unit: dict[str, Any]) -> dict[str, Any]:
    return {
        "productnumber": "BIKE",
        "name": "Bike",
        "quantitydecimal": 2,
        "defaultuomid@odata.bind": f"/uoms({unit['uomid']})",
        "defaultuomscheduleid@odata.bind": f"/uomschedules({unit['_uomscheduleid_value']})",
    }


def invoice(sales: Client, **values: Any) -> dict[str, Any]:
    account = sales.add("accounts", {"name": "Adatum"})["accountid"]
    return sales.add("invoices", {"name": "103001", "customerid_account@odata.bind": f"/accounts({account})", **values})


def line(sales: Client, of: dict[str, Any], **values: Any) -> dict[str, Any]:
    return sales.add("invoicedetails", {"invoiceid@odata.bind": f"/invoices({of['invoiceid']})", **values})


def test_full_names_are_joined(sales: Client) -> None:
    row = sales.add("contacts", {"firstname": "Ada", "lastname": "Byron", "fullname": "ignored"})
    assert row["fullname"] == "Ada Byron"
    changed = sales.call("PATCH", f"contacts({row['contactid']})", {"middlename": "King"}, Prefer="return=representation").json()
    assert changed["fullname"] == "Ada King Byron"


def test_owners(sales: Client) -> None:
    row = sales.add("accounts", {"name": "Adatum"})
    assert (row["_owninguser_value"], row["_owningbusinessunit_value"]) == (row["_ownerid_value"], BUSINESS_UNIT_ID)
    body = {"ownerid@odata.bind": f"/teams({TEAM_ID})"}
    changed = sales.call("PATCH", f"accounts({row['accountid']})", body, Prefer="return=representation").json()
    assert (changed["_owninguser_value"], changed["_owningteam_value"]) == (None, TEAM_ID)


def test_the_base_amount_follows_the_exchange_rate(sales: Client) -> None:
    row = sales.add("accounts", {"name": "Adatum", "creditlimit": 100.005, "transactioncurrencyid@odata.bind": currency(sales)})
    assert (row["exchangerate"], row["creditlimit"], row["creditlimit_base"]) == (0.5, 100.01, 200.02)


def test_without_a_currency_the_base_currency_is_taken(sales: Client) -> None:
    assert sales.add("accounts", {"name": "Adatum"})["_transactioncurrencyid_value"] == BASE_CURRENCY_ID


def test_a_rate_must_be_positive(sales: Client) -> None:
    body = {"isocurrencycode": "X", "currencyname": "X", "currencysymbol": "X", "currencyprecision": 2, "exchangerate": 0}
    assert sales.refusal("POST", "transactioncurrencies", body)[0] == 400


def test_a_unit_group_makes_its_base_unit(unit: dict[str, Any]) -> None:
    assert (unit["name"], unit["quantity"], unit["isschedulebaseuom"], unit["_baseuom_value"]) == ("PCS", 1, True, None)


def test_a_product_is_a_draft_until_it_is_activated(sales: Client, product: dict[str, Any]) -> None:
    assert (product["statecode"], product["statuscode"]) == (2, 0)
    active = sales.call("PATCH", f"products({product['productid']})", {"statecode": 0}, Prefer="return=representation").json()
    assert (active["statecode"], active["statuscode"]) == (0, 1)
    assert sales.refusal("PATCH", f"products({product['productid']})", {"statecode": 0, "statuscode": 2}) == (400, "0x80048408")


def test_the_units_of_a_product_are_of_its_group(sales: Client, unit: dict[str, Any]) -> None:
    other = sales.add("uomschedules", {"name": "NAV BOX", "baseuomname": "BOX"})
    body = product_body(unit) | {"defaultuomscheduleid@odata.bind": f"/uomschedules({other['uomscheduleid']})"}
    assert sales.refusal("POST", "products", body) == (400, "0x80040265")


def test_a_price_row_takes_number_group_and_currency(sales: Client, product: dict[str, Any]) -> None:
    prices = sales.add("pricelevels", {"name": "Retail", "transactioncurrencyid@odata.bind": currency(sales)})
    body = {
        "amount": 10,
        "pricelevelid@odata.bind": f"/pricelevels({prices['pricelevelid']})",
        "productid@odata.bind": f"/products({product['productid']})",
        "uomid@odata.bind": f"/uoms({product['_defaultuomid_value']})",
    }
    row = sales.add("productpricelevels", body)
    assert (row["productnumber"], row["_uomscheduleid_value"]) == ("BIKE", product["_defaultuomscheduleid_value"])
    assert row["_transactioncurrencyid_value"] == prices["_transactioncurrencyid_value"]
    assert sales.refusal("POST", "productpricelevels", body) == (412, "0x80040237")


def test_written_totals_stay_while_system_pricing_is_off(sales: Client) -> None:
    made = invoice(sales)
    assert made["invoicenumber"].startswith("INV-")
    row = line(sales, made, productdescription="Bike", quantity=2, priceperunit=100, isproductoverridden=True)
    assert (row["invoicedetailname"], row["lineitemnumber"], row["baseamount"]) == ("Bike", 1, None)
    sales.call("PATCH", f"invoices({made['invoiceid']})", {"totalamount": 7})
    assert sales.get(f"invoices({made['invoiceid']})").json()["totalamount"] == 7


def test_system_pricing_computes_lines_and_totals(sales: Client) -> None:
    organization = sales.rows("organizations")[0]["organizationid"]
    sales.call("PATCH", f"organizations({organization})", {"oobpricecalculationenabled": True})
    made = invoice(sales, freightamount=5)
    body = {"priceperunit": 100, "manualdiscountamount": 20, "tax": 45, "ispriceoverridden": True}
    row = line(sales, made, productdescription="Bike", quantity=2, extendedamount=1, **body)
    total = sales.get(f"invoices({made['invoiceid']})").json()
    assert (row["baseamount"], row["extendedamount"]) == (200, 225)
    assert (total["totallineitemamount"], total["totaltax"], total["totalamount"]) == (180, 45, 230)
    sales.call("DELETE", f"invoicedetails({row['invoicedetailid']})")
    assert sales.get(f"invoices({made['invoiceid']})").json()["totalamount"] == 5


def test_a_closed_invoice_takes_no_change_until_it_is_opened(sales: Client) -> None:
    made = invoice(sales)
    kept = line(sales, made, productdescription="Bike", quantity=1)
    path = f"invoices({made['invoiceid']})"
    assert sales.call("PATCH", path, {"statecode": 2, "statuscode": 100001}).status_code == 204
    assert sales.refusal("PATCH", path, {"description": "x"}) == (400, "0x80040265")
    assert sales.refusal("PATCH", f"invoicedetails({kept['invoicedetailid']})", {"quantity": 2}) == (400, "0x80040265")
    assert sales.refusal("DELETE", f"invoicedetails({kept['invoicedetailid']})") == (400, "0x80040265")
    body = {"productdescription": "Bell", "quantity": 1, "invoiceid@odata.bind": f"/{path}"}
    assert sales.refusal("POST", "invoicedetails", body) == (400, "0x80040265")
    assert sales.call("PATCH", path, {"statecode": 0, "statuscode": 4}).status_code == 204
    assert sales.call("PATCH", path, {"description": "x"}).status_code == 204


def test_an_inactive_account_is_still_changed(sales: Client) -> None:
    path = f"accounts({sales.add('accounts', {'name': 'Adatum'})['accountid']})"
    inactive = sales.call("PATCH", path, {"statecode": 1}, Prefer="return=representation").json()
    assert inactive["statuscode"] == 2
    assert sales.call("PATCH", path, {"name": "Nod"}).status_code == 204
