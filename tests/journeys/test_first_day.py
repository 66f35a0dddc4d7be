"""The first day: from an empty installation to customers that have come over, in the browser alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from syncadmin.sandbox.server import Sandbox
from tests.installation import Installation
from tests.journeys.pages import expect_message, mapping_row, press, rows, sign_in
from tests.people import People

_MAKE_PERSON = "from django.contrib.auth.models import User; User.objects.create_superuser('ada', password='first day at work')"


@pytest.fixture(scope="module")
def systems() -> Iterator[People]:
    with Sandbox(port=0, data="empty", custom_pages=True) as server:
        people = People(server.url)
        people.sign_in()
        for name in ("Harbour Lights", "North Wind"):
            people.create_bc("customers", displayName=name, city="Skagen")
        yield people


@pytest.fixture
def first_page(chromium: Browser, systems: People, tmp_path: Path) -> Iterator[Page]:
    """A window on an installation in which nothing is set up; its worker runs."""
    made = Installation(tmp_path, "", SYNCADMIN_WORKERS="2")
    try:
        made.python(_MAKE_PERSON)
        made.start_worker()
        context = chromium.new_context(base_url=made.start_web(), viewport={"width": 1440, "height": 900})
        yield context.new_page()
        context.close()
    finally:
        made.close()


def connect(page: Page, people: People, **values: str) -> None:
    """Fills the form of a new connection and tests it."""
    page.get_by_role("link", name="Connect", exact=True).first.click()
    page.locator("summary", has_text="Advanced").click()
    access = {"Tenant": "sandbox", "Client ID": "sync-admin", "Client secret": "sandbox", "Scope": f"{people.url}/.default"}
    access["Sign-in address"] = f"{people.url}/sandbox/oauth2/v2.0/token"
    for label, value in (values | access).items():
        page.get_by_label(label, exact=True).fill(value)
    press(page, "Save")
    expect_message(page, f"The connection {values['Name']} is saved. Test it now.")
    press(page, "Test Connection")
    expect(page.locator("#checks .pill.good")).to_have_count(5)
    expect(page.locator("#checks")).to_contain_text("No table is used yet.")


def next_step(page: Page) -> str:
    page.goto("/assisted-setup/")
    return page.locator("[aria-current=step] h2").inner_text()


def test_from_nothing_to_synchronized_customers(first_page: Page, systems: People) -> None:
    page = first_page
    sign_in(page, "ada", "first day at work")
    page.goto("/home/")
    page.get_by_role("link", name="Assisted Setup").first.click()
    connect(page, systems, Name="CRONUS", Address=f"{systems.url}/v2.0", Environment="demo", Company="CRONUS")
    assert "Connect Dynamics 365 Sales" in next_step(page)
    connect(page, systems, Name="contoso.crm", Address=systems.url)
    assert "Use the default synchronization setup" in next_step(page)
    page.get_by_role("link", name="Use Default Synchronization Setup").click()
    expect(page.locator(".page-head")).to_contain_text("14 of 14 mappings would change")
    press(page, "Use for ticked mappings", sure=True)
    expect_message(page, "14 mappings set up as the default says.")
    page.goto("/full-synchronization/")
    press(page, "Refresh Recommendation")
    expect(mapping_row(page, "CUSTOMER")).to_contain_text("Full Synchronization")
    lines = len(rows(page))
    press(page, "Start", sure=True)
    expect(page.locator("#list tbody tr", has_text="Finished")).to_have_count(lines, timeout=90_000)
    page.goto("/log/?type=Full&mapping=CUSTOMER&direction=ToIntegrationTable")
    assert [(job["Inserted"], job["Failed"]) for job in rows(page)] == [("2", "0")]
    assert sorted(one["name"] for one in systems.rows_sales("accounts")) == ["Harbour Lights", "North Wind"]
    page.goto("/assisted-setup/")
    expect(page.locator("#content")).to_contain_text("Everything is set up.")
