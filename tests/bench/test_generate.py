"""The desk that is measured: drawn from a seed, shaped like a real one, and true to the rules of the data."""

import itertools
import re
import time
from collections import Counter

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import func, select

from bench import generate as generator
from bench import lives
from bench.generate import fingerprint, generate, is_generated
from bench.house import EVERYWHERE, LIMITED, TEAMS
from bench.lives import COLUMNS, House, Lives
from portal import create_app, invariants
from portal.accounts.models import User
from portal.extensions import db
from portal.organizations.models import TeamMember
from portal.projects.models import Project
from portal.projects.policy import is_limited
from portal.tickets.actions import submit_ticket
from portal.tickets.models import Request, Ticket
from portal.tickets.policy import visible_to

HOUSE = House(
    employees=list(range(1, 199)),
    asks_much=199,
    asks_little=200,
    agents={1: [301, 302], 2: [303]},
    projects=[(1, "IT"), (2, "HR")],
    categories={1: [(1, 1)], 2: [(2, 2)]},
    statuses={
        name: (place, name) for place, name in enumerate(("open", "in_progress", "blocked", "closed"), 1)
    },
    organization=1,
    names={
        **{("person", number): f"Person {number}" for number in [*range(1, 201), 301, 302, 303]},
        **{(kind, number): f"{kind} {number}" for kind in ("team", "category") for number in (1, 2)},
        ("organization", 1): "Nordwerk",
    },
    reactions=["notify_people"],
    last_event=0,
)


def draw(tickets, *, seed=1, now=1_790_000_000.0):
    """All lines of so many tickets, split into their columns, by table."""
    blocks = Lives(HOUSE, now=now, seed=seed).blocks(tickets, size=500)
    lines = [(table, line) for block in blocks for table in block for line in block[table]]
    rows = {table: [] for table in COLUMNS}
    for table, line in lines:
        rows[table].append(dict(zip(COLUMNS[table].split(), line.split("\t"), strict=True)))
    return rows


@pytest.fixture(scope="module")
def drawn():
    return draw(4_000)


def share(rows, column):
    counted = Counter(row[column] for row in rows)
    return {value: number / len(rows) for value, number in counted.items()}


def test_the_same_seed_draws_the_same_desk():
    assert draw(200, seed=7) == draw(200, seed=7)
    assert draw(200, seed=7) != draw(200, seed=8)


def test_one_ticket_in_twenty_is_open_and_that_is_mostly_a_young_one(drawn):
    tickets = drawn["tickets"]
    young, old = tickets[len(tickets) * 3 // 4 :], tickets[: len(tickets) // 2]

    assert share(tickets, "status_category")["done"] == pytest.approx(0.95, abs=0.015)
    assert share(old, "status_category")["done"] > 0.99
    assert share(young, "status_category")["done"] < 0.9


def test_there_are_three_comments_to_a_ticket_and_some_are_internal(drawn):
    assert len(drawn["comments"]) / len(drawn["tickets"]) == pytest.approx(3, abs=0.2)
    assert 0.05 < share(drawn["comments"], "is_internal")["t"] < 0.3


def test_few_people_ask_much(drawn):
    asked = Counter(ticket["requester_id"] for ticket in drawn["tickets"]).most_common()

    assert sum(number for _, number in asked[:20]) > 0.15 * len(drawn["tickets"])  # they are one in ten


def test_one_asks_very_much_and_one_three_times(drawn):
    asked = Counter(ticket["requester_id"] for ticket in drawn["tickets"])

    assert (asked["199"], asked["200"]) == (4_000 // 333, 3)


def test_what_is_new_and_nobodys_waits_for_a_decision(monkeypatch):
    monkeypatch.setattr(lives, "UNDECIDED", 60 * lives.DAY)
    waiting = [ticket for ticket in draw(4_000)["tickets"] if ticket["inbox_since"] != "\\N"]

    assert waiting
    assert {(t["status_category"], t["assignee_id"]) for t in waiting} == {("new", "\\N")}
    assert all(t["inbox_since"] == t["created_at"] > "2026-07-23" for t in waiting)


def test_events_are_in_order_and_nothing_lies_in_the_future(drawn):
    for _, events in itertools.groupby(drawn["events"], key=lambda event: event["ticket_id"]):
        moments = [event["created_at"] for event in events]
        assert moments == sorted(moments)
    assert max(event["created_at"] for event in drawn["events"]) < "2026-09-21T14:13:20"


def test_only_the_last_week_has_deliveries(drawn):
    assert 0 < len(drawn["deliveries"]) < 0.05 * len(drawn["events"])


@pytest.fixture(scope="module")
def small(owner_url, settings):
    """A generated database of 500 tickets, and the application on it."""
    own = owner_url.rpartition("/")[2].partition("?")[0]
    url = re.sub(r"/[^/?]+(\?|$)", rf"/{own}_bench\1", owner_url, count=1)
    address = url.replace("postgresql://", "postgresql+psycopg://")
    with pytest.MonkeyPatch.context() as patched:
        changed = settings.model_copy(update={"database_url": address, "maintenance_database_url": ""})
        patched.setattr(generator, "create_app", lambda: create_app(changed))
        generate(url, scale=0.0005)
        app = create_app(changed)
        with app.app_context():
            yield url
            db.session.remove()
            db.engine.dispose()
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(f"{own}_bench")))


def test_what_is_generated_breaks_no_rule_of_the_data(small):
    assert db.session.scalar(select(func.count()).select_from(Ticket)) == 500
    assert invariants.broken() == {}


def test_two_agents_are_in_every_team_and_one_of_them_is_limited(small):
    everywhere = select(TeamMember.user_id).group_by(TeamMember.user_id).having(func.count() == TEAMS)
    people = list(db.session.scalars(select(User).where(User.id.in_(everywhere)).order_by(User.email)))
    assert [person.email for person in people] == [EVERYWHERE, LIMITED[0]]
    assert [is_limited(person) for person in people] == [False, True]
    seen = [set(db.session.scalars(select(Ticket.project_id).where(visible_to(who)))) for who in people]
    assert [len(projects) for projects in seen] == [8, 1]


def test_the_desk_goes_on_after_what_was_generated(small):
    requester = db.session.scalars(select(Ticket).limit(1)).one().requester
    project = db.session.scalars(select(Project).where(Project.key == "IT")).one()
    last = db.session.scalar(select(func.max(Ticket.number)).where(Ticket.project_id == project.id))

    ticket = submit_ticket(requester, Request(project=project, title="One more"))

    assert ticket.number == last + 1
    db.session.rollback()


def test_all_indexes_are_there_again(small):
    with psycopg.connect(small) as connection:
        names = {name for (name,) in connection.execute("SELECT indexname FROM pg_indexes").fetchall()}
    expected = {index.name for table in db.metadata.sorted_tables for index in table.indexes}

    assert expected <= names


def test_a_database_is_known_by_its_size_its_schema_and_its_generator(small, monkeypatch):
    assert is_generated(small, scale=0.0005)
    assert not is_generated(small, scale=0.001)
    assert not is_generated(small.replace("_bench", "_nothing"), scale=0.0005)
    before = fingerprint(1)
    monkeypatch.setattr(generator, "MIGRATIONS", generator.MIGRATIONS / "none")
    assert fingerprint(1) != before


def test_the_clock_of_the_desk_is_now(small):
    youngest = db.session.scalar(select(func.max(Ticket.created_at)))

    assert 0 < time.time() - youngest.timestamp() < 2 * 86_400 + 600
