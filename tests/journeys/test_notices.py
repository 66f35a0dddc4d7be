"""The bell, and telling somebody else."""

from playwright.sync_api import expect

from tests.journeys.pages import expect_message, follow, press, row


def test_the_bell_tells_of_records_that_fail(page):
    page.goto("/mappings/")
    bell = page.locator(".bell")
    expect(bell.locator(".unread")).to_have_text("1")  # made by the worker: customers of the demo fail
    bell.click()
    expect(page.locator("h1")).to_have_text("Notices")
    expect(page.locator("#list tbody tr")).to_contain_text("of CUSTOMER")
    page.get_by_role("button", name="Mark All as Read").click()
    expect(page.get_by_role("status")).to_contain_text("marked as read")
    expect(page.locator(".bell .unread")).to_have_count(0)
    page.locator("#list tbody tr a").first.click()
    expect(page.locator("h1")).to_have_text("Integration Synchronization Errors")
    expect(page.locator("#main, main").first).to_contain_text("Only those of CUSTOMER")


def test_a_person_is_told_and_the_test_arrives(page):
    page.goto("/notice-rules/new/")
    page.get_by_label("Person").select_option("admin")
    page.get_by_label("Failed runs in a row").fill("3")
    press(page, "Save")
    expect(row(page, "All mappings")).to_have_count(2)
    tick(page)
    press(page, "Test")
    follow(page, "See whether they arrive")
    expect(row(page, "A test of notices")).to_contain_text("Sent")
    page.goto("/notice-rules/")
    tick(page)
    press(page, "Delete", sure=True)
    expect_message(page, "1 rule was deleted.")


def tick(page):
    page.get_by_label("Select In the product to admin", exact=True).check()
