"""Somebody is mentioned with a few keys or a finger, and without a script by their name alone."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import ask, axe, hearing

pytestmark = pytest.mark.browser
LIST = "Whom to mention"


@pytest.fixture
def ticket(open_browser):
    return f"/tickets/{ask(open_browser('employee'), 'Nobody knows but Ben')}"


@pytest.fixture
def agent(open_browser, ticket):
    page = open_browser("agent", bypass_csp=True)
    page.goto(ticket)
    return page


def offered(page):
    return page.get_by_role("listbox", name=LIST).get_by_role("option")


def write(page, key, words):
    """In the composer that the key leads to, once that has the focus."""
    page.keyboard.press(key)
    expect(page.locator({"r": "#reply-body", "n": "#note-body"}[key])).to_be_focused()
    page.keyboard.type(words)


def test_with_keys_alone_somebody_is_mentioned_and_told(agent, open_browser):
    ben = open_browser("ben")
    ben.goto("/notifications")
    if ben.get_by_role("button", name="Mark all as read").is_visible():
        ben.get_by_role("button", name="Mark all as read").click()
    expect(ben.locator("#bell")).to_have_attribute("aria-label", "Notifications")
    with hearing(ben):
        ben.goto("/queue")
    write(agent, "n", "Please, @b")
    field = agent.locator("#note-body")
    expect(offered(agent)).to_have_count(1)
    expect(field).to_have_attribute("aria-activedescendant", "mention-1")
    expect(agent.locator("[data-mentions-said]")).to_contain_text("1 to choose from")
    assert axe(agent) == []

    agent.keyboard.press("Enter")

    expect(field).to_have_value("Please, @Ben Okafor ")
    expect(field).to_be_focused()
    expect(agent.get_by_role("listbox", name=LIST)).to_be_hidden()
    agent.keyboard.type("look.")
    agent.keyboard.press("Control+Enter")
    expect(agent.locator(".timeline .mention")).to_have_text("@Ben Okafor")
    expect(agent.locator(".timeline")).to_contain_text("Petra Lindqvist mentioned Ben Okafor, who watches")
    expect(ben.locator("#bell")).to_have_attribute("aria-label", "Notifications, 1 unread")
    ben.goto("/notifications")
    expect(ben.locator("main")).to_contain_text("Petra Lindqvist mentioned you")
    assert axe(agent) == []


def test_arrows_choose_tab_takes_and_no_key_means_anything_else(agent, ticket):
    write(agent, "r", "@")
    options = offered(agent)
    expect(options.nth(1)).to_be_visible()
    last = options.last.get_attribute("data-name")
    agent.keyboard.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    agent.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    agent.keyboard.press("ArrowUp")

    agent.keyboard.press("Tab")

    expect(agent.locator("#reply-body")).to_have_value(f"@{last} ")
    expect(agent.locator("#reply-body")).to_be_focused()
    assert agent.url.endswith(ticket)


def test_escape_closes_the_list_and_keeps_text_and_focus(agent):
    write(agent, "n", "Ask @be")
    expect(offered(agent)).to_have_count(1)

    agent.keyboard.press("Escape")

    expect(agent.get_by_role("listbox", name=LIST)).to_be_hidden()
    expect(agent.locator("#note-body")).to_be_focused()
    agent.keyboard.type("n\n")
    agent.keyboard.type("and @ben")  # another one is asked for anew
    expect(offered(agent)).to_have_count(1)
    expect(agent.locator("#note-body")).to_have_value("Ask @ben\nand @ben")


def test_an_address_and_what_nobody_is_called_open_nothing(agent):
    with agent.expect_response(lambda answer: "/mentions?" in answer.url and "zzz" in answer.url):
        write(agent, "n", "mail x@example.org or @zzz")

    expect(agent.get_by_role("listbox", name=LIST)).to_be_hidden()
    agent.keyboard.press("Control+Enter")
    expect(agent.locator(".timeline")).to_contain_text("mail x@example.org or @zzz")


def test_who_asks_is_offered_nobody_whom_their_page_does_not_name(open_browser, ticket):
    page = open_browser("employee")
    page.goto(ticket)
    with page.expect_response(lambda answer: "/mentions?" in answer.url) as answer:
        write(page, "r", "@pet")

    assert "option" not in answer.value.text()
    expect(page.get_by_role("listbox", name=LIST)).to_be_hidden()


def test_with_a_finger_on_a_telephone(open_browser, ticket):
    page = open_browser("agent", viewport={"width": 375, "height": 812}, has_touch=True, bypass_csp=True)
    page.goto(ticket)
    page.locator("#reply-body").tap()
    page.keyboard.type("Hello @ben")
    expect(offered(page)).to_have_count(1)
    box = offered(page).bounding_box()
    assert box["height"] >= 44
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 375
    assert axe(page) == []

    offered(page).tap()

    expect(page.locator("#reply-body")).to_have_value("Hello @Ben Okafor ")
    expect(page.locator("#reply-body")).to_be_focused()


def test_without_a_script_the_name_is_enough(open_browser, ticket):
    page = open_browser("agent", java_script_enabled=False)
    page.goto(ticket)
    page.fill("#note-body", "@Ben Okafor and `@Ben Okafor`, but not @Hana Nobody")
    page.click("#panel-note button:has-text('Add internal note')")

    expect(page.locator(".timeline .mention")).to_have_text(["@Ben Okafor"])
