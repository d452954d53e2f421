"""Promises in a browser: an admin makes them in forms, and a ticket shows by when it is to be answered."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import ask, axe, log_in

pytestmark = pytest.mark.browser
HERS = "requester:ines@example.org type:incident"  # what others ask for is promised by the demo world


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


def make_first(page, name):
    """The first policy that fits a ticket holds, and one of the demo world's fits every ticket."""
    place = policies(page).all_inner_texts().index(name)
    for steps_left in reversed(range(place)):
        page.get_by_role("button", name=re.compile(f"^Up ?: {name}$")).click()
        expect(policies(page).nth(steps_left)).to_have_text(name)


def test_an_admin_promises_something_and_a_ticket_shows_it(admin, open_browser):
    make_calendar(admin, "Every hour")
    admin.select_option("#country", label="Germany")
    expect(admin.locator("#region")).to_contain_text("Bayern")
    admin.select_option("#region", label="Bayern")
    expect(admin.locator("#holidays")).to_contain_text("12 public holidays in the coming year")
    admin.select_option("#country", label="No public holidays")
    expect(admin.locator("#region")).to_have_count(0)
    expect(admin.locator("#monday")).to_have_value("00:00-24:00")
    admin.get_by_role("button", name="Make the calendar").click()
    expect(admin.locator(".toast")).to_contain_text("Every hour is made")

    make_policy(admin, "Usual", "Every hour")
    admin.fill("#filter", "requster:ines@example.org")
    admin.get_by_role("button", name="Put it in force").click()
    expect(admin.locator("#filter-error")).to_contain_text("requester")
    expect(admin.locator("#first_response_medium")).to_have_value("4h")
    assert axe(admin) == []
    admin.fill("#filter", HERS)
    admin.get_by_role("button", name="Put it in force").click()
    expect(admin.locator(".toast")).to_contain_text("Usual is in force")
    make_first(admin, "Usual")

    ines = open_browser("ines")
    key = ask(ines, "The door of the archive does not open")
    expect(ines.locator(".track-promise")).to_contain_text("First answer by")

    agent = open_browser("agent", bypass_csp=True)
    agent.goto(f"/tickets/{key}")
    expect(agent.locator(".life-clock")).to_have_count(2)
    expect(agent.locator(".life-clock").first).to_contain_text("left, until")
    agent.locator(".life-why summary").click()
    expect(agent.locator(".life-why")).to_contain_text("By the policy Usual")
    expect(agent.locator(".life-why")).to_contain_text("similar cases")
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


def test_a_moment_is_tested_by_what_is_typed(admin):
    make_calendar(admin, "Tried")
    box = admin.locator("#trial")
    expect(box).to_contain_text("saved or not")
    admin.fill("#day", "2026-12-23")
    admin.fill("#at", "23:00")
    admin.fill("#length", "2h")
    admin.locator("#length").blur()
    expect(box).to_contain_text("Due on Thu, 24 Dec 2026, 01:00, after 2 hr of working time.")

    admin.fill("#thursday", "08:00-09:00")
    admin.locator("#thursday").blur()
    expect(box).to_contain_text("Due on Thu, 24 Dec 2026, 09:00,")
    expect(box).to_contain_text("outside hours")

    admin.fill("#length", "soon")
    admin.locator("#length").press("Enter")
    expect(admin.locator("#length-error")).to_contain_text("is no length of time")
    expect(admin).to_have_url(re.compile("/admin/calendars/new$"))
    assert axe(admin) == []


def test_without_a_script_a_moment_is_tested_on_a_page_of_its_own(open_browser):
    admin = open_browser(java_script_enabled=False)
    log_in(admin, "admin")
    admin.goto("/admin/sla")
    admin.get_by_role("link", name="Critical, day and night").click()
    admin.get_by_role("link", name="Test this moment").click()
    admin.fill("#day", "2026-12-25")
    admin.fill("#at", "12:00")
    admin.select_option("#priority", label="Critical")
    admin.get_by_role("button", name="When is it due?").click()

    expect(admin.locator("#trial")).to_contain_text(
        "Due on Fri, 25 Dec 2026, 12:30, after 30 min of working time."
    )
    expect(admin.locator("#trial")).to_contain_text("By what is saved.")


def test_what_is_breaching_stands_at_the_side_and_what_will_be_on_the_first_page(open_browser):
    agent = open_browser("manager", bypass_csp=True)
    agent.goto("/")
    expect(agent.locator("#forecast-title")).to_be_attached()
    expect(agent.locator("#side-views").get_by_role("link", name="Breaching")).to_be_visible()
    agent.locator("#side-views").get_by_role("link", name="Breaching").click()
    expect(agent.locator("h1")).to_have_text("Breaching")
    expect(agent.locator("#forecast-title")).to_be_attached()


@pytest.mark.parametrize("path", ["/admin/sla", "/admin/calendars", "/queue/forecast"])
def test_lists_do_not_scroll_sideways_on_a_phone(open_browser, path):
    page = open_browser("admin", viewport={"width": 375, "height": 812})
    page.goto(path)
    page.locator(".table").wait_for()

    boxes = "[...document.querySelectorAll('.table-frame, .panel, main')]"
    assert not page.evaluate(f"{boxes}.some(each => each.scrollWidth > each.clientWidth)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
