"""A project whole: who leads it, who works in it, its workflow, and its end."""

from html import unescape

import pytest
from sqlalchemy import func, select

from portal.accounts.models import User
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.lifecycles.models import Category, Lifecycle, Status
from portal.projects import actions
from portal.projects.members import add_member
from portal.projects.models import Project, ProjectCounter, ProjectMember
from portal.tickets import actions as ticket_actions
from portal.tickets.models import Part
from portal.tickets.moving import move
from portal.tickets.policy import Verb, may
from tests import factories as make


@pytest.fixture
def boss(world):
    boss = make.manager(name="Mateusz")
    db.session.commit()
    return boss


@pytest.fixture
def client(boss, client_for):
    return client_for(boss)


def url_of(project, path=""):
    return f"/admin/projects/{project.id}{path}"


def last(kind):
    return db.session.scalars(select(Event).where(Event.kind == kind).order_by(Event.id.desc())).first()


def save(client, project, **values):
    return client.post(url_of(project), data={"name": project.name, "team_id": "", "lead": ""} | values)


def is_member(project, person):
    return db.session.get(ProjectMember, (person.id, project.id)) is not None


# Its lead.


@pytest.mark.parametrize(
    "typed", ["Petra", "petra lindqvist", "petra@example.org", "Petra Lindqvist <petra@example.org>"]
)
def test_somebody_of_the_desk_leads_it(client, world, typed):
    petra = make.agent(
        name="Petra Lindqvist" if "q" in typed or "@" in typed else "Petra", email="petra@example.org"
    )
    db.session.commit()

    assert save(client, world, lead=typed).status_code == 303

    db.session.expire_all()
    assert world.lead == petra
    assert last(Kind.PROJECT_EDITED).data["changes"]["lead"]["new"] == {"id": petra.id, "label": petra.name}
    assert "Petra" in client.get("/admin/projects").text


@pytest.mark.parametrize(
    ("typed", "said"),
    [("Ann", "Ann does not work on tickets."), ("Ben", "Nobody is found"), ("Nobody", "Nobody is found")],
)
def test_nobody_else_does(client, world, typed, said):
    make.employee(name="Ann")
    make.agent(name="Ben", is_active=False)
    db.session.commit()

    answer = save(client, world, lead=typed)

    assert (answer.status_code, said in unescape(answer.text)) == (422, True)
    assert f'value="{typed}"' in answer.text
    people = {user.name: user for user in db.session.scalars(select(User))}
    if typed in people:
        with pytest.raises(DomainError, match="does not work on tickets"):
            actions.edit_project(world, lead=people[typed], actor=people[typed])


def test_a_lead_who_has_left_is_told_and_does_not_stand_in_the_way(client, world):
    world.lead = make.agent(name="Petra", is_active=False)
    db.session.commit()
    page = client.get(url_of(world)).text
    assert "Petra does not work here any more" in page

    told = f"Petra <{world.lead.email}>"
    assert save(client, world, lead=told, description="New").status_code == 303

    db.session.expire_all()
    assert (world.description, world.lead.name) == ("New", "Petra")


def test_who_leads_a_shut_project_no_more_hands_their_tickets_over(client_for, world):
    petra, ben = make.agent(name="Petra"), make.agent(name="Ben")
    hr = make.project("HR", members_only=True)
    hr.lead = petra
    ticket = make.ticket(project=hr, assignee=petra)
    admin = make.admin()
    db.session.commit()

    save(client_for(admin), hr, lead=ben.email, members_only="y")

    db.session.expire_all()
    assert ticket.assignee is None
    assert may(ben, Verb.SEE, ticket)
    assert not may(petra, Verb.SEE, ticket)


# Its workflow.


@pytest.fixture
def other(world):
    lifecycle = make.make(Lifecycle, name="Short")
    make.make(
        Status, lifecycle_id=lifecycle.id, name="new", stored_label="New", category=Category.NEW, position=0
    )
    db.session.commit()
    return lifecycle


def test_with_one_workflow_there_is_nothing_to_choose(client, world):
    assert "lifecycle_id" not in client.get(url_of(world)).text


def test_it_takes_another_workflow_while_no_ticket_has_a_status(client, world, other):
    assert save(client, world, lifecycle_id=other.id).status_code == 303

    db.session.expire_all()
    assert world.lifecycle == other
    assert make.ticket().status.name == "new"
    assert last(Kind.PROJECT_EDITED).data["changes"]["lifecycle"]["new"]["label"] == "Short"


def test_it_keeps_its_workflow_once_it_has_tickets(client, world, other):
    make.ticket()
    db.session.commit()

    answer = save(client, world, lifecycle_id=other.id, description="Kept")

    assert (answer.status_code, "so it keeps the one it has" in answer.text) == (409, True)
    db.session.expire_all()
    assert world.lifecycle != other


def test_a_new_project_has_the_workflow_that_was_chosen(client, other):
    typed = {"name": "HR", "key": "HR", "team_id": "", "lead": "", "lifecycle_id": other.id}
    assert client.post("/admin/projects/new", data=typed).status_code == 303
    assert db.session.scalars(select(Project).where(Project.key == "HR")).one().lifecycle == other


# Its members.


def test_a_member_is_added_and_removed_and_the_audit_knows_by_whom(client, boss, world):
    petra = make.agent(name="Petra")
    db.session.commit()

    for _twice in range(2):
        assert client.post(url_of(world, "/members"), data={"person": petra.email}).location == url_of(world)
    assert "Petra works in IT support now." in unescape(client.get(url_of(world)).text)
    added = db.session.scalars(
        select(Event).where(Event.kind == Kind.PROJECT_MEMBER_ADDED).order_by(Event.id)
    ).all()
    assert [(one.actor_id, one.data["user"], one.data["project"]) for one in added] == [
        (boss.id, "Petra", "IT")
    ]

    for _twice in range(2):
        assert client.post(url_of(world, f"/members/{petra.id}/removal")).location == url_of(world)
    removed = db.session.scalars(
        select(Event).where(Event.kind == Kind.PROJECT_MEMBER_REMOVED).order_by(Event.id)
    ).all()
    assert [one.data["user"] for one in removed] == ["Petra"]
    assert not is_member(world, petra)


@pytest.mark.parametrize(
    ("typed", "said"), [("", "Enter a name"), ("Ann", "Choose an agent"), ("Zoe", "Nobody")]
)
def test_nobody_but_the_desk_becomes_a_member(client, world, typed, said):
    ann = make.employee(name="Ann")
    db.session.commit()

    answer = client.post(url_of(world, "/members"), data={"person": typed})

    assert (answer.status_code, said in answer.text) == (422, True)
    assert 'value="IT support"' in answer.text
    assert f'value="{typed}"' in answer.text
    with pytest.raises(DomainError, match="does not work on tickets"):
        add_member(world, ann, actor=None)


def test_the_field_suggests_the_desk_alone(client, world):
    make.agent(name="Petra Berg")
    make.employee(name="Petra Ohm")
    db.session.commit()
    for field in ("person", "lead"):
        found = client.get(f"/admin/projects/people?{field}=petra").text
        assert ("Petra Berg" in found, "Petra Ohm" in found) == (True, False)
    assert "<option" not in client.get("/admin/projects/people?person=p").text


def test_a_member_who_leaves_a_shut_project_hands_their_tickets_over(client_for, world):
    hr, petra = make.project("HR", members_only=True), make.agent()
    make.project_member(hr, petra)
    ticket, here = make.ticket(project=hr, assignee=petra), make.ticket(assignee=petra)
    ticket_actions.take_part(ticket, petra, Part.WATCHER)
    admin = make.admin()
    db.session.commit()

    client_for(admin).post(url_of(hr, f"/members/{petra.id}/removal"))

    db.session.expire_all()
    assert (ticket.assignee, here.assignee) == (None, petra)
    assert not may(petra, Verb.SEE, ticket)


def test_a_member_is_shown_with_their_picture(client, world):
    make.project_member(world, make.agent(picture_digest="0123456789abcdef0123456789abcdef"))
    db.session.commit()

    assert "0123456789abcdef0123456789abcdef" in client.get(url_of(world)).text


def test_the_members_take_the_same_statements_with_few_and_with_many(client, world, statements):
    make.project_member(world, make.agent())
    db.session.commit()
    client.get(url_of(world))
    counts = []
    for number in (1, 40):
        make.project_member(world, *(make.agent(name=f"Zed {n:03}") for n in range(number)))
        db.session.commit()
        statements.clear()
        page = client.get(url_of(world)).text
        counts.append(len(statements))
    assert counts[0] == counts[1]
    assert "cursor=" in page
    assert page.count("/removal") < 40


# For its members only.


def test_who_shuts_a_project_to_themselves_becomes_a_member(client, boss, world):
    assert save(client, world, members_only="y").status_code == 303

    db.session.expire_all()
    assert world.members_only
    assert is_member(world, boss)
    assert last(Kind.PROJECT_EDITED).data["changes"]["members_only"]["new"]["id"] is True
    assert client.get(url_of(world)).status_code == 200
    assert last(Kind.PROJECT_MEMBER_ADDED).data["user"] == "Mateusz"


def test_of_somebody_who_is_no_member_nothing_is_said_and_nothing_taken(client, world):
    """Else a manager learns by numbers who there is, and ends what others watch in projects of others."""
    hr, petra, ann = make.project("HR", members_only=True), make.agent(), make.employee(name="Ann Unknown")
    ticket = make.ticket(project=hr)
    ticket_actions.take_part(ticket, petra, Part.WATCHER)
    db.session.commit()

    for person in (petra, ann):
        answer = client.post(url_of(world, f"/members/{person.id}/removal"))
        assert answer.location == url_of(world)
        assert person.name not in client.get(answer.location).text

    db.session.expire_all()
    assert may(petra, Verb.SEE, ticket)


def test_a_manager_outside_knows_that_it_is_there_and_changes_nothing(client, boss, world):
    hr = make.project("HR", name="Human Resources", members_only=True)
    pay = make.category("Pay", project_id=hr.id)
    petra = make.agent()
    db.session.commit()

    listed = client.get("/admin/projects").text

    assert "Human Resources" in listed
    assert url_of(hr) not in listed
    assert "Pay" not in client.get("/admin/categories").text
    assert "Human Resources" not in client.get("/admin/categories/new").text
    for path in ("", "/deletion"):
        assert client.get(url_of(hr, path)).status_code == 404
    for path in ("", "/archive", "/reopen", "/members", f"/members/{petra.id}/removal", "/deletion"):
        assert client.post(url_of(hr, path), data={"person": boss.email}).status_code == 404
    for path in ("", "/archive", "/restore", "/up"):
        assert client.post(f"/admin/categories/{pay.id}{path}", data={"name": "x"}).status_code == 404
    assert not is_member(hr, boss)


def test_a_manager_who_leaves_it_is_led_to_the_list(client, boss, world):
    hr = make.project("HR", members_only=True)
    make.project_member(hr, boss)
    db.session.commit()
    answer = client.post(url_of(hr, f"/members/{boss.id}/removal"))
    assert (answer.status_code, answer.location) == (303, "/admin/projects")


def test_an_admin_stays_outside_and_sees_it_all(client_for, world):
    admin = make.admin()
    db.session.commit()
    save(client_for(admin), world, members_only="y")
    assert not is_member(world, admin)
    assert may(admin, Verb.SEE, make.ticket())


# Its end.


def test_an_unused_project_is_deleted_after_a_question(client, world):
    hr = make.project("HR", name="Human Resources", description="Pay")
    make.project_member(hr, make.agent())
    db.session.commit()
    path = url_of(hr, "/deletion")
    assert path in client.get(url_of(hr)).text
    assert "Delete the project" in client.get(path).text
    assert db.session.get(Project, hr.id)

    assert client.post(path).location == "/admin/projects"

    assert "The project Human Resources is deleted." in client.get("/admin/projects").text
    assert db.session.scalar(select(func.count()).select_from(ProjectCounter)) == 1
    assert last(Kind.PROJECT_DELETED).data["changes"]["name"]["old"]["label"] == "Human Resources"
    typed = {"name": "Again", "key": "HR", "team_id": "", "lead": ""}
    assert client.post("/admin/projects/new", data=typed).status_code == 303


@pytest.fixture(params=["ticket", "category", "former key"])
def used(request, world):
    hr = make.project("HR")
    if request.param == "category":
        make.category(project_id=hr.id)
    else:
        ticket = make.ticket(project=hr)
    if request.param == "former key":
        move(ticket, world, actor=None)
    db.session.commit()
    said = {"ticket": "It has tickets.", "category": "It has categories.",
            "former key": "Tickets of other projects had a key of it"}  # fmt: skip
    return hr, said[request.param]


def test_one_that_was_used_says_why_it_stays_and_can_be_archived(client, used):
    hr, said = used

    page = client.get(url_of(hr, "/deletion")).text

    assert said in page
    assert url_of(hr, "/archive") in page
    assert "Delete the project" not in page
    answer = client.post(url_of(hr, "/deletion"))
    assert (answer.status_code, "is not empty. Archive it instead." in answer.text) == (409, True)
    assert db.session.get(Project, hr.id)


def test_a_key_that_begins_alike_does_not_count(client, world):
    make.project("HRX")
    ticket = make.ticket(project=make.project("HR2"))
    move(ticket, world, actor=None)
    hr = make.project("HR")
    db.session.commit()
    assert client.post(url_of(hr, "/deletion")).status_code == 303


# Agents who are limited.


def test_an_admin_limits_an_agent_and_the_page_names_their_projects(client_for, world):
    petra, admin = make.agent(name="Petra"), make.admin()
    make.project_member(world, petra)
    fac = make.project("FAC")
    there, here = make.ticket(project=fac, assignee=petra), make.ticket(assignee=petra)
    db.session.commit()
    client = client_for(admin)
    form = {"name": "Petra", "role": "agent", "is_limited": "y"}

    for _twice in range(2):
        assert client.post(f"/admin/people/{petra.id}", data=form).status_code == 303

    db.session.expire_all()
    assert petra.is_limited
    assert (there.assignee, here.assignee) == (None, petra)
    edited = db.session.scalars(
        select(Event).where(Event.kind == Kind.ACCOUNT_EDITED).order_by(Event.id)
    ).all()
    assert [set(one.data["changes"]) for one in edited] == [{"is_limited"}]
    page = client.get(f"/admin/people/{petra.id}").text
    assert url_of(world) in page
    assert "checked" in page
    audit = unescape(client.get("/admin/audit").text)
    assert "Limited to their projects" in audit


def test_a_manager_who_becomes_a_limited_agent_hands_over(client_for, world):
    boss, admin = make.manager(is_limited=True), make.admin()
    ticket = make.ticket(assignee=boss)
    db.session.commit()
    form = {"name": boss.name, "role": "agent", "is_limited": "y"}
    client_for(admin).post(f"/admin/people/{boss.id}", data=form)
    db.session.expire_all()
    assert ticket.assignee is None


def test_a_new_agent_is_limited_from_the_beginning(client_for, world):
    admin = make.admin()
    db.session.commit()
    typed = {"name": "Nina", "email": "nina@example.org", "role": "agent", "locale": "en", "is_limited": "y"}
    assert client_for(admin).post("/admin/people/new", data=typed).status_code == 303
    assert db.session.scalars(select(User).where(User.name == "Nina")).one().is_limited
