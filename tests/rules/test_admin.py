"""The pages on which admins keep rules."""

import re

import pytest
from sqlalchemy import select

from portal import clock
from portal.admin.words import changes
from portal.canned.actions import delete as delete_canned
from portal.events.changes import change
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.events.record import record
from portal.extensions import db
from portal.rules.models import Rule, RuleVersion
from tests import factories as make
from tests.rules.conftest import chosen

NEW = "/admin/rules/new"
FORM = {
    "name": "Fire is urgent",
    "description": "So that nothing burns",
    "filter": "title:fire",
    "owner": "olga@example.org",
    "is_enabled": "y",
    "when-0-is": "created",
    "then-0-is": "priority",
    "then-0-priority": "high",
}


@pytest.fixture
def olga(world):
    return make.admin(name="Olga Owner", email="olga@example.org")


@pytest.fixture
def browser(olga, client_for):
    return client_for(olga)


def only_rule():
    return db.session.scalars(select(Rule)).one()


def audited(*kinds):
    found = select(Event).where(Event.kind.in_(kinds)).order_by(Event.id)
    return list(db.session.scalars(found))


def test_an_admin_makes_a_rule(browser, olga):
    answer = browser.post(NEW, data=FORM)

    rule = only_rule()
    assert (answer.status_code, answer.location) == (303, f"/admin/rules/{rule.id}")
    assert (rule.name, rule.filter, rule.owner_id) == ("Fire is urgent", "title:fire", olga.id)
    assert rule.is_enabled
    assert rule.triggers == [{"name": "created", "values": {}}]
    assert rule.actions == [{"name": "priority", "values": {"priority": {"id": "high", "label": "High"}}}]
    created = audited(Kind.RULE_CREATED)[0]
    assert created.data["changes"]["filter"] == {
        "old": {"id": None, "label": None},
        "new": {"id": "title:fire", "label": "title:fire"},
    }


def test_the_page_of_a_rule_shows_what_it_is(browser):
    browser.post(NEW, data=FORM)

    page = browser.get(f"/admin/rules/{only_rule().id}").text

    assert 'value="title:fire"' in page
    assert "A ticket is created" in page
    assert re.search(r'<option selected value="high">', page)


WRONG = {
    "a filter that does not parse": ({"filter": "statsu:open"}, "Did you mean “status”?"),
    "no name": ({"name": " "}, "Enter a name."),
    "an owner that there is not": ({"owner": "nobody@example.org"}, "Nobody is found under"),
    "nothing that wakes it": ({"when-0-is": None}, "Say what wakes the rule"),
    "nothing that it does": ({"then-0-is": None}, "Say what the rule does"),
    "nothing chosen": ({"then-0-priority": ""}, "Choose one of the list."),
    "a value that is none": ({"then-0-priority": "urgent"}, "Choose one of the list."),
    "a number that is none": ({"then-0-is": "due", "then-0-hours": "many"}, "Enter a number from 1"),
    "a person who does not work here": (
        {"then-0-is": "assign", "then-0-person": "ann@example.org"},
        "Ann Asker does not work here any more.",
    ),
    "a person who has no account any more": (
        {"then-0-is": "participant", "then-0-person": "gone@example.org"},
        "Gone Gaby is not there any more.",
    ),
    "a line that the desk does not know": ({"then-0-is": "sing"}, "This desk does not know it."),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(browser, wrong):
    make.employee(name="Ann Asker", email="ann@example.org")
    make.employee(name="Gone Gaby", email="gone@example.org").is_active = False
    db.session.commit()
    changed, words = WRONG[wrong]
    data = {name: value for name, value in (FORM | changed).items() if value is not None}

    answer = browser.post(NEW, data=data)

    assert answer.status_code == 422
    assert words in answer.text.replace("&#34;", '"')
    assert data["description"] in answer.text
    assert data["filter"] in answer.text
    assert db.session.scalar(select(Rule)) is None


def test_whoever_takes_part_is_found_also_among_those_who_ask(browser):
    ann = make.employee(name="Ann Asker", email="ann@example.org")
    db.session.commit()
    line = {"then-0-is": "participant", "then-0-person": "Ann Asker"}

    assert "Ann Asker" in browser.get("/tickets/people?then-0-person=ask").text
    browser.post(NEW, data=FORM | line)

    assert only_rule().actions[0]["values"]["person"]["id"] == ann.id


def test_a_text_is_kept_with_the_ends_of_lines_of_this_desk(browser):
    line = {"then-0-is": "description", "then-0-text": "One\r\nTwo", "then-0-how": "append"}

    browser.post(NEW, data=FORM | line)

    assert only_rule().actions[0]["values"]["text"] == "One\nTwo"


def test_a_name_that_there_is_is_refused(browser):
    browser.post(NEW, data=FORM)

    answer = browser.post(NEW, data=FORM | {"name": "FIRE is urgent"})

    assert answer.status_code == 422
    assert "There is a rule of this name already" in answer.text


def test_a_line_is_added_moved_and_removed_without_a_script(browser):
    added = browser.post(NEW, data=FORM | {"do": "add-then", "then-new": "note"}).text
    assert 'name="then-1-is" value="note"' in added
    assert 'value="Fire is urgent"' in added

    two = FORM | {"then-1-is": "note", "then-1-body": "Look out"}
    moved = browser.post(NEW, data=two | {"do": "up-then-1"}).text
    assert 'name="then-0-is" value="note"' in moved
    assert "Look out" in moved
    assert re.search(r'id="then-1-priority".*?<option selected value="high">', moved, re.DOTALL)

    removed = browser.post(NEW, data=two | {"do": "remove-then-0"}).text
    assert 'name="then-0-is" value="note"' in removed
    assert 'name="then-1-is"' not in removed
    assert db.session.scalar(select(Rule)) is None


def test_what_is_chosen_is_put_into_the_filter(browser):
    chosen_too = FORM | {"do": "conditions", "if-ticks": "1", "if-priority": "critical", "if-overdue": "y"}

    page = browser.post(NEW, data=chosen_too).text

    assert 'value="title:fire priority:critical is:overdue"' in page


def test_it_is_told_how_many_tickets_fit_now(browser):
    make.ticket(title="Printer on fire")
    make.ticket(title="Phone")
    db.session.commit()

    page = browser.post(NEW, data=FORM | {"do": "check"})
    wrong = browser.post(NEW, data=FORM | {"do": "check", "filter": "statsu:open"})

    assert page.status_code == 200
    assert "1 ticket</a>" in page.text
    assert "Did you mean “status”?" in wrong.text


def test_a_rule_is_changed_and_audited_with_before_and_after(browser):
    browser.post(NEW, data=FORM)
    rule = only_rule()

    answer = browser.post(
        f"/admin/rules/{rule.id}",
        data=FORM | {"filter": "title:smoke", "version": "1", "then-0-priority": "critical"},
    )

    assert answer.status_code == 303
    assert (rule.filter, rule.version) == ("title:smoke", 2)
    changes = audited(Kind.RULE_EDITED)[0].data["changes"]
    assert changes.keys() == {"filter", "does"}
    assert changes["does"]["old"]["label"] == ["Set the priority: High"]
    assert changes["does"]["new"]["label"] == ["Set the priority: Critical"]
    page = browser.get("/admin/audit").text
    assert "Rule changed" in page
    assert "title:smoke" in page


def test_saving_what_it_is_already_changes_nothing(browser):
    browser.post(NEW, data=FORM)
    rule = only_rule()

    browser.post(f"/admin/rules/{rule.id}", data=FORM | {"version": "1"})

    assert (rule.version, audited(Kind.RULE_EDITED)) == (1, [])


def test_the_second_of_two_who_change_a_rule_is_told_and_loses_nothing(browser):
    browser.post(NEW, data=FORM)
    rule = only_rule()
    browser.post(f"/admin/rules/{rule.id}", data=FORM | {"filter": "title:smoke", "version": "1"})

    answer = browser.post(f"/admin/rules/{rule.id}", data=FORM | {"filter": "title:heat", "version": "1"})

    assert answer.status_code == 409
    assert "This rule was changed meanwhile" in answer.text
    assert 'value="title:heat"' in answer.text
    assert rule.filter == "title:smoke"


def test_a_rule_is_rolled_back_to_what_it_was(browser):
    browser.post(NEW, data=FORM)
    rule = only_rule()
    browser.post(f"/admin/rules/{rule.id}", data=FORM | {"filter": "title:smoke", "version": "1"})

    page = browser.get(f"/admin/rules/{rule.id}/versions").text
    answer = browser.post(f"/admin/rules/{rule.id}/versions/1/restore")

    assert "title:smoke" in page
    assert answer.status_code == 303
    assert (rule.filter, rule.version) == ("title:fire", 3)
    assert [row.version for row in db.session.scalars(select(RuleVersion).order_by(RuleVersion.version))] == [
        1,
        2,
        3,
    ]
    assert audited(Kind.RULE_EDITED)[-1].data["from_version"] == 1


def test_the_list_tells_how_each_rule_does(browser, olga):
    rule = make.rule(olga, name="Busy")
    rule.runs, rule.last_run_at, rule.last_error = 12, clock.now(), "The team is gone."
    make.rule(olga, name="Idle", is_enabled=False)
    db.session.commit()

    page = browser.get("/admin/rules").text

    for words in ("Busy", "12", "The team is gone.", "Idle", "never"):
        assert words in page
    found = browser.get("/admin/rules?q=idl").text
    assert "Idle" in found
    assert "Busy" not in found
    assert "No rule matches that" in browser.get("/admin/rules?q=nothing-like-it").text


def order():
    return list(db.session.scalars(select(Rule.name).order_by(Rule.position, Rule.id)))


def test_rules_are_put_in_order(browser, olga):
    first, second, third = (make.rule(olga, name=name) for name in ("One", "Two", "Three"))
    db.session.commit()
    ids = first.id, second.id, third.id

    browser.post(f"/admin/rules/{ids[2]}/position", data={"direction": "up"})
    assert order() == ["One", "Three", "Two"]
    browser.post(f"/admin/rules/{ids[1]}/position", data={"before": ids[0]})
    assert order() == ["Two", "One", "Three"]
    browser.post(f"/admin/rules/{ids[1]}/position", data={"before": ""})
    assert order() == ["One", "Three", "Two"]

    assert [told(event) for event in audited(Kind.RULES_ORDERED)] == [
        {"Place": ("3", "2"), "Order": ("Two · Three", "Three · Two")},
        {"Place": ("3", "1"), "Order": ("One · Three · Two", "Two · One · Three")},
        {"Place": ("1", "3"), "Order": ("Two · One · Three", "One · Three · Two")},
    ]


def told(event):
    """What the audit log says that became of what."""
    return {change.field: (change.old, change.new) for change in changes(event)}


def undo(browser, event):
    return browser.post(f"/admin/rules/changes/{event.id}/undo")


def test_the_order_of_before_is_put_back_and_that_again(browser, olga):
    for name in ("One", "Two", "Three"):
        make.rule(olga, name=name)
    db.session.commit()
    last = db.session.scalars(select(Rule).where(Rule.name == "Three")).one()
    browser.post(f"/admin/rules/{last.id}/position", data={"direction": "up"})
    browser.post(f"/admin/rules/{last.id}/position", data={"direction": "up"})
    assert order() == ["Three", "One", "Two"]

    page = browser.get("/admin/rules/changes").text
    answer = undo(browser, audited(Kind.RULES_ORDERED)[0])

    assert "“Three” went from place 3 to 2" in page
    assert (answer.status_code, order()) == (303, ["One", "Two", "Three"])
    put_back = audited(Kind.RULES_ORDERED)[-1]
    assert told(put_back) == {"Order": ("Three · One · Two", "One · Two · Three")}
    undo(browser, put_back)
    assert order() == ["Three", "One", "Two"]


def test_an_earlier_order_knows_nothing_of_rules_that_came_or_went_since(browser, olga):
    first, second, third = (make.rule(olga, name=name) for name in ("One", "Two", "Three"))
    db.session.commit()
    ids = first.id, second.id, third.id
    browser.post(f"/admin/rules/{ids[2]}/position", data={"before": ids[0]})
    browser.post(f"/admin/rules/{ids[1]}/delete")
    make.rule(olga, name="New")
    db.session.commit()

    undo(browser, audited(Kind.RULES_ORDERED)[0])

    assert order() == ["One", "Three", "New"]


def test_putting_back_the_order_that_there_is_changes_nothing(browser, olga):
    rule, _other = make.rule(olga, name="One"), make.rule(olga, name="Two")
    db.session.commit()
    browser.post(f"/admin/rules/{rule.id}/position", data={"direction": "down"})
    (event,) = audited(Kind.RULES_ORDERED)
    undo(browser, event)

    undo(browser, event)

    assert len(audited(Kind.RULES_ORDERED)) == 2


def test_an_old_change_that_does_not_tell_the_order_before_says_so(browser, olga):
    event = record(Kind.RULES_ORDERED, actor=olga, automation="One", changes={"place": change(1, 2)})
    db.session.commit()

    assert "Put back" not in browser.get("/admin/rules/changes").text
    assert undo(browser, event).status_code == 409


@pytest.mark.parametrize("number", ["0", "999999"])
def test_what_is_no_such_change_is_not_undone(browser, olga, number):
    make.rule(olga)
    created = audited(Kind.RULE_CREATED)[0]
    db.session.commit()

    assert browser.post(f"/admin/rules/changes/{number}/undo").status_code == 404
    assert undo(browser, created).status_code == 404


def test_a_rule_is_switched_off_and_on(browser, olga):
    rule = make.rule(olga)
    db.session.commit()

    browser.post(f"/admin/rules/{rule.id}/enabled", data={"enabled": "no"})
    assert not rule.is_enabled
    browser.post(f"/admin/rules/{rule.id}/enabled", data={"enabled": "yes"})
    assert rule.is_enabled

    assert len(audited(Kind.RULE_EDITED)) == 2


def test_a_rule_that_is_paused_goes_on_with_nothing_counted(browser, olga):
    rule = make.rule(olga)
    rule.failures, rule.paused_at = 20, clock.now()
    db.session.commit()

    browser.post(f"/admin/rules/{rule.id}/enabled", data={"enabled": "yes"})

    assert (rule.is_enabled, rule.paused_at, rule.failures) == (True, None, 0)


def test_a_rule_whose_canned_reply_was_deleted_says_so_and_is_not_switched_on(browser, olga):
    canned = make.canned(name="We know", everyone=True)
    reply = {"name": "reply", "values": chosen("canned", canned.public_id, "We know")}
    rule = make.rule(olga, actions=(reply,), is_enabled=False)
    delete_canned(canned, actor=olga)
    db.session.commit()

    page = browser.get(f"/admin/rules/{rule.id}").text
    browser.post(f"/admin/rules/{rule.id}/enabled", data={"enabled": "yes"})

    assert "The canned reply “We know” is not there any more" in page
    assert not rule.is_enabled


def test_a_rule_whose_person_left_says_so_at_the_field(browser, olga):
    petra = make.agent(name="Petra")
    assign = {
        "name": "assign",
        "values": {"person": {"id": petra.id, "label": "Petra", "email": petra.email}},
    }
    rule = make.rule(olga, actions=(assign,))
    petra.is_active = False
    db.session.commit()

    page = browser.get(f"/admin/rules/{rule.id}").text

    assert "Petra does not work here any more." in page


def test_a_copy_is_not_enabled_yet(browser, olga):
    rule = make.rule(olga, name="Good one")
    db.session.commit()

    browser.post(f"/admin/rules/{rule.id}/copy")

    copied = db.session.scalars(select(Rule).where(Rule.id != rule.id)).one()
    assert (copied.name, copied.is_enabled, copied.actions) == ("Good one, copy 1", False, rule.actions)


def test_a_rule_is_deleted_and_the_audit_log_tells_what_it_was(browser, olga):
    rule = make.rule(olga, name="Doomed")
    db.session.commit()

    browser.post(f"/admin/rules/{rule.id}/delete")

    assert db.session.scalar(select(Rule)) is None
    deleted = audited(Kind.RULE_DELETED)[0]
    assert deleted.data["automation"] == "Doomed"
    assert deleted.data["changes"]["does"]["old"]["label"] == ["Set the priority: High"]


def test_a_deleted_rule_is_brought_back_with_what_it_was_and_switched_off(browser, olga):
    browser.post(NEW, data=FORM)
    rule_id = only_rule().id
    browser.post(f"/admin/rules/{rule_id}", data=FORM | {"filter": "title:smoke", "version": "1"})
    browser.post(f"/admin/rules/{rule_id}/delete")

    page = browser.get("/admin/rules/changes").text
    answer = undo(browser, audited(Kind.RULE_DELETED)[0])

    rule = only_rule()
    assert "“Fire is urgent” was deleted" in page
    assert answer.location == f"/admin/rules/{rule_id}"
    assert (rule.id, rule.filter, rule.is_enabled, rule.version) == (rule_id, "title:smoke", False, 3)
    assert audited(Kind.RULE_CREATED)[-1].data["from_version"] == 2
    assert "It is there again" in browser.get("/admin/rules/changes").text
    assert undo(browser, audited(Kind.RULE_DELETED)[0]).status_code == 409
    browser.post(f"/admin/rules/{rule_id}/versions/1/restore")
    assert (rule.filter, rule.is_enabled) == ("title:fire", True)


def test_a_deleted_rule_whose_name_another_has_stays_deleted(browser, olga):
    browser.post(NEW, data=FORM)
    browser.post(f"/admin/rules/{only_rule().id}/delete")
    browser.post(NEW, data=FORM)

    answer = undo(browser, audited(Kind.RULE_DELETED)[0])

    assert (answer.status_code, "There is a rule" in answer.text) == (409, True)


def test_each_change_of_a_rule_is_told_with_before_and_after_and_a_version_goes_back(browser, olga):
    """Made, changed, switched, copied, put in order, deleted: in the audit log, in words."""
    browser.post(NEW, data=FORM)
    rule_id = only_rule().id
    browser.post(f"/admin/rules/{rule_id}", data=FORM | {"then-0-priority": "critical", "version": "1"})
    browser.post(f"/admin/rules/{rule_id}/enabled", data={"enabled": "no"})
    browser.post(f"/admin/rules/{rule_id}/copy")
    browser.post(f"/admin/rules/{rule_id}/position", data={"direction": "down"})
    browser.post(f"/admin/rules/{rule_id}/delete")

    page = browser.get("/admin/audit").text

    for label in ("Rule created", "Rule changed", "Order of the rules changed", "Rule deleted"):
        assert label in page, label
    for changed in (
        "Then: <b>Set the priority: High</b> became <b>Set the priority: Critical</b>",
        "Enabled: <b>yes</b> became <b>no</b>",
        "Place: <b>1</b> became <b>2</b>",
        "Filter: <b>title:fire</b> became <b>nothing</b>",
    ):
        assert changed in page, changed
    undo(browser, audited(Kind.RULE_DELETED)[0])
    browser.post(f"/admin/rules/{rule_id}/versions/2/restore")
    rule = db.session.get(Rule, rule_id)
    assert (rule.is_enabled, rule.actions[0]["values"]["priority"]["id"]) == (True, "critical")


@pytest.mark.parametrize("role", ["agent", "manager"])
def test_only_admins_keep_rules(world, client_for, role):
    client = client_for(getattr(make, role)())

    assert client.get("/admin/rules").status_code == 403
    assert client.post(NEW, data=FORM).status_code == 403
