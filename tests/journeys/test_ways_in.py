"""How people come in, and how far: registered, with a second step, invited, and kept to a team."""

import re

import pytest
from playwright.sync_api import expect

from tests.accounts.codes import code_at
from tests.journeys.conftest import PASSWORD as DEMO
from tests.journeys.conftest import ask, axe

pytestmark = pytest.mark.browser
PASSWORD = "a long walk by the river"


def mailed_link(open_browser, path):
    """The newest link to that path, as an admin reads it among the mails that were sent."""
    admin = open_browser("admin")
    admin.goto("/admin/mail")
    for mail in admin.locator("main a[href^='/admin/mail/']").all()[:6]:
        address = mail.get_attribute("href")
        page = admin.context.new_page()
        page.goto(address)
        links = page.locator(f"a[href*='{path}']")
        if links.count():
            return links.first.get_attribute("href")
        page.close()
    raise AssertionError(f"No mail leads to {path}")


def log_in(page, email):
    page.goto("/login")
    page.fill("#email", email)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")


def test_registered_confirmed_with_two_steps_and_in(open_browser):
    new = open_browser(bypass_csp=True)
    new.goto("/register")
    new.fill("#name", "Noor Haddad")
    new.fill("#email", "noor@example.org")
    new.fill("#password", PASSWORD)
    new.click("main button:not([type=button])")
    expect(new.locator("main")).to_contain_text("We have sent a link to noor@example.org")

    new.goto(mailed_link(open_browser, "/verify/"))
    new.fill("#password", PASSWORD)
    new.click("main button:not([type=button])")
    expect(new.locator("body")).to_contain_text("Your address is confirmed")
    log_in(new, "noor@example.org")
    expect(new.locator("body")).to_contain_text("Noor")

    new.goto("/account")
    new.click("#two-step a")
    secret = new.locator("code.secret").inner_text().replace(" ", "")
    new.fill("#code", code_at(0, secret))
    new.fill("#set-up-password", PASSWORD)
    new.click("button:has-text('Switch on two-step login')")
    expect(new.locator("h1")).to_have_text("Your recovery codes")
    assert axe(new) == []

    other = open_browser()
    log_in(other, "noor@example.org")
    expect(other.locator("#code")).to_be_focused()
    other.goto("/tickets")
    expect(other).to_have_url(re.compile("/login"))  # half a log-in opens nothing
    log_in(other, "noor@example.org")
    other.fill("#code", code_at(1, secret))  # the next one: that of this half minute was used
    other.press("#code", "Enter")
    other.wait_for_url(lambda url: "/login" not in url)
    expect(other.locator("body")).to_contain_text("Noor")


def test_an_organizations_owner_invites_somebody_who_reads_along(open_browser):
    mehmet, lucia, new = open_browser("mehmet"), open_browser("lucia"), open_browser()
    key = ask(mehmet, "The crane shows an odd sign")
    lucia.goto("/organizations/2")
    lucia.fill("#email", "nils@example.org")
    lucia.click("form[action$='/invitations'] button:not([type=button])")
    expect(lucia.locator("body")).to_contain_text("An invitation is on its way to nils@example.org")

    new.goto(mailed_link(open_browser, "/invitations/"))
    expect(new.locator("main")).to_contain_text("Hafen Logistik")
    new.fill("#name", "Nils Holm")
    new.fill("#password", PASSWORD)
    new.click("main button:not([type=button])")
    log_in(new, "nils@example.org")
    new.wait_for_url(lambda url: "/login" not in url)

    new.goto("/organizations/2/requests")
    expect(new.locator("main")).to_contain_text("The crane shows an odd sign")
    new.goto(f"/tickets/{key}")
    expect(new.locator("h1")).to_contain_text("The crane shows an odd sign")
    expect(new.locator("#reply-body")).to_have_count(0)
    lucia.goto("/organizations/2")
    expect(lucia.locator("main")).to_contain_text("Nils Holm")


def test_an_agent_is_kept_to_their_teams(open_browser):
    employee, petra, ines = open_browser("employee"), open_browser("agent"), open_browser("ines")
    employee.goto("/tickets/new?type=incident")
    employee.fill("#title", "The zeppelin access point is silent")
    employee.select_option("#project_id", label="IT support")
    employee.select_option("#category_id", label="Network")
    employee.click("button:has-text('Send request')")
    employee.wait_for_url(re.compile(r"/tickets/IT-\d+"))
    path = re.search(r"/tickets/IT-\d+", employee.url)[0]

    petra.goto("/queue/all?q=zeppelin")
    expect(petra.locator(f"a[href='{path}']").first).to_be_visible()
    ines.goto("/queue/all?q=zeppelin")
    expect(ines.locator(f"a[href='{path}']")).to_have_count(0)
    assert ines.goto(path).status == 404
    expect(ines.locator("body")).not_to_contain_text("zeppelin")


def test_a_token_is_copied_by_its_button(open_browser):
    ann = open_browser("employee", permissions=["clipboard-read", "clipboard-write"])
    ann.goto("/account/tokens")
    ann.fill("#name", "Weekly report")
    ann.check("[value='tickets:read']")
    ann.fill("[name$=current_password]", DEMO)
    ann.click("main button:has-text('Make the token')")
    expect(ann.locator("h1")).to_have_text("Your new token")

    ann.click("button[data-copies]")

    expect(ann.locator("button[data-copies]")).to_have_text("Copied")
    assert ann.evaluate("navigator.clipboard.readText()") == ann.locator("#secret").inner_text()
