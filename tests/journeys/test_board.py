"""The board in a browser: cards are dragged, moved by keys and by their menus, and others see it at once."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import ask, axe

pytestmark = pytest.mark.browser
WORD = "kaleidoscope"
BOARD = f"/queue?layout=board&q=title:{WORD}"


@pytest.fixture
def key(open_browser):
    return ask(open_browser("employee"), f"The {WORD} shows nothing but grey")


@pytest.fixture
def agent(open_browser, key):
    page = open_browser("agent", bypass_csp=True)
    page.goto(BOARD)
    return page


def card(page, key, column):
    return page.locator(f"[data-column={column}] [data-key-of={key}]")


def test_a_card_is_dragged_and_a_colleague_sees_it(agent, open_browser, key):
    ben = open_browser("ben")
    ben.goto(BOARD)
    assert axe(agent) == []

    card(agent, key, "open").drag_to(agent.locator("[data-column=in_progress]"))

    expect(card(agent, key, "in_progress")).to_be_visible()
    expect(agent.locator(".toast").first).to_contain_text(f"{key} is In progress now.")
    expect(card(ben, key, "in_progress")).to_be_visible()


def test_it_is_not_dropped_where_no_step_leads(agent, key):
    card(agent, key, "open").drag_to(agent.locator("[data-column=blocked]"))
    agent.locator("[data-column=closed]").hover()
    expect(card(agent, key, "open")).to_be_visible()
    expect(agent.locator(".column.is-refusing, .is-lifted")).to_have_count(0)


def test_keys_move_it_and_the_focus_goes_along(agent, key):
    agent.keyboard.press("j")
    expect(card(agent, key, "open").locator(".card-title")).to_be_focused()
    agent.keyboard.press("Shift+ArrowRight")
    expect(card(agent, key, "in_progress").locator(".card-title")).to_be_focused()

    agent.keyboard.press("Shift+ArrowRight")  # to where it waits, which asks for what
    menu = agent.locator("#card-menu")
    expect(menu.get_by_role("combobox")).to_be_focused()
    assert axe(agent) == []
    menu.get_by_role("combobox").select_option(label="A supplier")
    menu.get_by_role("button", name="Move to Blocked").press("Enter")
    expect(card(agent, key, "blocked").locator(".card-title")).to_be_focused()
    agent.keyboard.press("Shift+ArrowLeft")
    expect(card(agent, key, "in_progress").locator(".card-title")).to_be_focused()


def test_an_open_menu_keeps_the_focus_when_others_move_cards(agent, open_browser, key):
    other = ask(open_browser("employee"), f"A second {WORD}")
    agent.keyboard.press("j")
    card(agent, key, "open").get_by_role("link", name=f"Move {key}").click()
    button = agent.locator("#card-menu").get_by_role("button").first
    expect(button).to_be_focused()

    ben = open_browser("ben")
    ben.goto(f"/tickets/{other}/column")
    ben.get_by_role("button", name="Move to In progress").click()
    expect(card(agent, other, "in_progress")).to_be_visible()

    expect(button).to_be_focused()


def test_the_menu_of_a_card_says_the_same(agent, key):
    card(agent, key, "open").get_by_role("link", name=f"Move {key}").click()
    agent.get_by_role("button", name="Move to In progress").click()
    expect(card(agent, key, "in_progress")).to_be_visible()
    expect(agent.locator("#card-menu")).to_be_hidden()


def test_a_refusal_says_why(agent, open_browser, key):
    stale = open_browser("ben")
    stale.route(re.compile("/live"), lambda route: route.abort())
    stale.goto(BOARD)
    agent.goto(f"/tickets/{key}/column")
    agent.get_by_role("button", name="Move to Closed").click()
    agent.wait_for_url(re.compile("layout=board"))

    stale.keyboard.press("j")
    stale.keyboard.press("Shift+ArrowRight")
    expect(stale.locator("#problems")).to_contain_text("Somebody was faster")


def test_list_and_board_are_one_key_apart_and_keep_the_filter(agent, key):
    agent.keyboard.press("v")
    expect(agent.locator(f"#row-{key}")).to_be_visible()
    expect(agent.locator("#q")).to_have_value(f"title:{WORD}")
    agent.keyboard.press("v")
    expect(card(agent, key, "open")).to_be_visible()
