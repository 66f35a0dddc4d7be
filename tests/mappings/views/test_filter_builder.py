"""The filter builder, against the sandbox over HTTP."""

import pytest
from django.db import connection
from django.db.models import F
from django.urls import reverse

from mappings.models import ConfigurationChange, IntegrationTableMapping
from syncadmin.ui.formatting import count


@pytest.fixture
def customers(demo_company):
    return IntegrationTableMapping.objects.get(name="CUSTOMER")


def address(mapping, side="business_central"):
    return reverse("mappings:filter-builder", args=[mapping.pk, side])


def lines(*rows, **more):
    names = ("field", "operator", "value", "join")
    return {name: [row[place] for row in rows] for place, name in enumerate(names)} | more


def counted(browser, mapping, side, **query):
    return " ".join(browser.get(address(mapping, side), query, headers={"HX-Request": "true"}).content.decode().split())


def test_the_saved_filter_stands_there_in_words(administrator, customers):
    page = administrator.get(address(customers, "sales")).context
    assert page["built"].words.startswith("Status is Active and Relationship Type is Customer and (")
    assert [line["row"].operator for line in page["lines"]] == ["eq", "eq", "eq", "empty", "eq", "eq"]
    assert [line["row"].either for line in page["lines"]][:4] == [False, False, False, True]


def test_the_count_tells_what_matches_and_what_is_left_out(administrator, customers, people):
    inside = len(people.rows_bc("customers", "blocked eq ' '"))
    outside = len(people.rows_bc("customers")) - inside
    shown = counted(administrator, customers, "business_central")
    assert f"<b>{count(inside)}</b> records match" in shown
    assert f"<b>{count(outside)}</b> left out" in shown
    assert outside > 0


def test_conditions_that_are_not_saved_yet_are_counted(administrator, customers):
    shown = counted(administrator, customers, "business_central", use="rows", **lines(("number", "eq", "10000", "and")))
    assert "<b>1</b> record matches" in shown


def test_conditions_are_saved_as_text_and_in_words_with_their_history(administrator, customers):
    chosen = lines(("blocked", "empty", "", "and"), ("city", "eq", "Odense", "and"), ("city", "eq", "Skagen", "or"))
    answer = administrator.post(address(customers), chosen | {"save": "rows", "seen_version": customers.version})
    assert answer["Location"] == f"{reverse('mappings:mapping-edit', args=[customers.pk])}?changed=1"
    customers.refresh_from_db()
    assert customers.table_filter == "blocked eq ' ' and (city eq 'Odense' or city eq 'Skagen')"
    assert customers.table_filter_text == "Blocked is empty and (City is Odense or City is Skagen)"
    assert ConfigurationChange.objects.filter(name="CUSTOMER", what="Table Filter", version=customers.version).exists()


def test_a_text_is_saved_as_it_is_written(administrator, customers):
    text = "contains(displayName,'a') and blocked eq ' '"
    administrator.post(address(customers), {"save": "text", "text": text, "seen_version": customers.version})
    customers.refresh_from_db()
    assert customers.table_filter == text


def test_what_the_system_refuses_is_not_saved(administrator, customers):
    before = customers.table_filter
    answer = administrator.post(address(customers), {"save": "text", "text": "colour eq 'red'", "seen_version": customers.version})
    assert "colour" in answer.context["problem"]
    customers.refresh_from_db()
    assert customers.table_filter == before


def test_more_than_conditions_stays_text_on_the_page(administrator, customers):
    page = administrator.post(address(customers, "sales"), {"use": "text", "text": "not contains(name,'x')"})
    assert page.context["built"].rows is None
    assert "stays text" in page.content.decode()
    assert "not contains(name,&#x27;x&#x27;)" in page.content.decode()


def test_showing_conditions_saves_nothing_and_keeps_what_was_typed(administrator, customers):
    page = administrator.post(address(customers), lines(("creditLimit", "gt", "much", "and")) | {"use": "rows"})
    assert "“much” is none" in page.content.decode()
    assert page.context["lines"][0]["row"].value == "much"
    assert IntegrationTableMapping.objects.get(pk=customers.pk).version == customers.version


def test_the_company_is_given_up_only_on_a_second_thought(administrator, customers):
    sent = {"save": "text", "text": "statecode eq 0", "seen_version": customers.version}
    assert "does not keep to this company" in administrator.post(address(customers, "sales"), sent).context["problem"]
    assert administrator.post(address(customers, "sales"), sent | {"other_companies_accepted": "on"}).status_code == 302


def test_a_mapping_that_was_changed_meanwhile_is_not_overwritten(administrator, customers):
    answer = administrator.post(address(customers), {"save": "text", "text": "", "seen_version": 99})
    assert "changed by somebody else" in answer.context["problem"]


def test_a_reader_sees_the_filter_and_counts_no_other(reader, customers):
    page = reader.get(address(customers)).content.decode()
    assert "Blocked is empty" in page
    assert 'name="save"' not in page
    assert "records match" in counted(reader, customers, "business_central", use="text", text="colour eq 'red'")


def test_an_unknown_side_is_not_found(administrator, customers):
    assert administrator.get(address(customers, "moon")).status_code == 404


def test_looking_at_a_filter_needs_few_queries_and_no_request(administrator, customers, people, django_assert_num_queries):
    people.control("POST", "stats/reset")
    with django_assert_num_queries(8):  # session, person, 2 x permissions, mapping, table, systems of the top bar, pause
        administrator.get(address(customers))
    assert [one["requests"] for one in people.stats().values()] == [0, 0]


@pytest.fixture
def somebody_saves_meanwhile():
    """While the system is asked about the filter, which is when requests are counted, another person saves the mapping."""
    saved = []

    def watch(execute, sql, params, many, context):
        if "systemtraffic" in sql.lower() and not saved:
            saved.append(IntegrationTableMapping.objects.filter(name="CUSTOMER").update(version=F("version") + 1, description="Theirs"))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield saved


def test_a_filter_is_not_saved_over_what_somebody_saved_while_it_was_checked(administrator, customers, somebody_saves_meanwhile):
    sent = {"save": "text", "text": "blocked eq 'All'", "seen_version": customers.version}
    page = administrator.post(address(customers), sent).content.decode()
    assert somebody_saves_meanwhile
    assert "was changed by somebody else" in page
    assert IntegrationTableMapping.objects.get(pk=customers.pk).table_filter == customers.table_filter


def test_a_mapping_is_not_saved_over_what_somebody_saved_while_its_filter_was_checked(
    administrator, customers, posted, somebody_saves_meanwhile
):
    card = reverse("mappings:mapping-edit", args=[customers.pk])
    sent = posted(administrator.get(card).context["form"], table_filter="blocked eq 'All'", description="Ours")
    somebody_saves_meanwhile.clear()
    IntegrationTableMapping.objects.filter(pk=customers.pk).update(version=customers.version)
    page = administrator.post(card, sent).content.decode()
    assert somebody_saves_meanwhile
    assert "was changed by somebody else" in page
    assert IntegrationTableMapping.objects.get(pk=customers.pk).description == "Theirs"
