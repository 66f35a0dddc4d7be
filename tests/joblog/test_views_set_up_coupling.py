"""Set Up Coupling: a partner looked up by name, the values of both side by side, and a coupling that is refused, moved or made anew."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from joblog import runner
from joblog.models import JobQueueEntry, SynchEntry
from mappings.models import Coupling, IntegrationTableMapping
from mappings.pairs import PairField
from tests.people import People

BC, SALES = "business_central", "sales"


@pytest.fixture
def pair(customer: IntegrationTableMapping, people: People) -> tuple[str, str]:
    """Keys of a customer and of an account that nobody has coupled."""
    key = people.create_bc("customers", number="T1", displayName="Adatum", city="Atlanta", phoneNumber="1")["id"]
    account = people.create_sales("accounts", name="Adatum Ltd.", address1_city="Boston", telephone1="1", customertypecode=3)
    return key, account["accountid"]


def address(mapping: IntegrationTableMapping, key: str, side: str = BC) -> str:
    return reverse("joblog:set-up-coupling", args=[mapping.pk, side, key])


def fields(client: Client, url: str) -> dict[str, PairField]:
    return {row.label: row for row in client.get(url).context["fields"]}


def run() -> None:
    runner.run(JobQueueEntry.objects.get(recurring=False, status="Ready").pk)


def couple(bc_key: str, sales_key: str, mapping: IntegrationTableMapping, **values: Any) -> Coupling:
    return Coupling.objects.create(mapping=mapping, bc_key=bc_key, sales_key=sales_key, **values)


def test_likely_partners_are_offered_and_chosen_by_a_click(
    reader: Client, customer: IntegrationTableMapping, pair: tuple[str, str]
) -> None:
    page = reader.get(address(customer, pair[0]))
    assert (page.context["label"], page.context["chosen"]) == ("T1 Adatum", "")
    assert page.context["found"] == [(pair[1], "Adatum Ltd.", "")]
    assert f'href="?partner={pair[1]}"' in page.content.decode()
    back = reader.get(address(customer, pair[1], SALES))
    assert (back.context["label"], back.context["search"]) == ("Adatum Ltd.", "")


@pytest.mark.parametrize(("typed", "found"), [("adatum ltd.", True), ("Adatum L", True), ("Nobody", False)])
def test_a_name_is_looked_up_exactly_and_by_its_beginning(
    reader: Client, customer: IntegrationTableMapping, pair: tuple[str, str], typed: str, found: bool
) -> None:
    page = reader.get(f"{address(customer, pair[0])}?q={typed}")
    assert page.context["chosen"] == (pair[1] if found else "")
    assert ("No record named Nobody exists" in page.content.decode()) is not found


def test_values_stand_side_by_side_with_what_differs(reader: Client, customer: IntegrationTableMapping, pair: tuple[str, str]) -> None:
    shown = fields(reader, f"{address(customer, pair[0])}?partner={pair[1]}")
    city, phone = shown["City"], shown["Phone Number"]
    assert (city.bc_value, city.transformed, city.sales_value, city.differs) == ("Atlanta", "Atlanta", "Boston", True)
    assert (phone.bc_value, phone.sales_value, phone.differs) == ("1", "1", False)


def test_the_transformed_value_is_shown(reader: Client, customer: IntegrationTableMapping, pair: tuple[str, str]) -> None:
    customer.field_mappings.filter(field="city").update(transformation_rule="UPPERCASE", transformation_direction="ToIntegrationTable")
    assert fields(reader, address(customer, pair[0]))["City"].transformed == "ATLANTA"


def test_what_cannot_be_carried_over_says_why(reader: Client, customer: IntegrationTableMapping, people: People) -> None:
    key = people.create_bc("customers", number="T2", displayName="Beta")["id"]
    customer.field_mappings.filter(field="city").update(transformation_rule="GONE", transformation_direction="ToIntegrationTable")
    people.change_bc("customers", key, city="Atlanta")
    assert "GONE" in fields(reader, address(customer, key))["City"].problem


def test_the_two_are_coupled_and_synchronized_with_the_data_of_a_side(
    operator: Client, customer: IntegrationTableMapping, pair: tuple[str, str], people: People
) -> None:
    data = {"partner": pair[1], "direction": "FromIntegrationTable"}
    answer = operator.post(address(customer, pair[0]), data, follow=True)
    assert "will be coupled and synchronized in the background" in answer.content.decode()
    run()
    row = Coupling.objects.get()
    assert (row.bc_key, row.sales_key) == pair
    assert people.rows_bc("customers", f"id eq {pair[0]}")[0]["city"] == "Boston"


def test_a_record_that_has_a_partner_is_refused_by_its_name(
    operator: Client, customer: IntegrationTableMapping, pair: tuple[str, str], people: People
) -> None:
    other = people.create_bc("customers", number="T2", displayName="Beta")["id"]
    couple(other, pair[1], customer, bc_label="T2 Beta", sales_label="Adatum Ltd.")
    page = operator.get(f"{address(customer, pair[0])}?partner={pair[1]}").content.decode()
    assert "Adatum Ltd. is already coupled to T2 Beta." in page and "Move the Coupling" in page
    answer = operator.post(address(customer, pair[0]), {"partner": pair[1]}, follow=True)
    assert "Nothing was coupled: Adatum Ltd. is already coupled to T2 Beta." in answer.content.decode()
    assert not JobQueueEntry.objects.filter(run_kind="couple").exists()


def test_a_pair_that_was_not_coupled_is_not_synchronized(
    operator: Client, customer: IntegrationTableMapping, pair: tuple[str, str], people: People
) -> None:
    operator.post(address(customer, pair[0]), {"partner": pair[1], "direction": "ToIntegrationTable"})
    other = people.create_sales("accounts", name="Beta", address1_city="Bern", customertypecode=3)["accountid"]
    couple(pair[0], other, customer, bc_label="T1 Adatum", sales_label="Beta")
    run()
    assert SynchEntry.objects.get().code == "already-coupled"
    assert people.rows_sales("accounts", f"accountid eq {other}")[0]["address1_city"] == "Bern"


def test_a_coupling_is_moved(operator: Client, customer: IntegrationTableMapping, pair: tuple[str, str], people: People) -> None:
    other = people.create_bc("customers", number="T2", displayName="Beta")["id"]
    couple(other, pair[1], customer, bc_label="T2 Beta", sales_label="Adatum Ltd.")
    operator.post(address(customer, pair[0]), {"partner": pair[1], "move": "1"})
    run()
    row = Coupling.objects.get()
    assert (row.bc_key, row.sales_key) == pair


def test_coupled_records_are_found_where_they_are_asked_for(
    reader: Client, customer: IntegrationTableMapping, pair: tuple[str, str], people: People
) -> None:
    couple(people.create_bc("customers", displayName="Beta")["id"], pair[1], customer, bc_label="T2 Beta")
    assert reader.get(address(customer, pair[0])).context["found"] == []
    assert reader.get(f"{address(customer, pair[0])}?any=1").context["found"] == [(pair[1], "Adatum Ltd.", "T2 Beta")]


def test_a_new_partner_is_created(operator: Client, customer: IntegrationTableMapping, pair: tuple[str, str], people: People) -> None:
    IntegrationTableMapping.objects.filter(pk=customer.pk).update(synch_only_coupled=True)
    assert "Create New in Dynamics 365 Sales" in operator.get(address(customer, pair[0])).content.decode()
    operator.post(address(customer, pair[0]), {"do": "new"})
    run()
    assert {row["name"] for row in people.rows_sales("accounts")} == {"Adatum", "Adatum Ltd."}
    page = operator.get(address(customer, pair[0])).content.decode()
    assert "Coupled to T1 Adatum" in page or "Coupled to Adatum" in page
    assert "Create New in" not in page


def test_nothing_is_created_against_the_direction_of_the_mapping(
    operator: Client, customer: IntegrationTableMapping, pair: tuple[str, str]
) -> None:
    IntegrationTableMapping.objects.filter(pk=customer.pk).update(direction="FromIntegrationTable")
    assert "Create New" not in operator.get(address(customer, pair[0])).content.decode()
    answer = operator.post(address(customer, pair[0]), {"do": "new"}, follow=True)
    assert "not configured for ToIntegrationTable synchronization" in answer.content.decode()


@pytest.mark.parametrize("data", [{}, {"partner": ""}, {"partner": "x", "direction": "Sideways"}])
def test_without_a_partner_or_with_a_wrong_direction_nothing_is_coupled(
    operator: Client, customer: IntegrationTableMapping, pair: tuple[str, str], data: dict[str, str]
) -> None:
    data = data | ({"partner": pair[1]} if data.get("partner") else {})
    assert "Nothing was coupled" in operator.post(address(customer, pair[0]), data, follow=True).content.decode()
    assert not JobQueueEntry.objects.filter(recurring=False).exists()


def test_a_coupling_leads_to_its_page(reader: Client, customer: IntegrationTableMapping, pair: tuple[str, str]) -> None:
    row = couple(*pair, customer, sales_label="Adatum Ltd.")
    page = reader.get(reverse("joblog:set-up-again", args=[row.pk]), follow=True)
    assert (page.context["present"], page.context["chosen"]) == (pair[1], pair[1])
    assert "Couple</button>" not in page.content.decode()


def test_selected_records_are_created_in_the_other_system(
    operator: Client, reader: Client, customer: IntegrationTableMapping, pair: tuple[str, str], people: People
) -> None:
    coupled_one = people.create_bc("customers", number="T2", displayName="Beta")["id"]
    couple(coupled_one, pair[1], customer)
    create = reverse("joblog:create-new", args=[customer.pk])
    answer = operator.post(create, {"keys": [pair[0], coupled_one], "side": BC}, follow=True)
    assert "scheduled for 1 of 2 records; 0 failed; 1 skipped. Left out: 1 coupled already." in answer.content.decode()
    run()
    assert {row["name"] for row in people.rows_sales("accounts")} == {"Adatum", "Adatum Ltd."}
    assert "select a record first" in operator.post(create, {"side": BC}, follow=True).content.decode()
    assert reader.post(create, {"keys": pair[0], "side": BC}).status_code == 403
