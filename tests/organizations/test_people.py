"""An organization's own page: who may do what to whom in it, and who does not find it."""

import pytest
from sqlalchemy import select

from portal.events.models import Event
from portal.extensions import db
from portal.organizations.models import Invitation, Membership, MembershipRole
from tests import factories as make

OWNER, ADMIN, MEMBER, VIEWER = MembershipRole


@pytest.fixture
def house(app):
    """Nordwerk with somebody of each role."""
    nordwerk = make.organization(name="Nordwerk")
    people = {role: make.member(nordwerk, role, name=f"The {role}") for role in MembershipRole}
    db.session.commit()
    return nordwerk, people


def url_of(nordwerk, person=None, verb=""):
    member = f"/members/{person.id}" if person else ""
    return f"/organizations/{nordwerk.id}{member}{verb}"


def role_of(nordwerk, person):
    found = select(Membership.role).where(
        Membership.user_id == person.id, Membership.organization_id == nordwerk.id
    )
    return db.session.scalar(found)


@pytest.mark.parametrize("role", MembershipRole)
def test_the_page_is_for_owners_and_admins(house, client_for, role):
    nordwerk, people = house
    client = client_for(people[role])
    expected = 200 if role.leads else 404

    assert client.get(url_of(nordwerk)).status_code == expected
    assert client.get(url_of(nordwerk), headers={"HX-Request": "true"}).status_code == expected
    assert client.get(url_of(nordwerk, people[MEMBER])).status_code == expected
    assert ('href="/organizations"' in client.get("/").text) == role.leads
    assert client.get("/organizations").status_code == (303 if role.leads else 200)


@pytest.mark.parametrize("make_person", [make.employee, make.agent, make.manager, make.admin])
def test_it_is_not_for_people_of_other_organizations_whatever_they_are_to_the_desk(
    house, client_for, make_person
):
    nordwerk, people = house
    stranger = make.member(make.organization(), OWNER, person=make_person())
    invitation = make.invitation(nordwerk, people[OWNER], "x@example.org")
    db.session.commit()
    client = client_for(stranger)

    for path in ("", f"/members/{people[MEMBER].id}", "/requests"):
        assert client.get(url_of(nordwerk) + path).status_code == 404
    for path in (
        f"/members/{people[MEMBER].id}", f"/members/{people[MEMBER].id}/remove", "/invitations",
        f"/invitations/{invitation.id}/again", f"/invitations/{invitation.id}/withdraw",
    ):  # fmt: skip
        form = {"role": "admin", "email": "new@example.org"}
        assert client.post(url_of(nordwerk) + path, data=form).status_code == 404
    assert role_of(nordwerk, people[MEMBER]) is MEMBER
    assert db.session.scalars(select(Invitation.email)).all() == ["x@example.org"]


@pytest.mark.parametrize("make_person", [make.agent, make.admin])
def test_an_owner_who_works_at_the_desk_has_it_too(house, client_for, make_person):
    nordwerk, _people = house
    petra = make.member(nordwerk, OWNER, person=make_person())
    db.session.commit()
    client = client_for(petra)

    assert client.get(url_of(nordwerk)).status_code == 200
    assert 'href="/organizations"' in client.get("/").text


@pytest.mark.parametrize(
    ("acting", "whom", "to", "status"),
    [
        (OWNER, MEMBER, OWNER, 303),
        (OWNER, ADMIN, VIEWER, 303),
        (ADMIN, MEMBER, ADMIN, 303),
        (ADMIN, VIEWER, MEMBER, 303),
        (ADMIN, ADMIN, MEMBER, 303),  # themselves
        (ADMIN, MEMBER, OWNER, 422),  # not offered
        (ADMIN, OWNER, MEMBER, 403),
        (OWNER, OWNER, MEMBER, 409),  # the last one
        (MEMBER, VIEWER, MEMBER, 404),
        (VIEWER, VIEWER, OWNER, 404),
    ],
)
def test_who_makes_whom_what(house, client_for, acting, whom, to, status):
    nordwerk, people = house

    answer = client_for(people[acting]).post(url_of(nordwerk, people[whom]), data={"role": to.value})

    assert answer.status_code == status
    assert role_of(nordwerk, people[whom]) is (to if status == 303 else whom)


@pytest.mark.parametrize(
    ("acting", "whom", "status"),
    [
        (OWNER, ADMIN, 303),
        (OWNER, OWNER, 409),
        (ADMIN, MEMBER, 303),
        (ADMIN, OWNER, 403),
        (ADMIN, ADMIN, 303),
        (MEMBER, VIEWER, 404),
    ],
)
def test_who_removes_whom(house, client_for, acting, whom, status):
    nordwerk, people = house

    answer = client_for(people[acting]).post(url_of(nordwerk, people[whom], "/remove"))

    assert answer.status_code == status
    assert (role_of(nordwerk, people[whom]) is None) == (status == 303)
    if status == 409:
        assert "is the last owner" in answer.text


def test_an_owner_beside_another_can_go(house, client_for):
    nordwerk, people = house
    make.member(nordwerk, OWNER)
    db.session.commit()

    answer = client_for(people[OWNER]).post(url_of(nordwerk, people[OWNER], "/remove"))

    assert (answer.status_code, answer.location) == (303, "/")
    assert client_for(people[OWNER]).get(url_of(nordwerk)).status_code == 404


def test_a_member_of_elsewhere_is_not_found_here(house, client_for):
    nordwerk, people = house
    other = make.organization()
    foreign = make.member(other)
    db.session.commit()
    client = client_for(people[OWNER])

    assert client.get(url_of(nordwerk, foreign)).status_code == 404
    assert client.post(url_of(nordwerk, foreign), data={"role": "viewer"}).status_code == 404
    assert client.post(url_of(nordwerk, foreign, "/remove")).status_code == 404
    assert role_of(other, foreign) is MEMBER


def test_a_change_is_recorded_with_before_and_after(house, client_for):
    nordwerk, people = house
    sales = make.department(nordwerk, "Sales")
    db.session.commit()
    client = client_for(people[ADMIN])

    form = {"role": "viewer", "department_id": sales.id, "user_id": "1", "organization_id": "1"}
    for _twice in range(2):
        client.post(url_of(nordwerk, people[MEMBER]), data=form)

    event = db.session.scalars(select(Event).where(Event.kind == "member.edited")).one()
    assert (event.actor_id, event.data["user_id"]) == (people[ADMIN].id, people[MEMBER].id)
    assert event.data["changes"]["membership"]["old"]["label"] == "member"
    assert event.data["changes"]["department"]["new"]["label"] == "Sales"


def test_the_page_needs_the_same_few_statements(house, client_for, statements):
    nordwerk, people = house
    client, counts = client_for(people[OWNER]), []
    for number in (1, 20):
        for _each in range(number):
            make.member(nordwerk, department=make.department(nordwerk))
        db.session.commit()
        client.application.extensions.pop("site_settings", None)
        statements.clear()
        client.get(url_of(nordwerk))
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 8


def test_members_are_paged_and_searched(house, client_for):
    nordwerk, people = house
    for number in range(25):
        make.member(nordwerk, name=f"Zed x{number:02}")
    db.session.commit()
    client = client_for(people[OWNER])

    first = client.get(url_of(nordwerk)).text
    href = first.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")

    assert first.count('<th scope="row">') == 25
    assert client.get(href).text.count('<th scope="row">') == 4
    assert client.get(f"{url_of(nordwerk)}?q=zed+x07").text.count('<th scope="row">') == 1


def test_with_several_organizations_one_chooses(house, client_for):
    nordwerk, people = house
    hafen = make.organization(name="Hafen")
    make.member(hafen, ADMIN, person=people[OWNER])
    db.session.commit()

    page = client_for(people[OWNER]).get("/organizations")

    assert page.status_code == 200
    assert url_of(nordwerk) in page.text
    assert url_of(hafen) in page.text
