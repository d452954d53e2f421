"""The configuration as one file: taken along, put in place whole or not at all, and the same again."""

from io import BytesIO

import pytest
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
    db.session.flush()
    return boss


def wipe():
    """As a new desk has it: nothing of what the file holds."""
    db.session.execute(text("DELETE FROM canned_replies WHERE owner_id IS NULL"))
    db.session.execute(text("UPDATE projects SET archived_at = now()"))
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
    assert bundle.put(bundle.read(before), actor=filled) == [], "it is as it is"


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

    assert (
        db.session.scalar(select(Status.stored_label).where(Status.name == "blocked").limit(1)) == "On hold"
    )
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
rules: []
"""
FAULTS = {
    ("workflows[1].colour", 4, "This is not known here."),
    ("workflows[1].statuses[2].name", 7, "Use small letters, digits and underscores."),
    ("workflows[1].statuses[2].label", 7, "This is empty."),
    ("workflows[1].statuses[3].label", 8, "This has to be a text. Put it in quotes."),
    ("canned_replies[1]", 14, "Say which team, if it is shared with a team; else none."),
    ("canned_replies[2].body", 15, "This is missing."),
    ("rules", 17, "This is not known here."),
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
    broken = before.replace("name: Hello", "name: Good day") + "rules: []\n"

    answer = client.post(URL, data={"text": broken, "apply": "yes"})

    assert (answer.status_code, "rules" in answer.text, "Good day" in answer.text) == (422, True, True)
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
    file.write_text("desk: 1\nrules: []")
    refused = run(args=arguments)
    assert (refused.exit_code, "line 2: rules" in refused.output) == (1, True)
    assert run(args=[*arguments[:-1], make.agent().email]).exit_code == 1
