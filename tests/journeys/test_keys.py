"""What single keys do, and that the sheet of keys says so."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import ask

pytestmark = pytest.mark.browser


@pytest.fixture
def key(open_browser):
    return ask(open_browser("employee"), "Keys are enough for this one")


def test_g_and_a_letter_goes_to_a_place(open_browser):
    admin = open_browser("admin")
    admin.goto("/")
    for keys, path in (("gq", "/queue"), ("gp", "/admin/people"), ("gr", "/tickets"), ("gh", "/")):
        for pressed in keys:
            admin.keyboard.press(pressed)
        expect(admin).to_have_url(re.compile(f"{path}$"))


def test_after_a_note_the_focus_waits_for_another_note(open_browser, key):
    admin = open_browser("admin")
    admin.goto(f"/tickets/{key}")
    admin.keyboard.press("n")
    expect(admin.locator("#note-body")).to_be_focused()
    admin.keyboard.type("Looks like the old cable.")
    admin.keyboard.press("Control+Enter")
    expect(admin.locator(".entry.is-note")).to_contain_text("old cable")

    expect(admin.locator("#note-body")).to_be_focused()

    admin.keyboard.type("And it is.")
    expect(admin.locator("#reply-body")).to_have_value("")
    expect(admin.locator("#note-body")).to_have_value("And it is.")


@pytest.mark.parametrize(("pressed", "field"), [("a", "assignee_id"), ("t", "team_id")])
def test_assigning_begins_in_the_field_that_is_meant(open_browser, key, pressed, field):
    admin = open_browser("admin")
    admin.goto(f"/tickets/{key}")
    admin.keyboard.press(pressed)
    expect(admin.locator(f"#assign [name={field}]")).to_be_focused()


def test_what_was_just_said_comes_into_view(open_browser, key):
    admin = open_browser("admin", viewport={"width": 1280, "height": 700})
    admin.goto(f"/tickets/{key}")
    for number in range(6):
        admin.fill("#reply-body", f"Reply {number}\n\nof two parts")
        admin.press("#reply-body", "Control+Enter")
        expect(admin.locator(".timeline")).to_contain_text(f"Reply {number}")
        expect(admin.locator("#reply-body")).to_have_value("")

    last = admin.locator(".timeline > :last-child")
    expect(last).to_contain_text("Reply 5")
    admin.wait_for_function("""() => {
      const [said, composer] = [".timeline > :last-child", ".composer"].map(
        (place) => document.querySelector(place).getBoundingClientRect())
      return said.top > 0 && said.bottom <= composer.top + 1
    }""")


@pytest.mark.parametrize("who", ["employee", "admin"])
def test_an_answer_morphs_the_ticket_and_puts_none_into_it(open_browser, key, who):
    page = open_browser(who)
    page.route("**/live?*", lambda route: route.abort())  # news would mend it a moment later
    page.goto(f"/tickets/{key}")
    page.evaluate("window.before = document.querySelector('.timeline')")
    page.fill("#reply-body", "It is the same one.")
    page.press("#reply-body", "Control+Enter")

    expect(page.locator(".timeline")).to_contain_text("It is the same one.")

    expect(page.locator("#ticket")).to_have_count(1)
    assert page.evaluate("window.before === document.querySelector('.timeline')")
    expect(page.locator("#composer")).to_have_count(1)


@pytest.mark.parametrize("who", ["employee", "admin"])
def test_the_question_mark_shows_the_keys_by_their_names(open_browser, key, who):
    page = open_browser(who)
    page.goto(f"/tickets/{key}")
    page.keyboard.press("?")
    sheet = page.locator("#shortcuts")
    expect(sheet).to_be_visible()
    expect(sheet).to_contain_text("Go to")
    if who == "admin":
        expect(sheet).to_contain_text(re.compile(r"Status:\s*Open"))
    page.keyboard.press("Escape")
    page.goto("/queue" if who == "admin" else "/tickets")
    page.keyboard.press("?")
    expect(sheet).to_contain_text("Filter or search" if who == "admin" else "Search my requests")
    expect(sheet.get_by_text("Untick all")).to_be_visible(visible=who == "admin")


def test_an_agent_can_log_out_on_a_telephone(open_browser):
    agent = open_browser("agent", viewport={"width": 375, "height": 812})
    agent.goto("/queue")
    agent.click("[popovertarget=more-places]")
    agent.click("#more-places button:has-text('Log out')")
    expect(agent).to_have_url(re.compile("/login"))
    agent.goto("/queue")
    expect(agent).to_have_url(re.compile("/login"))  # and not only led there


@pytest.mark.parametrize("height", [500, 700])  # in the lower one the sheet scrolls as a whole
def test_a_tab_stays_under_the_pointer_that_presses_it(open_browser, key, height):
    admin = open_browser("admin", viewport={"width": 1280, "height": height})
    admin.goto(f"/tickets/{key}")
    for tab, field in (("#tab-note", "#note-body"), ("#tab-reply", "#reply-body")):
        admin.locator(tab).scroll_into_view_if_needed()
        box = admin.locator(tab).bounding_box()
        admin.mouse.move(box["x"] + 20, box["y"] + 4)
        admin.mouse.down()
        admin.mouse.up()
        expect(admin.locator(field)).to_be_visible()
        admin.locator(field).focus()
