"""Promises in a browser: an admin makes them in forms, and a ticket shows by when it is to be answered."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import ask, axe, log_in

pytestmark = pytest.mark.browser
HERS = "requester:ines@example.org type:incident"  # what others ask for in this desk has no promise


@pytest.fixture
def admin(open_browser):
    return open_browser("admin", bypass_csp=True)


def make_calendar(page, name):
    page.goto("/admin/calendars/new")
    page.fill("#name", name)
    page.select_option("#zone", "Europe/Berlin")
    for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"):
        page.fill(f"#{day}", "00:00-24:00")


def make_policy(page, name, calendar):
    page.goto("/admin/sla/new")
    page.fill("#name", name)
    page.fill("#filter", HERS)
    page.select_option("#calendar_id", label=calendar)
    page.fill("#first_response_medium", "4h")
    page.fill("#resolution_medium", "40h")


def switch_off(page, name):
    page.get_by_role("button", name=re.compile(f"Disable ?: {name}")).click()
    expect(page.get_by_role("button", name=re.compile(f"Enable ?: {name}"))).to_be_visible()


def policies(page):
    return page.locator("#policies tbody tr th > a")


def test_an_admin_promises_something_and_a_ticket_shows_it(admin, open_browser):
    make_calendar(admin, "Round the clock")
    admin.select_option("#country", label="Germany")
    expect(admin.locator("#region")).to_contain_text("Bayern")
    admin.select_option("#region", label="Bayern")
    expect(admin.locator("#holidays")).to_contain_text("12 public holidays in the coming year")
    admin.select_option("#country", label="No public holidays")
    expect(admin.locator("#region")).to_have_count(0)
    expect(admin.locator("#monday")).to_have_value("00:00-24:00")
    admin.get_by_role("button", name="Make the calendar").click()
    expect(admin.locator(".toast")).to_contain_text("Round the clock is made")

    make_policy(admin, "Usual", "Round the clock")
    admin.fill("#filter", "requster:ines@example.org")
    admin.get_by_role("button", name="Put it in force").click()
    expect(admin.locator("#filter-error")).to_contain_text("requester")
    expect(admin.locator("#first_response_medium")).to_have_value("4h")
    assert axe(admin) == []
    admin.fill("#filter", HERS)
    admin.get_by_role("button", name="Put it in force").click()
    expect(admin.locator(".toast")).to_contain_text("Usual is in force")

    ines = open_browser("ines")
    key = ask(ines, "The door of the archive does not open")
    expect(ines.locator(".track-promise")).to_contain_text("First answer by")

    agent = open_browser("agent", bypass_csp=True)
    agent.goto(f"/tickets/{key}")
    expect(agent.locator(".life-clock")).to_have_count(2)
    expect(agent.locator(".life-clock").first).to_contain_text("left, until")
    agent.locator(".life-why summary").click()
    expect(agent.locator(".life-why")).to_contain_text("asked")
    assert axe(agent) == []

    agent.fill("#reply-body", "I am on my way.")
    agent.get_by_role("button", name=re.compile("^Send")).first.click()
    expect(agent.locator(".life-clock").first).to_contain_text("Kept, after")
    admin.goto("/admin/sla")
    switch_off(admin, "Usual")


def test_policies_are_dragged_and_moved_by_keys_into_their_order(admin):
    make_calendar(admin, "Always")
    admin.get_by_role("button", name="Make the calendar").click()
    expect(admin.locator(".toast")).to_contain_text("Always is made")
    for name in ("Second", "First"):
        make_policy(admin, name, "Always")
        admin.get_by_role("button", name="Put it in force").click()
        expect(admin.locator(".toast")).to_contain_text(f"{name} is in force")
        switch_off(admin, name)
    names = policies(admin).all_inner_texts()
    assert names[-2:] == ["Second", "First"]

    rows = admin.locator("#policies tbody tr")
    first = rows.filter(has=admin.get_by_role("link", name="First", exact=True))
    second = rows.filter(has=admin.get_by_role("link", name="Second", exact=True))
    first.locator(".grip").drag_to(second, target_position={"x": 40, "y": 4})
    expect(policies(admin)).to_have_text([*names[:-2], "First", "Second"])

    down = admin.get_by_role("button", name="Down: First")
    down.focus()
    down.press("Enter")
    expect(policies(admin)).to_have_text([*names[:-2], "Second", "First"])
    expect(admin.get_by_role("button", name="Up: First")).to_be_visible()


def test_the_same_works_without_a_script(open_browser):
    admin = open_browser(java_script_enabled=False)
    log_in(admin, "admin")
    make_calendar(admin, "Plain")
    admin.select_option("#country", label="Germany")
    admin.get_by_role("button", name="Show the holidays").click()
    expect(admin.locator("#region")).to_contain_text("Bayern")
    expect(admin.locator("#name")).to_have_value("Plain")
    admin.get_by_role("button", name="Make the calendar").click()
    expect(admin.get_by_role("link", name="Plain")).to_be_visible()
