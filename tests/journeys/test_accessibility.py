"""axe-core finds no serious fault on any page, in light and in dark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.journeys.test_every_page import PAGES

SIGN_IN = "/sign-in/?next=/"


def faults(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html'][:160]}" for one in found if one["impact"] in ("serious", "critical") for node in one["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_fault(browse: Callable[..., Page], session: Any, scheme: str) -> None:
    page = browse(storage_state=session, color_scheme=scheme)
    seen = {}
    for address in (*PAGES, SIGN_IN):
        page.goto(address)
        if found := faults(page):
            seen[address] = found
    assert not seen, "\n".join(f"{address}\n  " + "\n  ".join(found) for address, found in seen.items())


def test_open_menus_and_the_filter_pane_have_no_serious_fault(browse: Callable[..., Page], session: Any) -> None:
    page = browse(storage_state=session)
    page.goto("/log/?f.name=CUST*&f.status=Finished&add=message")
    for menu in ("Views", "Columns", "Export"):
        page.locator("summary", has_text=menu).click()
        assert faults(page) == []
    page.keyboard.press("Alt+q")
    assert faults(page) == []
