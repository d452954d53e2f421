"""A project for members only, and agents who work only in theirs: what is shut is nowhere for them."""

from html import unescape

import pytest
from sqlalchemy import select

from portal.accounts import people
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.home.queries import last_days, open_figures
from portal.notifications.actions import read_all
from portal.notifications.live import _topics
from portal.notifications.queries import unread_count
from portal.organizations.models import Shares, TeamMember
from portal.tickets import actions
from portal.tickets.handover import leave_projects
from portal.tickets.models import Part, Ticket, TicketPerson
from portal.tickets.moving import move
from portal.tickets.policy import Verb, may
from portal.tickets.selections import Selection, count_of
from portal.tickets.vocabulary import vocabulary
from tests import factories as make

HTMX = {"HX-Request": "true"}
WORD = "zebracrossing"
SEES = ("requester", "participant", "watcher", "assignee", "member", "lead of the project", "limited member",
        "manager inside", "admin")  # fmt: skip
SEES_NOT = ("stranger", "colleague", "agent", "lead of the team", "manager", "limited agent", "former member",
            "member of another team")  # fmt: skip


@pytest.fixture
def town(world):
    """HR-1, of a project for members only, with the team HR; its requester's house shares all."""
    house, team = make.organization(shares=Shares.ALL), make.team(name="HR")
    hr = make.project("HR", name="Human Resources", members_only=True)
    users = {
        "requester": make.employee(organization=house),
        "participant": make.employee(organization=house),
        "watcher": make.agent(),
        "assignee": make.agent(name="Ines"),
        "member": make.agent(team=team),
        "lead of the project": make.agent(team=team),
        "limited member": make.agent(team=team, is_limited=True),
        "manager inside": make.manager(),
        "admin": make.admin(),
        "stranger": make.employee(),
        "colleague": make.employee(organization=house),
        "agent": make.agent(team=team),
        "lead of the team": make.agent(),
        "manager": make.manager(team=team),
        "limited agent": make.agent(team=team, is_limited=True),
        "former member": make.employee(),
        "member of another team": make.agent(team=make.team()),
    }
    make.make(TeamMember, user_id=users["lead of the team"].id, team_id=team.id, is_lead=True)
    inside = ("member", "limited member", "manager inside", "assignee", "former member",
              "member of another team")  # fmt: skip
    make.project_member(hr, *(users[name] for name in inside))
    make.project_member(world, users["limited agent"])
    hr.lead = users["lead of the project"]
    ticket = make.ticket(
        users["requester"], title=f"My {WORD}", team=team, assignee=users["assignee"], project=hr
    )
    ticket.organization = house
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
FOLLOWS = {"watcher"}  # of the desk, with a part in it, and outside
POSTS = ("comments", "solution", "reopening", "participants")
WORK_POSTS = ("status", "assignment", "priority", "notes", "watchers", "fields", "project", "confidentiality")


@pytest.mark.parametrize("who", SEES)
def test_whoever_works_there_or_takes_part_opens_it(town, client_for, who):
    ticket, users = town
    client = client_for(users[who])
    works = users[who].is_staff and who not in FOLLOWS
    for page in PAGES + WORK_PAGES:
        status = 200 if works or page in PAGES else 403
        assert client.get(page.format(key=ticket.key)).status_code == status, page


@pytest.mark.parametrize("who", SEES)
def test_internal_notes_are_for_those_who_work_there(town, client_for, queue, who):
    """Also for somebody of the desk who asked, or watches: they follow it as anybody would."""
    ticket, users = town
    queue.run()
    for user in users.values():
        read_all(user)
    make.note(ticket, author=users["admin"], body="A quokka of a note")
    db.session.commit()
    queue.run()
    user, client = users[who], client_for(users[who])
    works = user.is_staff and who not in FOLLOWS

    assert unread_count(user) == (1 if who == "assignee" else 0)
    for page in (*PAGES, "/notifications"):
        for headers in ({}, HTMX):
            told = client.get(page.format(key=ticket.key), headers=headers).text
            assert ("A quokka" in told) == (works and page in PAGES), page
    found = client.get("/queue/all?q=quokka" if user.is_staff else "/tickets?show=all&q=quokka").text
    assert (f"/tickets/{ticket.key}" in found) == works
    answer = client.post(f"/tickets/{ticket.key}/notes", data={"body": "Mine"})
    assert (answer.status_code == 403) == (not works)


def test_somebody_of_the_desk_follows_their_own_request_as_anybody(town, client_for):
    """They reply and say that it is solved, and set no status."""
    hr, petra = town[0].project, make.agent(name="Petra")
    ticket = make.ticket(petra, project=hr, title="My pay")
    db.session.commit()
    client = client_for(petra)

    page = client.get(f"/tickets/{ticket.key}")
    assert "My pay" in page.text
    assert f'action="/tickets/{ticket.key}/status"' not in page.text
    assert client.post(f"/tickets/{ticket.key}/comments", data={"body": "Thanks"}).status_code == 303
    assert client.post(f"/tickets/{ticket.key}/solution").status_code == 303
    assert client.get(f"/tickets/{ticket.key}").status_code == 200


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
        paths += [f"/queue/{name}" for name in ("open", "all", "mine", "team", "unassigned")]
        paths += [f"/queue/all?q={WORD}", f"/queue/all?q=key:{ticket.key}"]

    found = {path for path in paths if f"My {WORD}" in client.get(path).text}

    assert bool(found) == (who in SEES), found
    assert count_of(Selection.once(user), 100) == (who in SEES)
    assert sum(day.created for day in last_days(user)) == (who in SEES)
    if user.is_staff:
        assert open_figures(user, vocabulary().statuses).total == (who in SEES)


@pytest.mark.parametrize("who", SEES + SEES_NOT)
def test_programs_see_it_where_their_owner_does(app, town, who):
    ticket, users = town
    sent = {"Authorization": f"Bearer {make.token(users[who])}"}
    db.session.commit()
    client, path = app.test_client(), f"/api/v1/tickets/{ticket.key}"

    whole = client.get(path, headers=sent)
    listed = client.get("/api/v1/tickets", headers=sent)
    by_word = client.get(f"/api/v1/tickets?filter={WORD}", headers=sent)

    sees = who in SEES
    assert whole.status_code == (200 if sees else 404)
    assert [WORD in answer.text for answer in (whole, listed, by_word)] == [sees] * 3
    if not sees:
        answer = client.post(f"{path}/comments", json={"body": "x"}, headers=sent)
        assert answer.status_code == 404
        never = client.get("/api/v1/tickets/HR-999", headers=sent)
        assert whole.text.replace(ticket.key, "HR-999") == never.text


@pytest.mark.parametrize("who", ["agent", "manager", "limited agent"])
def test_to_a_program_too_it_is_no_word_of_a_filter(app, town, who):
    sent = {"Authorization": f"Bearer {make.token(town[1][who])}"}
    db.session.commit()

    answer = app.test_client().get("/api/v1/tickets?filter=project:HR", headers=sent)

    never = app.test_client().get("/api/v1/tickets?filter=project:XX", headers=sent)
    assert (answer.status_code, never.status_code) == (422, 422)
    assert answer.text.replace("HR", "XX") == never.text


@pytest.mark.parametrize("who", SEES + SEES_NOT)
def test_news_of_it_are_heard_by_those_who_see_it(town, queue, who):
    ticket, users = town
    topics = _topics(users[who], [f"ticket:{ticket.key}", "queue"])
    assert (f"ticket:{ticket.id}" in topics) == (who in SEES)

    queue.run()

    assert (unread_count(users[who]) > 0) == (who in ("requester", "participant", "watcher", "assignee"))


def test_a_limited_agent_sees_untriaged_tickets_of_their_projects_alone(world):
    other = make.project("FAC")
    petra = make.agent(is_limited=True)
    make.project_member(world, petra)
    here, there, own = make.ticket(), make.ticket(project=other), make.ticket(petra, project=other)
    db.session.commit()
    seen = {ticket.key for ticket in (here, there, own) if may(petra, Verb.SEE, ticket)}
    assert seen == {here.key, own.key}


def test_the_queue_of_a_limited_agent_holds_all_they_see(world, client_for):
    other, petra = make.project("FAC"), make.agent(is_limited=True)
    make.project_member(world, petra)
    here, own, lent = make.ticket(), make.ticket(petra, project=other), make.ticket(project=other)
    actions.take_part(lent, petra, Part.PARTICIPANT)
    shut = make.ticket(project=other)
    db.session.commit()
    client = client_for(petra)

    for path in ("/queue", "/queue/all", "/queue?q=printer"):
        page = client.get(path).text
        keys = {ticket.key for ticket in (here, own, lent, shut) if f"/tickets/{ticket.key}" in page}
        assert keys == {here.key, own.key, lent.key}, path

    led = make.project("LED", lead_id=petra.id)
    found = make.ticket(project=led)
    db.session.commit()
    assert f"/tickets/{found.key}" in client.get("/queue").text


@pytest.mark.parametrize("role", ["manager", "admin"])
def test_nobody_but_an_agent_is_limited(world, role):
    person = getattr(make, role)(is_limited=True)
    assert may(person, Verb.SEE, make.ticket())


# What there is to choose from.


@pytest.mark.parametrize(
    ("who", "offered"),
    [("member", {"HR", "IT"}), ("agent", {"IT"}), ("manager", {"IT"}), ("limited agent", {"IT"}),
     ("limited member", {"HR"}), ("admin", {"HR", "IT"})],
)  # fmt: skip
def test_a_project_that_is_shut_is_no_word_of_a_filter(town, client_for, who, offered):
    _, users = town
    make.category("Dismissal", project_id=db.session.scalar(select(Ticket.project_id)))
    db.session.commit()
    client = client_for(users[who])

    controls = client.get("/queue/open/filter").text.partition('name="project"')[2].partition("</select>")[0]

    assert {key for key in ("HR", "IT") if f'value="{key}"' in controls} == offered
    for typed in ("project:HR", "category:Dismissal"):
        answer = client.get(f"/queue/all?q={typed}")
        assert (answer.status_code == 422) == ("HR" not in offered), typed


def test_everybody_may_still_ask_there(town, client_for):
    ticket, users = town
    for who in ("stranger", "agent", "limited agent", "manager"):
        client = client_for(users[who])
        assert "Human Resources" in client.get("/tickets/new").text
        form = {"type": "request", "title": "Leave", "priority": "low", "project_id": ticket.project_id}
        made = client.post("/tickets/new", data=form)
        assert made.status_code == 303, who
        assert client.get(made.location).status_code == 200, who


def test_only_who_works_in_the_project_can_be_given_its_tickets(town, client_for):
    ticket, users = town
    client = client_for(users["member"])
    choices = client.get(f"/tickets/{ticket.key}/assignment").text
    offered = {who for who, user in users.items() if f">{user.name}<" in choices}
    assert offered == {"member", "lead of the project", "limited member", "manager inside", "admin",
                       "assignee", "member of another team"}  # fmt: skip

    answer = client.post(f"/tickets/{ticket.key}/assignment", data={"assignee_id": users["agent"].id})

    assert answer.status_code == 422
    with pytest.raises(DomainError, match="does not work in Human Resources"):
        actions.assign(ticket, users["agent"], actor=None)


def test_a_limited_agent_gets_no_ticket_of_another_project(world):
    petra = make.agent(name="Petra", is_limited=True)
    with pytest.raises(DomainError, match="Petra does not work in IT support"):
        actions.assign(make.ticket(), petra, actor=None)
    make.project_member(world, petra)
    actions.assign(make.ticket(), petra, actor=None)


# Moving.


def test_nobody_moves_a_ticket_where_they_do_not_work(town, client_for):
    hr = town[0].project
    ticket = make.ticket()
    db.session.commit()
    client = client_for(town[1]["agent"])
    assert "Human Resources" not in client.get(f"/tickets/{ticket.key}/project").text
    assert client.post(f"/tickets/{ticket.key}/project", data={"project_id": hr.id}).status_code == 422
    with pytest.raises(DomainError, match="does not work in Human Resources"):
        move(ticket, hr, actor=town[1]["agent"])


def test_who_only_takes_part_moves_it_to_no_place_where_others_see_it(town, client_for, world):
    ticket, users = town
    client = client_for(users["watcher"])

    answer = client.post(f"/tickets/{ticket.key}/project", data={"project_id": world.id})

    assert (answer.status_code, "you do not work in its project" in unescape(answer.text)) == (403, True)
    db.session.expire_all()
    assert ticket.project.key == "HR"
    assert not may(users["agent"], Verb.SEE, ticket)


def test_an_assignee_who_does_not_work_there_is_dropped_by_a_move(town, client_for):
    hr, users = town[0].project, town[1]
    petra = make.agent(name="Petra")
    ticket = make.ticket(users["requester"], assignee=petra)
    actions.watch(ticket, users["watcher"])
    db.session.commit()
    client = client_for(users["member"])

    client.post(f"/tickets/{ticket.key}/project", data={"project_id": hr.id})

    db.session.expire_all()
    assert (ticket.project, ticket.assignee) == (hr, None)
    assert not may(petra, Verb.SEE, ticket)
    assert may(users["watcher"], Verb.SEE, ticket)  # as with what becomes confidential
    page = unescape(client.get(f"/tickets/{ticket.key}").text)
    assert "Petra does not work there and has it no more." in page
    moved = db.session.scalars(select(Event).where(Event.kind == Kind.TICKET_MOVED)).one()
    assert moved.data["changes"]["assignee"]["old"]["label"] == "Petra"


def test_an_assignee_who_works_there_keeps_it(town):
    hr, ines = town[0].project, town[1]["assignee"]
    ticket = make.ticket(assignee=ines)
    move(ticket, hr, actor=None)
    assert ticket.assignee == ines
    assert db.session.get(TicketPerson, (ines.id, ticket.id, Part.ASSIGNEE))


# Whoever leaves.


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_a_watcher_for_whom_it_was_shut_since_can_stop(town, client_for, headers):
    ticket, users = town
    client = client_for(users["watcher"])
    assert "Stop watching" in client.get(f"/tickets/{ticket.key}").text

    answer = client.post(f"/tickets/{ticket.key}/watchers", data={"stop": "1"}, headers=headers)

    assert (answer.headers.get("HX-Redirect") or answer.location) == "/queue"
    assert f"You do not see {ticket.key} any more" in client.get("/queue").text
    assert client.post(f"/tickets/{ticket.key}/watchers").status_code == 404


def test_who_is_limited_hands_over_what_is_shut_to_them_and_keeps_the_rest(world):
    fac = make.project("FAC")
    petra = make.agent()
    make.project_member(world, petra)
    kept, lost = make.ticket(assignee=petra), make.ticket(assignee=petra, project=fac)
    closed = make.ticket(assignee=petra, project=fac, status="closed")
    own = make.ticket(petra, assignee=petra, project=fac)
    people.limit(petra, is_limited=True, actor=None)

    leave_projects(petra, actor=None)
    db.session.commit()

    assert [each.assignee for each in (kept, lost, closed, own)] == [petra, None, petra, None]
    seen = [may(petra, Verb.SEE, each) for each in (kept, lost, closed, own)]
    assert seen == [True, False, False, True]
    told = db.session.scalars(select(Event).where(Event.kind == Kind.TICKETS_HANDED_OVER)).one()
    assert told.data["unassigned"] == 2


def test_a_ticket_that_is_taken_up_again_is_let_go_by_who_does_not_work_there_any_more(town):
    hr = town[0].project
    ticket = make.ticket(project=hr, assignee=town[1]["lead of the project"], status="closed")
    hr.lead = None
    db.session.flush()
    actions.reopen(ticket, actor=town[1]["admin"])
    assert ticket.assignee is None


def test_the_desk_is_told_who_sees_it(town, client_for):
    ticket, users = town
    client = client_for(users["member"])
    people_page = unescape(client.get(f"/tickets/{ticket.key}/people").text)
    assert "Human Resources is for its members only" in people_page
    assert users["agent"].name not in people_page
    assert "the members of Human Resources" in unescape(client.get(f"/tickets/{ticket.key}").text)


def test_a_colleague_reads_nothing_of_it_whatever_their_organization_shares(town, client_for):
    ticket, users = town
    shared = client_for(users["colleague"]).get(f"/organizations/{ticket.organization_id}/requests")
    assert (shared.status_code, WORD in shared.text) == (200, False)
    assert "shares it" not in client_for(users["admin"]).get(f"/tickets/{ticket.key}").text


def test_pages_take_the_same_statements_for_who_is_limited(town, client_for, statements):
    counts = {}
    for who in ("member", "limited member", "agent", "limited agent", "manager"):
        client = client_for(town[1][who])
        for path in ("/queue", "/queue/team", "/"):
            client.get(path)
            statements.clear()
            client.get(path)
            counts.setdefault(path, set()).add(len(statements))
    assert all(len(each) == 1 for each in counts.values()), counts
    assert counts["/queue"] == {3}
