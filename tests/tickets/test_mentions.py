"""Who is meant by an "@" and a name, who is told, and who never learns of it."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from portal import clock
from portal.accounts.models import User
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.notifications.models import Notification
from portal.notifications.queries import unread_count
from portal.organizations.models import Shares
from portal.permissions import Role, Scope
from portal.tickets import actions, merging, participants, triage
from portal.tickets.hearers import FEW
from portal.tickets.models import Part, Request, TicketPerson
from portal.tickets.moving import move
from portal.tickets.relations import CommentMention, Relation
from portal.tickets.splitting import split
from tests import factories as make

HTMX = {"HX-Request": "true"}


@pytest.fixture
def people(world, queue):
    """A ticket of the network team, and one of each who may or may not hear of it; what was told is read."""
    network = make.team(name="Network")
    house = make.organization(shares=Shares.ALL)
    found = {
        "requester": make.employee(name="Ann Sørensen", organization=house),
        "participant": make.employee(name="Carla Ruiz"),
        "colleague": make.employee(name="Cy Colleague", organization=house),
        "stranger": make.employee(name="Sid Stranger"),
        "author": make.agent(name="Petra Lindqvist", team=network),
        "teammate": make.agent(name="Dana Kim", team=network),
        "assignee": make.agent(name="Ben Okafor", team=network),
        "other team": make.agent(name="Olga Other", team=make.team()),
        "manager": make.manager(name="Mateusz Nowak"),
        "away": make.agent(name="Wim Weg", team=network),
        "left": make.agent(name="Lea Left", team=network, is_active=False),
    }
    today = clock.now().date()
    found["away"].absent_from = today - timedelta(days=3)
    found["away"].absent_until = today + timedelta(days=3)
    ticket = make.ticket(found["requester"], team=network, assignee=found["assignee"])
    ticket.organization = house
    participants.add_participant(ticket, found["participant"], actor=found["requester"])
    db.session.commit()
    queue.run()
    db.session.execute(update(Notification).values(read_at=clock.now()))
    db.session.commit()
    return ticket, found


def meant(said):
    """Whom what was said mentions, by name."""
    rows = select(User.name).join(CommentMention, CommentMention.user_id == User.id)
    return set(db.session.scalars(rows.where(CommentMention.comment_id == said.id)))


def bell(user):
    rows = select(Event.kind).join(Notification, Notification.event_id == Event.id)
    unread = (Notification.recipient_id == user.id, Notification.read_at.is_(None))
    return list(db.session.scalars(rows.where(*unread).order_by(Event.id)))


def told(queue, said, user):
    """How often this comment stands in their bell."""
    db.session.commit()
    queue.run()
    event = select(Event.id).where(Event.data["comment_id"].as_integer() == said.id).scalar_subquery()
    rows = select(func.count()).where(Notification.recipient_id == user.id, Notification.event_id == event)
    return db.session.scalar(rows)


# Finding.


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("Dana Kim", "@Dana Kim, please"),
        ("Dana Kim", "@dana kim"),
        ("Dana Kim", "Ask @Dana Kim's team."),
        ("Dana Kim", "Ask @Dana Kim."),
        ("Jörg Müller", "@Jörg Müller"),
        ("Jörg Müller", "@JO\u0308RG MU\u0308LLER there"),  # each accent a letter of its own
        ("Ann-Marie O'Neill", "@Ann-Marie O'Neill: look"),
        ("王小明", "请@王小明看一下"),
        ("李", "@李 hi"),
        ("Dr. A. B. Weiß", "@Dr. A. B. Weiß"),
        ("Dana *Star* [Kim]", "@Dana *Star* [Kim] is here"),
        ("Dana (Desk)", "@Dana (Desk)"),
        ("Dana", "_@Dana_"),
    ],
)
def test_a_name_is_found_as_it_is_written(world, name, body):
    dana, author = make.agent(name=name), make.agent()

    said = make.note(make.ticket(), author, body)

    assert meant(said) == {dana.name}
    assert '<span class="mention">@' in said.body_html
    assert said.body == body


@pytest.mark.parametrize(
    "body",
    ["@Dana Kimura", "@Dana Kim-Berg", "@Dana", "@Kim", "@ Dana Kim", "x@Dana Kim", "`@Dana Kim`",
     "@Dana Kim@example.org", "@Dana Kim_x", "@Dana Kim.x"],
)  # fmt: skip
def test_what_is_not_quite_the_name_means_nobody(world, body):
    make.agent(name="Dana Kim")

    said = make.note(make.ticket(), make.agent(), body)

    assert meant(said) == set()
    assert "<span" not in said.body_html


def test_the_longest_name_wins_even_if_its_owner_hears_nothing(world):
    make.agent(name="Ann"), make.agent(name="Ann Lee")
    make.employee(name="Ann Lee Berg")
    ticket, author = make.ticket(), make.agent()

    assert meant(make.note(ticket, author, "@Ann Lee")) == {"Ann Lee"}
    assert meant(make.note(ticket, author, "@Ann lee, hello")) == {"Ann Lee"}
    assert meant(make.note(ticket, author, "@Ann left")) == {"Ann"}
    assert meant(make.note(ticket, author, "@Ann Lee Berg")) == set()


def test_of_the_same_name_the_address_says_who_is_meant(world):
    for local in ("alex", "alex.two"):
        make.agent(name="Alex Kim", email=f"{local}@example.org")
    ticket, author = make.ticket(), make.agent()

    nobody = make.note(ticket, author, "@Alex Kim")
    one = make.note(ticket, author, "Yes, @alex.two@example.org. Thanks")

    assert meant(nobody) == set()
    assert "Several people are called “Alex Kim”" in nobody.untold[0]
    named = select(User.email).join(CommentMention).where(CommentMention.comment_id == one.id)
    assert db.session.scalars(named).all() == ["alex.two@example.org"]
    assert '<span class="mention">@alex.two@example.org</span>. Thanks' in one.body_html


def test_of_the_same_name_only_who_may_read_it_can_be_meant(people):
    ticket, who = people
    make.employee(name="Dana Kim")

    assert meant(make.note(ticket, who["author"], "@Dana Kim")) == {"Dana Kim"}


def test_a_text_without_a_name_asks_the_database_nothing_more(people, statements):
    ticket, who = people
    make.note(ticket, who["author"])
    counts = []
    for body in ("Nothing", "mail a@b.example, `@Dana Kim`", "@Dana Kim"):
        statements.clear()
        make.note(ticket, who["author"], body)
        counts.append(len(statements))

    assert counts[0] == counts[1] < counts[2]


def test_many_signs_are_no_work_without_end(people, statements):
    ticket, who = people
    statements.clear()

    said = make.note(ticket, who["author"], "@Dana Kim @nobody " * 1000 + "@王" * 300)

    assert meant(said) == {"Dana Kim"}
    assert len(statements) < 20


# Who is told.

EVERYBODY = ("requester", "participant", "colleague", "stranger", "teammate", "assignee", "other team",
             "manager", "away", "left")  # fmt: skip
HEARS = {
    "note": {"teammate", "assignee", "manager"},
    "reply": {"teammate", "assignee", "manager", "requester", "participant"},
    "answer": {"assignee", "participant"},  # of the requester, who is named no others
}


@pytest.mark.parametrize("what", HEARS)
@pytest.mark.parametrize("whom", EVERYBODY)
def test_whoever_may_read_it_is_told_once_and_nobody_else(people, queue, what, whom):
    ticket, who = people
    body, user = f"@{who[whom].name}, please.", who[whom]
    if what == "note":
        said = make.note(ticket, who["author"], body)
    elif what == "reply":
        said = make.reply(ticket, who["author"], body)
    else:
        said = make.reply(ticket, who["requester"], body)
    is_meant = whom in HEARS[what] and not (what == "answer" and whom == "requester")

    assert (meant(said) == {user.name}) == is_meant
    assert ('class="mention"' in said.body_html) == is_meant
    usual = {"requester", "participant", "assignee"} if what == "reply" else {"assignee", "participant"}
    usual = {"assignee"} if what == "note" else usual
    assert told(queue, said, user) == (1 if is_meant or whom in usual else 0)


@pytest.mark.parametrize("what", ["note", "reply"])
def test_the_suggestions_are_those_who_would_be_told(people, client_for, what):
    ticket, who = people
    offered = set(names(client_for(who["author"]), ticket, place=what))

    assert offered == {who[one].name for one in HEARS[what]}


def test_an_employee_is_offered_who_is_named_on_their_page_and_nobody_else(people, client_for):
    ticket, who = people
    make.agent(name="Ben Okaforson")
    db.session.commit()
    client = client_for(who["requester"])

    assert set(names(client, ticket)) == {"Ben Okafor", "Carla Ruiz"}
    for typed in ("D", "Dana", "petra", "ben.okafor", "agent", "example.org", "@", "%", "_"):
        assert names(client, ticket, typed) == []
    assert names(client, ticket, "ben") == ["Ben Okafor"]
    assert client.get(f"/tickets/{ticket.key}/mentions?place=note").status_code == 403


@pytest.mark.parametrize(("whom", "status"), [("colleague", 403), ("stranger", 404), ("other team", 404)])
def test_who_does_not_write_there_is_offered_nobody(people, client_for, whom, status):
    ticket, who = people

    for place in ("reply", ""):
        answer = client_for(who[whom]).get(f"/tickets/{ticket.key}/mentions?place={place}")
        assert answer.status_code == status


def test_an_employee_finds_nobody_out_by_an_address(people):
    ticket, who = people

    said = make.reply(ticket, who["requester"], f"@{who['assignee'].email} @{who['teammate'].email}")

    assert (meant(said), said.untold) == (set(), ())


def test_whoever_is_mentioned_and_has_no_part_watches_from_then_on(people, queue, client_for):
    ticket, who = people
    make.note(ticket, who["author"], "@Dana Kim and @Ben Okafor")
    make.reply(ticket, who["author"], "@Dana Kim and @Ann Sørensen")

    assert parts_of(ticket, who["teammate"]) == {Part.WATCHER}
    assert parts_of(ticket, who["assignee"]) == {Part.ASSIGNEE}
    assert parts_of(ticket, who["requester"]) == {Part.REQUESTER}
    watched = db.session.scalars(select(Event).where(Event.kind == Kind.TICKET_WATCHED)).all()
    assert [(event.actor_id, event.data["user"]) for event in watched] == [(who["author"].id, "Dana Kim")]
    db.session.commit()
    page = client_for(who["author"]).get(f"/tickets/{ticket.key}").text
    assert "<b>Petra Lindqvist</b> mentioned <b>Dana Kim</b>, who watches this ticket now" in page
    assert "who watches" not in client_for(who["requester"]).get(f"/tickets/{ticket.key}").text


def test_nobody_mentions_themselves(people, queue):
    ticket, who = people

    said = make.note(ticket, who["author"], "@Petra Lindqvist")

    assert (meant(said), said.untold) == (set(), ())
    assert told(queue, said, who["author"]) == 0
    assert parts_of(ticket, who["author"]) == set()


def test_the_bell_says_that_one_was_mentioned(people, queue, client_for):
    ticket, who = people
    make.note(ticket, who["author"], "@Dana Kim")
    db.session.commit()
    queue.run()

    assert "Petra Lindqvist mentioned you" in client_for(who["teammate"]).get("/notifications").text
    assert "added an internal note" in client_for(who["assignee"]).get("/notifications").text


@pytest.mark.parametrize(
    ("rings", "is_told"), [("mentioned", True), (Kind.COMMENT_ADDED, True), (Kind.STATUS_CHANGED, False)]
)
def test_mentions_have_a_switch_of_their_own(people, queue, client_for, rings, is_told):
    ticket, who = people
    client_for(who["assignee"]).post("/account/notices", data={"rings": [str(rings)]})

    said = make.reply(ticket, who["author"], "@Ben Okafor")

    assert told(queue, said, who["assignee"]) == is_told


def test_without_a_mention_the_switch_changes_nothing(people, queue, client_for):
    ticket, who = people
    client_for(who["assignee"]).post("/account/notices", data={"rings": ["mentioned"]})

    assert told(queue, make.reply(ticket, who["author"]), who["assignee"]) == 0


def test_in_the_reason_of_what_is_declined_a_mention_rings_all_the_same(people, queue):
    ticket, who = people
    actions.assign(ticket, None, actor=None)
    db.session.commit()
    queue.run()
    new = make.ticket(who["requester"], team=ticket.team)
    triage.decline(new, "No. @Dana Kim knows.", actor=who["author"])
    db.session.commit()
    queue.run()

    assert bell(who["teammate"]).count(Kind.COMMENT_ADDED) == 1


# What the writer is told.


@pytest.mark.parametrize(
    ("what", "whom", "said"),
    [
        ("notes", "other team", "Olga Other does not see {key} and was not told."),
        ("notes", "requester", "Ann Sørensen does not read internal notes and was not told."),
        ("notes", "stranger", "Sid Stranger does not read internal notes and was not told."),
        ("comments", "other team", "Olga Other does not see {key} and was not told."),
        ("comments", "stranger", "Sid Stranger takes no part in {key} and was not told."),
        ("comments", "away", "Wim Weg is away and was not told."),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_the_writer_is_told_who_was_not(people, client_for, what, whom, said, headers):
    ticket, who = people
    client = client_for(who["author"])

    answer = client.post(
        f"/tickets/{ticket.key}/{what}",
        data={"body": f"@{who[whom].name} and @Dana Kim"},
        headers=headers,
        follow_redirects=True,
    )

    assert answer.status_code == 200
    assert said.format(key=ticket.key) in answer.text
    assert answer.text.count("was not told") == 1


def test_whoever_asks_is_told_of_nobody_they_may_not_know(people, client_for):
    ticket, who = people
    client, names_all = client_for(who["requester"]), " ".join(f"@{user.name}" for user in who.values())

    answer = client.post(f"/tickets/{ticket.key}/comments", data={"body": names_all}, follow_redirects=True)

    assert re.findall(r"([A-Z]\w+ [A-Z]\w+) takes no part in", answer.text) == ["Cy Colleague"]
    assert answer.text.count("was not told") == 1


# What changes later.


def test_a_confidential_ticket_is_told_to_nobody_but_its_people(people):
    ticket, who = people
    ticket.is_confidential = True

    said = make.note(ticket, who["author"], "@Dana Kim @Ben Okafor @Mateusz Nowak")

    assert meant(said) == {"Ben Okafor"}


def test_who_loses_sight_of_the_ticket_loses_the_notice_and_the_chip_stays(people, queue, client_for):
    ticket, who = people
    make.note(ticket, who["author"], "@Dana Kim, secretly")
    db.session.commit()
    queue.run()
    assert unread_count(who["teammate"]) == 1
    shut = make.project("SHUT", members_only=True)
    make.project_member(shut, who["author"])

    move(ticket, shut, actor=make.admin())
    db.session.commit()

    assert unread_count(who["teammate"]) == 0
    assert "mentioned you" not in client_for(who["teammate"]).get("/notifications").text
    assert "secretly" not in client_for(who["teammate"]).get(f"/tickets/{ticket.key}").text
    assert '<span class="mention">@Dana Kim' in client_for(who["author"]).get(f"/tickets/{ticket.key}").text
    assert filtered(client_for(who["teammate"]), "mentions:me") == []


def test_who_has_left_before_the_job_comes_is_told_nothing(people, queue):
    ticket, who = people
    said = make.note(ticket, who["author"], "@Dana Kim")
    who["teammate"].role = Role.EMPLOYEE

    assert told(queue, said, who["teammate"]) == 0


def test_where_tickets_were_merged_the_mention_is_found_in_both(people, client_for):
    ticket, who = people
    into = make.ticket(who["requester"], team=ticket.team)
    make.note(ticket, who["author"], "@Dana Kim")
    merging.merge(ticket, into, actor=who["author"])
    db.session.commit()
    client = client_for(who["teammate"])

    assert filtered(client, "mentions:me") == [into.key]
    assert filtered(client, "mentions:me is:merged") == [ticket.key]
    assert '<span class="mention">@Dana Kim' in client.get(f"/tickets/{into.key}").text
    said = client_for(who["author"]).post(f"/tickets/{ticket.key}/notes", data={"body": "@Mateusz Nowak"})
    assert said.status_code == 303
    assert filtered(client_for(who["manager"]), "mentions:me") == [into.key]

    merging.unmerge(ticket, actor=who["author"])
    db.session.commit()
    assert filtered(client, "mentions:me") == [ticket.key]


def test_what_is_split_off_mentions_nobody_anew(people, queue):
    ticket, who = people
    said = make.reply(ticket, who["requester"], "@Ben Okafor, one more thing")
    assert told(queue, said, who["assignee"]) == 1

    asked = Request(project=ticket.project, title="One more thing", description=said.body)
    new = split(
        said, ticket, asked, requester=who["requester"], relation=Relation.RELATES_TO, actor=who["author"]
    )

    assert "mention" not in new.description_html
    assert db.session.scalar(select(func.count()).select_from(CommentMention)) == 1


def test_a_new_request_that_follows_up_mentions_nobody(people, client_for, monkeypatch):
    ticket, who = people
    make.walk(ticket, "closed", actor=who["author"])
    db.session.commit()
    later = clock.now() + timedelta(days=90)
    monkeypatch.setattr(clock, "now", lambda: later)
    client = client_for(who["requester"])
    assert "data-mentions=" not in client.get(f"/tickets/{ticket.key}").text

    answer = client.post(f"/tickets/{ticket.key}/comments", data={"body": "@Ben Okafor again"})

    assert answer.status_code == 303
    assert db.session.scalar(select(func.count()).select_from(CommentMention)) == 0


def test_a_form_that_is_sent_twice_tells_once(people, queue, client_for):
    ticket, who = people
    client, sent = client_for(who["author"]), {"body": "@Dana Kim", "idempotency_key": "k" * 20}
    for _turn in range(2):
        client.post(f"/tickets/{ticket.key}/notes", data=sent)
    queue.run()

    assert bell(who["teammate"]) == [Kind.NOTE_ADDED]


def test_what_is_half_written_mentions_nobody(people, queue, client_for):
    ticket, who = people
    kept = {"scope": f"{ticket.key}:note", "content": '{"body": "@Dana Kim"}'}

    assert client_for(who["author"]).post("/tickets/drafts", data=kept).status_code == 200
    queue.run()

    assert (bell(who["teammate"]), parts_of(ticket, who["teammate"])) == ([], set())


# Where it is found, and where never.


def test_the_filter_finds_what_one_was_mentioned_in(people, client_for):
    ticket, who = people
    make.note(ticket, who["author"], "@Dana Kim")
    make.reply(other := make.ticket(who["requester"]), who["author"], "@Mateusz Nowak")
    db.session.commit()
    client = client_for(who["teammate"])

    assert filtered(client, "mentions:me") == [ticket.key]
    assert filtered(client, 'mentions:"Mateusz Nowak"') == [other.key]
    assert filtered(client, "mentions:me,mateusz") == 422
    page = client.get("/queue/mentions").text
    assert ticket.key in page and other.key not in page


def test_of_a_project_that_is_shut_notes_tell_nobody_whom_they_mention(people, client_for):
    _ticket, who = people
    follower = who["teammate"]
    shut = make.project("SHUT", members_only=True)
    make.project_member(shut, who["author"], who["assignee"])
    hidden = make.ticket(who["requester"], project=shut)
    actions.take_part(hidden, follower, Part.WATCHER)
    make.note(hidden, who["author"], "@Ben Okafor")
    db.session.commit()

    assert filtered(client_for(follower), f"mentions:{who['assignee'].email}") == []
    assert filtered(client_for(who["assignee"]), "mentions:me") == [hidden.key]

    said = make.note(hidden, who["author"], "@Dana Kim")
    assert meant(said) == set()
    assert said.untold == ("Dana Kim does not read internal notes and was not told.",)
    db.session.commit()
    assert meant(make.reply(hidden, who["author"], "@Dana Kim")) == {"Dana Kim"}


def test_people_who_ask_have_no_such_field(people, client_for):
    _ticket, who = people
    token = make.token(who["requester"], Scope.TICKETS_READ)
    db.session.commit()

    answer = client_for(None).get(
        "/api/v1/tickets?filter=mentions:me", headers={"Authorization": f"Bearer {token}"}
    )

    assert answer.status_code == 422


def test_a_note_that_mentions_somebody_leaves_no_trace_for_whoever_asked(people, queue, client_for):
    ticket, who = people
    client = client_for(who["requester"])
    token = make.token(who["requester"], Scope.TICKETS_READ)
    db.session.commit()
    bearer = {"Authorization": f"Bearer {token}"}
    page = f"/tickets/{ticket.key}"
    pages = [page, f"{page}/timeline", f"{page}/mentions", f"{page}/mentions?q=dana", "/notifications",
             "/tickets?q=Kim", "/search?q=Kim"]  # fmt: skip

    make.note(ticket, who["author"], "Quokka for @Dana Kim and @Ben Okafor")
    db.session.commit()
    queue.run()

    for path in pages:
        for headers in ({}, HTMX):
            shown = client.get(path, headers=headers).text
            assert "Dana Kim" not in shown and "uokka" not in shown and 'class="mention"' not in shown, path
    whole = client.get(f"/api/v1/tickets/{ticket.key}", headers=bearer)
    assert whole.status_code == 200
    assert "Dana" not in whole.text
    assert bell(who["requester"]) == []


def test_programs_mention_and_are_told_who_was(people, queue, client_for):
    ticket, who = people
    token = make.token(who["author"], Scope.TICKETS_READ, Scope.TICKETS_WRITE)
    db.session.commit()
    client, bearer = client_for(None), {"Authorization": f"Bearer {token}"}

    answer = client.post(
        f"/api/v1/tickets/{ticket.key}/comments", json={"body": "@Dana Kim, @Olga Other"}, headers=bearer
    )
    queue.run()

    assert answer.status_code == 201
    assert answer.json["mentions"] == ["Dana Kim"]
    assert bell(who["teammate"]) == [Kind.COMMENT_ADDED]
    shown = client.get(f"/api/v1/tickets/{ticket.key}", headers=bearer).json["comments"]
    assert [comment["mentions"] for comment in shown] == [["Dana Kim"]]


def test_whoever_sees_the_desk_as_somebody_mentions_nobody(people, client_for):
    ticket, who = people
    boss = make.admin()
    db.session.commit()
    client = client_for(boss)
    begun = client.post(f"/admin/people/{who['author'].id}/view-as", data={"why": "They asked for help."})
    assert (begun.status_code, names(client, ticket, "dana")) == (303, ["Dana Kim"])

    answer = client.post(f"/tickets/{ticket.key}/notes", data={"body": "@Dana Kim"})

    assert answer.status_code == 403
    assert db.session.scalar(select(func.count()).select_from(CommentMention)) == 0


# Suggestions.


def test_suggestions_begin_with_who_has_a_part_and_are_few(people, client_for):
    ticket, who = people
    for number in range(12):
        make.agent(name=f"Adam {number:02}", team=ticket.team)
    db.session.commit()
    client = client_for(who["author"])

    offered = names(client, ticket)

    assert len(offered) == FEW
    assert offered[:3] == ["Ann Sørensen", "Ben Okafor", "Carla Ruiz"]
    assert names(client, ticket, "kim") == names(client, ticket, "dana k") == ["Dana Kim"]
    assert names(client, ticket, "sor") == ["Ann Sørensen"]
    assert names(client, ticket, "im") == names(client, ticket, "%") == names(client, ticket, "x" * 500) == []


def test_of_the_same_name_the_address_is_put_in(people, client_for):
    ticket, who = people
    make.agent(name="Dana Kim", email="dana.two@example.org", team=ticket.team)
    db.session.commit()

    offered = names(client_for(who["author"]), ticket, "dana")

    assert offered == [who["teammate"].email, "dana.two@example.org"]
    for address in offered:
        assert len(meant(make.note(ticket, who["author"], f"@{address}"))) == 1


def test_suggestions_take_one_statement_besides_the_ticket(people, client_for, statements):
    ticket, who = people
    client = client_for(who["author"])
    names(client, ticket)
    counts = []
    for number in (1, 300):
        for _turn in range(number):
            make.agent(team=ticket.team)
        db.session.commit()
        statements.clear()
        names(client, ticket, "agent")
        counts.append(len(statements))
    asked = [statement for statement in statements if "ticket_people" in statement and "users" in statement]

    assert counts[0] == counts[1] <= 5  # with those of every desk page
    assert len(asked) <= 2  # the ticket's own, and this


def names(client, ticket, typed="", place="reply"):
    """What is put in for each who is offered."""
    asked = {"q": typed, "place": place}
    answer = client.get(f"/tickets/{ticket.key}/mentions", query_string=asked, headers=HTMX)
    assert answer.status_code == 200
    return re.findall(r'data-name="([^"]*)"', answer.text)


def filtered(client, text):
    answer = client.get("/queue/all", query_string={"q": text}, follow_redirects=True)
    if answer.status_code != 200:
        return answer.status_code
    return sorted(re.findall(r'id="row-([A-Z0-9]+-\d+)"', answer.text))


def parts_of(ticket, user):
    rows = select(TicketPerson.part).where(
        TicketPerson.ticket_id == ticket.id, TicketPerson.user_id == user.id
    )
    return set(db.session.scalars(rows))
