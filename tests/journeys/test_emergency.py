"""A desk where only single sign-on lets people in, on the day it does not."""

import psycopg
import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import PASSWORD, axe

pytestmark = pytest.mark.browser

ENOUGH = 500  # page loads: a process learns of a setting within seconds
BEGIN = """
INSERT INTO settings (name, value) VALUES ('password_login', 'false');
UPDATE users SET is_break_glass = true WHERE email = 'admin@example.org';
INSERT INTO identity_providers (slug, name, issuer, client_id, sealed_secret, scopes, groups_claim,
                                creates_accounts, is_active)
VALUES ('elsewhere', 'Nordwerk', 'https://login.example.org', 'desk', '', 'openid', 'groups', true, true);
"""
END = """
DELETE FROM settings WHERE name = 'password_login';
UPDATE users SET is_break_glass = false;
DELETE FROM identity_providers WHERE slug = 'elsewhere';
"""


@pytest.fixture
def passwords_off(desk, open_browser):
    def run(statements):
        with psycopg.connect(desk.environment["DATABASE_URL"]) as connection:
            connection.execute(statements)

    run(BEGIN)
    page = open_browser(bypass_csp=True)
    _until(page, "a[href='/login/emergency']")
    _until(page, "a[href*='/login/with/elsewhere']")
    yield page
    run(END)
    _until(open_browser(), "#password")


def _until(page, selector):
    for _time in range(ENOUGH):
        page.goto("/login")
        if page.locator(selector).count():
            return
    raise AssertionError(f"The log-in page never showed {selector}")


def test_an_admin_gets_in_by_emergency_access_and_nobody_else(passwords_off):
    page = passwords_off
    expect(page.locator("input[name=password]")).to_have_count(0)
    assert axe(page) == []
    page.goto("/register")
    expect(page.locator("h1")).to_have_text("Accounts come from single sign-on")
    assert axe(page) == []
    page.goto("/login")
    page.click("a:has-text('Emergency access')")
    expect(page.locator("h1")).to_have_text("Emergency access")
    assert axe(page) == []

    for who in ("employee", "admin"):
        page.fill("#email", f"{who}@example.org")
        page.fill("#password", PASSWORD)
        page.press("#password", "Enter")
        if who == "employee":
            expect(page.locator(".error-summary")).to_contain_text("do not belong together")

    page.wait_for_url(lambda url: "/login" not in url)
    page.goto("/admin/providers")
    expect(page.locator("#password-login-title")).to_contain_text("Switched off")
    assert axe(page) == []


def test_a_log_in_that_has_ended_leads_to_the_provider_and_back_to_the_page(desk, passwords_off):
    page = passwords_off
    _enter(page)
    page.goto("/queue")
    with psycopg.connect(desk.environment["DATABASE_URL"]) as connection:
        connection.execute("DELETE FROM sessions")
    page.evaluate("htmx.ajax('GET', '/queue', '#problems')")
    dialog = page.locator("#login-again")
    way = dialog.get_by_role("link", name="Log in with Nordwerk")  # there may be other providers
    expect(way).to_be_visible()
    expect(way).to_have_attribute("target", "_blank")

    other = page.context.new_page()
    _enter(other)
    page.evaluate("dispatchEvent(new Event('focus'))")

    expect(dialog).to_be_hidden()


def _enter(page):
    page.goto("/login/emergency")
    page.fill("#email", "admin@example.org")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url(lambda url: "/login" not in url)
