"""What two people do at the same moment comes one after the other."""

import re
from threading import Barrier, Thread

from sqlalchemy import func, select

from portal.errors import DomainError
from portal.extensions import db
from portal.organizations import invitations
from portal.organizations.memberships import remove_member
from portal.organizations.models import Membership, MembershipRole
from portal.organizations.queries import led_by_or_404, membership_or_404
from tests import factories as make
from tests.accounts.gate import mails

OWNER = MembershipRole.OWNER


def at_once(app, *things):
    """What each of them came to: its answer, or the error that it raised."""
    start, answers = Barrier(len(things)), []

    def run(thing):
        with app.test_request_context():
            start.wait()
            try:
                answers.append(thing())
                db.session.commit()
            except DomainError as error:
                answers.append(error)
            db.session.remove()

    threads = [Thread(target=run, args=[thing]) for thing in things]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return answers


def test_two_owners_who_remove_each_other_leave_one(shared_app):
    house = make.organization()
    ids = [make.member(house, OWNER).id for _number in range(2)]
    house_id = house.id
    db.session.commit()

    def remove(who, whom):
        actor = db.session.get_one(make.User, who)
        acting = led_by_or_404(house_id, actor)
        membership = membership_or_404(house_id, whom, to_change=True)
        remove_member(membership, actor=actor, acting=acting)

    answers = at_once(shared_app, lambda: remove(*ids), lambda: remove(*reversed(ids)))

    assert len([answer for answer in answers if isinstance(answer, DomainError)]) == 1
    left = select(func.count()).where(Membership.organization_id == house_id, Membership.role == OWNER)
    assert db.session.scalar(left) == 1


def test_a_link_that_is_used_thrice_at_once_makes_one_account(shared_app):
    house = make.organization()
    make.invitation(house, make.member(house, OWNER), "zoe@example.org")
    db.session.commit()
    token = re.search(r"/invitations/(\S{43})\n", mails()[-1].body)[1]

    def join(name):
        return invitations.register_and_accept(token, name=name, password="glass bridge kettle", locale=None)

    answers = at_once(shared_app, *(lambda name=name: join(name) for name in ("Zoë", "Mallory", "Ben")))

    assert len([answer for answer in answers if answer]) == 1
    assert (
        db.session.scalar(select(func.count(make.User.id)).where(make.User.email == "zoe@example.org")) == 1
    )
    assert db.session.scalar(select(func.count(Membership.user_id))) == 2
