"""A long list goes on where one scrolls to its end, and stays as long when it has news."""

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


def test_without_a_script_pages_follow_each_other(agent, open_browser):
    plain = open_browser("agent", java_script_enabled=False)
    plain.goto(LIST)
    expect(rows(plain)).to_have_count(25)
    plain.get_by_role("link", name="Next").click()
    expect(rows(plain)).to_have_count(25)
