"""Two-step login as people do it: with a phone, on a page, and in the log-in that opens over one."""

import psycopg
import pyotp
import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import PASSWORD, ask, axe

pytestmark = pytest.mark.browser


@pytest.fixture
def zoe(open_browser):
    """A page of somebody who has it, and their recovery codes; it is switched off in the end."""
    page = open_browser("zoe")
    page.goto("/account")
    page.click("#two-step a")
    secret = page.locator("code.secret").inner_text().replace(" ", "")
    page.fill("#code", pyotp.TOTP(secret).now())
    page.fill("#set-up-password", PASSWORD)
    page.click("button:has-text('Switch on two-step login')")
    expect(page.locator("h1")).to_have_text("Your recovery codes")
    codes = page.locator(".recovery-codes code").all_inner_texts()
    assert axe(page) == []
    yield page, codes
    page.goto("/account/two-step")
    page.fill("#off-password", PASSWORD)
    page.click("button:has-text('Switch it off')")
    expect(page.locator("#two-step")).to_contain_text("Set it up")


def test_a_second_browser_is_asked_for_a_code(open_browser, zoe):
    _page, codes = zoe
    other = open_browser(bypass_csp=True)
    other.goto("/login?next=/tickets")
    other.fill("#email", "zoe@example.org")
    other.fill("#password", PASSWORD)
    other.press("#password", "Enter")
    expect(other.locator("#code")).to_be_focused()
    assert axe(other) == []
    other.keyboard.type("000000")
    other.keyboard.press("Enter")
    expect(other.locator(".error-summary")).to_contain_text("This code does not count")
    other.fill("#code", codes[0])
    other.press("#code", "Enter")

    other.wait_for_url("**/tickets")


def test_a_log_in_over_the_page_asks_for_the_code_too_and_sends_what_was_refused(desk, zoe):
    page, codes = zoe
    ask(page, "The badge reader beeps twice")
    page.fill("#reply-body", "And now three times.")
    with psycopg.connect(desk.environment["DATABASE_URL"]) as connection:
        connection.execute("DELETE FROM sessions")
    page.press("#reply-body", "Control+Enter")
    dialog = page.locator("#login-again")
    dialog.locator("[name=password]").fill(PASSWORD)
    dialog.locator("[name=password]").press("Enter")
    expect(dialog.locator("[name=code]")).to_be_focused()
    dialog.locator("[name=code]").fill(codes[1])
    dialog.locator("[name=code]").press("Enter")

    expect(page.locator(".timeline")).to_contain_text("And now three times.")
    expect(dialog).to_be_hidden()
