import pytest
from sqlalchemy import select

from portal.errors import DomainError
from portal.events.kinds import Kind
from portal.events.models import Event
from portal.extensions import db
from portal.organizations import actions
from portal.organizations.models import Team
from portal.organizations.queries import members_of
from tests import factories as make


@pytest.fixture
def client(app, client_for):
    boss = make.admin()
    db.session.commit()
    return client_for(boss)


def test_a_team_is_made_with_its_people(client):
    petra, ben = make.agent(name="Petra"), make.agent(name="Ben")
    db.session.commit()

    answer = client.post(
        "/admin/teams/new", data={"name": "Network", "member_ids": [petra.id], "lead_ids": [ben.id]}
    )

    assert (answer.status_code, answer.location) == (303, "/admin/teams")
    team = db.session.scalar(select(Team))
    assert members_of(team) == [(ben, True), (petra, False)]
    made, edited = db.session.scalars(
        select(Event).where(Event.kind.in_([Kind.TEAM_CREATED, Kind.TEAM_EDITED])).order_by(Event.id)
    )
    assert made.data["team"] == "Network"
    assert edited.data["changes"]["members"]["new"]["label"] == "Ben, Petra"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": ""}, "Enter a name."),
        ({"name": "taken"}, "Another team has this name."),
        ({"name": "x" * 81}, "Use at most 80 characters."),
        ({"name": "New", "member_ids": ["99999"]}, "99999"),
    ],
)
def test_what_is_wrong_is_said(client, typed, said):
    make.team(name="taken")
    db.session.commit()

    answer = client.post("/admin/teams/new", data=typed)

    assert answer.status_code == 422
    assert said in answer.text


def test_employees_join_no_team(client):
    ann = make.employee()
    db.session.commit()

    assert client.post("/admin/teams/new", data={"name": "New", "member_ids": [ann.id]}).status_code == 422


def test_a_team_is_changed(client):
    team = make.team(name="Network")
    petra, ben = make.agent(name="Petra", team=team), make.agent(name="Ben")
    db.session.commit()

    assert (
        client.post(f"/admin/teams/{team.id}", data={"name": "Networks", "member_ids": [ben.id]}).status_code
        == 303
    )

    db.session.expire_all()
    assert team.name == "Networks"
    assert members_of(team) == [(ben, False)]
    assert petra.is_active


def test_saving_what_is_there_records_nothing(client):
    team = make.team(name="Network")
    petra = make.agent(team=team)
    db.session.commit()

    client.post(f"/admin/teams/{team.id}", data={"name": "Network", "member_ids": [petra.id]})

    assert db.session.scalar(select(Event).where(Event.kind == Kind.TEAM_EDITED)) is None


def test_a_member_who_is_deactivated_is_still_shown_and_can_stay(client):
    team = make.team()
    gone = make.agent(name="Gone", team=team, is_active=False)
    db.session.commit()

    assert "Gone" in client.get(f"/admin/teams/{team.id}").text
    assert (
        client.post(f"/admin/teams/{team.id}", data={"name": "X", "member_ids": [gone.id]}).status_code == 303
    )


def test_a_name_that_was_taken_meanwhile_is_a_broken_rule(app):
    make.team(name="Network")
    other = make.team(name="Other")

    with app.test_request_context():
        with pytest.raises(DomainError, match="already a team Network"):
            actions.create_team("Network", actor=None)
        with pytest.raises(DomainError, match="already a team Network"):
            actions.edit_team(other, name="Network", members=[], leads=[], actor=None)


def test_a_team_that_is_not_there_is_not_found(client):
    assert client.get("/admin/teams/99999").status_code == 404
    assert client.post("/admin/teams/99999").status_code == 404


def test_a_desk_without_teams_says_what_they_are(client):
    assert "No teams yet" in client.get("/admin/teams").text
