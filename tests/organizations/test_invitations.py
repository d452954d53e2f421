"""Invitations: whom they let in, as what, and everybody they do not let in."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal import clock
from portal.accounts.models import User, digest
from portal.accounts.queries import user_by_email
from portal.events.models import Event
from portal.extensions import db
from portal.organizations import invitations
from portal.organizations.memberships import change_member, remove_member
from portal.organizations.models import Invitation, Membership, MembershipRole
from portal.permissions import Role
from portal.settings.actions import change_settings
from tests import factories as make
from tests.accounts.gate import is_inside, log_in, mails, words_of

OWNER, ADMIN, MEMBER, VIEWER = MembershipRole
LINK = re.compile(r"http://localhost(/invitations/[A-Za-z0-9_-]{43})\n")
NEW = {"name": "Zoë van den Berg", "password": "glass bridge kettle"}


@pytest.fixture
def house(app):
    nordwerk = make.organization(name="Nordwerk")
    lucia = make.member(nordwerk, OWNER, name="Lucía Fernández")
    db.session.commit()
    return nordwerk, lucia


@pytest.fixture
def owner(house, client_for):
    return client_for(house[1])


def invite(client, house, email="zoe@example.org", role=MEMBER, **more):
    form = {"email": email, "role": role.value} | more
    return client.post(f"/organizations/{house[0].id}/invitations", data=form)


def link():
    """The path of the link in the last mail."""
    return LINK.search(mails()[-1].body)[1]


def role_of(house, email):
    person = user_by_email(email)
    membership = person and db.session.get(Membership, (person.id, house[0].id))
    return membership.role if membership else None


def events(kind):
    return list(db.session.scalars(select(Event).where(Event.kind == kind).order_by(Event.id)))


def test_somebody_new_is_invited_makes_an_account_and_belongs_there(house, owner, app):
    sales = make.department(house[0], "Sales")
    db.session.commit()
    answer = invite(owner, house, " Zoe@Example.org ", ADMIN, department_id=sales.id)
    assert (answer.status_code, answer.location) == (303, f"/organizations/{house[0].id}")
    assert mails()[-1].to_address == "zoe@example.org"
    assert "Lucía Fernández invites you to Nordwerk" in mails()[-1].subject
    client = app.test_client()

    for _look in range(3):  # a scanner of mails
        assert "zoe@example.org" in client.get(link()).text
    joined = client.post(link(), data=NEW | {"role": "admin", "email": "evil@example.org"})

    assert (joined.status_code, joined.location) == (303, "/login")
    assert log_in(client, "zoe@example.org", NEW["password"]).status_code == 303
    assert is_inside(client)
    zoe = user_by_email("zoe@example.org")
    membership = db.session.get(Membership, (zoe.id, house[0].id))
    assert (zoe.role, zoe.is_verified, zoe.name) == (Role.EMPLOYEE, True, NEW["name"])
    assert (membership.role, membership.department_id) == (ADMIN, sales.id)
    assert user_by_email("evil@example.org") is None
    assert events("member.added")[-1].data["invited_by"] == "Lucía Fernández"


def test_only_the_digest_of_the_token_is_kept(house, owner):
    invite(owner, house)

    token = link().rpartition("/")[2]
    kept = db.session.scalars(select(Invitation)).one()
    assert kept.token_digest == digest(token)
    assert token not in str([event.data for event in db.session.scalars(select(Event))])
    assert kept.expires_at - clock.now() > timedelta(days=6, hours=23)


def test_somebody_with_an_account_logs_in_and_joins(house, owner, app):
    make.employee(email="ann@example.org")
    db.session.commit()
    invite(owner, house, "ann@example.org", VIEWER)
    path, client = link(), app.test_client()

    page = client.get(path).text
    assert f'href="/login?next={path}"' in page
    assert 'name="password"' not in page
    assert client.post(path, data=NEW).status_code == 200  # asks to log in, and changes nothing
    assert log_in(client, "ann@example.org", next=path).location == path
    assert "as Viewer" in client.get(path).text
    assert client.post(path).status_code == 303

    assert role_of(house, "ann@example.org") is VIEWER
    assert client.get(path).status_code == client.post(path).status_code == 404


def test_the_answer_is_the_same_whether_the_address_is_known(house, owner):
    make.employee(email="known@example.org")
    make.employee(email="ended@example.org", is_active=False)
    db.session.commit()
    url, pages, bodies = f"/organizations/{house[0].id}", set(), set()
    for email in ("known@example.org", "ended@example.org", "other@example.org"):
        assert (invite(owner, house, email)).location == url
        made = db.session.scalars(select(Invitation)).one()
        page = words_of(owner.get(url)).replace(email, "").replace(f"invitations/{made.id}/", "")
        pages.add(re.sub(r"<time[^>]*>", "", page))
        bodies.add(LINK.sub("", mails()[-1].body))
        owner.post(f"{url}/invitations/{made.id}/withdraw")
        owner.get(url)  # says so once

    assert len(pages) == len(bodies) == 1


def test_another_persons_account_does_not_join(house, owner, client_for):
    mallory = make.employee(email="mallory@example.org")
    db.session.commit()
    invite(owner, house, "ann@example.org")
    client = client_for(mallory)

    assert "to another address than yours" in client.get(link()).text
    assert client.post(link(), data=NEW).status_code == 403

    assert role_of(house, "mallory@example.org") is None
    assert user_by_email("ann@example.org") is None
    assert client_for(None).get(link()).status_code == 200  # and is still good for whom it was sent to


def test_a_link_is_good_once(house, owner, app):
    invite(owner, house)
    path = link()

    assert app.test_client().post(path, data=NEW).status_code == 303
    again = app.test_client().post(path, data=NEW | {"name": "Mallory"})

    assert again.status_code == 404
    assert user_by_email("zoe@example.org").name == NEW["name"]
    assert db.session.scalar(select(Invitation)) is None


def test_a_link_is_good_for_seven_days(house, owner, app):
    invite(owner, house)
    path, client = link(), app.test_client()

    with clock.travelling_to(clock.now() + timedelta(days=7, seconds=1)):
        assert client.get(path).status_code == 404
        assert client.post(path, data=NEW).status_code == 404
    assert user_by_email("zoe@example.org") is None
    with clock.travelling_to(clock.now() + timedelta(days=6, hours=23)):
        assert client.get(path).status_code == 200


def test_what_is_not_quite_the_token_is_none(house, owner, app):
    invite(owner, house)
    path = link()
    token, client = path.rpartition("/")[2], app.test_client()

    for wrong in (
        token.swapcase(), f"{token}%20", f"%20{token}", f"{token}%00", f"{token}%0a", token[:-1], f"{token}A",
        "x" * 43, f"{token}/", f"{token}[]", "%25",
    ):  # fmt: skip
        assert client.get(f"/invitations/{wrong}").status_code in {400, 404}, wrong
        assert client.post(f"/invitations/{wrong}", data=NEW).status_code in {400, 404}, wrong
    assert user_by_email("zoe@example.org") is None


@pytest.mark.parametrize("verb", ["withdraw", "again", "invite"])
def test_a_link_that_was_withdrawn_or_replaced_is_good_for_nothing(house, owner, app, verb):
    invite(owner, house)
    path = link()
    invitation = db.session.scalars(select(Invitation)).one()

    if verb == "invite":
        invite(owner, house, role=VIEWER)
    else:
        url = f"/organizations/{house[0].id}/invitations/{invitation.id}/{verb}"
        assert owner.post(url).status_code == 303

    assert app.test_client().post(path, data=NEW).status_code == 404
    if verb == "withdraw":
        assert db.session.scalar(select(Invitation)) is None
        assert events("invitation.withdrawn")[0].data["email"] == "zoe@example.org"
    else:
        assert app.test_client().post(link(), data=NEW).status_code == 303
        assert role_of(house, "zoe@example.org") is (VIEWER if verb == "invite" else MEMBER)


@pytest.mark.parametrize(
    ("become", "role", "is_good"),
    [(ADMIN, OWNER, False), (ADMIN, MEMBER, True), (MEMBER, MEMBER, False), (None, MEMBER, False)],
)
def test_an_invitation_is_as_good_as_the_right_of_who_sent_it(house, owner, app, become, role, is_good):
    nordwerk, lucia = house
    make.member(nordwerk, OWNER)
    invite(owner, house, role=role)
    path = link()
    membership = db.session.get(Membership, (lucia.id, nordwerk.id))
    if become:
        change_member(membership, role=become, department=None, actor=lucia)
    else:
        remove_member(membership, actor=lucia)
    db.session.commit()

    assert app.test_client().post(path, data=NEW).status_code == (303 if is_good else 404)
    assert (role_of(house, "zoe@example.org") is role) == is_good


def test_an_invitation_of_somebody_who_was_deactivated_is_none(house, owner, app):
    invite(owner, house)
    db.session.get(User, house[1].id).is_active = False
    db.session.commit()

    assert app.test_client().post(link(), data=NEW).status_code == 404


def test_admins_invite_no_owners_and_touch_none(house, owner, client_for):
    invite(owner, house, role=OWNER)
    admin = make.member(house[0], ADMIN)
    db.session.commit()
    client = client_for(admin)
    waiting = db.session.scalars(select(Invitation)).one()

    assert invite(client, house, "other@example.org", OWNER).status_code == 422
    for verb in ("again", "withdraw"):
        url = f"/organizations/{house[0].id}/invitations/{waiting.id}/{verb}"
        assert client.post(url).status_code == 403
    assert [each.role for each in db.session.scalars(select(Invitation))] == [OWNER]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"email": ""}, "Enter a mail address."),
        ({"email": "zoe"}, "Enter a mail address such as"),
        ({"email": "there@example.org"}, "belongs to the organization already"),
        ({"role": "god"}, "Invalid Choice"),
        ({"role": ""}, "Choose a role."),
        ({"department_id": "999"}, "Not a valid choice"),
    ],
)
def test_what_is_no_invitation_is_refused_and_kept(house, owner, typed, said):
    make.member(house[0], email="there@example.org")
    db.session.commit()
    form = {"email": "zoe@example.org", "role": "member"} | typed

    answer = owner.post(f"/organizations/{house[0].id}/invitations", data=form)

    assert (answer.status_code, said in answer.text) == (422, True)
    assert f'value="{form["email"]}"' in answer.text
    assert mails() == []


def test_the_domains_of_the_desk_hold_for_invitations_too(house, owner, app):
    change_settings(actor=None, registration_domains=("nordwerk.example",))
    make.employee(email="known@elsewhere.org")
    db.session.commit()

    for email in ("zoe@elsewhere.org", "known@elsewhere.org"):
        answer = invite(owner, house, email)
        assert (answer.status_code, "Only addresses of nordwerk.example" in answer.text) == (422, True)
    assert invite(owner, house, "zoe@nordwerk.example").status_code == 303


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": " "}, "Enter a name."),
        ({"password": ""}, "Enter a password."),
        ({"password": "short"}, "Use at least 8 characters."),
        ({"password": "nordwerk1"}, "must not be made of your name or address"),
        ({"password": "12345678"}, "Many people use this password"),
    ],
)
def test_a_weak_password_is_refused_and_uses_nothing_up(house, owner, app, typed, said):
    invite(owner, house)
    client = app.test_client()

    answer = client.post(link(), data=NEW | typed)

    assert (answer.status_code, said in answer.text) == (422, True)
    assert NEW["password"] not in answer.text
    assert client.post(link(), data=NEW).status_code == 303


def test_an_account_made_meanwhile_is_asked_to_log_in(house, owner, app):
    invite(owner, house)
    token = link().rpartition("/")[2]
    make.employee(email="zoe@example.org")

    joined = invitations.register_and_accept(token, name="Z", password="glass bridge kettle", locale=None)

    assert joined is None
    assert db.session.scalar(select(Invitation)) is not None


def test_whoever_belongs_there_by_now_stays_what_they_are(house, owner, client_for):
    ann = make.employee(email="ann@example.org")
    db.session.commit()
    invite(owner, house, "ann@example.org", ADMIN)
    make.make(Membership, user_id=ann.id, organization_id=house[0].id, role=VIEWER)
    db.session.commit()

    assert client_for(ann).post(link()).status_code == 303
    assert role_of(house, "ann@example.org") is VIEWER
    assert db.session.scalar(select(Invitation)) is None


def test_nobodys_mailbox_is_flooded(house, owner):
    statuses = [invite(owner, house).status_code for _again in range(6)]
    refused = invite(owner, house)
    invitation = db.session.scalars(select(Invitation)).one()
    again = owner.post(f"/organizations/{house[0].id}/invitations/{invitation.id}/again")

    assert statuses == [303] * 5 + [429]
    assert "That was too often." in refused.text
    assert 'value="zoe@example.org"' in refused.text
    assert again.status_code == 429
    assert len(mails()) == 5


@pytest.mark.parametrize(
    "headers", [{"X-Forwarded-Host": "evil.example"}, {"Referer": "http://evil.example/"}]
)
def test_no_header_leads_an_invitation_elsewhere(house, owner, headers):
    owner.post(
        f"/organizations/{house[0].id}/invitations",
        data={"email": "zoe@example.org", "role": "member"},
        headers=headers,
    )

    assert link()
    assert "evil" not in mails()[-1].body
