"""Two tickets become one by keys alone, and apart again."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import ask, axe

pytestmark = pytest.mark.browser


def test_two_tickets_are_merged_by_keys_and_taken_apart(open_browser):
    ann = open_browser("employee")
    stays, goes_on = ask(ann, "The scanner hums"), ask(ann, "The scanner hums again")
    petra = open_browser("agent", bypass_csp=True)
    petra.goto(f"/tickets/{goes_on}")
    expect(petra.locator("[data-key=m]")).to_be_visible()
    petra.keyboard.press("m")
    expect(petra.locator("#merge [name=into]")).to_be_focused()
    petra.keyboard.type(stays)
    petra.keyboard.press("Enter")
    expect(petra.locator("#merge .merge-both section")).to_have_count(2)
    assert axe(petra) == []
    petra.keyboard.press("m")

    expect(petra).to_have_url(re.compile(rf"/tickets/{stays}$"))
    expect(petra.locator("#ticket")).to_contain_text("The scanner hums again")
    petra.goto(f"/tickets/{goes_on}")
    expect(petra).to_have_url(re.compile(rf"/tickets/{stays}"))
    petra.get_by_role("button", name=f"Take out {goes_on}").press("Enter")
    expect(petra.locator("body")).to_contain_text(f"{goes_on} is a ticket of its own again.")
    petra.goto(f"/tickets/{goes_on}")
    expect(petra).to_have_url(re.compile(rf"/tickets/{goes_on}$"))
