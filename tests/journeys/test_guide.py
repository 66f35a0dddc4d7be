"""A mapping of one's own, from the first name to the first record; filters, defaults, templates and the list in place."""

import pytest
from playwright.sync_api import expect

from tests.journeys.pages import expect_message, follow, mapping_row, open_mapping, press, row, synchronize


@pytest.fixture
def vendors_mapping(page, demo):
    """Whatever a journey has made is gone again at its end, so that each of them may come first."""
    yield
    demo.python(
        "from mappings.models import *; Coupling.objects.filter(mapping__name='VENDOR').delete();"
        "IntegrationTableMapping.objects.filter(name='VENDOR').delete()"
    )


def next_step(page, title):
    press(page, "Next")
    expect(page.locator(".steps .here")).to_have_text(title)


def to_fields(page):
    page.goto("/mappings/")
    follow(page, "+ New Table Mapping")
    page.get_by_label("Name").fill("VENDOR")
    next_step(page, "Tables")
    page.get_by_label("Table", exact=True).fill("Vendor")
    page.get_by_label("Integration Table", exact=True).fill("accounts")
    page.get_by_label("Direction").select_option("ToIntegrationTable")
    next_step(page, "Fields")


def constant(page, *, field, value):
    line = page.locator(".pair-rows tbody tr").nth(2)
    line.get_by_label("Use of").check()
    line.get_by_label("Integration Field of").select_option(field)
    line.get_by_label("Constant Value of").fill(value)


def test_a_new_mapping_through_the_guide_up_to_its_first_record(page, people, vendors_mapping):
    to_fields(page)
    expect(page.locator(".pair-rows .pill.good")).to_have_count(2)
    constant(page, field="customertypecode", value="Vendor")
    next_step(page, "Rules")
    page.get_by_label("Synch. Only Coupled Records").uncheck()
    vendor = people.rows_standard("vendors")[0]
    page.get_by_label("Table Filter", exact=True).fill(f"number eq '{vendor['number']}'")
    next_step(page, "Preview")
    expect(page.locator(".sample")).to_contain_text("A new record would get these values.")
    expect(page.locator(".sample")).to_contain_text(vendor["displayName"])
    press(page, "Create mapping")
    expect_message(page, "VENDOR was made, with 3 field mappings.")
    expect_message(page, "Its job queue entry is On Hold.")
    (job,) = synchronize(page, "VENDOR", jobs=1)
    assert (job["Inserted"], job["Failed"]) == ("1", "0")
    (account,) = people.rows_sales("accounts", f"accountnumber eq '{vendor['number']}' and customertypecode eq 11")
    assert account["name"] == vendor["displayName"]
    people.delete_sales("accounts", account["accountid"])


def test_the_guide_says_what_cannot_run_and_loses_nothing_on_the_way_back(page, vendors_mapping):
    to_fields(page)
    constant(page, field="customertypecode", value="Friend")
    press(page, "Next")
    expect(page.get_by_role("alert")).to_contain_text("1 ticked pair cannot run.")
    expect(page.locator(".remarks").nth(2)).to_contain_text("has no option “Friend”")
    press(page, "Back")
    expect(page.get_by_label("Table", exact=True)).to_have_value("vendors")
    press(page, "Next")
    expect(page.get_by_label("Constant Value of pair 3")).to_have_value("Friend")
    press(page, "Cancel", sure=True)
    expect_message(page, "The new mapping was given up. Nothing was saved.")
    expect(mapping_row(page, "VENDOR")).to_have_count(0)


def test_a_filter_is_built_of_conditions_and_counted(page, people):
    open_mapping(page, "RESOURCE-PRODUCT")
    follow(page, "Table Filter in conditions, with the records that it leaves out")
    total, inside = len(people.rows_bc("resources")), len(people.rows_bc("resources", "blocked eq false"))
    expect(page.locator(".checked")).to_contain_text(f"{inside} record")
    expect(page.locator(".checked")).to_contain_text(f"{total - inside} left out")
    number = people.rows_bc("resources", "blocked eq false")[0]["number"]
    page.get_by_label("Field of condition 2").select_option("number")
    page.get_by_label("Comparison of condition 2").select_option("is not")
    page.get_by_label("Value of condition 2").fill(number)
    page.get_by_label("Value of condition 2").press("Tab")
    expect(page.locator(".checked")).to_contain_text(f"{inside - 1} record")
    press(page, "Save")
    expect_message(page, "RESOURCE-PRODUCT was saved as version")
    expect(page.get_by_label("Table Filter", exact=True)).to_have_value(f"blocked eq false and number ne '{number}'")
    expect(page.get_by_label("Table Filter in words", exact=True)).to_have_value(f"Blocked is No and Number is not {number}")


def test_the_default_set_up_shows_what_it_would_change_and_does_it(page):
    page.goto("/mappings/edit/")
    page.get_by_label("Resolve Update Conflicts of SALESPEOPLE").select_option("GetUpdateFromIntegration")
    press(page, "Save")
    expect_message(page, "SALESPEOPLE was saved as version")
    page.get_by_label("Select SALESPEOPLE", exact=True).check()
    page.locator(".actions summary", has_text="Mapping").click()
    page.get_by_role("link", name="Use Default Synchronization Setup").click()
    expect(page.get_by_label("Set up SALESPEOPLE")).to_be_checked()
    expect(page.locator("tr.drill tr", has_text="Resolve Update Conflicts")).to_contain_text("Get Update from Integration")
    press(page, "Use for ticked mappings", sure=True)
    expect_message(page, "1 mapping set up as the default says.")
    open_mapping(page, "SALESPEOPLE")
    expect(page.get_by_label("Resolve Update Conflicts")).not_to_have_value("GetUpdateFromIntegration")


def test_a_template_gives_new_records_their_values(page):
    page.goto("/templates/")
    page.get_by_role("link", name="+ New").click()
    page.get_by_label("Mapping").select_option("CONTACT")
    page.get_by_label("New records in").select_option("sales")
    press(page, "Next")
    page.get_by_label("Code").fill("SKAGEN")
    page.get_by_label("Field of the source record, line 1").select_option("city")
    page.get_by_label("Value, line 1").first.fill("Skagen")
    page.get_by_label("Field of the new record, line 1").select_option("description")
    page.get_by_label("Value, line 1").last.fill("From the north")
    press(page, "Save")
    expect_message(page, "SKAGEN was saved")
    page.goto("/templates/?mapping=CONTACT")
    expect(row(page, "SKAGEN")).to_contain_text("City is Skagen")
    expect(row(page, "SKAGEN")).to_contain_text("Description: From the north")
    page.get_by_label("Select SKAGEN of CONTACT").check()
    press(page, "Delete", sure=True)
    expect_message(page, "SKAGEN was deleted.")


def test_a_field_pair_is_offered_added_and_tried_on_a_real_record(page, people):
    open_mapping(page, "CUSTOMER")
    follow(page, "Fields")
    page.locator("#offers summary").click()
    page.get_by_label("Add number with accountnumber").check()
    press(page, "Add ticked pairs")
    expect_message(page, "1 field mapping added, Disabled.")
    follow(page, "Try on a record")
    page.get_by_label("Record to try").fill("10000")
    page.get_by_label("Disabled field mappings too").check()
    press(page, "Try")
    expect(row(page, "Account Number").first).to_contain_text("10000")
