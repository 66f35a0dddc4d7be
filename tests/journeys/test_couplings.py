"""Couplings: matched with a preview, set up by hand, retried by the filter, and mended by coupling what was missing."""

import pytest
from playwright.sync_api import expect

from tests.installation import wait_until
from tests.journeys.pages import expect_message, field, follow, new_jobs, newest_job, press, row, rows


@pytest.fixture(scope="module")
def strangers(people):
    """Customers whose accounts have the same names (Lakeside), and one that may belong to two (Seaside)."""
    made = [people.create_bc("customers", displayName=name)["id"] for name in ("Lakeside One", "Lakeside Two", "Seaside")]
    accounts = [
        people.create_sales("accounts", name=name, customertypecode=3) for name in ("Lakeside One", "Lakeside Two", "Seaside", "Seaside")
    ]
    return made, [account["accountid"] for account in accounts]


def test_records_are_coupled_by_match_after_a_preview(page, people, strangers):
    before = newest_job(page, "CUSTOMER")
    page.goto("/mappings/4/records/?q=side&coupled=no")
    page.get_by_label("Select all rows of this page").check()
    page.locator("summary", has_text="Coupling").click()
    press(page, "Match-Based Coupling")
    expect_message(page, "3 records of CUSTOMER will be matched in the background. Nothing is coupled before you say so.")
    expect(row(page, "Lakeside One")).to_contain_text("Would be coupled")
    expect(row(page, "Lakeside Two")).to_contain_text("Matched by Display Name (Lakeside Two).")
    expect(row(page, "Seaside")).to_contain_text("Ambiguous")
    expect(page.get_by_label("Records by result").get_by_role("link", name="Would be coupled 2")).to_be_visible()
    (preview,) = new_jobs(page, "CUSTOMER", after=before, number=1)

    page.goto("/mappings/4/match/")
    page.get_by_role("button", name="Couple", exact=False).and_(page.locator("[name=pair]")).first.click()
    expect_message(page, "1 pair of CUSTOMER will be coupled.")
    press(page, "Couple All That Match", sure=True)
    expect_message(page, "Records of CUSTOMER that match will be coupled in the background.")
    new_jobs(page, "CUSTOMER", after=int(preview["id"]), number=2)
    page.goto("/couplings/?mapping=CUSTOMER&state=new&search=side")
    assert sorted(one["Dynamics 365 Sales"] for one in rows(page)) == ["Lakeside One", "Lakeside Two", "Seaside"]
    assert len(people.rows_sales("accounts", "startswith(name,'Lakeside')")) == 2


def test_a_coupling_is_set_up_by_hand(page, people):
    key = people.create_bc("customers", displayName="Harbour Bakery", city="Esbjerg", phoneNumber="75 12 00 00")["id"]
    account = people.create_sales("accounts", name="Bakery at the Harbour", address1_city="Esbjerg N", customertypecode=3)["accountid"]
    before = newest_job(page, "CUSTOMER")
    page.goto("/mappings/4/records/?q=Harbour+Bakery")
    page.locator("#list [data-select]").check()
    page.locator("summary", has_text="Coupling").click()
    follow(page, "Set Up Coupling")
    page.get_by_label("Number or name").fill("Bakery at")
    press(page, "Look Up")
    expect(page.locator(".pair")).to_contain_text("Bakery at the Harbour")
    expect(field(page, "City")).to_contain_text("Esbjerg N")
    expect(field(page, "City")).to_contain_text("differs")
    page.get_by_label("Hide fields that agree").check()
    expect(field(page, "Fax Number")).to_be_hidden()
    page.get_by_label("Synchronize after coupling").select_option(label="Yes, use Business Central's data")
    press(page, "Couple")
    expect_message(page, "The records of CUSTOMER will be coupled and synchronized in the background.")
    new_jobs(page, "CUSTOMER", after=before, number=2)
    assert people.rows_sales("accounts", f"accountid eq {account}")[0]["address1_city"] == "Esbjerg"
    page.goto(f"/mappings/4/records/business_central/{key}/")
    expect(page.locator(".page-head")).to_contain_text("In sync")


def test_a_record_with_a_partner_is_refused_and_the_coupling_can_be_moved(page, people):
    key = people.create_bc("customers", displayName="Harbour Bakery Shop")["id"]
    before = newest_job(page, "CUSTOMER")
    page.goto(f"/mappings/4/records/business_central/{key}/couple/?any=1&q=Harbour+Bakery")
    page.locator(".candidates").get_by_role("link", name="Harbour Bakery", exact=True).click()
    expect(page.locator(".message.warning")).to_contain_text("is already coupled to")
    press(page, "Move the Coupling", sure=True)
    expect_message(page, "The records of CUSTOMER will be coupled and synchronized in the background.")
    new_jobs(page, "CUSTOMER", after=before, number=2)
    page.goto("/couplings/?mapping=CUSTOMER&search=Harbour")
    (only,) = rows(page)
    assert "Harbour Bakery Shop" in only["Business Central"]


def test_skipped_records_are_retried_and_mended_by_coupling_what_is_missing(page, people):
    people.create_standard("currencies", code="ZAR", displayName="South African rand")
    people.control("POST", "rate", {"currency": "ZAR", "rate": 0.055})
    for name in ("Safari One", "Safari Two"):
        people.create_bc("customers", displayName=name, currencyCode="ZAR")
    last = newest_job(page, "CUSTOMER")
    for state in ("Failed", "Skipped"):
        last = run_safari(page, last, state)

    page.goto("/skipped-records/?search=Safari")
    expect(page.locator("#list tbody tr")).to_have_count(2)
    expect(row(page, "Safari One")).to_contain_text("ZAR is not coupled")
    press(page, "Retry All", sure=True)
    expect_message(page, "2 couplings will be retried, in the background.")
    (again,) = new_jobs(page, "CUSTOMER", after=last, number=1)
    assert again["Skipped"] == "2"

    page.goto("/errors/?mapping=CUSTOMER&search=Safari")
    page.get_by_label("Select all rows of this page").check()
    page.locator("summary", has_text="Synchronize").click()
    press(page, "Couple what is missing first", sure=True)
    expect_message(page, "2 records will be synchronized again.")
    wait_until(lambda: people.rows_sales("accounts", "startswith(name,'Safari')"), what="the accounts of the safari")
    page.goto("/couplings/?mapping=CUSTOMER&search=Safari")
    wait_until(lambda: page.reload() and [one["State"] for one in rows(page)] == ["In sync", "In sync"], what="two couplings in sync")
    page.goto("/skipped-records/?search=Safari")
    expect(page.locator("#list")).to_contain_text("Nothing fits these filters.")


def run_safari(page, last, counted):
    """Synchronizes the two from the list of records; the number of the job, which counts both as this."""
    page.goto("/mappings/4/records/?q=Safari")
    page.get_by_label("Select all rows of this page").check()
    press(page, "Synchronize")
    expect_message(page, "2 records of CUSTOMER will be synchronized in the background.")
    (job,) = new_jobs(page, "CUSTOMER", after=last, number=1)
    assert job[counted] == "2"
    return int(job["id"])


def test_each_count_of_the_book_opens_its_rows_and_one_tells_its_history(page):
    page.goto("/couplings/?mapping=CONTACT")
    tabs = page.get_by_label("Couplings by state").get_by_role("link")
    counts = tabs.evaluate_all("all => all.map(one => [one.getAttribute('href'), one.querySelector('b').innerText])")
    assert len(counts) == 8
    for address, number in counts:
        page.goto(address)
        expect(page.locator("#count")).to_have_text(f"{number} coupling{'s' if number != '1' else ''}")
    page.goto("/couplings/?mapping=CONTACT")
    page.locator("#list td a.pill").first.click()
    expect(page.locator("h1")).to_contain_text("⇄")
    expect(page.locator("#factbox")).to_contain_text("CONTACT")
    assert rows(page)
