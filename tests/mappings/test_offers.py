"""What a person is asked before a record is synchronized or coupled by hand (engine.md sections 12 and 13)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mappings.holds import hold
from mappings.models import Coupling, IntegrationTableMapping
from mappings.offers import Choice, Offer, coupling_offer, synchronize_offer
from mappings.record_lists import Asked, find_by_name, list_records
from mappings.records import open_record
from syncadmin.sync.errors import RunError
from syncadmin.sync.records import Direction, Side
from tests.people import People

Command = Callable[..., tuple[int, dict[str, Any]]]
BC, SALES = Side.BUSINESS_CENTRAL, Side.SALES
SEND, GET, MERGE = Choice.SEND, Choice.GET, Choice.MERGE


@pytest.fixture
def adatum(customer: IntegrationTableMapping, people: People, command: Command) -> Coupling:
    """Adatum of Atlanta, synchronized both ways."""
    people.create_bc("customers", number="C1", displayName="Adatum", city="Atlanta")
    assert command("synchronize", "CUSTOMER")[0] == 0
    return Coupling.objects.get()


def offered(key: str | None) -> Offer:
    mapping = IntegrationTableMapping.objects.get(name="CUSTOMER")
    return synchronize_offer(mapping, open_record(mapping, BC, str(key)))


def one_way(direction: str) -> None:
    IntegrationTableMapping.objects.filter(name="CUSTOMER").update(direction=direction)


# ---- one record, both ways


@pytest.mark.rule("12.both.merge")
def test_where_neither_side_changed_merge_is_preselected(adatum: Coupling) -> None:
    offer = offered(adatum.bc_key)
    assert (offer.choices, offer.preselected) == ((SEND, GET, MERGE), MERGE)


@pytest.mark.rule("12.both.send")
def test_a_change_of_business_central_is_sent(adatum: Coupling, people: People) -> None:
    people.change_bc("customers", str(adatum.bc_key), city="Graz")
    assert (offered(adatum.bc_key).choices, offered(adatum.bc_key).preselected) == ((SEND, GET, MERGE), SEND)


@pytest.mark.rule("12.both.get")
def test_a_change_of_sales_is_taken(adatum: Coupling, people: People) -> None:
    people.change_sales("accounts", str(adatum.sales_key), address1_city="Boston")
    assert offered(adatum.bc_key).preselected == GET


@pytest.mark.rule("12.both.merge")
def test_a_change_that_does_not_flow_counts_for_nothing(adatum: Coupling, people: People) -> None:
    people.change_sales("accounts", str(adatum.sales_key), creditlimit=5)  # goes to Sales only
    assert offered(adatum.bc_key).preselected == MERGE


@pytest.mark.rule("12.both.merge")
def test_changes_of_different_fields_are_merged(adatum: Coupling, people: People) -> None:
    people.change_bc("customers", str(adatum.bc_key), city="Graz")
    people.change_sales("accounts", str(adatum.sales_key), telephone1="55")
    assert (offered(adatum.bc_key).choices, offered(adatum.bc_key).preselected) == ((SEND, GET, MERGE), MERGE)


@pytest.mark.rule("12.both.conflict")
def test_of_two_values_of_one_field_one_has_to_stay(adatum: Coupling, people: People) -> None:
    people.change_bc("customers", str(adatum.bc_key), city="Graz")
    people.change_sales("accounts", str(adatum.sales_key), address1_city="Boston")
    offer = offered(adatum.bc_key)
    assert (offer.choices, offer.preselected) == ((SEND, GET), SEND)
    assert "changed on both sides: City" in offer.text


# ---- one record, one way


@pytest.mark.rule("12.one-way.ask")
@pytest.mark.parametrize(("direction", "choice"), [("ToIntegrationTable", SEND), ("FromIntegrationTable", GET)])
def test_one_way_is_a_plain_question(adatum: Coupling, direction: str, choice: Choice) -> None:
    one_way(direction)
    offer = offered(adatum.bc_key)
    assert (offer.choices, offer.preselected, offer.asks) == ((choice,), choice, True)
    assert offer.text == f"{'Send data update to' if choice is SEND else 'Get data update from'} Dynamics 365 Sales for C1 Adatum?"


@pytest.mark.rule("12.one-way.warn")
def test_a_change_that_would_be_overwritten_is_warned_of_and_no_is_the_default(adatum: Coupling, people: People) -> None:
    one_way("ToIntegrationTable")
    people.change_sales("accounts", str(adatum.sales_key), address1_city="Boston")
    offer = offered(adatum.bc_key)
    assert (offer.choices, offer.preselected) == ((SEND,), None)
    assert "City would be overwritten" in offer.text


@pytest.mark.rule("12.one-way.same")
def test_where_both_sides_changed_to_the_same_nothing_is_asked(adatum: Coupling, people: People) -> None:
    one_way("ToIntegrationTable")
    people.change_bc("customers", str(adatum.bc_key), city="Graz")
    people.change_sales("accounts", str(adatum.sales_key), address1_city="Graz")
    offer = offered(adatum.bc_key)
    assert (offer.asks, offer.preselected) == (False, SEND)


# ---- what cannot be synchronized


@pytest.mark.rule("12.one.not-coupled")
def test_a_record_that_is_not_coupled_is_to_be_coupled(customer: IntegrationTableMapping, people: People) -> None:
    alone = people.create_bc("customers", displayName="Alone")["id"]
    assert (offered(alone).choices, "Set up a coupling first" in offered(alone).text) == ((), True)


@pytest.mark.rule("12.one.skipped")
def test_a_skipped_record_is_refused(adatum: Coupling) -> None:
    Coupling.objects.update(skipped=True)
    assert (offered(adatum.bc_key).choices, "has been skipped" in offered(adatum.bc_key).text) == ((), True)
    hold([adatum.pk], by="anna", reason="After the audit")
    assert offered(adatum.bc_key).text.endswith("is left out. Held by anna, until somebody retries it. Reason: After the audit")


@pytest.mark.rule("A7.actions")
def test_a_record_whose_counterpart_is_gone_offers_other_actions(adatum: Coupling, people: People) -> None:
    people.delete_sales("accounts", str(adatum.sales_key))
    offer = offered(adatum.bc_key)
    assert (offer.choices, "Restore it, remove the coupling, or delete this record too" in offer.text) == ((), True)


# ---- setting up a coupling


@pytest.mark.rule("13.default", "13.create")
@pytest.mark.parametrize(
    ("direction", "coupled", "afterwards", "may_create"),
    [
        ("Bidirectional", False, Direction.TO_INTEGRATION, True),
        ("ToIntegrationTable", False, Direction.TO_INTEGRATION, True),
        ("FromIntegrationTable", False, Direction.FROM_INTEGRATION, False),
        ("Bidirectional", True, None, False),
    ],
)
def test_the_dialog_opens_as_the_mapping_goes(direction: str, coupled: bool, afterwards: Direction | None, may_create: bool) -> None:
    offer = coupling_offer(IntegrationTableMapping(direction=direction), Coupling() if coupled else None)
    assert (offer.afterwards, offer.may_create) == (afterwards, may_create)


@pytest.mark.rule("13.look-up")
def test_only_uncoupled_records_inside_the_filter_are_offered(adatum: Coupling, people: People) -> None:
    people.create_sales("accounts", name="Adatum Ltd.", customertypecode=3)
    people.create_sales("accounts", name="Adatum Supplies", customertypecode=11)  # a vendor
    mapping = IntegrationTableMapping.objects.get(name="CUSTOMER")
    assert [row.label for row in list_records(mapping, SALES, Asked(search="adatum", coupled=False)).rows] == ["Adatum Ltd."]


@pytest.mark.rule("13.values")
def test_both_values_of_every_field_are_shown_for_each_choice(customer: IntegrationTableMapping, people: People) -> None:
    key = people.create_bc("customers", displayName="Adatum", city="Atlanta")["id"]
    for city in ("Boston", "Chicago"):
        choice = people.create_sales("accounts", name=city, address1_city=city, customertypecode=3)["accountid"]
        page = open_record(customer, BC, key, partner=choice)
        shown = {row.integration_field: (row.bc_value, row.sales_value) for row in page.fields}
        assert (shown["address1_city"], shown["name"]) == (("Atlanta", city), ("Adatum", city))
    assert not Coupling.objects.exists()


@pytest.mark.rule("13.exact")
@pytest.mark.parametrize(
    ("typed", "found"), [("Contoso", "Contoso"), ("contoso", "Contoso"), ("Conto", "Conto & Co"), ("A", "Adatum"), ("O'N", "O'Neil")]
)
def test_a_typed_name_finds_its_record_or_the_first_that_begins_with_it(
    customer: IntegrationTableMapping, people: People, typed: str, found: str
) -> None:
    names = ("Contoso Suites", "Contoso", "Conto & Co", "Adatum", "Adventure Works", "O'Neil", "Toro")
    people.create_many_sales("accounts", "account", [{"name": name, "customertypecode": 3} for name in names])
    people.create_many_bc("customers", [{"displayName": name} for name in names])
    assert find_by_name(customer, SALES, typed).label == found
    assert find_by_name(customer, BC, typed).label.endswith(f" {found}")


@pytest.mark.rule("13.unknown")
@pytest.mark.parametrize("typed", ["Nobody", "A vendor", ""])
def test_a_name_that_nobody_has_inside_the_filter_is_an_error(customer: IntegrationTableMapping, people: People, typed: str) -> None:
    people.create_sales("accounts", name="A vendor", customertypecode=11)
    with pytest.raises(RunError) as caught:
        find_by_name(customer, SALES, typed)
    assert caught.value.code == "unknown-record"
