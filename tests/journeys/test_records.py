"""Records of both systems: found, compared, synchronized one by one, coupled and uncoupled."""

import pytest
from playwright.sync_api import expect

from tests.journeys.pages import (
    coupled,
    customer,
    expect_message,
    field,
    follow,
    new_jobs,
    newest_job,
    open_count,
    open_mapping,
    open_menu,
    open_record,
    press,
    row,
    rows,
)


@pytest.mark.parametrize("side", ["Business Central", "Dynamics 365 Sales"])
def test_a_record_is_found_from_either_side(page, side):
    open_record(page, "CUSTOMER", "alpine ski", side=side)
    expect(page.locator("h1")).to_have_text("40000 Alpine Ski House")
    expect(field(page, "Display Name").locator("td").first).to_have_text("Alpine Ski House")
    expect(field(page, "City")).to_contain_text("Denver")


def test_coupled_and_uncoupled_records_are_told_apart(page):
    open_mapping(page, "CONTACT")
    follow(page, "Records")
    page.get_by_label("Coupled", exact=True).select_option("yes")
    expect(page.locator("#list")).not_to_contain_text("Not coupled")
    assert all(one["Coupled to"] for one in rows(page))
    page.get_by_label("Coupled", exact=True).select_option("no")
    expect(page.locator("#list")).to_contain_text("Not coupled")
    assert {one["Coupling"] for one in rows(page)} == {"Not coupled"}


def test_a_change_is_foretold_previewed_sent_and_remembered(page, people):
    key, account = customer("20000")
    before = newest_job(page, "CUSTOMER")
    people.change_bc("customers", key, city="Springfield")
    open_record(page, "CUSTOMER", "20000")
    record = page.url
    expect(field(page, "City")).to_contain_text("will be sent to Sales")

    people.control("POST", "stats/reset")
    press(page, "Preview")
    expect_message(page, "1 record of CUSTOMER will be previewed in the background.")
    preview, _ = new_jobs(page, "CUSTOMER", after=before, number=2)
    assert (preview["Message"], preview["Modified"]) == ("Preview", "1")
    open_count(page, preview, "Modified")
    expect(row(page, "Springfield")).to_have_count(1)
    assert writes(people) == 0

    page.goto(record)
    press(page, "Synchronize Now")
    expect_message(page, "1 record of CUSTOMER will be synchronized in the background.")
    new_jobs(page, "CUSTOMER", after=int(preview["id"]) + 1, number=2)
    assert people.rows_sales("accounts", f"accountid eq {account}")[0]["address1_city"] == "Springfield"
    page.goto(record)
    expect(field(page, "City")).not_to_contain_text("will be sent")
    expect(page.locator(".factbox").get_by_role("link", name="1 field", exact=True)).to_be_visible()
    expect(page.locator(".factbox").get_by_role("link", name="preview: 1 field", exact=True)).to_be_visible()


def test_a_conflict_shows_what_was_and_both_values_and_is_decided_field_by_field(page, people):
    key, account = customer("01445544")
    (was,) = people.rows_bc("customers", f"id eq {key}")
    people.change_bc("customers", key, phoneNumber="+1 425 555 0101", city="Kyiv")
    people.change_sales("accounts", account, telephone1="+1 425 555 0199", address1_city="Lviv")
    before = newest_job(page, "CUSTOMER")
    open_record(page, "CUSTOMER", "01445544")
    expect(page.locator(".page-head")).to_contain_text("Conflict")
    for text in ("both changed", was["phoneNumber"], "+1 425 555 0101", "+1 425 555 0199"):
        expect(field(page, "Phone Number")).to_contain_text(text)
    record = page.url
    field(page, "Phone Number").get_by_label("Keep Sales").check()
    field(page, "City").get_by_label("Keep Business Central").check()
    press(page, "Resolve as Chosen")
    expect_message(page, "2 fields are decided.")
    new_jobs(page, "CUSTOMER", after=before, number=2)
    assert people.rows_bc("customers", f"id eq {key}")[0]["phoneNumber"] == "+1 425 555 0199"
    assert people.rows_sales("accounts", f"accountid eq {account}")[0]["address1_city"] == "Kyiv"
    page.goto(record)
    expect(page.locator(".page-head")).not_to_contain_text("Conflict")
    expect(page.locator(".next-text")).to_have_text("Both records agree: nothing to do.")


def test_a_coupling_is_deleted_and_set_up_again(page, people):
    contact, partner = coupled("CONTACT")[-1]
    (person,) = people.rows_bc("contacts", f"id eq {contact}")
    before = newest_job(page, "CONTACT")
    open_record(page, "CONTACT", person["number"])
    record = page.url
    open_menu(page, "Coupling")
    press(page, "Delete Coupling", sure=True)
    expect_message(page, "The coupling of 1 record of CONTACT will be deleted in the background.")
    (deleted,) = new_jobs(page, "CONTACT", after=before, number=1)
    page.goto(record)
    expect(page.locator(".page-head")).to_contain_text("Not coupled")
    open_menu(page, "Coupling")
    follow(page, "Set Up Coupling")
    page.locator(f".candidates a[href*='{partner}']").click()
    page.get_by_label("Synchronize after coupling").select_option(label="Do not synchronize")
    press(page, "Couple")
    expect_message(page, "The records of CONTACT will be coupled in the background.")
    new_jobs(page, "CONTACT", after=int(deleted["id"]), number=1)
    page.goto(record)
    expect(page.locator(".page-head")).not_to_contain_text("Not coupled")
    expect(page.locator(".factbox")).to_contain_text(person["displayName"])
    assert [one["fullname"] for one in people.rows_sales("contacts", f"contactid eq {partner}")] == [person["displayName"]]


def writes(people):
    """Operations in both systems that change data."""
    return sum(stats["by_method"].get(method, 0) for stats in people.stats().values() for method in ("POST", "PATCH", "PUT", "DELETE"))
