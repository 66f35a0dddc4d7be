"""Section 3, look-ups through couplings and ownership: what travels when a field names another record, over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from joblog.models import SynchEntry
from mappings.models import Coupling, IntegrationFieldMapping, IntegrationTableMapping, OptionMapping
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]
CURRENCY = "_transactioncurrencyid_value"
BLANK = "USD"  # the web API names the local currency where the field is blank


@pytest.fixture
def euro(customer: IntegrationTableMapping, people: People) -> str:
    """EUR on both sides, coupled; the key of its row in Sales."""
    bc = people.create_standard("currencies", code="EUR", displayName="Euro")
    values = {"currencyname": "Euro", "currencysymbol": "€", "currencyprecision": 2, "exchangerate": 0.8}
    key = str(people.create_sales("transactioncurrencies", isocurrencycode="EUR", **values)["transactioncurrencyid"])
    Coupling.objects.create(
        mapping=IntegrationTableMapping.objects.get(name="CURRENCY"), bc_key=bc["id"], bc_number="EUR", sales_key=key, sales_label="Euro"
    )
    return key


def bound(name: str, entity_set: str, key: str) -> dict[str, str]:
    return {f"{name}@odata.bind": f"/{entity_set}({key})"}


def account(people: People) -> dict[str, Any]:
    (row,) = people.rows_sales("accounts")
    return row


def in_bc(people: People) -> dict[str, Any]:
    (row,) = people.rows_bc("customers")
    return row


def change_row(field: str, **values: Any) -> None:
    assert IntegrationFieldMapping.objects.filter(mapping__name="CUSTOMER", field=field).update(**values) == 1


def uncouple_euro() -> None:
    Coupling.objects.filter(mapping__name="CURRENCY").delete()


# ---- to Sales


@pytest.mark.rule("3.to-coupled", "2.3.lookup-first")
def test_a_coupled_code_becomes_the_row_of_sales(euro: str, people: People, command: Command) -> None:
    people.create_bc("customers", displayName="Adatum", currencyCode="EUR")
    assert command("synchronize", "CUSTOMER")[0] == 0
    assert account(people)[CURRENCY] == euro


@pytest.mark.rule("3.to-currency")
def test_a_blank_currency_becomes_the_local_one(euro: str, people: People, command: Command) -> None:
    people.create_bc("customers", displayName="Adatum", currencyCode="")
    assert command("synchronize", "CUSTOMER")[0] == 0
    (local,) = people.rows_sales("transactioncurrencies", "isocurrencycode eq 'USD'")
    assert account(people)[CURRENCY] == local["transactioncurrencyid"]


@pytest.mark.rule("3.to-uncoupled")
def test_a_code_that_is_not_coupled_fails_the_record_and_names_the_mapping_to_couple_it_in(
    euro: str, people: People, command: Command
) -> None:
    uncouple_euro()
    people.create_bc("customers", displayName="Adatum", currencyCode="EUR")
    assert command("synchronize", "CUSTOMER", "--direction", "to")[1]["jobs"][0]["failed"] == 1
    entry = SynchEntry.objects.get()
    assert (entry.code, entry.fields) == ("not-coupled", ["currencyCode"])
    assert all(word in entry.message for word in ("EUR", "CURRENCY"))
    assert people.rows_sales("accounts") == []


# ---- from Sales


@pytest.mark.rule("3.from-coupled", "3.from-currency")
def test_a_coupled_row_becomes_its_code_and_the_local_currency_a_blank(euro: str, people: People, command: Command) -> None:
    made = people.create_sales(
        "accounts", name="Adatum", customertypecode=3, **bound("transactioncurrencyid", "transactioncurrencies", euro)
    )
    assert command("synchronize", "CUSTOMER")[0] == 0
    assert in_bc(people)["currencyCode"] == "EUR"
    (local,) = people.rows_sales("transactioncurrencies", "isocurrencycode eq 'USD'")
    binding = bound("transactioncurrencyid", "transactioncurrencies", local["transactioncurrencyid"])
    people.change_sales("accounts", made["accountid"], **binding)
    assert command("synchronize", "CUSTOMER")[0] == 0
    assert in_bc(people)["currencyCode"] == BLANK


@pytest.mark.rule("3.from-uncoupled", "3.clear")
@pytest.mark.parametrize(("clear", "failed", "code"), [(False, 1, None), (True, 0, BLANK)])
def test_from_sales_a_row_that_is_not_coupled_fails_or_empties_the_field(
    euro: str, people: People, command: Command, clear: bool, failed: int, code: str | None
) -> None:
    uncouple_euro()
    change_row("currencyCode", clear_on_failed_sync=clear)
    people.create_sales("accounts", name="Adatum", customertypecode=3, **bound("transactioncurrencyid", "transactioncurrencies", euro))
    assert command("synchronize", "CUSTOMER", "--direction", "from")[1]["jobs"][0]["failed"] == failed
    assert [row["currencyCode"] for row in people.rows_bc("customers")] == ([] if code is None else [code])
    assert SynchEntry.objects.filter(code="not-coupled").count() == failed


@pytest.mark.rule("3.no-mapping")
def test_a_look_up_without_mapping_says_that_one_has_to_be_chosen(
    customer: IntegrationTableMapping, people: People, command: Command
) -> None:
    change_row("salespersonCode", lookup_mapping="")
    people.create_standard("salespeoplePurchasers", code="AB", displayName="Ann Beebe")
    people.create_bc("customers", displayName="Adatum", salespersonCode="AB")
    people.create_bc("customers", displayName="Nothing to look up")
    told = command("synchronize", "CUSTOMER", "--direction", "to")[1]["jobs"][0]
    assert (told["failed"], told["inserted"]) == (1, 1)
    entry = SynchEntry.objects.get(action="Failed")
    assert (entry.code, entry.fields) == ("no-lookup-mapping", ["salespersonCode"])
    assert "Lookup Mapping" in entry.message


# ---- options


@pytest.fixture
def terms(customer: IntegrationTableMapping, people: People) -> People:
    """Payment terms in Business Central, one of them paired with an option of Sales."""
    for code in ("NET30", "NEVER"):
        people.create_standard("paymentTerms", code=code, displayName=code)
    OptionMapping.objects.filter(name="PAYMENT TERMS").exclude(code="NET30").delete()
    OptionMapping.objects.update_or_create(name="PAYMENT TERMS", code="NET30", defaults={"value": 1, "label": "Net 30"})
    return people


@pytest.mark.rule("3.option-to", "3.option-from")
def test_a_code_and_its_option_travel_by_their_pair_both_ways(terms: People, command: Command) -> None:
    made = terms.create_bc("customers", displayName="Adatum", paymentTermsCode="NET30")
    assert command("synchronize", "CUSTOMER")[0] == 0
    assert account(terms)["paymenttermscode"] == 1
    terms.change_bc("customers", made["id"], paymentTermsCode="")
    command("synchronize", "CUSTOMER")
    assert account(terms)["paymenttermscode"] is None
    terms.change_sales("accounts", account(terms)["accountid"], paymenttermscode=1)
    command("synchronize", "CUSTOMER")
    assert in_bc(terms)["paymentTermsCode"] == "NET30"
    terms.change_sales("accounts", account(terms)["accountid"], paymenttermscode=None)
    command("synchronize", "CUSTOMER")
    assert in_bc(terms)["paymentTermsCode"] == ""


@pytest.mark.rule("3.option-to-uncoupled")
@pytest.mark.parametrize(("clear", "failed"), [(False, 1), (True, 0)])
def test_a_code_without_option_fails_or_empties_the_field(terms: People, command: Command, clear: bool, failed: int) -> None:
    change_row("paymentTermsCode", clear_on_failed_sync=clear)
    terms.create_bc("customers", displayName="Adatum", paymentTermsCode="NEVER")
    assert command("synchronize", "CUSTOMER", "--direction", "to")[1]["jobs"][0]["failed"] == failed
    assert [row["paymenttermscode"] for row in terms.rows_sales("accounts")] == ([] if failed else [None])
    assert SynchEntry.objects.filter(code="unknown-option").count() == failed


# ---- primary contact


@pytest.fixture
def with_contact(customer: IntegrationTableMapping, people: People, command: Command) -> dict[str, Any]:
    """A customer with a primary contact that is not coupled, synchronized; the contact."""
    made = people.create_bc("customers", number="C1", displayName="Adatum", type="Company")
    (firm,) = people.rows_bc("contacts", "type eq 'Company'")
    person = people.create_bc("contacts", type="Person", firstName="Ann", surname="Beebe", companyNumber=firm["number"])
    people.change_bc("customers", made["id"], primaryContactNumber=person["number"])
    command("synchronize", "CUSTOMER")
    return person


def foreign_contact(people: People) -> str:
    """A contact of the account that is not coupled."""
    row = people.create_sales("contacts", lastname="Foreign", **bound("parentcustomerid_account", "accounts", account(people)["accountid"]))
    return str(row["contactid"])


@pytest.mark.rule("3.primary-contact")
def test_an_uncoupled_primary_contact_from_sales_keeps_a_contact_that_is_not_coupled(
    with_contact: dict[str, Any], people: People, command: Command
) -> None:
    people.change_sales("accounts", account(people)["accountid"], **bound("primarycontactid", "contacts", foreign_contact(people)))
    assert command("synchronize", "CUSTOMER")[0] == 0
    assert in_bc(people)["primaryContactNumber"] == with_contact["number"]


@pytest.mark.rule("3.primary-contact")
def test_an_empty_primary_contact_from_sales_keeps_a_contact_that_is_not_coupled(
    with_contact: dict[str, Any], people: People, command: Command
) -> None:
    key = account(people)["accountid"]
    people.change_sales("accounts", key, **bound("primarycontactid", "contacts", foreign_contact(people)))
    command("synchronize", "CUSTOMER")
    people.change_sales("accounts", key, **{"primarycontactid@odata.bind": None})
    assert command("synchronize", "CUSTOMER")[0] == 0
    assert in_bc(people)["primaryContactNumber"] == with_contact["number"]


@pytest.fixture
def coupled_contact(with_contact: dict[str, Any], people: People, command: Command) -> dict[str, Any]:
    """The primary contact, coupled and synchronized."""
    IntegrationTableMapping.objects.filter(name="CONTACT").update(synch_only_coupled=False)
    command("synchronize", "CONTACT")
    command("synchronize", "CUSTOMER")
    assert account(people)["_primarycontactid_value"] and in_bc(people)["primaryContactNumber"] == with_contact["number"]
    return with_contact


@pytest.mark.rule("3.primary-contact", "3.from-blank")
def test_an_empty_primary_contact_from_sales_empties_one_that_is_coupled(
    coupled_contact: dict[str, Any], people: People, command: Command
) -> None:
    people.change_sales("accounts", account(people)["accountid"], **{"primarycontactid@odata.bind": None})
    assert command("synchronize", "CUSTOMER")[0] == 0
    assert in_bc(people)["primaryContactNumber"] == ""


@pytest.mark.rule("3.to-blank")
def test_a_blank_reference_becomes_empty(coupled_contact: dict[str, Any], people: People, command: Command) -> None:
    people.change_bc("customers", in_bc(people)["id"], primaryContactNumber="")
    assert command("synchronize", "CUSTOMER")[0] == 0
    assert account(people)["_primarycontactid_value"] is None


@pytest.mark.rule("3.clear")
def test_to_sales_a_record_that_is_not_coupled_can_empty_the_field(
    coupled_contact: dict[str, Any], people: People, command: Command
) -> None:
    person = people.create_bc("contacts", type="Person", firstName="Bob", surname="Kelly", companyNumber=coupled_contact["companyNumber"])
    people.change_bc("customers", in_bc(people)["id"], primaryContactNumber=person["number"])
    assert command("synchronize", "CUSTOMER", "--direction", "to")[1]["jobs"][0]["modified"] == 1
    assert account(people)["_primarycontactid_value"] is None


@pytest.mark.rule("3.primary-contact")
def test_to_sales_a_contact_that_is_not_coupled_keeps_one_of_the_account_that_is_none_either(
    with_contact: dict[str, Any], people: People, command: Command
) -> None:
    there = foreign_contact(people)
    people.change_sales("accounts", account(people)["accountid"], **bound("primarycontactid", "contacts", there))
    people.change_bc("customers", in_bc(people)["id"], primaryContactNumber="")
    assert command("synchronize", "CUSTOMER")[0] == 0
    assert account(people)["_primarycontactid_value"] == there


# ---- 3.1 ownership


@pytest.fixture
def salesperson(customer: IntegrationTableMapping, people: People) -> str:
    """A salesperson AB who is coupled to a user of Sales, and CD who is not; the key of the user."""
    made = people.create_standard("salespeoplePurchasers", code="AB", displayName="Ann Beebe")
    people.create_standard("salespeoplePurchasers", code="CD", displayName="Not coupled")
    user = str(people.rows_sales("systemusers", "isdisabled eq false")[0]["systemuserid"])
    mapping = IntegrationTableMapping.objects.get(name="SALESPEOPLE")
    Coupling.objects.create(mapping=mapping, bc_key=made["id"], bc_number="AB", sales_key=user)
    return user


@pytest.mark.rule("3.1.person-none", "2.3.not-null")
def test_without_salesperson_the_owner_stays(salesperson: str, people: People, command: Command) -> None:
    made = people.create_bc("customers", displayName="Adatum", salespersonCode="AB")
    command("synchronize", "CUSTOMER")
    people.change_bc("customers", made["id"], salespersonCode="", city="Graz")
    assert command("synchronize", "CUSTOMER")[0] == 0
    assert (account(people)["_owninguser_value"], account(people)["address1_city"]) == (salesperson, "Graz")


@pytest.mark.rule("3.1.person-uncoupled")
def test_a_salesperson_who_is_not_coupled_fails_the_customer(salesperson: str, people: People, command: Command) -> None:
    people.create_bc("customers", displayName="Adatum", salespersonCode="CD")
    assert command("synchronize", "CUSTOMER", "--direction", "to")[1]["jobs"][0]["failed"] == 1
    entry = SynchEntry.objects.get()
    assert (entry.code, "CD" in entry.message, "SALESPEOPLE" in entry.message) == ("not-coupled", True, True)
