"""From the list of mappings to the log, and behind its numbers."""

from playwright.sync_api import expect

from tests.installation import wait_until
from tests.journeys.pages import expect_message, mapping_row, newest_job, open_count, press, row, rows, synchronize


def test_selecting_a_mapping_tells_about_it(page):
    page.goto("/mappings/")
    mapping_row(page, "CURRENCY").locator("td.direction").click()
    facts = page.locator("#factbox")
    expect(facts.locator("h2")).to_have_text("CURRENCY")
    expect(facts).to_contain_text("Every 30 min")
    expect(facts.get_by_role("group", name="Records touched by the last")).to_be_visible()


def test_a_job_appears_in_the_open_log_and_finishes_there(page, browse, session):
    log = browse(storage_state=session)
    before = newest_job(log, "SALESPEOPLE")
    log.evaluate("document.body.dataset.seen = 'the same page'")
    log.locator("#list [data-select]").first.check()
    page.goto("/mappings/")
    page.get_by_label("Select SALESPEOPLE", exact=True).check()
    press(page, "Synchronize Modified Records")
    expect_message(page, "SALESPEOPLE will be synchronized in the background.")
    wait_until(lambda: [one["Status"] for one in rows(log) if int(one["id"]) > before] == ["Finished"])
    assert log.evaluate("document.body.dataset.seen") == "the same page"
    expect(log.locator("[data-selected-count]")).to_have_text("1 selected")


def test_a_new_customer_arrives(page, people):
    synchronize(page, "CUSTOMER", jobs=2)  # whatever else is new
    people.create_bc("customers", displayName="Harbour Lights", city="Skagen", email="post@harbour.example")
    to_sales, from_sales = synchronize(page, "CUSTOMER", jobs=2)
    assert (to_sales["Inserted"], from_sales["Inserted"]) == ("1", "0")
    open_count(page, to_sales, "Inserted")
    expect(page.locator("#list tbody tr")).to_have_count(1)
    expect(row(page, "Harbour Lights")).to_contain_text("Skagen")
    expect(row(page, "Harbour Lights")).to_contain_text("post@harbour.example")
    (account,) = people.rows_sales("accounts", "name eq 'Harbour Lights'")
    assert account["address1_city"] == "Skagen"


def test_every_number_of_the_log_opens_exactly_what_it_counts(page):
    for address in ("/log/", "/log/?type=Coupling"):
        page.goto(address)
        links = page.locator("#list tbody td.num a")
        counted = links.evaluate_all("all => all.map(one => [one.getAttribute('href'), one.textContent])")
        assert counted
        for href, number in counted:
            told, shown = "", 0
            for page_number in range(1, (int(number) + 99) // 100 + 1):
                page.goto(f"{href}&per_page=100&page={page_number}")
                told = page.locator("#count").inner_text()
                shown += page.locator("#list tbody tr").count()
            assert (told.split()[0], shown) == (number, int(number)), href


def test_a_mapping_runs_without_a_mouse(page):
    before = newest_job(page, "UNIT OF MEASURE")
    page.goto("/mappings/")
    tab_to(page, page.get_by_label("Select all rows of this page"))
    page.keyboard.press("Tab")
    tab_to(page, page.get_by_label("Select UNIT OF MEASURE"))
    page.keyboard.press("Space")
    expect(page.locator("#factbox h2")).to_have_text("UNIT OF MEASURE")
    tab_to(page, page.get_by_role("button", name="Synchronize Modified Records"), key="Shift+Tab")
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("link", name="Open the log"))
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Integration Synchronization Log")
    wait_until(lambda: [one["Status"] for one in rows(page) if int(one["id"]) > before] == ["Finished"])


def tab_to(page, place, *, key="Tab"):
    for _ in range(80):
        if place.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{place} is not reached with {key}")
