"""Workflows in forms: a draft is kept as it is typed, says what is wrong, and holds once published."""

import re
from html import unescape

import pytest
from sqlalchemy import select

from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.lifecycles.actions import DEFAULT, create_lifecycle
from portal.lifecycles.models import Lifecycle, LifecycleDraft, LifecycleVersion, Status
from portal.lifecycles.plan import Plan
from portal.lifecycles.typed import fields_of
from tests import factories as make

HTMX = {"HX-Request": "true"}


@pytest.fixture
def boss(world):
    return make.admin(name="Aylin")


@pytest.fixture
def client(boss, client_for):
    db.session.commit()
    return client_for(boss)


@pytest.fixture
def url(world):
    return f"/admin/lifecycles/{world.lifecycle_id}"


def row_of(client, name):
    page = client.get("/admin/lifecycles").text
    return next(row for row in page.split("<tr") if f">{name}</a>" in row)


def edit(client, url, plan=DEFAULT, version=0, headers=None, **more):
    typed = fields_of(plan) | {name.replace("__", ":"): value for name, value in more.items()}
    return client.post(f"{url}/draft", data=typed | {"version": version}, headers=headers or {})


def draft():
    db.session.expire_all()
    found = db.session.scalar(select(LifecycleDraft))
    return Plan.read(found.content) if found else None


def publish(client, url, version=1, **more):
    return client.post(f"{url}/publication", data={"version": version, **more})


def statuses():
    db.session.expire_all()
    held = select(Status.name).where(Status.removed_at.is_(None)).order_by(Status.position)
    return list(db.session.scalars(held))


def test_the_editor_shows_what_holds_and_sending_it_unchanged_makes_no_draft(client, url):
    page = client.get(url)

    assert page.status_code == 200
    assert "It holds as it stands here." in page.text
    assert edit(client, url).status_code == 303
    assert draft() is None


def test_a_new_status_is_kept_in_a_draft_that_says_what_it_lacks_and_holds_when_published(client, url):
    answer = edit(client, url, new_label="Waiting for vendor", new_category="waiting", do="add", headers=HTMX)

    assert "No way leads to “Waiting for vendor” from where tickets begin." in answer.text
    assert "This cannot be published yet" in answer.text
    assert publish(client, url).status_code == 409
    assert "waiting_for_vendor" not in statuses()

    plan = draft()
    steps = {"step:in_progress:waiting_for_vendor": "yes", "step:waiting_for_vendor:in_progress": "yes"}
    sound = client.post(f"{url}/draft", data=fields_of(plan) | steps | {"version": 1}, headers=HTMX)
    assert "This cannot be published yet" not in sound.text
    assert "Status “Waiting for vendor” is new." in client.get(f"{url}/publication").text

    assert publish(client, url, version=2, note="Vendors are slow").status_code == 303
    assert statuses()[-1] == "waiting_for_vendor"
    assert draft() is None
    version = db.session.scalars(select(LifecycleVersion).order_by(LifecycleVersion.number.desc())).first()
    assert (version.number, version.note) == (2, "Vendors are slow")
    event = db.session.scalars(select(Event).where(Event.kind == Kind.LIFECYCLE_PUBLISHED)).one()
    assert event.data["changes"]["version"] == {"old": {"id": 1, "label": 1}, "new": {"id": 2, "label": 2}}


def test_a_status_that_goes_asks_what_its_tickets_become_and_they_follow(client, url):
    ticket = make.ticket(status="in_progress")
    make.walk(ticket, "blocked")
    db.session.commit()

    gone = edit(client, url, do="remove:blocked", headers=HTMX)
    assert "1 ticket stands in “Blocked”, which goes: say which status it is to have." in unescape(gone.text)
    assert publish(client, url).status_code == 409

    chosen = fields_of(draft()) | {"target:blocked": "in_progress", "version": 1}
    assert "This cannot be published yet" not in client.post(f"{url}/draft", data=chosen, headers=HTMX).text
    assert "1 ticket goes from “Blocked” to “In progress”." in client.get(f"{url}/publication").text
    publish(client, url, version=2)

    db.session.expire_all()
    assert ticket.status.name == "in_progress"
    assert "blocked" not in statuses()


def test_what_is_half_typed_of_a_new_status_is_not_lost_by_another_change(client, url):
    answer = edit(client, url, label__open="Fresh", new_label="Half ty", new_category="done", headers=HTMX)

    assert 'value="Half ty"' in answer.text
    assert draft().label_of("open") == "Fresh"


def test_two_admins_do_not_overwrite_each_other(client, url, client_for):
    other = make.admin()
    db.session.commit()
    edit(client, url, label__open="Mine")

    answer = edit(client_for(other), url, label__open="Yours")

    assert answer.status_code == 409
    assert "Somebody else has changed this draft meanwhile." in answer.text
    assert draft().label_of("open") == "Mine"


def test_what_is_published_is_what_was_looked_at(client, url):
    edit(client, url, label__open="Seen")
    edit(client, url, label__open="Not seen", version=1)

    assert publish(client, url, version=1).status_code == 409
    assert db.session.scalar(select(Status.stored_label).where(Status.name == "open")) == "Open"


def test_a_draft_is_discarded_after_a_question(client, url):
    edit(client, url, label__open="Fresh")

    assert "“Open” is called “Fresh”." in unescape(client.get(f"{url}/draft/removal").text)
    assert draft() is not None
    assert client.post(f"{url}/draft/removal").status_code == 303
    assert draft() is None


def test_versions_are_held_beside_each_other_and_an_old_one_comes_again(client, url):
    edit(client, url, label__open="Fresh")
    publish(client, url)

    page = unescape(client.get(f"{url}/versions?old=1&new=2").text)
    assert "“Open” is called “Fresh”." in page
    assert "“Fresh” is called “Open”." in unescape(client.get(f"{url}/versions?old=2&new=1").text)

    assert client.post(f"{url}/versions/1/draft").status_code == 303
    assert draft() == DEFAULT
    publish(client, url)
    assert db.session.scalar(select(Status.stored_label).where(Status.name == "open")) == "Open"
    assert db.session.scalar(select(Lifecycle.number)) == 3


@pytest.mark.parametrize("asked", ["old=1&new=9", "old=x&new=1", "old=99999999999999999999&new=1"])
def test_a_version_that_is_none_is_said(client, url, asked):
    assert client.get(f"{url}/versions?{asked}").status_code == 422


def test_one_is_made_like_another_renamed_and_deleted_while_no_project_has_it(client, world, url):
    typed = {"name": "Short", "description": "For rooms", "like_id": world.lifecycle_id}
    made = client.post("/admin/lifecycles/new", data=typed)

    assert made.status_code == 303
    new = db.session.scalars(select(Lifecycle).where(Lifecycle.name == "Short")).one()
    assert [status.name for status in new.statuses] == list(DEFAULT.names)
    assert client.post("/admin/lifecycles/new", data=typed).status_code == 409
    rename = client.post(f"/admin/lifecycles/{new.id}/name", data={"name": "Rooms", "description": ""})
    assert rename.status_code == 303
    assert "Rooms" in client.get("/admin/lifecycles").text
    assert client.post(f"/admin/lifecycles/{new.id}/removal").status_code == 303
    assert client.post(f"{url}/removal").status_code == 409
    db.session.expire_all()
    assert db.session.scalars(select(Lifecycle.name)).all() == ["Standard"]


def test_each_change_of_a_workflow_is_told_with_before_and_after_and_a_version_goes_back(client, world):
    """Made like another one, renamed, published, rolled back, deleted: in the audit log, in words."""
    client.post("/admin/lifecycles/new", data={"name": "Rooms", "like_id": world.lifecycle_id})
    rooms = db.session.scalars(select(Lifecycle).where(Lifecycle.name == "Rooms")).one()
    url = f"/admin/lifecycles/{rooms.id}"
    client.post(f"{url}/name", data={"name": "Doors", "description": ""})
    edit(client, url, label__open="New", **{"step:open:blocked": "yes"})
    assert publish(client, url).status_code == 303
    client.post(f"{url}/versions/1/draft")
    assert publish(client, url).status_code == 303
    client.post(f"{url}/removal")

    told = unescape(client.get("/admin/audit").text)

    for label in ("Workflow created", "Workflow renamed", "Workflow published", "Workflow deleted"):
        assert label in told, label
    for changed in (
        "Name: <b>Rooms</b> became <b>Doors</b>",
        "Statuses: <b>Open (new, blue)</b> became <b>New (new, blue)</b>",
        "Statuses: <b>New (new, blue)</b> became <b>Open (new, blue)</b>",
        "Version: <b>2</b> became <b>3</b>",
        "Name: <b>Doors</b> became <b>nothing</b>",
    ):
        assert changed in told, changed
    assert "New → Blocked" in told
    assert "Open → Closed" in told.partition("Workflow deleted")[2]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", ["Standard", "Rooms"]),
        ("ROOM", ["Rooms"]),
        ("lamps", ["Rooms"]),
        ("facil", ["Standard"]),
        ("%", []),
    ],
)
def test_workflows_are_found_by_their_words_and_by_their_projects(client, boss, typed, found):
    make.project("FAC", name="Facilities")
    create_lifecycle("Rooms", description="For lamps", actor=boss)
    db.session.commit()

    page = client.get("/admin/lifecycles", query_string={"q": typed}, headers=HTMX).text

    assert re.findall(r'<th scope="row"><a [^>]*>([^<]*)</a>', page) == found
    assert ("No workflow matches that" in page) == (not found)


def test_the_list_tells_which_projects_have_a_workflow_and_how_many_tickets_are_open(client, boss):
    make.project("FAC", name="Facilities")
    make.ticket()
    make.ticket()
    make.ticket(status="closed")
    create_lifecycle("Rooms", actor=boss)
    db.session.commit()

    standard, rooms = row_of(client, "Standard"), row_of(client, "Rooms")

    assert "Facilities, IT support" in standard
    assert re.search(r"Open tickets: </span>2</td>", standard)
    assert "No project" in rooms
    assert re.search(r"Open tickets: </span>0</td>", rooms)


def test_the_list_costs_the_same_with_more_workflows(client, boss, statements):
    client.get("/admin/lifecycles")
    del statements[:]
    client.get("/admin/lifecycles")
    few = len(statements)
    for number in range(4):
        create_lifecycle(f"Workflow {number}", actor=boss)
    db.session.commit()
    client.get("/admin/lifecycles")
    del statements[:]

    client.get("/admin/lifecycles")

    assert len(statements) == few <= 8


@pytest.mark.parametrize(
    "nonsense",
    [
        {"status": ["<script>", "a:b", "open"]},
        {"category:open": "nonsense", "colour:open": "pink", "roles:open:closed": "god"},
        {"status": [f"s{number}" for number in range(500)]},
        {"label:open": "x" * 100_000},
        {"label:open": "a\0b\u202e"},
        {"target:blocked": "nowhere", "do": "remove:blocked"},
        {"do": "up:nowhere"},
    ],
)
def test_nonsense_is_understood_as_far_as_it_makes_sense(client, url, nonsense):
    answer = client.post(f"{url}/draft", data=fields_of(DEFAULT) | nonsense | {"version": 0}, headers=HTMX)

    assert answer.status_code == 200
    assert "<script>" not in answer.text.partition("<form")[2]
    assert client.get(url).status_code == 200


def test_a_project_is_given_another_workflow_with_what_its_tickets_become(client, world):
    client.post("/admin/lifecycles/new", data={"name": "Short", "like_id": world.lifecycle_id})
    short = db.session.scalars(select(Lifecycle).where(Lifecycle.name == "Short")).one()
    place = f"/admin/lifecycles/{short.id}"
    edit(client, place, do="remove:blocked")
    publish(client, place)
    ticket, other = make.ticket(status="in_progress"), make.ticket()
    make.walk(ticket, "blocked")
    db.session.commit()
    url = f"/admin/projects/{world.id}/workflow"
    names = {status.name: status.id for status in db.session.get(Lifecycle, short.id).statuses}
    fields = {f"status_{other.status_id}": names["open"], f"status_{ticket.status_id}": ""}

    assert "Blocked" in client.get(f"{url}?to={short.id}").text
    assert client.post(url, data={"to": short.id} | fields).status_code == 422
    fields[f"status_{ticket.status_id}"] = names["blocked"]
    assert client.post(url, data={"to": short.id} | fields).status_code == 422
    fields[f"status_{ticket.status_id}"] = names["in_progress"]
    assert client.post(url, data={"to": short.id} | fields).status_code == 303

    db.session.expire_all()
    assert world.lifecycle_id == short.id
    assert (ticket.status_id, other.status_id) == (names["in_progress"], names["open"])
