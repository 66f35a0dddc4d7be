"""Match-Based Coupling: criteria, a preview before anything is coupled, and the coupling of what it found."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from joblog import runner
from joblog.models import JobQueueEntry
from joblog.scope import Scope
from mappings.models import ConfigurationChange, Coupling, IntegrationTableMapping
from tests.people import People

QUERIES = 19  # whatever the number of records; session and person, 8 for the criteria, 5 for the preview and its numbers, the frame


@pytest.fixture
def page(company: People) -> str:
    return reverse("joblog:match", args=[mapping().pk])


@pytest.fixture
def people_on_both_sides(company: People) -> None:
    """Alpha has one account, Beta two, Gamma none."""
    for number, name in enumerate(("Alpha", "Beta", "Gamma")):
        company.create_bc("customers", number=f"T{number}", displayName=name)
    for name in ("Alpha", "Beta", "Beta"):
        company.create_sales("accounts", name=name, customertypecode=3)


def mapping() -> IntegrationTableMapping:
    return IntegrationTableMapping.objects.get(name="CUSTOMER")


def run() -> JobQueueEntry:
    """The run that the last button has started."""
    entry = JobQueueEntry.objects.get(recurring=False, status="Ready")
    runner.run(entry.pk)
    return entry


def preview(operator: Client, page: str, **data: str) -> None:
    operator.post(page, {"do": "preview"} | data)
    run()


def results(client: Client, page: str, query: str = "") -> dict[str, str]:
    table = client.get(f"{page}{query}").context["table"]
    return {row.record.source_label: row.get_cell_value("result") for row in table.paginated_rows}


def test_a_preview_tells_of_each_record_and_couples_nothing(operator: Client, page: str, people_on_both_sides: None) -> None:
    preview(operator, page)
    assert results(operator, page) == {"T0 Alpha": "Would be coupled", "T1 Beta": "Ambiguous", "T2 Gamma": "No match"}
    assert not Coupling.objects.exists()
    shown = operator.get(page).content.decode()
    assert "Matched by Display Name (Alpha)." in shown and "2 Account records match" in shown


def test_each_number_opens_its_rows(operator: Client, page: str, people_on_both_sides: None) -> None:
    preview(operator, page)
    tabs = {tab.result: tab.number for tab in operator.get(page).context["tabs"]}
    assert tabs == {"": 3, "couple": 1, "ambiguous": 1, "no-match": 1}
    assert {name: len(results(operator, page, f"?result={name}" if name else "")) for name in tabs} == tabs


def test_what_has_no_match_is_created_where_that_is_ticked(operator: Client, page: str, people_on_both_sides: None) -> None:
    preview(operator, page, create_new="1")
    assert results(operator, page)["T2 Gamma"] == "No match: would be created"
    assert 'name="create_new" value="1" checked' in operator.get(page).content.decode()


def test_all_that_match_are_coupled(operator: Client, page: str, people_on_both_sides: None, company: People) -> None:
    preview(operator, page)
    operator.post(page, {"do": "couple", "create_new": "1", "synch_after": "1"})
    run()
    assert {row.bc_label for row in Coupling.objects.all()} == {"T0 Alpha", "T2 Gamma"}
    assert sorted(row["name"] for row in company.rows_sales("accounts")) == ["Alpha", "Beta", "Beta", "Gamma"]


def test_the_selected_pairs_are_coupled_exactly(operator: Client, page: str, people_on_both_sides: None) -> None:
    preview(operator, page)
    rows = operator.get(page).context["table"].page.object_list
    operator.post(page, {"do": "selected", "entry": [row.record.pk for row in rows]})
    assert len(Scope.from_json(JobQueueEntry.objects.get(recurring=False, status="Ready").parameters).pairs) == 1
    run()
    assert [row.sales_label for row in Coupling.objects.all()] == ["Alpha"]


def test_a_person_chooses_among_the_candidates(operator: Client, page: str, people_on_both_sides: None, company: People) -> None:
    preview(operator, page)
    (row,) = operator.get(f"{page}?result=ambiguous").context["table"].page.object_list
    chosen = row.record.detail["candidates"][1]["key"]
    assert f'value="{row.record.source_key} {chosen}"' in operator.get(page).content.decode()
    operator.post(page, {"pair": f"{row.record.source_key} {chosen}"})
    run()
    assert Coupling.objects.get().sales_key == chosen


@pytest.mark.parametrize("pair", ["x y", "", "x", "00000000-0000-0000-0000-000000000000 1"])
def test_only_candidates_can_be_chosen(operator: Client, page: str, people_on_both_sides: None, pair: str) -> None:
    preview(operator, page)
    answer = operator.post(page, {"pair": pair}, follow=True)
    assert "Nothing was coupled" in answer.content.decode()
    assert not JobQueueEntry.objects.filter(run_kind="couple").exists()


def test_selected_records_are_previewed_alone(operator: Client, page: str, people_on_both_sides: None, company: People) -> None:
    key = company.rows_bc("customers", "number eq 'T1'")[0]["id"]
    preview(operator, page, keys=key, side="business_central")
    assert results(operator, page) == {"T1 Beta": "Ambiguous"}
    answer = operator.post(page, {"do": "preview", "keys": key, "side": "sales"}, follow=True)
    assert "starts from records of Business Central" in answer.content.decode()


def test_without_match_fields_it_says_what_to_do(operator: Client, page: str, people_on_both_sides: None) -> None:
    mapping().field_mappings.update(use_for_match=False)
    assert "nothing yet: choose fields below" in operator.get(page).content.decode()
    preview(operator, page)
    shown = operator.get(page).content.decode()
    assert "The preview could not be made." in shown and "turn on Use For Match-Based Coupling" in shown


def test_administrators_choose_the_fields_and_the_change_is_kept(signed_in: Callable[[str], Client], page: str) -> None:
    administrator = signed_in("Administrator")
    forms = administrator.get(page).context["criteria"]
    city = next(place for place, form in enumerate(forms.forms) if form.instance.field == "city")
    data = {"do": "criteria", "match-TOTAL_FORMS": len(forms.forms), "match-INITIAL_FORMS": len(forms.forms)}
    for place, form in enumerate(forms.forms):
        data |= {f"match-{place}-id": form.instance.pk, f"match-{place}-match_priority": form.instance.match_priority}
        data |= {f"match-{place}-use_for_match": "on"} if form.instance.use_for_match else {}
    administrator.post(page, data | {f"match-{city}-use_for_match": "on", f"match-{city}-match_priority": "2"})
    chosen = mapping().field_mappings.filter(use_for_match=True).order_by("match_priority")
    assert list(chosen.values_list("field", "match_priority")) == [("displayName", 0), ("city", 2)]
    assert ConfigurationChange.objects.latest("pk").what == "Fields for match-based coupling"
    assert signed_in("Operator").post(page, data).status_code == 403


def test_a_reader_sees_the_preview_and_couples_nothing(reader: Client, operator: Client, page: str, people_on_both_sides: None) -> None:
    preview(operator, page)
    shown = reader.get(page).content.decode()
    assert "Would be coupled" in shown and "Beta" in shown
    assert [one for one in ('name="do"', 'name="pair"', 'name="create_new"', "Save Match Fields") if one in shown] == []
    assert reader.post(page, {"do": "couple"}).status_code == 403


def test_no_query_per_record(
    reader: Client, operator: Client, page: str, people_on_both_sides: None, company: People, django_assert_num_queries
) -> None:
    preview(operator, page)
    reader.get(page)
    with django_assert_num_queries(QUERIES):
        reader.get(page)
    company.create_many_bc("customers", [{"displayName": f"Many {number:03}"} for number in range(40)])
    preview(operator, page)
    with django_assert_num_queries(QUERIES):
        reader.get(page)
