import re
import threading

import pytest
from sqlalchemy import select

from portal.accounts import people
from portal.accounts.models import User
from portal.accounts.queries import admins, user_by_email
from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.organizations.models import Membership, MembershipRole
from portal.organizations.queries import memberships_of, teams_of
from portal.permissions import Role
from tests import factories as make
from tests.accounts.gate import is_inside, link_in, log_in, mails

NEW = {
    "name": "Ben Okafor",
    "email": "ben@example.org",
    "role": "agent",
    "locale": "en",
    "organization_id": "",
}


@pytest.fixture
def boss(app):
    person = make.admin(name="Aylin Demir")
    db.session.commit()
    return person


@pytest.fixture
def client(client_for, boss):
    return client_for(boss)


def events(kind):
    return list(db.session.scalars(select(Event).where(Event.kind == kind).order_by(Event.id)))


def edit(client, person, **values):
    now = {"name": person.name, "role": person.role.value}
    return client.post(f"/admin/people/{person.id}", data=now | values)


# The list


def test_people_are_listed_by_name(client):
    for name in ("Zoë van den Berg", "Änne Ahrens", "Anna Berg"):
        make.employee(name=name)
    db.session.commit()

    text = client.get("/admin/people", headers={"HX-Request": "true"}).text

    order = [text.index(name) for name in ("Änne Ahrens", "Anna Berg", "Aylin Demir", "Zoë van den Berg")]
    assert order == sorted(order)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "petra"}, {"Petra"}),
        ({"q": "PÉTRA lind"}, {"Petra"}),
        ({"q": "ben@"}, {"Ben"}),
        ({"role": "agent"}, {"Petra", "Ben"}),
        ({"role": "agent", "q": "ben"}, {"Ben"}),
        ({"state": "deactivated"}, {"Gone"}),
        ({"state": "waiting"}, {"New"}),
        ({"q": "%"}, set()),
        ({"q": "_"}, set()),
        ({"role": "king", "state": "lost", "q": "petra"}, {"Petra"}),
    ],
)
def test_they_are_searched(client, query, found):
    make.agent(name="Petra Lindqvist")
    make.agent(name="Ben Okafor", email="ben@nordwerk.example")
    make.employee(name="Gone Person", is_active=False)
    make.employee(name="New Person", email_verified_at=None)
    db.session.commit()

    text = client.get("/admin/people", query_string=query, headers={"HX-Request": "true"}).text

    names = {"Petra": "Petra Lindqvist", "Ben": "Ben Okafor", "Gone": "Gone Person", "New": "New Person"}
    assert {short for short, name in names.items() if f">{name}</a>" in text} == found


def test_nobody_found_is_said_with_a_way_back(client):
    assert "Nobody matches that" in client.get("/admin/people?q=nobody+at+all").text


def test_a_long_list_is_paged_both_ways(client):
    for number in range(60):
        make.employee(name=f"Person {number:02}")
    db.session.commit()

    seen, url = [], "/admin/people?role=employee"
    while url:
        text = client.get(url).text
        seen += [line for number in range(60) if (line := f"Person {number:02}") + "</a>" in text]
        url = href_of(text, "next")

    assert seen == [f"Person {number:02}" for number in range(60)]


def href_of(text, rel):
    found = re.search(rf'href="([^"]*)" rel="{rel}"', text)
    return found[1].replace("&amp;", "&") if found else None


def test_the_list_asks_as_much_with_thirty_people(client, statements):
    make.agent(team=make.team())
    db.session.commit()
    client.get("/admin/people")
    statements.clear()
    client.get("/admin/people")
    few = len(statements)
    for _ in range(20):
        make.agent(team=make.team(), organization=make.organization())
    db.session.commit()
    statements.clear()

    client.get("/admin/people")

    assert len(statements) == few <= 8


# A new person


def test_a_new_person_is_invited(client):
    team, organization = make.team(), make.organization()
    db.session.commit()

    answer = client.post(
        "/admin/people/new", data=NEW | {"team_ids": [team.id], "organization_id": organization.id}
    )

    made = user_by_email("ben@example.org")
    assert (answer.status_code, answer.location) == (303, f"/admin/people/{made.id}")
    assert (made.name, made.role, made.password_hash, made.is_verified) == (
        "Ben Okafor",
        Role.AGENT,
        None,
        False,
    )
    assert teams_of(made) == [team]
    assert [each.organization for each in memberships_of(made)] == [organization]
    assert mails()[-1].to_address == "ben@example.org"
    assert client.get(link_in(mails()[-1])).status_code == 200
    assert events(Kind.ACCOUNT_CREATED)[-1].data["user"] == "Ben Okafor"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", " ", "Enter a name."),
        ("email", "ben", "Enter a mail address such as"),
        ("email", "known@example.org", "There is already an account with this address."),
        ("email", "KNOWN@example.org", "There is already an account with this address."),
        ("role", "king", "Invalid Choice"),
        ("organization_id", "999999", "Not a valid choice"),
        ("organization_id", str(2**70), "Invalid Choice"),
        ("team_ids", "999999", "999999"),
        ("locale", "xx", "Not a valid choice"),
    ],
)
def test_what_is_wrong_is_said_and_the_rest_kept(client, field, value, said):
    make.employee(email="known@example.org")
    db.session.commit()

    answer = client.post("/admin/people/new", data=NEW | {field: value})

    assert answer.status_code == 422
    assert said in answer.text
    if field != "name":
        assert 'value="Ben Okafor"' in answer.text
    assert mails() == []


def test_employees_work_in_no_team(client):
    team = make.team()
    db.session.commit()

    answer = client.post("/admin/people/new", data=NEW | {"role": "employee", "team_ids": [team.id]})

    assert answer.status_code == 422
    assert "Only agents, managers and admins work in teams." in answer.text


def test_an_address_that_was_taken_meanwhile_is_a_broken_rule(app, boss):
    make.employee(email="ben@example.org")

    with app.test_request_context(), pytest.raises(DomainError, match="already an account"):
        people.create_person(name="Ben", email="ben@example.org", role=Role.AGENT, actor=boss)


# Changes


def test_a_person_is_changed_and_what_it_was_is_kept(client):
    team = make.team(name="Network")
    petra = make.agent(name="Petra", email_verified_at=None)
    db.session.commit()

    answer = edit(client, petra, name="Petra L.", team_ids=[team.id])

    assert answer.status_code == 303
    db.session.expire_all()
    assert (petra.name, teams_of(petra)) == ("Petra L.", [team])
    changes = {}
    for event in events(Kind.ACCOUNT_EDITED):
        changes |= event.data["changes"]
    assert changes["name"]["old"]["label"] == "Petra"
    assert changes["teams"]["new"]["label"] == "Network"


def test_saving_what_is_there_already_records_nothing(client):
    petra = make.agent(team=make.team(), organization=make.organization())
    db.session.commit()
    there = {"team_ids": [team.id for team in teams_of(petra)]}

    edit(client, petra, **there)

    assert events(Kind.ACCOUNT_EDITED) == []
    assert teams_of(petra)


def test_the_page_of_a_person_leads_to_each_of_their_organizations(client):
    first, second = make.organization(name="Hafen"), make.organization(name="Nordwerk")
    lucia = make.employee(organization=first)
    make.make(Membership, user_id=lucia.id, organization_id=second.id, role=MembershipRole.OWNER)
    db.session.commit()

    edit(client, lucia, name="Lucía F.", organization_id=first.id)

    assert [each.organization for each in memberships_of(lucia)] == [first, second]
    text = client.get(f"/admin/people/{lucia.id}").text
    for organization, role in ((first, "Member"), (second, "Owner")):
        href = f'href="/admin/organizations/{organization.id}/members/{lucia.id}"'
        assert href in text
        assert role in text


def test_another_role_ends_their_sessions(client, client_for):
    petra = make.agent()
    db.session.commit()
    browser = client_for(petra)

    assert edit(client, petra, role="employee").status_code == 303

    assert not is_inside(browser)
    assert events(Kind.SESSIONS_ENDED)[-1].data["user_id"] == petra.id


def test_an_agent_who_becomes_an_employee_hands_their_tickets_over(client, client_for, world):
    petra = make.agent()
    ticket, own = make.ticket(assignee=petra), make.ticket(petra)
    db.session.commit()

    edit(client, petra, role="employee")

    db.session.expire_all()
    assert ticket.assignee is None
    browser = client_for(petra)
    assert browser.get(f"/tickets/{ticket.key}").status_code == 404
    assert browser.get(f"/tickets/{own.key}").status_code == 200
    log = client.get("/admin/audit").text
    assert "Tickets handed over" in log
    assert "1 open ticket" in log


def test_a_manager_who_becomes_an_agent_keeps_theirs(client, world):
    boris = make.manager()
    ticket = make.ticket(assignee=boris)
    db.session.commit()

    edit(client, boris, role="agent")

    db.session.expire_all()
    assert ticket.assignee == boris


def test_another_name_does_not(client, client_for):
    petra = make.agent()
    db.session.commit()
    browser = client_for(petra)

    edit(client, petra, name="Other")

    assert is_inside(browser)


def test_nobody_changes_their_own_role(client, boss):
    make.admin()
    db.session.commit()

    answer = edit(client, boss, role="employee")

    assert answer.status_code == 409
    assert "You cannot change your own role" in answer.text
    db.session.expire_all()
    assert boss.role is Role.ADMIN


def test_one_can_still_change_ones_own_name(client, boss):
    assert edit(client, boss, name="Aylin D.").status_code == 303
    db.session.expire_all()
    assert boss.name == "Aylin D."


def test_a_deactivated_person_is_out_at_once_and_can_come_back(app, client, client_for):
    petra = make.agent(email="petra@example.org")
    db.session.commit()
    browser = client_for(petra)

    assert client.post(f"/admin/people/{petra.id}/deactivate").status_code == 303
    assert not is_inside(browser)
    assert log_in(app.test_client(), "petra@example.org").status_code == 422

    assert client.post(f"/admin/people/{petra.id}/activate").status_code == 303
    assert log_in(app.test_client(), "petra@example.org").status_code == 303
    assert not is_inside(browser)  # its session is gone for good


def test_nobody_deactivates_themselves(client, boss):
    make.admin()
    db.session.commit()

    answer = client.post(f"/admin/people/{boss.id}/deactivate")

    assert answer.status_code == 409
    assert is_inside(client)


@pytest.mark.parametrize(
    "action", [people.deactivate, lambda p, actor: people.change_role(p, Role.AGENT, actor=actor)]
)
def test_the_last_active_admin_stays(app, boss, action):
    make.admin(is_active=False)
    other = make.manager()

    with app.test_request_context(), pytest.raises(DomainError, match="last active admin"):
        action(boss, actor=other)


def test_of_two_admins_who_remove_each_other_at_once_one_stays(shared_app):
    ids = [make.admin().id, make.admin().id]
    db.session.commit()
    start = threading.Barrier(2)
    refused = []

    def remove(actor_id, person_id, verb):
        with shared_app.test_request_context():
            actor, person = db.session.get(User, actor_id), db.session.get(User, person_id)
            start.wait()
            try:
                verb(person, actor=actor)
                db.session.commit()
            except DomainError as error:
                db.session.rollback()
                refused.append(str(error))
            db.session.remove()

    verbs = (people.deactivate, lambda p, actor: people.change_role(p, Role.AGENT, actor=actor))
    threads = [
        threading.Thread(target=remove, args=[actor, person, verb])
        for actor, person, verb in zip(ids, reversed(ids), verbs, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 1
    assert len(admins()) == 1


def test_another_link_is_sent(client):
    invited = make.agent(password_hash=None, email_verified_at=None)
    known = make.agent()
    db.session.commit()

    for person in (invited, known):
        assert client.post(f"/admin/people/{person.id}/invite").status_code == 303

    assert [mail.subject.partition(" ·")[0] for mail in mails()] == [
        "Your account is ready",
        "Choose a new password",
    ]


def test_a_deactivated_person_gets_none(client):
    gone = make.agent(is_active=False)
    db.session.commit()

    assert client.post(f"/admin/people/{gone.id}/invite").status_code == 409
    assert mails() == []


@pytest.mark.parametrize("path", ["", "/deactivate", "/activate", "/invite"])
@pytest.mark.parametrize("user_id", [999999, 2**63 - 1, 2**63, 0])
def test_somebody_who_is_not_there_is_not_found(client, path, user_id):
    answer = client.post(f"/admin/people/{user_id}{path}")

    assert answer.status_code == 404


def test_fields_that_no_form_has_change_nothing(client):
    petra = make.agent()
    db.session.commit()
    before = (petra.email, petra.password_hash, petra.is_active)

    edit(client, petra, email="x@example.org", password_hash="x", is_active="", id="1", email_verified_at="")

    db.session.expire_all()
    assert (petra.email, petra.password_hash, petra.is_active) == before
