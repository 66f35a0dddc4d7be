"""Lists whose rows another system has, and lists that are edited in place: filters, order and columns in the browser."""

from playwright.sync_api import expect

from tests.journeys.pages import expect_message, press, rows


def test_records_of_sales_are_filtered_sorted_and_shown_with_other_columns(page):
    page.goto("/mappings/4/records/?side=sales")
    page.get_by_role("button", name="Filter pane").click()
    page.locator("#pane-add").select_option("field_address1_city")
    page.locator("#pane-field_address1_city").fill("chicago|atlanta|seattle")
    page.locator("#pane-field_address1_city").press("Tab")
    expect(page.locator("#list")).not_to_contain_text("Tailspin Toys")
    assert {one["Address 1: City"] for one in rows(page)} <= {"Atlanta", "Chicago", "Seattle"}
    page.get_by_role("columnheader", name="Address 1: City").get_by_role("link").click()
    expect(page.get_by_role("columnheader", name="Address 1: City")).to_have_attribute("aria-sort", "ascending")
    cities = [one["Address 1: City"] for one in rows(page)]
    assert len(cities) > 2
    assert cities == sorted(cities)
    page.locator("summary", has_text="Columns").click()
    page.get_by_role("checkbox", name="Main Phone").check()
    press(page, "Show these")
    expect(page.get_by_role("columnheader", name="Main Phone")).to_be_visible()
    expect(page.locator('.tabs [aria-current="page"]')).to_contain_text("Dynamics 365 Sales")
    assert [one["Address 1: City"] for one in rows(page)] == cities
    page.goto("/mappings/4/records/")
    expect(page.get_by_role("columnheader", name="Phone")).to_have_count(0)
    page.goto("/mappings/4/records/?side=sales")
    page.locator("summary", has_text="Columns").click()
    press(page, "As at first")
    expect(page.get_by_role("columnheader", name="Main Phone")).to_have_count(0)


def test_other_rows_are_shown_only_after_a_question_while_something_is_not_saved(page):
    page.goto("/option-mappings/?name=SHIPPING+AGENT")
    caption = page.get_by_label("Option Value Caption of SHIPPING AGENT: UPS")
    was = caption.input_value()
    caption.fill("Brown")
    page.get_by_label("Search").fill("DHL")
    question = page.locator("#confirm")
    expect(question).to_contain_text("What you have changed in these is not saved yet")
    question.get_by_role("button", name="No", exact=True).click()
    expect(caption).to_have_value("Brown")
    page.get_by_label("Search").fill("FEDEX")
    question.get_by_role("button", name="Yes").click()
    expect(caption).to_have_count(0)
    expect(page.get_by_label("Option Value Caption of SHIPPING AGENT: FEDEX")).to_be_visible()
    page.goto("/option-mappings/?name=SHIPPING+AGENT")
    expect(caption).to_have_value(was)


def test_a_field_is_saved_while_its_column_and_other_rows_are_out_of_sight(page):
    page.goto("/mappings/5/fields/?f.field=email&cols=status,truncate")
    expect(page.locator("#count")).to_have_text("1 field mapping")
    before = page.get_by_label("Truncate of").first.is_checked()
    page.get_by_label("Truncate of").first.click()
    press(page, "Save")
    expect_message(page, "was saved as version")
    assert page.get_by_label("Truncate of").first.is_checked() is not before
    page.goto("/mappings/5/fields/")
    assert page.locator("#list tbody tr").count() > 10
    page.locator("tr", has=page.locator("input[value=email]")).get_by_label("Truncate of").click()
    press(page, "Save")
    expect_message(page, "was saved as version")
