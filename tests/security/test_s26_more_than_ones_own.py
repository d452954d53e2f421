"""Nobody gets more than they were given, whatever they send to wherever they may."""

import pytest
from sqlalchemy import select

from portal.accounts.models import User
from portal.extensions import db
from portal.organizations.models import Membership, TeamMember
from tests.security.cast import TICKETS, WHOSE, gather
from tests.web.routes import doors

# What would make somebody more: as a field of any form there is.
MORE = {
    "role": "admin",
    "membership_role": "owner",
    "is_staff": "1",
    "is_admin": "true",
    "is_lead": "1",
    "is_active": "1",
    "permissions": "people:manage",
    "team_ids": ["1", "2", "3"],
    "member_ids": ["1", "2", "3"],
    "lead_ids": ["1", "2", "3"],
    "teams": ["1", "2", "3"],
    "leads": ["1", "2", "3"],
    "members": ["1", "2", "3"],
    "organization_id": "1",
    "user_id": "1",
    "person": "1",
}


def _rights():
    """Who may what: every row that gives somebody a right."""
    people = select(User.id, User.role, User.is_active, User.email, User.two_step_since)
    return {
        "people": set(db.session.execute(people.order_by(User.id)).all()),
        "teams": set(
            db.session.execute(select(TeamMember.user_id, TeamMember.team_id, TeamMember.is_lead)).all()
        ),
        "houses": set(
            db.session.execute(select(Membership.user_id, Membership.organization_id, Membership.role)).all()
        ),
    }


def _forms(app, cast, who):
    """What changes something, by whose things it names; what names nobody's comes once."""
    known = set()
    for whose in WHOSE:
        found = doors(app, cast.arguments[who][whose])
        new = [door for door in found if door.method != "GET" and door not in known]
        known.update(new)
        yield whose, [door for door in new if door.endpoint != "accounts.logout"]


@pytest.mark.parametrize("who", [who for who in TICKETS if who not in {"admin", "house admin"}])
def test_no_form_gives_a_right(app, world, client_for, who):
    """But those of people who may give them: admins, and owners and admins of an organization."""
    cast = gather(world)
    fields = MORE | {"name": cast.people[who].name, "email": cast.people[who].email}
    before = _rights()
    client = client_for(cast.people[who])

    for whose, asked in _forms(app, cast, who):
        for door in asked:
            client.open(door.path, method=door.method, data=fields)
        assert _rights() == before, whose


def test_an_organizations_admin_gives_no_right_at_the_desk(app, world, client_for):
    cast = gather(world)
    who = "house admin"
    before, client = _rights(), client_for(cast.people[who])
    house = cast.people[who].id, cast.arguments[who]["own"]["organization_id"]

    for _whose, asked in _forms(app, cast, who):
        for door in asked:
            client.open(door.path, method=door.method, data=MORE)

    after = _rights()
    assert (after["people"], after["teams"]) == (before["people"], before["teams"])
    assert {row for row in after["houses"] - before["houses"] if row.organization_id != house[1]} == set()
    assert db.session.get_one(Membership, house).role == "admin"
