"""The ticket beside the list in a browser: by keys, by mouse, on small screens, without a script."""

import re
from contextlib import contextmanager
from itertools import cycle, product
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import ask, axe, hearing

pytestmark = pytest.mark.browser
ASKERS = cycle(["hana", "ines", "lucia"])  # nobody may ask for as much as all of this
WIDE = {"width": 1440, "height": 900}
TOO_WIDE = """() => [document.documentElement, ...document.querySelectorAll("#tickets, #preview")]
  .filter((each) => each.scrollWidth > each.clientWidth).map((each) => `${each.id || "page"} overflows`)"""
PANE, SHOWN, IN_HAND = "#preview", "#preview h2", "[data-row].is-here"


@pytest.fixture
def keys(desk, open_browser):
    """Three new tickets, the oldest first, and nothing else that waits in the inbox."""
    with psycopg.connect(desk.environment["DATABASE_URL"]) as connection:
        connection.execute(
            "UPDATE tickets SET inbox_since = NULL, snoozed_until = NULL, snoozed_for_answer = false"
        )
    browser = open_browser(next(ASKERS))
    return [ask(browser, f"Looked at in passing, number {number}") for number in range(3)]


@pytest.fixture
def agent(open_browser, keys):
    page = open_browser("agent", viewport=WIDE, bypass_csp=True)
    page.goto("/queue/triage")
    return page


def shows(page, key):
    expect(page.locator("#previewed")).to_have_attribute("data-previewed", key)
    expect(page).to_have_url(re.compile(f"preview={key}"))


def opened(page, key):
    """Opens the pane with the first row of the inbox."""
    page.keyboard.press("j")
    expect(page.locator(IN_HAND)).to_have_id(f"row-{key}")
    page.keyboard.press("Space")
    shows(page, key)


def focused_row(page):
    row = page.evaluate("document.activeElement.closest('[data-row]')?.id ?? ''")
    return row.removeprefix("row-")


@contextmanager
def held(page, key):
    """Of this ticket the answer is on its way until this is left: it comes then, if anybody still waits."""
    waiting = []
    pattern = re.compile(f"/tickets/{key}/preview")
    page.route(pattern, lambda route: waiting.append(route))
    yield waiting
    page.unroute(pattern)


def test_it_opens_by_space_follows_the_row_in_hand_and_closes_by_escape(agent, keys):
    opened(agent, keys[0])
    expect(agent.locator(SHOWN)).to_have_text("Looked at in passing, number 0")
    expect(agent.locator("[data-previews]")).to_have_attribute("aria-pressed", "true")
    expect(agent.locator("[data-preview-said]")).to_have_text(f"Preview: {keys[0]}")

    for pressed, key in (("j", keys[1]), ("ArrowDown", keys[2]), ("k", keys[1])):
        agent.keyboard.press(pressed)
        shows(agent, key)
        assert focused_row(agent) == key

    agent.keyboard.press("Escape")
    expect(agent.locator(PANE)).to_be_hidden()
    expect(agent.locator("[data-previews]")).to_have_attribute("aria-pressed", "false")
    expect(agent).not_to_have_url(re.compile("preview="))
    assert focused_row(agent) == keys[1]


def test_what_was_overtaken_is_never_shown(agent, keys):
    opened(agent, keys[0])
    agent.evaluate("""() => {
      window.seen = []
      new MutationObserver(() => window.seen.push(document.querySelector("#previewed").dataset.previewed))
        .observe(document.querySelector("#preview"), { childList: true })
    }""")
    with held(agent, keys[1]) as waiting:
        agent.keyboard.press("j")
        expect(agent.locator(PANE)).to_have_attribute("data-wanted", keys[1])
        expect(agent.locator(SHOWN)).to_have_text("Looked at in passing, number 0")  # until the next is there
        agent.keyboard.press("j")
        shows(agent, keys[2])
        for route in waiting:
            route.continue_()
    agent.keyboard.press("k")
    shows(agent, keys[1])
    assert agent.evaluate("window.seen") == [keys[2], keys[1]]


def test_news_of_what_is_left_take_no_other_tickets_place(agent, keys):
    opened(agent, keys[0])
    with held(agent, keys[1]) as waiting:
        agent.locator("#previewed[data-topic]").wait_for()
        agent.keyboard.press("j")
        expect(agent.locator(PANE)).to_have_attribute("data-pending", "")
        agent.evaluate("document.querySelector('#previewed').dispatchEvent(new CustomEvent('news'))")
        waiting[0].continue_()
        shows(agent, keys[1])


def test_a_decision_takes_the_next_and_shows_it(desk, agent, keys):
    opened(agent, keys[0])
    agent.keyboard.press("1")
    shows(agent, keys[1])
    assert focused_row(agent) == keys[1]
    agent.keyboard.press("3")
    expect(agent.locator("#decide textarea")).to_be_focused()
    agent.keyboard.type("We do not do that.")
    agent.keyboard.press("Control+Enter")
    shows(agent, keys[2])
    assert focused_row(agent) == keys[2]

    agent.locator(PANE).get_by_role("button", name="Accept").click()
    expect(agent.locator("[data-row]:not([hidden])")).to_have_count(0)
    expect(agent.locator("#toasts")).to_contain_text(f"{keys[2]} is yours")


def test_it_follows_the_news_of_its_ticket_and_stays_where_one_reads(agent, open_browser, keys):
    page = open_browser("admin")
    page.goto(f"/tickets/{keys[0]}")
    page.fill("#reply-body", "\n\n".join(["It is still so."] * 60))
    page.click(".composer button:has-text('Send')")
    expect(page.locator(".timeline")).to_contain_text("It is still so.")
    agent.goto("/queue?q=passing")
    with hearing(agent):
        opened(agent, keys[0])
        agent.locator("#previewed[data-topic]").wait_for()
    agent.evaluate("document.querySelector('#preview').scrollTop = 300")

    page.fill("#reply-body", "Now it is worse.")
    page.click(".composer button:has-text('Send')")

    expect(agent.locator(PANE)).to_contain_text("Now it is worse.")
    assert agent.evaluate("document.querySelector('#preview').scrollTop") == 300


def test_a_mouse_chooses_a_row_and_opens_it_when_it_is_shown(agent, keys):
    agent.get_by_role("button", name="Preview").click()
    shows(agent, keys[0])
    agent.locator(f"#row-{keys[1]} .ticket-title").click()
    shows(agent, keys[1])
    expect(agent).to_have_url(re.compile("/queue/triage"))
    agent.locator(f"#row-{keys[1]} .ticket-title").click()
    expect(agent).to_have_url(re.compile(f"/tickets/{keys[1]}$"))

    agent.go_back()
    shows(agent, keys[1])
    expect(agent.locator(IN_HAND)).to_have_id(f"row-{keys[1]}")


@pytest.mark.parametrize("pressed", ["Enter", "o"])
def test_a_key_opens_the_whole_ticket(agent, keys, pressed):
    opened(agent, keys[0])
    agent.keyboard.press(pressed)
    expect(agent).to_have_url(re.compile(f"/tickets/{keys[0]}$"))


@pytest.mark.parametrize(("pressed", "field"), [("r", "#reply-body"), ("n", "#note-body")])
def test_writing_begins_on_the_tickets_page(agent, keys, pressed, field):
    opened(agent, keys[0])
    agent.keyboard.press(pressed)
    expect(agent).to_have_url(re.compile(f"/tickets/{keys[0]}{field}$"))
    expect(agent.locator(field)).to_be_focused()
    expect(agent.locator(".composer")).to_have_class(
        re.compile("is-note" if pressed == "n" else "^composer$")
    )


def test_tab_leads_into_it_and_escape_back_to_the_row(agent, keys):
    opened(agent, keys[0])
    agent.locator(PANE).focus()
    agent.keyboard.press("Tab")
    expect(agent.locator(".preview-key")).to_be_focused()
    agent.keyboard.press("Space")  # scrolls what is read
    expect(agent.locator(PANE)).to_be_visible()
    agent.keyboard.press("Escape")
    expect(agent.locator(PANE)).to_be_hidden()
    assert focused_row(agent) == keys[0]


def test_what_is_ticked_is_unticked_before_it_closes(agent, keys):
    opened(agent, keys[0])
    agent.keyboard.press("x")
    expect(agent.locator(f"#row-{keys[0]} [type=checkbox]")).to_be_checked()
    agent.keyboard.press("Escape")
    expect(agent.locator(f"#row-{keys[0]} [type=checkbox]")).not_to_be_checked()
    expect(agent.locator(PANE)).to_be_visible()
    agent.keyboard.press("Escape")
    expect(agent.locator(PANE)).to_be_hidden()


def test_it_stays_through_another_order_a_filter_and_loading_anew(agent, keys):
    agent.goto("/queue?q=passing")
    agent.keyboard.press("j")
    agent.keyboard.press("Space")
    shows(agent, keys[2])
    agent.keyboard.press("j")
    shows(agent, keys[1])

    agent.locator("#sort-priority").click()
    expect(agent).to_have_url(re.compile("sort=-priority"))
    shows(agent, keys[1])
    expect(agent.locator(IN_HAND)).to_have_id(f"row-{keys[1]}")
    agent.fill("#q", "passing number")
    agent.press("#q", "Enter")
    expect(agent).to_have_url(re.compile("q=passing[^&]+number"))
    shows(agent, keys[1])
    assert parse_qs(urlsplit(agent.url).query)["preview"] == [keys[1]]
    agent.reload()
    shows(agent, keys[1])

    agent.locator("#as-board").click()
    expect(agent.locator(PANE)).to_have_count(0)
    expect(agent).not_to_have_url(re.compile("preview="))
    agent.locator("#as-list").click()
    expect(agent.locator(PANE)).to_be_visible()  # it is still wanted
    agent.keyboard.press("Escape")
    agent.goto("/queue?q=passing")
    expect(agent.locator(PANE)).to_be_hidden()


def test_the_list_takes_in_news_while_the_pane_stays(agent, open_browser, keys):
    with hearing(agent):
        agent.goto("/queue?q=passing")
    agent.keyboard.press("j")
    agent.keyboard.press("Space")
    shows(agent, keys[2])
    agent.locator("#previewed[data-topic]").wait_for()

    another = ask(open_browser("employee"), "Looked at in passing, too")

    expect(agent.locator("[data-row]").first).to_have_id(f"row-{another}")
    expect(agent.locator(IN_HAND)).to_have_id(f"row-{keys[2]}")
    shows(agent, keys[2])


def test_what_is_taken_out_of_sight_is_said_to_be_gone(desk, agent, keys):
    opened(agent, keys[0])
    with psycopg.connect(desk.environment["DATABASE_URL"]) as connection:
        connection.execute("UPDATE tickets SET is_confidential = true WHERE key = %s", [keys[1]])
    agent.keyboard.press("j")
    expect(agent.locator(SHOWN)).to_have_text("Not here any more")
    expect(agent.locator("#problems")).to_be_empty()
    agent.keyboard.press("j")
    shows(agent, keys[2])


def test_the_sheet_of_keys_and_the_palette_know_it(agent):
    agent.keyboard.press("?")
    sheet = agent.locator("#shortcuts")
    expect(sheet.locator("div:has(> dt:text-is('Preview')) kbd")).to_have_text("Space")
    expect(sheet).to_contain_text("Decline")
    agent.keyboard.press("Escape")
    agent.keyboard.press("Control+k")
    agent.keyboard.type("preview")
    expect(agent.locator("[data-palette-list]")).to_contain_text("Preview")
    agent.keyboard.press("ArrowDown")
    agent.get_by_role("option", name="Preview Space").click()
    expect(agent.locator(PANE)).to_be_visible()


def test_where_there_is_no_room_the_ticket_itself_opens(open_browser, keys):
    page = open_browser("agent", viewport={"width": 1000, "height": 800})
    page.goto("/queue/triage")
    page.keyboard.press("j")
    page.keyboard.press("Space")
    expect(page).to_have_url(re.compile(f"/tickets/{keys[0]}$"))


def test_on_a_telephone_no_button_is_dead_and_a_shared_address_shows_its_ticket(open_browser, keys):
    page = open_browser("agent", viewport={"width": 375, "height": 812})
    page.goto("/queue/triage")
    expect(page.locator("[data-previews]")).to_be_hidden()
    page.goto(f"/queue/triage?preview={keys[1]}")
    expect(page.locator(SHOWN)).to_be_in_viewport()
    page.get_by_role("button", name="Close the preview").click()
    expect(page.locator(PANE)).to_be_hidden()


def test_without_a_script_it_is_a_link_of_each_row(open_browser, keys):
    page = open_browser("agent", java_script_enabled=False, viewport=WIDE)
    page.goto("/queue?q=passing&sort=-id")
    page.get_by_role("button", name=f"Preview {keys[1]}").click()
    expect(page.locator(SHOWN)).to_have_text("Looked at in passing, number 1")
    asked = {"q": ["passing"], "sort": ["-id"], "preview": [keys[1]]}
    assert parse_qs(urlsplit(page.url).query) == asked
    page.get_by_role("button", name="Close the preview").click()
    expect(page.locator(PANE)).to_be_hidden()
    page.go_back()
    expect(page.locator(SHOWN)).to_have_text("Looked at in passing, number 1")


def test_it_is_accessible_and_nothing_overflows(agent, keys):
    wrong = []
    for theme, width in product(("light", "dark"), (1100, 1280, 1920)):
        agent.emulate_media(color_scheme=theme)
        agent.set_viewport_size({"width": width, "height": 900})
        for address in (f"/queue?q=passing&preview={keys[1]}", f"/queue/triage?preview={keys[1]}"):
            agent.goto(address)
            wrong += [(theme, width, address, each) for each in axe(agent) + agent.evaluate(TOO_WIDE)]
    assert wrong == []


def test_on_paper_there_is_the_list_alone(agent, keys):
    agent.goto(f"/queue/triage?preview={keys[1]}")
    agent.emulate_media(media="print")
    expect(agent.locator(PANE)).to_be_hidden()
    expect(agent.locator(f"#row-{keys[0]}")).to_be_visible()
