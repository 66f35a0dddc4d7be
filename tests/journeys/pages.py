"""What a person does on the pages, and reads there, in few words."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page, expect

from syncadmin.sandbox.demo_data import coupled_pairs
from syncadmin.sandbox.demo_sales import account_id
from syncadmin.sandbox.ids import fixed_id
from tests.installation import wait_until

# Each row as heading -> text; "id" is what its tick box stands for.
_ROWS = """table => {
  const headings = [...table.tHead.rows[0].cells].map(cell => cell.innerText.replace(/[↑↓]/, "").trim());
  return [...table.tBodies[0].rows].filter(row => !row.matches(".nothing, .drill")).map(row => ({
    id: row.querySelector("[data-select]")?.value,
    ...Object.fromEntries([...row.cells].map((cell, place) => [headings[place], cell.innerText.trim()])),
  }));
}"""

Row = dict[str, Any]


def sign_in(page: Page, user: str, password: str) -> None:
    page.goto("/sign-in/")
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def press(page: Page, button: str, *, sure: bool = False) -> None:
    """Presses a button; with ``sure`` also answers the question that comes before it is done."""
    page.get_by_role("button", name=button, exact=True).first.click()
    if sure:
        page.locator("#confirm").get_by_role("button", name="Yes").click()


def open_menu(page: Page, menu: str) -> None:
    """Opens a menu of the action bar."""
    page.locator(".actions summary", has_text=menu).first.click()


def expect_message(page: Page, text: str) -> None:
    expect(page.locator("#messages")).to_contain_text(text)


def rows(page: Page) -> list[Row]:
    return list(page.locator("table.rows").first.evaluate(_ROWS))


def row(page: Page, text: str) -> Locator:
    return page.locator("table.rows tbody tr", has_text=text)


def mapping_row(page: Page, mapping: str) -> Locator:
    """On the list of mappings."""
    return page.locator("#list tbody tr", has=page.get_by_label(f"Select {mapping}", exact=True))


def open_mapping(page: Page, mapping: str) -> None:
    """From the list of mappings to the page of one of them."""
    page.goto("/mappings/")
    page.get_by_role("link", name=mapping, exact=True).click()
    expect(page.locator("h1")).to_have_text(mapping)


def follow(page: Page, link: str) -> None:
    page.locator("#content").get_by_role("link", name=link, exact=True).first.click()


def newest_job(page: Page, mapping: str) -> int:
    page.goto(f"/log/?mapping={mapping}")
    return max((int(one["id"]) for one in rows(page)), default=0)


def new_jobs(page: Page, mapping: str, *, after: int, number: int) -> list[Row]:
    """So many finished jobs of a mapping that are newer than job ``after``, the oldest first; leaves the page on the log."""

    def finished() -> list[Row]:
        page.goto(f"/log/?mapping={mapping}")
        new = sorted((one for one in rows(page) if int(one["id"]) > after), key=lambda one: int(one["id"]))
        return new if len(new) == number and all(one["Status"] != "In Process" for one in new) else []

    return list(wait_until(finished, what=f"the end of {number} jobs of {mapping}"))


def synchronize(page: Page, mapping: str, *, jobs: int) -> list[Row]:
    """Runs a mapping from the list of mappings; its jobs, that to Sales first."""
    before = newest_job(page, mapping)
    page.goto("/mappings/")
    page.get_by_label(f"Select {mapping}", exact=True).check()
    press(page, "Synchronize Modified Records")
    expect_message(page, f"{mapping} will be synchronized in the background.")
    return new_jobs(page, mapping, after=before, number=jobs)


def open_count(page: Page, job: Row, counter: str) -> None:
    """On the log: opens the entries behind a counter of a job."""
    page.locator(f"#list tr:has(#row-{job['id']})").get_by_role("link", name=f"{job[counter]} {counter}").click()


def open_record(page: Page, mapping: str, search: str, *, side: str = "Business Central") -> None:
    """By the record list of a mapping, with its search, to the page of the one record that is found."""
    open_mapping(page, mapping)
    follow(page, "Records")
    page.get_by_label("Side").get_by_role("link", name=side).click()
    page.get_by_placeholder("Search").fill(search)
    expect(page.locator("#list tbody tr")).to_have_count(1)
    page.locator("#list td.name a").click()
    expect(page.locator(".compare")).to_be_visible()


def field(page: Page, label: str) -> Locator:
    """On a record page: the row of a field."""
    return page.locator(".compare tbody tr", has=page.get_by_role("rowheader", name=label, exact=True))


def coupled(mapping: str) -> list[tuple[str, str]]:
    """Business Central key and Sales key of what the demo company coupled by hand in a mapping."""
    return [(bc, sales) for name, bc, sales in coupled_pairs() if name == mapping]


def customer(number: str) -> tuple[str, str]:
    """The keys of a customer that the demo company coupled, and of its account."""
    return fixed_id("customers", number), account_id(number)
