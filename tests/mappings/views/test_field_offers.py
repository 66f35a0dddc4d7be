"""The list of field mappings: what it offers, what it says of each pair, and a real record to try them on."""

import pytest
from django.urls import reverse

from mappings.models import ConfigurationChange, IntegrationTableMapping


@pytest.fixture
def customers(demo_company):
    return IntegrationTableMapping.objects.get(name="CUSTOMER")


def page(mapping, name="field-list"):
    return reverse(f"mappings:{name}", args=[mapping.pk])


def test_pairs_that_are_not_mapped_are_offered(administrator, customers):
    customers.field_mappings.filter(field__in=["displayName", "city"]).delete()
    offered = {(one["field"], one["integration_field"]) for one in administrator.get(page(customers)).context["offers"]}
    assert offered == {("displayName", "name"), ("city", "address1_city"), ("number", "accountnumber")}


def test_ticked_pairs_are_added_disabled_behind_the_others(administrator, customers):
    last = customers.field_mappings.last().position
    answer = administrator.post(page(customers, "field-add"), {"pair": ["number|accountnumber", "balance|ownerid"]}, follow=True)
    assert "1 field mapping added, Disabled." in answer.content.decode()
    row = customers.field_mappings.get(field="number")
    assert (row.status, row.position, row.user_defined, row.direction) == ("Disabled", last + 1, True, "Bidirectional")
    assert ConfigurationChange.objects.get(what="Field mappings added").version == 2


def test_nothing_ticked_adds_nothing(administrator, customers):
    assert "tick a pair of fields first" in administrator.post(page(customers, "field-add"), follow=True).content.decode()
    assert not ConfigurationChange.objects.filter(version=2).exists()


def test_every_row_says_its_numbers_labels_and_what_stands_in_the_way(administrator, customers):
    customers.field_mappings.filter(field="city").update(integration_field="ownerid")
    shown = administrator.get(page(customers), {"f.field": "city"})
    (row,) = shown.context["table"].paginated_rows
    assert all((row.record.field_no, row.record.integration_field_no))
    assert (row.record.field_label, row.record.integration_field_label) == ("City", "Owner")
    assert "cannot run" in shown.content.decode()


def test_the_list_asks_no_query_per_row(administrator, customers, django_assert_num_queries):
    administrator.get(page(customers))
    with django_assert_num_queries(QUERIES):
        administrator.get(page(customers))
    for number in range(20):
        customers.field_mappings.create(position=100 + number, field="email", integration_field=f"new_{number}")
    with django_assert_num_queries(QUERIES):
        administrator.get(page(customers))


# session, person, 2 x permissions, mapping, all field mappings, 2 x tables, count, rows and forms of the page, choices (3), mappings for
# look-ups, top bar, pause
QUERIES = 17


def test_a_real_record_is_tried_both_ways(reader, customers, people):
    account = people.rows_sales("accounts", "customertypecode eq 3")[0]
    customers.couplings.create(bc_key=people.rows_bc("customers", "number eq '10000'")[0]["id"], sales_key=account["accountid"])
    city = people.rows_bc("customers", "number eq '10000'")[0]["city"]
    samples = reader.get(page(customers, "field-try"), {"record": "10000"}).context["samples"]
    to_sales, back = samples
    assert to_sales.title.startswith("10000 ")
    assert next(row for row in to_sales.rows if row.becomes_field == "address1_city").becomes == city
    assert back.title.endswith(account["name"])


def test_a_transformation_is_tried_on_the_value_of_the_record(administrator, customers, people):
    customers.field_mappings.filter(field="city").update(transformation_rule="UPPERCASE", transformation_direction="Bidirectional")
    city = people.rows_bc("customers", "number eq '10000'")[0]["city"]
    to_sales = administrator.get(page(customers, "field-try"), {"record": "10000"}).context["samples"][0]
    row = next(row for row in to_sales.rows if row.becomes_field == "address1_city")
    assert (row.value, row.transformation, row.becomes) == (city, "UPPERCASE", city.upper())


def test_disabled_field_mappings_are_tried_on_demand(administrator, customers):
    customers.field_mappings.filter(field="city").update(status="Disabled")
    seen = [
        {row.becomes_field for row in administrator.get(page(customers, "field-try"), query).context["samples"][0].rows}
        for query in ({"record": "10000"}, {"record": "10000", "all": "on"})
    ]
    assert ["address1_city" in one for one in seen] == [False, True]


def test_a_value_that_cannot_be_carried_over_says_why(administrator, customers, people):
    customers.field_mappings.filter(field="displayName").update(integration_field="telephone1", truncate=False)
    customers.field_mappings.filter(field="phoneNumber").delete()
    people.change_bc("customers", people.rows_bc("customers", "number eq '10000'")[0]["id"], displayName="Far too long for a phone " * 3)
    page_of = administrator.get(page(customers, "field-try"), {"record": "10000"})
    assert "Shorten it, or let the field mapping truncate." in page_of.content.decode()
    assert [row.becomes_field for row in page_of.context["samples"][0].rows if "truncate" in row.problem] == ["telephone1"]


def test_a_system_that_does_not_answer_is_named(administrator, customers):
    type(customers.sales).objects.filter(pk=customers.sales_id).update(enabled=False)
    assert "is switched off" in administrator.get(page(customers, "field-try")).content.decode()
