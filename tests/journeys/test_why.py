"""Why is this record not synchronizing? Read on the page of the record, and mended from there."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.pages import customer, expect_message, field, new_jobs, newest_job, open_record, press

KEPT = os.environ.get("SYNCADMIN_WHY_PICTURES", "")


def step(page, name):
    return page.locator(".why-step", has=page.get_by_text(name, exact=True))


def ask(page):
    page.get_by_text("Why is this record not synchronizing?").click()
    expect(page.locator(".why-step").first).to_be_visible()


@pytest.fixture
def blocked(people):
    """A customer that somebody has blocked and changed in Business Central; in the end it is what it was."""
    key, _ = customer("30000")
    (was,) = people.rows_bc("customers", f"id eq {key}")
    people.change_bc("customers", key, blocked="All", city="Odense")
    yield key
    people.change_bc("customers", key, blocked=was["blocked"], city=was["city"])


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)])
def test_the_condition_that_is_not_met_is_named(browse, session, blocked, scheme, width):
    page = browse(storage_state=session, color_scheme=scheme, viewport={"width": width, "height": 900})
    page.goto(f"/mappings/4/records/business_central/{blocked}/")
    ask(page)
    expect(page.locator(".why .message")).to_contain_text("in the way: Filter")
    expect(step(page, "Filter").first).to_contain_text("Outside of the filter of Business Central")
    expect(step(page, "Changed since then")).to_contain_text("City")
    expect(step(page, "Job queue entry").get_by_role("button")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    if KEPT:
        page.screenshot(path=Path(KEPT) / f"why-{scheme}-{width}.png", full_page=True)


def test_a_change_that_no_run_reads_is_synchronized_from_there(page, people, demo):
    key, account = customer("01121212")
    before = newest_job(page, "CUSTOMER")
    people.change_bc("customers", key, phoneNumber="+45 99 88 77 66")
    demo.python(
        "from mappings.models import *; from django.utils import timezone as t; later = t.now() + t.timedelta(minutes=30)\n"
        "IntegrationTableMapping.objects.filter(name='CUSTOMER').update(bc_watermark=later, bc_read_at=later)"
    )
    open_record(page, "CUSTOMER", "01121212")
    ask(page)
    step(page, "Read by the next run").get_by_role("button", name="Synchronize Now").click()
    expect_message(page, "1 record of CUSTOMER will be synchronized in the background.")
    new_jobs(page, "CUSTOMER", after=before, number=1)
    assert people.rows_sales("accounts", f"accountid eq {account}")[0]["telephone1"] == "+45 99 88 77 66"
    demo.python("from mappings.models import *; IntegrationTableMapping.objects.filter(name='CUSTOMER').update(bc_read_at=None)")


def test_an_entry_that_is_on_hold_is_set_to_ready_from_there(page, demo):
    demo.python("from joblog.models import *; JobQueueEntry.objects.filter(mapping__name='CURRENCY').update(status=QueueStatus.ON_HOLD)")
    open_record(page, "CURRENCY", "EUR")
    ask(page)
    step(page, "Job queue entry").get_by_role("button", name="Set Status to Ready").click()
    expect_message(page, "1 job queue entry was set to Ready.")
    expect(page.locator("h1")).to_contain_text("EUR")
    ask(page)
    expect(step(page, "Job queue entry")).not_to_contain_text("On Hold,")
    press(page, "Preview")
    expect(field(page, "Code")).to_contain_text("EUR")
