"""The demo data: complete, consistent, and failing to synchronize exactly where it says so."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from syncadmin.sandbox import demo_data, ids
from syncadmin.sandbox.demo_data import COUNTRY_CODES, business_central_rows, coupled_pairs, sales_rows
from syncadmin.sandbox.demo_failures import FAILURES, failing
from syncadmin.sandbox.demo_rows import DEMO_DATE, business_central_row

Row = dict[str, Any]
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
# The option maps of the default set-up.
MAPPED_OPTIONS = {
    "paymentTermsCode": {"", "NET30", "2%10NET30", "NET45", "NET60"},
    "shipmentMethodCode": {"", "FOB", "NOCHARGE"},
    "shippingAgentCode": {"", "AIRBORNE", "DHL", "FEDEX", "UPS", "POSTALMAIL", "FULLLOAD", "WILLCALL"},
}
CUSTOMER_LIMITS = {
    "name": 100,
    "address1_primarycontactname": 100,
    "address1_line1": 100,
    "address1_line2": 50,
    "address1_postalcode": 20,
    "address1_city": 30,
    "address1_stateorprovince": 30,
    "emailaddress1": 80,
    "fax": 30,
    "websiteurl": 255,
    "telephone1": 30,
}
CONTACT_LIMITS = {
    "firstname": 30,
    "middlename": 30,
    "lastname": 30,
    "address1_line1": 100,
    "address1_line2": 50,
    "address1_postalcode": 20,
    "address1_city": 30,
    "address1_stateorprovince": 30,
    "emailaddress1": 80,
    "fax": 30,
    "mobilephone": 30,
    "telephone1": 30,
}
BASE_SALES_IDS = {
    "organizations": ids.ORGANIZATION_ID,
    "businessunits": ids.BUSINESS_UNIT_ID,
    "teams": ids.TEAM_ID,
    "bcbi_companies": ids.BCBI_COMPANY_ID,
    "systemusers": ids.SOMEONE_USER_ID,
    "transactioncurrencies": ids.BASE_CURRENCY_ID,
}


@cache
def business_central() -> dict[str, list[Row]]:
    return business_central_rows()


@cache
def sales() -> dict[str, list[Row]]:
    return sales_rows()


@cache
def described(system: str) -> dict[str, Row]:
    text = Path(demo_data.__file__).with_name("entities.json").read_text(encoding="utf-8")
    return {entity["entity_set"]: entity for entity in json.loads(text)[system]["entities"]}


def every_value(system: str) -> Iterator[tuple[Row, Row, Any]]:
    for entity_set, rows in (business_central() if system == "business_central" else sales()).items():
        properties = [p for p in described(system)[entity_set]["properties"] if p["name"] != "versionnumber"]
        for row in rows:
            assert row.keys() == {p["name"] for p in properties}, entity_set
            yield from ((row, p, row[p["name"]]) for p in properties)


def by(rows: list[Row], name: str) -> dict[Any, Row]:
    return {row[name]: row for row in rows}


def reasons(table: str, cause: str) -> set[str]:
    return {one.key for one in FAILURES if (one.table, one.cause) == (table, cause)}


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


def test_coupled_pairs_exist_on_both_sides_once_per_mapping() -> None:
    tables = {
        "SALESPEOPLE": ("salespeoplePurchasers", "systemusers"),
        "CURRENCY": ("currencies", "transactioncurrencies"),
        "UNIT OF MEASURE": ("unitsOfMeasure", "uomschedules"),
        "CUSTOMER": ("customers", "accounts"),
        "CONTACT": ("contacts", "contacts"),
        "ITEM-PRODUCT": ("items", "products"),
        "RESOURCE-PRODUCT": ("resources", "products"),
    }
    assert list(dict.fromkeys(mapping for mapping, _bc, _sales in coupled_pairs())) == list(tables)
    for mapping, business_central_id, sales_id in coupled_pairs():
        table, integration_table = tables[mapping]
        assert business_central_id in by(business_central()[table], "id")
        assert sales_id in by(sales()[integration_table], described("sales")[integration_table]["primary_key"])
    for side in (1, 2):
        assert max(Counter((pair[0], pair[side]) for pair in coupled_pairs()).values()) == 1


def coupled(mapping: str) -> dict[str, str]:
    return {business_central_id: sales_id for name, business_central_id, sales_id in coupled_pairs() if name == mapping}


def test_coupled_contacts_belong_to_coupled_accounts() -> None:
    customers, accounts = by(business_central()["customers"], "number"), coupled("CUSTOMER")
    persons, contacts = by(business_central()["contacts"], "id"), by(sales()["contacts"], "contactid")
    for person_id, contact_id in coupled("CONTACT").items():
        customer = customers[persons[person_id]["customerNumber"]]
        assert accounts[customer["id"]] == contacts[contact_id]["_parentcustomerid_value"]


SAME_IN_CUSTOMER_AND_ACCOUNT = {
    "displayName": "name",
    "contactName": "address1_primarycontactname",
    "addressLine1": "address1_line1",
    "addressLine2": "address1_line2",
    "city": "address1_city",
    "state": "address1_stateorprovince",
    "postalCode": "address1_postalcode",
    "country": "address1_country",
    "phoneNumber": "telephone1",
    "faxNumber": "fax",
    "email": "emailaddress1",
    "website": "websiteurl",
}
SAME_IN_BOTH_CONTACTS = {
    "firstName": "firstname",
    "middleName": "middlename",
    "surname": "lastname",
    "mobilePhoneNumber": "mobilephone",
    **{name: value for name, value in SAME_IN_CUSTOMER_AND_ACCOUNT.items() if name not in ("displayName", "contactName")},
}


def differing(left: list[Row], right: list[Row], key: str, mapping: str, names: dict[str, str]) -> set[str]:
    mine, others = by(left, "id"), by(right, key)
    pairs = [(mine[one], others[other]) for one, other in coupled(mapping).items()]
    return {mine["number"] for mine, other in pairs if any((mine[name] or None) != other[value] for name, value in names.items())}


def test_matched_accounts_have_the_name_of_their_customer_but_for_letter_case() -> None:
    customers, accounts = by(business_central()["customers"], "id"), by(sales()["accounts"], "accountid")
    pairs = [(customers[customer], accounts[account]) for customer, account in coupled("CUSTOMER").items()]
    assert all(customer["displayName"].lower() == account["name"].lower() for customer, account in pairs)


def test_matched_rows_differ_where_the_demo_says_so_and_nowhere_else() -> None:
    customers, accounts = business_central()["customers"], sales()["accounts"]
    persons, contacts = business_central()["contacts"], sales()["contacts"]
    found = differing(customers, accounts, "accountid", "CUSTOMER", SAME_IN_CUSTOMER_AND_ACCOUNT)
    assert found == reasons("CUSTOMER", "typed-differently")
    assert differing(persons, contacts, "contactid", "CONTACT", SAME_IN_BOTH_CONTACTS) == reasons("CONTACT", "typed-differently")


def test_the_first_synchronization_has_something_to_write_to_many_accounts() -> None:
    customers, accounts = by(business_central()["customers"], "id"), by(sales()["accounts"], "accountid")
    limits = [(customers[one]["creditLimit"], accounts[other]["creditlimit"] or 0) for one, other in coupled("CUSTOMER").items()]
    assert sum(mine != other for mine, other in limits) > 5


def test_customers_fail_where_the_demo_says_so_and_nowhere_else() -> None:
    currencies = {"USD"} | {row["isocurrencycode"] for row in sales()["transactioncurrencies"]}
    coupled_codes = {row["code"] for row in business_central()["salespeoplePurchasers"] if row["id"] in coupled("SALESPEOPLE")} | {""}
    found: dict[str, set[str]] = {"currency-not-coupled": set(), "salesperson-not-coupled": set(), "unknown-option": set()}
    for customer in business_central()["customers"]:
        if customer["currencyCode"] not in currencies:
            found["currency-not-coupled"].add(customer["number"])
        if customer["salespersonCode"] not in coupled_codes:
            found["salesperson-not-coupled"].add(customer["number"])
        if any(customer[name] not in codes for name, codes in MAPPED_OPTIONS.items()):
            found["unknown-option"].add(customer["number"])
    assert found == {cause: reasons("CUSTOMER", cause) for cause in found}


def test_failing_customers_are_coupled_so_that_they_are_seen_to_fail() -> None:
    customers = by(business_central()["customers"], "number")
    assert all(customers[number]["id"] in coupled("CUSTOMER") for number in failing("CUSTOMER"))


def live_accounts() -> list[Row]:
    return [account for account in sales()["accounts"] if account["statecode"] == 0 and account["customertypecode"] == 3]


def too_long(row: Row, limits: dict[str, int]) -> bool:
    return any(len(row[name] or "") > limit for name, limit in limits.items())


def labels(found: list[Row], cause: str) -> bool:
    expected = sorted(reasons("ACCOUNT", cause))
    return len(found) == len(expected) and all(
        row["name"].startswith(name) for row, name in zip(sorted(found, key=lambda r: r["name"]), expected, strict=True)
    )


def test_accounts_fail_where_the_demo_says_so_and_nowhere_else() -> None:
    known = {row["code"] for row in business_central()["currencies"]} | {"USD"}
    codes = {row["transactioncurrencyid"]: row["isocurrencycode"] for row in sales()["transactioncurrencies"]} | {
        ids.BASE_CURRENCY_ID: "USD"
    }
    assert labels([row for row in live_accounts() if too_long(row, CUSTOMER_LIMITS)], "too-long")
    assert labels([row for row in live_accounts() if row["address1_country"] not in COUNTRY_CODES], "invalid-country")
    assert labels([row for row in live_accounts() if codes[row["_transactioncurrencyid_value"]] not in known], "currency-not-coupled")


def test_contacts_of_sales_fit_into_business_central_and_have_accounts_that_do() -> None:
    failing_names = failing("ACCOUNT")
    sound = {row["accountid"] for row in live_accounts() if not any(row["name"].startswith(name) for name in failing_names)}
    with_account = [row for row in sales()["contacts"] if row["_parentcustomerid_value"] is not None]
    assert len(with_account) == 86
    assert {row["_parentcustomerid_value"] for row in with_account} <= sound
    assert not any(too_long(row, CONTACT_LIMITS) for row in with_account)
    assert all(row["address1_country"] is None or row["address1_country"] in COUNTRY_CODES for row in with_account)


def test_accounts_belong_to_users_that_are_coupled() -> None:
    users = set(coupled("SALESPEOPLE").values())
    assert {row["_ownerid_value"] for row in sales()["accounts"] + sales()["contacts"]} <= users


def test_items_fail_where_the_demo_says_so_and_nowhere_else() -> None:
    units = {row["code"] for row in business_central()["unitsOfMeasure"] if row["id"] in coupled("UNIT OF MEASURE")}
    items = [row for row in business_central()["items"] if not row["blocked"]]
    assert {row["number"] for row in items if row["baseUnitOfMeasureCode"] not in units} == reasons("ITEM", "no-base-unit")
    assert all(row["baseUnitOfMeasureCode"] in units for row in business_central()["resources"])
    assert len(items) < 245
    assert any(row["inventory"] < 0 for row in items)


def sound_goods() -> set[str]:
    goods = business_central()["items"] + business_central()["resources"]
    return {row["number"] for row in goods if not row["blocked"]} - failing("ITEM")


def test_invoices_have_sound_customers_and_goods() -> None:
    blocked = {row["number"] for row in business_central()["customers"] if row["blocked"] != "_x0020_"}
    assert len(blocked) == 4
    assert not {row["customerNumber"] for row in business_central()["salesInvoices"]} & (blocked | failing("CUSTOMER"))
    sold = {row["lineObjectNumber"] for row in business_central()["salesInvoiceLines"] if row["lineType"] in ("Item", "Resource")}
    assert sold <= sound_goods()


def test_prices_of_a_group_are_for_sound_items_in_one_currency() -> None:
    prices = [row for row in business_central()["salesPrices"] if row["salesType"] == "Customer_x0020_Price_x0020_Group"]
    assert Counter(row["salesCode"] for row in prices) == {row["code"]: 85 for row in business_central()["customerPriceGroups"]}
    assert len({(row["salesCode"], row["currencyCode"]) for row in prices}) == 4
    assert {row["itemNumber"] for row in prices} <= sound_goods()
    base = by(business_central()["items"], "number")
    assert all(row["unitOfMeasureCode"] in ("", base[row["itemNumber"]]["baseUnitOfMeasureCode"]) for row in prices)
