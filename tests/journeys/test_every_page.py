"""Every page in the browser: no complaint (the fixture looks for those), nothing beyond the edge, usable on a phone."""

import csv

from playwright.sync_api import expect

from tests.journeys.pages import customer, follow, rows

RECORD = f"/mappings/4/records/business_central/{customer('10000')[0]}/"
# What reaches beyond the right edge of the window, lists aside, which scroll by themselves.
_BEYOND = """[...document.querySelectorAll("body *")]
  .filter((one) => one.getBoundingClientRect().right > innerWidth && !one.closest(".list"))
  .slice(0, 6).map((one) => `${one.tagName} ${one.className} ${one.textContent.trim().slice(0, 40)}`)"""
_LISTS_BEYOND = """[...document.querySelectorAll(".list")].filter((one) => one.scrollWidth > one.clientWidth)
  .map((one) => one.querySelector("table").className)"""
# The heading row cannot be seen there. Where one input stands beside the name of its row, the name says what it is.
_NAMELESS = """[...document.querySelectorAll(".edit-rows > tbody > tr:not(.nothing) > td")]
  .filter((one) => !one.dataset.label && one.querySelector("input:not([type=hidden]), select") && !one.matches(".name, :has(label)"))
  .filter((one) => one.closest("tr").cells.length > 2).map((one) => one.innerHTML.slice(0, 80))"""
PAGES = (
    "/home/", "/home/thresholds/", "/assisted-setup/", "/full-synchronization/",
    "/connections/", "/connections/1/", "/connections/new/sales/", "/users/", "/users/new/", "/my-settings/", "/my-password/",
    "/mappings/", "/mappings/edit/", "/mappings/new/", "/default-setup/",
    "/mappings/4/filter/business_central/", "/mappings/4/filter/sales/",
    "/mappings/4/", "/mappings/4/versions/", "/mappings/4/fields/", "/mappings/4/fields/try/?record=10000",
    "/mappings/4/records/", "/mappings/4/records/?side=sales", RECORD, f"{RECORD}why/", f"{RECORD}log/",
    "/mappings/4/couplings/", "/couplings/", "/couplings/1/", "/couplings/1/set-up/", "/skipped-records/", "/mappings/4/match/",
    "/log/", "/log/1/", "/log/1/entries/", "/log/1/?tab=lines", "/log/1/lines/", "/errors/", "/errors/help/", "/causes/", "/log-retention/",
    "/job-queue/", "/job-queue/new/", "/job-queue/log/", "/workers/", "/change-log/",
    "/option-mappings/", "/option-mappings/?name=PAYMENT+TERMS",
    "/templates/", "/templates/new/", "/templates/new/?mapping=4&side=business_central",
    "/transformation-rules/", "/transformation-rules/5/",
    "/transformation-rules/new/?type=Field+Lookup", "/notices/", "/notices/sent/", "/notice-rules/",
    "/notice-rules/new/", "/watched-tables/",
)  # fmt: skip

MENU = {
    "Couplings": "Couplings",
    "Skipped Records": "Coupled Data Synchronization Errors",
    "Job Queue Entries": "Job Queue Entries",
    "Synchronization Log": "Integration Synchronization Log",
    "Synchronization Errors": "Integration Synchronization Errors",
    "Option Mappings": "Option Mappings",
    "Config. Templates": "Config. Templates",
    "Transformation Rules": "Transformation Rules",
    "Change Log": "Change Log",
    "Users & Roles": "Users & Roles",
    "Who Is Told": "Who Is Told",
    "Watched Tables": "Watched Tables",
    "Table Mappings": "Integration Table Mappings",
}


def test_no_page_scrolls_sideways_or_complains(page):
    """Opened on a phone, where lists fit as well, then on a wider and wider window: only style sheets look at the width."""
    for address in PAGES:
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(address)
        expect(page.locator("h1")).to_be_visible()
        expect(page.locator(".htmx-request")).to_have_count(0)
        assert page.evaluate(_LISTS_BEYOND) == [], address
        assert page.evaluate(_NAMELESS) == [], f"{address}: inputs of a card without a heading"
        for width in (390, 1280, 1440):
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{address}, {width}: {page.evaluate(_BEYOND)}"


def test_failed_and_skipped_are_seen_without_scrolling(page):
    for address, headings in {"/mappings/": ("Failed", "Skipped"), "/log/": ("Failed", "Skipped", "Status")}.items():
        page.goto(address)
        for heading in headings:
            expect(page.get_by_role("columnheader", name=heading)).to_be_in_viewport(ratio=1)


def test_the_menu_leads_to_every_page_on_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/mappings/")
    for title, heading in MENU.items():
        page.get_by_role("button", name="Pages").click()
        page.locator("nav.sidebar").get_by_role("link", name=title, exact=True).click()
        expect(page.locator("h1")).to_have_text(heading)


def test_a_list_can_be_exported_as_it_is_filtered(page):
    page.goto("/errors/?code=too-long&per_page=100")
    shown = page.locator("#list tbody tr").count()
    page.locator("summary", has_text="Export").click()
    with page.expect_download() as exported:
        follow(page, "CSV")
    lines = exported.value.path().read_text().splitlines()
    assert len(lines) == shown + 1 >= 5
    assert all("too-long" in line for line in lines[1:])


def test_the_log_is_exported_as_it_is_filtered(page):
    page.goto("/log/?mapping=CUSTOMER&failures=true&per_page=100")
    shown = [one["Start"] for one in rows(page)]
    page.locator("summary", has_text="Export").click()
    with page.expect_download() as exported:
        follow(page, "CSV")
    lines = list(csv.DictReader(exported.value.path().read_text(encoding="utf-8-sig").splitlines()))
    assert len(lines) == len(shown) > 0
    assert {(line["Mapping"], line["Failed"] != "0") for line in lines} == {("CUSTOMER", True)}
