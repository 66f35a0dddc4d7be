"""The list of records: columns, order and filters, all of them the system's own; views, pages and exports of it."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from mappings.models import IntegrationTableMapping
from syncadmin.ui.models import SavedView
from tests.people import People

CUSTOMERS = [
    {"number": "T1", "displayName": "Alpha", "city": "Kyiv", "email": "alpha@example.com", "currencyCode": "EUR"},
    {"number": "T2", "displayName": "Beta", "city": "Lviv", "email": "=beta@example.com"},
    {"number": "T3", "displayName": "Gamma", "city": "", "email": "gamma@example.com"},
]


@pytest.fixture
def customers(customer: IntegrationTableMapping, people: People) -> IntegrationTableMapping:
    """Three customers in Business Central and three accounts in Sales that nobody has coupled."""
    people.create_standard("currencies", code="EUR", displayName="Euro")
    people.create_many_bc("customers", CUSTOMERS)
    for number, one in enumerate(CUSTOMERS):
        values = {"name": one["displayName"], "emailaddress1": one["email"], "creditlimit": number * 1000, "customertypecode": 3}
        people.create_sales("accounts", **values, **({"address1_city": one["city"]} if one["city"] else {}))
    people.control("POST", "stats/reset")
    return customer


def address(mapping: IntegrationTableMapping) -> str:
    return reverse("joblog:record-list", args=[mapping.pk])


def listed(client: Client, mapping: IntegrationTableMapping, **query: Any) -> list[str]:
    """The names of the records on the page, in its order."""
    table = client.get(address(mapping), query).context["table"]
    return [re.sub(r"^T\d ", "", row.record.label) for row in table.paginated_rows]


def shown(client: Client, mapping: IntegrationTableMapping, **query: Any) -> str:
    return client.get(address(mapping), query).content.decode()


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"f.field_city": "Kyiv|Lviv"}, "Alpha Beta"),
        ({"f.field_city": "''"}, "Gamma"),
        ({"f.field_city": "<>Kyiv"}, "Beta Gamma"),
        ({"f.field_city": "*v&L*"}, "Beta"),
        ({"f.field_displayName": "A..C"}, "Alpha Beta"),
        ({"f.field_displayName": "@*ALPH*"}, "Alpha"),
        ({"f.field_displayName": "@alpha"}, "Alpha"),
        ({"f.field_displayName": "*ALPH*"}, ""),
        ({"f.field_displayName": ">=Beta", "f.field_city": "L*"}, "Beta"),
        ({"f.field_displayName": "<>Beta", "q": "a", "coupled": "no"}, "Alpha Gamma"),
        ({"f.modified_at": "today-1D.."}, "Alpha Beta Gamma"),
        ({"f.modified_at": "..today-1D"}, ""),
    ],
)
def test_records_of_business_central_are_filtered_there(
    reader: Client, customers: IntegrationTableMapping, filters: dict[str, str], expected: str
) -> None:
    assert sorted(listed(reader, customers, **filters)) == expected.split()


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"f.field_address1_city": "kyiv|LVIV"}, "Alpha Beta"),
        ({"f.field_address1_city": "''"}, "Gamma"),
        ({"f.field_address1_city": "<>Kyiv"}, "Beta Gamma"),
        ({"f.field_address1_city": "<>*v*"}, "Gamma"),
        ({"f.field_emailaddress1": "gamma*&*.com"}, "Gamma"),
        ({"f.field_emailaddress1": "*%*"}, ""),
        ({"f.field_creditlimit": "1000..|'0'"}, None),
        ({"f.field_creditlimit": "500..1,500"}, "Beta"),
        ({"f.field_creditlimit": "''"}, "Alpha"),
        ({"f.modified_at": "today-1D..", "q": "bet"}, "Beta"),
    ],
)
def test_records_of_sales_are_filtered_there(
    reader: Client, customers: IntegrationTableMapping, filters: dict[str, str], expected: str | None
) -> None:
    if expected is None:
        assert "is a number, not" in shown(reader, customers, side="sales", **filters)
    else:
        assert sorted(listed(reader, customers, side="sales", **filters)) == expected.split()


def test_what_a_system_cannot_be_asked_is_told_beside_the_filter_and_asks_nothing(
    reader: Client, customers: IntegrationTableMapping, people: People
) -> None:
    page = shown(reader, customers, **{"f.field_city": "<>*v*"})
    assert "Business Central cannot leave out what has “v” in City" in page
    assert "Nothing fits these filters" in page
    assert people.stats()["business_central"]["requests"] == 0


def test_a_search_for_any_case_says_how_business_central_was_asked(reader: Client, customers: IntegrationTableMapping) -> None:
    assert "Business Central minds the case" in shown(reader, customers, **{"f.field_city": "@*kyiv*"})
    assert "minds the case" not in shown(reader, customers, **{"f.field_city": "*kyiv*"})


def test_a_filter_that_the_system_refuses_shows_its_reason(reader: Client, customers: IntegrationTableMapping) -> None:
    page = shown(reader, customers, **{"f.field_postalCode": "9" * 60})
    assert "The records cannot be shown:" in page
    assert 'name="f.field_postalCode"' in page, "the filter stays to be corrected"


@pytest.mark.parametrize(
    ("side", "sort", "expected"),
    [
        ("business_central", "name", "Alpha Beta Gamma"),
        ("business_central", "-name", "Gamma Beta Alpha"),
        ("business_central", "-field_city", "Beta Alpha Gamma"),
        ("sales", "-field_emailaddress1", "Gamma Alpha Beta"),
        ("sales", "-field_creditlimit", "Gamma Beta Alpha"),
    ],
)
def test_the_system_sorts(reader: Client, customers: IntegrationTableMapping, side: str, sort: str, expected: str) -> None:
    assert listed(reader, customers, side=side, sort=sort) == expected.split()
    assert f'aria-sort="{"descending" if sort.startswith("-") else "ascending"}"' in shown(
        reader, customers, side=side, sort=sort, cols="field_city,field_emailaddress1,field_creditlimit"
    )


@pytest.mark.parametrize("sort", ["state", "last_error", "nonsense", "-partner", "field_nonsense"])
def test_what_the_system_does_not_know_is_no_order(reader: Client, customers: IntegrationTableMapping, sort: str) -> None:
    page = reader.get(address(customers), {"sort": sort})
    assert page.status_code == 200
    assert "aria-sort" not in page.content.decode()
    assert not any(column.orderable for column in page.context["table"].columns if column.name in ("state", "partner", "last_error"))


def test_the_order_goes_on_over_all_pages(reader: Client, customer: IntegrationTableMapping, people: People) -> None:
    people.create_many_bc("customers", [{"displayName": f"Many {number:03}", "city": f"C{number % 7}"} for number in range(120)])
    query, labels, link = {"sort": "-field_displayName", "f.field_city": "C1..C5"}, [], ""
    for _ in range(2):
        context = reader.get(address(customer), query | {"link": link}).context
        labels += [row.record.label.partition(" ")[2] for row in context["table"].paginated_rows]
        link = context["further"]
    expected = [f"Many {number:03}" for number in range(120) if number % 7 not in (0, 6)]
    assert labels == expected[::-1]
    assert link == ""


def headings(page: Any) -> list[str]:
    return [str(column.header) for column in page.context["table"].columns][1:]


def test_columns_of_mapped_fields_are_chosen_and_ordered_for_each_side(reader: Client, customers: IntegrationTableMapping) -> None:
    page = reader.get(address(customers))
    assert headings(page) == ["Record", "Coupling", "Coupled to", "City", "Email", "Modified", "Last Synchronized", "Last Error"]
    choices = {name for name, _, _ in page.context["table"].column_choices()}
    assert {"record_key", "field_number", "field_displayName", "field_addressLine1"} <= choices
    reader.post(address(customers), {"choose": "columns", "columns": ["field_email", "state", "field_number"]})
    assert headings(reader.get(address(customers))) == ["Record", "Email", "Coupling", "Number"]
    assert "Coupled to" in headings(reader.get(f"{address(customers)}?side=sales"))
    reader.post(f"{address(customers)}?side=sales", {"choose": "columns", "columns": ["field_creditlimit"]})
    other = reader.get(f"{address(customers)}?side=sales")
    assert headings(other) == ["Record", "Credit Limit"]
    assert ">2,000</td>" in other.content.decode()


def test_a_record_has_as_many_requests_and_statements_as_a_page_of_them(
    reader: Client, customers: IntegrationTableMapping, people: People, django_assert_num_queries: Any
) -> None:
    query = {"cols": "field_city,field_email,field_currencyCode,field_salespersonCode", "sort": "field_city", "f.field_displayName": "A*"}
    reader.get(address(customers), query)
    for _ in range(2):
        people.control("POST", "stats/reset")
        with django_assert_num_queries(QUERIES):
            reader.get(address(customers), query)
        assert people.stats()["business_central"]["by_method"] == {"GET": 1}
        assert people.stats()["sales"]["requests"] == 0
        people.create_many_bc("customers", [{"displayName": f"A {number}", "currencyCode": "EUR"} for number in range(40)])


# session, person, 2 x permissions, mapping, 2 x tables, option mappings, field mappings, templates, couplings, traffic, names of
# references, table of the account figures, systems of the top bar, pause
QUERIES = 16


def test_references_are_shown_by_names_from_one_request_for_each_kind_of_record(
    reader: Client, customers: IntegrationTableMapping, people: People
) -> None:
    page = shown(reader, customers, side="sales", cols="field_ownerid")
    assert people.stats()["sales"]["by_method"] == {"GET": 3}, "accounts, users and teams"
    owners = {row["_ownerid_value"] for row in people.rows_sales("accounts")}
    (owner,) = {row["fullname"] for row in people.rows_sales("systemusers") if row["systemuserid"] in owners}
    assert page.count(f">{owner}</span>") == len(CUSTOMERS)
    assert not any(key in page for key in owners)
    assert "f.field_ownerid" not in page, "Sales compares references by keys, so they are not offered as filters"


def test_columns_that_were_switched_on_meanwhile_are_read_from_the_first_page_on(
    reader: Client, customer: IntegrationTableMapping, people: People
) -> None:
    people.create_many_bc("customers", [{"displayName": f"Many {number:03}", "faxNumber": "1"} for number in range(60)])
    link = reader.get(address(customer)).context["further"]
    assert len(listed(reader, customer, link=link)) == 10
    again = reader.get(address(customer), {"link": link, "cols": "field_faxNumber"})
    assert len(again.context["table"].paginated_rows) == 50
    assert not again.context["continued"]
    assert len(listed(reader, customer, link=link, cols="field_city")) == 10, "what was read may be hidden on the way"


def lines(client: Client, mapping: IntegrationTableMapping, **query: Any) -> list[str]:
    return client.get(address(mapping), query | {"export": "csv"}).getvalue().decode().splitlines()


def test_exactly_what_is_shown_is_exported(reader: Client, customers: IntegrationTableMapping) -> None:
    query = {"side": "sales", "sort": "-name", "f.field_emailaddress1": "*beta*|*gamma*", "cols": "field_emailaddress1,field_creditlimit"}
    assert lines(reader, customers, **query) == [
        "Record,Email,Credit Limit",
        "Gamma,gamma@example.com,2000",
        "Beta,'=beta@example.com,1000",
    ]
    book = load_workbook(io.BytesIO(reader.get(address(customers), query | {"export": "xlsx"}).getvalue()))
    assert list(book.active.values)[1:] == [("Gamma", "gamma@example.com", 2000), ("Beta", "=beta@example.com", 1000)]


def test_a_filter_that_makes_no_sense_exports_no_record(reader: Client, customers: IntegrationTableMapping) -> None:
    for query, reason in (({"f.modified_at": "soon"}, "“soon” is no date"), ({"f.colour": "red"}, "no field “colour” to filter by")):
        answer = reader.get(address(customers), query | {"export": "csv"}, follow=True)
        assert "Nothing was exported" in answer.content.decode() and reason in answer.content.decode()
        assert list(answer.context["table"].rows) == []


def test_a_view_is_kept_for_the_side_of_the_mapping_and_shared(
    operator: Client, customers: IntegrationTableMapping, signed_in: Any
) -> None:
    page = shown(operator, customers, side="sales", sort="-name", **{"f.field_emailaddress1": "*beta*"})
    save = re.search(r'action="(/views/[^"]+/save/)"', page)
    assert save is not None
    query = "?side=sales&sort=-name&f.field_emailaddress1=*beta*&link=x"
    data = {"name": "Betas", "shared": "on", "query": query, "columns": "field_creditlimit", "next": address(customers)}
    operator.post(save[1], data)
    view = SavedView.objects.get()
    assert view.list_key == f"records-{customers.pk}-sales"
    reader = signed_in("Reader")
    there = reader.get(reverse("ui:views", args=[view.list_key])).content.decode()
    link = re.search(r'href="(\?[^"]+)"', there)
    assert link is not None
    shared = reader.get(address(customers) + link[1].replace("&amp;", "&"))
    assert headings(shared) == ["Record", "Credit Limit"]
    assert [row.record.label for row in shared.context["table"].paginated_rows] == ["Beta"]


def test_the_pane_comes_with_the_list_and_keeps_the_side(reader: Client, customers: IntegrationTableMapping) -> None:
    page = shown(reader, customers, side="sales", add="field_address1_city")
    assert 'name="f.field_address1_city" value=""' in page
    assert 'data-field="field_address1_city"' in page
    assert f'href="{address(customers)}?side=sales">All</a>' in page
    fragment = reader.get(address(customers), {"side": "sales"}, headers={"HX-Request": "true", "HX-Trigger": "filters"}).content.decode()
    assert 'id="filter-pane"' in fragment and 'hx-swap-oob="true"' in fragment


def test_options_can_neither_be_filtered_nor_sorted_so_that_is_not_offered(reader: Client, company: People) -> None:
    terms = IntegrationTableMapping.objects.get(name="PAYMENT TERMS")
    assert "no field “field_label” to filter by" in reader.get(address(terms), {"side": "sales", "f.field_label": "x"}).content.decode()
    page = reader.get(address(terms), {"side": "sales", "sort": "-name"})
    assert page.context["pane"] is None
    assert len(page.context["table"].paginated_rows) > 0
    assert not any(column.orderable for column in page.context["table"].columns)
    assert headings(page)[0] == "Record"


def test_a_choice_of_columns_is_kept_with_the_person(reader: Client, customers: IntegrationTableMapping) -> None:
    reader.post(address(customers), {"choose": "columns", "columns": ["field_city"]})
    layouts = User.objects.get().personal_settings.layouts
    assert layouts == {f"records-{customers.pk}-business_central": ["field_city"]}
    reader.post(address(customers), {"choose": "columns", "reset": "1"})
    assert User.objects.get().personal_settings.layouts == {}


def test_f7_and_ctrl_f7_of_a_record_are_its_statistics_and_its_log(
    customers: IntegrationTableMapping, operator: Client, reader: Client
) -> None:
    page = shown(operator, customers)
    assert re.search(r'<button[^>]* aria-keyshortcuts="F7">Update Account Statistics', page)
    log = reverse("joblog:record-log", args=[customers.pk, "business_central", "{key}"]).replace("%7B", "{").replace("%7D", "}")
    assert re.search(f'data-address="{re.escape(log)}"[^>]* aria-keyshortcuts="Control\\+F7">Synchronization Log', page)
    assert 'aria-keyshortcuts="F7">Couplings' in shown(reader, customers) and 'aria-keyshortcuts="F7">Couplings' not in page
