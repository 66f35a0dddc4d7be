"""axe-core finds no serious fault on any page, in light and in dark."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.journeys.test_every_page import PAGES

SIGN_IN = "/sign-in/?next=/"


# All rules about colours that are on by default; dark changes nothing but colours, everything else is the same page.
COLOURS = {"resultTypes": ["violations"], "runOnly": ["color-contrast", "link-in-text-block"]}


def faults(page: Page, **options: Any) -> list[str]:
    found = Axe().run(page, **options).response["violations"]
    return [f"{one['id']}: {node['html'][:160]}" for one in found if one["impact"] in ("serious", "critical") for node in one["nodes"]]


def test_no_page_has_a_serious_fault_in_light_or_in_dark(page: Page) -> None:
    seen = {}
    for address in (*PAGES, SIGN_IN):
        page.emulate_media(color_scheme="light")
        page.goto(address)
        found = faults(page)
        page.emulate_media(color_scheme="dark")
        found += [f"in dark, {one}" for one in faults(page, options=COLOURS)]
        if found:
            seen[address] = found
    assert not seen, "\n".join(f"{address}\n  " + "\n  ".join(found) for address, found in seen.items())


def test_open_menus_and_the_filter_pane_have_no_serious_fault(page: Page) -> None:
    page.goto("/log/?f.name=CUST*&f.status=Finished&add=message")
    for menu in ("Views", "Columns", "Export"):
        page.locator("summary", has_text=menu).click()
        assert faults(page) == []
    page.keyboard.press("Alt+q")
    assert faults(page) == []
