"""An admin sees the desk as somebody else: every page says so, and what is typed is neither sent nor lost."""

import re

import psycopg
import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import axe

pytestmark = pytest.mark.browser

BANNER = "section.viewing"
WIDTHS = ({"width": 375, "height": 812}, {"width": 1280, "height": 800})


def person(desk, who):
    with psycopg.connect(desk.environment["DATABASE_URL"]) as connection:
        found = connection.execute("SELECT id FROM users WHERE email = %s", [f"{who}@example.org"])
        return f"/admin/people/{found.fetchone()[0]}"


def view_as(page, desk, who):
    page.goto(person(desk, who))
    page.fill("#why", "To see what they see")
    page.click("#view-as button")
    expect(page.locator(BANNER)).to_be_visible()


@pytest.mark.parametrize(("who", "list_"), [("employee", "/tickets"), ("manager", "/queue")])
def test_every_page_says_so_accessibly_in_both_themes_and_widths(desk, open_browser, who, list_):
    page = open_browser("admin", bypass_csp=True)
    view_as(page, desk, who)

    for path in ("/", list_, "/account", "/no-such-page"):
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            for viewport in WIDTHS:
                page.set_viewport_size(viewport)
                page.goto(path)
                expect(page.locator(BANNER)).to_be_in_viewport()
                assert axe(page) == [], (path, theme, viewport)
                assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], path
    page.click(f"{BANNER} button")
    expect(page.locator(BANNER)).to_be_hidden()


def test_it_stays_in_sight_and_what_is_typed_is_neither_sent_nor_lost_nor_kept(desk, open_browser):
    page = open_browser("admin")
    view_as(page, desk, "employee")
    page.goto("/tickets")
    page.locator("a[href^='/tickets/IT-']").first.click()
    asked = []
    page.on("request", lambda request: asked.append(request.method) if "drafts" in request.url else None)
    page.fill("#reply-body", "Typed as somebody else")
    expect(page.locator(BANNER)).to_be_in_viewport()
    page.press("#reply-body", "Control+Enter")

    expect(page.locator("#problems")).to_contain_text("so nothing can be changed")
    expect(page.locator("#reply-body")).to_have_value("Typed as somebody else")
    assert asked == []
    assert page.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('draft:')).length") == 0
    page.click(f"{BANNER} button")
    page.wait_for_url(re.compile("/admin/people/"))
    with psycopg.connect(desk.environment["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT count(*) FROM drafts").fetchone()[0] == 0


def test_it_works_without_a_script(desk, open_browser):
    page = open_browser("admin", java_script_enabled=False)
    view_as(page, desk, "employee")
    page.goto("/tickets/new")
    page.fill("#title", "Typed as somebody else")
    page.click("button:has-text('Send request')")

    expect(page.locator("main")).to_contain_text("so nothing can be changed")
    expect(page.locator(BANNER)).to_be_visible()
    page.click(f"{BANNER} button")
    expect(page.locator(BANNER)).to_be_hidden()
    expect(page.locator("h1")).to_have_text("Ann Sørensen")
