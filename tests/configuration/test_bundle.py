"""The configuration as one file: taken along, put in place whole or not at all, and the same again."""

from datetime import date
from io import BytesIO

import pytest
import yaml
from sqlalchemy import select, text

from portal.canned.actions import Wanted
from portal.canned.actions import create as create_canned
from portal.canned.models import CannedReply
from portal.configuration import bundle
from portal.configuration.reading import Faulty, write_yaml
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.lifecycles import publishing
from portal.lifecycles.actions import DEFAULT, create_lifecycle
from portal.lifecycles.models import Category, Lifecycle, Status
from portal.lifecycles.plan import Need, Plan
from portal.organizations.sharing import Sharing
from portal.permissions import Role
from portal.rules.inputs import Choose
from portal.rules.models import Rule, RuleKind
from portal.rules.registry import registered
from portal.sla.definitions import OwnDay
from tests import factories as make
from tests.lifecycles.drafts import publish, with_step

URL = "/admin/configuration"


@pytest.fixture
def boss(world):
    return make.admin(name="Aylin")


@pytest.fixture
def filled(boss):
    """A desk with something in each part of the file."""
    team = make.team(name="Network & Field")
    plan = Plan(
        (*DEFAULT.statuses, make.planned("vendor", Category.WAITING, "Wartet: Lieferant")), DEFAULT.steps
    )
    plan = with_step(with_step(plan, "in_progress", "vendor", label="Yes"), "vendor", "in_progress")
    plan = with_step(
        plan, "open", "closed", roles=frozenset({Role.ADMIN}), teams=frozenset({team.name}),
        by_requester=True, needs=frozenset({Need.COMMENT, Need.TIME}),
    )  # fmt: skip
    publish(plan, actor=boss)
    create_lifecycle("Rooms", description="For doors\nand lamps", actor=boss)
    create_canned(
        Wanted("Hello", "Dear {{ requester.first_name }},\n\n  thank you.\n", Sharing.EVERYONE), actor=boss
    )
    create_canned(Wanted("Cable", "On: it is # broken", Sharing.TEAM, team), actor=boss)
    create_canned(Wanted("Mine", "Not yours"), actor=boss)
    fill_promises_and_rules(boss, team)
    db.session.flush()
    return boss


def fill_promises_and_rules(boss, team):
    """Two of each, whose order means something."""
    lunch = ((9 * 60, 12 * 60), (13 * 60, 17 * 60 + 30))
    days = (OwnDay(date(2026, 12, 24), "Heiligabend"), OwnDay(date(2026, 12, 31), "", ((540, 720),)))
    office = make.calendar(
        "Office: north", week=(lunch,) * 5 + ((), ()), country="DE", region="NW", days=days
    )
    make.policy("VIP", kept_by=office, first=30, filter="priority>=high", pauses=("requester", "supplier"))
    make.policy("All", first=None, description="Everything else")
    person = {"id": boss.id, "label": boss.name, "email": boss.email}
    make.rule(
        boss, name="On: first", filter='priority>=high "printer jam"', stops=True,
        triggers=[{"name": "changed", "values": {"fields": ["status"]}}, {"name": "note", "values": {}}],
        actions=[
            {"name": "team", "values": {"team": {"id": str(team.id), "label": team.name}}},
            {"name": "assign", "values": {"person": person}},
            {"name": "add_tags", "values": {"tags": ["vpn", "yes"]}},
            {"name": "status", "values": {"status": {"id": "vendor", "label": "x"}, "waiting_for": None}},
        ],
    )  # fmt: skip
    make.rule(
        boss, name="After a day", kind=RuleKind.SCHEDULED, is_enabled=False,
        triggers=[{"name": "after_reply", "values": {
            "hours": 8, "calendar": {"id": str(office.id), "label": office.name},
            "case": {"id": "any", "label": "x"}}},
            {"name": "daily", "values": {"at": "08:00"}}],
    )  # fmt: skip
    make.rule(boss, name="By hand", kind=RuleKind.MACRO, triggers=())


def wipe():
    """As a new desk has it: nothing of what the file holds."""
    db.session.execute(text("DELETE FROM canned_replies WHERE owner_id IS NULL"))
    for table in ("rules", "sla_policies", "sla_calendars"):
        db.session.execute(text(f"DELETE FROM {table}"))
    db.session.execute(text("DELETE FROM projects"))
    db.session.execute(text("DELETE FROM lifecycles"))
    db.session.expire_all()


def test_taken_along_wiped_and_put_in_place_it_is_the_same_byte_by_byte(filled):
    before = bundle.write()
    wipe()
    assert "Rooms" not in bundle.write()

    bundle.put(bundle.read(before), actor=filled)
    db.session.expire_all()

    assert bundle.write() == before
    assert "Mine" not in before
    for line in (
        "monday: 09:00-12:00, 13:00-17:30",
        "critical: 30m",
        "day: 2026-12-24",
        "calendar: 'Office: north'",
    ):
        assert line in before
    assert bundle.put(bundle.read(before), actor=filled) == [], "it is as it is"


def each_effect(boss):
    """A line of each thing that rules can do, as its form reads what is typed."""
    make.category("Hardware: printers")
    make.canned(name="Thanks: a lot", everyone=True)
    typed = {"person": boss.email, "tags": "vpn, yes", "hours": "8"}
    for name, effect in registered.effects.items():
        values = {}
        for each in effect.inputs:
            first = (
                next(iter(each.options()))[0] if isinstance(each, Choose) else "Two: “lines”\r\n# and more"
            )
            values[each.name] = each.read(typed.get(each.name, first))
        yield {"name": name, "values": values}


def test_everything_that_a_rule_can_do_is_taken_along(filled):
    for number, line in enumerate(each_effect(filled)):
        make.rule(filled, name=f"Does {number}: {line['name']}", actions=(line,))
    did = {rule.name: rule.actions for rule in db.session.scalars(select(Rule))}
    before = bundle.write()
    db.session.execute(text("DELETE FROM rules"))
    db.session.expire_all()

    bundle.put(bundle.read(before), actor=filled)
    db.session.expire_all()

    assert bundle.write() == before
    for rule in db.session.scalars(select(Rule).where(Rule.name.startswith("Does "))):
        assert rule.actions == did[rule.name], rule.name


def test_what_holds_already_changes_nothing_and_what_the_file_does_not_name_stays(filled):
    events = len(db.session.scalars(select(Event.id)).all())

    bundle.put(bundle.read(bundle.write()), actor=filled)
    bundle.put(bundle.read("desk: 1\n"), actor=filled)

    assert len(db.session.scalars(select(Event.id)).all()) == events
    assert db.session.scalars(select(Lifecycle.name).order_by(Lifecycle.id)).all() == ["Standard", "Rooms"]


def test_a_change_becomes_a_version_and_the_audit_log_says_so(filled):
    file = bundle.write().replace("label: Blocked", "label: On hold", 1)
    wanted = bundle.read(file)

    assert [(deed.name, deed.changes) for deed in bundle.deeds(wanted) if deed.does_something] == [
        ("Standard", ["“Blocked” is called “On hold”."])
    ]
    bundle.put(wanted, actor=filled)

    of_standard = select(Status.stored_label).join(Lifecycle).where(Lifecycle.name == "Standard")
    assert db.session.scalars(of_standard.where(Status.name == "blocked")).all() == ["On hold"]
    imported = db.session.scalars(select(Event).where(Event.kind == Kind.CONFIGURATION_IMPORTED)).one()
    assert imported.data == {"made": 0, "changed": 1}


def test_a_status_in_which_tickets_stand_goes_with_what_they_become_alone(boss):
    ticket = make.ticket(status="blocked")
    gone = write_plan(DEFAULT.without("blocked"))

    with pytest.raises(Faulty, match=r"workflows\[1\].*1 ticket stands in “Blocked”"):
        bundle.read(gone)
    bundle.put(bundle.read(gone + "    becomes: {blocked: open}\n"), actor=boss)

    assert ticket.status.name == "open"


def write_plan(plan):
    entry = {"name": "Standard", "description": ""} | plan.written()
    return write_yaml({"desk": 1, "workflows": [entry]})


def test_what_somebody_is_just_editing_is_not_overwritten(boss):
    lifecycle = make.lifecycle()
    publishing.change_draft(lifecycle, DEFAULT.without("blocked"), targets={}, seen=0, actor=make.admin())

    with pytest.raises(Faulty, match="Somebody has a draft of it"):
        bundle.read(bundle.write().replace("label: Blocked", "label: On hold"))


BROKEN = """desk: 1
workflows:
  - name: Rooms
    colour: red
    statuses:
      - {name: open, label: Open, category: new}
      - {name: Blocked Thing, label: "", category: waiting}
      - {name: closed, label: On, category: finished}
    steps:
      - {from: open, to: closed, roles: [god]}
  - name: Rooms
    statuses: []
canned_replies:
  - {name: A, shared: team, body: x}
  - {name: B, shared: everyone}
  - {name: C, shared: nobody, body: x}
webhooks: []
"""
FAULTS = {
    ("workflows[1].colour", 4, "This is not known here."),
    ("workflows[1].statuses[2].name", 7, "Use small letters, digits and underscores."),
    ("workflows[1].statuses[2].label", 7, "This is empty."),
    ("workflows[1].statuses[3].label", 8, "This has to be a text. Put it in quotes."),
    ("canned_replies[1]", 14, "Say which team, if it is shared with a team; else none."),
    ("canned_replies[2].body", 15, "This is missing."),
    ("webhooks", 17, "This is not known here."),
}


def test_every_fault_is_listed_with_its_place(boss):
    with pytest.raises(Faulty) as refused:
        bundle.read(BROKEN)

    found = {(fault.place, fault.line, fault.said) for fault in refused.value.faults}
    assert found >= FAULTS
    named = {place for place, _line, said in found if said.startswith("This has to be one of:")}
    assert named == {
        "workflows[1].statuses[3].category",
        "workflows[1].steps[1].roles[1]",
        "canned_replies[3].shared",
    }


ONE_REPLY = "desk: 1\ncanned_replies:\n- {name: A, shared: everyone, body: x}"


@pytest.mark.parametrize(
    ("file", "place", "said"),
    [
        ("desk: 2", "desk", "one of: 1"),
        ("workflows: []", "desk", "missing"),
        ("- 1", "", "not what belongs here"),
        ("desk: 1\nworkflows: {}", "workflows", "a list"),
        ("desk: 1\nworkflows:\n- name: R\n  statuses: []", "workflows[1]", "There is no status yet"),
        ("desk: 1\ncanned_replies:\n- {name: A, shared: team, team: Nix, body: x}",
         "canned_replies[1].team", "no team"),
        ("desk: 1\ncanned_replies:\n- {name: A, shared: everyone, project: NIX, body: x}",
         "canned_replies[1].project", "no project"),
        ("desk: 1\ncanned_replies:\n- {name: A, shared: everyone, body: '{{ secret }}'}",
         "canned_replies[1].body", "placeholder"),
        (f"{ONE_REPLY}\n- {{name: a, shared: everyone, body: y}}",
         "canned_replies[2].name", "twice"),
    ],
)  # fmt: skip
def test_what_cannot_be_put_in_place_is_said_at_its_place(boss, file, place, said):
    with pytest.raises(Faulty) as refused:
        bundle.read(file)

    assert [(fault.place, said in fault.said) for fault in refused.value.faults] == [(place, True)]


RULE = """desk: 1
rules:
  - name: R
    kind: {kind}
    owner: {owner}
    projects: {projects}
    when: {when}
    if: {asks}
    then: {then}
"""


@pytest.mark.parametrize(
    ("wrong", "place", "said"),
    [
        ({"owner": "nobody@example.org"}, "owner", "Nobody who works here"),
        ({"projects": "[IT, NIX]"}, "projects[2]", "no project"),
        ({"when": "[]"}, "when", "what wakes the rule"),
        ({"then": "[]"}, "then", "what the rule does"),
        ({"when": "[{event: daily, at: '08:00'}]"}, "when[1].event", "not known"),
        ({"when": "[{event: created, color: red}]"}, "when[1].color", "not known"),
        ({"asks": "statsu:open"}, "if", "statsu"),
        ({"then": "[{action: team, team: Nowhere}]"}, "then[1].team", "Choose one of the list"),
        ({"then": "[{action: priority, priority: urgent}]"}, "then[1].priority", "Choose one of the list"),
        ({"then": "[{action: assign, person: nobody@example.org}]"}, "then[1].person", "Nobody is called"),
        ({"kind": "scheduled", "when": "[{event: daily, at: 8}]"}, "when[1].at", "Enter a time"),
    ],
)
def test_what_is_wrong_with_a_rule_is_said_at_its_line(boss, world, wrong, place, said):
    right = {"kind": "trigger", "owner": boss.email, "projects": "[IT]", "when": "[{event: created}]",
             "asks": "''", "then": "[{action: unassign}]"}  # fmt: skip
    assert bundle.read(RULE.format(**right))

    with pytest.raises(Faulty) as refused:
        bundle.read(RULE.format(**right | wrong))

    assert [(fault.place, said in fault.said) for fault in refused.value.faults] == [
        (f"rules[1].{place}", True)
    ]


@pytest.mark.parametrize(
    ("section", "entry", "place", "said"),
    [
        ("calendars", "{name: A, zone: Mars, week: {monday: 9-17}}", "zone", "no time zone"),
        ("calendars", "{name: A, zone: UTC, week: {}}", "week", "needs hours"),
        ("calendars", "{name: A, zone: UTC, week: {monday: 17-9}}", "week.monday", "before it begins"),
        ("calendars", "{name: A, zone: UTC, week: {monday: 9-17}, country: XX}", "country", "No public"),
        ("sla_policies", "{name: A, calendar: Nix, targets: {resolution: {high: 1h}}}", "calendar", "no cal"),
        ("sla_policies", "{name: A, calendar: C, targets: {}}", "targets", "promises something"),
        ("sla_policies", "{name: A, calendar: C, targets: {resolution: {high: soon}}}",
         "targets.resolution.high", "no length of time"),
        ("sla_policies", "{name: A, calendar: C, filter: 'x:y', targets: {resolution: {high: 1h}}}",
         "filter", "x"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_promises_is_said_at_its_place(boss, section, entry, place, said):
    make.calendar("C")

    with pytest.raises(Faulty) as refused:
        bundle.read(f"desk: 1\n{section}:\n- {entry}")

    found = [(fault.place, said in fault.said) for fault in refused.value.faults]
    assert found == [(f"{section}[1].{place}", True)]


def test_the_order_of_the_file_becomes_that_of_the_desk(filled):
    file = yaml.safe_load(bundle.write())
    file["rules"].reverse()
    file["sla_policies"].reverse()
    wanted = bundle.read(write_yaml(file))

    assert [deed.name for deed in bundle.deeds(wanted) if deed.does_something] == ["Order", "Order"]
    bundle.put(wanted, actor=filled)
    db.session.expire_all()

    assert bundle.write() == write_yaml(file)


# In the browser.


@pytest.fixture
def client(filled, client_for):
    db.session.commit()
    return client_for(filled)


def test_it_is_downloaded_looked_at_and_put_in_place(client):
    file = client.get(f"{URL}/export")
    assert file.headers["Content-Disposition"].startswith("attachment; filename=desk-")
    changed = file.text.replace("name: Hello", "name: Good day")

    sent = {"file": (BytesIO(changed.encode()), "desk.yaml")}
    seen = client.post(URL, data=sent, content_type="multipart/form-data")
    assert (seen.status_code, "Put it in place" in seen.text, "Good day" in seen.text) == (200, True, True)
    assert db.session.scalar(select(CannedReply.id).where(CannedReply.name == "Good day")) is None

    assert client.post(URL, data={"text": changed, "apply": "yes"}).status_code == 303
    assert db.session.scalar(select(CannedReply.id).where(CannedReply.name == "Good day"))


def test_a_broken_file_changes_nothing_and_what_was_sent_stays_to_be_corrected(client):
    before = client.get(f"{URL}/export").text
    broken = before.replace("name: Hello", "name: Good day") + "webhooks: []\n"

    answer = client.post(URL, data={"text": broken, "apply": "yes"})

    assert (answer.status_code, "webhooks" in answer.text, "Good day" in answer.text) == (422, True, True)
    assert client.get(f"{URL}/export").text == before


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"", b"x" * 1_000_001, b"\x00" * 100, b"[" * 100_000])
def test_nonsense_is_refused_in_words(client, content):
    sent = {"file": (BytesIO(content), "desk.yaml")}

    assert client.post(URL, data=sent, content_type="multipart/form-data").status_code == 422


# On the command line.


def test_the_command_line_does_the_same(app, filled, tmp_path):
    db.session.commit()
    run = app.test_cli_runner().invoke
    exported = run(args=["configuration", "export"]).output
    file = tmp_path / "desk.yaml"
    file.write_text(exported.replace("label: Blocked", "label: On hold"))
    arguments = ["configuration", "import", str(file), "--as", filled.email]

    assert "On hold" in run(args=[*arguments, "--check"]).output
    assert run(args=["configuration", "export"]).output == exported
    assert run(args=arguments).exit_code == 0
    assert run(args=["configuration", "export"]).output == file.read_text()
    file.write_text("desk: 1\nwebhooks: []")
    refused = run(args=arguments)
    assert (refused.exit_code, "line 2: webhooks" in refused.output) == (1, True)
    assert run(args=[*arguments[:-1], make.agent().email]).exit_code == 1
