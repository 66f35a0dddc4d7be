"""Filters are judged by the system they are for: here the sandbox, over HTTP."""

import pytest
from django.urls import reverse

from mappings.companies import OWN_OR_NONE
from mappings.models import System
from mappings.systems import read_tables
from syncadmin.sandbox.server import Sandbox


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(port=0, data="demo") as running:
        yield running


@pytest.fixture
def systems(db, sandbox):
    access = {"tenant": "sandbox", "client_id": "sync-admin", "scope": f"{sandbox.url}/.default"}
    access["token_address"] = f"{sandbox.url}/sandbox/oauth2/v2.0/token"
    made = (
        System(name="CRONUS", kind="business_central", address=f"{sandbox.url}/v2.0", environment="demo", company="CRONUS", **access),
        System(name="contoso.crm", kind="sales", address=sandbox.url, **access),
    )
    for system, table in zip(made, ("customers", "accounts"), strict=True):
        system.client_secret = "sandbox"
        system.save()
        read_tables(system, [table])
    return made


def check(browser, mapping, **query):
    return " ".join(browser.get(reverse("mappings:check-filter", args=[mapping.pk]), query).content.decode().split())


def test_a_good_filter_says_how_many_records_it_selects(administrator, mapping):
    assert "1 record matches" in check(administrator, mapping, side="business_central", table_filter="number eq '10000'")
    assert "0 records match" in check(administrator, mapping, side="sales", integration_table_filter="name eq 'Nobody at all'")


def test_a_wrong_filter_is_refused_with_the_reason_of_the_system(administrator, mapping):
    shown = check(administrator, mapping, side="business_central", table_filter="number equals 10000")
    assert "Refused" in shown
    assert "Business Central refuses the filter" in shown


def test_a_wrong_filter_is_not_saved(administrator, mapping, posted):
    page = reverse("mappings:mapping-edit", args=[mapping.pk])
    data = posted(administrator.get(page).context["form"], integration_table_filter="no such thing")
    assert "refuses the filter" in administrator.post(page, data).context["form"].errors["integration_table_filter"][0]
    mapping.refresh_from_db()
    assert mapping.integration_table_filter == ""


def test_a_good_filter_is_saved_and_its_old_words_go(administrator, mapping, posted):
    mapping.table_filter_text = "All customers"
    mapping.save()
    page = reverse("mappings:mapping-edit", args=[mapping.pk])
    data = posted(administrator.get(page).context["form"], table_filter="number eq '10000'")
    assert administrator.post(page, data)["Location"] == f"{page}?changed=1"
    mapping.refresh_from_db()
    assert (mapping.table_filter, mapping.table_filter_text) == ("number eq '10000'", "")


@pytest.mark.rule("A23.count")
def test_the_offer_says_how_many_records_a_full_run_would_read(administrator, mapping):
    mapping.table_filter = "number eq '10000'"
    mapping.save()
    shown = administrator.get(reverse("mappings:full-run-size", args=[mapping.pk])).content.decode()
    assert "would read 1 record of Business Central and " in shown


def test_a_field_that_the_system_does_not_have_is_refused_by_name(administrator, mapping, posted):
    page = reverse("mappings:field-list", args=[mapping.pk])
    context = administrator.get(page).context
    prefix = context["rows"].prefix
    sent = {f"{prefix}-{name}": value for name, value in posted(context["rows"].management_form).items()} | {"seen_version": 1}
    for form in context["rows"].forms:
        sent |= {f"{form.prefix}-{name}": getattr(value, "pk", value) for name, value in posted(form).items()}
    answer = administrator.post(page, sent | {f"{prefix}-0-field": "noSuchField"})
    assert "Business Central has no field noSuchField in" in answer.content.decode()


@pytest.mark.rule("1.2.company-filter")
def test_a_filter_that_loses_its_company_is_saved_only_on_a_second_thought(administrator, mapping, posted):
    mapping.integration_table_filter = f"statecode eq 0 and {OWN_OR_NONE}"
    mapping.save()
    page = reverse("mappings:mapping-edit", args=[mapping.pk])
    data = posted(administrator.get(page).context["form"], integration_table_filter="statecode eq 0")
    assert OWN_OR_NONE in administrator.post(page, data).context["form"].errors["other_companies_accepted"][0]
    kept = data | {"integration_table_filter": f"statecode eq 1 and {OWN_OR_NONE}"}
    assert administrator.post(page, kept).status_code == 302
    data["seen_version"] = 2
    assert administrator.post(page, data | {"other_companies_accepted": "on"}).status_code == 302
    mapping.refresh_from_db()
    assert mapping.integration_table_filter == "statecode eq 0"
