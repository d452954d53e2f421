"""A canned reply goes into what one writes with a few keys, and without a script by a link."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import ask, axe

pytestmark = pytest.mark.browser


@pytest.fixture
def ticket(open_browser):
    return f"/tickets/{ask(open_browser('employee'), 'Nothing but canned words')}"


@pytest.fixture
def agent(open_browser, ticket):
    page = open_browser("agent", bypass_csp=True)
    page.goto(ticket)
    return page


def put_caret_behind(page, field, words):
    page.locator(field).evaluate(
        "(field, said) => field.setSelectionRange(...Array(2).fill(field.value.indexOf(said) + said.length))",
        words,
    )


def test_with_keys_alone_it_is_put_where_one_was_writing_and_the_draft_is_kept(agent, ticket):
    agent.keyboard.press("r")
    agent.keyboard.type("Before. After.")
    put_caret_behind(agent, "#reply-body", "Before. ")
    agent.keyboard.press("Escape")
    agent.keyboard.press("y")
    find = agent.get_by_role("combobox", name="Find a canned reply")
    expect(find).to_be_focused()
    expect(agent.locator(".canned-preview:visible")).to_contain_text("Ann")
    assert axe(agent) == []
    with agent.expect_response(lambda answer: answer.url.endswith("/drafts") and answer.ok):
        agent.keyboard.type("ruck")
        expect(agent.locator("#canned-reply [aria-selected=true]")).to_contain_text("Rückfrage")
        agent.keyboard.press("Enter")

        expect(agent.locator("#reply-body")).to_be_focused()
        expect(agent.locator("#reply-body")).to_have_value(
            re.compile(r"^Before\. Guten Tag Ann Sørensen,.*Petra LindqvistAfter\.$", re.DOTALL)
        )
        agent.keyboard.type(" ")

    agent.reload()
    expect(agent.locator("#reply-body")).to_have_value(
        re.compile(r"^Before\. Guten Tag Ann Sørensen,.*Petra Lindqvist After\.$", re.DOTALL)
    )


def test_arrows_choose_and_what_is_typed_fast_is_what_is_put_in(agent):
    agent.keyboard.press("n")
    agent.keyboard.press("Escape")
    agent.keyboard.press("y")
    options = agent.locator("#canned-note").get_by_role("option")
    expect(options).to_have_count(3)
    expect(agent.locator("#canned-note").get_by_role("combobox")).to_be_focused()
    agent.keyboard.press("ArrowUp")
    expect(options.nth(2)).to_have_attribute("aria-selected", "true")
    agent.keyboard.press("ArrowDown")
    expect(options.nth(0)).to_have_attribute("aria-selected", "true")
    agent.keyboard.type("solved")
    agent.keyboard.press("Enter")  # before its words are there

    expect(agent.locator("#note-body")).to_have_value(re.compile("it should work again as of"))
    expect(agent.locator("#reply-body")).to_have_value("")
    expect(agent.locator("#canned-note")).to_be_hidden()


def test_nothing_of_that_name_and_the_mouse(agent):
    agent.click("[popovertarget=canned-reply]")
    find = agent.get_by_role("combobox", name="Find a canned reply")
    find.fill("nothing like this")
    expect(agent.get_by_text("None is called that.")).to_be_visible()
    find.press("Enter")
    expect(find).to_be_visible()
    find.fill("")
    agent.get_by_role("option", name="Ask for more").click()

    expect(agent.locator("#reply-body")).to_have_value(re.compile("^Hello Ann,"))
    expect(agent.locator("#reply-body")).to_have_value(re.compile("Nothing but canned words"))


def test_the_sheet_of_keys_names_it(agent):
    agent.keyboard.press("?")

    expect(agent.locator("#shortcuts").get_by_text("Insert reply")).to_be_visible()


def test_without_a_script_a_link_leads_to_them_and_back(open_browser, ticket):
    page = open_browser("agent", java_script_enabled=False)
    page.goto(ticket)
    page.click("[popovertarget=canned-reply]")
    page.get_by_role("link", name="Choose a canned reply …").click()
    page.get_by_role("link", name="Ask for more").click()

    expect(page.locator("#reply-body")).to_have_value(re.compile("^Hello Ann,"))

    page.goto("/canned-replies/new")
    page.fill("#name", "Mine")
    page.fill("#body", "Dear {{ requester.nam }}")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".canned-shown")).to_contain_text("Dear")
    page.get_by_role("button", name="Keep the reply").click()
    expect(page.locator("main")).to_contain_text("Do you mean “requester.name”?")
    page.fill("#body", "Dear {{ requester.name }}")
    page.get_by_role("button", name="Keep the reply").click()
    page.locator("main").get_by_role("link", name="Mine", exact=True).click()
    page.get_by_role("button", name="Delete the reply").click()
    expect(page.locator("main").get_by_role("link", name="Mine", exact=True)).to_have_count(0)


def test_on_a_telephone_the_button_stays_under_the_finger(open_browser, ticket):
    page = open_browser("agent", viewport={"width": 375, "height": 812})
    page.goto(ticket)
    page.click("[popovertarget=canned-reply]")
    page.get_by_role("option", name="Ask for more").click()

    expect(page.locator("#reply-body")).to_have_value(re.compile("^Hello Ann,"))
