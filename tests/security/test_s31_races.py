"""What is good once is good once, also for fifty who try it at the same moment."""

from sqlalchemy import func, select

from portal.accounts import actions, links, two_step
from portal.accounts.models import User
from portal.extensions import db
from portal.organizations import invitations
from portal.organizations.models import Membership, MembershipRole
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
