"""The menu of assignment fetches its people when it is opened, and works as a page without scripts."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import ask

pytestmark = pytest.mark.browser


@pytest.fixture
def key(open_browser):
    """A request that nobody has looked at yet."""
    return ask(open_browser("employee"), "Who takes this one?")


def test_an_agent_gives_a_ticket_to_a_colleague_from_the_menu(open_browser, key):
    aylin = open_browser("admin")
    aylin.goto(f"/tickets/{key}")
    expect(aylin.locator("#ticket .properties")).not_to_contain_text("Ben Okafor")
    aylin.click("button[popovertarget=assignment] >> nth=0")
    aylin.select_option("#assign [name=assignee_id]", label="Ben Okafor")
    aylin.click("#assign button:has-text('Assign')")
    expect(aylin.locator("#ticket .properties")).to_contain_text("Ben Okafor")
    aylin.click("button[popovertarget=assignment] >> nth=0")
    expect(aylin.locator("#assign [name=assignee_id] option:checked")).to_have_text("Ben Okafor")


def test_the_same_without_javascript(open_browser, key):
    aylin = open_browser("admin", java_script_enabled=False)
    aylin.goto(f"/tickets/{key}")
    expect(aylin.locator("#ticket .properties")).not_to_contain_text("Ben Okafor")
    aylin.click("button[popovertarget=assignment] >> nth=0")
    aylin.click("#assignment a")
    aylin.select_option("[name=assignee_id]", label="Ben Okafor")
    aylin.click("#assign button:has-text('Assign')")
    expect(aylin.locator("#ticket .properties")).to_contain_text("Ben Okafor")


def test_the_button_whose_menu_was_used_shows_the_change(open_browser, key):
    aylin = open_browser("admin")
    aylin.goto(f"/tickets/{key}")
    aylin.click("button[popovertarget=status]")
    aylin.click("#status button:has-text('In progress')")
    expect(aylin.locator("button[popovertarget=status]")).to_contain_text("In progress")
    aylin.click("button[popovertarget=priority]")
    aylin.click("#priority button:has-text('Critical')")
    expect(aylin.locator("button[popovertarget=priority]")).to_contain_text("Critical")
