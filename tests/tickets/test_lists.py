"""Lists of tickets: who sees what in them, in which order, and that a walk misses nothing."""

from itertools import chain

import pytest
from sqlalchemy import select, text, update

from portal import memory
from portal.extensions import db
from portal.filters import And, FilterError, Word, read, where
from portal.gateways.maintenance import as_owner
from portal.tickets import actions
from portal.tickets.filtering import ticket_fields, word_fields
from portal.tickets.finding import _are_frequent
from portal.tickets.lists import SORTS, Sort, is_open, tickets_seen_by
from portal.tickets.models import Part, Priority, Ticket, TicketType
from portal.tickets.policy import Verb, may, visible_in_parts
from portal.tickets.selections import Selection, Slice, count_of, page_of
from portal.tickets.vocabulary import vocabulary
from portal.tickets.wording import Wanted
from portal.web.paging import write_cursor
from tests import factories as make

CRITICAL = Priority.CRITICAL


@pytest.fixture
def town(world):
    """Two teams, people of each role, and tickets of every kind of visibility."""
    ours, theirs = make.team(name="Ours"), make.team(name="Theirs")
    people = {
        "ann": make.employee(name="Ann Sørensen", email="ann@example.org"),
        "stranger": make.employee(),
        "petra": make.agent(name="Petra", email="petra@example.org", team=ours),
        "ben": make.agent(name="Ben", email="ben@example.org", team=theirs),
        "manager": make.manager(),
        "admin": make.admin(),
    }
    ann, petra, ben = people["ann"], people["petra"], people["ben"]
    tickets = {
        "new": make.ticket(ann, title="VPN drops"),
        "ours": make.ticket(ann, team=ours, assignee=petra, title="Printer on fire", priority=CRITICAL),
        "theirs": make.ticket(team=theirs, status="blocked", title="Badge reader", type=TicketType.QUESTION),
        "secret": make.ticket(ann, team=ours, is_confidential=True, title="Salary of the printer"),
        "other secret": make.ticket(team=theirs, is_confidential=True, title="Dismissal"),
        "lent": make.ticket(team=theirs, assignee=petra, title="Monitor", priority=Priority.LOW),
        "watched": make.ticket(team=theirs, is_confidential=True, title="Move"),
        "closed": make.ticket(ann, team=ours, assignee=ben, status="closed", title="Printer jam"),
    }  # fmt: skip
    actions.take_part(tickets["watched"], ben, Part.WATCHER)
    make.reply(tickets["new"], ann, body="It is the router, I think")
    make.note(tickets["new"], petra, body="She always says that: hypochondria")
    return tickets, people


ROLES = ("ann", "stranger", "petra", "ben", "manager", "admin")


def names(tickets, rows):
    keys = {ticket.key: name for name, ticket in tickets.items()}
    return [keys[row.key] for row in rows]


@pytest.mark.parametrize("who", ROLES)
def test_a_list_holds_what_one_by_one_may_be_seen(town, who):
    tickets, people = town
    user = people[who]
    one_by_one = {name for name, ticket in tickets.items() if may(user, Verb.SEE, ticket)}

    listed = set(names(tickets, db.session.execute(tickets_seen_by(user))))
    parts = [list(db.session.scalars(select(Ticket.id).where(part))) for part in visible_in_parts(user)]

    assert listed == one_by_one
    assert sorted(chain.from_iterable(parts)) == sorted(tickets[name].id for name in one_by_one)
    assert count_of(Selection.once(user), 100) == len(one_by_one)


def found(town, who, typed):
    tickets, people = town
    user = people[who]
    fields = ticket_fields(user, vocabulary())
    wanted = where(read(typed, fields), Ticket.__table__.c, fields)
    return set(names(tickets, db.session.execute(tickets_seen_by(user, wanted))))


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("is:closed", {"closed"}),
        ("is:open status:blocked", {"theirs"}),
        ("status:open,closed -is:open", {"closed"}),
        ("status:Blocked", {"theirs"}),
        ("priority>medium", {"ours"}),
        ("priority:low,critical", {"ours", "lent"}),
        ("assignee:petra@example.org", {"ours", "lent"}),
        ("assignee:Petra is:open", {"ours", "lent"}),
        ("assignee:none project:IT", {"new", "theirs", "secret", "other secret", "watched"}),
        ("is:unassigned -is:closed team:none", {"new"}),
        ("team:Theirs assignee:none", {"theirs", "other secret", "watched"}),
        ('requester:"ann sorensen" is:open', {"new", "ours", "secret"}),
        ("from:ann@example.org -team:ours", {"new"}),
        ("type:question", {"theirs"}),
        ("category:none is:closed", {"closed"}),
        ("created:today updated<1h is:closed", {"closed"}),
        ("closed:today", {"closed"}),
        ("-closed:today team:ours", {"ours", "secret"}),
        ("created<2020-01-01", set()),
        ("replies>0", {"new"}),
        ("key:it-1", {"new"}),
        ("IT-2", {"ours"}),
        ("printer", {"ours", "secret", "closed"}),
        ("-printer is:open team:ours", set()),
        ('"printer jam"', {"closed"}),
        ("printer jam", {"closed"}),
        ('"jam printer"', set()),
        ("router", {"new"}),
        ("hypochondria", {"new"}),
        ("vpn router", set()),  # the words of one text, not of several
    ],
)
def test_what_an_admin_finds(town, typed, expected):
    assert found(town, "admin", typed) == expected


@pytest.mark.parametrize(
    ("who", "typed", "expected"),
    [
        ("petra", "is:mine", {"ours", "lent"}),
        ("petra", "assignee:me priority:low", {"lent"}),
        ("petra", "team:mine", {"ours", "closed"}),
        ("manager", "team:mine", set()),
        ("petra", "printer", {"ours", "closed"}),
        ("petra", "hypochondria", {"new"}),
        ("ann", "router", {"new"}),
        ("ann", "hypochondria", set()),
        ("ann", "-hypochondria is:open -printer", {"new"}),
        ("stranger", "printer", set()),
        ("ben", "requester:me", set()),
        ("ann", "requester:me is:closed", {"closed"}),
    ],
)
def test_what_others_find_is_theirs(town, who, typed, expected):
    assert found(town, who, typed) == expected


def test_common_words_find_the_same_as_rare_ones(town, monkeypatch):
    rare = {word: found(town, "petra", word) for word in ("printer", "router", "IT-2", "hypochondria")}
    monkeypatch.setattr("portal.tickets.finding.is_frequent", lambda _wanted: True)
    assert {word: found(town, "petra", word) for word in rare} == rare


def test_words_are_frequent_where_the_latest_tickets_have_them_together(shared_app):
    for number in range(60):
        make.ticket(title=f"Printer {number} jams", description="With paper" if number % 2 else "Badge")
    db.session.commit()
    with as_owner() as connection:
        connection.execute(text("ANALYZE tickets, search_texts"))
    assert _are_frequent(Wanted.of(["printer"]))
    assert _are_frequent(Wanted.of(["badge", "jams"]))
    assert not _are_frequent(Wanted.of(["badge", "paper"]))  # each in half of them, never together
    assert not _are_frequent(Wanted.of(["hypochondria"]))


def test_two_people_of_one_name_have_to_be_told_apart(town):
    make.agent(name="Ben", email="ben2@example.org")
    with pytest.raises(FilterError, match=r"ben@example\.org, ben2@example\.org"):
        found(town, "admin", "assignee:ben")
    with pytest.raises(FilterError, match="Nobody is called “Nobody Atall”"):
        found(town, "admin", 'requester:"Nobody Atall"')


def test_words_of_the_search_are_never_its_operators(town):
    _tickets, people = town
    wanted = where(
        And((Word("printer"), Word("or"), Word("vpn"))), Ticket.__table__.c, word_fields(people["admin"])
    )
    assert not list(db.session.execute(tickets_seen_by(people["admin"], wanted)))


# Walking through the pages.


def walk(user, sort, *, size, forwards=True, cursor=None, meanwhile=lambda: None):
    keys = []
    for _page in range(60):
        page = page_of(Selection.once(user, is_open()), Slice(sort, cursor, size))
        keys.append([row.key for row in page.rows])
        cursor = page.older if forwards else page.newer
        if cursor is None:
            return keys, page
        meanwhile()
    raise AssertionError("the pages never end")


@pytest.fixture
def many(world):
    """37 tickets, many with the same moment, priority and status."""
    admin = make.admin()
    requester = make.employee()
    for number in range(37):
        ticket = make.ticket(requester, priority=list(Priority)[number % 4], title=f"Ticket {number}")
        if number % 3 == 0:
            make.walk(ticket, "in_progress")
    moments = select(Ticket.created_at).limit(1).scalar_subquery()
    db.session.execute(
        update(Ticket).where(Ticket.number % 5 > 1).values(updated_at=moments, created_at=moments)
    )
    db.session.flush()
    return admin


def test_a_walk_meets_every_ticket_once_there_and_back(many):
    for sort in (*SORTS, *(f"-{name}" for name in SORTS)):
        order = Sort.typed(sort)
        expected = list(db.session.scalars(select(Ticket.key).order_by(*order.order.clauses())))
        for size in (1, 7, 37):
            there, last = walk(many, order, size=size)
            assert [key for page in there for key in page] == expected
            if not last.newer:
                continue
            back, first = walk(many, order, size=size, forwards=False, cursor=last.newer)
            assert [key for page in reversed(back) for key in page] == expected[: -len(there[-1])]
            assert first.newer is None


def test_tickets_that_come_meanwhile_shift_nothing(many):
    there, _ = walk(many, Sort.typed("-updated"), size=5, meanwhile=make.ticket)
    keys = [key for page in there for key in page]
    assert len(keys) == len(set(keys)) == 37


def test_a_cursor_of_another_order_or_of_nobody_leads_to_the_first_page(many):
    strange = ["", "x", "é", *(write_cursor((value, 1)) for value in ("not a moment", "2026-11-21"))]
    for sort, cursors in {"-updated": [*strange, write_cursor((7, 1))], "priority": strange}.items():
        order = Sort.typed(sort)
        first = page_of(Selection.once(many, is_open()), Slice(order, None, 5))
        for cursor in cursors:
            assert page_of(Selection.once(many, is_open()), Slice(order, cursor, 5)).rows == first.rows


def test_an_order_that_is_none_is_the_latest_first():
    assert str(Sort.typed("-xyzzy")) == str(Sort.typed(None)) == str(Sort.typed("")) == "-updated"


def test_a_count_goes_no_further_than_asked(many):
    assert count_of(Selection.once(many), 10) == 10
    assert count_of(Selection.once(many), 100) == 37


def test_the_vocabulary_is_one_statement(town, statements):
    _tickets, people = town
    db.session.commit()
    memory.forget_all()
    statements.clear()
    known = vocabulary()
    assert len(statements) == 1
    assert [status.name for status in known.statuses] == ["open", "in_progress", "blocked", "closed"]
    ours = {team.name for team in known.teams if people["petra"].id in team.members}
    assert ours == {"Ours"}
    assert {"petra@example.org", "ben@example.org"} <= {person.name for person in known.people}
    assert "ann@example.org" not in {person.name for person in known.people}
