"""What failed, why, and where it can be mended."""

from playwright.sync_api import expect

from syncadmin.sandbox.demo_failures import FAILURES
from tests.journeys.pages import expect_message, follow, mapping_row, open_count, row, rows

CODES = {
    "currency-not-coupled": {"not-coupled"},
    "salesperson-not-coupled": {"not-coupled"},
    "unknown-option": {"unknown-option"},
    "too-long": {"too-long"},
    "invalid-country": {"not-found-reference", "too-long"},  # United Kingdom does not even fit into a country code
}


def test_the_failed_number_of_a_mapping_opens_its_failed_records(page):
    page.goto("/mappings/")
    failed = mapping_row(page, "CUSTOMER").get_by_role("link", name="failed records")
    number = int(failed.inner_text())
    failed.click()
    expect(page.locator("#list tbody tr")).to_have_count(number)
    assert all(one["Last Error"] and one["Failed On"] for one in rows(page))


def test_a_failed_record_leads_to_the_records_of_both_sides(page):
    page.goto("/log/?mapping=CUSTOMER&failures=true")
    job = [one for one in rows(page) if "To Sales" in one["Direction"]][-1]
    open_count(page, job, "Failed")
    failed = row(page, "01454545 New Concepts Furniture")
    expect(failed).to_contain_text("Payment Terms Code CM has no pair in the option mapping PAYMENT TERMS.")
    expect(failed.locator("td.code, td").filter(has_text="unknown-option").last).to_be_visible()
    sides = failed.locator("td.record a").evaluate_all("all => all.map(one => one.pathname)")
    assert [address.split("/")[4] for address in sides] == ["business_central", "sales"]
    for address in sides:
        page.goto(address)
        expect(page.locator("h1")).to_contain_text("New Concepts Furniture")
        expect(page.locator(".compare")).to_contain_text("CM")


def test_a_failed_job_opens_in_place(page):
    page.goto("/log/?mapping=CUSTOMER&direction=FromIntegrationTable")
    page.get_by_label("What failed in").last.click()
    expect(page.locator("tr.drill")).to_contain_text("Trailhead Outfitters")
    expect(page.locator("tr.drill")).to_contain_text("Shorten it, or let the field mapping truncate.")


def test_every_failure_that_the_demo_provokes_can_be_read(page):
    page.goto("/errors/?mapping=CUSTOMER&per_page=100")
    shown = rows(page)
    for cause, codes in CODES.items():
        for record in known(cause):
            found = [one for one in shown if one["Source"].startswith(record)]
            assert found, f"{cause}: {record}"
            assert all(one["Code"].split()[0] in codes and len(one["Error Message"]) > 40 for one in found), found


def test_the_errors_of_one_code_and_of_one_cause_are_a_click_away(page):
    page.goto("/errors/?code=too-long")
    assert {one["Source"].split()[0] for one in rows(page)} == {"Trailhead", "Association", "Clwb", "Oxbridge"}
    chosen = rows(page)[0]["Source"]
    follow(page, "too-long")
    assert {one["Code"].split()[0] for one in rows(page)} == {"too-long"}
    assert chosen in {one["Source"] for one in rows(page)}
    assert len(rows(page)) < 4  # another field is another cause


def known(cause):
    """The numbers of customers and names of accounts that fail for this cause."""
    return [one.key for one in FAILURES if one.cause == cause]


def test_an_error_is_assigned_ignored_with_a_reason_found_again_and_reopened(page):
    page.goto("/errors/?mapping=CUSTOMER&code=too-long")
    name = rows(page)[0]["Source"]
    row(page, name).get_by_role("checkbox").check()
    ask(page, "Assign")
    page.locator("#handle-assign").get_by_role("button", name="Assign").click()
    expect_message(page, "1 error is now assigned to admin.")
    expect(row(page, name).locator("td.owner")).to_have_text("admin")
    row(page, name).get_by_role("checkbox").check()
    ask(page, "Ignore")
    page.locator("#handle-ignore").get_by_label("Reason").fill("A test record")
    page.locator("#handle-ignore").get_by_role("button", name="Ignore").click()
    expect_message(page, "1 error is ignored.")
    expect(row(page, name)).to_have_count(0)
    page.locator("#error-tabs").get_by_role("link", name="Ignored").click()
    expect(row(page, name)).to_contain_text("A test record")
    row(page, name).get_by_role("checkbox").check()
    ask(page, "Reopen")
    page.locator("#handle-reopen").get_by_role("button", name="Reopen").click()
    expect_message(page, "1 error is open again.")


def ask(page, action):
    page.locator(".actions summary", has_text="Handle").click()
    page.locator(".actions").get_by_role("button", name=action, exact=True).click()
