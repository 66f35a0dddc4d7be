"""A whole installation at work, and a browser that signs in to it. Any complaint of the browser fails the journey."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from syncadmin.management.demo_company import PASSWORD, USER
from syncadmin.sandbox.server import Sandbox
from tests.installation import Installation
from tests.journeys.pages import sign_in
from tests.people import People

CHROMIUM = shutil.which(os.environ.get("CHROMIUM", "chromium"))
# Statistics run when they like, and a journey that counts what is written must be alone.
NO_STATISTICS = "from joblog.models import *; JobQueueEntry.objects.filter(run_kind='statistics').update(status=QueueStatus.ON_HOLD)"
expect.set_options(timeout=20_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All journeys share one installation and one browser (tests/scheduling.py); without Chromium they do not run."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="no Chromium was found; CHROMIUM names the program"))


@pytest.fixture(scope="package")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(port=0, data="demo", custom_pages=True) as server:
        yield server


@pytest.fixture(scope="package")
def demo(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The demo company, everything that is scheduled has run once and rests for the next half hour."""
    made = Installation(tmp_path_factory.mktemp("demo"), sandbox.url, SYNCADMIN_WORKERS="2")
    try:
        made.prepare_demo(sandbox.url)
        made.python(NO_STATISTICS)
        made.start_worker()
        made.wait_for_schedule()
        yield made
    finally:
        made.close()


@pytest.fixture(scope="package")
def address(demo: Installation) -> str:
    return demo.start_web()


@pytest.fixture(scope="package")
def people(sandbox: Sandbox) -> People:
    someone = People(sandbox.url)
    someone.sign_in()
    return someone


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def browse(chromium: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Opens a window of its own session (options as of a browser context); at the end no window may have complained."""
    contexts, complaints = [], []

    def open_window(**options: Any) -> Page:
        context = chromium.new_context(**({"viewport": {"width": 1440, "height": 900}, "base_url": address} | options))
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console", lambda message: complaints.append(f"{page.url}: {message.text}") if message.type in {"error", "warning"} else None
        )
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="package")
def session(chromium: Browser, address: str) -> Any:
    """What a browser keeps after the administrator has signed in."""
    context = chromium.new_context(base_url=address)
    sign_in(context.new_page(), USER, PASSWORD)
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def page(browse: Callable[..., Page], session: Any) -> Page:
    """A window in which the administrator has signed in."""
    return browse(storage_state=session)
