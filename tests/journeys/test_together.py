"""Two agents at one ticket: each sees that the other is there, and neither answers over them unawares."""

import time

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import ask

pytestmark = pytest.mark.browser


@pytest.fixture
def two(open_browser):
    """A new ticket, and the pages of Aylin and Petra that show it."""
    key = ask(open_browser("employee"), "Who answers first?")
    aylin, petra = open_browser("admin"), open_browser("agent")
    for page in (aylin, petra):
        page.goto(f"/tickets/{key}")
    return aylin, petra


def test_who_views_and_who_writes_is_seen_and_gone_within_15_seconds(two):
    aylin, petra = two
    there = aylin.locator("#presence")
    expect(there).to_have_text("Petra Lindqvist is viewing")

    petra.keyboard.press("r")
    petra.keyboard.type("Hello")
    expect(there).to_have_text("Petra Lindqvist is writing a reply")
    petra.click("#tab-note")
    petra.fill("#note-body", "Between us")
    expect(there).to_have_text("Petra Lindqvist is writing a note")

    left = time.monotonic()
    petra.goto("/queue")
    expect(there).to_have_text("")
    assert time.monotonic() - left < 15


def test_a_reply_that_comes_while_one_writes_is_said_and_read_before_ones_own_goes(two):
    aylin, petra = two
    aylin.keyboard.press("r")
    aylin.fill("#reply-body", "Please restart it.")
    petra.fill("#reply-body", "It is the switch, wait for us.")
    petra.keyboard.press("Control+Enter")
    expect(petra.locator(".timeline")).to_contain_text("It is the switch")

    expect(aylin.locator("[data-newer]")).to_contain_text("A reply was added while you wrote")
    aylin.keyboard.press("Control+Enter")
    newer = aylin.locator(".composer-newer[role=alert]")
    expect(newer).to_contain_text("It is the switch, wait for us.")
    expect(aylin.locator("#reply-body")).to_have_value("Please restart it.")
    expect(aylin.locator(".timeline")).not_to_contain_text("Please restart it.")

    aylin.fill("#reply-body", "Thank you, Petra.")
    aylin.keyboard.press("Control+Enter")
    expect(aylin.locator(".timeline")).to_contain_text("Thank you, Petra.")
    expect(newer).to_have_count(0)


def test_whoever_goes_on_writing_after_it_was_said_is_not_asked(two):
    aylin, petra = two
    aylin.fill("#reply-body", "Please restart it")
    petra.fill("#reply-body", "It is the switch.")
    petra.keyboard.press("Control+Enter")
    expect(aylin.locator("[data-newer]")).to_be_visible()

    aylin.locator("#reply-body").press_sequentially(" once that works.")
    expect(aylin.locator("[data-newer]")).to_be_hidden()
    aylin.keyboard.press("Control+Enter")
    expect(aylin.locator(".timeline")).to_contain_text("Please restart it once that works.")


def test_of_two_who_take_it_the_second_is_told_who_has_it(two, desk):
    aylin, petra = two
    for page in (aylin, petra):
        page.route("**/live?*", lambda route: route.abort())  # neither hears of the other
    aylin.reload(), petra.reload()
    aylin.click("button[data-key=i]")
    expect(aylin.locator(".properties")).to_contain_text("Aylin Demir")

    petra.click("button[data-key=i]")
    expect(petra.locator("#ticket [role=alert]")).to_contain_text(
        "Aylin Demir has set “Assignee” to Aylin Demir"
    )
    expect(petra.locator(".properties")).to_contain_text("Aylin Demir")
