"""The demo data: complete, and consistent in itself."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from syncadmin.sandbox import ids
from syncadmin.sandbox.demo_data import COUNTRY_CODES, business_central_rows, sales_rows
from syncadmin.sandbox.demo_rows import DEMO_DATE, business_central_row
from tests.sandbox.demo import business_central, by, described, every_value, sales

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
BLANK_ID = "00000000-0000-0000-0000-000000000000"
CHECKS = {
    "Edm.String": lambda value: isinstance(value, str),
    "Edm.Guid": lambda value: bool(GUID.fullmatch(value)),
    "Edm.Boolean": lambda value: isinstance(value, bool),
    "Edm.Int32": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "Edm.Decimal": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "Edm.Date": lambda value: bool(re.fullmatch(r"\d{4}-\d\d-\d\d", value)),
    "Edm.DateTimeOffset": lambda value: bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", value)),
}
CODE_TABLES = {
    "salespersonCode": "salespeoplePurchasers",
    "salesperson": "salespeoplePurchasers",
    "paymentTermsCode": "paymentTerms",
    "shipmentMethodCode": "shipmentMethods",
    "shippingAgentCode": "shippingAgents",
    "customerPriceGroupCode": "customerPriceGroups",
    "baseUnitOfMeasureCode": "unitsOfMeasure",
    "unitOfMeasureCode": "unitsOfMeasure",
    "vendorNumber": "vendors",
    "itemNumber": "items",
    "primaryContactNumber": "contacts",
    "companyNumber": "contacts",
    "customerNumber": "customers",
    "billToCustomerNumber": "customers",
}
ID_TABLES = {
    "customerId": "customers",
    "billToCustomerId": "customers",
    "currencyId": "currencies",
    "paymentTermsId": "paymentTerms",
    "shipmentMethodId": "shipmentMethods",
    "documentId": "salesInvoices",
    "itemId": "items",
    "baseUnitOfMeasureId": "unitsOfMeasure",
    "unitOfMeasureId": "unitsOfMeasure",
    "contactId": "contacts",
}
BASE_SALES_IDS = {
    "organizations": ids.ORGANIZATION_ID,
    "businessunits": ids.BUSINESS_UNIT_ID,
    "teams": ids.TEAM_ID,
    "bcbi_companies": ids.BCBI_COMPANY_ID,
    "systemusers": ids.SOMEONE_USER_ID,
    "transactioncurrencies": ids.BASE_CURRENCY_ID,
}


def test_every_call_gives_the_same_rows_in_new_lists() -> None:
    again = business_central_rows()
    assert again == business_central()
    assert sales_rows() == sales()
    again["customers"][0]["displayName"] = "changed"
    assert business_central_rows() == business_central()


def test_a_row_with_a_property_that_does_not_exist_is_refused() -> None:
    with pytest.raises(KeyError, match="customers has no property colour"):
        business_central_row("customers", colour="red")


@pytest.mark.parametrize("system", ["business_central", "sales"])
def test_every_value_has_its_type(system: str) -> None:
    for row, described_property, value in every_value(system):
        if not (system == "sales" and value is None):
            assert CHECKS[described_property["type"]](value), (described_property["name"], value, row)


@pytest.mark.parametrize("system", ["business_central", "sales"])
def test_every_text_fits_and_every_option_exists(system: str) -> None:
    for row, described_property, value in every_value(system):
        options = [option["value"] for option in described_property.get("options", [])]
        if value is not None and options:
            assert value in options, (described_property["name"], row)
        elif isinstance(value, str):
            assert len(value) <= described_property.get("max_length", 10_000), (described_property["name"], row)


def test_what_sales_requires_is_there() -> None:
    given_by_the_platform = {"_baseuom_value"}
    for row, described_property, value in every_value("sales"):
        required = described_property.get("required_on_create") or described_property.get("required_level") in (
            "SystemRequired",
            "ApplicationRequired",
        )
        if required and described_property["name"] not in given_by_the_platform:
            assert value is not None, (described_property["name"], row)


@pytest.mark.parametrize("system", ["business_central", "sales"])
def test_keys_and_business_keys_are_unique(system: str) -> None:
    for entity_set, rows in (business_central() if system == "business_central" else sales()).items():
        entity = described(system)[entity_set]
        business_key = entity.get("business_key") or []
        unique = [[entity["primary_key"]], [business_key] if isinstance(business_key, str) else business_key, *entity.get("unique", [])]
        for names in filter(None, unique):
            assert max(Counter(tuple(row[name] for name in names) for row in rows).values()) == 1, (entity_set, names)


def test_the_base_rows_are_not_repeated() -> None:
    base = set(BASE_SALES_IDS.values()) | {ids.INTEGRATION_USER_ID, ids.COMPANY_ID}
    given = {row[described("sales")[entity_set]["primary_key"]] for entity_set, rows in sales().items() for row in rows}
    assert not base & given
    assert ids.LOCAL_CURRENCY not in by(sales()["transactioncurrencies"], "isocurrencycode")
    assert ids.LOCAL_CURRENCY not in by(business_central()["currencies"], "code")


def test_codes_in_business_central_name_existing_rows() -> None:
    for row, described_property, value in every_value("business_central"):
        table = CODE_TABLES.get(described_property["name"])
        if table and value:
            keys = by(business_central()[table], described("business_central")[table]["business_key"])
            assert value in keys, (described_property["name"], row)


def test_ids_in_business_central_name_existing_rows() -> None:
    known = {
        table: {row["contactId" if table == "contactsInformation" else "id"] for row in rows} for table, rows in business_central().items()
    }
    for row, described_property, value in every_value("business_central"):
        table = ID_TABLES.get(described_property["name"])
        if table and value != BLANK_ID:
            assert value in known[table], (described_property["name"], row)


def test_lookups_in_sales_name_existing_rows() -> None:
    known = {table: {row[described("sales")[table]["primary_key"]] for row in rows} for table, rows in sales().items()}
    for row, described_property, value in every_value("sales"):
        if "lookup" in described_property and value is not None:
            targets = described_property["lookup"]["targets"]
            assert any(value in known.get(table, ()) or value == BASE_SALES_IDS.get(table) for table in targets), (
                described_property["name"],
                row,
            )


def test_currency_code_and_currency_id_agree() -> None:
    code_of = {row["id"]: row["code"] for row in business_central()["currencies"]} | {BLANK_ID: ids.LOCAL_CURRENCY}
    for row in business_central()["customers"] + business_central()["salesInvoices"]:
        assert code_of[row["currencyId"]] == row["currencyCode"]


def test_stamps_and_dates_lie_in_the_year_before_the_demo_date() -> None:
    last, first = DEMO_DATE.isoformat(), "2025-11-01"
    for system, names in (
        ("business_central", {"lastModifiedDateTime", "postingDate", "startingDate"}),
        ("sales", {"createdon", "modifiedon"}),
    ):
        stamps = [value for _row, p, value in every_value(system) if p["name"] in names and not str(value).startswith("0001")]
        assert len(stamps) > 500
        assert all(first <= stamp[:10] <= last for stamp in stamps)
    assert all(row["createdon"] <= row["modifiedon"] for rows in sales().values() for row in rows)


def test_countries_are_codes_that_business_central_knows() -> None:
    used = {row["country"] for name in ("customers", "contacts") for row in business_central()[name]}
    assert used <= COUNTRY_CODES
    assert len(used) > 10
    assert all(len(code) <= 10 for code in COUNTRY_CODES)


def test_the_company_is_as_large_as_promised() -> None:
    sizes = {name: len(rows) for name, rows in business_central().items()}
    assert (sizes["customers"], sizes["items"], sizes["resources"], sizes["salesPrices"], sizes["customerPriceGroups"]) == (
        60,
        250,
        15,
        400,
        4,
    )
    assert Counter(row["status"] for row in business_central()["salesInvoices"])["Draft"] == 6
    assert sizes["salesInvoices"] == 306
    assert 145 <= sum(row["type"] == "Person" and row["customerNumber"] != "" for row in business_central()["contacts"]) <= 155
    assert len(sales()["accounts"]) == 50
    assert len(sales()["products"]) == 63
