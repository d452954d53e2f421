"""The demo world: complete, in the past, and the same however often it is seeded."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, text

import jobs.sla
from jobs import files
from portal import clock
from portal.accounts.models import User
from portal.accounts.passwords import is_right
from portal.accounts.queries import user_by_email
from portal.attachments.models import Attachment, State
from portal.config import Environment
from portal.events.kinds import Kind
from portal.events.models import Delivery, DeliveryState, Event
from portal.extensions import db
from portal.gateways.storage import Storage
from portal.lifecycles.models import Category
from portal.notifications.models import Notification
from portal.organizations.models import Membership, Organization
from portal.permissions import Role
from portal.projects.models import Project
from portal.rules.models import Rule, RuleKind
from portal.seeding import actions as seeding
from portal.seeding.actions import seed_demo_world
from portal.seeding.files import FILES
from portal.seeding.stories import VERBS, all_stories
from portal.seeding.world import PASSWORD, PEOPLE, PROJECTS, SEEDED_NAMES
from portal.sla.actions import switch_policy
from portal.sla.models import SlaPast, SlaPolicy
from portal.tickets import actions
from portal.tickets.clocked import SlaState
from portal.tickets.models import Comment, Priority, Request, Ticket, TicketType, WaitingFor
from portal.tickets.policy import visible_to
from tests import factories as make

A_FEW = {"welcome", "terminal-printer", "parental-leave", "wifi-warehouse", "share-read-only", "vpn-drops"}


@pytest.fixture
def flask(app):
    """Run a command as `flask …` does."""

    def run(*arguments):
        return app.test_cli_runner().invoke(args=list(arguments))

    return run


@pytest.fixture
def in_production(app, monkeypatch):
    settings = app.config["DESK"].model_copy(update={"environment": Environment.PRODUCTION})
    monkeypatch.setitem(app.config, "DESK", settings)


@pytest.fixture
def short(app, monkeypatch):
    """A world of fewer stories, for tests that want one but do not look at what is in it."""
    monkeypatch.setattr(seeding, "all_stories", lambda: [s for s in all_stories() if s.name in A_FEW])


def everything():
    """How many rows each table has, and a fingerprint of them."""
    fingerprint = "SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {} AS t"
    return {
        table.name: tuple(db.session.execute(text(fingerprint.format(table.name))).one())
        for table in db.metadata.sorted_tables
    }


def values_of(column):
    return set(db.session.scalars(select(column).distinct()))


def test_the_demo_world_has_everything_a_desk_can_show(app):
    seed_demo_world()

    assert values_of(Ticket.status_category) == set(Category)
    assert values_of(Ticket.priority) == set(Priority)
    assert values_of(Ticket.type) == set(TicketType)
    assert values_of(Ticket.waiting_for) == {None, *WaitingFor}
    assert values_of(Ticket.is_confidential) == {True, False}
    assert values_of(Comment.is_internal) == {True, False}
    assert values_of(User.role) == set(Role)
    assert set(db.session.scalars(select(Organization.name))) == {"Nordwerk", "Hafen Logistik"}
    assert db.session.scalar(select(func.count()).select_from(Ticket)) == len(all_stories()) >= 40
    assert db.session.scalar(select(Ticket.id).where(Ticket.assignee_id.is_(None)).limit(1))


def test_the_world_shows_clocks_and_rules_at_work(app):
    seed_demo_world()

    assert {SlaState.RUNNING, SlaState.PAUSED, SlaState.KEPT, SlaState.MISSED} == values_of(Ticket.sla_state)
    told = select(Event.created_at, Event.data["due_at"].astext).where(Event.kind == Kind.SLA_BREACHED)
    breaches = db.session.execute(told).all()
    assert breaches
    late = [at - datetime.fromisoformat(due_at) for at, due_at in breaches]
    assert sorted(late)[len(late) // 2] < timedelta(minutes=1)  # but for those that a step has made late
    rules = {rule.name: rule for rule in db.session.scalars(select(Rule))}
    assert {rule.kind for rule in rules.values()} == set(RuleKind)
    assert {rule.is_enabled for rule in rules.values()} == {True, False}
    assert [rule.name for rule in rules.values() if rule.last_error] == []
    assert sum(rule.runs for rule in rules.values()) > 1
    assert db.session.scalar(select(func.count()).select_from(SlaPast)) > 0


def test_what_an_admin_made_of_a_promise_stays(short):
    seed_demo_world()
    policy = db.session.scalars(select(SlaPolicy).order_by(SlaPolicy.position)).first()
    switch_policy(policy, on=False, actor=user_by_email("admin@example.org"))
    rule = db.session.scalars(select(Rule)).first()
    rule.description = "Ours"
    db.session.commit()

    seed_demo_world()

    assert not policy.is_enabled
    assert rule.description == "Ours"
    assert db.session.scalar(select(func.count()).select_from(SlaPolicy)) == 3


def test_in_a_world_that_is_there_nobody_is_told_of_what_would_have_been_late(short, monkeypatch):
    monkeypatch.setattr(seeding, "configuration_there", lambda **_: None)
    seed_demo_world()
    monkeypatch.undo()
    monkeypatch.setattr(seeding, "all_stories", list)

    seed_demo_world()
    jobs.sla.recount()
    jobs.sla.tell()

    assert db.session.scalar(select(Event.id).where(Event.kind == Kind.SLA_BREACHED)) is None
    assert values_of(Ticket.sla_state) != {None}


def test_seeding_twice_changes_nothing(flask):
    first = flask("seed")
    before = everything()

    second = flask("seed")

    assert (first.exit_code, second.exit_code) == (0, 0), second.output
    assert everything() == before
    assert f"{len(all_stories())} tickets are new." in first.output
    assert "Nothing was missing." in second.output


def test_what_people_did_with_the_world_is_left_as_it_is(short):
    seed_demo_world()
    ticket = db.session.scalars(select(Ticket).where(Ticket.status_category == Category.NEW)).first()
    petra = user_by_email("agent@example.org")
    actions.settle(ticket, actor=petra)
    petra.name = "Petra Somebody-Else"
    db.session.commit()

    assert seed_demo_world() == 0

    assert ticket.is_done
    assert petra.name == "Petra Somebody-Else"


def test_a_single_ticket_that_was_missing_is_one(flask, monkeypatch):
    monkeypatch.setattr(seeding, "all_stories", lambda: [s for s in all_stories() if s.name == "welcome"])

    assert "1 ticket is new." in flask("seed").output


def test_petra_sees_what_is_asked_without_a_topic(short):
    seed_demo_world()
    support = db.session.scalars(select(Project).where(Project.key == "IT")).one()
    request = Request(project=support, title="Help")

    ticket = actions.submit_ticket(user_by_email("employee@example.org"), request)

    seen = select(Ticket.id).where(Ticket.id == ticket.id, visible_to(user_by_email("agent@example.org")))
    assert db.session.scalar(seen) == ticket.id
    assert ticket.team.name == "Service desk"


def test_everybody_can_log_in_and_belongs_somewhere(short):
    seed_demo_world()

    for person in PEOPLE:
        user = user_by_email(person.email)
        assert (user.name, user.role) == (person.name, person.role)
        assert user.is_verified
        assert db.session.scalar(select(Membership.role).where(Membership.user_id == user.id))
    assert is_right(PASSWORD, user_by_email("employee@example.org").password_hash)


def test_the_past_of_the_world_is_in_order_and_nothing_lies_in_the_future(app):
    seed_demo_world()

    moments = list(db.session.scalars(select(Event.created_at).order_by(Event.id)))
    assert moments == sorted(moments)
    assert moments[-1] <= clock.now()
    by_number = select(Ticket.created_at).where(Ticket.key.like("IT-%")).order_by(Ticket.number)
    assert (submitted := list(db.session.scalars(by_number))) == sorted(submitted)
    assert (clock.now() - submitted[0]).days in range(25, 31)
    assert db.session.scalar(select(func.count()).where(Ticket.updated_at > clock.now())) == 0


def test_the_reactions_have_followed_and_old_news_are_read(short):
    seed_demo_world()

    assert values_of(Delivery.state) == {DeliveryState.DONE}
    told = dict(
        db.session.execute(
            select(Notification.read_at.is_(None), func.count()).group_by(Notification.read_at.is_(None))
        ).all()
    )
    assert told[False] > told[True] > 0
    assert db.session.scalar(select(func.max(Notification.created_at))) <= clock.now()


def test_production_refuses_people_whose_password_everybody_knows(flask, short, in_production):
    refused = flask("seed")

    assert refused.exit_code == 1
    assert "--yes-a-demo" in refused.output
    assert db.session.scalar(select(User.id)) is None
    assert flask("seed", "--yes-a-demo").exit_code == 0


def test_a_desk_with_people_is_not_seeded_if_empty_is_asked_for(flask):
    make.admin()
    db.session.commit()

    answer = flask("seed", "--if-empty")

    assert answer.exit_code == 0
    assert "nothing seeded" in answer.output
    assert db.session.scalar(select(func.count()).select_from(Ticket)) == 0


def test_an_empty_desk_is_seeded(flask, short):
    flask("seed", "--if-empty")

    assert user_by_email("agent@example.org").name == "Petra Lindqvist"


def test_stories_name_people_and_topics_that_exist():
    logins = {person.login for person in PEOPLE}
    topics = {topic for project in PROJECTS for topic in project.topics} | {"Something else"}

    for story in all_stories():
        assert {story.by, *(step.by for step in story.then)} <= logins, story.name
        assert story.topic in topics | {None}, story.name
        assert len(story.title) <= 200
    assert {step.verb for story in all_stories() for step in story.then} == set(VERBS)


def test_every_topic_can_be_translated():
    topics = {topic for project in PROJECTS for topic in project.topics} | {"Something else"}

    assert {name._args[0] for name in SEEDED_NAMES} == topics


def test_the_worlds_files_pass_the_scanner_and_the_test_virus_does_not(app):
    seed_demo_world()
    db.session.commit()

    files.scan_waiting()

    db.session.expire_all()
    found = {file.original_filename: file.scanned_status for file in db.session.scalars(select(Attachment))}
    assert found == dict.fromkeys(FILES, State.CLEAN) | {"confirm-mailbox.zip": State.INFECTED}


def test_without_a_store_the_world_comes_without_files(app, short, monkeypatch):
    nowhere = app.config["DESK"].model_copy(update={"s3_endpoint": "http://127.0.0.1:9"})
    monkeypatch.setitem(app.extensions, "storage", Storage(nowhere))

    assert seed_demo_world() > 0

    assert values_of(Attachment.scanned_status) == {State.EXPIRED}
