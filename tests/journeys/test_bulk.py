"""Many tickets at once: selected by keys or by mouse, changed, and given back."""

import re

import pytest
from playwright.sync_api import expect

from tests import serving
from tests.journeys.conftest import ask, axe, hearing

pytestmark = pytest.mark.browser
WORK = 120_000  # milliseconds for a worker who may have other things to do first

MANY = """
from portal import create_app
from portal.extensions import db
from tests import factories as make
with create_app().app_context():
    for number in range(60):
        make.ticket(title=f"Heap {number}")
    db.session.commit()
"""


def tick(page, *places):
    for place in places:
        page.locator("[data-row] [type=checkbox]").nth(place).check()


def shown(page):
    return page.locator("[data-chosen]")


def pills(page, number=3):
    return [page.locator("[data-row] .of-status").nth(place).inner_text() for place in range(number)]


def test_by_keys_alone_and_back_by_one(open_browser):
    petra = open_browser("agent", bypass_csp=True)
    petra.goto("/queue/unassigned?sort=id")
    before = pills(petra)
    petra.keyboard.press("j")
    petra.keyboard.press("x")
    petra.keyboard.press("j")
    petra.keyboard.press("j")
    petra.keyboard.press("Shift+X")
    expect(shown(petra)).to_have_text("3 selected")
    assert axe(petra) == []

    petra.keyboard.press("s")
    expect(petra.locator("#bulk-status")).to_be_focused()
    petra.select_option("#bulk-status", "in_progress")
    expect(petra.locator("#bulk-foreseen")).to_contain_text("3 would change.")
    assert axe(petra) == []
    petra.keyboard.press("Tab")
    petra.keyboard.press("Tab")
    petra.keyboard.press("Enter")

    expect(petra.locator(".toast")).to_contain_text("3 tickets changed: Status: In progress")
    expect(petra.locator("[data-row] .of-status").first).to_contain_text("In progress")
    petra.keyboard.press("z")
    expect(petra.locator(".toast")).to_contain_text("Undone: 3 tickets")
    assert pills(petra) == before


def test_by_mouse_and_back_from_the_list_of_changes(open_browser):
    petra = open_browser("agent", bypass_csp=True)
    petra.goto("/queue/unassigned?sort=id")
    before = pills(petra, 2)
    tick(petra, 0, 1)
    petra.click(".bulk button:has-text('Close')")
    petra.click("#bulk-dialog button:has-text('Change 2 tickets')")
    expect(petra.locator(".toast")).to_contain_text("2 tickets changed: Close")

    petra.click("main a:has-text('Bulk changes')")
    expect(petra.locator("#operations tbody tr").first).to_contain_text("Close")
    assert axe(petra) == []
    petra.locator("#operations button:has-text('Undo')").first.click()

    expect(petra.locator("#operation")).to_contain_text("Undone")
    petra.goto("/queue/unassigned?sort=id")
    assert pills(petra, 2) == before


def test_what_is_ticked_stays_so_when_news_come_and_escape_unticks(open_browser):
    petra = open_browser("agent")
    with hearing(petra):
        petra.goto("/queue/unassigned")
    first = petra.locator("[data-row]").first.get_attribute("id")
    tick(petra, 0)

    key = ask(open_browser("employee"), "Something that comes meanwhile")

    expect(petra.locator(f"#row-{key}")).to_be_visible()
    expect(petra.locator(f"#{first} [type=checkbox]")).to_be_checked()
    expect(shown(petra)).to_have_text("1 selected")
    petra.keyboard.press("Escape")
    expect(petra.locator(".bulk")).to_be_hidden()


def test_what_is_wrong_is_said_in_the_dialog_and_nothing_is_lost(open_browser):
    petra = open_browser("agent", bypass_csp=True)
    petra.goto("/queue/unassigned")
    tick(petra, 0)
    petra.keyboard.press("a")
    expect(petra.locator("#bulk-person")).to_be_focused()
    petra.fill("#bulk-person", "nobody at all")
    petra.keyboard.press("Enter")
    expect(petra.locator("#bulk-dialog .error-summary")).to_contain_text("Nobody is found")
    assert axe(petra) == []
    petra.keyboard.press("Escape")
    expect(petra.locator("#bulk-dialog")).to_be_hidden()
    expect(shown(petra)).to_have_text("1 selected")


def test_all_that_match_are_changed_by_a_worker_and_a_reload_shows_how_far_it_is(desk, open_browser):
    serving.run(desk.environment, "python", "-c", MANY)
    petra = open_browser("agent", bypass_csp=True)
    petra.goto("/queue/open?q=title:heap")
    tick(petra, 0)
    petra.check(".bulk [name=all]")
    petra.keyboard.press("p")
    petra.select_option("#bulk-priority", "critical")
    petra.click("#bulk-dialog button:has-text('Change 60 tickets')")
    petra.wait_for_url(re.compile(r"/queue/bulk/[\w-]{10,}$"))
    assert axe(petra) == []

    petra.reload()

    expect(petra.locator("#operation .pill")).to_contain_text("Done", timeout=WORK)
    expect(petra.locator("#operation .facts")).to_contain_text("60")
    with petra.expect_response(re.compile("/undo$")) as answer:
        petra.keyboard.press("z")
    assert answer.value.status in (200, 204)
    expect(petra.locator("#operation .pill")).to_contain_text("Undone", timeout=WORK)
    petra.goto("/queue/open?q=title:heap+priority:critical")
    expect(petra.locator("[data-row]")).to_have_count(0)


def test_all_of_it_without_javascript(open_browser):
    petra = open_browser("agent", java_script_enabled=False)
    petra.goto("/queue/unassigned?sort=id")
    tick(petra, 0, 1)
    petra.click(".bulk button:has-text('Priority')")
    petra.select_option("#bulk-priority", "critical")
    petra.click("main button:has-text('What would change?')")
    expect(petra.locator("#bulk-foreseen")).to_contain_text("would change.")
    petra.click("main button:has-text('Change 2 tickets')")
    expect(petra.locator(".toast")).to_contain_text("Priority: Critical")
    petra.click(".toast button:has-text('Undo')")
    expect(petra.locator(".toast")).to_contain_text("Undone")
