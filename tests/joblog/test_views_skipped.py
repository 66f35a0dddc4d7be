"""Coupled Data Synchronization Errors: what is skipped, which of the two records is gone, and the way out."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from joblog.models import JobQueueEntry
from mappings.models import Coupling, IntegrationTableMapping
from tests.people import People

MakeCoupling = Callable[..., Coupling]
PAGE = "/skipped-records/"
QUERIES = 9  # session, person, 2 x permissions, names of mappings, count, page, systems of the top bar, pause


@pytest.fixture
def skip(make_coupling: MakeCoupling) -> MakeCoupling:
    def make(**values: Any) -> Coupling:
        plain = {"skipped": True, "to_result": "Failure", "last_error": "The currency GBP is not coupled.", "failed_at": timezone.now()}
        return make_coupling(**(plain | values))

    return make


def cells(client: Client, query: str = "") -> list[dict[str, Any]]:
    table = client.get(f"{PAGE}{query}").context["table"]
    return [{column.name: value for column, value in row.items()} for row in table.paginated_rows]


def test_only_skipped_records_are_shown_newest_first(reader: Client, skip: MakeCoupling, make_coupling: MakeCoupling) -> None:
    make_coupling(to_result="Failure")
    one, two = skip(), skip()
    assert [row.record for row in reader.get(PAGE).context["table"].page.object_list] == [two, one]


def test_a_row_tells_what_the_reference_tells(reader: Client, skip: MakeCoupling) -> None:
    skip(sales_label="Adatum Ltd.")
    (row,) = cells(reader)
    assert row["table"] == "Customer" and "10000 Adatum" in row["name"] and "Adatum Ltd." in row["sales_label"]
    assert "GBP" in row["last_error"] and "<time" in row["failed_at"]
    assert "yes" in row["exists"] and "yes" in row["sales_exists"]


@pytest.mark.parametrize(
    ("values", "exist"),
    [
        ({"gone": "sales"}, (True, False)),
        ({"gone": "business_central"}, (False, True)),
        ({"gone": "both"}, (False, False)),
        ({"pending": "ToIntegrationTable"}, (True, False)),
        ({"bc_key": None}, (False, True)),
    ],
)
def test_it_says_which_record_exists(reader: Client, skip: MakeCoupling, values: dict[str, Any], exist: tuple[bool, bool]) -> None:
    skip(**values)
    (row,) = cells(reader)
    assert ("yes" in row["exists"], "yes" in row["sales_exists"]) == exist


def test_it_is_filtered_by_which_record_exists(reader: Client, skip: MakeCoupling) -> None:
    gone, coming, there = skip(gone="sales"), skip(pending="ToIntegrationTable"), skip()

    def shown(query: str) -> list[Coupling]:
        return [row.record for row in reader.get(f"{PAGE}?{query}&sort=-failed_at").context["table"].page.object_list]

    assert shown("f.sales_exists=yes") == [there]
    assert shown("f.sales_exists=no") == [coming, gone]
    assert shown("f.exists=no") == []
    assert len(shown("f.exists=yes")) == 3
    exported = reader.get(f"{PAGE}?f.sales_exists=no&export=csv").getvalue().decode().splitlines()
    assert [line.split(",")[2::2][:2] for line in exported[1:]] == [["yes", "no"], ["yes", "no"]]


def test_more_than_a_hundred_rows_are_paged_through(reader: Client, skip: MakeCoupling) -> None:
    for _ in range(130):
        skip()
    page = reader.get(f"{PAGE}?per_page=50&page=3")
    assert len(page.context["table"].page.object_list) == 30
    assert "130 skipped records" in page.content.decode()


def test_missing_records_are_found_by_the_filter(reader: Client, skip: MakeCoupling) -> None:
    gone, _ = skip(gone="sales"), skip()
    assert [row.record for row in reader.get(f"{PAGE}?gone=sales").context["table"].page.object_list] == [gone]
    assert len(cells(reader, "?gone=no")) == 1


def test_retry_all_takes_what_the_filter_shows(operator: Client, skip: MakeCoupling) -> None:
    wanted, other = skip(), skip(last_error="Too long.")
    operator.post(f"{PAGE}?search=GBP", {"do": "retry all"})
    assert JobQueueEntry.objects.get().parameters["bc_keys"] == [wanted.bc_key]
    assert list(Coupling.objects.filter(skipped=True)) == [other]


def test_retry_all_takes_nothing_that_is_not_skipped(operator: Client, skip: MakeCoupling, make_coupling: MakeCoupling) -> None:
    make_coupling(to_result="Failure")
    wanted = skip()
    operator.post(PAGE, {"do": "retry all"})
    assert JobQueueEntry.objects.get().parameters["bc_keys"] == [wanted.bc_key]


def test_synchronize_runs_all_directions_of_the_mapping(operator: Client, skip: MakeCoupling) -> None:
    row = skip()
    operator.post(PAGE, {"do": "synchronize", "coupling": row.pk})
    assert JobQueueEntry.objects.get().parameters["directions"] == ["ToIntegrationTable", "FromIntegrationTable"]


def test_no_query_per_record(reader: Client, skip: MakeCoupling, mapping: IntegrationTableMapping, django_assert_num_queries) -> None:
    skip()
    reader.get(PAGE)
    with django_assert_num_queries(QUERIES):
        reader.get(PAGE)
    for _ in range(40):
        skip(gone="sales")
    with django_assert_num_queries(QUERIES):
        reader.get(PAGE)


def test_all_actions_of_the_reference_are_there(operator: Client, reader: Client, skip: MakeCoupling) -> None:
    skip()
    page = operator.get(PAGE).content.decode()
    actions = ("Retry", "Retry All", "Synchronize", "Set Up Coupling", "Delete Couplings", "Find for Deleted", "Restore Records")
    assert [one for one in (*actions, "Delete Records", "Synchronization Log", "Uncoupling Log") if one not in page] == []
    seen = reader.get(PAGE).content.decode()
    assert "Retry All" not in seen and "Uncoupling Log" in seen


def test_which_records_exist_is_asked_when_the_page_stands(reader: Client, customer: IntegrationTableMapping, people: People) -> None:
    key = people.create_bc("customers", displayName="Adatum")["id"]
    row = Coupling.objects.create(mapping=customer, bc_key=key, sales_key=str(uuid.uuid4()), skipped=True)
    page = reader.get(PAGE).content.decode()
    address = f"/skipped-records/exist/?coupling={row.pk}"
    assert f'hx-get="{address}"' in page and f'<span id="exists-sales-{row.pk}"><span class="tick"' in page
    asked = reader.get(address).content.decode()
    assert f'<span id="exists-business_central-{row.pk}" hx-swap-oob="true"><span class="tick"' in asked
    assert f'<span id="exists-sales-{row.pk}" hx-swap-oob="true"><span class="zero"' in asked


def test_what_was_known_stays_where_a_system_does_not_answer(reader: Client, skip: MakeCoupling) -> None:
    row = skip(gone="sales")
    answer = reader.get(f"/skipped-records/exist/?coupling={row.pk}&coupling=x")
    assert (answer.status_code, answer.content.decode().strip()) == (200, "")


def test_asking_for_a_page_of_records_takes_two_requests(reader: Client, customer: IntegrationTableMapping, people: People) -> None:
    keys = [people.create_bc("customers", displayName=f"Many {number}")["id"] for number in range(5)]
    rows = [Coupling.objects.create(mapping=customer, bc_key=key, sales_key=str(uuid.uuid4()), skipped=True) for key in keys]
    people.control("POST", "stats/reset")
    reader.get("/skipped-records/exist/?" + "&".join(f"coupling={row.pk}" for row in rows))
    assert sum(stats["requests"] for stats in people.stats().values()) <= 4  # sign-ins included
