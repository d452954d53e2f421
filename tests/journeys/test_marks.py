"""Tags and due dates by keys alone, and the filter that finds them by its controls."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import axe

pytestmark = pytest.mark.browser


def open_a_ticket(page):
    page.goto("/queue/all?q=is:open")
    page.locator("a.ticket-title").first.click()
    expect(page.locator("#ticket")).to_be_visible()


def test_an_agent_tags_and_dates_a_ticket_by_keys_and_finds_it_again(open_browser):
    admin = open_browser("admin", viewport={"width": 1280, "height": 900})
    open_a_ticket(admin)
    admin.keyboard.press("l")
    expect(admin.locator("#tag-menu [name=tags]")).to_be_focused()
    assert axe(admin) == []
    admin.locator("#tag-menu [name=tags]").fill("Seen by keys")
    admin.keyboard.press("Enter")
    expect(admin.locator(".rail .tags")).to_have_text("seen by keys")

    admin.keyboard.press("d")
    expect(admin.locator("#due-menu [name=day]").first).to_be_focused()
    admin.locator("#due-menu button:has-text('Tomorrow')").press("Enter")
    expect(admin.locator(".rail .due")).to_contain_text("23:59")

    admin.goto("/queue/all")
    admin.click("button[popovertarget=controls]")
    admin.locator("#controls [name=tag]").fill("seen by k")
    expect(admin.locator("#tag-known option")).to_have_attribute("value", "seen by keys")
    admin.locator("#controls [name=tag]").fill("seen by keys")
    admin.click("#controls button:has-text('Show')")
    admin.wait_for_url(re.compile(r"q=tag:%22seen\+by\+keys%22$"))
    expect(admin.locator("[data-row]")).to_have_count(1)

    admin.locator("#q").fill("due<7d -tag:vpn")
    admin.click("button[popovertarget=controls]")
    expect(admin.locator("#controls [name=q]")).to_have_value("due<7d -tag:vpn")


def test_the_same_without_javascript(open_browser):
    admin = open_browser("admin", java_script_enabled=False)
    open_a_ticket(admin)
    admin.click("[popovertarget=tag-menu]")
    admin.click("#tag-menu a")
    admin.fill("[name=tags]", "by hand, quietly")
    admin.click("button:has-text('Save tags')")
    expect(admin.locator(".rail .tags li")).to_have_text(["by hand", "quietly"])
    admin.click("[popovertarget=due-menu]")
    admin.click("#due-menu a")
    admin.click("button:has-text('Today')")
    expect(admin.locator(".rail .due")).to_contain_text("23:59")
