"""The inbox in a browser: decided by keys alone, by mouse, on a telephone, and without a script."""

import re

import psycopg
import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import ask, axe, hearing

pytestmark = pytest.mark.browser
IN_HAND = "[data-row].is-here"


@pytest.fixture
def inbox(desk, open_browser, request):
    """A few new tickets, and nothing else that waits; their keys, the oldest first."""
    asker = "employee" if "requester" in request.node.name else "hana"
    number = 10 if "ten_tickets" in request.node.name else 3
    with psycopg.connect(desk.environment["DATABASE_URL"]) as connection:
        connection.execute(
            "UPDATE tickets SET inbox_since = NULL, snoozed_until = NULL, snoozed_for_answer = false"
        )
    browser = open_browser(asker)
    return [ask(browser, f"Waits for a decision, number {each}") for each in range(number)]


def focused_row(page):
    """The key of the row in which the focus is, if it is in one."""
    row = page.evaluate("document.activeElement.closest('[data-row]')?.id ?? ''")
    return row.removeprefix("row-")


def fate_of(desk, key):
    """What became of a ticket: by whom it is answered, with whom, how it stands, and where it goes on."""
    with psycopg.connect(desk.environment["DATABASE_URL"]) as connection:
        return connection.execute(
            """SELECT assignee.email, teams.name, tickets.outcome, other.key,
                tickets.snoozed_until IS NOT NULL
            FROM tickets LEFT JOIN users assignee ON assignee.id = tickets.assignee_id
            LEFT JOIN teams ON teams.id = tickets.team_id
            LEFT JOIN tickets other ON other.id = tickets.merged_into_id WHERE tickets.key = %s""",
            [key],
        ).fetchone()


def decline(page):
    page.keyboard.press("3")
    expect(page.locator("#decide textarea")).to_be_focused()
    page.keyboard.type("We do not do that.")
    page.keyboard.press("Control+Enter")


def route(page):
    page.keyboard.press("4")
    expect(page.locator("#decide select")).to_be_focused()
    page.keyboard.type("Net")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")


def snooze(page):
    page.keyboard.press("h")
    expect(page.locator("#decide .snooze-presets button").first).to_be_focused()
    page.keyboard.press("Enter")


def duplicate_of(key):
    def duplicate(page):
        page.keyboard.press("2")
        expect(page.locator("#decide [name=of]")).to_be_focused()
        page.keyboard.type(key)
        page.keyboard.press("Enter")

    return duplicate


def test_ten_tickets_are_decided_on_by_keys_alone(desk, open_browser, inbox):
    page = open_browser("agent")
    page.goto("/")
    page.keyboard.press("g")
    page.keyboard.press("t")
    expect(page.locator("h1")).to_have_text("Triage")
    expect(page.locator("[data-row]")).to_have_count(10)
    assert axe(page) == []
    page.keyboard.press("j")
    accept = lambda page: page.keyboard.press("1")  # noqa: E731
    into = duplicate_of(inbox[9])
    decisions = [accept, into, decline, route, snooze, accept, decline, into, snooze, accept]

    for number, (key, decide) in enumerate(zip(inbox, decisions, strict=True)):
        expect(page.locator(IN_HAND)).to_have_id(f"row-{key}")
        assert focused_row(page) == key
        decide(page)
        expect(page.locator("[data-row]:not([hidden])")).to_have_count(9 - number)
        expect(page.locator("dialog[open]")).to_have_count(0)

    expect(page.locator("#tickets")).to_contain_text("Every new ticket has been decided on")
    assert fate_of(desk, inbox[0])[0] == "agent@example.org"
    assert [fate_of(desk, inbox[place])[3] for place in (1, 7)] == [inbox[9], inbox[9]]
    assert [fate_of(desk, inbox[place])[2] for place in (2, 6)] == ["declined", "declined"]
    assert fate_of(desk, inbox[3])[1] == "Network"
    assert [fate_of(desk, inbox[place])[4] for place in (4, 8)] == [True, True]


def test_the_dialogs_are_accessible_and_escape_changes_nothing(open_browser, inbox):
    page = open_browser("agent")
    page.goto("/queue/triage")
    page.keyboard.press("j")
    for key in "234h":
        page.keyboard.press(key)
        expect(page.locator("#decide form")).to_be_visible()
        assert axe(page) == []
        page.keyboard.press("Escape")
        expect(page.locator("dialog[open]")).to_have_count(0)
        assert focused_row(page) == inbox[0]
    expect(page.locator("[data-row]")).to_have_count(3)


def test_what_a_colleague_takes_leaves_and_the_focus_stays_on_a_row(open_browser, inbox):
    page, ben = open_browser("agent"), open_browser("ben")
    with hearing(page):
        page.goto("/queue/triage")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator(IN_HAND)).to_have_id(f"row-{inbox[1]}")

    ben.goto(f"/tickets/{inbox[1]}")
    ben.keyboard.press("1")
    expect(ben.locator(".triage")).to_have_count(0)

    expect(page.locator(f"#row-{inbox[1]}")).to_have_count(0)
    expect(page.locator(IN_HAND)).to_have_id(f"row-{inbox[2]}")
    assert focused_row(page) == inbox[2]


def test_who_comes_second_is_told_who_was_first_and_goes_on(open_browser, inbox):
    page, ben = open_browser("agent"), open_browser("ben")
    page.route("**/live?*", lambda route: route.abort())
    page.goto("/queue/triage")
    page.keyboard.press("j")
    ben.goto(f"/tickets/{inbox[0]}")
    ben.keyboard.press("1")
    expect(ben.locator(".triage")).to_have_count(0)

    page.keyboard.press("1")

    expect(page.locator("#problems")).to_contain_text(f"has taken {inbox[0]} already")
    expect(page.locator(IN_HAND)).to_have_id(f"row-{inbox[1]}")


def test_the_same_keys_on_the_page_of_a_ticket_and_the_next_one(desk, open_browser, inbox):
    page = open_browser("agent")
    page.goto(f"/tickets/{inbox[0]}")
    expect(page.locator(".triage")).to_contain_text("Nobody has taken this yet")
    page.keyboard.press("1")
    expect(page.locator("#toasts")).to_contain_text(f"{inbox[0]} is yours")
    expect(page.locator(".triage")).to_have_count(0)

    page.keyboard.press("j")
    expect(page).to_have_url(re.compile(f"/tickets/{inbox[1]}$"))
    snooze(page)
    expect(page.locator(".triage")).to_contain_text("Snoozed until")
    page.keyboard.press("j")
    expect(page).to_have_url(re.compile(f"/tickets/{inbox[2]}$"))
    decline(page)
    expect(page.locator(".timeline")).to_contain_text("We do not do that.")
    assert fate_of(desk, inbox[2])[2] == "declined"


def test_on_a_telephone_each_decision_is_a_button_that_a_finger_hits(open_browser, inbox):
    page = open_browser("agent", viewport={"width": 375, "height": 812}, has_touch=True)
    page.goto("/queue/triage")
    row = page.locator(f"#row-{inbox[0]}")
    for button in row.locator(".row-acts .button").all():
        box = button.bounding_box()
        assert box["height"] >= 44
        assert box["width"] >= 44
    row.get_by_role("button", name="Accept").tap()
    expect(page.locator("#toasts")).to_contain_text(f"{inbox[0]} is yours")
    expect(page.locator(f"#row-{inbox[0]}")).to_have_count(0)


def test_without_a_script_every_decision_is_a_page(desk, open_browser, inbox):
    page = open_browser("agent", java_script_enabled=False)
    page.goto("/queue/triage")
    page.locator(f"#row-{inbox[0]}").get_by_role("button", name="Accept").click()
    expect(page).to_have_url(re.compile("/queue/triage$"))
    expect(page.locator(f"#row-{inbox[0]}")).to_have_count(0)

    page.locator(f"#row-{inbox[1]}").get_by_role("link", name="Decline").click()
    page.fill("#reason", "We do not do that.")
    page.click(".triage-form button")
    expect(page).to_have_url(re.compile("/queue/triage$"))

    page.locator(f"#row-{inbox[2]}").get_by_role("link", name="Snooze").click()
    page.click("button[value=answer]")
    expect(page).to_have_url(re.compile("/queue/triage$"))

    expect(page.locator("[data-row]")).to_have_count(0)
    assert fate_of(desk, inbox[1])[2] == "declined"


def test_a_requester_withdraws_what_nobody_has_begun(desk, open_browser, inbox):
    page = open_browser("employee")
    page.goto(f"/tickets/{inbox[0]}")
    page.click("button:has-text('Withdraw')")
    expect(page.locator(".track-said")).to_contain_text("This was withdrawn.")
    assert fate_of(desk, inbox[0])[2] == "withdrawn"


def is_spam(desk, key):
    with psycopg.connect(desk.environment["DATABASE_URL"]) as connection:
        found = connection.execute(
            "SELECT hidden_as, inbox_since FROM tickets WHERE key = %s", [key]
        ).fetchone()
    assert found[1] is not None  # whatever it is, it waits there once it is shown
    return found[0] == "spam"


def test_spam_leaves_by_one_key_and_comes_back_by_another(desk, open_browser, inbox):
    page = open_browser("agent")
    page.goto("/queue/triage")
    page.keyboard.press("j")
    expect(page.locator(IN_HAND)).to_have_id(f"row-{inbox[0]}")

    page.keyboard.press("!")

    expect(page.locator("#toasts")).to_contain_text(f"{inbox[0]} is spam")
    expect(page.locator(f"#row-{inbox[0]}")).to_have_count(0)
    expect(page.locator(IN_HAND)).to_have_id(f"row-{inbox[1]}")
    assert is_spam(desk, inbox[0])

    expect(page.locator("#toasts [data-key=z]")).to_be_visible()
    page.keyboard.press("z")

    expect(page.locator(f"#row-{inbox[0]}")).to_be_visible()
    assert not is_spam(desk, inbox[0])


def test_on_its_page_spam_says_so_and_nothing_else_is_offered(desk, open_browser, inbox):
    page, ben = open_browser("agent"), open_browser("ben")
    with hearing(ben):
        ben.goto(f"/tickets/{inbox[0]}")
    page.goto(f"/tickets/{inbox[0]}")
    page.keyboard.press("!")
    expect(page.locator(".notice")).to_contain_text("This is marked as spam")
    expect(page.locator("#composer")).to_have_count(0)
    expect(page.locator(".properties")).to_have_count(0)
    assert axe(page) == []
    expect(ben.locator(".notice")).to_contain_text("This is marked as spam")

    page.goto("/queue/spam")
    page.locator(f"#row-{inbox[0]} a").click()
    page.get_by_role("button", name="Not spam").click()

    expect(page.locator(".triage")).to_contain_text("Nobody has taken this yet")
    expect(ben.locator(".triage")).to_contain_text("Nobody has taken this yet")
    expect(ben.locator("#composer")).to_be_visible()
    assert not is_spam(desk, inbox[0])


def test_without_a_script_spam_is_marked_and_unmarked_by_forms(desk, open_browser, inbox):
    page = open_browser("agent", java_script_enabled=False)
    page.goto("/queue/triage")
    page.locator(f"#row-{inbox[0]}").get_by_role("button", name="Spam").click()
    expect(page).to_have_url(re.compile("/queue/triage$"))
    expect(page.locator(f"#row-{inbox[0]}")).to_have_count(0)

    page.locator(".triage-tabs").get_by_role("link", name="Spam").click()
    page.locator(f"#row-{inbox[0]} a").click()
    page.get_by_role("button", name="Not spam").click()
    expect(page.locator(".triage")).to_contain_text("Nobody has taken this yet")
