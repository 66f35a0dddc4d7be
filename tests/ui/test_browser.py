"""What only a browser shows: selection, menus, questions, local times, and that the policy blocks nothing of ours."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone
from playwright.sync_api import expect

from mappings.models import IntegrationTableMapping
from syncadmin.ui.models import PersonalSettings

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def row(page, name):
    return page.locator("#list tbody tr", has_text=name)


def test_an_action_waits_for_a_row(page):
    fields = page.get_by_role("link", name="Fields", exact=True)
    assert fields.get_attribute("href") is None
    row(page, "CUSTOMER").locator("td.direction").click()
    expect(page.locator("[data-selected-count]")).to_have_text("1 selected")
    assert fields.get_attribute("href") == f"/mappings/{IntegrationTableMapping.objects.get(name='CUSTOMER').pk}/fields/"


def test_pressing_a_row_shows_its_factbox(page):
    expect(page.locator("#factbox h2")).to_have_text("CONTACT")
    row(page, "CURRENCY").locator("td.direction").click()
    expect(page.locator("#factbox h2")).to_have_text("CURRENCY")


def test_rows_are_selected_by_keyboard(page):
    page.get_by_label("Select CONTACT").focus()
    for key in ("Space", "ArrowDown", "ArrowDown", "Space"):
        page.keyboard.press(key)
    expect(page.locator("[data-selected-count]")).to_have_text("2 selected")
    page.keyboard.press("Control+a")
    expect(page.locator("[data-selected-count]")).to_have_text("3 selected")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("CUSTOMER")


def test_what_is_ticked_stays_ticked_when_the_list_is_fetched_again(page):
    page.get_by_label("Select CUSTOMER").check()
    page.get_by_placeholder("Search").fill("cu")
    expect(page.locator("#count")).to_have_text("2 mappings")
    expect(page.get_by_label("Select CUSTOMER")).to_be_checked()
    assert "search=cu" in page.url


def test_a_second_press_while_the_answer_is_on_its_way_sends_nothing_again(page):
    held = []
    page.route("**/*", lambda route: held.append(route) if route.request.method == "POST" else route.continue_())
    page.get_by_text("Columns", exact=True).click()
    place = page.get_by_role("button", name="Show these").bounding_box()
    for _ in range(2):
        page.mouse.click(place["x"] + 5, place["y"] + 5)
        page.wait_for_timeout(300)
    assert len(held) == 1
    with page.expect_navigation():
        held[0].continue_()
    page.get_by_text("Columns", exact=True).click()
    page.mouse.click(place["x"] + 5, place["y"] + 5)
    page.wait_for_timeout(300)
    assert len(held) == 2
    held[1].continue_()


def test_a_question_comes_before_what_is_hard_to_take_back(page):
    row(page, "CUSTOMER").locator("td.direction").click()
    page.locator(".actions summary", has_text="Synchronization").click()
    page.get_by_role("button", name="Run Full Synchronization", exact=True).click()
    expect(page.locator("#confirm")).to_contain_text("Every record inside the filters is read")
    page.get_by_role("button", name="No").click()
    expect(page.locator("#confirm")).to_be_hidden()
    assert page.url.endswith("/mappings/")


def test_tell_me_finds_a_page_by_another_word(page):
    page.keyboard.press("Alt+q")
    page.keyboard.type("who changed")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Change Log")


def test_columns_are_switched_on_and_stay(page):
    page.get_by_text("Columns", exact=True).click()
    page.get_by_role("checkbox", name="Resolve Update Conflicts").check()
    page.get_by_role("button", name="Show these").click()
    expect(page.get_by_role("columnheader", name="Resolve Update Conflicts")).to_be_visible()


def test_times_are_shown_in_the_zone_of_the_reader_with_utc_on_hover(page):
    time = row(page, "CUSTOMER").locator("time")
    expect(time).to_have_text("2026-11-22 20:30:00")
    assert time.get_attribute("title") == "2026-11-22 11:30:00 UTC"


def test_how_long_ago_stays_true_while_the_page_is_open_and_is_copied_as_a_moment(page):
    PersonalSettings.objects.create(user=User.objects.get(username="ada"), moments="relative")
    IntegrationTableMapping.objects.update(last_run_at=timezone.now() - timedelta(minutes=3))
    page.clock.install()
    page.reload()
    time = row(page, "CUSTOMER").locator("time")
    expect(time).to_have_text("3 min ago")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d · \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", time.get_attribute("title"))
    page.clock.fast_forward("10:00")
    expect(time).to_have_text("13 min ago")
    assert page.evaluate("textOf(document.querySelector('#list time').closest('td'))").startswith(f"{timezone.now():%Y-}")


@pytest.mark.parametrize("width", [1440, 1280, 390])
def test_no_page_scrolls_sideways(page, live_server, mappings, width):
    page.set_viewport_size({"width": width, "height": 800})
    for address in ("/mappings/", f"/mappings/{mappings[0].pk}/", f"/mappings/{mappings[0].pk}/fields/", "/change-log/"):
        page.goto(live_server.url + address)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address


@pytest.mark.parametrize("width", [1440, 1280, 390])
def test_what_an_empty_list_says_is_in_sight_however_wide_the_list_is(page, live_server, mappings, width):
    page.set_viewport_size({"width": width, "height": 800})
    for address in (f"/mappings/{mappings[0].pk}/fields/", "/mappings/?f.colour=red&search=x", "/log/?search=nobody"):
        page.goto(live_server.url + address)
        shown, window = (page.locator(place).bounding_box() for place in (".nothing-text", "#list .list"))
        assert window["x"] <= shown["x"] and shown["x"] + shown["width"] <= window["x"] + window["width"], address


def test_the_menu_opens_over_the_page_on_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 800})
    expect(page.locator("nav.sidebar")).to_be_hidden()
    page.get_by_role("button", name="Pages").click()
    page.get_by_role("link", name="Change Log").first.click()
    expect(page.locator("h1")).to_have_text("Change Log")


def test_a_session_that_ended_leads_to_signing_in(page):
    page.context.clear_cookies()
    row(page, "CURRENCY").locator("td.direction").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_signing_in_and_out(page, live_server):
    user = User.objects.create_user("bea", password="correct horse")
    user.user_permissions.add(Permission.objects.get(codename="see"))
    page.get_by_text("ada", exact=True).click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Username").fill("bea")
    page.get_by_label("Password").fill("correct horse")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("h1")).to_have_text("Integration Table Mappings")
