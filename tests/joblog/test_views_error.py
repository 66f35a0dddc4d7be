"""One error in full: message, what helps, the system's own words, the call stack; and the help about codes."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from joblog.models import CallStack, SynchError
from joblog.remedies import REMEDIES
from mappings.models import IntegrationTableMapping
from tests.joblog.conftest import MakeEntry, MakeJob
from tests.people import People

HELP = "/errors/help/"
# session, person, 2 x permissions, entry with job and cause, coupling and next runs for the next retry, systems of the top bar, pause
QUERIES = 10


def failed(number: str) -> SynchError:
    with pytest.raises(SystemExit):
        call_command("synchronize", "CUSTOMER", stdout=StringIO(), stderr=StringIO())
    return SynchError.objects.get(source_label__startswith=number)


def page_of(client: Client, error: SynchError) -> str:
    return client.get(f"/errors/{error.pk}/").content.decode()


def test_an_error_tells_where_it_was_found_out(operator: Client, customer: IntegrationTableMapping, people: People) -> None:
    people.create_standard("currencies", code="EUR", displayName="Euro")
    people.create_bc("customers", number="C1", displayName="Adatum", currencyCode="EUR")
    error = failed("C1")
    page = page_of(operator, error)
    assert error.code == "not-coupled" and error.message in page and REMEDIES["not-coupled"].title in page
    assert "Traceback (most recent call last)" in page and "in new_value" in page
    assert f'name="only" value="{error.pk}"' in page and " Synchronize</button>" in page
    assert "Couple what is missing and retry 1 record" in page


def test_one_call_stack_is_kept_for_all_records_that_failed_there(
    reader: Client, customer: IntegrationTableMapping, people: People
) -> None:
    for code in ("EUR", "GBP", "SEK"):
        people.create_standard("currencies", code=code, displayName=code)
        people.create_bc("customers", number=f"C{code}", displayName="Adatum", currencyCode=code)
    error = failed("CEUR")
    assert SynchError.objects.count() == 3 and CallStack.objects.count() == 1
    assert "EUR" not in CallStack.objects.get().text and "call_stack" not in error.detail
    assert "Call stack:\nTraceback" in reader.get(f"/errors/{error.pk}/text/").content.decode()


def test_fields_are_called_by_their_captions(reader: Client, customer: IntegrationTableMapping, people: People) -> None:
    people.create_sales("accounts", name="Long", address1_city="x" * 50, customertypecode=3)
    error = failed("Long")
    assert error.fields == ["address1_city"]
    assert '<dd title="address1_city">Address 1: City</dd>' in page_of(reader, error)
    assert "Fields: Address 1: City\n" in reader.get(f"/errors/{error.pk}/text/").content.decode()


def test_what_a_system_refused_is_there_in_its_own_words(reader: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    error = make_entry(make_job(), code="refused", issue=True, detail={"answer": "HTTP 400, 0x80048d19: Blocked by a <plug-in>."})
    page = page_of(reader, error)
    assert "HTTP 400, 0x80048d19: Blocked by a &lt;plug-in&gt;." in page
    text = reader.get(f"/errors/{error.pk}/text/")
    assert text.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "Answer:\nHTTP 400, 0x80048d19: Blocked by a <plug-in>.\n" in text.content.decode()
    assert " Synchronize</button>" not in page


def test_the_list_leads_to_details_and_help(reader: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    error = make_entry(make_job())
    page = reader.get("/errors/").content.decode()
    assert f'href="/errors/{error.pk}/"' in page and f'href="{HELP}#too-long"' in page
    assert "Show Error Call Stack" in page


def test_an_old_error_without_a_call_stack_says_so(reader: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    assert "No call stack is kept" in page_of(reader, make_entry(make_job()))


def test_an_entry_that_went_well_is_no_error(reader: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    assert reader.get(f"/errors/{make_entry(make_job(), 'Modified').pk}/").status_code == 404


def test_a_resolved_error_is_not_mended_again(operator: Client, make_job: MakeJob, make_entry: MakeEntry) -> None:
    page = page_of(operator, make_entry(make_job(), issue=True, resolved_at="2026-11-22T11:30:00Z"))
    assert "Resolved" in page and "formaction" not in page


def test_the_help_explains_every_code_at_an_address_of_its_own(reader: Client) -> None:
    page = reader.get(HELP).content.decode()
    for code in REMEDIES:
        assert f'id="{code}"' in page
    assert "Truncate and retry its records" in page


def test_the_page_of_an_error_costs_the_same_whatever_there_is(
    reader: Client, make_job: MakeJob, make_entry: MakeEntry, django_assert_num_queries
) -> None:
    error = make_entry(make_job(), issue=True, coupling_id=1)
    page_of(reader, error)
    for _ in range(5):
        make_entry(make_job(), issue=True)
    with django_assert_num_queries(QUERIES):
        page_of(reader, error)
