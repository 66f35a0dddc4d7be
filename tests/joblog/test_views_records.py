"""Records of a mapping from either side, and one record beside its counterpart."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from joblog import runner
from joblog.models import JobQueueEntry, SynchEntry
from joblog.scope import Scope
from joblog.views.set_up_coupling import first_search
from mappings.models import Coupling, IntegrationTableMapping
from tests.joblog.conftest import MakeEntry, MakeJob, MakeMapping
from tests.people import People


@pytest.fixture
def customers(customer: IntegrationTableMapping, people: People) -> list[str]:
    """Keys of three customers in Business Central, two of them synchronized."""
    keys = [people.create_bc("customers", number=f"T{number}", displayName=name)["id"] for number, name in enumerate(("Alpha", "Beta"))]
    with pytest.raises(SystemExit, match="0"):
        call_command("synchronize", "CUSTOMER", "--json")
    return [*keys, people.create_bc("customers", number="T3", displayName="Gamma")["id"]]


def records(client: Client, mapping: IntegrationTableMapping, query: str = "") -> str:
    return client.get(f"{reverse('joblog:record-list', args=[mapping.pk])}{query}").content.decode()


def names(page: str) -> list[str]:
    return re.findall(r"<b>(?:T\d )?(\w+)</b>", page)


def record(client: Client, mapping: IntegrationTableMapping, key: str, side: str = "business_central") -> str:
    return client.get(reverse("joblog:record", args=[mapping.pk, side, key])).content.decode()


def decide(mapping: IntegrationTableMapping, key: str) -> str:
    return reverse("joblog:decide-conflict", args=[mapping.pk, "business_central", key])


@pytest.mark.rule("23.coupled")
def test_records_are_listed_live_from_either_side_with_their_partners(
    reader: Client, customer: IntegrationTableMapping, customers: list[str]
) -> None:
    there = records(reader, customer)
    assert names(there) == ["Alpha", "Beta", "Gamma"]
    assert (there.count(">In sync</span>"), there.count(">Not coupled</span>")) == (2, 1)
    assert reverse("joblog:record", args=[customer.pk, "business_central", customers[2]]) in there
    back = records(reader, customer, "?side=sales")
    assert sorted(names(back)) == ["Alpha", "Beta"]
    assert reverse("joblog:record", args=[customer.pk, "business_central", customers[0]]) in back


@pytest.mark.parametrize(("query", "expected"), [("?q=amm", ["Gamma"]), ("?coupled=no", ["Gamma"]), ("?coupled=yes", ["Alpha", "Beta"])])
def test_records_are_searched_and_narrowed(
    reader: Client, customer: IntegrationTableMapping, customers: list[str], query: str, expected: list[str]
) -> None:
    assert names(records(reader, customer, query)) == expected


def test_further_pages_follow_only_links_that_the_system_gave(reader: Client, customer: IntegrationTableMapping, people: People) -> None:
    people.create_many_bc("customers", [{"displayName": f"Many {number:03}"} for number in range(60)])
    first = records(reader, customer)
    link = re.search(r'rel="next" href="([^"]+)"', first)
    assert link is not None and first.count("data-select data-name") == 50
    second = records(reader, customer, link[1].replace("&amp;", "&"))
    assert second.count("data-select data-name") == 10
    assert "First page" in second
    forged = reader.get(f"{reverse('joblog:record-list', args=[customer.pk])}?link=http://127.0.0.1:1/steal")
    assert forged.status_code == 404


def test_a_system_out_of_reach_shows_its_text(reader: Client, mapping: IntegrationTableMapping) -> None:
    page = reader.get(reverse("joblog:record-list", args=[mapping.pk]))
    assert page.status_code == 200
    assert "The records cannot be shown:" in page.content.decode()
    there = reader.get(reverse("joblog:set-up-coupling", args=[mapping.pk, "sales", str(uuid.uuid4())])).content.decode()
    assert "The records cannot be shown as they are now:" in there


def test_a_record_out_of_reach_still_shows_coupling_and_history(
    reader: Client, mapping: IntegrationTableMapping, make_coupling: Callable[..., Coupling], make_job: MakeJob, make_entry: MakeEntry
) -> None:
    coupling = make_coupling(bc_label="10000 Adatum", origin="match")
    entry = make_entry(make_job(), "Modified", destination_key=coupling.sales_key, changes=[{"field": "a", "old": "1", "new": "2"}])
    page = record(reader, mapping, coupling.bc_key)
    assert "The record cannot be shown as it is now:" in page
    assert "<h1>10000 Adatum</h1>" in page
    assert f'/log/{entry.job_id}/entries/?record={coupling.bc_key}">1 field</a>' in page


def test_both_values_stand_side_by_side_with_what_the_next_run_does(
    reader: Client, customer: IntegrationTableMapping, customers: list[str], people: People
) -> None:
    people.change_bc("customers", customers[0], city="Kyiv <b>")
    page = record(reader, customer, customers[0])
    assert '<td class="changed" data-side="Business Central">Kyiv &lt;b&gt;</td>' in page
    assert "will be sent to Sales" in page
    assert '<tr class="equal">' in page


def test_a_conflict_offers_both_sides(operator: Client, customer: IntegrationTableMapping, customers: list[str], people: People) -> None:
    coupling = Coupling.objects.get(bc_key=customers[0])
    people.change_bc("customers", customers[0], city="Kyiv")
    people.change_sales("accounts", coupling.sales_key, address1_city="Lviv")
    page = record(operator, customer, coupling.sales_key, "sales")
    assert '<span class="pill bad">Conflict</span>' in page
    assert "Keep All of Business Central" in page and "Keep All of Dynamics 365 Sales" in page
    assert 'name="keep.city" value="business_central"' in page and 'name="keep.city" value="sales"' in page
    assert page.count('name="keep.') == 2


def test_a_conflict_is_decided_field_by_field(
    operator: Client, customer: IntegrationTableMapping, customers: list[str], people: People
) -> None:
    coupling = Coupling.objects.get(bc_key=customers[0])
    people.change_bc("customers", customers[0], city="Kyiv", phoneNumber="1", postalCode="01001")
    people.change_sales("accounts", coupling.sales_key, address1_city="Lviv", telephone1="2", address1_postalcode="79000")
    operator.post(decide(customer, customers[0]), {"keep.city": "business_central", "keep.phoneNumber": "sales"})
    runner.run(JobQueueEntry.objects.get(recurring=False, status="Ready").pk)
    (left,) = people.rows_bc("customers", f"id eq {customers[0]}")
    (right,) = people.rows_sales("accounts", f"accountid eq {coupling.sales_key}")
    assert (left["city"], right["address1_city"]) == ("Kyiv", "Kyiv")
    assert (left["phoneNumber"], right["telephone1"]) == ("2", "2")
    assert (left["postalCode"], right["address1_postalcode"]) == ("01001", "79000"), "what nobody decided stays in conflict"


def test_a_decision_about_a_record_whose_coupling_is_gone_is_told_and_starts_nothing(
    operator: Client, customer: IntegrationTableMapping, customers: list[str]
) -> None:
    page = record(operator, customer, customers[0])
    assert f'name="seen_coupling" value="{Coupling.objects.get(bc_key=customers[0]).pk}"' in page
    Coupling.objects.all().delete()
    answer = operator.post(decide(customer, customers[0]), {"keep.city": "sales"}, follow=True)
    assert "the coupling of this record was deleted meanwhile" in answer.content.decode()
    assert not JobQueueEntry.objects.filter(recurring=False, status="Ready").exists()


@pytest.mark.parametrize("data", [{}, {"keep.city": "nobody"}, {"all": "both"}])
def test_nothing_decided_is_told_and_starts_nothing(
    operator: Client, customer: IntegrationTableMapping, customers: list[str], data: dict[str, str]
) -> None:
    answer = operator.post(decide(customer, customers[0]), data, follow=True)
    assert "Nothing was decided" in answer.content.decode()
    assert not JobQueueEntry.objects.filter(status="Ready", recurring=False).exists()


def test_the_history_of_a_record_spans_both_sides_and_all_jobs(
    reader: Client, customer: IntegrationTableMapping, customers: list[str]
) -> None:
    coupling = Coupling.objects.get(bc_key=customers[0])
    entry = SynchEntry.objects.get(source_key=customers[0])
    for key, side in ((coupling.bc_key, "business_central"), (coupling.sales_key, "sales")):
        page = record(reader, customer, key, side)
        assert f'<a href="/log/{entry.job_id}/entries/?record={key}">created</a>' in page


def test_a_reader_sees_a_record_and_no_buttons(reader: Client, customer: IntegrationTableMapping, customers: list[str]) -> None:
    page = record(reader, customer, customers[0])
    assert "Synchronize Now" not in page and "Delete Coupling" not in page
    assert "Synchronization Log" in page


@pytest.mark.rule("9.2.refused", "23.record.skipped")
def test_a_skipped_record_says_why_and_can_be_retried(
    operator: Client, mapping: IntegrationTableMapping, make_coupling: Callable[..., Coupling]
) -> None:
    coupling = make_coupling(skipped=True, to_result="Failure", last_error="The currency GBP is not coupled.")
    page = record(operator, mapping, coupling.bc_key)
    assert "Skipped because the same error repeated itself" in page
    assert "The currency GBP is not coupled." in page
    operator.post("/errors/retry/", {"coupling": coupling.pk})
    assert Scope.from_json(JobQueueEntry.objects.get().parameters).bc_keys == (coupling.bc_key,)


@pytest.mark.parametrize("end", ["nowhere/{key}/", "sales/not-a-key/", "sales/1'%20or%201=1/"])
def test_what_is_no_record_is_not_found(reader: Client, mapping: IntegrationTableMapping, end: str) -> None:
    address = reverse("joblog:record-list", args=[mapping.pk]) + end.format(key=uuid.uuid4())
    assert reader.get(address).status_code == 404


def test_records_of_a_page_are_matched_with_couplings_at_once(
    reader: Client, customer: IntegrationTableMapping, people: People, django_assert_max_num_queries
) -> None:
    people.create_many_bc("customers", [{"displayName": f"Many {number:03}"} for number in range(40)])
    with django_assert_max_num_queries(16):
        records(reader, customer)


def test_the_history_says_when_a_job_has_dealt_with_the_record_meanwhile(
    reader: Client, mapping: IntegrationTableMapping, make_job: MakeJob, make_entry: MakeEntry
) -> None:
    key = str(uuid.uuid4())
    address = reverse("joblog:record-history", args=[mapping.pk, "business_central", key])
    seen = make_entry(make_job(), "Modified", source_key=key)
    assert "meanwhile" not in reader.get(f"{address}?seen={seen.pk}").content.decode()
    make_entry(make_job(), "Skipped", source_key=key)
    fragment = reader.get(f"{address}?seen={seen.pk}").content.decode()
    assert "A job has dealt with this record meanwhile." in fragment
    assert '<span class="pill warn">skipped</span>' in fragment


def log_of(client: Client, mapping: IntegrationTableMapping, key: str, query: str = "") -> list[int]:
    address = reverse("joblog:record-log", args=[mapping.pk, "business_central", key])
    return [row.record.pk for row in client.get(f"{address}{query}").context["table"].page.object_list]


def test_the_full_history_has_all_entries_of_both_keys_whatever_job_made_them(
    reader: Client,
    mapping: IntegrationTableMapping,
    make_job: MakeJob,
    make_entry: MakeEntry,
    make_mapping: MakeMapping,
    make_coupling: Callable[..., Coupling],
) -> None:
    row = make_coupling()
    made = [
        make_entry(make_job(days=400), source_key=row.bc_key),
        make_entry(make_job(direction="FromIntegrationTable"), "Modified", source_key=row.sales_key),
        make_entry(make_job(type="Uncoupling"), "Uncoupled", destination_key=row.sales_key),
        make_entry(make_job(mapping=make_mapping("STATISTICS")), "Skipped", source_key=row.bc_key),
    ]
    make_entry(make_job())
    assert log_of(reader, mapping, str(row.bc_key)) == [one.pk for one in reversed(made)]
    assert log_of(reader, mapping, str(row.bc_key), "?action=Failed") == [made[0].pk]
    assert log_of(reader, mapping, str(row.bc_key), "?per_page=25&page=2") == [one.pk for one in reversed(made)]


def test_the_full_history_asks_no_query_per_entry(
    reader: Client, mapping: IntegrationTableMapping, make_job: MakeJob, make_entry: MakeEntry, django_assert_num_queries
) -> None:
    key = str(uuid.uuid4())
    log_of(reader, mapping, key)
    for _ in range(30):
        make_entry(make_job(), source_key=key)
    with django_assert_num_queries(11):  # session, person, 2 x permissions, mapping, coupling, count, entries, jobs, systems, pause
        assert len(log_of(reader, mapping, key)) == 30


@pytest.mark.parametrize(
    ("title", "search"), [("10000 Adatum Corporation", "Adatum Corporation"), ("Adatum Corporation", "Adatum Corporation")]
)
def test_a_counterpart_is_searched_by_name(title: str, search: str) -> None:
    assert first_search(title) == search


def press(client: Client, mapping: IntegrationTableMapping, coupling: Coupling, run: str) -> None:
    """The button of the page, and the run that it starts."""
    client.post(reverse("joblog:deleted", args=[mapping.pk]), {"coupling": coupling.pk, "run": run})
    runner.run(JobQueueEntry.objects.get(recurring=False, status="Ready").pk)


def test_a_deleted_counterpart_is_restored_from_the_page_of_the_record(
    operator: Client, customer: IntegrationTableMapping, customers: list[str], people: People
) -> None:
    coupling = Coupling.objects.get(bc_key=customers[0])
    people.delete_sales("accounts", str(coupling.sales_key))
    page = record(operator, customer, customers[0])
    assert "was deleted in Dynamics 365 Sales" in page
    assert (page.count('value="restore"'), page.count('value="delete"')) == (1, 1)
    press(operator, customer, coupling, "restore")
    assert {row["name"] for row in people.rows_sales("accounts")} == {"Alpha", "Beta"}
    assert "was deleted in" not in record(operator, customer, customers[0])


def test_what_is_left_is_deleted_from_the_page_of_the_record(
    operator: Client, customer: IntegrationTableMapping, customers: list[str], people: People
) -> None:
    coupling = Coupling.objects.get(bc_key=customers[0])
    people.delete_sales("accounts", str(coupling.sales_key))
    press(operator, customer, coupling, "delete")
    assert customers[0] not in {row["id"] for row in people.rows_bc("customers")}
    assert not Coupling.objects.filter(pk=coupling.pk).exists()


def test_a_record_is_not_restored_against_the_direction_of_its_mapping(
    operator: Client, customer: IntegrationTableMapping, customers: list[str], people: People
) -> None:
    IntegrationTableMapping.objects.filter(pk=customer.pk).update(direction="FromIntegrationTable")
    people.delete_sales("accounts", str(Coupling.objects.get(bc_key=customers[0]).sales_key))
    page = record(operator, customer, customers[0])
    assert (page.count('value="restore"'), page.count('value="delete"')) == (0, 1)


def test_a_reader_sees_that_it_was_deleted_and_no_button(
    reader: Client, customer: IntegrationTableMapping, customers: list[str], people: People
) -> None:
    people.delete_sales("accounts", str(Coupling.objects.get(bc_key=customers[0]).sales_key))
    page = record(reader, customer, customers[0])
    assert "was deleted in Dynamics 365 Sales" in page
    assert 'value="restore"' not in page


def test_one_way_it_asks_before_it_overwrites_what_was_changed_there(
    operator: Client, customer: IntegrationTableMapping, customers: list[str], people: People
) -> None:
    coupling = Coupling.objects.get(bc_key=customers[0])
    IntegrationTableMapping.objects.update(direction="ToIntegrationTable", update_conflict_resolution="SendUpdateToIntegration")
    people.change_bc("customers", customers[0], city="Kyiv")
    assert "would be overwritten" not in record(operator, customer, customers[0])
    people.change_sales("accounts", coupling.sales_key, address1_city="Lviv")
    assert re.search(
        'value="synchronize" data-confirm="[^"]* was changed in Dynamics 365 Sales, too: [^"]*would be overwritten',
        record(operator, customer, customers[0]),
    )


def test_the_records_that_the_search_finds_are_exported_from_all_pages(
    reader: Client, customer: IntegrationTableMapping, customers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("joblog.views.record_list.EXPORT_PAGE", 1)
    address = reverse("joblog:record-list", args=[customer.pk])
    lines = reader.get(f"{address}?export=csv").getvalue().decode().splitlines()
    assert lines[0].startswith("Record,Coupling,Coupled to,")
    assert [line.split(",")[1] for line in lines[1:]] == ["In sync", "In sync", "Not coupled"]
    assert len(reader.get(f"{address}?export=csv&coupled=no").getvalue().splitlines()) == 2
    assert reader.get(f"{address}?export=xlsx").headers["Content-Disposition"] == 'attachment; filename="records.xlsx"'


def test_too_many_records_are_not_exported(
    reader: Client, customer: IntegrationTableMapping, customers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("joblog.views.record_list.EXPORT_PAGE", 1)
    monkeypatch.setattr("joblog.views.record_list.EXPORT_PAGES", 2)
    answer = reader.get(f"{reverse('joblog:record-list', args=[customer.pk])}?search=T0&export=csv", follow=True)
    assert answer.redirect_chain == [(f"{reverse('joblog:record-list', args=[customer.pk])}?search=T0", 302)]
    assert "The list has more than 2 records. Search for fewer" in answer.content.decode()
