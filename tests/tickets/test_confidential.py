"""What is confidential is nowhere for whoever has no part in it: no page, no list, no number, no news."""

from html import unescape

import pytest
from sqlalchemy import select

from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.home.queries import last_days, open_figures
from portal.notifications.live import _topics
from portal.notifications.queries import unread_count
from portal.organizations.models import TeamMember
from portal.tickets import actions, confidentiality
from portal.tickets.filtering import ticket_fields
from portal.tickets.models import Part, Ticket
from portal.tickets.requested import counts
from portal.tickets.selections import Selection, count_of
from portal.tickets.vocabulary import vocabulary
from tests import factories as make

HTMX = {"HX-Request": "true"}
WORD = "zebracrossing"
SEES = ("requester", "participant", "watcher", "assignee", "lead", "admin")
SEES_NOT = ("stranger", "colleague", "agent", "foreign agent", "foreign lead", "manager", "former lead")


@pytest.fixture
def town(world):
    house, ours, theirs = make.organization(), make.team(name="HR"), make.team()
    users = {
        "requester": make.employee(organization=house),
        "participant": make.employee(organization=house),
        "watcher": make.agent(team=theirs),
        "assignee": make.agent(team=theirs),
        "lead": make.agent(),
        "admin": make.admin(),
        "stranger": make.employee(),
        "colleague": make.employee(organization=house),
        "agent": make.agent(team=ours),
        "foreign agent": make.agent(team=theirs),
        "foreign lead": make.agent(),
        "manager": make.manager(team=ours),
        "former lead": make.employee(),
    }
    for who, team in (("lead", ours), ("foreign lead", theirs), ("former lead", ours)):
        make.make(TeamMember, user_id=users[who].id, team_id=team.id, is_lead=True)
    ticket = make.ticket(
        users["requester"], title=f"My {WORD}", team=ours, assignee=users["assignee"], is_confidential=True
    )
    actions.take_part(ticket, users["participant"], Part.PARTICIPANT)
    actions.take_part(ticket, users["watcher"], Part.WATCHER)
    make.reply(ticket)
    db.session.commit()
    return ticket, users


def test_all_the_world_is_asked(town):
    assert set(SEES + SEES_NOT) == set(town[1])


PAGES = ("/tickets/{key}", "/tickets/{key}/timeline")
WORK_PAGES = (
    "/tickets/{key}/assignment",
    "/tickets/{key}/fields",
    "/tickets/{key}/project",
    "/tickets/{key}/people",
)
POSTS = ("comments", "solution", "reopening", "participants")
WORK_POSTS = ("status", "assignment", "priority", "notes", "watchers", "fields", "project", "confidentiality")


@pytest.mark.parametrize("who", SEES)
def test_whoever_has_a_part_opens_it(town, client_for, who):
    ticket, users = town
    client = client_for(users[who])
    for page in PAGES + (WORK_PAGES if users[who].is_staff else ()):
        answer = client.get(page.format(key=ticket.key))
        assert answer.status_code == 200, page
        assert WORD in answer.text or "assignment" in page or "project" in page
    assert "Confidential" in client.get(f"/tickets/{ticket.key}").text


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize("who", SEES_NOT)
def test_for_others_there_is_no_such_page_fragment_or_action(town, client_for, who, headers):
    ticket, users = town
    client = client_for(users[who])
    for page in PAGES + WORK_PAGES:
        answer = client.get(page.format(key=ticket.key), headers=headers)
        refused = 403 if page in WORK_PAGES and not users[who].is_staff else 404
        assert (answer.status_code, WORD in answer.text) == (refused, False), page
    for action in POSTS + WORK_POSTS:
        answer = client.post(f"/tickets/{ticket.key}/{action}", headers=headers)
        refused = 403 if action in WORK_POSTS and not users[who].is_staff else 404
        assert (answer.status_code, WORD in answer.text) == (refused, False), action


@pytest.mark.parametrize("who", SEES + SEES_NOT)
def test_lists_searches_and_counts_know_of_it_as_the_page_does(town, client_for, who):
    ticket, users = town
    user, client = users[who], client_for(users[who])
    paths = ["/", "/tickets?show=all", f"/tickets?q={WORD}", "/notifications"]
    if user.is_staff:
        paths += [f"/queue/{name}" for name in ("open", "all", "mine", "unassigned")]
        paths += [f"/queue/all?q={WORD}", f"/queue/all?q=key:{ticket.key}"]

    found = {path for path in paths if f"My {WORD}" in client.get(path).text}

    assert bool(found) == (who in SEES), found
    assert count_of(Selection.once(user), 100) == (who in SEES)
    assert sum(day.created for day in last_days(user)) == (who in SEES)
    if user.is_staff:
        assert open_figures(user, vocabulary().statuses).total == (who in SEES)
        assert f"/queue/all?q={WORD}" in found or who not in SEES
    else:
        assert counts(user).open == (who in SEES)


@pytest.mark.parametrize("who", SEES + SEES_NOT)
def test_news_of_it_are_heard_by_those_who_see_it(town, who):
    ticket, users = town
    topics = _topics(users[who], [f"ticket:{ticket.key}", "queue"])
    assert (f"ticket:{ticket.id}" in topics) == (who in SEES)


@pytest.mark.parametrize("who", SEES + SEES_NOT)
def test_the_bell_rings_for_those_with_a_part_alone(town, queue, who):
    _, users = town
    queue.run()
    told = {"requester", "participant", "watcher", "assignee"}
    assert (unread_count(users[who]) > 0) == (who in told)


def test_asked_for_by_the_form_it_is_confidential_from_the_beginning(world, client_for):
    client = client_for(make.employee())
    form = {"type": "incident", "title": "Salary", "priority": "low", "project_id": world.id}

    client.post("/tickets/new", data=form | {"confidential": "y"})
    client.post("/tickets/new", data=form | {"is_confidential": "y"})

    kept = db.session.scalars(select(Ticket.is_confidential).order_by(Ticket.id))
    assert list(kept) == [True, False]
    assert client_for(make.agent()).get("/tickets/IT-1").status_code == 404


def test_the_box_stays_ticked_where_something_else_is_wrong(world, client_for):
    answer = client_for(make.employee()).post("/tickets/new", data={"confidential": "y"})
    assert answer.status_code == 422
    assert 'checked class="check" id="confidential"' in answer.text


def set_by(client, ticket, **data):
    return client.post(f"/tickets/{ticket.key}/confidentiality", data=data)


def changes():
    kind = Kind.CONFIDENTIALITY_CHANGED
    return list(db.session.scalars(select(Event).where(Event.kind == kind).order_by(Event.id)))


def test_an_agent_makes_it_confidential_and_open_again_each_once(world, client_for):
    team = make.team()
    petra, ann = make.agent(name="Petra", team=team), make.employee()
    ticket = make.ticket(ann, team=team, assignee=petra)
    db.session.commit()
    client, version = client_for(petra), ticket.version

    for _twice in range(2):
        assert set_by(client, ticket).location == f"/tickets/{ticket.key}/people"
    assert f"{ticket.key} is confidential now." in client.get(f"/tickets/{ticket.key}/people").text
    assert db.session.get_one(Ticket, ticket.id).is_confidential
    assert "<b>Petra</b> made it confidential" in client_for(ann).get(f"/tickets/{ticket.key}").text
    for _twice in range(2):
        set_by(client, ticket, stop="1")

    was = [event.data["changes"]["is_confidential"]["new"]["id"] for event in changes()]
    assert was == [True, False]
    assert all(event.is_public for event in changes())
    assert db.session.get_one(Ticket, ticket.id).version == version + 2


def test_whoever_would_lose_sight_of_it_is_told_before_and_watches_it(world, client_for):
    team = make.team()
    petra, ben = make.agent(team=team), make.agent(team=team)
    ticket = make.ticket(team=team)
    db.session.commit()
    client, warning = client_for(petra), "you will watch it, so that you do not lose sight"
    assert warning in client.get(f"/tickets/{ticket.key}/people").text

    said = client.get(set_by(client, ticket).location)

    assert said.status_code == 200
    assert "You watch it, because you would not see it otherwise" in unescape(said.text)
    assert client.get(f"/tickets/{ticket.key}").status_code == 200
    assert client_for(ben).get(f"/tickets/{ticket.key}").status_code == 404


def test_a_lead_and_an_admin_keep_sight_of_it_without_watching(world):
    team = make.team()
    lead = make.agent()
    make.make(TeamMember, user_id=lead.id, team_id=team.id, is_lead=True)
    for who in (lead, make.admin()):
        ticket = make.ticket(team=team)
        confidentiality.make_confidential(ticket, actor=who)
        kinds = db.session.scalars(select(Event.kind).where(Event.ticket_id == ticket.id))
        assert Kind.TICKET_WATCHED not in set(kinds)


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_whoever_stops_watching_what_they_see_for_no_other_reason_is_told(town, client_for, headers):
    ticket, users = town
    client = client_for(users["watcher"])

    answer = client.post(f"/tickets/{ticket.key}/watchers", data={"stop": "1"}, headers=headers)

    assert (answer.headers.get("HX-Redirect") or answer.location) == "/queue"
    assert f"You do not see {ticket.key} any more" in client.get("/queue").text


def test_what_was_told_is_taken_back_when_it_becomes_confidential(world, queue, client_for):
    team = make.team()
    petra, ben, ann = make.agent(team=team), make.agent(team=team), make.employee()
    ticket = make.ticket(ann, team=team)
    actions.watch(ticket, ben)
    make.reply(ticket)
    db.session.commit()
    queue.run()
    assert unread_count(ben) > 0

    actions.unwatch(ticket, ben)
    confidentiality.make_confidential(ticket, actor=petra)
    db.session.commit()

    assert unread_count(ben) == 0
    assert ticket.title not in client_for(ben).get("/notifications").text


def test_the_queue_of_a_lead_needs_the_same_few_statements_as_ever(town, client_for, statements):
    _, users = town
    for who in ("agent", "lead", "manager"):
        client = client_for(users[who])
        client.get("/queue")
        statements.clear()
        client.get("/queue")
        assert len(statements) <= 5, who


def test_a_field_of_filters_names_nobody_whom_only_a_secret_knows(town):
    """The words to filter by are those of the desk, not of tickets."""
    _, users = town
    known = ticket_fields(users["agent"], vocabulary())
    assert WORD not in repr(known)
