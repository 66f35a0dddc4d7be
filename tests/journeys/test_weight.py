"""Every page stays light: what it brings of its own, as it travels, is below 100 kB."""

from __future__ import annotations

from playwright.sync_api import Page, Response

from tests.journeys.test_accessibility import SIGN_IN
from tests.journeys.test_every_page import PAGES

MOST = 100_000  # bytes of stylesheets, scripts and pictures


def test_no_page_brings_more_than_a_hundred_kilobytes_of_assets(page: Page) -> None:
    page.context.new_cdp_session(page).send("Network.setCacheDisabled", {"cacheDisabled": True})  # everything travels each time
    got: list[Response] = []
    page.on("response", lambda response: got.extend([response]))  # the driver takes no built-in
    heavy = {}
    for address in (*PAGES, SIGN_IN):
        got.clear()
        page.goto(address, wait_until="networkidle")
        assets = [one for one in got if "/static/" in one.url]
        assert len(assets) > 5, "a page without stylesheets would be light for the wrong reason"
        weight = sum(int(one.request.sizes()["responseBodySize"]) for one in assets)
        if weight > MOST:
            heavy[address] = weight
    assert heavy == {}
