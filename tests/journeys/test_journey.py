"""The way of a request through the desk, in real browsers: asked, answered live, closed, reopened."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import ask, hearing

pytestmark = pytest.mark.browser


def test_asked_seen_live_assigned_answered_closed_and_reopened(open_browser):
    ann, aylin = open_browser("employee"), open_browser("admin")
    with hearing(aylin):
        aylin.goto("/queue")
    title = "VPN drops while I write this"

    with hearing(ann):
        key = ask(ann, title)
    expect(ann.locator("h1")).to_have_text(title)
    expect(ann.locator(".prose strong")).to_have_text("Monday")

    row = aylin.locator(f"a[href='/tickets/{key}']").first
    expect(row).to_be_visible()  # it came by itself
    with hearing(aylin):
        row.click()
    expect(aylin.locator("h1")).to_contain_text(title)

    aylin.keyboard.press("i")
    expect(aylin.locator("#ticket .properties")).to_contain_text("Aylin Demir")
    aylin.keyboard.press("r")
    expect(aylin.locator("#reply-body")).to_be_focused()
    aylin.keyboard.type("Does it also happen on the cable?")
    aylin.keyboard.press("Control+Enter")
    expect(aylin.locator(".timeline")).to_contain_text("Does it also happen on the cable?")
    expect(aylin.locator("#reply-body")).to_have_value("")

    expect(ann.locator(".timeline")).to_contain_text("Does it also happen on the cable?")  # live again
    ann.fill("#reply-body", "No, only on the wireless network.")
    ann.click("#composer button:has-text('Send')")
    expect(aylin.locator(".timeline")).to_contain_text("only on the wireless network")

    aylin.locator("h1").click()
    aylin.keyboard.press("e")
    expect(aylin.locator("#ticket .properties")).to_contain_text("Closed")
    expect(ann.locator(".track")).to_contain_text("This is solved.")
    ann.click("button:has-text('Reopen')")
    expect(ann.locator(".track")).not_to_contain_text("This is solved.")
    expect(aylin.locator("#ticket .properties")).not_to_contain_text("Closed")


def test_a_reply_that_is_half_written_survives_what_others_do(open_browser):
    ann, aylin = open_browser("employee"), open_browser("admin")
    with hearing(ann):
        key = ask(ann, "Half a reply")
    ann.fill("#reply-body", "I am still writ")

    aylin.goto(f"/tickets/{key}")
    aylin.keyboard.press("n")
    expect(aylin.locator("#note-body")).to_be_focused()
    aylin.keyboard.type("Only for us: she is new here.")
    aylin.keyboard.press("Control+Enter")
    expect(aylin.locator(".timeline")).to_contain_text("she is new here")
    aylin.click("#tab-reply")
    aylin.fill("#reply-body", "We look into it.")
    aylin.press("#reply-body", "Control+Enter")

    expect(ann.locator(".timeline")).to_contain_text("We look into it.")
    expect(ann.locator("#reply-body")).to_have_value("I am still writ")
    assert "she is new here" not in ann.content()


def test_a_draft_survives_a_reload(open_browser):
    ann = open_browser("employee")
    ann.goto("/tickets/new")
    ann.fill("#title", "Half a request")
    expect(ann.locator("[data-draft-state]")).to_contain_text("Draft saved")
    ann.reload()
    expect(ann.locator("#title")).to_have_value("Half a request")


def test_the_same_without_javascript(open_browser):
    ann = open_browser("employee", java_script_enabled=False)
    aylin = open_browser("admin", java_script_enabled=False)

    key = ask(ann, "Without a script")

    aylin.goto("/queue")
    aylin.click(f"a[href='/tickets/{key}']")
    aylin.click("button:has-text('Assign to me')")
    aylin.fill("#reply-body", "Is it plugged in?")
    aylin.click("button:has-text('Send to')")
    expect(aylin.locator(".timeline")).to_contain_text("Is it plugged in?")
    aylin.fill("#note-body", "It never is.")
    aylin.click("button:has-text('Add internal note')")
    expect(aylin.locator(".timeline")).to_contain_text("It never is.")
    aylin.click("#ticket header button:has-text('Close')")

    ann.reload()
    expect(ann.locator(".timeline")).to_contain_text("Is it plugged in?")
    expect(ann.locator(".timeline")).not_to_contain_text("It never is.")
    expect(ann.locator(".track")).to_contain_text("This is solved.")
    ann.click("button:has-text('Reopen')")
    expect(ann.locator(".track")).not_to_contain_text("This is solved.")


def test_without_javascript_bad_input_is_said_and_kept(open_browser):
    ann = open_browser("employee", java_script_enabled=False)
    ann.goto("/tickets/new")
    ann.fill("#description", "What I typed")
    ann.click("button:has-text('Send request')")
    expect(ann.locator(".error-summary")).to_contain_text("Say in a few words")
    expect(ann.locator("#description")).to_have_value("What I typed")
