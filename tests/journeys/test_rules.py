"""Transformation rules and option mappings: what the pages do while a person types."""

from playwright.sync_api import expect


def test_a_rule_shows_the_parameters_of_its_type_and_is_tried_before_it_is_saved(page):
    page.goto("/transformation-rules/new/")
    page.get_by_label("Code").fill("SWAP")
    page.get_by_label("Type").select_option("Regular Expression - Replace")
    page.get_by_label("Regular Expression", exact=True).fill(r"^(\w+), (\w+)$")
    expect(page.get_by_label("Code")).to_have_value("SWAP")
    page.get_by_label("Replace Value").fill("$2 $1")
    page.get_by_label("Next Transformation Rule").select_option(label="UPPERCASE")
    page.get_by_label("Sample text").fill("Hansen, Ida")
    expect(page.locator("#tried dd")).to_have_text(["Ida Hansen", "IDA HANSEN"])


def test_a_pattern_that_could_take_for_ever_is_told_so(page):
    page.goto("/transformation-rules/new/?type=Regular+Expression+-+Match")
    page.get_by_label("Regular Expression", exact=True).fill("(a+)+$")
    page.get_by_label("Sample text").fill("aaa")
    expect(page.locator("#tried")).to_contain_text("can take for ever")


def test_an_option_mapping_tells_what_has_no_pair_and_fills_the_new_row_in(page):
    page.goto("/option-mappings/")
    page.get_by_label("Option mapping", exact=True).select_option("PAYMENT TERMS")
    expect(page.locator("#count")).to_have_text("4 pairs")
    page.locator("#factbox").get_by_role("link", name="1M(8D)").click()
    expect(page.get_by_label("Code of the new pair")).to_have_value("1M(8D)")
    expect(page.get_by_label("Option Mapping of the new pair")).to_have_value("PAYMENT TERMS")
