"""A long list goes on where one scrolls to its end, and stays as long when it has news."""

import re

import psycopg
import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import ask, axe

pytestmark = pytest.mark.browser
WORD = "marmalade"
LIST = f"/queue?q=title:{WORD}&sort=-id"
MANY = """
    INSERT INTO tickets (key, project_id, number, title, description, description_html, type, priority,
        status_id, status_category, requester_id, is_confidential, reply_count, version, created_at,
        updated_at)
    SELECT 'ZZ-' || place, project_id, 900000 + place, title, '', '', type, priority,
        status_id, status_category, requester_id, false, 0, 1, now(), now()
    FROM tickets, generate_series(1, 129) place WHERE key = %s
"""

WATCH = """
    globalThis.said = []
    const note = () => said.push(document.querySelector("#list-number").textContent)
    new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true })
"""


@pytest.fixture
def agent(open_browser, desk):
    key = ask(open_browser("employee"), f"The {WORD} is out")
    with psycopg.connect(desk.environment["DATABASE_URL"]) as connection:
        connection.execute("DELETE FROM tickets WHERE starts_with(key, 'ZZ-')")
        connection.execute(MANY, [key])
    page = open_browser("agent", bypass_csp=True)
    page.goto(LIST)
    return page


def rows(page):
    return page.locator("[data-row]")


def to_the_end(page):
    rows(page).last.scroll_into_view_if_needed()


def test_it_grows_to_a_hundred_and_then_leads_on_by_a_link(agent, open_browser):
    expect(rows(agent)).to_have_count(25)
    for number in (50, 75, 100):
        to_the_end(agent)
        expect(rows(agent)).to_have_count(number)
    assert axe(agent) == []

    ask(open_browser("employee"), f"More {WORD}")
    expect(rows(agent).first).to_contain_text(f"More {WORD}")  # by itself
    expect(rows(agent)).to_have_count(100)
    agent.get_by_role("link", name="Next").click()
    expect(rows(agent).first).not_to_contain_text(f"More {WORD}")


def test_its_number_comes_after_it_and_stays_while_it_is_drawn_anew(agent, open_browser):
    number = agent.locator("#list-number")
    expect(number).to_have_text(re.compile(r"^25 of 1\d\d tickets$"))
    before = int(number.inner_text().split()[2])
    agent.evaluate(WATCH)

    ask(open_browser("employee"), f"More {WORD}")
    expect(number).to_have_text(f"25 of {before + 1} tickets")
    to_the_end(agent)
    expect(number).to_have_text(f"50 of {before + 1} tickets")
    expect(agent.locator("#all-number")).to_have_text(f"All {before + 1} that match")
    assert [said for said in agent.evaluate("said") if "more" in said] == []

    agent.locator("#q").fill(f"title:{WORD} priority:critical")
    agent.locator("#q").press("Enter")
    expect(agent.locator("#tickets")).to_contain_text("No tickets match")


def test_without_a_script_pages_follow_each_other(agent, open_browser):
    plain = open_browser("agent", java_script_enabled=False)
    plain.goto(LIST)
    expect(rows(plain)).to_have_count(25)
    plain.get_by_role("link", name="How many?").click()
    expect(plain.locator("#list-number")).to_have_text(re.compile(r"^25 of 1\d\d tickets$"))
    plain.get_by_role("link", name="Next").click()
    expect(rows(plain)).to_have_count(25)
