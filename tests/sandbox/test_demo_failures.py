"""The demo data as two systems: what is coupled agrees, and what fails to synchronize fails exactly where the demo says so."""

from __future__ import annotations

from collections import Counter

from syncadmin.sandbox import ids
from syncadmin.sandbox.demo_data import COUNTRY_CODES, coupled_pairs
from syncadmin.sandbox.demo_failures import FAILURES, failing
from tests.sandbox.demo import Row, business_central, by, coupled, described, sales

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


def reasons(table: str, cause: str) -> set[str]:
    return {one.key for one in FAILURES if (one.table, one.cause) == (table, cause)}


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
