"""What two people do at the same moment comes one after the other."""

from sqlalchemy import func, select

from portal.extensions import db
from portal.organizations.memberships import change_member, remove_member
from portal.organizations.models import Membership, MembershipRole
from portal.organizations.queries import led_by_or_404, membership_or_404
from tests import factories as make
from tests.parallel import at_once, while_held

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


def test_who_waited_for_another_change_of_department_finds_the_new_one(shared_app):
    house = make.organization()
    before, after = make.department(house, "Before"), make.department(house, "After")
    petra, person = make.admin(), make.member(house, department=before)
    db.session.commit()
    ids = house.id, person.id

    def move():
        membership = membership_or_404(*ids, to_change=True)
        change_member(membership, actor=petra, role=membership.role, department=after)

    found = while_held(shared_app, move, lambda: membership_or_404(*ids, to_change=True).department.name)

    assert found == "After"
