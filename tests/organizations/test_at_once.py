"""What two people do at the same moment comes one after the other."""

from sqlalchemy import func, select

from portal.extensions import db
from portal.organizations.memberships import remove_member
from portal.organizations.models import Membership, MembershipRole
from portal.organizations.queries import led_by_or_404, membership_or_404
from tests import factories as make
from tests.parallel import at_once

OWNER = MembershipRole.OWNER


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

    assert len(answers) == 2
    assert len([answer for answer in answers if answer is not None]) == 1  # refused, or no owner any more
    left = select(func.count()).where(Membership.organization_id == house_id, Membership.role == OWNER)
    assert db.session.scalar(left) == 1
