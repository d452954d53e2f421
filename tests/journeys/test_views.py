"""A view is saved, stands at the side with a live count, and is reached by its key and its name."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import ask, axe, hearing

pytestmark = pytest.mark.browser


def save_view(page, name):
    page.goto("/queue?q=title:dirigible")
    page.click("main a:has-text('Save as new view')")
    page.fill("#name", name)
    page.click("main form button:has-text('Save')")
    page.wait_for_url(re.compile(r"/queue/view/[\w-]+$"))


def test_a_saved_view_counts_what_arrives(open_browser):
    petra = open_browser("agent", bypass_csp=True)
    save_view(petra, "Dirigibles")
    with hearing(petra):
        petra.reload()
    link = petra.locator(".side-views .side-link", has_text="Dirigibles")
    expect(link.locator(".count")).to_have_text("0")
    assert axe(petra) == []

    ask(open_browser("employee"), "The dirigible has lost its moorings")

    expect(link.locator(".count")).to_have_text("1")
    expect(link).to_have_attribute("aria-current", "page")
    expect(petra.locator("[data-row]")).to_have_count(1)


def test_views_are_reached_by_keys_and_by_their_names(open_browser):
    petra = open_browser("agent")
    petra.goto("/")
    for keys, path in (("gu", "/queue/unassigned"), ("gm", "/queue/mine"), ("gd", "/queue/overdue")):
        for pressed in keys:
            petra.keyboard.press(pressed)
        expect(petra).to_have_url(re.compile(f"{path}$"))
    petra.keyboard.press("Control+k")
    petra.keyboard.type("recently")
    petra.keyboard.press("ArrowDown")
    petra.keyboard.press("Enter")
    expect(petra).to_have_url(re.compile("/queue/recent$"))
    petra.keyboard.press("?")
    expect(petra.locator("#shortcuts")).to_contain_text("Waiting on requester")


def test_columns_are_moved_with_the_keyboard_and_the_focus_stays(open_browser):
    petra = open_browser("agent")
    petra.goto("/queue/team/columns")
    petra.focus("#up-created")
    petra.keyboard.press("Enter")
    expect(petra.locator("#columns li").nth(7).locator("[value=created]").first).to_be_attached()
    expect(petra.locator("#up-created")).to_be_focused()
    petra.click("#columns button:has-text('Save')")
    petra.wait_for_url(re.compile("/queue/team$"))
    expect(petra.locator(".tickets th").last).to_contain_text("Changed")


def test_all_of_it_without_javascript(open_browser):
    petra = open_browser("agent", java_script_enabled=False)
    save_view(petra, "By hand")
    expect(petra.locator(".side-views")).to_contain_text("By hand")
    expect(petra.locator(".side-views .count")).to_have_count(0)
    petra.click("main a:has-text('Columns')")
    petra.uncheck("[name=shown][value=due]")
    petra.click("main button:has-text('Save')")
    petra.click("main a:has-text('Edit view')")
    petra.click("main a:has-text('Delete the view')")
    petra.click("main button:has-text('Delete the view')")
    expect(petra.locator(".side-views")).not_to_contain_text("By hand")


def test_counts_whose_asker_has_left_the_page_still_take_the_place_of_the_old_ones(open_browser):
    petra = open_browser("agent", bypass_csp=True)
    petra.goto("/queue")
    asker, held = petra.locator(".side-views > [id^=counted-]"), []

    def hold(route):
        if held or not route.request.headers["hx-trigger"].startswith("counted-"):
            return route.fallback()
        return held.append(route)

    petra.route("**/queue/counts*", hold)
    while not asker.count():  # there is one where the counts were given once already
        with petra.expect_response("**/queue/counts*"):
            petra.evaluate("htmx.trigger('#side-views', 'news')")
    with petra.expect_request(lambda request: request.headers.get("hx-trigger", "").startswith("counted-")):
        pass
    petra.evaluate("htmx.trigger('#side-views', 'news')")
    expect(asker).to_have_count(0)

    petra.evaluate("addEventListener('htmx:beforeSwap', () => setTimeout(() => { window.isSwapped = true }))")

    held[0].continue_()

    petra.wait_for_function("window.isSwapped")
    assert petra.locator(".side-views").count() == 1  # at once: the next news would put it right
    assert axe(petra) == []
