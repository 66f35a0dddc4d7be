"""Every page of a new installation says what is missing and leads to the next step, for those who may take it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from joblog.models import SynchJob
from mappings.models import IntegrationTableMapping, System

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Client]

NEED_SYSTEMS = ("/mappings/new/systems/", "/default-setup/", "/connections/", "/option-mappings/", "/change-log/")
NEED_MAPPING = (
    "/mappings/", "/mappings/edit/", "/templates/", "/templates/new/", "/couplings/", "/full-synchronization/", "/job-queue/",
    "/job-queue/new/", "/job-queue/log/", "/watched-tables/",
)  # fmt: skip
NEED_RUN = ("/log/", "/errors/", "/causes/", "/skipped-records/")
OTHERS = {"/notices/": "Who Is Told", "/notices/sent/": "Who Is Told"}
CONNECT = "/connections/new/"


def steps(answer: Any) -> list[str]:
    """The addresses that a page offers where it has nothing to show."""
    found = re.search(r'<div class="next-steps">(.*?)</div>', answer.content.decode())
    return re.findall(r'href="([^"]+)"', found[1]) if found else []


@pytest.fixture
def systems() -> tuple[System, System]:
    return (
        System.objects.create(name="CRONUS", kind="business_central", address="http://127.0.0.1:9/bc", company="CRONUS"),
        System.objects.create(name="contoso.crm", kind="sales", address="http://127.0.0.1:9"),
    )


@pytest.fixture
def mapping(systems: tuple[System, System]) -> IntegrationTableMapping:
    business_central, sales = systems
    return IntegrationTableMapping.objects.create(
        name="CUSTOMER", business_central=business_central, sales=sales, table="customers", integration_table="accounts"
    )


def ran(mapping: IntegrationTableMapping, *, days_ago: int = 0) -> SynchJob:
    begun = timezone.now() - timedelta(days=days_ago)
    return SynchJob.objects.create(mapping=mapping, mapping_name=mapping.name, direction="ToIntegrationTable", started_at=begun)


@pytest.mark.parametrize("page", [*NEED_SYSTEMS, *NEED_MAPPING, *NEED_RUN])
def test_without_systems_a_page_leads_to_connecting_both(page: str, signed_in: SignIn) -> None:
    answer = signed_in("Administrator").get(page)
    assert "No system is connected yet" in answer.content.decode()
    assert steps(answer) == [f"{CONNECT}business_central/", f"{CONNECT}sales/"]


@pytest.mark.parametrize("page", [*NEED_SYSTEMS, *NEED_MAPPING, *NEED_RUN])
def test_who_may_not_connect_gets_no_button_and_hears_who_does(page: str, signed_in: SignIn) -> None:
    answer = signed_in("Reader").get(page)
    if answer.status_code != 403:
        assert steps(answer) == []
        assert "That is for an administrator to do." in answer.content.decode()


def test_with_one_system_the_other_one_is_missing(systems: tuple[System, System], signed_in: SignIn) -> None:
    systems[0].delete()
    answer = signed_in("Administrator").get("/mappings/")
    assert "Business Central is not connected yet" in answer.content.decode()
    assert steps(answer) == [f"{CONNECT}business_central/"]


@pytest.mark.parametrize("page", [*NEED_MAPPING, *NEED_RUN])
def test_without_mappings_a_page_leads_to_the_default_setup(page: str, systems: Any, signed_in: SignIn) -> None:
    answer = signed_in("Administrator").get(page)
    assert "No table mapping is set up yet" in answer.content.decode()
    assert steps(answer) == ["/default-setup/", "/mappings/new/"]


@pytest.mark.parametrize("page", NEED_RUN)
def test_before_the_first_run_a_page_leads_to_it(page: str, mapping: IntegrationTableMapping, signed_in: SignIn) -> None:
    answer = signed_in("Reader").get(page)
    assert "No job has run yet" in answer.content.decode()
    assert steps(answer) == ["/full-synchronization/", "/mappings/"]


def test_a_log_that_was_emptied_does_not_say_that_nothing_ever_ran(mapping: IntegrationTableMapping, signed_in: SignIn) -> None:
    IntegrationTableMapping.objects.update(last_run_at=timezone.now())
    page = signed_in("Reader").get("/log/").content.decode()
    assert "No job ran in the last 7 days" in page
    assert "No job has run yet" not in page


def test_a_log_with_older_jobs_offers_to_show_them(mapping: IntegrationTableMapping, signed_in: SignIn) -> None:
    job = ran(mapping, days_ago=30)
    client = signed_in("Reader")
    (older, _mappings) = steps(client.get("/log/"))
    assert f'href="/log/{job.pk}/"' in client.get(f"/log/{older}").content.decode()


@pytest.mark.parametrize("page", OTHERS)
def test_notices_lead_to_who_is_told(page: str, signed_in: SignIn) -> None:
    assert steps(signed_in("Reader").get(page)) == ["/notice-rules/"]


def test_an_empty_job_queue_says_what_to_do_in_the_product(mapping: IntegrationTableMapping, signed_in: SignIn) -> None:
    answer = signed_in("Administrator").get("/job-queue/")
    assert "manage.py" not in answer.content.decode()
    assert steps(answer) == ["/default-setup/", "/job-queue/new/"]


def test_no_form_is_shown_that_nobody_could_fill_in(systems: Any, signed_in: SignIn) -> None:
    client = signed_in("Administrator")
    for page in ("/mappings/edit/", "/templates/new/", "/job-queue/new/"):
        assert '<form method="post" class="list-area"' not in client.get(page).content.decode(), page


@pytest.mark.parametrize("page", ["/mappings/", "/log/", "/job-queue/", "/couplings/", "/errors/", "/option-mappings/", "/notices/"])
def test_filters_that_match_nothing_are_told_apart_from_an_empty_list(page: str, signed_in: SignIn) -> None:
    answer = signed_in("Administrator").get(page, {"search": "nobody"})
    assert "Nothing fits these filters" in answer.content.decode()
    assert steps(answer) == []


def test_a_tab_without_errors_is_no_filter_that_matches_nothing(mapping: IntegrationTableMapping, signed_in: SignIn) -> None:
    ran(mapping)
    client = signed_in("Reader")
    assert "No error is ignored" in client.get("/errors/?state=ignored").content.decode()
    assert "No error was resolved yet" in client.get("/errors/?state=resolved").content.decode()
    assert "There is no open error" in client.get("/errors/").content.decode()
    assert "Nothing fits these filters" in client.get("/errors/?state=resolved&code=conflict").content.decode()


def test_a_state_without_couplings_leads_to_all_of_them(mapping: IntegrationTableMapping, signed_in: SignIn) -> None:
    answer = signed_in("Reader").get("/couplings/?state=skipped")
    assert "No coupling is in this state: Skipped" in answer.content.decode()
    assert steps(answer) == ["/couplings/"]


def test_a_reader_is_not_sent_to_a_form_for_administrators(signed_in: SignIn) -> None:
    reader, administrator = signed_in("Reader"), signed_in("Administrator")
    for page in ("/home/", "/assisted-setup/"):
        assert CONNECT not in reader.get(page).content.decode(), page
        assert CONNECT in administrator.get(page).content.decode(), page


def test_a_full_list_asks_nothing_about_what_is_missing(
    mapping: IntegrationTableMapping, signed_in: SignIn, django_assert_max_num_queries: Any
) -> None:
    client = signed_in("Administrator")
    client.get("/mappings/")
    with django_assert_max_num_queries(20) as asked:
        client.get("/mappings/")
    assert not any('"mappings_system"."kind" FROM "mappings_system"' in one["sql"] for one in asked.captured_queries)
