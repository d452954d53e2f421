"""A colleague is named by typing part of their name, and the page keeps up without being loaded again."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import ask

pytestmark = pytest.mark.browser
PEOPLE = "#participants"


@pytest.fixture
def ann(open_browser):
    """Ann, with a request of hers in front of her."""
    ann = open_browser("employee")
    ann.goto(f"/tickets/{ask(ann, 'Who else has this?')}")
    return ann


def test_a_few_letters_suggest_the_colleague_who_then_takes_part(ann, open_browser):
    ann.click(f"{PEOPLE} summary")
    ann.locator(f"{PEOPLE} [name=person]").press_sequentially("zo")
    suggested = ann.locator("#participant-people option")
    expect(suggested).to_have_count(1)
    expect(suggested).to_have_attribute("value", "zoe@example.org")

    ann.fill(f"{PEOPLE} [name=person]", "zoe@example.org")
    ann.click(f"{PEOPLE} form.form button")

    expect(ann.locator(f"{PEOPLE} .mini-list")).to_contain_text("Zoë van den Berg")
    expect(ann.locator(".timeline")).to_contain_text("added Zoë van den Berg")  # news of the page itself
    expect(ann.locator(f"{PEOPLE} [name=person]")).to_have_value("")
    zoe = open_browser("zoe")
    zoe.goto("/tickets")
    expect(zoe.locator(".requests")).to_contain_text("Who else has this?")


def test_whom_nobody_knows_is_said_at_the_field_which_keeps_what_was_typed(ann):
    ann.click(f"{PEOPLE} summary")
    ann.fill(f"{PEOPLE} [name=person]", "Nobody Ever")
    ann.press(f"{PEOPLE} [name=person]", "Enter")
    expect(ann.locator(f"{PEOPLE} .error")).to_contain_text("Nobody is found under “Nobody Ever”")
    expect(ann.locator(f"{PEOPLE} [name=person]")).to_have_value("Nobody Ever")
    expect(ann.locator(f"{PEOPLE} [name=person]")).to_be_focused()


def test_a_name_that_is_half_typed_survives_the_news(ann, open_browser):
    ann.click(f"{PEOPLE} summary")
    ann.fill(f"{PEOPLE} [name=person]", "Zoë van d")
    ann.focus("#reply-body")
    aylin = open_browser("admin")
    aylin.goto(ann.url)
    aylin.click("button[popovertarget=priority]")
    aylin.click("#priority button:has-text('Critical')")

    expect(ann.locator(".timeline")).to_contain_text("changed the priority")

    expect(ann.locator(f"{PEOPLE} [name=person]")).to_have_value("Zoë van d")
    expect(ann.locator(f"{PEOPLE} [name=person]")).to_be_visible()


def test_the_same_without_javascript(open_browser):
    ann = open_browser("employee", java_script_enabled=False)
    ann.goto(f"/tickets/{ask(ann, 'Who else has this?')}")
    ann.click(f"{PEOPLE} summary")
    ann.fill(f"{PEOPLE} [name=person]", "Nobody Ever")
    ann.click(f"{PEOPLE} form.form button")
    expect(ann.locator(f"{PEOPLE} .error")).to_contain_text("Nobody is found under “Nobody Ever”")
    ann.fill(f"{PEOPLE} [name=person]", "Zoë van den Berg")
    ann.click(f"{PEOPLE} form.form button")
    expect(ann.locator(f"{PEOPLE} .mini-list")).to_contain_text("Zoë van den Berg")
    ann.click(f"{PEOPLE} .mini-list button")
    expect(ann.locator(PEOPLE)).to_contain_text("Nobody besides the requester.")


def test_an_open_page_follows_its_ticket_to_another_project(ann, open_browser):
    ann.locator("#reply-body").press_sequentially("Half written")
    aylin = open_browser("admin")
    aylin.goto(ann.url)
    aylin.click("#ticket .rail a:has-text('Move')")
    aylin.select_option("[name=project_id]", label="Facilities")
    aylin.click("#move button")
    expect(aylin.locator("#toasts, .toast").first).to_contain_text("in Facilities")

    expect(ann.locator(".timeline")).to_contain_text("to Facilities")
    expect(ann.locator("#reply-body")).to_have_value("Half written")
    ann.press("#reply-body", "Control+Enter")
    expect(ann.locator(".timeline .entry").last).to_contain_text("Half written")
    expect(ann.locator("#ticket")).to_have_attribute("data-topic", re.compile("ticket:FAC-"))
