"""Nobody sees anything without signing in."""

from playwright.sync_api import expect

from syncadmin.management.demo_company import PASSWORD, USER
from tests.journeys.pages import sign_in


def test_a_wrong_password_is_refused(browse):
    page = browse()
    sign_in(page, USER, "guessed")
    expect(page.get_by_role("alert")).to_contain_text("enter a correct username and password")
    page.goto("/mappings/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_the_right_one_opens_the_mappings_with_data(browse):
    page = browse()
    sign_in(page, USER, PASSWORD)
    expect(page.locator("h1")).to_have_text("Integration Table Mappings")
    expect(page.locator("#list tbody tr")).to_have_count(14)


def test_whoever_signs_in_comes_to_the_page_that_was_asked_for(browse):
    page = browse()
    page.goto("/errors/?code=too-long")
    page.get_by_label("Username").fill(USER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("h1")).to_have_text("Integration Synchronization Errors")
    assert page.url.endswith("/errors/?code=too-long")
