"""Changing what a mapping does, and seeing its next run obey."""

from playwright.sync_api import expect

from tests.journeys.pages import coupled, expect_message, follow, open_mapping, press, synchronize


def test_a_mapping_that_only_sends_takes_nothing_back(page, people):
    ann, bob = coupled("CONTACT")[:2]
    open_mapping(page, "CONTACT")
    page.get_by_label("Direction", exact=True).select_option("ToIntegrationTable")
    press(page, "Save")
    expect_message(page, "CONTACT was saved as version")
    people.change_bc("contacts", ann[0], phoneNumber="+45 1111 2222")
    people.change_sales("contacts", bob[1], telephone1="+45 3333 4444")
    (job,) = synchronize(page, "CONTACT", jobs=1)
    assert (job["Direction"], job["Modified"]) == ("→ To Sales", "1")
    assert people.rows_sales("contacts", f"contactid eq {ann[1]}")[0]["telephone1"] == "+45 1111 2222"
    assert people.rows_bc("contacts", f"id eq {bob[0]}")[0]["phoneNumber"] != "+45 3333 4444"


def test_a_filter_is_tried_while_it_is_written_and_obeyed_once_it_is_saved(page, people):
    (inside, product), (outside, other) = coupled("ITEM-PRODUCT")[:2]
    number = people.rows_bc("items", f"id eq {outside}")[0]["number"]
    wanted = f"blocked eq false and number ne '{number}'"
    open_mapping(page, "ITEM-PRODUCT")
    page.get_by_label("Table Filter", exact=True).fill(wanted)
    expect(page.locator(".checked").first).to_contain_text(f"{len(people.rows_bc('items', wanted))} records match")
    press(page, "Save")
    expect(page.locator("#content")).to_contain_text("The change does not reach every record yet.")
    for item in (inside, outside):
        people.change_bc("items", item, unitCost=77.7)
    (job,) = synchronize(page, "ITEM-PRODUCT", jobs=1)
    assert job["Modified"] == "1"
    assert people.rows_sales("products", f"productid eq {product}")[0]["standardcost"] == 77.7
    assert people.rows_sales("products", f"productid eq {other}")[0]["standardcost"] != 77.7


def test_a_filter_that_the_system_refuses_is_not_saved(page):
    open_mapping(page, "SALESPEOPLE")
    before = page.locator(".page-head").inner_text()
    page.get_by_label("Integration Table Filter", exact=True).fill("colour eq 'red'")
    expect(page.locator(".checked").last).to_contain_text("colour")
    press(page, "Save")
    expect(page.get_by_role("alert")).to_contain_text("Nothing was saved.")
    expect(page.get_by_role("alert")).to_contain_text("colour")
    page.reload()
    open_mapping(page, "SALESPEOPLE")
    assert page.locator(".page-head").inner_text() == before
    expect(page.get_by_label("Integration Table Filter", exact=True)).not_to_have_value("colour eq 'red'")


def test_a_disabled_field_stays_at_home(page, people):
    resource, product = coupled("RESOURCE-PRODUCT")[0]
    open_mapping(page, "RESOURCE-PRODUCT")
    follow(page, "Fields")
    name = page.locator("tr", has=page.locator("input[value=displayName]"))
    name.get_by_label("Status").select_option("Disabled")
    press(page, "Save")
    expect_message(page, "RESOURCE-PRODUCT was saved as version")
    expect(page.locator(".page-head")).to_contain_text("6 enabled")
    people.change_bc("resources", resource, displayName="Renamed", unitCost=66.6)
    synchronize(page, "RESOURCE-PRODUCT", jobs=1)
    (found,) = people.rows_sales("products", f"productid eq {product}")
    assert found["standardcost"] == 66.6
    assert found["name"] != "Renamed"


def test_the_change_log_tells_who_changed_what(page):
    open_mapping(page, "CURRENCY")
    page.get_by_label("Resolve Update Conflicts").select_option("SendUpdateToIntegration")
    press(page, "Save")
    follow(page, "See what changed")
    change = page.locator("#list tbody tr").first
    expect(change).to_contain_text("admin")
    expect(change).to_contain_text("Resolve Update Conflicts")
    expect(change.locator("ins, .new")).to_contain_text("Send Update to Integration")


def test_an_older_version_is_compared_and_restored(page):
    open_mapping(page, "UNIT OF MEASURE")
    was = page.get_by_label("Description", exact=True).input_value()
    page.get_by_label("Description", exact=True).fill("Changed by mistake")
    press(page, "Save")
    expect_message(page, "UNIT OF MEASURE was saved as version")
    open_mapping(page, "UNIT OF MEASURE")
    page.locator("summary", has_text="More").click()
    follow(page, "Versions")
    page.get_by_role("link", name="Compare with now").first.click()
    expect(page.locator("table.compare .changed")).to_have_text(was)
    press(page, "Restore this version", sure=True)
    expect(page.locator("#messages")).to_be_visible()
    open_mapping(page, "UNIT OF MEASURE")
    expect(page.get_by_label("Description", exact=True)).to_have_value(was)
