"""An admin deletes a ticket for good, with and without a script, and everybody finds it gone."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import ask

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("has_script", [True, False], ids=["with a script", "without"])
def test_a_ticket_is_deleted_for_good_and_its_address_tells_the_desk(open_browser, has_script):
    employee = open_browser("employee")
    key = ask(employee, "My PIN is 4711")
    page = open_browser("admin", java_script_enabled=has_script)
    page.goto(f"/tickets/{key}")
    page.get_by_role("link", name="Delete this ticket and all its texts").click()
    page.fill("#reason", "A secret was posted by mistake.")
    page.fill("#key", "IT-0")
    page.get_by_role("button", name="Delete for good").click()
    expect(page.locator(".error-summary")).to_contain_text("This is not the key of the ticket shown here.")
    expect(page.locator("#reason")).to_have_value("A secret was posted by mistake.")

    page.fill("#key", key)
    page.get_by_role("button", name="Delete for good").click()

    expect(page).to_have_url(re.compile(f"/tickets/{key}$"))
    expect(page.locator("h1")).to_have_text(f"{key} was deleted")
    expect(page.locator(".lost")).to_contain_text("Reason: A secret was posted by mistake.")
    agent = open_browser("agent")
    assert agent.goto(f"/tickets/{key}").status == 410
    assert employee.goto(f"/tickets/{key}").status == 404
    employee.goto("/tickets?show=all")
    expect(employee.locator("main")).not_to_contain_text("My PIN is 4711")
