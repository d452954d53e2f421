"""Passkeys as people use them, with Chromium's own virtual authenticator."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import PASSWORD, axe, by_name, log_in

pytestmark = pytest.mark.browser


@pytest.fixture
def plug_in():
    """Give the page's browser a device that has a passkey store and knows who holds it."""

    def plug(page, *, knows_who=True):
        tools = page.context.new_cdp_session(page)
        tools.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": knows_who,
            "automaticPresenceSimulation": True,
        }
        return tools, tools.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    return plug


@pytest.fixture
def page(desk, open_browser):
    page = open_browser(base_url=by_name(desk), bypass_csp=True)
    log_in(page, "mehmet")
    return page


def add(page, name):
    page.goto("/account/passkeys")
    page.fill("#name", name)
    page.fill("#passkey-password", PASSWORD)
    page.press("#passkey-password", "Enter")


def test_a_passkey_is_added_lets_in_and_is_removed(desk, page, plug_in):
    tools, device = plug_in(page)

    add(page, "Test laptop")
    expect(page.locator("h1")).to_have_text("Your recovery codes")
    page.goto("/account/passkeys")
    expect(page.locator(".sessions")).to_contain_text("Test laptop")
    assert axe(page) == []
    add(page, "Once more")
    expect(page.locator("[data-passkey-says]")).to_have_text(
        "This device has a passkey for your account already."
    )
    log_out(page)

    page.goto("/login?next=/tickets")
    page.click("button:has-text('Log in with a passkey')")
    page.wait_for_url(f"{by_name(desk)}/tickets")
    log_out(page)

    page.fill("#email", "mehmet@example.org")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    expect(page.locator("h1")).to_have_text("The second step")
    assert axe(page) == []
    page.click("button:has-text('Use a passkey')")
    page.wait_for_url(lambda url: "/login" not in url)

    page.goto("/account")
    page.click("#passkeys .session a")
    expect(page.locator("h1")).to_have_text("Test laptop")
    assert axe(page) == []
    page.fill("#removal-password", PASSWORD)
    page.click("button:has-text('Remove')")
    expect(page.locator(".toast, .notice").first).to_contain_text("is removed")
    tools.send("WebAuthn.clearCredentials", {"authenticatorId": device})
    log_out(page)

    page.click("button:has-text('Log in with a passkey')")
    expect(page.locator("[data-passkey-says]")).to_contain_text("there is no passkey for this desk")


def log_out(page):
    page.goto("/")
    page.locator("form[action='/logout'] button").first.evaluate("button => button.form.submit()")
    page.wait_for_url("**/login")


def test_a_wrong_password_is_said_and_makes_no_passkey(page, plug_in):
    plug_in(page)
    page.goto("/account/passkeys")
    page.fill("#name", "Laptop")
    page.fill("#passkey-password", "wrong")
    page.click("button:has-text('Add a passkey')")

    expect(page.locator("[data-passkey-says]")).to_have_text("This is not your current password.")
    expect(page.locator("#name")).to_have_value("Laptop")


def test_a_browser_that_knows_no_passkeys_is_offered_none(desk, open_browser):
    page = open_browser(base_url=by_name(desk))
    page.add_init_script("delete window.PublicKeyCredential")
    page.goto("/login")

    expect(page.locator("h1")).to_have_text("Log in")
    expect(page.locator("button:has-text('Log in with a passkey')")).to_be_hidden()
