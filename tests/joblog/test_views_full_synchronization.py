"""The page Full Synchronization Review."""

from __future__ import annotations

import pytest
from django.test import Client
from django_q.models import OrmQ

from joblog.models import FullSynchronizationLine, JobQueueEntry
from mappings.models import IntegrationTableMapping
from tests.people import People

PAGE = "/full-synchronization/"
# session, person, 2 x permissions, lines, their entries, systems of the top bar, pause
QUERIES = 8


@pytest.fixture
def lines(make_mapping) -> list[FullSynchronizationLine]:
    """CURRENCY in Error, and CUSTOMER that waits for it."""
    currency, customer = make_mapping("CURRENCY"), make_mapping("CUSTOMER", depends_on=["CURRENCY"])
    make = FullSynchronizationLine.objects.create
    return [
        make(mapping=currency, recommendation="Full Synchronization", status="Error", message="Sales refused the sign-in."),
        make(mapping=customer, recommendation="Couple Records", requested="workers"),
    ]


def test_the_list_tells_recommendation_status_and_what_blocks(reader: Client, lines) -> None:
    page = reader.get(PAGE).content.decode()
    for text in (
        "Full Synchronization</span>",
        "Error</span>",
        "Sales refused the sign-in.",
        "Dependency not satisfied",
        "Waits for CURRENCY.",
    ):
        assert text in page


def test_looking_asks_no_system_and_makes_no_line(company: People, reader: Client) -> None:
    assert "Nothing is recommended yet" in reader.get(PAGE).content.decode()
    assert not FullSynchronizationLine.objects.exists()
    assert company.stats()["sales"]["requests"] == 0


def test_no_query_per_line(reader: Client, lines, make_mapping, django_assert_num_queries) -> None:
    reader.get(PAGE)
    with django_assert_num_queries(QUERIES):
        reader.get(PAGE)
    for number in range(10):
        mapping = make_mapping(f"OWN {number}", depends_on=["CURRENCY"])
        line = FullSynchronizationLine.objects.create(mapping=mapping, recommendation="Full Synchronization", status="Ready")
        JobQueueEntry.objects.create(description="Full", mapping=mapping, full_line=line, status="Ready")
    with django_assert_num_queries(QUERIES):
        assert reader.get(PAGE).content.decode().count('name="line"') == 12


def test_refresh_and_start(company: People, operator: Client) -> None:
    operator.post(PAGE, {"do": "refresh"})
    assert FullSynchronizationLine.objects.get(mapping__name="CUSTOMER").recommendation == "No Records To Synchronize Now"
    told = operator.post(PAGE, {"do": "start"}, follow=True).content.decode()
    assert "13 lines were started" in told
    assert OrmQ.objects.count() == JobQueueEntry.objects.exclude(full_line=None).count() == 2
    assert "is running (SALESPEOPLE, CURRENCY)" in operator.post(PAGE, {"do": "start"}, follow=True).content.decode()


@pytest.mark.rule("17.restart")
def test_a_failed_line_is_restarted_and_a_blank_one_is_not(operator: Client, lines) -> None:
    told = operator.post(PAGE, {"do": "restart", "line": [line.pk for line in lines]}, follow=True).content.decode()
    assert "1 line was restarted." in told
    assert [entry.mapping.name for entry in JobQueueEntry.objects.all()] == ["CURRENCY"]


def test_full_synchronization_is_recommended_for_what_is_not_started(operator: Client, lines) -> None:
    operator.post(PAGE, {"do": "full", "line": [line.pk for line in lines]})
    assert list(FullSynchronizationLine.objects.filter(overridden=True).values_list("mapping__name", flat=True)) == ["CUSTOMER"]


@pytest.mark.rule("17.reset")
def test_reset_makes_all_lines_anew(company: People, operator: Client) -> None:
    operator.post(PAGE, {"do": "refresh"})
    FullSynchronizationLine.objects.update(status="Finished")
    operator.post(PAGE, {"do": "reset"})
    assert set(FullSynchronizationLine.objects.values_list("status", flat=True)) == {""}


def test_a_system_that_does_not_answer_is_told(operator: Client, lines) -> None:
    IntegrationTableMapping.objects.update(enabled=True)
    told = operator.post(PAGE, {"do": "reset"}, follow=True).content.decode()
    assert "All lines were made anew" not in told
    assert "is not known" in told


@pytest.mark.parametrize("verb", ["start", "restart", "full", "reset", "refresh", "explode"])
def test_a_reader_changes_nothing(reader: Client, lines, verb: str) -> None:
    assert reader.post(PAGE, {"do": verb, "line": [line.pk for line in lines]}).status_code == 403
    assert ">Start<" not in reader.get(PAGE).content.decode()


def test_each_line_leads_to_the_records_of_both_systems(reader: Client, lines) -> None:
    page = reader.get(PAGE).content.decode()
    for side in ("business_central", "sales"):
        assert f"/mappings/{lines[0].mapping_id}/records/?side={side}" in page
