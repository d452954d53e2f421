"""People from a CSV file: a preview that changes nothing, then exactly that."""

from io import BytesIO

import pytest
from sqlalchemy import func, select

from portal.accounts.models import User
from portal.accounts.queries import user_by_email
from portal.events.models import Event
from portal.extensions import db
from portal.organizations.queries import memberships_of, teams_of
from portal.outbox_mail.models import Mail
from portal.permissions import Role
from tests import factories as make

PATH = "/admin/people/import"
FILE = """email;name;role;organization;teams
ann@example.org;Ann Müller;employee;Acme;
petra@example.org;;Agent;;Network, Field
new@example.org;New Agent;agent;Acme;Field
"""


@pytest.fixture
def admin(client_for):
    make.organization(name="Acme")
    for name in ("Network", "Field"):
        make.team(name=name)
    make.employee(email="ann@example.org", name="Ann Mueller")
    make.employee(email="petra@example.org", name="Petra")
    return client_for(make.admin())


def people_there():
    return db.session.scalar(select(func.count()).select_from(User))


def preview(admin, text):
    return admin.post(PATH, data={"text": text})


def apply(admin, text):
    return admin.post(PATH, data={"text": text, "apply": "1"})


def test_the_preview_says_what_would_happen_and_changes_nothing(admin):
    before = people_there()
    page = preview(admin, FILE).text

    assert "Create 1 and change 2" in page
    assert "Name: Ann Mueller → Ann Müller" in page
    assert "Role: Employee → Agent" in page
    assert people_there() == before
    assert user_by_email("petra@example.org").role is Role.EMPLOYEE


def test_then_it_happens(admin):
    assert apply(admin, FILE).status_code == 303

    petra, new = user_by_email("petra@example.org"), user_by_email("new@example.org")
    assert user_by_email("ann@example.org").name == "Ann Müller"
    assert petra.role is Role.AGENT
    assert [team.name for team in teams_of(petra)] == ["Field", "Network"]
    assert [each.organization.name for each in memberships_of(new)] == ["Acme"]
    assert db.session.scalar(select(Mail.to_address).where(Mail.recipient_id == new.id)) == "new@example.org"


def test_the_same_file_twice_changes_nothing(admin):
    apply(admin, FILE)
    events = select(func.count()).select_from(Event)
    before = db.session.scalar(events)

    assert "Nothing would change." in preview(admin, FILE).text
    apply(admin, FILE)
    assert db.session.scalar(events) == before


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("nonsense,Somebody,,,", "“nonsense” is no mail address."),
        ("who@example.org,,,,", "the row has no name for one"),
        ("who@example.org,Who,boss,,", "There is no role “boss”."),
        ("who@example.org,Who,,Nowhere,", "There is no organization “Nowhere”."),
        ("who@example.org,Who,agent,,Nobodies", "There is no team “Nobodies”."),
        ("who@example.org,Who,employee,,Field", "Only agents, managers and admins work in teams."),
        (f"who@example.org,{'x' * 121},,,", "The name is longer than 120 characters."),
        ("who@example.org,Who,,,,,,more", "It has 8 cells, and the header has 5."),
    ],
)
def test_a_row_that_cannot_be_taken_says_why_and_the_others_go_in(admin, row, why):
    text = f"email,name,role,organization,teams\n{row}\nother@example.org,Other,,,\n"

    page = preview(admin, text).text
    assert why in page
    assert "1 row is left out." in page

    answer = apply(admin, text)
    assert answer.status_code == 200
    assert why in answer.text
    assert "All other rows are in." in answer.text
    assert user_by_email("other@example.org")
    assert user_by_email("who@example.org") is None


def test_an_address_counts_once(admin):
    page = preview(admin, "email,name\nx@example.org,One\nX@Example.org,Two\n").text
    assert "The address stands in line 2 already." in page
    assert "Create 1 account" in page


def test_whoever_is_no_admin_any_more_hands_over_what_is_for_members_only(admin, world):
    hr, boss = make.project("HR", members_only=True), make.admin(email="boss@example.org")
    ticket = make.ticket(project=hr, assignee=boss)
    db.session.commit()

    apply(admin, "email,role\nboss@example.org,manager\n")

    db.session.expire_all()
    assert (boss.role, ticket.assignee) == (Role.MANAGER, None)


def test_nobody_changes_their_own_role_or_a_deactivated_account(admin, client_for):
    me = make.admin(email="me@example.org")
    make.employee(email="gone@example.org", is_active=False)
    page = preview(client_for(me), "email,role\nme@example.org,employee\ngone@example.org,agent\n").text
    assert "You cannot change your own role." in page
    assert "This account is deactivated." in page


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Choose a file, or enter some rows."),
        ("name,role\nAnn,agent\n", "No column holds mail addresses."),
        ("email,email\n", "Two columns have the same name: email."),
        ("email\n" + "a@example.org\n" * 501, "The file has more than 500 rows."),
        ("email\n" + "x" * 200_001, "That is more than 200000 characters."),
    ],
)
def test_what_is_no_list_of_people_is_refused_at_the_field(admin, text, why):
    answer = preview(admin, text)
    assert answer.status_code == 422
    assert why in answer.text


def test_a_file_of_windows_is_read_and_stands_in_the_page(admin):
    file = (BytesIO("E-Mail;Name\nneu@example.org;Jörg Weiß\n".encode("cp1252")), "leute.csv")
    page = admin.post(PATH, data={"file": file}, content_type="multipart/form-data").text
    assert "Jörg Weiß" in page
    assert "Create 1 account" in page


def test_a_long_list_costs_as_many_statements_as_a_short_one(admin, statements):
    def asked(rows):
        text = "email,name\n" + "".join(f"p{n}@example.org,P {n}\n" for n in range(rows))
        statements.clear()
        assert preview(admin, text).status_code == 200
        return len(statements)

    asked(1)  # what is remembered for a while is read once
    assert asked(200) == asked(2)
