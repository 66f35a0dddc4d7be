import re

import pytest
from django.db import connection
from django.urls import reverse

from mappings.models import IntegrationTableMapping
from mappings.troubleshooting import listed_mappings, with_troubles
from syncadmin.ui import paging

LIST = "/mappings/"


@pytest.mark.rule("A22.couplings")
def test_failed_and_skipped_are_counted_from_couplings(mapping, couple):
    couple(mapping, to_result="Failure")
    couple(mapping, to_result="Failure", from_result="Failure")
    couple(mapping, from_result="Failure")
    couple(mapping, to_result="Failure", skipped=True)
    couple(mapping, to_result="Success")
    row = listed_mappings().get()
    assert (row.failed, row.skipped) == (3, 1)


def test_couplings_of_another_mapping_do_not_count(mapping, make_mapping, couple):
    couple(make_mapping("CONTACT"), to_result="Failure", skipped=True)
    row = listed_mappings().get(name="CUSTOMER")
    assert (row.failed, row.skipped) == (0, 0)


@pytest.mark.rule("A22.couplings")
def test_counting_reads_only_the_partial_indexes(mapping):
    plan = listed_mappings().explain()
    if connection.vendor == "sqlite":
        assert {"coupling_failed", "coupling_skipped"} <= set(re.findall(r"INDEX (coupling_\w+)", plan))


def test_a_count_links_to_exactly_its_records(reader, mapping, couple):
    couple(mapping, to_result="Failure")
    page = reader.get(LIST).content.decode()
    address = f"{reverse('joblog:coupling-list', args=[mapping.pk])}?state=failed"
    assert f'<a class="pill bad" href="{address}" aria-label="1 failed records">1</a>' in page
    assert '<span class="zero">0</span>' in page


@pytest.mark.parametrize(("broken", "told"), [(2, "2"), (3, "2+")])
def test_counting_stops_where_lists_end_and_says_so(reader, mapping, couple, monkeypatch, broken, told):
    monkeypatch.setattr(paging, "LIMIT", 2)
    for _ in range(broken):
        couple(mapping, from_result="Failure")
    row = listed_mappings().get()
    assert row.failed == broken <= paging.LIMIT + 1
    for page in (LIST, reverse("mappings:mapping-factbox", args=[mapping.pk])):
        assert f'aria-label="{told} failed records">{told}</a>' in reader.get(page).content.decode()
    assert f",{told}," in b"".join(reader.get(LIST, {"export": "csv", "cols": "failed,skipped"}).streaming_content).decode()


def test_metrics_and_notices_count_all(mapping, couple, monkeypatch):
    monkeypatch.setattr(paging, "LIMIT", 2)
    for _ in range(4):
        couple(mapping, from_result="Failure", to_result="Failure")
    row = with_troubles(IntegrationTableMapping.objects.all()).get()
    assert (row.failed, row.skipped) == (4, 0)


def test_the_list_asks_no_query_per_row(reader, make_mapping, django_assert_num_queries):
    for number in range(3):
        make_mapping(f"MAPPING {number}")
    reader.get(LIST)
    with django_assert_num_queries(QUERIES):
        reader.get(LIST)
    for number in range(3, 20):
        make_mapping(f"MAPPING {number}")
    with django_assert_num_queries(QUERIES):
        assert reader.get(LIST).content.count(b"data-select data-name") == 20


# session, person, 2 x permissions, companies of the filter, count, mappings, templates, 2 x FactBox, systems of the top bar, pause
QUERIES = 12


def test_filters_are_shown_in_words_and_the_odata_text_on_hover(reader, make_mapping):
    make_mapping(table_filter="blocked eq ' '", table_filter_text="Blocked is blank")
    assert '<span title="blocked eq &#x27; &#x27;">Blocked is blank</span>' in reader.get(LIST).content.decode()


def test_a_filter_without_words_is_shown_as_it_is(reader, make_mapping):
    make_mapping(table_filter="blocked eq ' '")
    assert ">blocked eq &#x27; &#x27;</span>" in reader.get(LIST).content.decode()


def test_no_filter_is_an_empty_cell(reader, make_mapping):
    make_mapping(table_filter_text="All customers.")
    assert "All customers." not in reader.get(LIST).content.decode()


@pytest.mark.parametrize(("role", "offered"), [("Reader", False), ("Operator", True), ("Administrator", True)])
def test_only_who_may_run_is_offered_to_run(sign_in, mapping, role, offered):
    assert ("Synchronize Modified Records" in sign_in(role).get(LIST).content.decode()) is offered


def test_rarely_needed_columns_start_hidden_and_can_be_shown(reader, mapping):
    assert "Resolve Update Conflicts</a>" not in reader.get(LIST).content.decode()
    reader.post(LIST, {"choose": "columns", "columns": ["update_conflict_resolution", "failed"]})
    page = reader.get(LIST).content.decode()
    assert "Resolve Update Conflicts</a>" in page
    assert "Skipped</a>" not in page


def test_every_column_can_be_shown_sorted_and_exported(reader, mapping):
    names = reader.get(LIST).context["table"].columns.columns
    reader.post(LIST, {"choose": "columns", "columns": list(names)})
    for name in names:
        assert b"CUSTOMER" in reader.get(LIST, {"sort": name}).content
    assert b"CUSTOMER" in b"".join(reader.get(LIST, {"export": "csv"}).streaming_content)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"search": "cust acc"}, {"CUSTOMER"}),
        ({"direction": "FromIntegrationTable"}, {"SALESPEOPLE"}),
        ({"troubled": "on"}, {"CUSTOMER"}),
        ({"direction": "sideways"}, set()),
    ],
)
def test_the_list_is_filtered(reader, mapping, make_mapping, couple, query, found):
    make_mapping("SALESPEOPLE", direction="FromIntegrationTable", integration_table_label="User", integration_table="systemusers")
    couple(mapping, from_result="Failure")
    rows = reader.get(LIST, query).context["table"].page.object_list.data
    assert {row.name for row in rows} == found


def test_the_factbox_tells_about_its_mapping(reader, mapping, couple, django_assert_num_queries):
    couple(mapping)
    couple(mapping, pending="ToIntegrationTable")
    page = reader.get(reverse("mappings:mapping-factbox", args=[mapping.pk])).content.decode()
    assert "1 enabled" in page
    assert 'aria-label="1 coupled records"' in page
    assert "<html" not in page


def test_a_mapping_that_is_gone_is_not_found(reader):
    assert reader.get(reverse("mappings:mapping-factbox", args=[4711])).status_code == 404


def test_an_empty_installation_says_what_to_do(reader):
    assert "No system is connected yet. Connect Business Central" in reader.get(LIST).content.decode()
