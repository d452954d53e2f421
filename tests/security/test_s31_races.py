"""What is good once is good once, also for fifty who try it at the same moment."""

import pytest
from sqlalchemy import func, select

from portal.accounts import (
    actions,
    challenges,
    emergency,
    links,
    people,
    pictures,
    tokens,
    two_step,
    viewing,
)
from portal.accounts.credentials import ApiToken, AskedFor
from portal.accounts.models import Session, User
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.organizations import invitations
from portal.organizations.models import Membership, MembershipRole
from portal.permissions import Role
from portal.projects.members import add_member, remove_member
from portal.projects.models import Project
from portal.projects.policy import is_shut
from portal.settings.queries import site_settings
from portal.sso import local_login
from portal.sso.models import ExternalIdentity, IdentityProvider
from portal.tickets import actions as ticket_actions
from portal.tickets.handover import leave_projects
from portal.tickets.models import Ticket
from tests import factories as make
from tests.accounts.codes import with_two_step
from tests.accounts.gate import link_in, mails
from tests.parallel import at_once

MANY = 50
NEW = "glass bridge kettle"


def won(answers):
    return [answer for answer in answers if answer]


def test_one_reset_link_sets_one_password(shared_app):
    ann = make.employee(email="ann@example.org")
    links.mail_reset(ann)
    db.session.commit()
    token = link_in(mails()[0]).rpartition("/")[2]

    def use(number):
        return actions.reset_password(token, f"{NEW} {number}") and number + 1

    answers = at_once(shared_app, *(lambda number=number: use(number) for number in range(MANY)))

    assert len(answers) == MANY
    [winner] = won(answers)
    assert actions.authenticate("ann@example.org", f"{NEW} {winner - 1}") is not None


def test_one_invitation_makes_one_account(shared_app):
    house = make.organization()
    make.invitation(house, make.member(house, MembershipRole.OWNER), "zoe@example.org")
    db.session.commit()
    token = mails()[-1].body.partition("/invitations/")[2].split()[0]

    def join(number):
        return invitations.register_and_accept(token, name=f"Zoë {number}", password=NEW, locale=None)

    answers = at_once(shared_app, *(lambda number=number: join(number) for number in range(MANY)))

    assert len(answers) == MANY
    assert len(won(answers)) == 1
    assert db.session.scalar(select(func.count(User.id)).where(User.email == "zoe@example.org")) == 1
    assert db.session.scalar(select(func.count(Membership.user_id))) == 2


def test_one_invitation_lets_one_person_join_once(shared_app):
    house, zoe = make.organization(), make.employee(email="zoe@example.org")
    make.invitation(house, make.member(house, MembershipRole.OWNER), zoe.email)
    db.session.commit()
    token, her_id = mails()[-1].body.partition("/invitations/")[2].split()[0], zoe.id

    def join():
        return invitations.accept(token, db.session.get_one(User, her_id))

    answers = at_once(shared_app, *([join] * MANY))

    assert len(answers) == MANY
    assert len(won(answers)) == 1


def test_one_recovery_code_lets_in_once(shared_app):
    ann = make.employee()
    db.session.commit()
    her_id = ann.id
    code = with_two_step(ann)[0]

    def enter():
        return two_step.accepts(db.session.get_one(User, her_id), code)

    answers = at_once(shared_app, *([enter] * MANY))

    assert len(answers) == MANY
    assert len(won(answers)) == 1


def test_nobody_makes_more_tokens_than_they_may(shared_app):
    ann = make.employee()
    db.session.commit()
    her_id = ann.id

    answers = at_once(shared_app, *([lambda: make.token(db.session.get_one(User, her_id))] * MANY))

    assert len(answers) == MANY
    assert len([answer for answer in answers if isinstance(answer, str)]) == tokens.MOST
    assert db.session.scalar(select(func.count(ApiToken.id))) == tokens.MOST


def test_one_challenge_is_signed_once(shared_app):
    token, challenge = challenges.ask(AskedFor.LOGIN)
    db.session.commit()

    answers = at_once(shared_app, *([lambda: challenges.take(token, AskedFor.LOGIN)] * MANY))

    assert len(answers) == MANY
    assert won(answers) == [challenge]


def test_a_first_picture_that_is_sent_twice_is_one(shared_app):
    ann = make.employee()
    db.session.commit()
    her_id = ann.id

    def send():
        pictures.send(db.session.get_one(User, her_id), b"a picture")
        return True

    answers = at_once(shared_app, *([send] * 8))

    assert answers == [True] * 8


def test_one_browser_sees_the_desk_as_one_person(shared_app):
    """Else the audit log says of several that it began, and of one that it ended."""
    boss, others = make.admin(), [make.employee() for _number in range(8)]
    token = actions.open_session(boss)[1]
    db.session.commit()
    boss_id, ids = boss.id, [person.id for person in others]

    def begin(person_id):
        actor = db.session.get_one(User, boss_id)
        actor.session_token = token
        viewing.begin(db.session.get_one(User, person_id), why="to look", actor=actor)
        return person_id

    answers = at_once(shared_app, *(lambda each=each: begin(each) for each in ids))

    [seen_as] = [answer for answer in answers if answer in ids]
    assert db.session.scalar(select(Session.viewing_as_id)) == seen_as
    began = select(func.count(Event.id)).where(Event.kind == Kind.VIEWING_BEGAN)
    assert db.session.scalar(began) == 1


@pytest.mark.parametrize("deed", ["flag", "deactivated", "role"])
def test_passwords_are_not_switched_off_while_the_last_emergency_access_goes(shared_app, deed):
    house = make.make(IdentityProvider, slug="house", name="House", issuer="https://login.example.org",
                      client_id="desk", is_active=True)  # fmt: skip
    boss, last = make.admin(), make.admin(is_break_glass=True)
    make.make(ExternalIdentity, provider_id=house.id, subject="1", user=boss)
    db.session.commit()
    boss_id, last_id = boss.id, last.id

    def take():
        actor, person = db.session.get_one(User, boss_id), db.session.get_one(User, last_id)
        if deed == "flag":
            people.set_emergency_access(person, is_given=False, actor=actor)
        elif deed == "role":
            people.change_role(person, Role.AGENT, actor=actor)
        else:
            people.deactivate(person, actor=actor)

    at_once(shared_app, lambda: local_login.switch_off(actor=db.session.get_one(User, boss_id)), take)

    db.session.expire_all()
    assert site_settings().password_login or emergency.has_somebody()


@pytest.mark.parametrize("deed", ["leaves", "is limited"])
@pytest.mark.parametrize("_round", range(6))
def test_nobody_is_given_a_ticket_of_a_project_that_is_shut_to_them_at_that_moment(shared_app, deed, _round):
    hr, petra, boss = make.project("HR", members_only=deed == "leaves"), make.agent(), make.admin()
    if deed == "leaves":
        make.project_member(hr, petra)
    ticket = make.ticket(project=hr)
    db.session.commit()
    hr_id, petra_id, boss_id, ticket_id = hr.id, petra.id, boss.id, ticket.id

    def shut():
        person, actor = db.session.get_one(User, petra_id), db.session.get_one(User, boss_id)
        if deed == "leaves":
            remove_member(db.session.get_one(Project, hr_id), person, actor=actor)
        else:
            people.limit(person, is_limited=True, actor=actor)
        leave_projects(person, actor=actor)

    def assign():
        held = select(Ticket).where(Ticket.id == ticket_id).with_for_update(of=Ticket)
        person = db.session.get_one(User, petra_id)
        ticket_actions.assign(db.session.scalars(held).one(), person, actor=None)

    at_once(shared_app, shut, assign)

    db.session.expire_all()
    assert db.session.get_one(Ticket, ticket_id).assignee_id is None


@pytest.mark.parametrize("_round", range(6))
def test_a_limited_agent_who_becomes_a_member_meanwhile_keeps_nothing_that_is_shut(shared_app, _round):
    hr, petra, boss = make.project("HR"), make.agent(), make.admin()
    inside, outside = make.ticket(project=hr, assignee=petra), make.ticket(assignee=petra)
    db.session.commit()
    hr_id, petra_id, boss_id = hr.id, petra.id, boss.id
    ids = inside.id, outside.id

    def limit():
        person, actor = db.session.get_one(User, petra_id), db.session.get_one(User, boss_id)
        people.limit(person, is_limited=True, actor=actor)
        leave_projects(person, actor=actor)

    def add():
        person, actor = db.session.get_one(User, petra_id), db.session.get_one(User, boss_id)
        add_member(db.session.get_one(Project, hr_id), person, actor=actor)

    answers = at_once(shared_app, limit, add)

    assert answers == [None, None]
    db.session.expire_all()
    assert is_shut(db.session.get_one(Ticket, ids[1]).project, db.session.get_one(User, petra_id))
    assert not is_shut(db.session.get_one(Project, hr_id), db.session.get_one(User, petra_id))
    assert db.session.get_one(Ticket, ids[0]).assignee_id in {None, petra_id}
    assert db.session.get_one(Ticket, ids[1]).assignee_id is None
