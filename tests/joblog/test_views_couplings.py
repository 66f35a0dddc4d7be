"""The couplings book: states, counts that open their rows, the history of a coupling, and what is done with many."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from joblog.coupling_filters import CouplingFilter
from joblog.models import JobQueueEntry
from joblog.scope import Scope
from joblog.views import couplings as book
from mappings.models import Coupling, IntegrationTableMapping
from syncadmin.ui import paging
from tests.joblog.conftest import MakeEntry, MakeJob, MakeMapping

MakeCoupling = Callable[..., Coupling]
BOOK = "/couplings/"
QUERIES = (
    17  # session, person, 2 x permissions, names of mappings, 7 states, count, page, jobs of the FactBox, systems of the top bar, pause
)
ENTRY_QUERIES = 11  # session, person, 2 x permissions, coupling, count, entries, their jobs, jobs of the FactBox, systems, pause
STATES: dict[str, dict[str, Any]] = {
    "in sync": {"last_synch_at": timezone.now()},
    "differs": {"last_synch_at": timezone.now(), "differs_since": timezone.now()},
    "failing": {"to_result": "Failure", "to_error": "too-long:name", "last_error": "Too long."},
    "skipped": {"from_result": "Failure", "skipped": True},
    "pending": {"pending": "ToIntegrationTable", "sales_key": None},
    "broken": {"to_result": "Failure", "to_error": "deleted:", "skipped": True, "gone": "sales"},
    "new": {},
}


@pytest.fixture
def one_of_each(make_coupling: MakeCoupling) -> dict[str, Coupling]:
    return {state: make_coupling(bc_label=f"{state} record", **values) for state, values in STATES.items()}


def shown(client: Client, query: str = "") -> list[Coupling]:
    return [row.record for row in client.get(f"{BOOK}{query}").context["table"].page.object_list]


def scopes() -> list[tuple[str, Scope]]:
    return [(entry.run_kind, Scope.from_json(entry.parameters)) for entry in JobQueueEntry.objects.order_by("pk")]


def test_every_coupling_is_in_one_state_and_found_by_it(reader: Client, one_of_each: dict[str, Coupling]) -> None:
    assert {state: shown(reader, f"?state={state}") for state in STATES} == {state: [row] for state, row in one_of_each.items()}
    assert len(shown(reader)) == len(STATES)


def test_what_is_left_to_the_other_side_differs(reader: Client, make_coupling: MakeCoupling) -> None:
    row = make_coupling(to_result="Failure", to_error="owed", last_synch_at=timezone.now())
    assert shown(reader, "?state=differs") == [row]


def test_every_count_opens_exactly_its_rows(reader: Client, one_of_each: dict[str, Coupling], make_mapping: MakeMapping) -> None:
    contact = make_mapping("CONTACT", business_central=one_of_each["new"].mapping.business_central, sales=one_of_each["new"].mapping.sales)
    Coupling.objects.filter(pk=one_of_each["skipped"].pk).update(mapping=contact)
    for narrowed in ("", "?mapping=CUSTOMER", "?mapping=CONTACT", "?mapping=CUSTOMER&state=failing&search=nobody"):
        tabs = reader.get(f"{BOOK}{narrowed}").context["tabs"]
        assert len(tabs) == 8
        assert {tab.label: len(reader.get(tab.url).context["table"].rows) for tab in tabs} == {tab.label: tab.number.number for tab in tabs}


def test_a_count_stops_where_lists_do(reader: Client, make_coupling: MakeCoupling, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "LIMIT", 3)
    for _ in range(5):
        make_coupling()
    page = reader.get(BOOK).content.decode()
    assert 'New <b class="info">3+</b>' in page and "3+ couplings" in page


def test_no_query_per_coupling(
    reader: Client, mapping: IntegrationTableMapping, make_coupling: MakeCoupling, django_assert_num_queries
) -> None:
    make_coupling(to_job_id=1)
    reader.get(BOOK)
    with django_assert_num_queries(QUERIES):
        reader.get(BOOK)
    for number in range(40):
        make_coupling(last_error="No.", to_result="Failure", to_job_id=number)
    with django_assert_num_queries(QUERIES):
        reader.get(BOOK)


@pytest.mark.parametrize(
    ("query", "index"),
    [({"state": "failing"}, "coupling_of_state"), ({"state": "failing", "mapping": "CUSTOMER"}, "coupling_of_mapping")],
)
def test_a_state_is_read_and_counted_from_its_own_index(mapping: IntegrationTableMapping, query: dict[str, str], index: str) -> None:
    rows = CouplingFilter(query, queryset=Coupling.objects.all()).qs
    for plan in (rows.order_by("-pk")[:50].explain(), rows.order_by().values("pk")[:10].explain()):
        if connection.vendor == "sqlite":
            assert f"INDEX {index}" in plan
            assert "TEMP B-TREE" not in plan


def test_lists_of_mappings_lead_to_the_book(reader: Client, one_of_each: dict[str, Coupling], mapping: IntegrationTableMapping) -> None:
    address = reverse("joblog:coupling-list", args=[mapping.pk])
    failed = reader.get(f"{address}?state=failed", follow=True)
    assert failed.redirect_chain[-1][0] == "/couplings/?mapping=CUSTOMER&state=failed"
    assert [row.record for row in failed.context["table"].page.object_list] == [one_of_each["failing"]]
    skipped = reader.get(f"{address}?state=skipped", follow=True)
    assert skipped.redirect_chain[-1][0] == "/skipped-records/?mapping=CUSTOMER"
    assert len(skipped.context["table"].rows) == 2


def test_two_companies_are_told_apart(reader: Client, mapping: IntegrationTableMapping, make_coupling: MakeCoupling) -> None:
    other = IntegrationTableMapping.objects.get(pk=mapping.pk)
    system = mapping.business_central
    system.pk, system.name, system.company = None, "Fabrikam", "Fabrikam"
    system.save()
    other.pk, other.business_central = None, system
    other.save()
    row = make_coupling(mapping=other)
    make_coupling()
    assert (
        reader.get(reverse("joblog:coupling-list", args=[other.pk])).headers["Location"] == "/couplings/?mapping=CUSTOMER&company=Fabrikam"
    )
    assert shown(reader, "?mapping=CUSTOMER&company=Fabrikam") == [row]


def test_a_coupling_shows_its_facts_and_all_that_happened(
    reader: Client, make_coupling: MakeCoupling, make_job: MakeJob, make_entry: MakeEntry
) -> None:
    job = make_job()
    row = make_coupling(sales_label="Adatum Ltd.", to_result="Success", to_job_id=job.pk, origin="match")
    make_entry(job, "Modified", source_key=row.bc_key, changes=[{"field": "name", "label": "Name", "old": "Old name", "new": "New name"}])
    make_entry(make_job(), "Failed", source_key="another")
    page = reader.get(reverse("joblog:coupling", args=[row.pk])).content.decode()
    assert "<h1>10000 Adatum ⇄ Adatum Ltd.</h1>" in page
    assert "Old name" in page and "New name" in page and "another" not in page
    assert f'<a href="/log/{job.pk}/">Success</a>' in page and "match" in page


def test_the_history_asks_no_query_per_entry(
    reader: Client, make_coupling: MakeCoupling, make_job: MakeJob, make_entry: MakeEntry, django_assert_num_queries
) -> None:
    row = make_coupling(to_job_id=1)
    address = reverse("joblog:coupling", args=[row.pk])
    make_entry(make_job(), source_key=row.bc_key)
    reader.get(address)
    with django_assert_num_queries(ENTRY_QUERIES):
        reader.get(address)
    for _ in range(30):
        make_entry(make_job(), source_key=row.bc_key)
    with django_assert_num_queries(ENTRY_QUERIES):
        reader.get(address)


@pytest.mark.parametrize(
    ("do", "kind"),
    [("uncouple", "uncouple"), ("restore", "restore"), ("delete", "delete"), ("find-deleted", "find_deleted"), ("compare", "preview")],
)
def test_an_action_takes_the_ticked_couplings_of_all_their_mappings(
    operator: Client, make_coupling: MakeCoupling, make_mapping: MakeMapping, mapping: IntegrationTableMapping, do: str, kind: str
) -> None:
    contact = make_mapping("CONTACT", business_central=mapping.business_central, sales=mapping.sales)
    one, two, alone = make_coupling(), make_coupling(mapping=contact), make_coupling(bc_key=None)
    make_coupling()
    operator.post(BOOK, {"do": do, "coupling": [one.pk, two.pk, alone.pk]})
    found = {(which, scope.bc_keys, scope.sales_keys) for which, scope in scopes()}
    assert found == {(kind, (one.bc_key,), (alone.sales_key,)), (kind, (two.bc_key,), ())}


def test_all_that_match_the_filter_are_retried_on_all_pages(operator: Client, make_coupling: MakeCoupling) -> None:
    wanted = [make_coupling(to_result="Failure", skipped=True, last_error="The currency is not coupled.") for _ in range(60)]
    spared = make_coupling(to_result="Failure", skipped=True, last_error="Too long.")
    answer = operator.post(f"{BOOK}?state=skipped&search=currency&per_page=25", {"do": "retry all"}, follow=True)
    ((kind, scope),) = scopes()
    assert (kind, set(scope.bc_keys)) == ("synchronize", {row.bc_key for row in wanted})
    assert list(Coupling.objects.filter(skipped=True)) == [spared]
    assert "60 couplings will be retried, in the background." in answer.content.decode()


def test_without_a_choice_whole_mappings_are_compared(
    operator: Client, mapping: IntegrationTableMapping, make_mapping: MakeMapping
) -> None:
    systems = {"business_central": mapping.business_central, "sales": mapping.sales}
    make_mapping("LINES", parent_name="CUSTOMER", **systems)
    make_mapping("CONTACT", **systems)
    operator.post(f"{BOOK}?mapping=CUSTOMER", {"do": "compare"})
    assert [(entry.mapping.name, entry.parameters) for entry in JobQueueEntry.objects.all()] == [
        ("CUSTOMER", {"full": True, "compare": True})
    ]
    answer = operator.post(BOOK, {"do": "find-deleted"}, follow=True)
    assert "All records of CONTACT, CUSTOMER will be looked through" in answer.content.decode()


def test_too_many_are_refused(operator: Client, make_coupling: MakeCoupling, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "AT_ONCE", 2)
    for _ in range(3):
        make_coupling()
    answer = operator.post(BOOK, {"do": "uncouple all"}, follow=True)
    assert "Nothing was started: these are more than 2 couplings." in answer.content.decode()
    assert not JobQueueEntry.objects.exists()


@pytest.mark.parametrize("data", [{}, {"do": "wipe", "coupling": "1"}, {"do": "retry"}, {"do": "uncouple", "coupling": "x"}])
def test_without_couplings_or_a_known_action_nothing_starts(
    operator: Client, mapping: IntegrationTableMapping, data: dict[str, str]
) -> None:
    assert "Nothing was started" in operator.post(BOOK, data, follow=True).content.decode()
    assert not JobQueueEntry.objects.exists()


def test_a_filter_that_makes_no_sense_takes_nothing(operator: Client, make_coupling: MakeCoupling) -> None:
    make_coupling()
    for query in ("?mapping=NOBODY", "?state=fine", "?f.failed_at=yesterdayish", "?f.colour=red"):
        assert "Nothing was started" in operator.post(f"{BOOK}{query}", {"do": "uncouple all"}, follow=True).content.decode()
    assert not JobQueueEntry.objects.exists()


def test_a_reader_sees_the_book_and_changes_nothing(reader: Client, make_coupling: MakeCoupling) -> None:
    row = make_coupling()
    page = reader.get(BOOK).content.decode()
    assert "10000 Adatum" in page and "Retry" not in page and "Delete Couplings" not in page
    assert reader.post(BOOK, {"do": "uncouple", "coupling": row.pk}).status_code == 403


def test_the_book_is_exported_as_it_is_filtered(reader: Client, one_of_each: dict[str, Coupling]) -> None:
    lines = reader.get(f"{BOOK}?state=broken&export=csv").getvalue().decode().splitlines()
    assert len(lines) == 2 and "Broken" in lines[1] and "broken record" in lines[1]


def test_the_pane_filters_by_state(reader: Client, one_of_each: dict[str, Coupling]) -> None:
    assert set(shown(reader, "?f.state=broken|failing")) == {one_of_each["broken"], one_of_each["failing"]}
    assert re.search(r'<option value="state">State</option>', reader.get(BOOK).content.decode())


def test_all_couplings_of_mappings_are_deleted_at_once(operator: Client, reader: Client, mapping: IntegrationTableMapping) -> None:
    address = reverse("joblog:uncouple-mappings")
    answer = operator.post(address, {"mapping": mapping.pk}, follow=True)
    assert "All couplings of CUSTOMER will be deleted in the background." in answer.content.decode()
    assert [(kind, scope.explicit) for kind, scope in scopes()] == [("uncouple", False)]
    assert "select a mapping first" in operator.post(address, follow=True).content.decode()
    assert reader.post(address, {"mapping": mapping.pk}).status_code == 403
