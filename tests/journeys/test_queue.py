"""The job queue at work: scheduled, watched, canceled, paused, taken over from a lost worker. Pages change by themselves.

An installation of its own, because pausing everything and killing workers would disturb the other journeys.
"""

import re
import subprocess
import time
from calendar import day_abbr, day_name
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from syncadmin.management.demo_company import PASSWORD, USER
from syncadmin.sandbox.server import Sandbox
from tests.installation import Installation
from tests.journeys.pages import expect_message, follow, press, row, sign_in
from tests.people import People

RECORDS = 3000  # three pages
PATIENCE = 60_000  # milliseconds that what workers do may take on a busy machine
ALL_ON_HOLD = "from joblog.models import *; JobQueueEntry.objects.update(status=QueueStatus.ON_HOLD)"


@dataclass
class Company:
    installation: Installation
    people: People
    address: str
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start_worker(self) -> None:
        self.workers.append(self.installation.start_worker())

    def kill_worker(self) -> None:
        self.installation.kill(self.workers.pop())

    def slow(self, seconds: float) -> None:
        """Every thousand that is created in Sales takes so long."""
        self.fast()
        self.people.fault(system="sales", kind="delay", seconds=seconds, times=100, method="POST", path="CreateMultiple")

    def fast(self) -> None:
        self.people.control("DELETE", "faults")

    def new_customers(self, name: str) -> None:
        self.people.create_many_bc("customers", [{"displayName": f"{name} {number:04}"} for number in range(RECORDS)])

    def arrived(self, name: str) -> int:
        return len(self.people.rows_sales("accounts", f"startswith(name,'{name}')"))


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """The demo company, nothing is scheduled. A silent worker is lost after 6 seconds instead of a minute."""
    with Sandbox(port=0, data="demo", custom_pages=True) as sandbox:
        folder = tmp_path_factory.mktemp("queue")
        installation = Installation(folder, sandbox.url, SYNCADMIN_WORKERS="1", SYNCADMIN_STALE_SECONDS="6")
        try:
            installation.prepare_demo(sandbox.url)
            installation.python(ALL_ON_HOLD)
            installation.ask_any("synchronize", "CUSTOMER", codes=(0, 1))  # what the demo company has, so that runs count what is new
            people = People(sandbox.url)
            people.sign_in()
            made = Company(installation, people, installation.start_web())
            made.start_worker()
            yield made
        finally:
            installation.close()


@pytest.fixture(scope="module")
def address(company):
    return company.address


@pytest.fixture(scope="module")
def session(chromium, address) -> Any:
    context = chromium.new_context(base_url=address)
    sign_in(context.new_page(), USER, PASSWORD)
    state = context.storage_state()
    context.close()
    return state


def open_entry(page, start):
    """From the list of entries to the card of the one whose description starts like this."""
    page.goto("/job-queue/")
    page.get_by_role("link", name=re.compile(f"^{start}")).first.click()
    expect(page.locator("h1")).to_contain_text(start)


def run_customers(page):
    """Starts the entry of CUSTOMER; leaves the page on the job that runs, once it has written a page of records."""
    open_entry(page, "CUSTOMER - ")
    press(page, "Run once, now")
    page.locator("#factbox a[href^='/log/']").first.click()
    expect(page.locator(".phase-bar")).to_contain_text(re.compile(r"[1-9][\d,]* written"), timeout=PATIENCE)
    page.evaluate("document.body.dataset.seen = 'the same page'")


def facts(page):
    """What the page of a job or an execution tells first."""
    return page.locator(".job-facts")


def inserted(page):
    """On the page of a job: the number of its tab Inserted."""
    tab = page.get_by_role("link", name=re.compile("^Inserted"))
    return int(re.sub(r"\D", "", tab.inner_text())) if tab.count() else 0


def stayed(page):
    """Whether the page has changed by itself, without being loaded anew."""
    return page.evaluate("document.body.dataset.seen") == "the same page"


def test_a_job_is_scheduled_and_watched(page, company):
    open_entry(page, "CURRENCY - ")
    page.get_by_label("No. of Minutes between Runs").fill("45")
    other_day = (datetime.now(UTC) + timedelta(days=3)).weekday()  # it has to run today, whatever day that is
    page.get_by_label(f"{day_name[other_day]}s").uncheck()
    page.get_by_label("Starting time").fill("00:00")
    press(page, "Save")
    expect_message(page, "was saved. Set it to Ready, so that it runs.")
    expect(page.locator("#factbox")).to_contain_text(
        f"Every 45 min, {', '.join(name for day, name in enumerate(day_abbr) if day != other_day)}"
    )
    expect(page.locator("#factbox")).to_contain_text("Next runs once it is set to Ready")
    expect(page.locator("#next-runs li")).to_have_count(5)
    press(page, "Set Status to Ready")
    expect(page.locator("#factbox")).to_contain_text("Success", timeout=PATIENCE)
    expect(page.get_by_label("No. of Minutes between Runs")).to_be_disabled()
    follow(page, "Log Entries")
    page.locator("#list td.name a").click()
    expect(facts(page)).to_contain_text("Success")
    page.get_by_label("Jobs", exact=True).get_by_role("link", name="CURRENCY").first.click()
    expect(facts(page)).to_contain_text("Finished")


def test_a_job_is_canceled_from_its_page_and_honestly_counted(page, company):
    company.new_customers("Ledger")
    company.slow(5)
    run_customers(page)
    press(page, "Cancel", sure=True)
    expect(page.locator(".phase-bar")).to_contain_text("stops at its next page, asked by admin")
    expect(facts(page)).to_contain_text("Canceled by admin.", timeout=PATIENCE)
    expect(page.get_by_role("button", name="Cancel", exact=True)).to_have_count(0)
    number = inserted(page)
    assert 0 < number < RECORDS and number == company.arrived("Ledger")
    follow(page, "Open these records as a list")
    expect(page.locator("#count")).to_contain_text(f"{number:,} records")
    open_entry(page, "CUSTOMER - ")
    expect(page.locator("#factbox h2")).to_contain_text("On Hold")
    expect(page.locator("#factbox")).to_contain_text("Canceled")


def test_everything_is_paused_with_a_reason_and_goes_on_where_it_was(page, browse, session, company):
    company.new_customers("Quay")
    company.slow(5)
    run_customers(page)
    other = browse(storage_state=session)
    other.goto("/workers/")
    other.get_by_label("Pause everything, because").fill("Sales is moved to another region")
    press(other, "Pause", sure=True)
    expect(page.locator(".phase-bar")).to_contain_text("paused", timeout=PATIENCE)
    assert stayed(page)
    before = company.arrived("Quay")
    for address in ("/home/", "/mappings/", "/log/", "/errors/", "/job-queue/", "/change-log/"):
        other.goto(address)
        expect(other.get_by_text("Everything is paused by admin")).to_contain_text("Sales is moved to another region")
    time.sleep(3)
    assert company.arrived("Quay") == before < RECORDS
    company.fast()
    press(other, "Resume")
    expect(other.locator(".pause-banner")).to_have_count(0)
    expect(facts(page)).to_contain_text("Finished", timeout=PATIENCE)
    assert stayed(page) and company.arrived("Quay") == RECORDS


def test_a_lost_worker_is_noticed_and_another_one_goes_on(page, browse, session, company):
    company.new_customers("Meridian")
    company.slow(5)
    run_customers(page)
    watch = browse(storage_state=session)
    watch.goto("/workers/")
    expect(watch.locator("#list")).to_contain_text("CUSTOMER - ")
    company.kill_worker()
    company.fast()
    expect(watch.locator("#list .pill.bad")).to_have_text("Lost", timeout=PATIENCE)
    expect(page.locator(".phase-bar")).to_contain_text("the worker gives no sign of life", timeout=PATIENCE)
    company.start_worker()
    expect(watch.locator("#list .pill.good")).to_have_text("Running", timeout=PATIENCE)
    expect(facts(page)).to_contain_text("Finished", timeout=PATIENCE)
    assert stayed(page) and company.arrived("Meridian") == RECORDS <= inserted(page)
    expect(facts(page)).to_contain_text("gave no sign of life any more")
    follow(page, "Execution")
    expect(page.locator(".message")).to_contain_text("gave no sign of life any more")
    page.goto("/job-queue/log/?lost=on")
    expect(row(page, "CUSTOMER")).to_contain_text("A worker was lost, another went on.")
