"""Organizations, their departments and members, as admins of the desk shape them."""

import pytest
from sqlalchemy import select

from portal.events.models import Event
from portal.extensions import db
from portal.organizations.models import Department, Membership, MembershipRole, Organization, Shares
from tests import factories as make


@pytest.fixture
def client(app, client_for):
    boss = make.admin()
    db.session.commit()
    return client_for(boss)


@pytest.fixture
def nordwerk(app):
    made = make.organization(name="Nordwerk")
    db.session.commit()
    return made


def events(kind):
    return list(db.session.scalars(select(Event).where(Event.kind == kind).order_by(Event.id)))


def changed(kind):
    """What the last event of that kind says has become of what."""
    changes = events(kind)[-1].data["changes"]
    return {name: (both["old"]["label"], both["new"]["label"]) for name, both in changes.items()}


def test_an_organization_is_made_and_changed(client):
    made = client.post("/admin/organizations/new", data={"name": " Nordwerk  AG", "shares": "department"})
    house = db.session.scalar(select(Organization))
    assert (made.status_code, made.location) == (303, f"/admin/organizations/{house.id}")
    assert (house.name, house.shares) == ("Nordwerk AG", Shares.DEPARTMENT)

    client.post(f"/admin/organizations/{house.id}", data={"name": "Nordwerk", "shares": "all"})
    client.post(f"/admin/organizations/{house.id}", data={"name": "Nordwerk", "shares": "all"})

    assert changed("organization.created") == {"shares": (None, "department")}
    assert changed("organization.edited") == {
        "name": ("Nordwerk AG", "Nordwerk"),
        "shares": ("department", "all"),
    }
    assert len(events("organization.edited")) == 1
    text = client.get("/admin/audit").text
    assert "The requests of the whole organization" in text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": " ", "shares": "own"}, "Enter a name."),
        ({"name": "Nordwerk", "shares": "own"}, "Another organization has this name."),
        ({"name": "x" * 121, "shares": "own"}, "Use at most 120 characters."),
        ({"name": "New", "shares": "everything"}, "Invalid Choice"),
    ],
)
def test_what_is_wrong_is_said_and_kept(client, nordwerk, typed, said):
    other = make.organization(name="Other")
    db.session.commit()
    for url in ("/admin/organizations/new", f"/admin/organizations/{other.id}"):
        answer = client.post(url, data=typed)
        assert (answer.status_code, said in answer.text) == (422, True)
        assert f'value="{typed["name"].strip()}"' in answer.text


def test_the_list_is_searched_and_paged(client, statements):
    for number in range(30):
        make.organization(name=f"House {number:02}")
    make.member(make.organization(name="100 % Hafen"))
    db.session.commit()

    first = client.get("/admin/organizations").text
    assert first.count('<th scope="row">') == 25
    href = first.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    assert client.get(href).text.count('<th scope="row">') == 6
    found = client.get("/admin/organizations?q=hafen+%25", headers={"HX-Request": "true"}).text
    assert found.count('<th scope="row">') == 1
    assert '<td class="number">1</td>' in found
    assert "No organization is called so" in client.get("/admin/organizations?q=xyzzy").text


def test_the_list_needs_the_same_few_statements(client, statements):
    counts = []
    for number in (1, 20):
        for _each in range(number):
            make.member(make.organization())
        db.session.commit()
        client.application.extensions.pop("site_settings", None)
        statements.clear()
        client.get("/admin/organizations")
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 6


def test_the_page_of_one_needs_the_same_few_statements(client, nordwerk, statements):
    counts = []
    for number in (1, 20):
        for _each in range(number):
            make.member(nordwerk, department=make.department(nordwerk))
        db.session.commit()
        client.application.extensions.pop("site_settings", None)
        statements.clear()
        client.get(f"/admin/organizations/{nordwerk.id}")
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 8


def test_departments_are_added_renamed_and_deleted(client, nordwerk):
    url = f"/admin/organizations/{nordwerk.id}/departments"
    assert client.post(url, data={"department-name": "Sales"}).status_code == 303
    sales = db.session.scalar(select(Department))

    refused = client.post(url, data={"department-name": "Sales"})
    assert (refused.status_code, "Another department has this name." in refused.text) == (422, True)
    assert 'value="Nordwerk"' in refused.text
    assert client.post(f"/admin/departments/{sales.id}", data={"name": "Sale"}).status_code == 303
    assert client.post(f"/admin/departments/{sales.id}/delete").status_code == 303

    assert changed("department.edited") == {"name": ("Sales", "Sale")}
    assert changed("department.deleted") == {"name": ("Sale", None)}
    assert events("department.created")[0].data["organization"] == "Nordwerk"
    assert db.session.scalar(select(Department)) is None


def test_two_organizations_can_have_departments_of_one_name(client, nordwerk):
    make.department(make.organization(), "Sales")
    db.session.commit()
    url = f"/admin/organizations/{nordwerk.id}/departments"
    assert client.post(url, data={"department-name": "Sales"}).status_code == 303


def test_a_department_that_is_not_empty_stays_and_it_is_said_why(client, nordwerk, world):
    sales = make.department(nordwerk, "Sales")
    ann = make.member(nordwerk, department=sales)
    db.session.commit()
    url = f"/admin/departments/{sales.id}/delete"

    with_member = client.post(url)
    make.ticket(ann)
    db.session.get(Membership, (ann.id, nordwerk.id)).department_id = None
    db.session.commit()
    with_ticket = client.post(url)

    assert (with_member.status_code, "Sales has members" in with_member.text) == (409, True)
    assert (with_ticket.status_code, "Sales has tickets" in with_ticket.text) == (409, True)
    assert events("department.deleted") == []


def test_members_are_added_changed_and_removed(client, nordwerk):
    sales = make.department(nordwerk, "Sales")
    ann = make.employee(name="Ann", email="ann@example.org")
    db.session.commit()
    house = f"/admin/organizations/{nordwerk.id}"

    added = client.post(
        f"{house}/members",
        data={"member-email": " Ann@Example.org", "member-role": "owner", "member-department_id": sales.id},
    )
    assert (added.status_code, added.location) == (303, house)
    assert "Ann" in client.get(house, headers={"HX-Request": "true"}).text
    assert changed("member.added") == {"membership": (None, "owner"), "department": (None, "Sales")}

    one = f"{house}/members/{ann.id}"
    assert "Sales" in client.get(one).text
    for _twice in range(2):
        client.post(one, data={"role": "viewer", "department_id": ""})
    assert changed("member.edited") == {"membership": ("owner", "viewer"), "department": ("Sales", None)}
    assert len(events("member.edited")) == 1

    assert client.post(f"{one}/remove").status_code == 303
    assert changed("member.removed") == {"membership": ("viewer", None)}
    assert client.get(one).status_code == 404
    assert db.session.scalar(select(Membership)) is None


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"email": "nobody@example.org"}, "There is no account with this address."),
        ({"email": "there@example.org"}, "belongs to the organization already"),
        ({"email": "ann"}, "Enter a mail address"),
        ({"email": "new@example.org", "role": "admin2"}, "Invalid Choice"),
        ({"email": "new@example.org", "department_id": "99999"}, "Not a valid choice"),
    ],
)
def test_a_member_who_is_none_is_refused(client, nordwerk, typed, said):
    make.member(nordwerk, email="there@example.org")
    make.employee(email="new@example.org")
    db.session.commit()
    sent = {f"member-{name}": value for name, value in ({"role": "member"} | typed).items()}

    answer = client.post(f"/admin/organizations/{nordwerk.id}/members", data=sent)

    assert (answer.status_code, said in answer.text) == (422, True)
    assert events("member.added") == []


def test_a_department_of_another_organization_is_none(client, nordwerk):
    foreign = make.department(make.organization())
    ann = make.member(nordwerk)
    db.session.commit()
    url = f"/admin/organizations/{nordwerk.id}/members/{ann.id}"

    assert client.post(url, data={"role": "member", "department_id": foreign.id}).status_code == 422


def test_an_organization_goes_only_while_nothing_belongs_to_it(client, nordwerk, world):
    ann = make.member(nordwerk)
    ticket = make.ticket(ann)
    empty = make.organization(name="Empty")
    make.department(empty)
    empty_id = empty.id
    other = make.organization(name="Other")
    make.member(other)
    db.session.commit()

    with_ticket = client.post(f"/admin/organizations/{nordwerk.id}/delete")
    with_member = client.post(f"/admin/organizations/{other.id}/delete")
    gone = client.post(f"/admin/organizations/{empty_id}/delete")

    assert (with_ticket.status_code, "Nordwerk has tickets" in with_ticket.text) == (409, True)
    assert (with_member.status_code, "Other has members" in with_member.text) == (409, True)
    assert gone.status_code == 303
    assert changed("organization.deleted") == {"name": ("Empty", None)}
    assert ticket.organization_id == nordwerk.id
    assert set(db.session.scalars(select(Organization.name))) == {"Nordwerk", "Other"}


def test_the_desks_admins_may_remove_the_last_owner(client, nordwerk):
    lucia = make.member(nordwerk, MembershipRole.OWNER)
    db.session.commit()

    assert client.post(f"/admin/organizations/{nordwerk.id}/members/{lucia.id}/remove").status_code == 303
