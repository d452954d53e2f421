"""Searching with the keyboard alone: the field by its key, a ticket by its subject, and all that is found."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import ask, axe

pytestmark = pytest.mark.browser


def test_a_key_opens_the_field_and_the_arrows_choose_a_ticket(open_browser):
    hana = open_browser("hana", bypass_csp=True)
    address = ask(hana, title="The zeppelin has landed")
    hana.goto("/")
    hana.evaluate("document.activeElement.blur()")
    hana.keyboard.press("Control+k")
    expect(hana.locator("[data-palette-field]")).to_be_focused()
    hana.keyboard.type("zeppel")
    options = hana.locator("#palette [role=option]")
    expect(options.first).to_contain_text("The zeppelin has landed")
    assert axe(hana) == []
    hana.keyboard.press("ArrowDown")
    hana.keyboard.press("ArrowUp")
    hana.keyboard.press("Enter")
    hana.wait_for_url(re.compile(re.escape(address)))


def test_what_is_found_is_marked_and_the_page_keeps_its_field(open_browser):
    hana = open_browser("hana", bypass_csp=True)
    ask(hana, title="The airship has landed")
    hana.goto("/search")
    hana.evaluate("document.activeElement.blur()")
    hana.keyboard.press("/")
    expect(hana.locator("#q")).to_be_focused()
    hana.keyboard.type("airships")
    hana.keyboard.press("Enter")
    expect(hana.locator(".hit mark").first).to_have_text("airship")
    assert axe(hana) == []


def test_the_same_without_javascript(open_browser):
    hana = open_browser("hana", java_script_enabled=False)
    ask(hana, title="The balloon has landed")
    hana.goto("/search")
    hana.fill("#q", "balloons")
    hana.press("#q", "Enter")
    expect(hana.locator(".hit mark").first).to_have_text("balloon")
