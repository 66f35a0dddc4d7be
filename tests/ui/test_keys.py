"""Keys as in Business Central, and what goes to the clipboard."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect

from joblog.models import JobQueueLogEntry, SynchJob
from mappings.models import IntegrationTableMapping
from syncadmin.ui.models import PersonalSettings

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def cell(page, name, css):
    return page.locator("#list tbody tr", has_text=name).locator(css)


def an_execution():
    return JobQueueLogEntry.objects.create(description="CUSTOMER", run_kind="synchronize", started_at=timezone.now(), message="Bad.")


def test_f3_searches(page):
    page.keyboard.press("F3")
    expect(page.get_by_placeholder("Search")).to_be_focused()


def test_shift_f3_opens_the_filter_pane_and_escape_closes_it(page):
    page.keyboard.press("Shift+F3")
    expect(page.locator("#filter-pane")).to_be_visible()
    expect(page.locator("#filter-pane :focus")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("#filter-pane")).to_be_hidden()
    expect(page.get_by_role("button", name="Filter pane")).to_be_focused()


def test_alt_f3_filters_to_the_value_and_ctrl_shift_alt_f3_clears_it(page):
    cell(page, "CUSTOMER", "td.name").click(position={"x": 3, "y": 5})
    page.keyboard.press("Alt+F3")
    expect(page.locator("#count")).to_have_text("1 mapping")
    page.keyboard.press("Control+Shift+Alt+F3")
    expect(page.locator("#count")).to_have_text("3 mappings")


def test_alt_f3_works_from_the_tick_box_too(page):
    page.get_by_label("Select CURRENCY").focus()
    page.keyboard.press("Alt+F3")
    expect(page.locator("#count")).to_have_text("1 mapping")
    assert "f.name=CURRENCY" in page.url


@pytest.mark.parametrize(("locale", "moments"), [("de_DE", ""), ("da_DK", "relative"), ("en_US", "")])
def test_alt_f3_takes_the_value_of_every_column_however_it_is_shown(page, locale, moments):
    PersonalSettings.objects.create(user=User.objects.get(username="ada"), locale=locale, moments=moments)
    shown = "direction,synch_only_coupled,last_run_at,failed"
    IntegrationTableMapping.objects.exclude(name="CUSTOMER").update(synch_only_coupled=False)
    IntegrationTableMapping.objects.filter(name="CUSTOMER").update(direction="ToIntegrationTable", synch_only_coupled=True)
    for column in shown.split(","):
        page.goto(f"{page.url.partition('?')[0]}?cols={shown}")
        place = page.locator(f"#list th[data-field={column}]").evaluate("head => head.cellIndex")
        page.locator("#list tbody tr", has_text="CUSTOMER").locator("td").nth(place).click(position={"x": 2, "y": 5})
        with page.expect_navigation():
            page.keyboard.press("Alt+F3")
        expect(page.locator("#list tbody tr", has_text="CUSTOMER")).to_be_visible()
        expect(page.locator("#filter-pane .errorlist")).to_have_count(0)
        assert page.locator("#list tbody tr").count() == (1 if column in ("direction", "synch_only_coupled") else 3), column


def test_shift_alt_f3_adds_a_filter_on_the_column(page):
    cell(page, "CUSTOMER", "td.name").click(position={"x": 3, "y": 5})
    page.keyboard.press("Shift+Alt+F3")
    expect(page.locator("#pane-name")).to_be_focused()


def test_alt_f2_gives_the_place_of_the_factbox_to_the_list(page):
    narrow = page.locator("#list").bounding_box()["width"]
    page.keyboard.press("Alt+F2")
    expect(page.locator("#factbox")).to_be_hidden()
    assert page.locator("#list").bounding_box()["width"] > narrow + 250
    page.keyboard.press("Alt+F2")
    expect(page.locator("#factbox")).to_be_visible()


def test_shift_f10_offers_actions_wherever_in_the_row_the_focus_is(page):
    page.get_by_role("link", name="CUSTOMER", exact=True).focus()
    page.keyboard.press("Shift+F10")
    menu = page.locator("#row-menu")
    expect(menu).to_be_visible()
    expect(page.get_by_label("Select CUSTOMER")).to_be_checked()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()


def test_ctrl_a_selects_all_rows_and_only_the_text_of_a_field(page):
    page.locator("body").press("Control+a")
    expect(page.locator("[data-selected-count]")).to_have_text("3 selected")
    page.get_by_label("Select all rows of this page").uncheck()
    page.get_by_placeholder("Search").press("Control+a")
    expect(page.locator("[data-selected-count]")).to_have_text("")


def test_selected_rows_are_copied_with_their_headings(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_label("Select CURRENCY").check()
    page.keyboard.press("Control+c")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.splitlines()[0].startswith("Name\tFailed\tSkipped")
    assert copied.splitlines()[1].startswith("CURRENCY\t0\t0")


def test_f5_fetches_the_list_again_and_keeps_what_is_ticked(page):
    page.get_by_label("Select CURRENCY").check()
    IntegrationTableMapping.objects.filter(name="CONTACT").delete()
    page.keyboard.press("F5")
    expect(page.locator("#count")).to_have_text("2 mappings")
    expect(page.get_by_label("Select CURRENCY")).to_be_checked()


@pytest.mark.parametrize(("key", "heading"), [("F7", "Couplings"), ("Control+F7", "Integration Synchronization Log")])
def test_f7_and_ctrl_f7_open_what_belongs_to_the_row(page, key, heading):
    page.get_by_label("Select CUSTOMER").check()
    page.keyboard.press(key)
    expect(page.locator("h1")).to_contain_text(heading)
    assert "CUSTOMER" in page.url or "CUSTOMER" in page.locator("h1").inner_text()


def test_escape_closes_a_menu_and_the_list_of_keys(page):
    page.get_by_text("ada", exact=True).click()
    page.get_by_role("button", name="Keyboard").click()
    expect(page.locator("#keyboard")).to_contain_text("Shift+F10")
    page.keyboard.press("Escape")
    expect(page.locator("#keyboard")).to_be_hidden()
    page.get_by_text("Columns", exact=True).click()
    page.keyboard.press("Escape")
    expect(page.locator(".columns-menu .menu-items")).to_be_hidden()


@pytest.mark.parametrize("answer", ["Escape", "Enter"])
def test_a_question_of_a_menu_gives_the_focus_back_to_the_menu(page, answer):
    page.get_by_label("Select CUSTOMER").check()
    menu = page.locator(".actions summary", has_text="Synchronization").first
    menu.focus()
    for key in ("Enter", "Tab", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#confirm").get_by_role("button", name="No")).to_be_focused()
    page.keyboard.press(answer)
    expect(page.locator("#confirm")).to_be_hidden()
    expect(menu).to_be_focused()


@pytest.mark.parametrize("secure", [True, False])
def test_details_of_an_execution_are_copied_with_a_visible_result(page, live_server, secure):
    execution = JobQueueLogEntry.objects.create(
        description="CUSTOMER job", run_kind="synchronize", started_at=timezone.now(), message="Bad."
    )
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    if not secure:  # as where the pages are served without HTTPS
        page.add_init_script("Object.defineProperty(Navigator.prototype, 'clipboard', { get: () => undefined })")
    page.goto(f"{live_server.url}/job-queue/log/{execution.pk}/")
    page.get_by_role("link", name="Copy Details").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#messages")).to_have_text("The details are copied.")
    if secure:
        assert "Message: Bad." in page.evaluate("navigator.clipboard.readText()")


def test_details_that_could_not_be_copied_are_said_with_a_way_to_them(page, live_server):
    execution = an_execution()
    page.add_init_script("navigator.clipboard.writeText = () => Promise.reject(new Error('it is shut'))")
    page.goto(f"{live_server.url}/job-queue/log/{execution.pk}/")
    page.get_by_role("link", name="Copy Details").click()
    expect(page.locator("#messages")).to_contain_text("The details were not copied: it is shut.")
    expect(page.get_by_role("link", name="Open the text")).to_be_visible()


def test_each_key_presses_one_thing_per_page(page, live_server, mappings):
    job = SynchJob.objects.create(mapping_name="CUSTOMER", direction="ToIntegrationTable", started_at=timezone.now())
    for address in (
        "/log/",
        f"/log/{job.pk}/",
        "/job-queue/",
        "/job-queue/log/",
        "/errors/",
        "/causes/",
        "/couplings/",
        "/users/",
        "/connections/",
    ):
        page.goto(f"{live_server.url}{address}")
        keys = page.eval_on_selector_all("main [aria-keyshortcuts]", "all => all.map((one) => one.getAttribute('aria-keyshortcuts'))")
        assert len(keys) == len(set(keys)) > 0, address


def test_f7_opens_the_counts_of_a_job_and_ctrl_f7_its_records(page, live_server):
    job = SynchJob.objects.create(mapping_name="CUSTOMER", direction="ToIntegrationTable", started_at=timezone.now())
    for key, address in (("F7", f"/log/{job.pk}/"), ("Control+F7", f"/log/{job.pk}/entries/")):
        page.goto(f"{live_server.url}/log/")
        page.locator("#list [data-select]").first.check()
        page.keyboard.press(key)
        page.wait_for_url(f"**{address}")
