"""The form of the filter is fetched when its menu is opened, and is a page without scripts."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import axe

pytestmark = pytest.mark.browser


def test_an_agent_fills_in_the_filter_from_the_menu(open_browser):
    petra = open_browser("agent", bypass_csp=True)
    petra.goto("/queue/all")
    petra.click("button[popovertarget=controls]")
    expect(petra.locator("#controls [name=words]")).to_be_focused()
    assert axe(petra) == []

    petra.select_option("#controls [name=priority]", label="High")
    petra.click("#controls button:has-text('Show')")

    petra.wait_for_url(re.compile(r"/queue/all\?q=priority:high$"))
    expect(petra.locator(".filter")).to_contain_text("High")
    petra.click("button[popovertarget=controls]")
    expect(petra.locator("#controls [name=priority] option:checked")).to_have_text("High")


def test_the_same_without_javascript(open_browser):
    petra = open_browser("agent", java_script_enabled=False)
    petra.goto("/queue/all?sort=id")
    petra.click("button[popovertarget=controls]")
    petra.click("#controls a")
    petra.select_option("[name=priority]", label="High")
    petra.click("main button:has-text('Show')")
    expect(petra).to_have_url(re.compile(r"/queue/all\?q=priority:high&sort=id$"))
    expect(petra.locator(".filter")).to_contain_text("High")
