"""An admin builds a workflow, is told what is wrong, publishes it, and tickets follow; also by plain HTML."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import axe

pytestmark = pytest.mark.browser
PROJECT = "Facilities"


def settled(page):
    """What was changed is kept, and the page shows what was made of it."""
    expect(page.locator("#lifecycle:not(.htmx-request)")).to_be_visible()


def changed(page, change):
    with page.expect_response(lambda answer: answer.url.endswith("/draft") and answer.status == 200):
        change()
    settled(page)


def new_workflow(page, name):
    page.goto("/admin/lifecycles")
    page.click("text=New workflow")
    page.fill("#name", name)
    page.click("button:has-text('Create the workflow')")
    page.wait_for_url(re.compile(r"/admin/lifecycles/\d+$"))


def ask_facilities(page, title):
    page.goto("/tickets/new?type=request")
    page.fill("#title", title)
    page.fill("#description", "It squeaks.")
    page.select_option("#project_id", label=PROJECT)
    page.click("button:has-text('Send request')")
    page.wait_for_url(re.compile(r"/tickets/[A-Z]+-\d+"))
    return re.search(r"/tickets/([A-Z]+-\d+)", page.url).group(1)


def give_it_to(page, project, workflow):
    page.goto("/admin/projects")
    page.click(f"a:has-text('{project}')")
    page.click("a:has-text('Give it another workflow')")
    page.select_option("#to", label=workflow)
    page.click("button:has-text('Choose')")
    page.click("button:has-text('Give it this workflow')")
    expect(page.locator(".toast")).to_contain_text(f"has the workflow {workflow} now.")


def step_to(page, key, status):
    page.goto(f"/tickets/{key}")
    page.click("button[popovertarget=status]")
    page.click(f"#status button:has-text('{status}')")


def test_a_workflow_is_built_mended_and_published_and_tickets_follow_it(open_browser):
    aylin, employee = open_browser("admin"), open_browser("employee")
    new_workflow(aylin, "For rooms")

    aylin.fill("[name=new_label]", "Waiting for parts")
    aylin.select_option("[name=new_category]", "waiting")
    changed(aylin, lambda: aylin.click("button:has-text('Add the status')"))
    expect(aylin.locator(".notice")).to_contain_text("No way leads to “Waiting for parts”")
    expect(aylin.locator("svg.graph .is-stray text")).to_have_text("Waiting for parts")
    aylin.click("a:has-text('Publish…')")
    expect(aylin.locator("button:has-text('Publish')")).to_have_count(0)
    aylin.click("a:has-text('Back to the draft')")

    for way in ("in_progress:waiting_for_parts", "waiting_for_parts:in_progress"):
        changed(aylin, lambda way=way: aylin.check(f"[name='step:{way}']"))
    expect(aylin.locator(".notice")).to_have_count(0)
    aylin.click("#step-in_progress-closed summary")
    changed(aylin, lambda: aylin.check("[name='needs:in_progress:closed'][value=comment]"))
    expect(aylin.locator("#step-in_progress-closed")).to_have_attribute("open", "")
    assert axe(aylin) == []
    aylin.click("a:has-text('Publish…')")
    expect(aylin.locator("main")).to_contain_text("Status “Waiting for parts” is new.")
    aylin.click("button:has-text('Publish')")
    expect(aylin.locator("main")).to_contain_text("It holds as it stands here.")

    give_it_to(aylin, PROJECT, "For rooms")
    key = ask_facilities(employee, "The door squeaks")
    step_to(aylin, key, "In progress")
    expect(aylin.locator("button[popovertarget=status]")).to_contain_text("In progress")
    step_to(aylin, key, "Waiting for parts")
    expect(aylin.locator("button[popovertarget=status]")).to_contain_text("Waiting for parts")

    step_to(aylin, key, "In progress")
    expect(aylin.locator("button[popovertarget=status]")).to_contain_text("In progress")
    step_to(aylin, key, "Closed")
    expect(aylin.locator("h1")).to_have_text(f"{key}: Closed")
    aylin.click("button:has-text('Closed')")
    expect(aylin.locator(".error-summary")).to_contain_text("Write something first.")
    assert axe(aylin) == []
    aylin.fill("#body", "Oiled.")
    aylin.check("text=Everybody who sees the ticket")
    aylin.click("form#step button:has-text('Closed')")
    expect(aylin.locator("button[popovertarget=status]")).to_contain_text("Closed")
    employee.goto(f"/tickets/{key}")
    expect(employee.locator("main")).to_contain_text("Oiled.")


def test_a_status_goes_and_its_tickets_are_brought_to_another_one(open_browser):
    aylin, employee = open_browser("admin"), open_browser("employee")
    new_workflow(aylin, "For lamps")
    give_it_to(aylin, PROJECT, "For lamps")
    key = ask_facilities(employee, "The lamp flickers")
    step_to(aylin, key, "In progress")
    expect(aylin.locator("button[popovertarget=status]")).to_contain_text("In progress")
    step_to(aylin, key, "Blocked")
    expect(aylin.locator("button[popovertarget=status]")).to_contain_text("Blocked")

    aylin.goto("/admin/lifecycles")
    aylin.click("a:has-text('For lamps')")
    changed(aylin, lambda: aylin.click("button[aria-label='Remove Blocked']"))
    expect(aylin.locator(".notice")).to_contain_text("“Blocked”, which goes")
    changed(aylin, lambda: aylin.select_option("[name='target:blocked']", label="Open"))
    expect(aylin.locator(".notice")).to_have_count(0)
    aylin.click("a:has-text('Publish…')")
    aylin.click("button:has-text('Publish')")
    expect(aylin.locator("main")).to_contain_text("It holds as it stands here.")

    aylin.goto(f"/tickets/{key}")
    expect(aylin.locator("button[popovertarget=status]")).to_contain_text("Open")


def test_a_workflow_is_changed_without_javascript(open_browser):
    aylin = open_browser("admin", java_script_enabled=False)
    new_workflow(aylin, "By hand")

    aylin.fill("[name='label:open']", "Fresh")
    aylin.click("button.button:has-text('Keep the draft')")
    expect(aylin.locator("[name='label:open']")).to_have_value("Fresh")
    aylin.click("button[aria-label='Down: Fresh']")
    expect(aylin.locator("[name=status] >> nth=1")).to_have_value("open")
    aylin.click("a:has-text('Publish…')")
    aylin.click("button:has-text('Publish')")
    expect(aylin.locator("main")).to_contain_text("It holds as it stands here.")
    aylin.click("a:has-text('Versions')")
    expect(aylin.locator("main")).to_contain_text("“Open” is called “Fresh”.")
    aylin.click("button:has-text('Roll back to it')")
    expect(aylin.locator("[name='label:open']")).to_have_value("Open")
