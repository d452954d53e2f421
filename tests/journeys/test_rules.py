"""An admin builds a rule, tries it on the past, enables it, it fires, and the ticket explains it."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import ask

pytestmark = pytest.mark.browser


def add(page, word, name):
    """A line of the form, and wait until it is there."""
    page.select_option(f"#{word}-new", name)
    page.click(f"#add-{word}")
    row = page.locator(f"[name^='{word}-'][name$='-is'][value='{name}']")
    expect(row).to_be_attached()


def build(page, name, words):
    page.goto("/admin/rules")
    page.click(".toolbar .is-primary")
    page.fill("#name", name)
    add(page, "when", "created")
    page.fill("#filter", f"title:{words} priorty:low")
    add(page, "then", "priority")
    page.select_option("#then-0-priority", "critical")


def enabled(page):
    """The ids of the buttons that disable a rule, of all that are enabled."""
    page.goto("/admin/rules")
    return [button.get_attribute("id") for button in page.locator("button:has-text('Disable')").all()]


@pytest.fixture
def no_rule_stays(open_browser):
    """The other tests of this world know of no rules but the demo world's."""
    page = open_browser("admin")
    known = set(enabled(page))
    yield page
    while made := [each for each in enabled(page) if each not in known]:
        with page.expect_response(lambda answer: "/enabled" in answer.url):
            page.locator(f"#{made[0]}").click()


def test_a_rule_is_built_mended_tried_enabled_fires_and_is_explained(no_rule_stays, open_browser):
    page, asker = no_rule_stays, open_browser("employee")
    before = ask(asker, "The paternoster hums")
    build(page, "Lifts are urgent", "paternoster")
    page.click("button:has-text('Keep the rule')")
    expect(page.locator(".error-summary")).to_contain_text("Did you mean “priority”?")
    page.fill("#filter", "title:paternoster")
    page.click("#try")
    page.wait_for_url(re.compile(r"/admin/rule-trials/"))
    expect(page.locator("#found-title")).to_have_text("It would have run 1 time, on 1 ticket")
    expect(page.locator(".trial-case")).to_contain_text([before])
    expect(page.locator(".trial-case")).to_contain_text(["Critical"])
    asker.reload()
    expect(asker.locator("body")).not_to_contain_text("Critical")
    page.click("text=Back to the form")
    expect(page.locator("#filter")).to_have_value("title:paternoster")
    page.check("#is_enabled")
    page.click("button:has-text('Keep the rule')")
    page.wait_for_url(re.compile(r"/admin/rules/\d+$"))

    key = ask(asker, "The paternoster stands still")
    page.goto(f"/tickets/{key}")
    changed = page.locator(".happening", has_text="Rule: Lifts are urgent")
    expect(changed).to_contain_text("Critical")
    changed.locator("text=Why?").click()

    expect(page.locator("h1")).to_have_text("What rules answered")
    answer = page.locator(".rule-traces li", has_text="Lifts are urgent").first
    expect(answer).to_contain_text("It ran")
    expect(answer).to_contain_text("title:paternoster")
    asker.reload()
    expect(asker.locator("body")).not_to_contain_text("Lifts are urgent")


def test_without_a_script_a_rule_is_built_as_well(no_rule_stays, open_browser):
    page = open_browser("admin", java_script_enabled=False)
    page.goto("/admin/rules/new")
    page.fill("#name", "Built by hand")
    page.select_option("#when-new", "note")
    page.click("#add-when")
    page.select_option("#then-new", "add_tags")
    page.click("#add-then")
    page.fill("#then-0-tags", "looked-at")
    page.click("button:has-text('Keep the rule')")

    expect(page.locator("h1")).to_have_text("Built by hand")
    expect(page.locator("#then-0-tags")).to_have_value("looked-at")


def test_rules_are_put_in_order_by_buttons_and_by_dragging(no_rule_stays):
    page = no_rule_stays
    for name in ("Order one", "Order two"):
        page.goto("/admin/rules/new")
        page.fill("#name", name)
        add(page, "when", "note")
        add(page, "then", "unassign")
        page.click("button:has-text('Keep the rule')")
        page.wait_for_url(re.compile(r"/admin/rules/\d+$"))
    page.goto("/admin/rules")
    rows = page.locator("#rules tbody tr", has_text="Order")
    expect(rows.nth(0)).to_contain_text("Order one")

    page.locator("button[aria-label='Up: Order two']").focus()
    page.keyboard.press("Enter")
    expect(rows.nth(0)).to_contain_text("Order two")

    rows.nth(1).locator(".grip").drag_to(rows.nth(0), target_position={"x": 20, "y": 2})
    expect(rows.nth(0)).to_contain_text("Order one")
    page.reload()
    expect(rows.nth(0)).to_contain_text("Order one")
