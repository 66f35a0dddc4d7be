"""The pictures of the README, taken from the demo company at work. SYNCADMIN_SCREENSHOTS=1 renews those in docs/screenshots."""

import os
import re

import pytest
from playwright.sync_api import expect

from tests.installation import ROOT
from tests.journeys.pages import customer, expect_message, mapping_row, new_jobs, newest_job, press

LARGEST = 300_000  # bytes of one picture


@pytest.fixture
def folder(tmp_path):
    return ROOT / "docs" / "screenshots" if os.environ.get("SYNCADMIN_SCREENSHOTS") == "1" else tmp_path


@pytest.fixture(scope="module")
def adatum(people, session, chromium, address):
    """The address of a record that both sides have changed, in one field differently; in the end Business Central wins."""
    key, account = customer("10000")
    people.change_bc("customers", key, contactName="Roberta Ferry", addressLine1="1 Beacon Street")
    people.change_sales("accounts", account, address1_primarycontactname="Robert Ferry", address1_line2="Building D")
    yield f"/mappings/4/records/business_central/{key}/"
    page = chromium.new_context(storage_state=session, base_url=address).new_page()
    before = newest_job(page, "CUSTOMER")
    page.goto(f"/mappings/4/records/business_central/{key}/")
    press(page, "Keep All of Business Central")
    expect_message(page, "The values of Business Central stay.")
    new_jobs(page, "CUSTOMER", after=before, number=2)
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_of_the_main_pages(browse, session, adatum, folder, scheme):
    page = browse(storage_state=session, color_scheme=scheme)
    for name, (title, show) in PICTURES.items():
        show(page, adatum)
        expect(page.locator("h1")).to_have_text(title)
        expect(page.locator(".htmx-request")).to_have_count(0)
        assert page.locator("table.rows tbody tr, .cue, .why-step").count() > 3
        picture = folder / f"{name}-{scheme}.png"
        page.mouse.move(0, 0)
        page.screenshot(path=picture)
        assert picture.stat().st_size < LARGEST, picture


def show_mappings(page, _):
    page.goto("/mappings/")
    mapping_row(page, "CUSTOMER").locator("td.direction").click()
    expect(page.locator("#factbox h2")).to_have_text("CUSTOMER")
    expect(page.locator("#factbox")).to_contain_text("Last run")


def show_log(page, _):
    page.goto("/log/")
    page.get_by_label("What failed in CUSTOMER").first.click()
    expect(page.locator("tr.drill")).to_be_visible()


def show_record(page, adatum):
    page.goto(adatum)
    expect(page.locator(".page-head")).to_contain_text("Conflict")


def show_home(page, _):
    page.goto("/home/")


def show_couplings(page, _):
    page.goto("/couplings/?mapping=CUSTOMER")
    expect(page.locator("#factbox")).to_contain_text("History of this coupling")


def show_why(page, adatum):
    page.goto(f"{adatum}why/")


PICTURES = {
    "home": ("Role Center", show_home),
    "mappings": ("Integration Table Mappings", show_mappings),
    "log": ("Integration Synchronization Log", show_log),
    "record": ("10000 Adatum Corporation", show_record),
    "couplings": ("Couplings", show_couplings),
    "why": (re.compile("Why is .* not synchronizing"), show_why),
}
