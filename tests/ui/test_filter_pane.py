"""The filter pane of a list, shown with a list of people."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from mappings.models import ConfigurationChange, IntegrationTableMapping, System

pytestmark = pytest.mark.django_db


@pytest.fixture
def mappings(reader: Client) -> Client:
    bc = System.objects.create(name="CRONUS", kind="business_central", address="http://127.0.0.1:9", company="CRONUS")
    sales = System.objects.create(name="crm", kind="sales", address="http://127.0.0.1:9")
    for name, direction, order in (("CUSTOMER", "Bidirectional", 1), ("CURRENCY", "ToIntegrationTable", 2), ("=ITEM", "Bidirectional", 3)):
        IntegrationTableMapping.objects.create(
            name=name, direction=direction, order=order, business_central=bc, sales=sales,
            table="t", table_label="T", integration_table="i", integration_table_label="I",
        )  # fmt: skip
    return reader


@pytest.fixture
def reader(signed_in: Any) -> Client:
    return signed_in("Reader")


def listed(client: Client, **query: Any) -> list[str]:
    table = client.get(reverse("mappings:mapping-list"), query).context["table"]
    return [row.record.name for row in table.paginated_rows]


def test_any_column_is_filtered_in_the_grammar(mappings: Client) -> None:
    assert listed(mappings, **{"f.name": "C*"}) == ["CUSTOMER", "CURRENCY"]
    assert listed(mappings, **{"f.name": "@*cust*|'=ITEM'"}) == ["CUSTOMER", "=ITEM"]


def test_filters_of_several_columns_and_the_search_go_together(mappings: Client) -> None:
    assert listed(mappings, **{"f.name": "C*", "f.direction": "Bidirectional"}) == ["CUSTOMER"]
    assert listed(mappings, **{"f.name": "C*", "search": "curr"}) == ["CURRENCY"]


def test_ticked_options_are_alternatives_and_shown_as_ticks(mappings: Client) -> None:
    query = {"f.direction": ["Bidirectional", "ToIntegrationTable"]}
    answer = mappings.get(reverse("mappings:mapping-list"), query)
    assert len(answer.context["table"].paginated_rows) == 3
    ticks = answer.context["pane"].shown_rows[0].ticks
    assert [ticked for _, _, ticked in ticks].count(True) == 2


def test_hidden_columns_can_be_filtered_too(mappings: Client) -> None:
    assert listed(mappings, **{"f.last_run_summary": "''"}) == ["CUSTOMER", "CURRENCY", "=ITEM"]


def test_a_filter_that_makes_no_sense_selects_nothing_and_says_why(mappings: Client) -> None:
    page = mappings.get(reverse("mappings:mapping-list"), {"f.last_run_at": "soon"}).content.decode()
    assert "“soon” is no date" in page
    assert "Nothing fits these filters" in page


def test_an_added_field_waits_for_its_value(mappings: Client) -> None:
    page = mappings.get(reverse("mappings:mapping-list"), {"add": "name"}).content.decode()
    assert 'id="pane-name"' in page
    assert 'name="f.name" value=""' in page


def test_what_a_person_types_is_data(mappings: Client) -> None:
    page = mappings.get(reverse("mappings:mapping-list"), {"f.name": "<script>alert(1)</script>"}).content.decode()
    assert "<script>alert" not in page


def test_the_pane_costs_no_statement(mappings: Client, django_assert_max_num_queries: Any) -> None:
    listed(mappings)
    with django_assert_max_num_queries(12) as plain:
        listed(mappings)
    with django_assert_max_num_queries(len(plain)):
        listed(mappings, **{"f.name": "C*"})


def test_excel_has_the_shown_columns_of_the_filtered_rows_as_text_and_numbers(mappings: Client) -> None:
    mappings.post(reverse("mappings:mapping-list"), {"choose": "columns", "columns": ["failed", "direction"]})
    answer = mappings.get(reverse("mappings:mapping-list"), {"export": "xlsx", "f.name": "'=ITEM'"})
    sheet = load_workbook(io.BytesIO(b"".join(answer.streaming_content))).worksheets[0]
    assert [[cell.value for cell in row] for row in sheet] == [["Name", "Failed", "Direction"], ["=ITEM", 0, "Bidirectional"]]
    assert sheet["A2"].data_type == "s"


def test_moments_in_excel_are_dates_in_the_zone_of_the_person(mappings: Client) -> None:
    mappings.cookies["zone"] = "Europe/Copenhagen"
    ConfigurationChange.objects.create(kind="mapping", name="X", what="changed", changed_by_name="zoe", before={}, after={})
    answer = mappings.get(reverse("mappings:change-log"), {"export": "xlsx"})
    sheet = load_workbook(io.BytesIO(b"".join(answer.streaming_content))).worksheets[0]
    assert any(cell.is_date for cell in sheet[2])
    assert sheet.title.endswith("Europe-Copenhagen")


def test_columns_are_shown_in_the_order_that_a_person_chose_and_in_every_session(mappings: Client) -> None:
    mappings.post(reverse("mappings:mapping-list"), {"choose": "columns", "columns": ["direction", "failed"]})
    again = Client()
    again.force_login(User.objects.get(username="reader@example.com"))
    table = again.get(reverse("mappings:mapping-list")).context["table"]
    assert [column.name for column in table.columns] == ["select", "name", "direction", "failed"]


def test_an_address_can_name_its_columns_once(mappings: Client) -> None:
    table = mappings.get(reverse("mappings:mapping-list"), {"cols": "skipped,nonsense"}).context["table"]
    assert [column.name for column in table.columns] == ["select", "name", "skipped"]


def test_a_search_of_a_thousand_words_finds_nothing_and_says_why(mappings: Client) -> None:
    answer = mappings.get("/mappings/", {"search": "cust " * 1000})
    assert list(answer.context["table"].rows) == []
    assert "at most 250 characters" in answer.content.decode()


UNKNOWN = {"f.colour": "red", "f.direction": "Bidirectional", "sort": "-name"}


def test_a_filter_on_a_field_that_the_list_does_not_have_shows_nothing_and_is_told(mappings: Client) -> None:
    answer = mappings.get(reverse("mappings:mapping-list"), UNKNOWN)
    page = answer.content.decode()
    assert list(answer.context["table"].rows) == []
    assert "This list has no field “colour” to filter by. The address asks for colour: red, so nothing is shown." in page
    assert 'name="f.colour" value="red"' in page


def test_the_list_is_shown_without_the_unknown_filter_and_with_all_others(mappings: Client) -> None:
    page = mappings.get(reverse("mappings:mapping-list"), UNKNOWN).content.decode()
    (without,) = set(re.findall(r'href="/mappings/\?([^"]+)">(?:Leave it out|Show the list without this filter)', page))
    assert without == "f.direction=Bidirectional&amp;sort=-name"
    rows = mappings.get(f"/mappings/?{without.replace('&amp;', '&')}").context["table"].rows
    assert [row.record.name for row in rows] == ["CUSTOMER", "=ITEM"]


def test_an_unknown_filter_without_a_text_asks_for_nothing(mappings: Client) -> None:
    assert len(listed(mappings, **{"f.colour": " "})) == 3


@pytest.mark.parametrize("query", [{"f.colour": "red"}, {"f.last_run_at": "soon"}, {"direction": "sideways"}])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_nothing_is_exported_while_a_filter_makes_no_sense(mappings: Client, kind: str, query: dict[str, str]) -> None:
    answer = mappings.get(reverse("mappings:mapping-list"), query | {"export": kind}, follow=True)
    assert "Nothing was exported." in answer.content.decode()
    assert "export" not in answer.request["QUERY_STRING"]


def test_a_list_that_is_no_query_set_tells_of_filters_that_it_does_not_have(mappings: Client) -> None:
    assert "no field “name” to filter by" in mappings.get("/full-synchronization/", {"f.name": "C*"}).content.decode()


def test_what_an_unknown_filter_is_called_is_data(mappings: Client) -> None:
    page = mappings.get(reverse("mappings:mapping-list"), {'f."><script>alert(1)</script>': "1"}).content.decode()
    assert "<script>alert" not in page


@pytest.mark.parametrize("sort", ["colour", "-colour", "", "-", "--name", "select", "-pk", "name__x"])
def test_a_column_to_sort_by_that_does_not_exist_is_passed_over(mappings: Client, sort: str) -> None:
    assert len(listed(mappings, sort=sort)) == 3
