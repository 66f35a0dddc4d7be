"""Tell Me and the keys that a Business Central administrator knows, without the mouse."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.pages import rows


def ask(page: Page, text: str) -> None:
    page.keyboard.press("Alt+q")
    expect(page.locator("#tell-me")).to_be_visible()
    page.keyboard.type(text)


@pytest.mark.parametrize(
    ("words", "heading"),
    [("synch. job log", "Integration Synchronization Log"), ("dataverse connection", "Connections"), ("skipped records", "Errors")],
)
def test_a_page_is_found_by_any_name_it_had(page: Page, words: str, heading: str) -> None:
    page.goto("/home/")
    ask(page, words)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text(heading)


def test_a_record_is_found_by_its_name_and_opened_with_the_arrows(page: Page) -> None:
    page.goto("/home/")
    ask(page, "adatum corp")
    expect(page.locator("#tell-me-found").get_by_role("link", name="10000 Adatum Corporation")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Adatum Corporation")


def test_an_action_of_the_page_is_done_from_there(page: Page) -> None:
    page.goto("/mappings/")
    page.get_by_label("Select CUSTOMER", exact=True).check()
    ask(page, "edit mapping")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("CUSTOMER")


def test_what_cannot_be_done_now_is_not_offered(page: Page) -> None:
    page.goto("/mappings/")
    ask(page, "unconditional full")
    expect(page.locator("#tell-me")).to_contain_text("Nothing here has these words.")


def test_the_menu_of_a_row_opens_below_it(page: Page) -> None:
    page.goto("/mappings/")
    page.get_by_label("Select CURRENCY", exact=True).focus()
    page.keyboard.press("Shift+F10")
    expect(page.locator("#row-menu")).to_be_visible()
    page.locator("#row-menu").get_by_role("button", name="Fields", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("CURRENCY")


def test_the_fact_box_closes_and_stays_closed(page: Page) -> None:
    page.goto("/mappings/")
    page.keyboard.press("Alt+F2")
    expect(page.locator("#factbox")).to_be_hidden()
    page.reload()
    expect(page.locator("#factbox")).to_be_hidden()
    page.keyboard.press("Alt+F2")
    expect(page.locator("#factbox")).to_be_visible()


def test_ticked_rows_are_copied_with_their_headings(page: Page) -> None:
    page.goto("/mappings/")
    page.get_by_label("Select CUSTOMER", exact=True).check()
    copied = page.evaluate(
        """() => {
          const event = new ClipboardEvent("copy", {clipboardData: new DataTransfer(), bubbles: true, cancelable: true});
          document.body.dispatchEvent(event);
          return event.clipboardData.getData("text/plain");
        }"""
    )
    headings, values = (line.split("\t") for line in copied.split("\n"))
    assert dict(zip(headings, values, strict=True))["Name"] == "CUSTOMER"
    assert set(headings) >= set(rows(page)[0]) - {"id", ""}
