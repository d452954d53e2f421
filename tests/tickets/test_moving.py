"""A ticket that goes to another project: its new key, and its old ones, which lead to it for ever."""

import pytest
from sqlalchemy import select

from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.lifecycles.actions import make_default_lifecycle
from portal.notifications.live import _topics
from portal.notifications.queries import unread_count
from portal.tickets import drafts
from portal.tickets.models import Comment, Ticket, TicketKey, WaitingFor
from portal.tickets.moving import move
from tests import factories as make

HTMX = {"HX-Request": "true"}


@pytest.fixture
def moved(world, queue):
    """IT-1 of Ann's, which Petra has moved to HR."""
    hr = make.project("HR", name="Human Resources")
    ann, petra = make.employee(name="Ann"), make.agent(name="Petra")
    ticket = make.ticket(ann, title="Salary")
    db.session.commit()
    queue.run()
    move(ticket, hr, actor=petra)
    db.session.commit()
    return ticket, ann, petra


def the_move():
    return db.session.scalars(select(Event).where(Event.kind == Kind.TICKET_MOVED)).one()


def test_an_agent_moves_it_and_everybody_reads_from_where_to_where(world, client_for):
    make.project("HR", name="Human Resources")
    ann, petra = make.employee(), make.agent(name="Petra")
    ticket = make.ticket(ann)
    db.session.commit()
    client = client_for(petra)
    hr = db.session.scalars(select(make.Project).where(make.Project.key == "HR")).one()
    assert "Human Resources" in client.get("/tickets/IT-1/project").text

    answer = client.post("/tickets/IT-1/project", data={"project_id": hr.id})

    assert (answer.status_code, answer.location) == (303, "/tickets/HR-1")
    assert "IT-1 is HR-1 now, in Human Resources." in client.get("/tickets/HR-1").text
    page = client_for(ann).get("/tickets/HR-1").text
    assert "<b>Petra</b> moved it from IT support (<b>IT-1</b>) to Human Resources (<b>HR-1</b>)" in page
    changes = the_move().data["changes"]
    assert set(changes) == {"project", "key"}
    assert changes["key"] == {"old": {"id": "IT-1", "label": "IT-1"}, "new": {"id": "HR-1", "label": "HR-1"}}
    assert db.session.get_one(Ticket, ticket.id).version == 2


@pytest.mark.parametrize(
    "path",
    [
        "/tickets/IT-1",
        "/tickets/it-1",
        "/tickets/IT-1/timeline?before=7",
        "/tickets/IT-1?_scheme=javascript&_external=1",
    ],
)
def test_the_old_key_leads_to_the_new_one(moved, client_for, path):
    _, ann, _petra = moved
    answer = client_for(ann).get(path)
    assert answer.status_code == 301
    assert answer.location == path.replace("IT-1", "HR-1").replace("it-1", "HR-1")


def test_it_goes_where_another_ticket_has_its_number(world):
    hr = make.project("HR")
    make.ticket(project=hr)
    ticket = make.ticket(assignee=make.agent())
    move(ticket, hr, actor=make.agent())
    assert (ticket.key, ticket.number) == ("HR-2", 2)


@pytest.mark.parametrize("page", ["fields", "assignment", "people", "project"])
def test_so_it_does_for_the_pages_of_the_desk(moved, client_for, page):
    _, _ann, petra = moved
    answer = client_for(petra).get(f"/tickets/IT-1/{page}", headers=HTMX)
    assert (answer.status_code, answer.location) == (301, f"/tickets/HR-1/{page}")


def test_whoever_may_not_see_it_learns_nothing_from_the_old_key(moved, client_for):
    stranger = client_for(make.employee())
    for key in ("IT-1", "HR-1", "IT-2"):
        answer = stranger.get(f"/tickets/{key}")
        assert (answer.status_code, "HR-1" in answer.text) == (404, False)
        assert stranger.post(f"/tickets/{key}/comments", data={"body": "x"}).status_code == 404
    assert client_for(None).get("/tickets/IT-1").location == "/login?next=%2Ftickets%2FIT-1"


def test_a_reply_that_was_begun_before_the_move_arrives(moved, client_for):
    _, ann, _petra = moved
    answer = client_for(ann).post("/tickets/IT-1/comments", data={"body": "Still me"})
    assert (answer.status_code, answer.location) == (303, "/tickets/HR-1")
    assert db.session.scalars(select(Comment.body)).all() == ["Still me"]


def test_a_draft_goes_along(world, client_for):
    ann = make.employee()
    ticket = make.ticket(ann)
    drafts.save_draft(ann, "IT-1:reply", {"body": "Half written"})
    drafts.save_draft(ann, "IT-11:reply", {"body": "Of another"})
    move(ticket, make.project("HR"), actor=make.agent())
    db.session.commit()
    assert "Half written" in client_for(ann).get("/tickets/HR-1").text
    assert set(drafts.drafts_of(ann, "IT-1:reply", "IT-11:reply")) == {"IT-11:reply"}


def test_a_page_that_is_still_open_hears_its_news_under_the_old_key(moved):
    ticket, ann, _ = moved
    topic = f"ticket:{ticket.id}"
    assert _topics(ann, ["ticket:IT-1"])[topic] == "ticket:IT-1"
    assert _topics(ann, ["ticket:HR-1"])[topic] == "ticket:HR-1"
    assert topic not in _topics(make.employee(), ["ticket:IT-1", "ticket:HR-1"])


def test_moved_twice_each_of_its_keys_leads_to_the_last(moved, client_for, world):
    ticket, ann, petra = moved
    move(ticket, world, actor=petra)
    db.session.commit()

    assert ticket.key == "IT-2"  # a number is given once
    for key in ("IT-1", "HR-1"):
        assert client_for(ann).get(f"/tickets/{key}").location == "/tickets/IT-2"
    assert set(db.session.scalars(select(TicketKey.key))) == {"IT-1", "HR-1"}


def test_moving_it_to_where_it_is_changes_nothing(moved):
    ticket, _, petra = moved
    move(ticket, ticket.project, actor=petra)
    assert ticket.key == "HR-1"
    assert the_move()


def test_a_topic_of_the_old_project_is_dropped_with_words(world, client_for):
    petra, hr = make.agent(), make.project("HR")
    own = make.ticket(category=make.category("Network", project_id=world.id))
    general = make.ticket(category=make.category("Something"))
    for ticket in (own, general):
        move(ticket, hr, actor=petra)
    db.session.commit()

    assert (own.category, general.category.stored_name) == (None, "Something")
    client = client_for(petra)
    assert "The topic Network does not exist there and was dropped." in client.get("/tickets/HR-1").text
    assert "was dropped" not in client.get("/tickets/HR-2").text


def test_the_team_stays_and_is_the_projects_where_there_is_none(world, client_for):
    network, people = make.team(name="Network"), make.team(name="People")
    hr, petra = make.project("HR", default_team_id=people.id), make.manager()
    with_team, without = make.ticket(team=network), make.ticket()
    for ticket in (with_team, without):
        move(ticket, hr, actor=petra)
    db.session.commit()

    assert (with_team.team, without.team) == (network, people)
    assert "It is with the team People." in client_for(petra).get(f"/tickets/{without.key}").text


def test_whoever_does_not_see_it_there_is_told_so(world, client_for):
    hr, petra = make.project("HR", name="Human Resources", default_team_id=make.team().id), make.agent()
    make.ticket()
    db.session.commit()
    client = client_for(petra)
    answer = client.post("/tickets/IT-1/project", data={"project_id": hr.id})
    assert answer.location == "/queue"
    assert "where you do not see it any more" in client.get("/queue").text


def test_in_another_lifecycle_it_has_the_status_most_like_its_own(world):
    other = make_default_lifecycle("Other")
    hr = make.project("HR")
    hr.lifecycle_id = other.id
    db.session.flush()
    ticket = make.ticket(status="blocked")
    db.session.flush()
    move(ticket, hr, actor=None)
    assert (ticket.status.lifecycle_id, ticket.status.name) == (other.id, "blocked")
    assert ticket.waiting_for == WaitingFor.OTHER
    assert the_move().data["changes"]["status"]["new"]["id"] == ticket.status_id


def test_no_ticket_goes_to_a_project_that_is_archived_or_none(world, client_for):
    hr = make.project("HR", archived_at=make.clock.now())
    ticket = make.ticket()
    db.session.commit()
    with pytest.raises(DomainError, match="takes no more tickets"):
        move(ticket, hr, actor=None)
    client = client_for(make.agent())
    for chosen in ("", "x", "999999", hr.id, world.id):
        answer = client.post(f"/tickets/{ticket.key}/project", data={"project_id": chosen})
        assert answer.status_code == 422
    assert db.session.get_one(Ticket, ticket.id).key == "IT-1"


def test_moving_is_the_desks_and_of_no_foreign_ticket(world, client_for):
    ann, hr = make.employee(), make.project("HR")
    ticket = make.ticket(ann, team=make.team())
    db.session.commit()
    for person, status in ((ann, 403), (make.agent(team=make.team()), 404)):
        client = client_for(person)
        assert client.get(f"/tickets/{ticket.key}/project").status_code == status
        answer = client.post(f"/tickets/{ticket.key}/project", data={"project_id": hr.id})
        assert answer.status_code == status


def test_those_concerned_are_told_that_it_went_elsewhere(moved, queue, client_for):
    _, ann, petra = moved
    queue.run()
    assert (unread_count(ann), unread_count(petra)) == (1, 0)
    assert "Petra moved it to Human Resources" in client_for(ann).get("/notifications").text


def test_a_draft_for_a_key_that_did_not_exist_yet_stands_in_nobodys_way(world, client_for):
    """Anybody can guess the next key, and keep drafts for both."""
    hr, ann, boss = make.project("HR"), make.employee(), make.admin()
    ticket = make.ticket()
    asked = ticket.key
    for scope in (f"{ticket.key}:reply", "HR-1:reply"):
        drafts.save_draft(ann, scope, {"body": scope})
    db.session.commit()

    answer = client_for(boss).post(f"/tickets/{ticket.key}/project", data={"project_id": hr.id})

    assert answer.status_code == 303
    db.session.expire_all()
    assert ticket.key == "HR-1"
    assert drafts.drafts_of(ann, "HR-1:reply")["HR-1:reply"].content == {"body": f"{asked}:reply"}
